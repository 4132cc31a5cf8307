//! The vocabulary of these tests: a world with a clock that stands still, and requests as one line each.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use gangplank_azuresim::{
    ApplicationIds, BoxFuture, Cloud, ClusterBackend, ClusterFacts, ClusterSpec, Environment, IssuerFetch,
    LocalAccount, Options, Subscription, rbac::role_id,
};
use gangplank_pki::{KeySet, SigningKey};
use http_body_util::BodyExt;
use jiff::Timestamp;
use rand::SeedableRng;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const SUBSCRIPTION: &str = "33333333-3333-3333-3333-333333333333";
pub(crate) const GROUP: &str =
    "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/argocd-prd-rg";
pub(crate) const ISSUER: &str =
    "https://westeurope.oic.prod-aks.azure.com/11111111-1111-1111-1111-111111111111/hub/";
pub(crate) const AUDIENCE: &str = "api://AzureADTokenExchange";
pub(crate) const LOGIN: &str = "https://login.microsoftonline.com";
pub(crate) const ARM: &str = "https://management.azure.com";
pub(crate) const VAULT: &str = "https://argocd-prd-akv.vault.azure.net";

/// When every world begins.
pub(crate) const START: i64 = 1_795_450_000;

/// Keys are slow to make, so the tests share two; the second is what the issuer rotates to.
pub(crate) static KEYS: LazyLock<[SigningKey; 2]> = LazyLock::new(|| {
    [1, 2].map(|seed| SigningKey::generate(&mut rand::rngs::StdRng::seed_from_u64(seed)).expect("a key"))
});

/// Entra's key.
static ENTRA_KEY: LazyLock<String> = LazyLock::new(|| {
    let key = SigningKey::generate(&mut rand::rngs::StdRng::seed_from_u64(3)).expect("a key");
    key.pem().to_owned()
});

/// Publishes documents by address and counts how often it is asked.
#[derive(Default)]
pub(crate) struct Issuers {
    documents: Mutex<HashMap<String, Bytes>>,
    pub(crate) fetched: AtomicUsize,
}

impl Issuers {
    pub(crate) fn publish(&self, issuer: &str, keys: &KeySet) {
        let base = issuer.trim_end_matches('/');
        let jwks = format!("{base}/openid/v1/jwks");
        let discovery = json!({"issuer": issuer, "jwks_uri": jwks});
        let mut documents = self.documents.lock().expect("unpoisoned");
        documents.insert(format!("{base}/.well-known/openid-configuration"), discovery.to_string().into());
        documents.insert(jwks, serde_json::to_vec(keys).expect("JSON").into());
    }

    pub(crate) fn withdraw(&self) {
        self.documents.lock().expect("unpoisoned").clear();
    }
}

impl IssuerFetch for Issuers {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        let found = self.documents.lock().expect("unpoisoned").get(url).cloned();
        Box::pin(async move { found.ok_or_else(|| "404 Not Found".to_owned()) })
    }
}

/// A backend without API servers: it notes what it was asked.
#[derive(Default)]
pub(crate) struct Backend {
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) specs: Mutex<Vec<ClusterSpec>>,
    pub(crate) fails: Mutex<Option<String>>,
}

impl Backend {
    fn done<T>(&self, what: String, value: T) -> Result<T, String> {
        self.asked.lock().expect("unpoisoned").push(what);
        match self.fails.lock().expect("unpoisoned").clone() {
            Some(reason) => Err(reason),
            None => Ok(value),
        }
    }

    fn facts(authority: &str) -> ClusterFacts {
        ClusterFacts {
            ca_certificate_pem: format!(
                "-----BEGIN CERTIFICATE-----\n{authority}\n-----END CERTIFICATE-----\n"
            ),
            local_account: LocalAccount {
                certificate_pem: "client certificate".into(),
                key_pem: SecretString::from("client key"),
            },
        }
    }
}

impl ClusterBackend for Backend {
    fn create(&self, spec: ClusterSpec) -> BoxFuture<'_, Result<ClusterFacts, String>> {
        let what = format!("create {}", spec.name);
        self.specs.lock().expect("unpoisoned").push(spec);
        Box::pin(async move { self.done(what, Self::facts("first")) })
    }
    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.done(format!("delete {}", name(id)), ()) })
    }
    fn rotate_certificates<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<ClusterFacts, String>> {
        Box::pin(async move { self.done(format!("rotate certificates {}", name(id)), Self::facts("second")) })
    }
    fn rotate_service_account_keys<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.done(format!("rotate keys {}", name(id)), ()) })
    }
    fn start<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.done(format!("start {}", name(id)), ()) })
    }
    fn stop<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.done(format!("stop {}", name(id)), ()) })
    }
}

fn name(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `error.code`, with the inner code after a slash.
    pub(crate) fn code(&self) -> String {
        let code = self.body["error"]["code"].as_str().unwrap_or_default().to_owned();
        match self.body["error"]["innererror"]["code"].as_str() {
            Some(inner) => format!("{code}/{inner}"),
            None => code,
        }
    }

    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or(&Value::Null)
    }
}

pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) issuers: Arc<Issuers>,
    pub(crate) backend: Arc<Backend>,
    clock: Arc<AtomicI64>,
    admin: ApplicationIds,
    tokens: Mutex<HashMap<String, String>>,
}

impl World {
    /// A tenant with one subscription, a group, the vault of the seed, and an admin who may do everything.
    pub(crate) fn new() -> Self {
        Self::of(Environment::public())
    }

