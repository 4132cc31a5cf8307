//! Everything a reconciliation reads, and what it makes of it: the only place where the engine waits for the world.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::time::Instant;

use super::Engine;
use super::application::Application;
use super::desired::{desired, is_side_namespace};
use crate::annotations::{COMPARE_OPTIONS, SyncOptions, hook_phases, wave};
use crate::cluster::{Kind, KindError, Kinds, dry_run, read};
use crate::compare::{Ignored, is_surely_same, same_after_apply};
use crate::health::{Health, HealthStatus, health};
use crate::object::{ObjectKey, annotation, group_version, text};
use crate::ports::{Destination, DestinationError, Repository};
use crate::project::{check_destination, check_object, check_source};
use crate::source::RevisionKey;
use crate::spec::{ApplicationSpec, DestinationSpec, ProjectSpec};
use crate::tracking::Tracker;

/// A condition of an Application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Condition {
    pub(crate) kind: ConditionKind,
    pub(crate) message: String,
}

/// The types of conditions that the engine sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConditionKind {
    InvalidSpecError,
    ComparisonError,
    SyncError,
    DeletionError,
    SharedResourceWarning,
    RepeatedResourceWarning,
}

impl ConditionKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ConditionKind::InvalidSpecError => "InvalidSpecError",
            ConditionKind::ComparisonError => "ComparisonError",
            ConditionKind::SyncError => "SyncError",
            ConditionKind::DeletionError => "DeletionError",
            ConditionKind::SharedResourceWarning => "SharedResourceWarning",
            ConditionKind::RepeatedResourceWarning => "RepeatedResourceWarning",
        }
    }

    /// Whether it forbids to sync.
    pub(crate) fn is_fatal(self) -> bool {
        matches!(self, ConditionKind::InvalidSpecError | ConditionKind::ComparisonError)
    }
}

impl Condition {
    pub(crate) fn new(kind: ConditionKind, message: impl Into<String>) -> Condition {
        Condition { kind, message: message.into() }
    }
}

/// One object of an Application, compared.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) key: ObjectKey,
    pub(crate) version: String,
    pub(crate) target: Option<Arc<Value>>,
    pub(crate) live: Option<Arc<Value>>,
    pub(crate) same: bool,
    pub(crate) health: Option<Health>,
    pub(crate) hook: bool,
    pub(crate) wave: i64,
    pub(crate) ignore_extraneous: bool,
}

impl Compared {
    /// Whether it is live and no longer desired.
    pub(crate) fn requires_pruning(&self) -> bool {
        self.target.is_none() && self.live.is_some()
    }

    /// Whether it counts against the Application being synced.
    pub(crate) fn differs(&self) -> bool {
        let ignored = self.hook || (self.requires_pruning() && self.ignore_extraneous);
        !self.same && !ignored
    }
}

/// What was seen. Where a fatal condition stands, the rest is only as far as it got.
#[derive(Clone, Default)]
pub(crate) struct Observed {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) revision: String,
    pub(crate) source_type: &'static str,
    pub(crate) destination: Option<Destination>,
    pub(crate) desired: Vec<Arc<Value>>,
    pub(crate) compared: Vec<Compared>,
    pub(crate) kinds: BTreeMap<ObjectKey, Kind>,
}

impl Observed {
    pub(crate) fn has_fatal(&self) -> bool {
        self.conditions.iter().any(|condition| condition.kind.is_fatal())
    }

    /// Returns what is live and tracked and no longer desired.
    pub(crate) fn extraneous(&self) -> Vec<Arc<Value>> {
        self.compared.iter().filter(|one| one.requires_pruning()).filter_map(|one| one.live.clone()).collect()
    }
}

/// How many verdicts are remembered; beyond that all are asked for anew, once.
const VERDICTS: usize = 100_000;

/// What the engine remembers of comparisons, so that the API server is asked once for each pair of states.
#[derive(Default)]
pub(crate) struct Verdicts {
    known: Mutex<HashMap<(String, ObjectKey), Verdict>>,
}

