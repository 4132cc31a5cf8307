//! Watches cluster Secrets and proves each cluster's reach: on change, on an interval, and when Argo CD's pods change.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Secret, ServiceAccount};
use kube::api::Api;
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{mpsc, watch};

use gangplank_runtime::{
    Attempts, Backoff, Component, ControllerMetrics, Health, Metrics, Outcome, Shutdown, jittered,
    random_fraction,
};

use crate::clients::ClusterClients;
use crate::exchange::{TokenExchange, Tokens};
use crate::failure::{Failure, Hop};
use crate::identity::PodIdentity;
use crate::probe::{Proof, prove, prove_hub};
use crate::reach::{Reach, ReachIndex, ReachState};
use crate::secret::{ClusterSecret, IN_CLUSTER_SERVER, SECRET_TYPE_LABEL, check_fleet, read_cluster};
use crate::transport::Network;

/// How a failed proof is repeated: soon at first, since roles and credentials take a while to work.
const RETRY: Backoff =
    Backoff { base: Duration::from_secs(1), factor: 2.0, cap: Duration::from_secs(60), jitter: 0.2 };

/// What the controller is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Argo CD's namespace on the hub.
    pub namespace: String,
    /// The service accounts whose logins must work; the last one's is used by clients.
    pub service_accounts: Vec<String>,
    /// Entra's address for service accounts without pods.
    pub authority_host: String,
    /// Whether a service account without pods is taken to have what the webhook would give it.
    pub assume_pods: bool,
    /// The pause between proofs of a reachable cluster, before jitter.
    pub interval: Duration,
    /// How many clusters are proven at once.
    pub concurrency: u16,
    /// How clusters are reached.
    pub network: Network,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            namespace: "argocd".to_owned(),
            service_accounts: vec!["argocd-server".to_owned(), "argocd-application-controller".to_owned()],
            authority_host: "https://login.microsoftonline.com/".to_owned(),
            assume_pods: true,
            interval: Duration::from_secs(900),
            concurrency: 64,
            network: Network::default(),
        }
    }
}

/// What the controller knows, for others to share: who is reachable, and clients for all.
#[derive(Clone)]
pub struct Clusters {
    hub: Client,
    options: Arc<Options>,
    tokens: Tokens,
    /// The reach of each cluster.
    pub reach: ReachIndex,
    /// A client for each cluster.
    pub clients: ClusterClients,
    reported: Arc<Mutex<Option<mpsc::UnboundedReceiver<String>>>>,
}

impl Clusters {
    /// Prepares the controller of `hub`; [`run`] fills what it shares.
    pub fn new(hub: Client, exchange: Arc<dyn TokenExchange>, options: Options) -> Clusters {
        let tokens = Tokens::new(hub.clone(), &options.namespace, exchange);
        let (reports, reported) = mpsc::unbounded_channel();
        let reach = ReachIndex::new();
        let clients =
            ClusterClients::new(hub.clone(), tokens.clone(), options.network.clone(), reach.clone(), reports);
        Clusters {
            hub,
            options: Arc::new(options),
            tokens,
            reach,
            clients,
            reported: Arc::new(Mutex::new(Some(reported))),
        }
    }
}

type Identities = Arc<Vec<Result<PodIdentity, Failure>>>;

