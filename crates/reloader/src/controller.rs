//! Watches Secrets and ConfigMaps, gathers what changed together, and restarts the workloads that use it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{ConfigMap, PodTemplateSpec, Secret};
use kube::api::{Api, ListParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use gangplank_runtime::{
    ControllerMetrics, EventType, FieldManager, Health, Metrics, Outcome, Recorder, Shutdown, apply,
};

use crate::decide::{Change, ChangeKind, Decision, Reload, Workload, WorkloadKind, decide};
use crate::hash::{Content, content_hash};
use crate::patch::{FIELD_MANAGER, Strategy, patch};

const PAUSE_PERIOD: &str = "deployment.reloader.stakater.com/pause-period";
const MANAGER: FieldManager = FieldManager(FIELD_MANAGER);

/// What the controller is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace to look at; none means all.
    pub namespace: Option<String>,
    /// How pods are made new.
    pub strategy: Strategy,
    /// Whether workloads without an annotation are restarted as with `auto`.
    pub auto_reload_all: bool,
    /// How long changes are gathered, so that a workload with several changed objects is restarted once.
    pub gather: Duration,
    /// The name of this process, for events.
    pub instance: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            namespace: None,
            strategy: Strategy::default(),
            auto_reload_all: false,
            gather: Duration::from_secs(1),
            instance: "gangplank".to_owned(),
        }
    }
}

/// Runs until the shutdown begins.
pub async fn run(client: Client, options: Options, metrics: &Metrics, health: &Health, shutdown: Shutdown) {
    let (sender, changes) = mpsc::unbounded_channel();
    let secrets = follow::<Secret>(client.clone(), options.namespace.clone(), sender.clone(), health.clone());
    let maps = follow::<ConfigMap>(client.clone(), options.namespace.clone(), sender, health.clone());
    let reloader = Reloader {
        recorder: Recorder::new(client.clone(), FIELD_MANAGER, &options.instance),
        metrics: metrics.controller("reloader"),
        client,
        options,
    };
    let work = reloader.work(changes);
    tokio::select! {
        () = shutdown.triggered() => {}
        ((), (), ()) = async { futures::join!(secrets, maps, work) } => {}
    }
}

/// Sends what changes in content; what is seen for the first time has not changed.
async fn follow<K>(
    client: Client,
    namespace: Option<String>,
    changes: mpsc::UnboundedSender<Change>,
    health: Health,
) where
    K: Content + Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    K: Clone + DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    let component = health.component(match K::KIND {
        ChangeKind::Secret => "reloader secrets",
        ChangeKind::ConfigMap => "reloader config maps",
    });
    let api: Api<K> = match &namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let mut known = Known::default();
    let mut events = watcher::watcher(api, watcher::Config::default()).default_backoff().boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => {
                if let Some(change) = known.look(&object) {
                    let _ = changes.send(change);
                }
            }
            Ok(watcher::Event::Delete(object)) => known.forget(&object),
            Ok(watcher::Event::InitDone) => component.ready(),
            Ok(watcher::Event::Init) => {}
            Err(error) => tracing::debug!(%error, "watch interrupted"),
        }
    }
}

/// The hashes of all objects, and nothing else of them.
#[derive(Default)]
struct Known {
    hashes: HashMap<u64, String>,
}

impl Known {
    fn look<K: Content + ResourceExt>(&mut self, object: &K) -> Option<Change> {
        let hash = content_hash(object);
        let before = self.hashes.insert(key_of(object), hash.clone())?;
        (before != hash).then(|| Change {
            kind: K::KIND,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            hash,
            annotations: object.annotations().clone(),
        })
    }

    fn forget<K: ResourceExt>(&mut self, object: &K) {
        self.hashes.remove(&key_of(object));
    }
}

fn key_of<K: ResourceExt>(object: &K) -> u64 {
    let mut hasher = DefaultHasher::new();
    (object.namespace(), object.name_any()).hash(&mut hasher);
    hasher.finish()
}

struct Reloader {
    client: Client,
    recorder: Recorder,
    metrics: ControllerMetrics,
    options: Options,
}

