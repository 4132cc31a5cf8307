//! Whose certificate is shown under which name.

use http::Method;

use crate::client::Client;
use crate::support::{administrator, azure, from_kubeconfig, stranger, world};

#[tokio::test]
async fn azure_has_the_sandboxs_certificate_over_both_versions_of_http() {
    let world = world(0).await;
    for h2 in [false, true] {
        let client = Client { h2, ..azure(&world) };
        let url = "https://management.azure.com/metadata/endpoints?api-version=2022-09-01";
        let reply = client.send(Method::GET, url, "").await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.json()["name"].as_str()), (200, Some("AzureCloud")));
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_vault_that_does_not_exist_has_no_address() {
    let world = world(0).await;
    let error = azure(&world).connect("no-such-vault.vault.azure.net").await.unwrap_err();
    assert!(error.contains("no such host"), "{error}");
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_cluster_has_its_own_authority_and_no_others() {
    let world = world(2).await;
    let facts = world.facts();
    let host = |server: &str| server.trim_start_matches("https://").trim_end_matches(":443").to_owned();
    let [one, two] = [&facts.clusters[0], &facts.clusters[1]];
    stranger(&world, one).connect(&host(&one.server)).await.unwrap();
    for roots in [world.ca_pem().to_owned(), from_kubeconfig(&two.kubeconfig, "certificate-authority-data")] {
        let client = Client { roots, ..stranger(&world, one) };
        let error = client.connect(&host(&one.server)).await.unwrap_err();
        assert!(error.contains("UnknownIssuer") || error.contains("BadSignature"), "{error}");
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_counts_where_its_authority_does() {
    let world = world(1).await;
    let facts = world.facts();
    let [hub, spoke] = [&facts.hub, &facts.clusters[0]];
    let url = format!("{}/apis/authentication.k8s.io/v1/selfsubjectreviews", hub.server);
    let review = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
    let administrator = administrator(&world, hub);
    let reply = administrator.send(Method::POST, &url, review).await.unwrap();
    assert_eq!(
        reply.json().pointer("/status/userInfo/username"),
        Some(&"masterclient".into()),
        "{}",
        reply.text()
    );

    let foreign = crate::support::administrator(&world, spoke);
    let client = Client { identity: foreign.identity, ..administrator };
    let reply = client.send(Method::POST, &url, review).await.unwrap();
    assert_eq!(reply.status, 401, "{}", reply.text());
    world.shutdown().await.unwrap();
}
