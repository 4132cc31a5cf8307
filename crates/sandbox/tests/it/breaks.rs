//! Broken worlds, seen from outside: what a client meets on the wire when a break is applied.

use std::collections::BTreeMap;

use gangplank_sandbox::{Break, Options, World, cluster_names};
use http::Method;

use crate::azure::{CLUSTER_ADMIN, SECRETS_USER, add_credential, assign, make_identity, manage, secret};
use crate::client::Client;
use crate::support::{
    AKS, MANAGEMENT, VAULT, azure, engineer, from_kubeconfig, hub_token, login, stranger, world,
};

const CONTROLLER: &str = "argocd-application-controller";

/// A world whose Azure side stands: the two identities with credentials and roles, the first cluster published.
struct Applied {
    world: World,
    argocd: String,
    secrets: String,
    tokens: BTreeMap<&'static str, String>,
}

async fn applied() -> Applied {
    let world = world(2).await;
    let facts = world.facts();
    let client = engineer(&world, MANAGEMENT).await;
    let argocd = make_identity(&world, &client, "argocd-prd").await;
    let secrets = make_identity(&world, &client, "external-secrets-prd").await;
    let mut tokens = BTreeMap::new();
    for (identity, namespace, name) in [
        (&argocd, "argocd", "argocd-server"),
        (&argocd, "argocd", CONTROLLER),
        (&secrets, "external-secrets", "eso-sa"),
    ] {
        let subject = format!("system:serviceaccount:{namespace}:{name}");
        add_credential(&world, &client, &identity.id, name, &subject).await;
        tokens.insert(name, hub_token(&world, namespace, name).await);
    }
    assign(&world, &client, &facts.clusters[0].id, CLUSTER_ADMIN, &argocd.object_id).await;
    assign(&world, &client, &facts.vault.id, SECRETS_USER, &secrets.object_id).await;
    let vault = engineer(&world, VAULT).await;
    for cluster in &facts.clusters {
        let text = std::fs::read_to_string(&cluster.kubeconfig).unwrap();
        let ca =
            text.lines().find_map(|line| line.trim().strip_prefix("certificate-authority-data: ")).unwrap();
        secret(&world, &vault, &format!("{}-ca-cert", cluster.name), Some(ca)).await;
    }
    Applied { argocd: argocd.client_id, secrets: secrets.client_id, tokens, world }
}

impl Applied {
    /// What a login says: its error code, or nothing.
    async fn login(&self, client_id: &str, account: &str) -> Option<i64> {
        login(&self.world, client_id, &self.tokens[account], AKS).await.json()["error_codes"][0].as_i64()
    }

    /// The status with which a secret of the first cluster is answered, and the error's code.
    async fn ca(&self) -> (u16, String) {
        let reply = login(&self.world, &self.secrets, &self.tokens["eso-sa"], VAULT).await;
        let token = reply.json()["access_token"].as_str().map(str::to_owned);
        let client = Client { token, ..azure(&self.world) };
        let reply = secret(&self.world, &client, "aks-prd-we-001-ca-cert", None).await;
        let answer = reply.json();
        let error = &answer["error"];
        let code = error.pointer("/innererror/code").or(error.get("code")).and_then(|code| code.as_str());
        (reply.status.as_u16(), code.map_or_else(|| answer["value"].to_string(), str::to_owned))
    }

    /// The status with which the first cluster answers Argo CD, or why it doesn't.
    async fn reach(&self) -> Result<u16, String> {
        let cluster = &self.world.facts().clusters[0];
        let reply = login(&self.world, &self.argocd, &self.tokens[CONTROLLER], AKS).await;
        let token = reply.json()["access_token"].as_str().map(str::to_owned);
        let client = Client { token, ..stranger(&self.world, cluster) };
        let url = format!("{}/api/v1/namespaces", cluster.server);
        client.send(Method::GET, &url, "").await.map(|reply| reply.status.as_u16())
    }
}

