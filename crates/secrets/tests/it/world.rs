//! The world: an API server with the definitions, an Azure that trusts its tokens, and the operator between them.

use crate::player::Stage;
use crate::tenant::{TENANT, Tenant};
use crate::vaults::Azure;
use bytes::Bytes;
use gangplank_apiserver::{ApiServer, CertificateUser, Peer};
use gangplank_azure::{Clock, RetryPolicy, Tokens, Transport, VaultLimits, Vaults};
use gangplank_azuresim::{ApplicationIds, BoxFuture, IssuerFetch};
use gangplank_runtime::Shutdown;
use gangplank_secrets::Ports;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::future::Future;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The hub publishes its keys where Entra looks for them.
struct Published(ApiServer);

impl IssuerFetch for Published {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        let issuer = self.0.issuer().trim_end_matches('/');
        let keys = format!("{issuer}/openid/v1/jwks");
        let answer = if url == keys {
            Ok(self.0.json_web_keys())
        } else if url.strip_prefix(issuer) == Some("/.well-known/openid-configuration") {
            Ok(json!({ "issuer": self.0.issuer(), "jwks_uri": keys }))
        } else {
            Err("404 Not Found".to_owned())
        };
        Box::pin(async move { answer.map(|value: Value| value.to_string().into()) })
    }
}

/// Held by tests that must not run beside each other: what is logged is caught by thread, and its filters are global.
pub(crate) static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What is wrong with the ways to the servers, for all who use them.
#[derive(Debug, Default)]
pub(crate) struct Weather {
    /// The API server takes no request.
    pub(crate) hub_down: AtomicBool,
    /// Requests to Azure arrive, and their answers get lost.
    pub(crate) cut: AtomicBool,
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) hub: ApiServer,
    pub(crate) tenant: Tenant,
    pub(crate) shutdown: Shutdown,
    /// What the operator asked of the hub, as `verb group/resource`.
    pub(crate) used: Arc<Mutex<BTreeSet<String>>>,
    /// What was asked of Azure, as `METHOD host/path`.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) weather: Arc<Weather>,
}

/// Who the operator is: with its own rights only.
const OPERATOR: &str = "system:serviceaccount:external-secrets:gangplank-secrets";

/// A request as RBAC sees it: `verb group/resource`.
fn right(method: &str, path: &str, query: &str) -> String {
    let mut segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let group = if segments[0] == "api" { "" } else { segments[1] };
    segments.drain(..if group.is_empty() { 2 } else { 3 });
    if segments[0] == "namespaces" && segments.len() > 2 {
        segments.drain(..2);
    }
    let resource = segments[0];
    let subresource = segments.get(2).map(|name| format!("/{name}")).unwrap_or_default();
    let verb = match method {
        "GET" if query.contains("watch=") => "watch",
        "GET" if segments.len() == 1 => "list",
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        _ => "delete",
    };
    format!("{verb} {group}/{resource}{subresource}")
}

impl World {
    /// A world with the definitions in place; the operator does not run yet.
    pub(crate) async fn new() -> Self {
        let hub = ApiServer::builder("hub").issuer("https://oidc.example/hub/").build().unwrap();
        let tenant = Tenant::new(hub.issuer(), Arc::new(Published(hub.clone())));
        let world = Self {
            hub,
            tenant,
            shutdown: Shutdown::new(),
            used: Arc::default(),
            asked: Arc::default(),
            weather: Arc::default(),
        };
        for definition in gangplank_secrets::crds() {
            let manifest = gangplank_yaml::to_json(definition.yaml, gangplank_yaml::Dialect::SigsV2).unwrap();
            let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
            let answer = world.ask("POST", path, Some(&manifest)).await;
            assert_eq!(answer.0, 201, "{}: {}", definition.name, answer.1);
        }
        world.grant().await;
        world
    }

