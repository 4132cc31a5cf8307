//! Clusters made, changed and taken away through Resource Manager, and what their API servers make of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gangplank_sandbox::World;
use http::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::azure::{add_credential, make_identity, manage};
use crate::client::Client;
use crate::support::{MANAGEMENT, VAULT, administrator, azure, engineer, hub_token, login, world};

const VERSION: &str = "2025-03-01";

/// What Terraform and az send for a cluster.
fn cluster(world: &World) -> Value {
    json!({
        "location": world.facts().location,
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "aks-new",
            "agentPoolProfiles": [{"name": "default", "mode": "System", "count": 1, "vmSize": "Standard_D2s_v5"}],
            "oidcIssuerProfile": {"enabled": true},
            "aadProfile": {"managed": true, "enableAzureRBAC": true, "tenantID": world.facts().tenant_id},
        },
    })
}

fn id(world: &World) -> String {
    let facts = world.facts();
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ContainerService/managedClusters/aks-new",
        facts.subscription_id, facts.cluster_resource_group
    )
}

/// The API server's address and the authority that its kubeconfig carries.
async fn access(client: &Client, id: &str) -> (String, String) {
    let answer =
        manage(client, Method::POST, &format!("{id}/listClusterUserCredential"), VERSION, &Value::Null).await;
    let kubeconfig = BASE64.decode(answer["kubeconfigs"][0]["value"].as_str().unwrap()).unwrap();
    let kubeconfig = String::from_utf8(kubeconfig).unwrap();
    let value = |key: &str| {
        let line = kubeconfig.lines().find_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key));
        line.unwrap_or_else(|| panic!("no {key} in {kubeconfig}")).trim().trim_matches('"').to_owned()
    };
    let authority = BASE64.decode(value("certificate-authority-data:")).unwrap();
    (value("server:"), String::from_utf8(authority).unwrap())
}

/// How the API server answers somebody who trusts this authority.
async fn reach(world: &World, server: &str, authority: &str) -> Result<u16, String> {
    let client = Client { roots: authority.to_owned(), ..azure(world) };
    client.send(Method::GET, &format!("{server}/version"), "").await.map(|reply| reply.status.as_u16())
}

#[tokio::test]
async fn a_cluster_lives_as_resource_manager_says() {
    let world = world(0).await;
    let client = engineer(&world, MANAGEMENT).await;
    let id = id(&world);
    manage(&client, Method::PUT, &id, VERSION, &cluster(&world)).await;
    let (server, authority) = access(&client, &id).await;
    assert_eq!(reach(&world, &server, &authority).await, Ok(200));

    let host = server.trim_start_matches("https://").trim_end_matches(":443");
    let mut open = Client { roots: authority.clone(), ..azure(&world) }.connect(host).await.unwrap();
    manage(&client, Method::POST, &format!("{id}/stop"), VERSION, &Value::Null).await;
    assert!(!matches!(open.read(&mut [0; 16]).await, Ok(1..)), "an open connection outlived the API server");
    let stopped = reach(&world, &server, &authority).await.unwrap_err();
    assert!(stopped.contains("connection refused"), "{stopped}");
    manage(&client, Method::POST, &format!("{id}/start"), VERSION, &Value::Null).await;
    assert_eq!(reach(&world, &server, &authority).await, Ok(200));

    manage(&client, Method::POST, &format!("{id}/rotateClusterCertificates"), VERSION, &Value::Null).await;
    let (same_server, rotated) = access(&client, &id).await;
    assert_eq!(same_server, server);
    let distrusted = reach(&world, &server, &authority).await.unwrap_err();
    assert!(distrusted.contains("invalid peer certificate"), "{distrusted}");
    assert_eq!(reach(&world, &server, &rotated).await, Ok(200));

    manage(&client, Method::DELETE, &id, VERSION, &Value::Null).await;
    let gone = reach(&world, &server, &rotated).await.unwrap_err();
    assert!(gone.contains("no such host"), "{gone}");
    manage(&client, Method::PUT, &id, VERSION, &cluster(&world)).await;
    let (server_again, authority_again) = access(&client, &id).await;
    assert_ne!(server_again, server);
    assert_ne!(authority_again, authority);
    assert_eq!(reach(&world, &server_again, &authority_again).await, Ok(200));
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_rotated_signing_key_ends_old_tokens() {
    let world = world(0).await;
    let facts = world.facts();
    let client = engineer(&world, MANAGEMENT).await;
    let identity = make_identity(&world, &client, "reader").await;
    add_credential(&world, &client, &identity.id, "reader", "system:serviceaccount:default:reader").await;
    let old = hub_token(&world, "default", "reader").await;
    assert_eq!(login(&world, &identity.client_id, &old, VAULT).await.status, 200);
    let rotate = format!("{}/rotateServiceAccountSigningKeys", facts.hub.id);
    manage(&client, Method::POST, &rotate, VERSION, &Value::Null).await;
    let new = hub_token(&world, "default", "reader").await;
    assert_eq!(login(&world, &identity.client_id, &new, VAULT).await.status, 200);
    let refused = login(&world, &identity.client_id, &old, VAULT).await;
    assert_eq!(refused.json()["error_codes"][0], 50013, "{}", refused.text());
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_added_has_a_kubeconfig() {
    let world = world(1).await;
    let added = world.add_cluster("aks-prd-we-late").await.unwrap();
    let reply =
        administrator(&world, &added).send(Method::GET, &format!("{}/api/v1/nodes", added.server), "").await;
    assert_eq!(reply.unwrap().status, 200);
    let refused = world.add_cluster("a name that Azure refuses").await.unwrap_err();
    assert!(refused.to_string().contains("a name that Azure refuses"), "{refused}");
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn worlds_of_one_seed_have_the_same_ids_and_of_another_none() {
    let start = async |seed: u64| {
        let options = gangplank_sandbox::Options { seed, ..gangplank_sandbox::Options::default() };
        World::start(options).await.unwrap()
    };
    let (one, same, other) = (start(7).await, start(7).await, start(8).await);
    let ids = |world: &World| {
        let facts = world.facts();
        let clusters: Vec<_> =
            facts.clusters.iter().map(|it| (it.server.clone(), it.issuer_url.clone())).collect();
        (facts.tenant_id.clone(), facts.engineer.client_id.clone(), clusters)
    };
    assert_eq!(ids(&one), ids(&same));
    assert_ne!(ids(&one).0, ids(&other).0);
    assert_ne!(ids(&one).1, ids(&other).1);
    for world in [one, same, other] {
        world.shutdown().await.unwrap();
    }
}