struct Context {
    clusters: Clusters,
    identities: watch::Receiver<Identities>,
    attempts: Mutex<Attempts<String>>,
    metrics: ControllerMetrics,
    reachable: Family<ClusterLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClusterLabels {
    secret: String,
    cluster: String,
}

/// Runs until the shutdown begins.
pub async fn run(clusters: Clusters, metrics: &Metrics, health: &Health, shutdown: Shutdown) {
    let component = health.component("clusters");
    let (sender, identities) = watch::channel(Identities::default());
    let observed = observe_identities(clusters.clone(), sender, shutdown.clone());
    shutdown.spawn(observed);
    let mut first = identities.clone();
    component.waiting("Argo CD's pods and service accounts are being listed");
    tokio::select! {
        () = shutdown.triggered() => return,
        _ = first.changed() => {}
    }
    let reachable = Family::<ClusterLabels, Gauge>::default();
    metrics.register(|registry| {
        registry.register(
            "cluster_reachable",
            "Whether the last proof of reach held (1) or not (0)",
            reachable.clone(),
        );
    });
    let context = Arc::new(Context {
        clusters: clusters.clone(),
        identities: identities.clone(),
        attempts: Mutex::default(),
        metrics: metrics.controller("clusters"),
        reachable: reachable.clone(),
    });
    let api: Api<Secret> = Api::namespaced(clusters.hub.clone(), &clusters.options.namespace);
    let (reader, writer) = reflector::store();
    let config = watcher::Config::default().labels(&format!("{SECRET_TYPE_LABEL}=cluster"));
    let (watched, store) = (clusters.clone(), reader.clone());
    let secrets = watcher::watcher(api, config)
        .default_backoff()
        .reflect(writer)
        .inspect_ok(move |event| note(&watched, &store, &component, &reachable, event))
        .applied_objects();
    let changed = each_change(identities);
    let namespace = clusters.options.namespace.clone();
    let reported = clusters.reported.lock().unwrap_or_else(PoisonError::into_inner).take();
    let reported = each_report(reported).map(move |secret| ObjectRef::new(&secret).within(&namespace));
    Controller::for_stream(secrets, reader)
        .with_config(Config::default().concurrency(clusters.options.concurrency))
        .reconcile_all_on(changed)
        .reconcile_on(reported)
        .graceful_shutdown_on(shutdown.token().cancelled_owned())
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_secs(5)), context)
        .for_each(|_| std::future::ready(()))
        .await;
}

fn each_change(receiver: watch::Receiver<Identities>) -> impl futures::Stream<Item = ()> + Send + 'static {
    futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.changed().await.ok()?;
        Some(((), receiver))
    })
}

fn each_report(
    receiver: Option<mpsc::UnboundedReceiver<String>>,
) -> impl futures::Stream<Item = String> + Send + 'static {
    futures::stream::unfold(receiver, |receiver| async move {
        let mut receiver = receiver?;
        Some((receiver.recv().await?, Some(receiver)))
    })
}

/// Keeps what is shared free of clusters whose Secrets are gone, even where their deletion was missed.
fn note(
    clusters: &Clusters,
    store: &Store<Secret>,
    component: &Component,
    reachable: &Family<ClusterLabels, Gauge>,
    event: &watcher::Event<Secret>,
) {
    match event {
        watcher::Event::Delete(secret) => forget(clusters, reachable, &secret.name_any()),
        watcher::Event::InitDone => {
            let present: HashSet<String> = store.state().iter().map(|secret| secret.name_any()).collect();
            for reach in clusters.reach.all().iter().filter(|reach| !present.contains(&reach.secret)) {
                forget(clusters, reachable, &reach.secret);
            }
            component.ready();
        }
        _ => {}
    }
}

fn forget(clusters: &Clusters, reachable: &Family<ClusterLabels, Gauge>, secret: &str) {
    if let Some(reach) = clusters.reach.by_secret(secret) {
        reachable.remove(&ClusterLabels { secret: secret.to_owned(), cluster: reach.name.clone() });
    }
    clusters.reach.remove(secret);
    clusters.clients.remove(secret);
}

