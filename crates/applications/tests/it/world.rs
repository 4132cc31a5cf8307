//! A hub with the controller at work, a spoke to deploy to, a repository to commit to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use gangplank_apiserver::{ApiServer, Body, CertificateUser, Peer};
use gangplank_applications::{
    ClusterFacts, Destination, DestinationChange, DestinationError, Destinations, FileTree, Notifier,
    Options, Ports, Repositories, Repository, SourceError, application_resource, definitions, notifier,
};
use gangplank_runtime::{Health, Metrics, Shutdown};
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use tokio::sync::broadcast;

pub(crate) const URL: &str = "https://git.example.com/tree";
pub(crate) const SPOKE: &str = "https://aks-a.example.com:443";

/// Returns a client of an embedded API server, as an administrator.
pub(crate) fn client(server: &ApiServer) -> Client {
    let server = server.clone();
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let server = server.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_else(|_| Bytes::new());
            let peer = Peer {
                address: None,
                certificate: Some(CertificateUser {
                    common_name: "admin".into(),
                    organizations: vec!["system:masters".into()],
                }),
            };
            let response: Response<Body> = server.handle(Request::from_parts(parts, body), &peer).await;
            Ok::<_, Infallible>(response)
        }
    });
    Client::new(service, "default")
}

/// Repositories in memory: every commit is a whole tree.
#[derive(Default)]
struct Commits {
    commits: Mutex<Vec<Arc<FileTree>>>,
}

impl Repositories for Commits {
    fn resolve(&self, repository: &Repository, _: &str) -> BoxFuture<'_, Result<String, SourceError>> {
        let known = repository.url == URL;
        async move {
            let count = self.commits.lock().unwrap().len();
            if known && count > 0 {
                Ok(format!("{count:040}"))
            } else {
                Err(SourceError { message: "repository not found".into() })
            }
        }
        .boxed()
    }

    fn tree(&self, _: &Repository, commit: &str) -> BoxFuture<'_, Result<Arc<FileTree>, SourceError>> {
        let index: usize = commit.parse().unwrap_or_default();
        async move {
            let commits = self.commits.lock().unwrap();
            commits
                .get(index.wrapping_sub(1))
                .cloned()
                .ok_or(SourceError { message: "no such commit".into() })
        }
        .boxed()
    }
}

/// The hub, and a spoke that can go away.
struct Clusters {
    hub: Client,
    spoke: Client,
    known: Mutex<bool>,
    changes: broadcast::Sender<DestinationChange>,
}

impl Destinations for Clusters {
    fn resolve(&self, server: &str, name: &str) -> Result<Destination, DestinationError> {
        let of = |server: &str, name: &str, client: &Client| {
            Ok(Destination { server: server.into(), name: name.into(), client: client.clone() })
        };
        match (server, name) {
            ("https://kubernetes.default.svc", _) | (_, "in-cluster") => {
                of("https://kubernetes.default.svc", "in-cluster", &self.hub)
            }
            (SPOKE, _) | (_, "aks-a") if *self.known.lock().unwrap() => of(SPOKE, "aks-a", &self.spoke),
            _ => Err(DestinationError::Unresolvable(format!("there are no clusters with this name: {name}"))),
        }
    }

    fn clusters(&self) -> Vec<ClusterFacts> {
        let labels = |environment: &str| BTreeMap::from([("environment".to_owned(), environment.to_owned())]);
        let mut clusters = vec![ClusterFacts {
            name: "in-cluster".into(),
            server: "https://kubernetes.default.svc".into(),
            ..ClusterFacts::default()
        }];
        if *self.known.lock().unwrap() {
            clusters.push(ClusterFacts {
                name: "aks-a".into(),
                server: SPOKE.into(),
                labels: labels("prd"),
                ..ClusterFacts::default()
            });
        }
        clusters
    }

    fn changes(&self) -> BoxStream<'static, DestinationChange> {
        let receiver = self.changes.subscribe();
        futures::stream::unfold(receiver, |mut receiver| async move {
            Some((receiver.recv().await.ok()?, receiver))
        })
        .boxed()
    }
}

