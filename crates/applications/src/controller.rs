//! Watches Applications and AppProjects, and everything that may move them: commits, clusters, the clock.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as StdInstant};

use futures::{FutureExt, StreamExt, TryStreamExt};
use kube::api::{Api, DynamicObject};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{PredicateConfig, WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use gangplank_runtime::{
    ControllerMetrics, EnactError, Health, Metrics, Outcome, Recorder, Shutdown, jittered, random_fraction,
};

use crate::cluster::{Touch, Watches};
use crate::engine::{Engine, reconcile};
use crate::object::text;
use crate::ports::{DestinationChange, Destinations, Repositories, Repository};
use crate::resources::{application_resource, project_resource};
use crate::sets::{self, Sets};
use crate::source::{Renders, RevisionKey, Revisions};

/// What the engine is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Argo CD's namespace on the hub.
    pub namespace: String,
    /// The name of this process, for events.
    pub instance: String,
    /// The pause between looks at the repositories, before jitter.
    pub poll: Duration,
    /// The pause between looks at an Application at rest, before jitter.
    pub resync: Duration,
    /// How many Applications are reconciled at once.
    pub concurrency: u16,
    /// The server URLs of clusters whose objects are watched, so that a change wakes its Application at once; the
    /// others are looked at every `resync`. A watch costs a connection a kind: for the hub, not for a thousand spokes.
    pub watched: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            namespace: "argocd".to_owned(),
            instance: "gangplank".to_owned(),
            poll: Duration::from_secs(120),
            resync: Duration::from_secs(300),
            concurrency: 32,
            watched: vec!["https://kubernetes.default.svc".to_owned()],
        }
    }
}

/// The ports of the engine.
#[derive(Clone)]
pub struct Ports {
    /// Git.
    pub repositories: Arc<dyn Repositories>,
    /// The clusters.
    pub destinations: Arc<dyn Destinations>,
}

/// Tells the engine of a commit, so that it need not wait for its poll.
#[derive(Clone, Debug)]
pub struct Notifier {
    sender: mpsc::UnboundedSender<String>,
}

/// The other end of [`Notifier`], for [`run`].
#[derive(Debug)]
pub struct Notifications {
    receiver: mpsc::UnboundedReceiver<String>,
}

/// Creates a pair of ends.
pub fn notifier() -> (Notifier, Notifications) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Notifier { sender }, Notifications { receiver })
}

impl Notifier {
    /// Says that `url` has a new commit; an empty URL stands for all.
    pub fn commit(&self, url: &str) {
        // An engine that has ended needs no word.
        let _ = self.sender.send(url.to_owned());
    }
}

struct Context {
    engine: Engine,
    metrics: ControllerMetrics,
}