    pub(crate) fn of(environment: Environment) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let issuers = Arc::new(Issuers::default());
        issuers.publish(ISSUER, &KeySet::of([&KEYS[0]]));
        let backend = Arc::new(Backend::default());
        let time = clock.clone();
        let options = Options {
            environment,
            tenant_id: guid(TENANT),
            tenant_domain: "contoso.onmicrosoft.com".into(),
            subscriptions: vec![Subscription { id: guid(SUBSCRIPTION), display_name: "sandbox".into() }],
            seed: 7,
            clock: Arc::new(move || Timestamp::from_second(time.load(Ordering::Relaxed)).expect("a time")),
            issuers: issuers.clone(),
            clusters: backend.clone(),
        };
        let key = SigningKey::from_pkcs8_pem(&ENTRA_KEY).expect("a key");
        let cloud = Cloud::with_signing_key(options, key);
        let admin = cloud.create_application("admin");
        cloud.add_client_secret(admin, SecretString::from("admin's secret"), Timestamp::MAX);
        for role in ["Owner", "Key Vault Administrator"] {
            cloud.assign_role("/", admin.object_id, role_id(role).expect("a role")).expect("assigned");
        }
        cloud.create_group(guid(SUBSCRIPTION), "argocd-prd-rg", "westeurope").expect("a group");
        let vault = gangplank_azuresim::NewVault::new("argocd-prd-akv", "westeurope");
        cloud.create_vault(GROUP, vault).expect("a vault");
        World { cloud, issuers, backend, clock, admin, tokens: Mutex::default() }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::Relaxed)
    }

    /// A request as it stands.
    pub(crate) async fn raw(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.cloud.handle(request.body(body.into()).expect("a request")).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, body }
    }

    /// A request with a token.
    pub(crate) async fn with(&self, token: &str, method: &str, url: &str, body: Value) -> Answer {
        let authorization = format!("Bearer {token}");
        let bytes = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(
            method,
            url,
            &[("authorization", &authorization), ("content-type", "application/json")],
            bytes,
        )
        .await
    }

    /// A request by the admin; the audience follows from the host.
    pub(crate) async fn admin(&self, method: &str, url: &str, body: Value) -> Answer {
        let token = self.admin_token(url).await;
        self.with(&token, method, url, body).await
    }

    /// Reads by the admin.
    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.admin("GET", url, Value::Null).await
    }

    pub(crate) async fn admin_token(&self, url: &str) -> String {
        let scope = if url.contains(".vault.") {
            "https://vault.azure.net/.default"
        } else {
            "https://management.azure.com/.default"
        };
        let key = format!("{scope} {}", self.now() / 3000);
        let known = self.tokens.lock().expect("unpoisoned").get(&key).cloned();
        if let Some(token) = known {
            return token;
        }
        let token = self.secret_login(self.admin.app_id, "admin's secret", scope).await;
        self.tokens.lock().expect("unpoisoned").insert(key, token.clone());
        token
    }

    /// Logs in with a client secret.
    pub(crate) async fn secret_login(&self, client: Uuid, secret: &str, scope: &str) -> String {
        let answer = self
            .form(&[
                ("client_id", &client.to_string()),
                ("grant_type", "client_credentials"),
                ("client_secret", secret),
                ("scope", scope),
            ])
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body["access_token"].as_str().expect("a token").to_owned()
    }

    /// Logs in with a ServiceAccount's token.
    pub(crate) async fn login(&self, client: &str, assertion: &str, scope: &str) -> Answer {
        self.form(&[
            ("client_id", client),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
            ("scope", scope),
        ])
        .await
    }

    /// The token endpoint with these fields.
    pub(crate) async fn form(&self, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let url = format!("{LOGIN}/{TENANT}/oauth2/v2.0/token");
        self.raw("POST", &url, &[("content-type", "application/x-www-form-urlencoded")], body).await
    }

    /// A new application with this role at this scope, logged in for `url`'s service.
    pub(crate) async fn caller(&self, name: &str, role: &str, scope: &str, url: &str) -> String {
        let application = self.cloud.create_application(name);
        self.cloud.add_client_secret(application, SecretString::from("secret"), Timestamp::MAX);
        if !role.is_empty() {
            let role = role_id(role).expect("a role");
            self.cloud.assign_role(scope, application.object_id, role).expect("assigned");
        }
        let scope = if url.contains(".vault.") {
            "https://vault.azure.net/.default"
        } else {
            "https://management.azure.com/.default"
        };
        self.secret_login(application.app_id, "secret", scope).await
    }

    /// A ServiceAccount's token as the hub issues it.
    pub(crate) fn assertion(&self, subject: &str) -> String {
        self.assertion_with(&KEYS[0], json!({"sub": subject}))
    }

    /// The same with other claims.
    pub(crate) fn assertion_with(&self, key: &SigningKey, changes: Value) -> String {
        let now = self.now();
        let mut claims = json!({
            "iss": ISSUER, "sub": "system:serviceaccount:argocd:argocd-server", "aud": [AUDIENCE],
            "iat": now, "nbf": now, "exp": now + 3600,
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        key.sign(&claims).expect("signed")
    }
}

pub(crate) fn guid(text: &str) -> Uuid {
    Uuid::parse_str(text).expect("a GUID")
}

/// Plays a table of admin's requests: method, address, body, expected status and error code (`""`: none).
pub(crate) async fn check(world: &World, base: &str, rows: &[(&str, &str, Value, u16, &str)]) {
    for (method, path, body, status, code) in rows {
        let answer = world.admin(method, &format!("{base}{path}"), body.clone()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (*status, *code),
            "{method} {path}: {}",
            answer.text
        );
    }
}
