use gangplank_clusters::{DestinationError, Hop};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams};
use serde_json::json;

use crate::world::{World, authority};

#[tokio::test]
async fn a_good_cluster_is_reachable_and_its_client_works() {
    let world = World::new().await;
    world.declare("aks-a", &world.config()).await;
    world.until("aks-a", "reachable").await;
    let destination = world.clusters.clients.resolve("", "aks-a").unwrap();
    let namespaces: Api<Namespace> = Api::all(destination.client);
    let names = namespaces.list(&ListParams::default()).await.unwrap();
    assert!(names.items.iter().any(|namespace| namespace.metadata.name.as_deref() == Some("kube-system")));
    // One exchange for each of the two service accounts, whatever is asked.
    assert_eq!(*world.entra.exchanges.lock().unwrap(), 2);
    world.undeclare("aks-a").await;
    world.until("aks-a", "absent").await;
    let gone = world.clusters.clients.resolve("", "aks-a").err();
    assert!(matches!(gone, Some(DestinationError::UnknownName { .. })), "{gone:?}");
}

#[tokio::test]
async fn each_hop_has_its_own_failure() {
    let world = World::new().await;
    let good = world.config();
    let mut foreign = good.clone();
    let other = authority("another-ca");
    foreign["tlsClientConfig"]["caData"] = base64(other.certificate_pem()).into();
    let mut named = good.clone();
    named["tlsClientConfig"]["serverName"] = "elsewhere.example.com".into();
    let mut twice = good.clone();
    twice["tlsClientConfig"]["caData"] = base64(&base64(world.authority.certificate_pem())).into();
    let mut pinned = good.clone();
    pinned["execProviderConfig"]["env"]["AZURE_FEDERATED_TOKEN_FILE"] =
        "/var/run/secrets/azure/tokens/azure-identity-token".into();
    let mut strange = good.clone();
    strange["execProviderConfig"]["command"] = "kubelogin".into();
    let ca = good["tlsClientConfig"].clone();
    let bearer = |token: &str| json!({"bearerToken": token, "tlsClientConfig": ca});
    let port = world.port;
    let here = format!("https://127.0.0.1:{port}");
    for (name, server, config, code, hop) in [
        ("resolves-not", "https://absent.invalid".to_owned(), &good, "dns-not-found", Hop::Dns),
        // Port 9 (discard) of the loopback: nothing listens there.
        ("listens-not", "https://127.0.0.1:9".to_owned(), &good, "tcp-refused", Hop::Tcp),
        ("foreign-ca", here.clone(), &foreign, "tls-unknown-authority", Hop::Tls),
        ("wrong-name", here.clone(), &named, "tls-name", Hop::Tls),
        ("ca-twice", here.clone(), &twice, "tls-settings", Hop::Secret),
        ("old-path", here.clone(), &pinned, "token-file-elsewhere", Hop::Login),
        ("other-exec", here.clone(), &strange, "login-not-understood", Hop::Login),
        ("bad-token", here.clone(), &bearer("bad"), "token-refused", Hop::Version),
        ("weak-token", here, &bearer("weak"), "not-allowed", Hop::Access),
    ] {
        world.declare_at(name, &server, config).await;
        let failure = world.until(name, code).await.unwrap();
        assert_eq!(failure.hop, hop, "{name}: {failure}");
        assert!(!failure.mend.is_empty(), "{name}: {failure}");
        world.undeclare(name).await;
    }
}

#[tokio::test]
async fn a_missing_federated_credential_names_its_service_account_and_heals() {
    let world = World::new().await;
    world.entra.refusals.lock().unwrap().insert("client".into(), 70021);
    world.declare("aks-a", &world.config()).await;
    let failure = world.until("aks-a", "no-federated-credential").await.unwrap();
    assert_eq!(failure.service_account.as_deref(), Some("argocd-server"));
    assert!(failure.mend.contains("system:serviceaccount:argocd:argocd-server"), "{failure}");
    let refused = world.clusters.clients.resolve("", "aks-a").err();
    assert!(matches!(refused, Some(DestinationError::Unusable { .. })), "{refused:?}");
    world.entra.refusals.lock().unwrap().clear();
    world.until("aks-a", "reachable").await;
    assert!(world.clusters.clients.resolve("", "aks-a").is_ok());
}

#[tokio::test]
async fn a_cluster_that_failed_somebody_is_proven_anew() {
    let world = World::new().await;
    world.declare("aks-a", &world.config()).await;
    world.until("aks-a", "reachable").await;
    let proven = || world.clusters.reach.by_name("aks-a").and_then(|reach| reach.proven_at);
    let before = proven();
    world.clusters.clients.report(&format!("https://127.0.0.1:{}/", world.port));
    let again = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while proven() == before {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    assert!(again.await.is_ok());
}

#[tokio::test]
async fn a_secret_that_argo_cd_cannot_read_says_why() {
    let world = World::new().await;
    world.declare("aks-a", &json!({"tlsClientConfig": {"caData": world.authority.certificate_pem()}})).await;
    let failure = world.until("aks-a", "ca-raw-pem").await.unwrap();
    assert_eq!(failure.hop, Hop::Secret);
    world.declare("aks-a", &world.config()).await;
    world.until("aks-a", "reachable").await;
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