/// Runs until the shutdown begins.
pub async fn run(
    hub: Client,
    ports: Ports,
    options: Options,
    notifications: Notifications,
    metrics: &Metrics,
    health: &Health,
    shutdown: Shutdown,
) {
    let component = health.component("applications");
    component.waiting("projects and applications are being listed");
    let projects: Api<DynamicObject> =
        Api::namespaced_with(hub.clone(), &options.namespace, &project_resource());
    let project_writer = reflector::store::Writer::new(project_resource());
    let project_store = project_writer.as_reader();
    let (project_changes, changed_projects) = mpsc::unbounded_channel();
    let watch_projects = watcher::watcher(projects, watcher::Config::default())
        .default_backoff()
        .reflect(project_writer)
        .touched_objects()
        .for_each(move |_| {
            let _ = project_changes.send(());
            std::future::ready(())
        });
    let ends = shutdown.token();
    shutdown.spawn(async move {
        tokio::select! {
            () = ends.cancelled() => {}
            () = watch_projects => {}
        }
    });
    tokio::select! {
        () = shutdown.triggered() => return,
        _ = project_store.wait_until_ready() => {}
    }

    let revisions = Arc::new(Revisions::new(ports.repositories.clone()));
    let renders = Arc::new(Renders::new(ports.repositories.clone()));
    let (touch, touched) = mpsc::unbounded_channel();
    let engine = Engine {
        watches: Arc::new(Watches::new(options.watched.clone(), touch, shutdown.clone())),
        recent: crate::engine::Recent::default(),
        hub: hub.clone(),
        revisions: revisions.clone(),
        renders: renders.clone(),
        destinations: ports.destinations.clone(),
        projects: project_store,
        recorder: Recorder::new(hub.clone(), "argocd-application-controller", &options.instance),
        verdicts: crate::engine::Verdicts::default(),
        kinds: Mutex::default(),
        attempts: Mutex::default(),
        options: options.clone(),
    };
    let context = Arc::new(Context { engine, metrics: metrics.controller("applications") });

    let api: Api<DynamicObject> =
        Api::namespaced_with(hub.clone(), &options.namespace, &application_resource());
    let writer = reflector::store::Writer::new(application_resource());
    let store = writer.as_reader();
    let (lost, orphaned) = mpsc::unbounded_channel();
    // The store's own `wait_until_ready` wakes one waiter only, and the controller below is one already.
    let (listed, mut all_listed) = tokio::sync::watch::channel(false);
    let applications = watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect_ok(move |event| match event {
            watcher::Event::InitDone => {
                component.ready();
                listed.send_replace(true);
            }
            watcher::Event::Delete(application) => {
                for owner in
                    application.owner_references().iter().filter(|owner| owner.kind == "ApplicationSet")
                {
                    let _ = lost.send(owner.name.clone());
                }
            }
            _ => {}
        })
        .applied_objects()
        .predicate_filter(what_matters, PredicateConfig::default());

    let sets = Sets {
        hub: hub.clone(),
        namespace: options.namespace.clone(),
        destinations: ports.destinations.clone(),
        revisions,
        renders,
        applications: store.clone(),
        recorder: Recorder::new(hub, "argocd-applicationset-controller", &options.instance),
        attempts: Mutex::default(),
    };
    let sets_shutdown = shutdown.clone();
    shutdown.spawn(async move {
        // Without the Applications that are there, none could be told to be too many.
        tokio::select! {
            () = sets_shutdown.triggered() => return,
            _ = all_listed.wait_for(|listed| *listed) => {}
        }
        sets::run(sets, stream_of(orphaned), sets_shutdown).await;
    });

    let (triggers, triggered) = mpsc::unbounded_channel();
    shutdown.spawn(follow_commits(
        context.clone(),
        store.clone(),
        notifications,
        triggers.clone(),
        shutdown.clone(),
    ));
    shutdown.spawn(follow_objects(touched, options.namespace.clone(), triggers.clone(), shutdown.clone()));
    shutdown.spawn(follow_clusters(ports.destinations, store.clone(), triggers, shutdown.clone()));

    Controller::for_stream_with(applications, store, application_resource())
        .with_config(Config::default().concurrency(options.concurrency))
        .reconcile_all_on(stream_of(changed_projects))
        .reconcile_on(stream_of(triggered))
        .graceful_shutdown_on(shutdown.token().cancelled_owned())
        .run(reconcile_one, again_after_error, context)
        .for_each(|_| std::future::ready(()))
        .await;
}

fn stream_of<T: Send + 'static>(
    receiver: mpsc::UnboundedReceiver<T>,
) -> impl futures::Stream<Item = T> + Send + 'static {
    futures::stream::unfold(receiver, |mut receiver| async move {
        let item = receiver.recv().await?;
        Some((item, receiver))
    })
}

async fn reconcile_one(object: Arc<DynamicObject>, context: Arc<Context>) -> Result<Action, EnactError> {
    let started = StdInstant::now();
    let outcome = reconcile(&context.engine, &object).await;
    let counted = if outcome.is_ok() { Outcome::Done } else { Outcome::Failed };
    context.metrics.observe(counted, started.elapsed());
    outcome.map(Action::requeue)
}

fn again_after_error(object: Arc<DynamicObject>, error: &EnactError, _: Arc<Context>) -> Action {
    tracing::warn!(application = %object.name_any(), %error, "application not reconciled");
    Action::requeue(jittered(Duration::from_secs(5), 0.2, random_fraction()))
}

/// Everything of an Application but its status, which only the engine itself writes.
fn what_matters(object: &DynamicObject) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for part in ["spec", "operation"] {
        object.data.get(part).unwrap_or(&Value::Null).to_string().hash(&mut hasher);
    }
    let metadata = &object.metadata;
    (&metadata.annotations, &metadata.labels, &metadata.finalizers, &metadata.uid).hash(&mut hasher);
    metadata.deletion_timestamp.is_some().hash(&mut hasher);
    // A person may end a running sync in its status.
    let phase = object.data.pointer("/status/operationState/phase").and_then(Value::as_str);
    (phase == Some("Terminating")).hash(&mut hasher);
    Some(hasher.finish())
}