struct Verdict {
    target: u64,
    live: String,
    same: bool,
}

impl Verdicts {
    fn get(&self, server: &str, key: &ObjectKey, target: u64, live: &str) -> Option<bool> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = known.get(&(server.to_owned(), key.clone()))?;
        (verdict.target == target && verdict.live == live).then_some(verdict.same)
    }

    fn put(&self, server: &str, key: &ObjectKey, target: u64, live: &str, same: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= VERDICTS {
            known.clear();
        }
        known.insert((server.to_owned(), key.clone()), Verdict { target, live: live.to_owned(), same });
    }
}

/// How much is looked at anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// Ask for the commit again.
    pub(crate) commit: bool,
    /// Render again.
    pub(crate) render: bool,
}

/// Observes everything about an Application; `pinned` is the commit of a running sync.
pub(crate) async fn observe(
    engine: &Engine,
    application: &Application,
    freshness: Freshness,
    pinned: Option<&str>,
) -> Observed {
    let mut observed = Observed::default();
    if let Err(condition) = fill(engine, application, freshness, pinned, &mut observed).await {
        observed.conditions.push(condition);
    }
    observed.conditions.sort();
    observed
}

async fn fill(
    engine: &Engine,
    application: &Application,
    freshness: Freshness,
    pinned: Option<&str>,
    observed: &mut Observed,
) -> Result<(), Condition> {
    let invalid = |message: String| Condition::new(ConditionKind::InvalidSpecError, message);
    let failed = |message: String| Condition::new(ConditionKind::ComparisonError, message);
    let spec = application.spec.as_ref().map_err(|error| invalid(error.clone()))?;
    if let Some(message) = spec.unsupported() {
        return Err(invalid(message));
    }
    let source = spec.source.as_ref().ok_or_else(|| invalid("spec.source is required".to_owned()))?;
    if source.repo_url.is_empty() {
        return Err(invalid("spec.source.repoURL is required".to_owned()));
    }
    let (project_name, project) = engine.project(spec).map_err(invalid)?;
    if let Some(message) = check_source(&project, &project_name, &source.repo_url) {
        return Err(invalid(message));
    }
    let destination = resolve(engine, spec).map_err(|error| match error {
        DestinationError::Unresolvable(message) => invalid(message),
        DestinationError::Unusable(message) => failed(message),
    })?;
    let place = DestinationSpec {
        server: destination.server.clone(),
        name: destination.name.clone(),
        namespace: spec.destination.namespace.clone(),
    };
    observed.destination = Some(destination.clone());
    if let Some(message) = check_destination(&project, &project_name, &place) {
        return Err(invalid(message));
    }
    if let Some(rule) = spec.ignore_differences.iter().find(|rule| !rule.jq_path_expressions.is_empty()) {
        let text = format!(
            "spec.ignoreDifferences for {}: jqPathExpressions are not supported by gangplank; use jsonPointers",
            rule.kind
        );
        return Err(invalid(text));
    }

    let repository = Repository { url: source.repo_url.clone(), project: spec.project.clone() };
    let revision = match pinned {
        Some(revision) => revision.to_owned(),
        None => {
            let key =
                RevisionKey { repository: repository.clone(), revision: source.target_revision.clone() };
            let not_before = freshness.commit.then(Instant::now);
            engine.revisions.get(&key, not_before).await.map_err(|error| failed(error.message))?
        }
    };
    observed.revision.clone_from(&revision);
    if freshness.render {
        engine.renders.forget(&repository);
    }
    let rendered =
        engine.renders.get(&repository, source, &revision).await.map_err(|error| failed(error.message))?;
    observed.source_type = rendered.source_type;
    for key in &rendered.repeated {
        let text = format!("Resource {key} appears more than once among application resources");
        observed.conditions.push(Condition::new(ConditionKind::RepeatedResourceWarning, text));
    }

    let kinds = engine.kinds(&destination.server);
    let tracker = application.tracker(&engine.options.namespace, &spec.destination.namespace);
    let unanswered = |message: String| {
        engine.destinations.failed(&destination.server);
        // A cluster made again under its old name serves other kinds.
        kinds.forget();
        failed(message)
    };
    let served = served(&kinds, &destination, &rendered.objects, &application.inventory()).await;
    let served = served.map_err(unanswered)?;
    let scope = |api_version: &str, kind: &str| {
        served.get(&(api_version.to_owned(), kind.to_owned())).map(|kind| kind.namespaced)
    };
    observed.desired = desired(&rendered.objects, spec, &tracker, &scope);
    check_objects(&project, &project_name, &place, &observed.desired, &scope).map_err(invalid)?;
    compare_all(engine, application, spec, &tracker, &destination, &served, observed)
        .await
        .map_err(unanswered)
}

