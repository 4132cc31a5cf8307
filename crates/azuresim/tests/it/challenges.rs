//! Tokens that are no longer taken: expired by order, challenged, signed by a former key.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use gangplank_azuresim::rbac::role_id;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{ARM, Answer, GROUP, LOGIN, TENANT, VAULT, World};

const NONE: Value = Value::Null;
const CAPABLE: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;

struct Client<'a> {
    world: &'a World,
    id: Uuid,
    claims: &'a str,
}

impl<'a> Client<'a> {
    fn new(world: &'a World, claims: &'a str) -> Self {
        let application = world.cloud.create_application("client");
        world.cloud.add_client_secret(application, SecretString::from("secret"), Timestamp::MAX);
        for role in ["Reader", "Key Vault Secrets Officer"] {
            let role = role_id(role).expect("a role");
            world.cloud.assign_role("/", application.object_id, role).expect("assigned");
        }
        Client { world, id: application.app_id, claims }
    }

    async fn token(&self, resource: &str) -> String {
        let fields = [
            ("client_id", self.id.to_string()),
            ("grant_type", "client_credentials".to_owned()),
            ("client_secret", "secret".to_owned()),
            ("scope", format!("{resource}/.default")),
            ("claims", self.claims.to_owned()),
        ];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.world.form(&fields).await;
        answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    }

    async fn read(&self, token: &str, url: &str) -> Answer {
        self.world.with(token, "GET", url, NONE).await
    }
}

/// The three services with an address to read and the audience of its tokens.
fn services() -> [(String, &'static str); 3] {
    [
        (format!("{ARM}{GROUP}?api-version=2022-09-01"), "https://management.azure.com"),
        (format!("{VAULT}/secrets?api-version=7.4"), "https://vault.azure.net"),
        ("https://graph.microsoft.com/v1.0/servicePrincipals".to_owned(), "https://graph.microsoft.com"),
    ]
}

#[tokio::test]
async fn a_capable_client_is_challenged_once() {
    let world = World::new();
    let client = Client::new(&world, CAPABLE);
    for (url, resource) in services() {
        let old = client.token(resource).await;
        world.advance(10);
        world.cloud.expire_tokens_before(Some(world.cloud.now()));
        let answer = client.read(&old, &url).await;
        assert_eq!(answer.status, 401, "{url}: {}", answer.text);
        let header = answer.header("www-authenticate").expect("a challenge");
        assert!(
            header.starts_with("Bearer ") && header.contains(", error=\"insufficient_claims\""),
            "{header}"
        );
        let claims =
            header.split("claims=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("claims");
        let claims: Value = serde_json::from_slice(&BASE64.decode(claims).expect("base64")).expect("JSON");
        let since = world.now().to_string();
        assert_eq!(claims, json!({"access_token": {"nbf": {"essential": true, "value": since}}}));
        let fresh = client.token(resource).await;
        assert_eq!(client.read(&fresh, &url).await.status, 200, "{url}");
        world.cloud.expire_tokens_before(None);
        assert_eq!(client.read(&old, &url).await.status, 200, "taken back");
    }
}

#[tokio::test]
async fn another_client_is_told_that_its_token_expired() {
    let world = World::new();
    let client = Client::new(&world, "");
    let codes = ["ExpiredAuthenticationToken", "Unauthorized", "InvalidAuthenticationToken"];
    for ((url, resource), code) in services().into_iter().zip(codes) {
        let old = client.token(resource).await;
        world.advance(10);
        world.cloud.expire_tokens_before(Some(world.cloud.now()));
        let answer = client.read(&old, &url).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, code), "{url}");
        let header = answer.header("www-authenticate").unwrap_or_default();
        assert!(!header.contains("insufficient_claims"), "{header}");
        assert_eq!(client.read(&client.token(resource).await, &url).await.status, 200, "{url}");
    }
}

#[tokio::test]
async fn a_rotated_key_is_published_beside_the_former_one() {
    let world = World::new();
    let client = Client::new(&world, "");
    let (url, resource) = services().into_iter().next().expect("a service");
    let keys = async || {
        let answer = world.raw("GET", &format!("{LOGIN}/{TENANT}/discovery/v2.0/keys"), &[], "").await;
        let keys = answer.body["keys"].as_array().expect("keys").clone();
        keys.iter().map(|key| key["kid"].as_str().expect("a key id").to_owned()).collect::<Vec<_>>()
    };
    let old = client.token(resource).await;
    let before = keys().await;
    world.cloud.rotate_signing_key().expect("a key");
    let after = keys().await;
    assert_eq!((before.len(), after.len(), &after[1]), (1, 2, &before[0]));
    let fresh = client.token(resource).await;
    for token in [&old, &fresh] {
        assert_eq!(client.read(token, &url).await.status, 200);
    }
}