async fn reconcile(secret: Arc<Secret>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let started = Instant::now();
    let clusters = &context.clusters;
    let name = secret.name_any();
    let reading = read_cluster(&secret, Timestamp::now());
    let mut findings = reading.findings;
    let before = clusters.reach.by_secret(&name);
    let mut reach = Reach {
        secret: name.clone(),
        name: text(&secret, "name"),
        server: text(&secret, "server").trim_end_matches('/').to_owned(),
        resource_version: secret.resource_version().unwrap_or_default(),
        state: before.as_ref().map_or(ReachState::Unproven, |before| before.state.clone()),
        proven_at: before.and_then(|before| before.proven_at),
        took: Duration::ZERO,
        findings: findings.clone(),
    };
    let outcome = match reading.cluster {
        None => {
            clusters.clients.remove(&name);
            let finding = findings.first();
            Err(Failure::new(
                Hop::Secret,
                finding.map_or("secret-unreadable", |finding| finding.code),
                finding.map_or_else(String::new, |finding| format!("{}: {}", finding.place, finding.cause)),
                finding.map_or_else(String::new, |finding| finding.mend.clone()),
            ))
        }
        Some(cluster) => {
            let cluster = Arc::new(cluster);
            clusters.clients.put(cluster.clone());
            let rivals: Vec<_> = clusters
                .clients
                .clusters()
                .into_iter()
                .filter(|other| other.server == cluster.server || other.name == cluster.name)
                .collect();
            let about_this = check_fleet(rivals.iter().map(Arc::as_ref)).into_iter();
            findings.extend(about_this.filter(|(uid, _)| *uid == cluster.uid).map(|(_, finding)| finding));
            reach.findings = findings;
            if reach.state == ReachState::Unproven {
                clusters.reach.put(reach.clone());
            }
            let identities = context.identities.borrow().clone();
            prove_one(clusters, &cluster, &identities).await
        }
    };
    reach.took = started.elapsed();
    reach.proven_at = Some(Timestamp::now());
    let mut attempts = context.attempts.lock().unwrap_or_else(PoisonError::into_inner);
    let again = match &outcome {
        Ok(_) => {
            attempts.forget(&name);
            jittered(clusters.options.interval, 0.2, random_fraction())
        }
        Err(_) => RETRY.delay(attempts.failed(name), random_fraction()),
    };
    drop(attempts);
    context.metrics.observe(if outcome.is_ok() { Outcome::Done } else { Outcome::Failed }, reach.took);
    let labels = ClusterLabels { secret: reach.secret.clone(), cluster: reach.name.clone() };
    context.reachable.get_or_create(&labels).set(i64::from(outcome.is_ok()));
    reach.state = match outcome {
        Ok(proof) => ReachState::Reachable { version: proof.version },
        Err(failure) => {
            tracing::info!(cluster = %reach.name, %failure, "cluster not reachable");
            ReachState::Unreachable(failure)
        }
    };
    clusters.reach.put(reach);
    Ok(Action::requeue(again))
}

async fn prove_one(
    clusters: &Clusters,
    cluster: &ClusterSecret,
    identities: &Identities,
) -> Result<Proof, Failure> {
    if cluster.server == IN_CLUSTER_SERVER {
        return prove_hub(&clusters.hub).await;
    }
    prove(cluster, identities, &clusters.tokens, &clusters.options.network).await
}

fn text(secret: &Secret, key: &str) -> String {
    let bytes = secret.data.as_ref().and_then(|data| data.get(key));
    bytes.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned()).unwrap_or_default()
}

/// Follows Argo CD's pods and service accounts, and publishes what each service account logs in with.
async fn observe_identities(clusters: Clusters, identities: watch::Sender<Identities>, shutdown: Shutdown) {
    let namespace = &clusters.options.namespace;
    let pods: Api<Pod> = Api::namespaced(clusters.hub.clone(), namespace);
    let accounts: Api<ServiceAccount> = Api::namespaced(clusters.hub.clone(), namespace);
    let (pod_store, pod_writer) = reflector::store();
    let (account_store, account_writer) = reflector::store();
    let pods =
        watcher::watcher(pods, watcher::Config::default()).default_backoff().reflect(pod_writer).map(|_| ());
    let accounts = watcher::watcher(accounts, watcher::Config::default())
        .default_backoff()
        .reflect(account_writer)
        .map(|_| ());
    let mut changes = futures::stream::select(pods.boxed(), accounts.boxed());
    let (mut listed, mut told) = (false, false);
    loop {
        tokio::select! {
            () = shutdown.triggered() => return,
            change = changes.next() => if change.is_none() { return },
        }
        listed = listed || (is_listed(&pod_store) && is_listed(&account_store));
        if !listed {
            continue;
        }
        let now = identities_of(&clusters.options, &pod_store.state(), &account_store.state());
        clusters.clients.set_identity(now.last().and_then(|last| last.clone().ok()));
        let now = Arc::new(now);
        identities.send_if_modified(|current| {
            let differs = *current != now || !told;
            *current = now;
            differs
        });
        told = true;
    }
}

