//! A hub with Argo CD's pods, and a spoke that is reached over the loopback.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use gangplank_apiserver::{ApiServer, CertificateUser, Peer, TokenFile};
use gangplank_clusters::{
    AccessToken, AzureLogin, Clusters, ExchangeError, Failure, Options, ReachState, TokenExchange, run,
};
use gangplank_pki::{Authority, Lifetime, Purpose};
use gangplank_runtime::{Health, Metrics, Shutdown};
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use rand::SeedableRng;
use rand::rngs::StdRng;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const TOKEN_FILE: &str = "/var/run/secrets/azure/wi/token/azure-identity-token";

/// An Entra that gives the token `good` until it is told to refuse a client with an AADSTS code.
#[derive(Default)]
pub(crate) struct Entra {
    pub(crate) refusals: Mutex<BTreeMap<String, u32>>,
    pub(crate) exchanges: Mutex<u32>,
}

impl TokenExchange for Entra {
    fn exchange(
        &self,
        login: &AzureLogin,
        _: SecretString,
    ) -> BoxFuture<'_, Result<AccessToken, ExchangeError>> {
        *self.exchanges.lock().unwrap() += 1;
        let refusal = self.refusals.lock().unwrap().get(&login.client_id).copied();
        async move {
            match refusal {
                Some(code) => {
                    Err(ExchangeError::Refused { code: Some(code), message: format!("AADSTS{code}") })
                }
                None => Ok(AccessToken {
                    token: "good".into(),
                    expires: Timestamp::now() + SignedDuration::from_hours(1),
                }),
            }
        }
        .boxed()
    }
}

pub(crate) struct World {
    pub(crate) hub: Client,
    pub(crate) entra: Arc<Entra>,
    pub(crate) clusters: Clusters,
    pub(crate) authority: Authority,
    pub(crate) port: u16,
    shutdown: Shutdown,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

fn in_process(server: &ApiServer) -> Client {
    let server = server.clone();
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let server = server.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_else(|_| Bytes::new());
            let certificate =
                CertificateUser { common_name: "admin".into(), organizations: vec!["system:masters".into()] };
            let peer = Peer { address: None, certificate: Some(certificate) };
            Ok::<_, Infallible>(server.handle(Request::from_parts(parts, body), &peer).await)
        }
    });
    Client::new(service, "default")
}

pub(crate) fn authority(name: &str) -> Authority {
    let now = Timestamp::now().as_second();
    Authority::generate(name, Lifetime::days(now, 365), &mut StdRng::seed_from_u64(7)).unwrap()
}

/// Serves an API server over TLS on the loopback, with a certificate for `127.0.0.1`.
async fn serve(server: ApiServer, authority: &Authority, shutdown: Shutdown) -> u16 {
    let now = Timestamp::now().as_second();
    let purpose = Purpose::Server { names: vec!["127.0.0.1".into()] };
    let identity =
        authority.issue("spoke", purpose, Lifetime::days(now, 30), &mut StdRng::seed_from_u64(8)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate_der()], identity.key_der())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let stream = tokio::select! {
                () = shutdown.triggered() => return,
                accepted = listener.accept() => accepted.unwrap().0,
            };
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request: Request<Incoming>| {
                    let server = server.clone();
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                        Ok::<_, Infallible>(
                            server.handle(Request::from_parts(parts, body), &Peer::default()).await,
                        )
                    }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    port
}

impl World {
    /// Starts hub, spoke and controller. The token `good` is an administrator's on the spoke, `weak` may do little.
    pub(crate) async fn new() -> World {
        let shutdown = Shutdown::new();
        let authority = authority("spoke-ca");
        let users = TokenFile::parse("good,oid,1,system:masters\nweak,nobody,2,\n").unwrap();
        let spoke = ApiServer::builder("spoke").token_file(users).build().unwrap();
        let port = serve(spoke, &authority, shutdown.clone()).await;
        let hub = in_process(&ApiServer::builder("hub").build().unwrap());
        let entra = Arc::new(Entra::default());
        let options = Options { interval: Duration::from_secs(3600), ..Options::default() };
        let clusters = Clusters::new(hub.clone(), entra.clone(), options);
        let world = World { hub, entra, clusters, authority, port, shutdown };
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(world.hub.clone());
        let namespace = serde_json::from_value(json!({"metadata": {"name": "argocd"}})).unwrap();
        namespaces.create(&PostParams::default(), &namespace).await.unwrap();
        for account in ["argocd-server", "argocd-application-controller"] {
            world.account(account).await;
            world.pod(account, "client").await;
        }
        let (clusters, shutdown) = (world.clusters.clone(), world.shutdown.clone());
        tokio::spawn(async move { run(clusters, &Metrics::new(), &Health::new(), shutdown).await });
        world
    }