    /// Gives the operator what its manifest gives it.
    async fn grant(&self) {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "external-secrets"}});
        self.ask("POST", "/api/v1/namespaces", Some(&namespace)).await;
        let manifest = gangplank_secrets::rbac::manifest("gangplank-secrets", "external-secrets");
        for document in manifest.split("---\n") {
            let object = gangplank_yaml::to_json(document, gangplank_yaml::Dialect::SigsV2).unwrap();
            let rbac = "/apis/rbac.authorization.k8s.io/v1";
            let path = match object["kind"].as_str().unwrap() {
                "ServiceAccount" => "/api/v1/namespaces/external-secrets/serviceaccounts".to_owned(),
                "ClusterRole" => format!("{rbac}/clusterroles"),
                "ClusterRoleBinding" => format!("{rbac}/clusterrolebindings"),
                "Role" => format!("{rbac}/namespaces/external-secrets/roles"),
                _ => format!("{rbac}/namespaces/external-secrets/rolebindings"),
            };
            let answer = self.ask("POST", &path, Some(&object)).await;
            assert_eq!(answer.0, 201, "{}", answer.1);
        }
    }

    fn peer(name: &str, group: &str) -> Peer {
        let certificate =
            CertificateUser { common_name: name.to_owned(), organizations: vec![group.to_owned()] };
        Peer { address: None, certificate: Some(certificate) }
    }

    /// The operator's Kubernetes client, which never leaves the process and has the operator's rights only.
    pub(crate) fn client(&self) -> kube::Client {
        let (hub, used, weather) = (self.hub.clone(), Arc::clone(&self.used), Arc::clone(&self.weather));
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let uri = request.uri().clone();
            let right = right(request.method().as_str(), uri.path(), uri.query().unwrap_or_default());
            used.lock().unwrap().insert(right);
            let (hub, down) = (hub.clone(), weather.hub_down.load(Ordering::Relaxed));
            async move {
                if down {
                    return Err(std::io::Error::from(ErrorKind::ConnectionRefused));
                }
                let (parts, body) = request.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                let peer = Self::peer(OPERATOR, "system:serviceaccounts");
                Ok(hub.handle(Request::from_parts(parts, body), &peer).await)
            }
        });
        kube::Client::new(service, "default")
    }

    /// A transport to the cloud that never leaves the process.
    pub(crate) fn transport(&self) -> Transport {
        let (cloud, asked) = (self.tenant.cloud.clone(), Arc::clone(&self.asked));
        let weather = Arc::clone(&self.weather);
        Transport::new(tower::service_fn(move |request: Request<Bytes>| {
            let uri = request.uri();
            let line = format!("{} {}{}", request.method(), uri.host().unwrap_or_default(), uri.path());
            asked.lock().unwrap().push(line);
            let (cloud, weather) = (cloud.clone(), Arc::clone(&weather));
            async move {
                // A vault's name is known to DNS only while the vault exists; the recorded stand-in answered 404.
                let response = cloud.handle(request).await;
                let (parts, body) = response.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                match weather.cut.load(Ordering::Relaxed) {
                    true => Err(std::io::Error::from(ErrorKind::ConnectionReset)),
                    false => Ok(Response::from_parts(parts, body)),
                }
            }
        }))
    }

    /// Starts the operator, to be ended by the world's shutdown.
    pub(crate) fn start(&self, options: gangplank_secrets::Options) {
        self.shutdown.spawn(self.operator(options));
    }

    /// The operator: it works while this is awaited, and is killed in the middle of whatever it does when this is dropped.
    pub(crate) fn operator(
        &self,
        options: gangplank_secrets::Options,
    ) -> impl Future<Output = Result<(), gangplank_secrets::Error>> + Send + 'static {
        let transport = self.transport();
        let tokens = Tokens::new(transport.clone(), Clock::system(), RetryPolicy::brief());
        let limits = VaultLimits { concurrent: 20, retry: RetryPolicy::brief() };
        let vaults = Vaults::new(transport, tokens.clone(), limits);
        let ports = Ports { vaults: Arc::new(Azure { tokens, vaults }) };
        let (client, shutdown) = (self.client(), self.shutdown.clone());
        gangplank_secrets::run(client, ports, options, shutdown)
    }

    /// Makes an object; its kind says where.
    pub(crate) async fn make(&self, object: &Value) {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
        let kind = object["kind"].as_str().unwrap().to_ascii_lowercase();
        let path = match (object["apiVersion"].as_str().unwrap(), kind.as_str()) {
            ("v1", "namespace") => "/api/v1/namespaces".to_owned(),
            ("v1", _) => format!("/api/v1/namespaces/{namespace}/{kind}s"),
            (version, _) => format!("/apis/{version}/namespaces/{namespace}/{kind}s"),
        };
        let (status, answer) = self.ask("POST", &path, Some(object)).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// Waits until an object is as wished.
    pub(crate) async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..3600 {
            let (_, object) = self.ask("GET", path, None).await;
            if holds(&object) {
                return object;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} did not come to it: {}", self.ask("GET", path, None).await.1);
    }

    /// A ServiceAccount that logs in as an application, and a store that uses it.
    pub(crate) async fn store(&self, application: ApplicationIds, namespace: &str, store: &str, vault: &str) {
        let account = format!("{store}-account");
        self.tenant.trust(application, namespace, &account);
        self.make(&json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": account, "namespace": namespace, "annotations": {
                "azure.workload.identity/client-id": application.app_id.to_string(),
                "azure.workload.identity/tenant-id": TENANT.to_string()}}}))
            .await;
        self.make(&json!({"apiVersion": "external-secrets.io/v1", "kind": "SecretStore",
            "metadata": {"name": store, "namespace": namespace},
            "spec": {"provider": {"azurekv": {"authType": "WorkloadIdentity",
                "vaultUrl": format!("https://{vault}.vault.azure.net"), "serviceAccountRef": {"name": account}}}}}))
            .await;
    }
}

impl Stage for World {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    async fn ask_for(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        content_type: &str,
        accept: &str,
    ) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .header("accept", accept)
            .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default())
            .unwrap();
        let response = self.hub.handle(request, &Self::peer("admin", "system:masters")).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

/// Whether an object's `Ready` condition has this status.
pub(crate) fn is_ready(object: &Value, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == status)
}
