//! What az and azurerm send beside the recorded exchanges: the same services, other verbs.

use gangplank_azuresim::{Faults, NewCluster, SecretSeed};
use serde_json::{Value, json};

use crate::world::{ARM, GROUP, SUBSCRIPTION, TENANT, VAULT, World, check};

const NONE: Value = Value::Null;
const AKS: &str = "?api-version=2026-06-01";

async fn with_cluster() -> World {
    let world = World::new();
    world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster");
    world
}

fn cluster(rest: &str) -> String {
    format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks1{rest}{AKS}")
}

fn pool(mode: &str, count: u32) -> Value {
    json!({"properties": {"mode": mode, "count": count, "vmSize": "Standard_D2s_v5", "osType": "Linux"}})
}

#[tokio::test]
async fn node_pools_come_and_go() {
    let world = with_cluster().await;
    let at = |name: &str| cluster(&format!("/agentPools/{name}"));
    let first = world.get(&format!("{ARM}{}", cluster("/agentPools"))).await;
    let first = first.at("/value/0/name").as_str().expect("a pool").to_owned();
    check(
        &world,
        ARM,
        &[
            ("GET", &at("spot"), NONE, 404, "ResourceNotFound"),
            ("PUT", &at("spot"), pool("User", 2), 201, ""),
            ("PUT", &at("spot"), pool("User", 3), 200, ""),
            ("GET", &at("spot"), NONE, 200, ""),
            ("PUT", &at("Not-Legal"), pool("User", 1), 400, "InvalidParameter"),
            ("PUT", &at("thirteenchars"), pool("User", 1), 400, "InvalidParameter"),
            ("DELETE", &at(&first), NONE, 400, "BadRequest"),
            ("POST", &at("spot"), NONE, 405, "HttpMethodNotSupported"),
        ],
    )
    .await;
    let listed = world.get(&format!("{ARM}{}", cluster("/agentPools"))).await;
    assert_eq!(listed.at("/value/1/properties/count"), 3, "{}", listed.text);
    let whole = world.get(&format!("{ARM}{}", cluster(""))).await;
    assert_eq!(whole.at("/properties/agentPoolProfiles/1/name"), "spot");

    world
        .cloud
        .set_faults(Faults { operation_duration: std::time::Duration::from_secs(60), ..Faults::default() });
    let deleted = world.admin("DELETE", &format!("{ARM}{}", at("spot")), NONE).await;
    let poll = deleted.header("azure-asyncoperation").expect("an address").to_owned();
    assert_eq!((deleted.status, deleted.text.as_str()), (202, ""));
    let busy = world.admin("PUT", &format!("{ARM}{}", at("more")), pool("User", 1)).await;
    assert_eq!((busy.status, busy.code().as_str()), (409, "OperationNotAllowed"));
    assert_eq!(world.get(&poll).await.body["status"], "InProgress");
    world.advance(60);
    assert_eq!(world.get(&poll).await.body["status"], "Succeeded");
    check(
        &world,
        ARM,
        &[("DELETE", &at("spot"), NONE, 204, ""), ("GET", &at("spot"), NONE, 404, "ResourceNotFound")],
    )
    .await;
}

#[tokio::test]
async fn versions_and_upgrades_are_listed() {
    let world = with_cluster().await;
    let url = format!(
        "{ARM}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions{AKS}"
    );
    let versions = world.get(&url).await;
    let defaults: Vec<&Value> = versions.body["values"]
        .as_array()
        .expect("versions")
        .iter()
        .filter(|it| it["isDefault"] == true)
        .collect();
    assert_eq!(defaults.len(), 1, "{}", versions.text);
    let upgrades = world.get(&format!("{ARM}{}", cluster("/upgradeProfiles/default"))).await;
    let profile = &upgrades.body["properties"]["controlPlaneProfile"];
    assert_eq!(
        (&profile["kubernetesVersion"], &profile["upgrades"][0]["kubernetesVersion"]),
        (&json!("1.33.1"), &json!("1.34.1"))
    );
    check(&world, ARM, &[("POST", url.trim_start_matches(ARM), NONE, 405, "HttpMethodNotSupported")]).await;
}

#[tokio::test]
async fn a_cluster_is_stopped_rotated_and_started() {
    let world = with_cluster().await;
    for (verb, power) in [
        ("stop", "Stopped"),
        ("start", "Running"),
        ("rotateClusterCertificates", "Running"),
        ("rotateServiceAccountSigningKeys", "Running"),
    ] {
        let answer = world.admin("POST", &format!("{ARM}{}", cluster(&format!("/{verb}"))), NONE).await;
        assert_eq!((answer.status, answer.text.as_str()), (202, ""), "{verb}");
        let result = world.get(answer.header("location").expect("an address")).await;
        assert_eq!(result.status, 204, "{verb}");
        let document = world.get(&format!("{ARM}{}", cluster(""))).await;
        assert_eq!(document.at("/properties/powerState/code"), power, "{verb}");
        assert!(document.at("/properties/fqdn").is_string(), "a stopped cluster keeps its name");
    }
}