    async fn account(&self, name: &str) {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.hub.clone(), "argocd");
        let account = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        accounts.create(&PostParams::default(), &account).await.unwrap();
    }

    /// A pod as the webhook leaves it.
    pub(crate) async fn pod(&self, account: &str, client_id: &str) {
        let pods: Api<Pod> = Api::namespaced(self.hub.clone(), "argocd");
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": format!("{account}-0"), "labels": {"azure.workload.identity/use": "true"}},
            "spec": {
                "serviceAccountName": account,
                "containers": [{
                    "name": "main", "image": "i",
                    "env": [
                        {"name": "AZURE_CLIENT_ID", "value": client_id},
                        {"name": "AZURE_TENANT_ID", "value": "tenant"},
                        {"name": "AZURE_FEDERATED_TOKEN_FILE", "value": TOKEN_FILE},
                        {"name": "AZURE_AUTHORITY_HOST", "value": "https://login.microsoftonline.com/"},
                    ],
                    "volumeMounts": [{"name": "wi", "mountPath": "/var/run/secrets/azure/wi"}],
                }],
                "volumes": [{"name": "wi", "projected": {"sources": [
                    {"serviceAccountToken": {"audience": "api://AzureADTokenExchange", "path": "token/azure-identity-token"}},
                ]}}],
            },
        }))
        .unwrap();
        pods.create(&PostParams::default(), &pod).await.unwrap();
    }

    /// The config of a Secret as it should be.
    pub(crate) fn config(&self) -> Value {
        json!({
            "execProviderConfig": {
                "command": "argocd-k8s-auth", "args": ["azure"], "env": {"AAD_LOGIN_METHOD": "workloadidentity"},
                "apiVersion": "client.authentication.k8s.io/v1beta1",
            },
            "tlsClientConfig": {"caData": STANDARD.encode(self.authority.certificate_pem())},
        })
    }

    pub(crate) async fn declare(&self, name: &str, config: &Value) {
        self.declare_at(name, &format!("https://127.0.0.1:{}", self.port), config).await;
    }

    pub(crate) async fn declare_at(&self, name: &str, server: &str, config: &Value) {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": format!("{name}-cluster-secret"), "namespace": "argocd",
                "labels": {"argocd.argoproj.io/secret-type": "cluster"},
            },
            "stringData": {"name": name, "server": server, "config": config.to_string()},
        });
        let parameters = PatchParams::apply("test").force();
        self.secrets()
            .patch(&format!("{name}-cluster-secret"), &parameters, &Patch::Apply(&secret))
            .await
            .unwrap();
    }

    pub(crate) async fn undeclare(&self, name: &str) {
        self.secrets().delete(&format!("{name}-cluster-secret"), &DeleteParams::default()).await.unwrap();
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.hub.clone(), "argocd")
    }

    /// Waits for the proof of a cluster: `reachable`, or the code of its failure.
    pub(crate) async fn until(&self, name: &str, expect: &str) -> Option<Failure> {
        let mut last = String::new();
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let reach = self.clusters.reach.by_name(name);
                let (code, failure) = match reach.as_ref().map(|reach| &reach.state) {
                    None => ("absent", None),
                    Some(ReachState::Unproven) => ("unproven", None),
                    Some(ReachState::Reachable { .. }) => ("reachable", None),
                    Some(ReachState::Unreachable(failure)) => (failure.code, Some(failure.clone())),
                };
                if code == expect {
                    return failure;
                }
                last = format!("{code} {failure:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{name} is not {expect} but {last}"))
    }
}
