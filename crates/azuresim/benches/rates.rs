//! How many logins and reads a second the cloud answers, through the door that every client comes by.
//!
//! `cargo bench -p gangplank-azuresim` prints a Markdown table. The world holds 1,000 clusters' secrets and roles. There
//! is no wire in it; `cargo bench -p gangplank-sandbox` measures with one.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement prints its result and ends where it fails"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use gangplank_azuresim::{
    BoxFuture, Cloud, ClusterBackend, ClusterFacts, ClusterSpec, Environment, IssuerFetch, NewCredential,
    NewVault, Options, SecretSeed, Subscription, rbac::role_id,
};
use gangplank_pki::{KeySet, SigningKey};
use http_body_util::BodyExt;
use jiff::Timestamp;
use rand::SeedableRng;
use serde_json::{Value, json};
use uuid::Uuid;

const ISSUER: &str = "https://westeurope.oic.prod-aks.azure.com/tenant/hub/";
const SUBJECT: &str = "system:serviceaccount:argocd:eso-sa";
const AUDIENCE: &str = "api://AzureADTokenExchange";
const CLUSTERS: usize = 1_000;
const MEASURED: Duration = Duration::from_secs(3);

struct Hub(KeySet);

impl IssuerFetch for Hub {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        let keys = format!("{ISSUER}keys");
        let body = if url == keys { json!(self.0) } else { json!({"issuer": ISSUER, "jwks_uri": keys}) };
        Box::pin(async move { Ok(body.to_string().into()) })
    }
}

/// No cluster is made here.
struct NoClusters;

impl ClusterBackend for NoClusters {
    fn create(&self, _: ClusterSpec) -> BoxFuture<'_, Result<ClusterFacts, String>> {
        refused()
    }
    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        refused()
    }
    fn rotate_certificates<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<ClusterFacts, String>> {
        refused()
    }
    fn rotate_service_account_keys<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        refused()
    }
    fn start<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        refused()
    }
    fn stop<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        refused()
    }
}

fn refused<'a, T>() -> BoxFuture<'a, Result<T, String>> {
    Box::pin(async { Err("this world has no clusters".to_owned()) })
}

/// A world whose one identity may read the vault, and how it logs in.
fn world() -> (Cloud, String) {
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let key = SigningKey::generate(&mut rng).expect("a key");
    let subscription = Uuid::from_u128(3);
    let cloud = Cloud::new(Options {
        environment: Environment::public(),
        tenant_id: Uuid::from_u128(1),
        tenant_domain: "contoso.onmicrosoft.com".into(),
        subscriptions: vec![Subscription { id: subscription, display_name: "rates".into() }],
        seed: 1,
        clock: Arc::new(Timestamp::now),
        issuers: Arc::new(Hub(KeySet::of([&key]))),
        clusters: Arc::new(NoClusters),
    })
    .expect("a cloud");
    let group = cloud.create_group(subscription, "argocd", "westeurope").expect("a group");
    let vault = cloud.create_vault(&group, NewVault::new("argocd-akv", "westeurope")).expect("a vault");
    let identity = cloud.create_identity(&group, "eso", "westeurope").expect("an identity");
    let credential = NewCredential {
        name: "eso-sa".into(),
        issuer: ISSUER.into(),
        subject: SUBJECT.into(),
        audience: AUDIENCE.into(),
    };
    cloud.create_credential(&identity.id, credential).expect("a credential");
    let role = role_id("Key Vault Secrets User").expect("a role");
    cloud.assign_role(&vault, identity.principal_id, role).expect("assigned");
    for cluster in 0..CLUSTERS {
        cloud
            .set_secret("argocd-akv", &format!("aks{cluster}-ca-cert"), SecretSeed::new("c".repeat(2_200)))
            .expect("set");
        // An identity of a fleet holds a role for each cluster; a check must not look at them all.
        let scope = format!("{vault}/secrets/aks{cluster}-server-url");
        cloud.assign_role(&scope, identity.principal_id, role).expect("assigned");
    }
    let now = Timestamp::now().as_second();
    let claims =
        json!({"iss": ISSUER, "sub": SUBJECT, "aud": [AUDIENCE], "iat": now, "nbf": now, "exp": now + 3600});
    let assertion = key.sign(&claims).expect("signed");
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &identity.client_id.to_string())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", &assertion)
        .append_pair("scope", "https://vault.azure.net/.default")
        .finish();
    (cloud, form)
}

async fn login(cloud: &Cloud, form: &str) -> Bytes {
    let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", cloud.tenant_id());
    let request = http::Request::post(url).body(Bytes::copy_from_slice(form.as_bytes())).expect("a request");
    answer(cloud, request).await
}

async fn read(cloud: &Cloud, token: &str, secret: usize) -> Bytes {
    let url = format!("https://argocd-akv.vault.azure.net/secrets/aks{secret}-ca-cert/?api-version=7.4");
    let request =
        http::Request::get(url).header("authorization", token).body(Bytes::new()).expect("a request");
    answer(cloud, request).await
}

async fn answer(cloud: &Cloud, request: http::Request<Bytes>) -> Bytes {
    let response = cloud.handle(request).await;
    assert!(response.status().is_success(), "{}", response.status());
    response.into_body().collect().await.expect("a body").to_bytes()
}

/// Runs `act` on both cores until the time is over, and prints the rate.
async fn measure<F>(what: &str, act: impl Fn(usize) -> F + Clone + Send + 'static)
where
    F: Future<Output = Bytes> + Send + 'static,
{
    let begun = Instant::now();
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let act = act.clone();
            tokio::spawn(async move {
                let mut done = 0;
                while begun.elapsed() < MEASURED {
                    act(done % CLUSTERS).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for worker in workers {
        done += worker.await.expect("a worker");
    }
    println!("| {what} | {:.0} |", done as f64 / begun.elapsed().as_secs_f64());
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (cloud, form) = world();
    let granted: Value = serde_json::from_slice(&login(&cloud, &form).await).expect("JSON");
    let token = format!("Bearer {}", granted["access_token"].as_str().expect("a token"));
    println!("| in the process, 2 threads | a second |\n|---|---|");
    let (logins, form) = (cloud.clone(), form.clone());
    measure("logins by a ServiceAccount's token", move |_| {
        let (cloud, form) = (logins.clone(), form.clone());
        async move { login(&cloud, &form).await }
    })
    .await;
    measure("reads of secrets", move |secret| {
        let (cloud, token) = (cloud.clone(), token.clone());
        async move { read(&cloud, &token, secret).await }
    })
    .await;
}
