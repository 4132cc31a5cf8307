//! One reconciliation of an Application: observe, decide, enact, and say so in the status.
//!
//! ```text
//!   observe ──▶ running sync? ──▶ execute ──▶ observe again ──▶ status
//!      │             ▲ no
//!      │             └── requested? automated? ──▶ begin
//!      └──▶ a fatal condition: no sync, the condition says why
//! ```
//!
//! A sync is written down as running, with all that it may create, before its first write to the destination: what was
//! made is found again whenever the process dies.

mod application;
mod delete;
mod desired;
mod execute;
mod observe;
mod operation;
mod status;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, Resource, ResourceExt};
use serde_json::{Value, json};

use gangplank_runtime::{
    Attempts, Backoff, EnactError, EventType, Recorder, jittered, merge_patch, random_fraction,
};

use crate::annotations::{REFRESH, SyncOptions};
use crate::cluster::{Kinds, Watches};
use crate::controller::Options;
use crate::health::HealthStatus;
use crate::object::{annotation, at};
use crate::ports::Destinations;
use crate::project::permissive;
use crate::resources::{application_resource, project_resource};
use crate::source::{Renders, Revisions};
use crate::spec::{ApplicationSpec, ProjectSpec};
use application::Application;
use execute::{Execution, begin, finish};
pub(crate) use observe::Verdicts;
use observe::{Condition, ConditionKind, Freshness, Observed, observe};
use operation::{AutoSync, AutoSyncInput, OperationPhase, OperationState, auto_sync};

/// How an Application that can't be compared is looked at again.
const RETRY: Backoff =
    Backoff { base: Duration::from_secs(2), factor: 2.0, cap: Duration::from_secs(120), jitter: 0.2 };

/// How soon what was just synced, or just became unwell, is looked at again.
const LOOK: Duration = Duration::from_millis(500);

/// What all reconciliations share.
pub(crate) struct Engine {
    pub(crate) hub: Client,
    pub(crate) options: Options,
    pub(crate) destinations: Arc<dyn Destinations>,
    pub(crate) revisions: Arc<Revisions>,
    pub(crate) renders: Arc<Renders>,
    pub(crate) verdicts: Verdicts,
    pub(crate) projects: Store<DynamicObject>,
    pub(crate) recorder: Recorder,
    pub(crate) kinds: Mutex<HashMap<String, Arc<Kinds>>>,
    pub(crate) attempts: Mutex<Attempts<(String, String)>>,
    pub(crate) watches: Arc<Watches>,
    pub(crate) recent: Recent,
}

/// The Applications as the engine wrote them last, until its watch has brought them: what is decided on an older state
/// would be decided twice.
#[derive(Default)]
pub(crate) struct Recent {
    written: Mutex<HashMap<(String, String), DynamicObject>>,
}

impl Recent {
    fn put(&self, object: DynamicObject) {
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(key, object);
    }

    /// Returns what was written of the object, where that is newer.
    fn newer(&self, seen: &DynamicObject) -> Option<DynamicObject> {
        let version = |object: &DynamicObject| {
            object.resource_version().and_then(|version| version.parse::<u64>().ok())
        };
        let key = (seen.namespace().unwrap_or_default(), seen.name_any());
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let known = written.get(&key)?;
        if known.uid() == seen.uid() && version(known) > version(seen) {
            return Some(known.clone());
        }
        written.remove(&key);
        None
    }
}

impl Engine {
    fn kinds(&self, server: &str) -> Arc<Kinds> {
        self.kinds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(server.to_owned())
            .or_default()
            .clone()
    }

    /// Returns the project of an Application with its name. The project `default` need not exist.
    fn project(&self, spec: &ApplicationSpec) -> Result<(String, ProjectSpec), String> {
        let name = if spec.project.is_empty() { "default" } else { &spec.project };
        let key = ObjectRef::new_with(name, project_resource()).within(&self.options.namespace);
        match self.projects.get(&key) {
            Some(project) => {
                let spec = project.data.get("spec").cloned().unwrap_or_else(|| json!({}));
                let spec = serde_json::from_value(spec)
                    .map_err(|error| format!("project {name} can't be read: {error}"))?;
                Ok((name.to_owned(), spec))
            }
            None if name == "default" => Ok((name.to_owned(), permissive())),
            None => Err(format!(
                "application references project {name} which does not exist: create it, or use another"
            )),
        }
    }
}