#[tokio::test]
async fn a_secret_lives_through_every_command() {
    let world = World::new();
    world.cloud.set_secret("argocd-prd-akv", "a", SecretSeed::new("x")).expect("set");
    let v = "?api-version=7.4";
    check(
        &world,
        VAULT,
        &[
            ("GET", &format!("/secrets/a/versions{v}"), NONE, 200, ""),
            ("PATCH", &format!("/secrets/a/{v}"), json!({"attributes": {"enabled": false}}), 200, ""),
            ("GET", &format!("/secrets/a/{v}"), NONE, 403, "Forbidden/SecretDisabled"),
            (
                "PATCH",
                &format!("/secrets/a{v}"),
                json!({"attributes": {"enabled": true}, "tags": {"a": "b"}}),
                200,
                "",
            ),
            ("POST", &format!("/secrets/a/backup{v}"), NONE, 200, ""),
            ("DELETE", &format!("/secrets/a{v}"), NONE, 200, ""),
            ("GET", &format!("/secrets/a/{v}"), NONE, 404, "SecretNotFound"),
            ("GET", &format!("/secrets/a/versions{v}"), NONE, 404, "SecretNotFound"),
            (
                "PUT",
                &format!("/secrets/A{v}"),
                json!({"value": "y"}),
                409,
                "Conflict/ObjectIsDeletedButRecoverable",
            ),
            ("GET", &format!("/deletedsecrets{v}"), NONE, 200, ""),
            ("GET", &format!("/deletedsecrets/a{v}"), NONE, 200, ""),
            ("POST", &format!("/deletedsecrets/a/recover{v}"), NONE, 200, ""),
            ("GET", &format!("/secrets/a/{v}"), NONE, 200, ""),
            ("DELETE", &format!("/secrets/a{v}"), NONE, 200, ""),
            ("DELETE", &format!("/deletedsecrets/a{v}"), NONE, 204, ""),
            ("POST", &format!("/deletedsecrets/a/recover{v}"), NONE, 404, "SecretNotFound"),
            ("DELETE", &format!("/deletedsecrets/a{v}"), NONE, 404, "SecretNotFound"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_new_vault_is_governed_by_roles_since_2026() {
    let world = World::new();
    let at = |name: &str| format!("{ARM}{GROUP}/providers/Microsoft.KeyVault/vaults/{name}");
    let body = json!({
        "location": "westeurope",
        "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}},
    });
    for (name, version, roles) in [("older", "2023-07-01", false), ("newer", "2026-02-01", true)] {
        let url = format!("{}?api-version={version}", at(name));
        let made = world.admin("PUT", &url, body.clone()).await;
        assert_eq!(made.at("/properties/enableRbacAuthorization"), roles, "{version}: {}", made.text);
    }
    let again = world.admin("PUT", &format!("{}?api-version=2026-02-01", at("older")), body).await;
    assert_eq!(again.at("/properties/enableRbacAuthorization"), false, "one that is there stays as it was");
}

#[tokio::test]
async fn what_is_only_asked_about_is_answered() {
    let world = with_cluster().await;
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/argocd-prd-akv");
    let missing = cluster("").replace("aks1", "aks2");
    check(
        &world,
        ARM,
        &[
            ("HEAD", &cluster(""), NONE, 204, ""),
            ("HEAD", &missing, NONE, 404, ""),
            ("HEAD", &format!("{vault}{AKS}"), NONE, 204, ""),
            ("GET", &cluster("/privateLinkResources"), NONE, 200, ""),
            ("GET", &format!("{vault}/privateLinkResources{AKS}"), NONE, 200, ""),
            ("GET", &format!("{vault}x/privateLinkResources{AKS}"), NONE, 404, "ResourceNotFound"),
            ("GET", &format!("{vault}/nonsense{AKS}"), NONE, 400, "NoRegisteredProviderFound"),
        ],
    )
    .await;
    let url = format!("{ARM}{}", cluster("/listClusterMonitoringUserCredential"));
    let monitoring = world.admin("POST", &url, NONE).await;
    assert_eq!(monitoring.at("/kubeconfigs/0/name"), "clusterMonitoringUser", "{}", monitoring.text);
    let reader = world.caller("reader", "Reader", GROUP, ARM).await;
    let refused = world.with(&reader, "POST", &url, NONE).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "AuthorizationFailed"));
    for list in ["deletedcertificates", "deletedkeys"] {
        let listed = world.get(&format!("{VAULT}/{list}?api-version=7.4")).await;
        assert_eq!(listed.body, json!({"value": [], "nextLink": null}), "{list}");
    }
}