#[tokio::test]
async fn nothing_is_broken_before_a_break() {
    let applied = applied().await;
    assert_eq!(applied.login(&applied.argocd, CONTROLLER).await, None);
    assert_eq!(applied.login(&applied.argocd, "argocd-server").await, None);
    assert_eq!(applied.ca().await.0, 200);
    assert_eq!(applied.reach().await, Ok(200));
    applied.world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stopped_cluster_refuses_connections() {
    let applied = applied().await;
    applied.world.break_after_apply(Break::ClusterStopped).await.unwrap();
    let error = applied.reach().await.unwrap_err();
    assert!(error.starts_with("HTTP/1.1 502"), "{error}");
    let id = &applied.world.facts().clusters[0].id;
    let client = engineer(&applied.world, MANAGEMENT).await;
    let shown = manage(&client, Method::GET, id, "2025-03-01", &serde_json::Value::Null).await;
    assert_eq!(shown["properties"]["powerState"]["code"], "Stopped");
    applied.world.shutdown().await.unwrap();
}

#[tokio::test]
async fn secrets_go_missing_in_three_ways() {
    for (what, expected) in [
        (Break::SecretMissing, (404, "SecretNotFound")),
        (Break::SecretDeleted, (404, "SecretNotFound")),
        (Break::SecretDisabled, (403, "SecretDisabled")),
    ] {
        let applied = applied().await;
        applied.world.break_after_apply(what).await.unwrap();
        let (status, code) = applied.ca().await;
        assert_eq!((status, code.as_str()), expected, "{what}");
        // What was purged can be set again; what is deleted must be recovered first.
        let vault = engineer(&applied.world, VAULT).await;
        let set = secret(&applied.world, &vault, "aks-prd-we-001-ca-cert", Some("new")).await.status.as_u16();
        assert_eq!(set, if what == Break::SecretDeleted { 409 } else { 200 }, "{what}");
        applied.world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn the_ca_in_the_vault_is_wrong_in_two_ways() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    let applied = applied().await;
    let cluster = &applied.world.facts().clusters[0];
    let authority = from_kubeconfig(&cluster.kubeconfig, "certificate-authority-data");
    applied.world.break_after_apply(Break::CaEncodedTwice).await.unwrap();
    let twice = BASE64.encode(BASE64.encode(&authority));
    assert_eq!(applied.ca().await.1, format!("\"{twice}\""));
    applied.world.break_after_apply(Break::CaOfOlderCluster).await.unwrap();
    let value = applied.ca().await.1;
    let older = String::from_utf8(BASE64.decode(value.trim_matches('"')).unwrap()).unwrap();
    assert!(older.starts_with("-----BEGIN CERTIFICATE-----") && older != authority, "{older}");
    applied.world.shutdown().await.unwrap();
}

#[tokio::test]
async fn federated_credentials_fail_in_three_ways() {
    for (what, controller, server) in [
        (Break::SubjectWrongCase, Some(7_002_138), None),
        (Break::IssuerWithoutSlash, Some(700_211), Some(700_211)),
        (Break::ServerWithoutCredential, None, Some(700_213)),
    ] {
        let applied = applied().await;
        applied.world.break_after_apply(what).await.unwrap();
        assert_eq!(applied.login(&applied.argocd, CONTROLLER).await, controller, "{what}");
        assert_eq!(applied.login(&applied.argocd, "argocd-server").await, server, "{what}");
        assert_eq!(applied.login(&applied.secrets, "eso-sa").await, None, "{what}");
        applied.world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn roles_fail_in_three_ways() {
    let applied = applied().await;
    applied.world.break_after_apply(Break::ClientIdForObjectId).await.unwrap();
    assert_eq!(applied.reach().await, Ok(403));
    applied.world.break_after_apply(Break::NoRoleOnVault).await.unwrap();
    assert_eq!(applied.ca().await, (403, "ForbiddenByRbac".to_owned()));
    applied.world.shutdown().await.unwrap();

    let applied = crate::breaks::applied().await;
    applied.world.break_after_apply(Break::RolePropagating).await.unwrap();
    assert_eq!(applied.ca().await, (403, "ForbiddenByRbac".to_owned()));
    let client = engineer(&applied.world, MANAGEMENT).await;
    let id = format!("{}/providers/Microsoft.Authorization/roleAssignments", applied.world.facts().vault.id);
    let listed = manage(&client, Method::GET, &id, "2022-04-01", &serde_json::Value::Null).await;
    assert!(listed.to_string().contains(SECRETS_USER), "the assignment is there: {listed}");
    applied.world.shutdown().await.unwrap();
}

/// Starts a world with a break and tells how its first cluster and its second one answer a stranger.
async fn start(what: Break) -> [Result<u16, String>; 2] {
    let options = Options { clusters: cluster_names(2), breaks: vec![what], ..Options::default() };
    let world = World::start(options).await.unwrap();
    let mut answers = Vec::new();
    for cluster in &world.facts().clusters {
        let url = format!("{}/version", cluster.server);
        let reply = stranger(&world, cluster).send(Method::GET, &url, "").await;
        answers.push(reply.map(|reply| reply.status.as_u16()));
    }
    world.shutdown().await.unwrap();
    answers.try_into().unwrap()
}

#[tokio::test]
async fn clusters_are_born_broken() {
    let [first, second] = start(Break::TlsNameMismatch).await;
    assert!(first.as_ref().is_err_and(|error| error.contains("not valid for name")), "{first:?}");
    assert_eq!(second, Ok(200));
    let [first, second] = start(Break::ApiServerUnreachable).await;
    assert!(first.as_ref().is_err_and(|error| error.contains("504")), "{first:?}");
    assert_eq!(second, Ok(200));
}

#[tokio::test]
async fn clusters_are_born_without_entra_or_azure_rbac() {
    for (what, entra) in [(Break::ClusterWithoutEntra, false), (Break::ClusterWithoutAzureRbac, true)] {
        let options = Options { clusters: cluster_names(1), breaks: vec![what], ..Options::default() };
        let world = World::start(options).await.unwrap();
        let cluster = &world.facts().clusters[0];
        let client = engineer(&world, MANAGEMENT).await;
        let identity = make_identity(&world, &client, "argocd-prd").await;
        let subject = format!("system:serviceaccount:argocd:{CONTROLLER}");
        add_credential(&world, &client, &identity.id, CONTROLLER, &subject).await;
        assign(&world, &client, &cluster.id, CLUSTER_ADMIN, &identity.object_id).await;
        let token = hub_token(&world, "argocd", CONTROLLER).await;
        let token = login(&world, &identity.client_id, &token, AKS).await.json()["access_token"].clone();
        let client = Client { token: token.as_str().map(str::to_owned), ..stranger(&world, cluster) };
        let reply =
            client.send(Method::GET, &format!("{}/api/v1/namespaces", cluster.server), "").await.unwrap();
        assert_eq!(reply.status.as_u16(), if entra { 403 } else { 401 }, "{what}: {}", reply.text());
        world.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_break_of_another_place_is_refused() {
    let world = world(1).await;
    let error = world.break_after_apply(Break::OverlayNotListed).await.unwrap_err();
    assert!(error.to_string().contains("overlay-not-listed"), "{error}");
    let error = world.break_after_apply(Break::SubjectWrongCase).await.unwrap_err();
    assert!(error.to_string().contains("was the Azure side applied"), "{error}");
    world.shutdown().await.unwrap();
}
