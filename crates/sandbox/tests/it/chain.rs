//! The way from a ServiceAccount's token through Entra to a vault and to a cluster, each step enforced.

use http::Method;
use serde_json::json;

use crate::azure::{CLUSTER_ADMIN, Identity, add_credential, assign, make_identity};
use crate::client::Client;
use crate::support::{AKS, MANAGEMENT, VAULT, azure, engineer, hub_token, login, stranger, world};

#[tokio::test]
async fn the_engineer_writes_and_reads_the_vault() {
    let world = world(0).await;
    let client = engineer(&world, VAULT).await;
    let url = format!("{}/secrets/some-secret?api-version=7.4", world.facts().vault.url);
    let reply = client.send(Method::PUT, &url, r#"{"value":"s3cret"}"#).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = client.send(Method::GET, &url, "").await.unwrap();
    assert_eq!(reply.json()["value"], "s3cret");

    let reply = azure(&world).send(Method::GET, &url, "").await.unwrap();
    assert_eq!(reply.status, 401);
    let challenge = reply.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("https://vault.azure.net"), "{challenge}");
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_private_repositorys_credentials_are_in_the_vault() {
    let world = world(0).await;
    let client = engineer(&world, VAULT).await;
    let team = world.git().repository("team").unwrap().credentials().clone();
    let url = format!(
        "{}/secrets/{}?api-version=7.4",
        world.facts().vault.url,
        world.facts().team_secrets.username
    );
    let reply = client.send(Method::GET, &url, "").await.unwrap();
    assert_eq!(reply.json()["value"], team.username.as_str(), "{}", reply.text());
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_issuer_publishes_its_keys() {
    let world = world(0).await;
    let issuer = &world.facts().hub.issuer_url;
    let client = azure(&world);
    let discovery =
        client.send(Method::GET, &format!("{issuer}.well-known/openid-configuration"), "").await.unwrap();
    assert_eq!(discovery.json()["issuer"], issuer.as_str());
    let keys = discovery.json()["jwks_uri"].as_str().unwrap().to_owned();
    let keys = client.send(Method::GET, &keys, "").await.unwrap();
    assert_eq!(keys.json()["keys"][0]["kty"], "RSA", "{}", keys.text());
    let unknown = client.send(Method::GET, &issuer.replace(".com/", ".com/x/"), "").await.unwrap();
    assert_eq!(unknown.status, 404);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn only_a_credential_and_a_role_open_a_cluster() {
    let world = world(1).await;
    let facts = world.facts();
    let cluster = &facts.clusters[0];
    let client = engineer(&world, MANAGEMENT).await;
    let Identity { id: identity, client_id, object_id } = make_identity(&world, &client, "argocd").await;
    let assertion = hub_token(&world, "argocd", "argocd-application-controller").await;

    let refused = login(&world, &client_id, &assertion, AKS).await;
    assert!(refused.text().contains("AADSTS70021"), "{}", refused.text());

    let subject = "system:serviceaccount:argocd:argocd-application-controller";
    add_credential(&world, &client, &identity, "argocd-application-controller", subject).await;
    let token =
        login(&world, &client_id, &assertion, AKS).await.json()["access_token"].as_str().map(str::to_owned);
    let argocd = Client { token, h2: true, ..stranger(&world, cluster) };
    let url = format!("{}/api/v1/namespaces/kube-system/secrets", cluster.server);
    let denied = argocd.send(Method::GET, &url, "").await.unwrap();
    assert_eq!(denied.status, 403);
    assert!(denied.text().contains(&object_id) && denied.text().contains("in Azure"), "{}", denied.text());

    assign(&world, &client, &cluster.id, CLUSTER_ADMIN, &object_id).await;
    let allowed = argocd.send(Method::GET, &url, "").await.unwrap();
    assert_eq!(allowed.status, 200, "{}", allowed.text());

    // The same token is nothing to a cluster on which the identity has no role, and a vault's token nothing to any.
    let hub = Client { roots: stranger(&world, &facts.hub).roots, ..argocd.clone() };
    let reply = hub.send(Method::GET, &format!("{}/api/v1/nodes", facts.hub.server), "").await.unwrap();
    assert_eq!(reply.status, 403, "{}", reply.text());
    let token =
        login(&world, &client_id, &assertion, VAULT).await.json()["access_token"].as_str().map(str::to_owned);
    let reply = Client { token, ..argocd }.send(Method::GET, &url, "").await.unwrap();
    assert_eq!(reply.status, 401, "{}", reply.text());
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_pod_of_the_hub_gets_what_the_webhook_gives() {
    let world = world(0).await;
    let hub = &world.facts().hub;
    hub_token(&world, "argocd", "argocd-server").await;
    let client = crate::support::administrator(&world, hub);
    let account = format!("{}/api/v1/namespaces/argocd/serviceaccounts/argocd-server", hub.server);
    let found = client.send(Method::GET, &account, "").await.unwrap();
    let mut changed = found.json();
    changed["metadata"]["annotations"] = json!({"azure.workload.identity/client-id": "the-client"});
    let reply = client.send(Method::PUT, &account, changed.to_string()).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "argocd-server-0", "labels": {"azure.workload.identity/use": "true"}},
        "spec": {"serviceAccountName": "argocd-server", "containers": [{"name": "server", "image": "x"}]},
    });
    let url = format!("{}/api/v1/namespaces/argocd/pods", hub.server);
    let reply = client.send(Method::POST, &url, pod.to_string()).await.unwrap();
    assert_eq!(reply.status, 201, "{}", reply.text());
    let made = reply.json();
    let variable = |name: &str| {
        let variables = made["spec"]["containers"][0]["env"].as_array().unwrap();
        variables.iter().find(|each| each["name"] == name).map(|each| each["value"].clone())
    };
    assert_eq!(variable("AZURE_CLIENT_ID"), Some("the-client".into()));
    assert_eq!(variable("AZURE_TENANT_ID"), Some(world.facts().tenant_id.as_str().into()));
    assert_eq!(
        variable("AZURE_FEDERATED_TOKEN_FILE"),
        Some("/var/run/secrets/azure/wi/token/azure-identity-token".into())
    );
    world.shutdown().await.unwrap();
}
