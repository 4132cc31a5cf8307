use std::net::IpAddr;

use gangplank_azuresim::{ClientAddress, NewVault, SecretSeed, rbac::role_id};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{ARM, GROUP, LOGIN, TENANT, VAULT, World, check};

const V: &str = "?api-version=7.4";
const ID: &str = "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/argocd-prd-rg/providers/Microsoft.KeyVault/vaults/argocd-prd-akv";

#[tokio::test]
async fn a_stranger_is_told_where_to_log_in() {
    let world = World::new();
    let arm_token = world.admin_token(ARM).await;
    let vault_token = world.admin_token(VAULT).await;
    let url = format!("{VAULT}/secrets/a{V}");
    let cases = [
        ("no token", None, "AKV10000"),
        ("another audience", Some(arm_token.as_str()), "AKV10022"),
        ("no token of Entra's", Some("aaaa.bbbb.cccc"), "AKV10015"),
    ];
    let challenge =
        format!("Bearer authorization=\"{LOGIN}/{TENANT}\", resource=\"https://vault.azure.net\"");
    for (what, token, code) in cases {
        let answer = match token {
            Some(token) => world.with(token, "PUT", &url, Value::Null).await,
            None => world.raw("PUT", &url, &[("content-length", "0")], "").await,
        };
        assert_eq!((answer.status, answer.code().as_str()), (401, "Unauthorized"), "{what}");
        assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()), "{what}");
        let message = answer.body["error"]["message"].as_str().expect("a message");
        assert!(message.starts_with(&format!("{code}: ")), "{what}: {message}");
    }
    world.advance(3_599 + 300);
    let late = world.with(&vault_token, "GET", &url, Value::Null).await;
    assert!(late.status == 401 && late.text.contains("AKV10001"), "{}", late.text);
    let nowhere =
        world.raw("GET", "https://no-such.vault.azure.net/secrets/a?api-version=7.4", &[], "").await;
    assert_eq!((nowhere.status, nowhere.code().as_str()), (404, "VaultNotFound"));
    assert!(
        world.cloud.answers_for("no-such.vault.azure.net")
            && !world.cloud.resolves("no-such.vault.azure.net")
    );
    assert!(world.cloud.resolves("argocd-prd-akv.vault.azure.net"));
}