/// Reconciles an Application and returns after what time it is to be looked at again.
pub(crate) async fn reconcile(engine: &Engine, object: &DynamicObject) -> Result<Duration, EnactError> {
    let newer = engine.recent.newer(object);
    let application = Application::read(newer.as_ref().unwrap_or(object));
    if crate::object::is_deleting(&application.object) {
        return delete::cascade(engine, &application).await;
    }
    let refresh = annotation(&application.object, REFRESH);
    let freshness = Freshness { commit: refresh.is_some(), render: refresh == Some("hard") };
    let running = application.operation_state.clone().filter(OperationState::is_running);
    let pinned = running.as_ref().map(|state| state.revision().to_owned()).or_else(|| {
        application
            .requested
            .as_ref()
            .and_then(|operation| operation.sync.as_ref())
            .map(|sync| sync.revision.clone())
    });
    let pinned = pinned.filter(|revision| !revision.is_empty());
    let observed = observe(engine, &application, freshness, pinned.as_deref()).await;
    let now = Timestamp::now();
    let mut writer = Writer { engine, application: &application, written: application.object.clone() };
    let (state, errors, again) = match decide(&application, &observed, running, now) {
        Decision::Rest { again, error } => (None, error.into_iter().collect(), again),
        Decision::Wait { again } => (None, Vec::new(), Some(again)),
        Decision::Refuse(state) => (Some(*state), Vec::new(), None),
        Decision::Sync(state) => return sync(engine, &application, observed, *state, writer).await,
    };
    let status = status::build(
        &application,
        &observed,
        state.as_ref().or(application.operation_state.as_ref()),
        &errors,
        &engine.options.namespace,
        now,
    );
    writer.write(status, state.is_some()).await?;
    Ok(again.unwrap_or_else(|| rest(engine, &application, &observed)))
}

enum Decision {
    /// Nothing to sync.
    Rest { again: Option<Duration>, error: Option<Condition> },
    /// A sync that failed waits for its retry.
    Wait { again: Duration },
    /// A sync that can't be: the state says why.
    Refuse(Box<OperationState>),
    /// A sync to begin or to go on with.
    Sync(Box<OperationState>),
}

fn decide(
    application: &Application,
    observed: &Observed,
    running: Option<OperationState>,
    now: Timestamp,
) -> Decision {
    let Ok(spec) = &application.spec else { return Decision::Rest { again: None, error: None } };
    if let Some(mut state) = running {
        if observed.has_fatal() {
            return Decision::Refuse(Box::new(refused(state, observed)));
        }
        if let Some(failed) = state.finished_at.filter(|_| state.phase == OperationPhase::Running) {
            let before = OperationState { retry_count: state.retry_count - 1, ..state.clone() };
            let pause = before.next_retry().unwrap_or_default();
            let since = Duration::try_from(now.duration_since(failed)).unwrap_or_default();
            if since < pause {
                return Decision::Wait { again: pause - since };
            }
            state.finished_at = None;
            if let Some(result) = &mut state.sync_result {
                result.resources.clear();
            }
        }
        return Decision::Sync(Box::new(state));
    }
    if let Some(operation) = application.requested.clone() {
        let state = begin(operation, spec, &observed.revision, now);
        return if observed.has_fatal() {
            Decision::Refuse(Box::new(refused(state, observed)))
        } else {
            Decision::Sync(Box::new(state))
        };
    }
    if observed.has_fatal() {
        return Decision::Rest { again: None, error: None };
    }
    match auto(application, spec, observed, now) {
        AutoSync::No => Decision::Rest { again: None, error: None },
        AutoSync::Later(pause) => Decision::Rest { again: Some(pause), error: None },
        AutoSync::Refused(message) => {
            Decision::Rest { again: None, error: Some(Condition::new(ConditionKind::SyncError, message)) }
        }
        AutoSync::Start(operation) => {
            Decision::Sync(Box::new(begin(*operation, spec, &observed.revision, now)))
        }
    }
}