/// Looks at the repositories in turns and when told, and wakes the Applications whose commit moved.
async fn follow_commits(
    context: Arc<Context>,
    store: Store<DynamicObject>,
    mut notifications: Notifications,
    triggers: mpsc::UnboundedSender<ObjectRef<DynamicObject>>,
    shutdown: Shutdown,
) {
    let poll = context.engine.options.poll;
    loop {
        let pause = jittered(poll, 0.25, random_fraction());
        let mut urls = BTreeSet::new();
        tokio::select! {
            () = shutdown.triggered() => return,
            () = tokio::time::sleep(pause) => { urls.insert(String::new()); }
            Some(url) = notifications.receiver.recv() => {
                urls.insert(url);
                // Many words at once are one look.
                while let Ok(url) = notifications.receiver.try_recv() {
                    urls.insert(url);
                }
            }
        }
        let all = urls.contains("");
        let wanted = |url: &str| all || urls.iter().any(|told| same_repository(told, url));
        // What nobody asked for since the last two rests is no longer in use.
        let since = Instant::now().checked_sub(poll * 2 + context.engine.options.resync * 2);
        let since = since.unwrap_or_else(Instant::now);
        let changed = context.engine.revisions.refresh(since, wanted).await;
        for application in store.state() {
            if source_of(&application).is_some_and(|source| changed.contains(&source)) {
                let _ = triggers.send(ObjectRef::from_obj_with(&application, application_resource()));
            }
        }
    }
}

fn same_repository(a: &str, b: &str) -> bool {
    let plain =
        |url: &str| url.trim().to_lowercase().trim_end_matches('/').trim_end_matches(".git").to_owned();
    plain(a) == plain(b)
}

fn source_of(application: &DynamicObject) -> Option<RevisionKey> {
    let spec = application.data.get("spec")?;
    Some(RevisionKey {
        repository: Repository {
            url: text(spec, &["source", "repoURL"]).to_owned(),
            project: text(spec, &["project"]).to_owned(),
        },
        revision: text(spec, &["source", "targetRevision"]).to_owned(),
    })
}

/// Wakes the Applications whose objects were touched, each once for all touches within the time that these allow.
async fn follow_objects(
    mut touched: mpsc::UnboundedReceiver<Touch>,
    home: String,
    triggers: mpsc::UnboundedSender<ObjectRef<DynamicObject>>,
    shutdown: Shutdown,
) {
    let mut due: HashMap<String, Instant> = HashMap::new();
    loop {
        let next = due.values().min().copied();
        tokio::select! {
            () = shutdown.triggered() => return,
            touch = touched.recv() => {
                let Some(touch) = touch else { return };
                let at = Instant::now() + touch.within;
                let entry = due.entry(touch.application).or_insert(at);
                *entry = at.min(*entry);
            }
            () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                let now = Instant::now();
                due.retain(|name, at| {
                    if *at > now {
                        return true;
                    }
                    // An Application elsewhere is tracked with its namespace.
                    let (namespace, name) = name.split_once('_').unwrap_or((&home, name));
                    let _ = triggers.send(ObjectRef::new_with(name, application_resource()).within(namespace));
                    false
                });
            }
        }
    }
}

/// Wakes the Applications of clusters of which something became known; a change without a name or URL stands for all.
async fn follow_clusters(
    destinations: Arc<dyn Destinations>,
    store: Store<DynamicObject>,
    triggers: mpsc::UnboundedSender<ObjectRef<DynamicObject>>,
    shutdown: Shutdown,
) {
    let mut changes = destinations.changes();
    loop {
        let first = tokio::select! {
            () = shutdown.triggered() => return,
            change = changes.next() => match change {
                Some(change) => change,
                None => return,
            },
        };
        // A fleet that comes aboard is gone through once for many of its clusters.
        let mut batch = vec![first];
        while let Some(Some(change)) = changes.next().now_or_never() {
            batch.push(change);
        }
        let concerned = Concerned::new(&batch, destinations.as_ref());
        for application in store.state() {
            let destination = application.data.pointer("/spec/destination").unwrap_or(&Value::Null);
            if concerned.covers(text(destination, &["server"]), text(destination, &["name"])) {
                let _ = triggers.send(ObjectRef::from_obj_with(&application, application_resource()));
            }
        }
    }
}

/// The destinations that a batch of changes is about.
struct Concerned {
    all: bool,
    servers: HashSet<String>,
    names: HashSet<String>,
}

impl Concerned {
    fn new(batch: &[DestinationChange], destinations: &dyn Destinations) -> Concerned {
        let plain = |server: &str| server.trim_end_matches('/').to_owned();
        let servers: HashSet<String> =
            batch.iter().map(|change| plain(&change.server)).filter(|server| !server.is_empty()).collect();
        let mut names: HashSet<String> =
            batch.iter().map(|change| change.name.clone()).filter(|name| !name.is_empty()).collect();
        if batch.iter().any(|change| change.name.is_empty()) {
            let facts = destinations.clusters();
            names.extend(
                facts
                    .into_iter()
                    .filter(|facts| servers.contains(&plain(&facts.server)))
                    .map(|facts| facts.name),
            );
        }
        let all = batch.iter().any(|change| change.name.is_empty() && change.server.is_empty());
        Concerned { all, servers, names }
    }

    fn covers(&self, server: &str, name: &str) -> bool {
        self.all || self.names.contains(name) || self.servers.contains(server.trim_end_matches('/'))
    }
}