fn is_listed<K>(store: &Store<K>) -> bool
where
    K: reflector::Lookup + Clone + 'static,
    K::DynamicType: Eq + std::hash::Hash + Clone,
{
    futures::FutureExt::now_or_never(store.wait_until_ready()).is_some()
}

/// Decides what each service account logs in with: its newest living pod, or the webhook's work where none runs.
fn identities_of(
    options: &Options,
    pods: &[Arc<Pod>],
    accounts: &[Arc<ServiceAccount>],
) -> Vec<Result<PodIdentity, Failure>> {
    let mut newest: BTreeMap<&str, &Arc<Pod>> = BTreeMap::new();
    for pod in pods {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending");
        if pod.metadata.deletion_timestamp.is_some() || matches!(phase, "Succeeded" | "Failed") {
            continue;
        }
        let Some(account) = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()) else {
            continue;
        };
        let created = |pod: &Pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let entry = newest.entry(account).or_insert(pod);
        if created(pod) > created(entry) {
            *entry = pod;
        }
    }
    let identity = |name: &String| {
        let account = accounts.iter().find(|account| account.name_any() == *name);
        match (newest.get(name.as_str()), account) {
            (_, None) => Err(Failure::new(
                Hop::Login,
                "service-account-missing",
                format!("the hub has no service account {}/{name}", options.namespace),
                "create it, or name the one that Argo CD runs with",
            )
            .of(name)),
            (Some(pod), Some(_)) => Ok(PodIdentity::observe(pod)),
            (None, Some(account)) if options.assume_pods => {
                Ok(PodIdentity::assume(account, &options.authority_host))
            }
            (None, Some(_)) => Err(Failure::new(
                Hop::Login,
                "no-pod",
                format!("no pod of {}/{name} runs on the hub, so nothing logs in", options.namespace),
                "start Argo CD",
            )
            .of(name)),
        }
    };
    options.service_accounts.iter().map(identity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, account: &str, created: &str, phase: &str) -> Arc<Pod> {
        Arc::new(
            serde_json::from_value(json!({
                "metadata": {"name": name, "creationTimestamp": created},
                "spec": {"serviceAccountName": account, "containers": []},
                "status": {"phase": phase},
            }))
            .unwrap(),
        )
    }

    fn account(name: &str) -> Arc<ServiceAccount> {
        Arc::new(serde_json::from_value(json!({"metadata": {"name": name}})).unwrap())
    }

    #[test]
    fn the_newest_living_pod_speaks() {
        let options =
            Options { service_accounts: vec!["a".into(), "b".into(), "c".into()], ..Options::default() };
        let pods = [
            pod("a-old", "a", "2026-01-01T00:00:00Z", "Running"),
            pod("a-new", "a", "2026-01-02T00:00:00Z", "Running"),
            pod("a-done", "a", "2026-01-03T00:00:00Z", "Succeeded"),
        ];
        let told = |assume_pods| -> Vec<Result<Option<String>, &str>> {
            identities_of(&Options { assume_pods, ..options.clone() }, &pods, &[account("a"), account("b")])
                .into_iter()
                .map(|identity| identity.map(|identity| identity.pod).map_err(|failure| failure.code))
                .collect()
        };
        assert_eq!(told(true), [Ok(Some("a-new".into())), Ok(None), Err("service-account-missing")]);
        assert_eq!(told(false), [Ok(Some("a-new".into())), Err("no-pod"), Err("service-account-missing")]);
    }
}