pub(crate) struct World {
    pub(crate) hub: Client,
    pub(crate) spoke: Client,
    clusters: Arc<Clusters>,
    commits: Arc<Commits>,
    notifier: Notifier,
    shutdown: Shutdown,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl World {
    /// Starts everything; the spoke is known, and Applications are looked at every second.
    pub(crate) async fn new() -> World {
        World::with_resync(Duration::from_secs(1)).await
    }

    /// Starts everything; an Application at rest is looked at only when something wakes it.
    pub(crate) async fn quiet() -> World {
        World::with_resync(Duration::from_secs(3600)).await
    }

    async fn with_resync(resync: Duration) -> World {
        let server = |name: &str| client(&ApiServer::builder(name).build().unwrap());
        let (hub, spoke) = (server("hub"), server("spoke"));
        let mut world = World::assemble(hub, spoke);
        for definition in definitions() {
            world.apply(&world.hub, "apiextensions.k8s.io/v1", "CustomResourceDefinition", &definition).await;
        }
        for resource in ["applications", "appprojects", "applicationsets"] {
            world
                .until(&format!("{resource} are served"), || async {
                    let path = format!("/apis/argoproj.io/v1alpha1/namespaces/argocd/{resource}");
                    let request = Request::get(path).body(Vec::new()).unwrap();
                    world.hub.request::<Value>(request).await.is_ok()
                })
                .await;
        }
        world.namespace(&world.hub, "argocd").await;
        world.start(resync);
        world
    }

    fn assemble(hub: Client, spoke: Client) -> World {
        let clusters = Arc::new(Clusters {
            hub: hub.clone(),
            spoke: spoke.clone(),
            known: Mutex::new(true),
            changes: broadcast::Sender::new(16),
        });
        let (notifier, _) = notifier();
        World { hub, spoke, clusters, commits: Arc::default(), notifier, shutdown: Shutdown::new() }
    }

    fn start(&mut self, resync: Duration) {
        let (notifier, notifications) = notifier();
        self.notifier = notifier;
        let ports = Ports { repositories: self.commits.clone(), destinations: self.clusters.clone() };
        let options = Options { resync, ..Options::default() };
        let (hub, shutdown) = (self.hub.clone(), self.shutdown.clone());
        tokio::spawn(async move {
            let (metrics, health) = (Metrics::new(), Health::new());
            gangplank_applications::run(hub, ports, options, notifications, &metrics, &health, shutdown)
                .await;
        });
    }

    /// Commits a whole tree and says so.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) {
        let mut tree = FileTree::new();
        for (path, content) in files {
            tree.insert(path, content.as_bytes().into());
        }
        self.commits.commits.lock().unwrap().push(Arc::new(tree));
        self.notifier.commit(URL);
    }

    /// Makes the spoke known, or unknown.
    pub(crate) fn spoke_known(&self, known: bool) {
        *self.clusters.known.lock().unwrap() = known;
        let _ = self.clusters.changes.send(DestinationChange { server: SPOKE.into(), name: "aks-a".into() });
    }

    pub(crate) async fn namespace(&self, client: &Client, name: &str) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.apply(client, "v1", "Namespace", &namespace).await;
    }

    pub(crate) async fn apply(&self, client: &Client, api_version: &str, kind: &str, object: &Value) {
        let resource = resource(api_version, kind);
        let namespace = object["metadata"]["namespace"].as_str();
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let name = object["metadata"]["name"].as_str().unwrap();
        api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
    }

    /// Creates an Application that deploys `path` to the namespace `app` of a cluster.
    pub(crate) async fn application(&self, name: &str, path: &str, cluster: &str, policy: Value) {
        let object: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {
                "name": name, "namespace": "argocd",
                "finalizers": ["resources-finalizer.argocd.argoproj.io"],
            },
            "spec": {
                "project": "default",
                "source": {"repoURL": URL, "path": path, "targetRevision": "main"},
                "destination": {"name": cluster, "namespace": "app"},
                "syncPolicy": policy,
            },
        }))
        .unwrap();
        self.applications().create(&PostParams::default(), &object).await.unwrap();
    }

    pub(crate) fn applications(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.hub.clone(), "argocd", &application_resource())
    }

    pub(crate) async fn patch_application(&self, name: &str, patch: Value) {
        self.applications().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(crate) async fn delete_application(&self, name: &str) {
        self.applications().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Returns `sync/health phase` of an Application; `absent` when there is none.
    pub(crate) async fn state(&self, name: &str) -> String {
        let Ok(Some(object)) = self.applications().get_opt(name).await else { return "absent".into() };
        let word =
            |pointer: &str| object.data.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
        format!(
            "{}/{} {}",
            word("/status/sync/status"),
            word("/status/health/status"),
            word("/status/operationState/phase")
        )
    }

    /// Waits until an Application is as expected; fails with its status when that takes too long.
    pub(crate) async fn until_state(&self, name: &str, expect: &str) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while self.state(name).await != expect {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        if waited.await.is_err() {
            let object = self.applications().get_opt(name).await;
            panic!("{name} is not {expect:?} but {:?}: {object:#?}", self.state(name).await);
        }
    }

    pub(crate) async fn until<F, R>(&self, what: &str, mut holds: F)
    where
        F: FnMut() -> R,
        R: Future<Output = bool>,
    {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(waited.await.is_ok(), "waited in vain until {what}");
    }

    /// Returns a ConfigMap's `data` in the namespace `app`.
    pub(crate) async fn data(&self, client: &Client, name: &str) -> Option<Value> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), "app", &resource("v1", "ConfigMap"));
        api.get_opt(name).await.unwrap().map(|object| object.data["data"].clone())
    }
}

pub(crate) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource {
        group: group.into(),
        version: version.into(),
        api_version: api_version.into(),
        kind: kind.into(),
        plural: format!("{}s", kind.to_lowercase()),
    }
}

/// A ConfigMap as YAML.
pub(crate) fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"{value}\"\n")
}
