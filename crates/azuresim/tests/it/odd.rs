//! Bodies and addresses of the wrong shape: each is answered, none with a fault of the server's own.

use gangplank_azuresim::NewCluster;
use serde_json::{Value, json};

use crate::world::{ARM, AUDIENCE, GROUP, ISSUER, LOGIN, TENANT, VAULT, World};

/// What a client may have in place of anything.
fn odd_values() -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("é\u{0}\n'\"/ %"),
        json!([]),
        json!([null]),
        json!({}),
        json!({"": null}),
        deep,
    ]
}

/// `body` with one member replaced, for each member and each odd value.
fn mutations(body: &Value) -> Vec<Value> {
    let mut places = Vec::new();
    pointers(body, String::new(), &mut places);
    let mut mutations = Vec::new();
    for place in places {
        for value in odd_values() {
            let mut mutation = body.clone();
            *mutation.pointer_mut(&place).expect("a place of its own") = value;
            mutations.push(mutation);
        }
    }
    mutations
}

fn pointers(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                pointers(value, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                pointers(value, format!("{at}/{index}"), places);
            }
        }
        _ => {}
    }
    places.push(at);
}

#[tokio::test]
async fn bodies_of_any_shape_are_answered() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "one", "westeurope").expect("an identity");
    world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster");
    let provider = |path: &str| format!("{ARM}{GROUP}/providers/{path}?api-version=2024-11-30");
    let role = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let bodies = [
        (
            "PUT",
            format!("{ARM}{GROUP}?api-version=2022-09-01"),
            json!({"location": "westeurope", "tags": {"a": "b"}}),
        ),
        (
            "PUT",
            provider("Microsoft.ManagedIdentity/userAssignedIdentities/one"),
            json!({"location": "westeurope", "tags": {}, "properties": {"isolationScope": "None"}}),
        ),
        (
            "PUT",
            provider("Microsoft.ManagedIdentity/userAssignedIdentities/one/federatedIdentityCredentials/abc"),
            json!({"properties": {"issuer": ISSUER, "subject": "s", "audiences": [AUDIENCE]}}),
        ),
        (
            "PUT",
            provider("Microsoft.ContainerService/managedClusters/aks1"),
            json!({
                "location": "westeurope", "tags": {}, "sku": {"name": "Base", "tier": "Free"},
                "identity": {"type": "SystemAssigned", "userAssignedIdentities": {identity.id: {}}},
                "properties": {
                    "kubernetesVersion": "1.33", "dnsPrefix": "aks1", "nodeResourceGroup": "x", "fqdn": "x",
                    "enableRBAC": true, "disableLocalAccounts": true, "resourceUID": "x",
                    "agentPoolProfiles": [{"name": "default", "orchestratorVersion": ""}],
                    "aadProfile": {"enableAzureRBAC": true, "adminGroupObjectIDs": ["x"], "tenantID": TENANT},
                    "oidcIssuerProfile": {"enabled": true, "issuerURL": "x"},
                    "securityProfile": {"workloadIdentity": {"enabled": true}},
                    "apiServerAccessProfile": {"enablePrivateCluster": false},
                    "identityProfile": {"kubeletidentity": {}},
                },
            }),
        ),
        ("PATCH", provider("Microsoft.ContainerService/managedClusters/aks1"), json!({"tags": {"a": "b"}})),
        (
            "PUT",
            provider("Microsoft.KeyVault/vaults/argocd-prd-akv"),
            json!({
                "location": "westeurope", "tags": {},
                "properties": {
                    "tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": true,
                    "softDeleteRetentionInDays": 90, "createMode": "default", "enablePurgeProtection": null,
                    "publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Allow", "ipRules": [{"value": "x"}]},
                    "accessPolicies": [{"tenantId": TENANT, "objectId": TENANT, "permissions": {"secrets": ["get"]}}],
                },
            }),
        ),
        (
            "PUT",
            provider("Microsoft.Authorization/roleAssignments/11111111-0000-0000-0000-000000000000"),
            json!({"properties": {
                "roleDefinitionId": role, "principalId": identity.principal_id.to_string(),
                "principalType": "ServicePrincipal", "description": "d", "condition": "Exists @Request[x]",
                "conditionVersion": "2.0",
            }}),
        ),
        (
            "PUT",
            provider("Microsoft.Authorization/roleDefinitions/22222222-0000-0000-0000-000000000000"),
            json!({"properties": {
                "roleName": "n", "description": "d", "assignableScopes": [GROUP],
                "permissions": [{"actions": ["a"], "notActions": [], "dataActions": [], "notDataActions": []}],
            }}),
        ),
        (
            "POST",
            format!("{ARM}/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"),
            json!({
                "subscriptions": ["x"], "query": "Resources | project id",
                "options": {"$top": 1, "$skip": 1, "$skipToken": "1"},
            }),
        ),
        (
            "PUT",
            format!("{VAULT}/secrets/a?api-version=7.4"),
            json!({
                "value": "v", "contentType": "c", "tags": {"a": "b"},
                "attributes": {"enabled": true, "exp": 2, "nbf": 1},
            }),
        ),
        ("PATCH", format!("{VAULT}/secrets/a?api-version=7.4"), json!({"attributes": {"enabled": true}})),
        ("POST", format!("{VAULT}/secrets/restore?api-version=7.4"), json!({"value": "AAAA"})),
    ];
    let mut sent = 0;
    for (method, url, body) in bodies {
        let valid = world.admin(method, &url, body.clone()).await;
        assert!(valid.status < 500, "{method} {url}: {}", valid.text);
        for mutation in mutations(&body) {
            let answer = world.admin(method, &url, mutation.clone()).await;
            assert!((200..500).contains(&answer.status), "{method} {url} {mutation}: {}", answer.text);
            let read = world.get(&url).await;
            assert!(read.status < 500, "GET {url} after {mutation}: {}", read.text);
            sent += 1;
        }
    }
    assert!(sent > 1_000, "{sent}");
}