fn resolve(engine: &Engine, spec: &ApplicationSpec) -> Result<Destination, DestinationError> {
    let DestinationSpec { server, name, .. } = &spec.destination;
    match (server.is_empty(), name.is_empty()) {
        (true, true) => {
            Err(DestinationError::Unresolvable("Destination server missing from app spec".to_owned()))
        }
        (false, false) => Err(DestinationError::Unresolvable(format!(
            "application destination can't have both name and server defined: {name} {server}"
        ))),
        _ => engine.destinations.resolve(server, name),
    }
}

/// Returns the kinds that the cluster serves, of those that are desired or were deployed.
async fn served(
    kinds: &Kinds,
    destination: &Destination,
    rendered: &[Arc<Value>],
    inventory: &[(String, ObjectKey)],
) -> Result<BTreeMap<(String, String), Kind>, String> {
    let mut wanted: BTreeSet<(String, String)> = rendered
        .iter()
        .map(|object| (text(object, &["apiVersion"]).to_owned(), text(object, &["kind"]).to_owned()))
        .collect();
    wanted
        .extend(inventory.iter().map(|(version, key)| (api_version(&key.group, version), key.kind.clone())));
    wanted.insert(("v1".to_owned(), "Namespace".to_owned()));
    let mut served = BTreeMap::new();
    for (api_version, kind) in wanted {
        match kinds.get(&destination.client, &api_version, &kind).await {
            Ok(found) => {
                served.insert((api_version, kind), found);
            }
            Err(KindError::NotServed) => {}
            Err(KindError::Failed(reason)) => {
                return Err(format!(
                    "failed to ask cluster {} which kinds it serves: {reason}",
                    destination.server
                ));
            }
        }
    }
    Ok(served)
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn check_objects(
    project: &ProjectSpec,
    name: &str,
    place: &DestinationSpec,
    desired: &[Arc<Value>],
    scope: &dyn Fn(&str, &str) -> Option<bool>,
) -> Result<(), String> {
    for object in desired {
        let namespaced = scope(text(object, &["apiVersion"]), text(object, &["kind"]))
            .unwrap_or_else(|| !text(object, &["metadata", "namespace"]).is_empty());
        if let Some(message) = check_object(project, name, &ObjectKey::of(object), namespaced, place) {
            return Err(message);
        }
    }
    Ok(())
}

async fn compare_all(
    engine: &Engine,
    application: &Application,
    spec: &ApplicationSpec,
    tracker: &Tracker,
    destination: &Destination,
    served: &BTreeMap<(String, String), Kind>,
    observed: &mut Observed,
) -> Result<(), String> {
    let mut versions: BTreeMap<ObjectKey, String> = BTreeMap::new();
    for (version, key) in application.inventory() {
        versions.insert(key, version);
    }
    for object in &observed.desired {
        versions.insert(ObjectKey::of(object), group_version(object).1.to_owned());
    }
    for (key, version) in &versions {
        let kind = served.get(&(api_version(&key.group, version), key.kind.clone()));
        if let Some(kind) = kind.filter(|_| !key.name.is_empty()) {
            observed.kinds.insert(key.clone(), kind.clone());
        }
    }
    engine.watches.ensure(&destination.server, &destination.client, &observed.kinds);
    let live = read(&destination.client, &observed.kinds).await.map_err(|error| error.to_string())?;
    let mut compared = Vec::with_capacity(versions.len());
    let mut targets = BTreeSet::new();
    for target in &observed.desired {
        let key = ObjectKey::of(target);
        targets.insert(key.clone());
        if is_side_namespace(application, target) {
            continue;
        }
        let live = live.get(&key).cloned();
        if let Some(other) = live.as_ref().and_then(|live| tracker.other_owner(live)) {
            let text = format!("{key} is part of applications {} and {other}", application.name);
            observed.conditions.push(Condition::new(ConditionKind::SharedResourceWarning, text));
        }
        let hook = hook_phases(target).is_some();
        let same = match (&live, observed.kinds.get(&key)) {
            (Some(live), Some(kind)) if !hook => {
                let ignored = Ignored::of(&spec.ignore_differences, &key);
                compare_one(engine, destination, kind, target, live, &ignored).await?
            }
            _ => false,
        };
        compared.push(Compared {
            version: group_version(target).1.to_owned(),
            health: live.as_ref().map_or_else(|| missing(hook), |live| health(live)),
            wave: wave(target),
            ignore_extraneous: false,
            target: Some(target.clone()),
            live,
            same,
            hook,
            key,
        });
    }
    for (key, object) in live.iter().filter(|(key, object)| !targets.contains(key) && tracker.owns(object)) {
        let options = annotation(object, COMPARE_OPTIONS).unwrap_or_default();
        compared.push(Compared {
            key: key.clone(),
            version: versions.get(key).cloned().unwrap_or_default(),
            target: None,
            live: Some(object.clone()),
            same: false,
            health: health(object),
            hook: hook_phases(object).is_some(),
            wave: wave(object),
            ignore_extraneous: options.split(',').any(|option| option.trim() == "IgnoreExtraneous"),
        });
    }
    // A hook that ran and is no longer desired is nothing to prune.
    compared.retain(|one| one.target.is_some() || !one.hook);
    observed.compared = compared;
    Ok(())
}

fn missing(hook: bool) -> Option<Health> {
    (!hook).then(|| Health::new(HealthStatus::Missing, ""))
}

async fn compare_one(
    engine: &Engine,
    destination: &Destination,
    kind: &Kind,
    target: &Value,
    live: &Value,
    ignored: &Ignored,
) -> Result<bool, String> {
    if is_surely_same(target, live, ignored) {
        return Ok(true);
    }
    let key = ObjectKey::of(target);
    let version = text(live, &["metadata", "resourceVersion"]);
    let mut hasher = DefaultHasher::new();
    target.to_string().hash(&mut hasher);
    let digest = hasher.finish();
    if let Some(verdict) = engine.verdicts.get(&destination.server, &key, digest, version) {
        return Ok(verdict);
    }
    let verdict = match dry_run(&destination.client, kind, target).await {
        Ok(applied) => same_after_apply(&applied, live, ignored),
        // What the API server would refuse is not as desired; the sync says why.
        Err(kube::Error::Api(_)) => false,
        Err(error) => return Err(format!("failed to compare {key}: {}", crate::cluster::explain(&error))),
    };
    engine.verdicts.put(&destination.server, &key, digest, version, verdict);
    Ok(verdict)
}

/// The options of an Application that hold for a sync: its own, and what the operation adds.
pub(crate) fn options_of(spec: &ApplicationSpec, operation: &[String]) -> SyncOptions {
    if operation.is_empty() {
        SyncOptions::from_list(spec.sync_options())
    } else {
        SyncOptions::from_list(operation)
    }
}