fn auto(application: &Application, spec: &ApplicationSpec, observed: &Observed, now: Timestamp) -> AutoSync {
    let differing: Vec<_> = observed
        .compared
        .iter()
        .filter(|one| one.differs())
        .map(|one| (one.key.clone(), one.requires_pruning()))
        .collect();
    let live = || observed.compared.iter().filter(|one| one.live.is_some() && !one.hook);
    auto_sync(&AutoSyncInput {
        automated: spec.automated(),
        out_of_sync: !differing.is_empty(),
        revision: &observed.revision,
        last: application.operation_state.as_ref(),
        differing: &differing,
        would_prune_all: live().next().is_some()
            && live().all(observe::Compared::requires_pruning)
            && observed.desired.is_empty(),
        sync_options: spec.sync_options(),
        retry: spec.sync_policy.as_ref().and_then(|policy| policy.retry.as_ref()),
        now,
    })
}

fn refused(mut state: OperationState, observed: &Observed) -> OperationState {
    let reasons: Vec<&str> = observed
        .conditions
        .iter()
        .filter(|condition| condition.kind.is_fatal())
        .map(|condition| condition.message.as_str())
        .collect();
    finish(&mut state, OperationPhase::Error, &reasons.join("; "));
    state
}

/// Begins or goes on with a sync, and looks at everything again when it has ended.
async fn sync(
    engine: &Engine,
    application: &Application,
    mut observed: Observed,
    mut state: OperationState,
    mut writer: Writer<'_>,
) -> Result<Duration, EnactError> {
    let home = &engine.options.namespace;
    let is_new =
        application.operation_state.as_ref().is_none_or(|before| before.started_at != state.started_at);
    if is_new {
        let status = status::build(application, &observed, Some(&state), &[], home, Timestamp::now());
        writer.write(status, true).await?;
        writer.event(EventType::Normal, "OperationStarted", &started(&state)).await;
    }
    if state.operation.sync.as_ref().is_some_and(|sync| sync.dry_run) {
        finish(
            &mut state,
            OperationPhase::Failed,
            "dry runs are not supported by gangplank; look at the comparison",
        );
    } else if let Some(mut execution) = Execution::prepare(engine, application, &observed, &state) {
        execution.run(&mut state).await;
    }
    if matches!(state.phase, OperationPhase::Failed) {
        retry_later(&mut state);
    }
    let ended = !state.is_running();
    let again = if ended {
        observed = observe(engine, application, Freshness::default(), None).await;
        rest(engine, application, &observed).min(LOOK)
    } else if state.finished_at.is_some() {
        let before = OperationState { retry_count: state.retry_count - 1, ..state.clone() };
        before.next_retry().unwrap_or_default()
    } else {
        waiting(&state)
    };
    let now = Timestamp::now();
    let errors: Vec<Condition> = (state.phase == OperationPhase::Failed)
        .then(|| {
            Condition::new(
                ConditionKind::SyncError,
                format!("Failed last sync attempt to {}: {}", state.revision(), state.message),
            )
        })
        .into_iter()
        .collect();
    let mut status = status::build(application, &observed, Some(&state), &errors, home, now);
    if state.phase == OperationPhase::Succeeded {
        let limit = application.spec.as_ref().ok().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
        status::add_history(&mut status, &state, limit);
    }
    writer.write(status, false).await?;
    if ended {
        let kind =
            if state.phase == OperationPhase::Succeeded { EventType::Normal } else { EventType::Warning };
        writer
            .event(
                kind,
                "OperationCompleted",
                &format!("Sync operation to {} {}", state.revision(), ended_how(&state)),
            )
            .await;
    }
    Ok(again)
}