impl Reloader {
    async fn work(&self, mut changes: mpsc::UnboundedReceiver<Change>) {
        while let Some(first) = changes.recv().await {
            tokio::time::sleep(self.options.gather).await;
            let mut by_namespace: HashMap<String, Vec<Change>> = HashMap::new();
            let mut next = Some(first);
            while let Some(change) = next {
                by_namespace.entry(change.namespace.clone()).or_default().push(change);
                next = changes.try_recv().ok();
            }
            for (namespace, changes) in by_namespace {
                let started = std::time::Instant::now();
                let outcome = self.reload(&namespace, &changes).await;
                let counted = if outcome.is_ok() { Outcome::Done } else { Outcome::Failed };
                self.metrics.observe(counted, started.elapsed());
                if let Err(error) = outcome {
                    tracing::warn!(namespace, %error, "workloads not listed; the change is not acted upon");
                }
            }
        }
    }

    async fn reload(&self, namespace: &str, changes: &[Change]) -> Result<(), kube::Error> {
        self.reload_kind::<Deployment>(namespace, changes).await?;
        self.reload_kind::<StatefulSet>(namespace, changes).await?;
        self.reload_kind::<DaemonSet>(namespace, changes).await
    }

    async fn reload_kind<K: Restartable>(
        &self,
        namespace: &str,
        changes: &[Change],
    ) -> Result<(), kube::Error> {
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        for object in api.list(&ListParams::default()).await?.items {
            let Some(template) = object.template() else { continue };
            let workload = Workload {
                kind: K::WORKLOAD,
                namespace: namespace.to_owned(),
                name: object.name_any(),
                annotations: object.annotations().clone(),
                template: template.clone(),
            };
            let regarding = object.object_ref(&());
            let mut wanted: Option<Reload> = None;
            for change in changes {
                match decide(&workload, change, self.options.auto_reload_all) {
                    Decision::Keep => {}
                    // Of several changes the last is written down, as Reloader does.
                    Decision::Reload(reload) => wanted = Some(reload),
                    Decision::Refused(reason) => {
                        self.recorder.publish(&regarding, EventType::Warning, "ReloadFail", &reason).await;
                    }
                }
            }
            let Some(reload) = wanted else { continue };
            if workload.annotations.contains_key(PAUSE_PERIOD) {
                let note = format!(
                    "{PAUSE_PERIOD} is not supported by gangplank: the workload is restarted at once"
                );
                self.recorder.publish(&regarding, EventType::Warning, "ReloadPauseIgnored", &note).await;
            }
            let object = patch(&workload, &reload, self.options.strategy, Timestamp::now());
            let (kind, reason, note) = match apply(&api, MANAGER, &workload.name, &object).await {
                Ok(_) => (EventType::Normal, "Reloaded", told(&reload, "")),
                Err(error) => {
                    let cause =
                        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    (EventType::Warning, "ReloadFail", told(&reload, &format!(": {error}: {cause}")))
                }
            };
            self.recorder.publish(&regarding, kind, reason, &note).await;
        }
        Ok(())
    }
}

fn told(reload: &Reload, rest: &str) -> String {
    let Change { kind, name, namespace, .. } = &reload.change;
    format!("Changes detected in '{name}' of type '{}' in namespace '{namespace}'{rest}", kind.upper())
}

/// A kind that keeps pods by a template.
trait Restartable:
    Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
    + Clone
    + DeserializeOwned
    + std::fmt::Debug
    + Send
    + 'static
{
    const WORKLOAD: WorkloadKind;
    fn template(&self) -> Option<&PodTemplateSpec>;
}

impl Restartable for Deployment {
    const WORKLOAD: WorkloadKind = WorkloadKind::Deployment;

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }
}

impl Restartable for StatefulSet {
    const WORKLOAD: WorkloadKind = WorkloadKind::StatefulSet;

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }
}

impl Restartable for DaemonSet {
    const WORKLOAD: WorkloadKind = WorkloadKind::DaemonSet;

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }
}