#[tokio::test]
async fn roles_decide_down_to_one_secret() {
    let world = World::new();
    let user = world.caller("user", "Key Vault Secrets User", ID, VAULT).await;
    let officer = world.caller("officer", "Key Vault Secrets Officer", GROUP, VAULT).await;
    let reader = world.caller("reader", "Key Vault Reader", ID, VAULT).await;
    let owner = world.caller("owner", "Owner", "/", VAULT).await;
    let one = world.caller("one", "Key Vault Secrets User", &format!("{ID}/secrets/a"), VAULT).await;
    world.cloud.set_secret("argocd-prd-akv", "a", SecretSeed::new("x")).expect("set");
    world.cloud.set_secret("argocd-prd-akv", "b", SecretSeed::new("x")).expect("set");
    // user, officer, reader, owner, one secret's user
    let table: &[(&str, &str, Value, [u16; 5])] = &[
        ("GET", "/secrets/a", Value::Null, [200, 200, 403, 403, 200]),
        ("GET", "/secrets/B", Value::Null, [200, 200, 403, 403, 403]),
        ("GET", "/secrets", Value::Null, [200, 200, 200, 403, 403]),
        ("GET", "/secrets/a/versions", Value::Null, [200, 200, 200, 403, 200]),
        ("PUT", "/secrets/a", json!({"value": "y"}), [403, 200, 403, 403, 403]),
        ("PATCH", "/secrets/a", json!({}), [403, 200, 403, 403, 403]),
        ("POST", "/secrets/a/backup", Value::Null, [403, 200, 403, 403, 403]),
        ("GET", "/deletedsecrets", Value::Null, [200, 200, 200, 403, 403]),
        ("GET", "/certificates", Value::Null, [403, 403, 200, 403, 403]),
        ("GET", "/keys", Value::Null, [403, 403, 200, 403, 403]),
        ("DELETE", "/secrets/b", Value::Null, [403, 200, 403, 403, 403]),
        ("POST", "/deletedsecrets/b/recover", Value::Null, [403, 200, 403, 403, 403]),
    ];
    for (method, path, body, statuses) in table {
        for (token, status) in [&user, &officer, &reader, &owner, &one].into_iter().zip(statuses) {
            let answer = world.with(token, method, &format!("{VAULT}{path}{V}"), body.clone()).await;
            assert_eq!(answer.status, *status, "{method} {path}: {}", answer.text);
        }
    }
    let denied = world.with(&one, "GET", &format!("{VAULT}/secrets/b{V}"), Value::Null).await;
    assert_eq!(denied.code(), "Forbidden/ForbiddenByRbac");
    let message = denied.body["error"]["message"].as_str().expect("a message");
    for part in [
        ";oid=",
        "\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\n",
        "vaults/argocd-prd-akv/secrets/b'\r\n",
        "DecisionReason: 'DeniedWithNoValidRBAC'",
        "Vault: argocd-prd-akv;location=westeurope",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[tokio::test]
async fn a_group_passes_its_roles_on() {
    let world = World::new();
    let application = world.cloud.create_application("member");
    world.cloud.add_client_secret(application, "s".to_owned().into(), Timestamp::MAX);
    let inner = world.cloud.create_directory_group("inner", &[application.object_id]);
    let outer = world.cloud.create_directory_group("outer", &[inner]);
    world.cloud.assign_role(ID, outer, role_id("Key Vault Secrets User").expect("a role")).expect("assigned");
    world.cloud.set_secret("argocd-prd-akv", "a", SecretSeed::new("x")).expect("set");
    let token = world.secret_login(application.app_id, "s", "https://vault.azure.net/.default").await;
    assert_eq!(world.with(&token, "GET", &format!("{VAULT}/secrets/a{V}"), Value::Null).await.status, 200);
}

#[tokio::test]
async fn access_policies_decide_where_roles_do_not() {
    let world = World::new();
    let vault = NewVault { rbac: false, ..NewVault::new("old-style", "westeurope") };
    let id = world.cloud.create_vault(GROUP, vault).expect("a vault");
    world.cloud.set_secret("old-style", "a", SecretSeed::new("x")).expect("set");
    let application = world.cloud.create_application("app");
    world.cloud.add_client_secret(application, "s".to_owned().into(), Timestamp::MAX);
    world
        .cloud
        .assign_role(&id, application.object_id, role_id("Key Vault Administrator").expect("a role"))
        .expect("assigned");
    let token = world.secret_login(application.app_id, "s", "https://vault.azure.net/.default").await;
    let url = format!("https://old-style.vault.azure.net/secrets/a{V}");
    let denied = world.with(&token, "GET", &url, Value::Null).await;
    assert_eq!((denied.status, denied.code().as_str()), (403, "Forbidden/AccessDenied"));
    let policy = json!({"properties": {"accessPolicies": [{
        "tenantId": TENANT, "objectId": application.object_id.to_string(), "permissions": {"secrets": ["Get"]},
    }]}});
    let change = format!("{ARM}{id}/accessPolicies/add?api-version=2023-07-01");
    assert_eq!(world.admin("PUT", &change, policy).await.status, 200);
    assert_eq!(world.with(&token, "GET", &url, Value::Null).await.status, 200);
    assert_eq!(world.with(&token, "DELETE", &url, Value::Null).await.status, 403);
}

#[tokio::test]
async fn the_firewall_lets_in_whom_it_names() {
    let world = World::new();
    world.cloud.set_secret("argocd-prd-akv", "a", SecretSeed::new("x")).expect("set");
    let from = async |client: &str| {
        let token = world.admin_token(VAULT).await;
        let mut request = http::Request::builder()
            .uri(format!("{VAULT}/secrets/a{V}"))
            .header("authorization", format!("Bearer {token}"))
            .body(bytes::Bytes::new())
            .expect("a request");
        request.extensions_mut().insert(ClientAddress(client.parse::<IpAddr>().expect("an address")));
        let response = world.cloud.handle(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        (
            status,
            body.pointer("/error/innererror/code").and_then(Value::as_str).unwrap_or_default().to_owned(),
        )
    };
    let set = async |properties: Value| {
        let url = format!("{ARM}{ID}?api-version=2023-07-01");
        assert_eq!(world.admin("PATCH", &url, json!({"properties": properties})).await.status, 200);
    };
    assert_eq!(from("203.0.113.9").await, (200, String::new()));
    set(json!({"networkAcls": {"defaultAction": "Deny", "bypass": "None", "ipRules": [{"value": "198.51.100.0/24"}]}})).await;
    assert_eq!(from("203.0.113.9").await, (403, "ForbiddenByFirewall".to_owned()));
    assert_eq!(from("198.51.100.4").await, (200, String::new()));
    set(json!({"publicNetworkAccess": "Disabled"})).await;
    assert_eq!(from("198.51.100.4").await, (403, "ForbiddenByConnection".to_owned()));
}

#[tokio::test]
async fn a_protected_vault_keeps_what_is_deleted() {
    let world = World::new();
    let vault = NewVault { purge_protection: true, ..NewVault::new("protected", "westeurope") };
    world.cloud.create_vault(GROUP, vault).expect("a vault");
    check(
        &world,
        "https://protected.vault.azure.net",
        &[
            ("PUT", "/secrets/a?api-version=7.4", json!({"value": "x"}), 200, ""),
            ("DELETE", "/secrets/a?api-version=7.4", Value::Null, 200, ""),
            ("DELETE", "/deletedsecrets/a?api-version=7.4", Value::Null, 403, "Forbidden"),
            ("POST", "/deletedsecrets/a/recover?api-version=7.4", Value::Null, 200, ""),
        ],
    )
    .await;
    let secret = world.get(&format!("https://protected.vault.azure.net/secrets/a{V}")).await;
    assert_eq!(secret.at("/attributes/recoveryLevel"), "Recoverable");
}