fn started(state: &OperationState) -> String {
    let automated = state.operation.initiated_by.as_ref().is_some_and(|by| by.automated);
    let how = if automated { "Initiated automated sync" } else { "Initiated sync" };
    format!("{how} to '{}'", state.revision())
}

fn ended_how(state: &OperationState) -> String {
    if state.phase == OperationPhase::Succeeded {
        "succeeded".to_owned()
    } else {
        format!("failed: {}", state.message)
    }
}

fn retry_later(state: &mut OperationState) {
    if let Some(pause) = state.next_retry() {
        state.retry_count += 1;
        state.phase = OperationPhase::Running;
        state.message =
            format!("{}. Retrying attempt #{} in {} s.", state.message, state.retry_count, pause.as_secs());
    }
}

/// A sync that waits for health or hooks is looked at often at first, and less so the longer it takes.
fn waiting(state: &OperationState) -> Duration {
    let since = Duration::try_from(Timestamp::now().duration_since(state.started_at)).unwrap_or_default();
    (since / 10).clamp(Duration::from_millis(500), Duration::from_secs(10))
}

/// When an Application at rest is looked at again.
fn rest(engine: &Engine, application: &Application, observed: &Observed) -> Duration {
    let key = (application.namespace.clone(), application.name.clone());
    let mut attempts = engine.attempts.lock().unwrap_or_else(PoisonError::into_inner);
    if observed.has_fatal() {
        return RETRY.delay(attempts.failed(key), random_fraction());
    }
    attempts.forget(&key);
    // What is not well is looked at again soon after it became so, and less often the longer it stays.
    let health = status::application_health(application, observed).status;
    let since = at(&application.object, &["status", "health", "lastTransitionTime"]).and_then(Value::as_str);
    let since = since.and_then(|since| since.parse::<Timestamp>().ok()).unwrap_or_else(Timestamp::now);
    let lasted = Duration::try_from(Timestamp::now().duration_since(since)).unwrap_or_default();
    let resync = engine.options.resync;
    let interval = match health {
        HealthStatus::Healthy | HealthStatus::Suspended => resync,
        _ => (lasted / 3).max(LOOK).min(resync),
    };
    jittered(interval, 0.2, random_fraction())
}

/// Writes an Application's status, and only what differs from what was written last.
struct Writer<'a> {
    engine: &'a Engine,
    application: &'a Application,
    written: Value,
}

impl Writer<'_> {
    /// `taken` says that the requested operation was begun or refused, and is to leave the object.
    async fn write(&mut self, status: Value, taken: bool) -> Result<(), EnactError> {
        let mut wanted = self.written.clone();
        let Some(map) = wanted.as_object_mut() else { return Ok(()) };
        map.insert("status".to_owned(), status);
        if taken {
            map.remove("operation");
        }
        if let Some(annotations) = wanted.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
        {
            annotations.remove(REFRESH);
        }
        let Some(patch) = merge_patch(&self.written, &wanted) else { return Ok(()) };
        self.patch(&patch).await?;
        self.written = wanted;
        Ok(())
    }

    async fn patch(&self, patch: &Value) -> Result<(), EnactError> {
        let (namespace, name) = (&self.application.namespace, &self.application.name);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.engine.hub.clone(), namespace, &application_resource());
        // Argo CD's definition has no status subresource: the status is written with the object.
        match api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(object) => {
                self.engine.recent.put(object);
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(source) => Err(EnactError::Status {
                object: format!("Application {namespace}/{name}"),
                source: Box::new(source),
            }),
        }
    }

    async fn event(&self, kind: EventType, reason: &str, note: &str) {
        tracing::info!(application = %self.application.name, reason, note);
        let object: Result<DynamicObject, _> = serde_json::from_value(self.application.object.clone());
        if let Ok(object) = object {
            let regarding = object.object_ref(&application_resource());
            self.engine.recorder.publish(&regarding, kind, reason, note).await;
        }
    }
}

/// The options that hold for deleting an Application's objects.
fn deletion_options(application: &Application) -> SyncOptions {
    application.spec.as_ref().map(|spec| SyncOptions::from_list(spec.sync_options())).unwrap_or_default()
}