#[tokio::test]
async fn addresses_of_any_shape_are_answered() {
    let world = World::new();
    let token = world.admin_token(ARM).await;
    let vault_token = world.admin_token(VAULT).await;
    let long = format!("/{}", "a/".repeat(2_000));
    let paths = [
        "/",
        "//",
        "/%00",
        "/%FF%FE",
        "/%2F%2F",
        "/..%2f..",
        "/subscriptions",
        "/subscriptions/",
        "/subscriptions/%E2%82%AC",
        "/subscriptions/x/resourceGroups/y/providers",
        "/providers/Microsoft.Authorization",
        "/providers/Microsoft.Authorization/roleAssignments/%27",
        "/providers/Microsoft.Authorization/roleAssignments?$filter=%27",
        "/providers/Microsoft.Authorization/roleAssignments?$filter=%E2%82%AC%E2%82%AC%20eq%20%27",
        "/secrets/%E2%82%AC",
        "/secrets/a/b/c/d",
        "/secrets?maxresults=-1",
        "/secrets?$skiptoken=99999999999999999999999",
        "/deletedsecrets/a/recover",
        "/certificates/%20",
        long.as_str(),
    ];
    for (base, token) in
        [(ARM, &token), (VAULT, &vault_token), (LOGIN, &token), ("https://graph.microsoft.com", &token)]
    {
        for path in paths {
            for method in ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
                let separator = if path.contains('?') { '&' } else { '?' };
                let url = format!("{base}{path}{separator}api-version=2024-11-30");
                let answer = world.with(token, method, &url, Value::Null).await;
                assert!(
                    (200..500).contains(&answer.status),
                    "{method} {url}: {} {}",
                    answer.status,
                    answer.text
                );
            }
        }
    }
}
