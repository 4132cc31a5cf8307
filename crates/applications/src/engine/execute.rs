//! Carries a running sync as far as it goes now: plans, steps, enacts, and notes each outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use kube::api::PropagationPolicy;
use serde_json::Value;

use super::Engine;
use super::application::Application;
use super::desired::name_hooks;
use super::observe::{Observed, options_of};
use super::operation::{OperationPhase, OperationState, ResourceResult, SyncOperation, SyncResult};
use crate::annotations::{Effective, HookDeletion, Phase, SyncOptions};
use crate::cluster::{Kind, KindError, apply, delete};
use crate::compare::{Ignored, is_surely_same};
use crate::health::{HealthStatus, health};
use crate::object::{ObjectKey, text};
use crate::ports::Destination;
use crate::spec::ApplicationSpec;
use crate::sync::{Action, Plan, PlanInput, Progress, Step, Task, TaskResult, TaskStatus, Wave, plan, step};

/// How many objects are written at once.
const AT_ONCE: usize = 20;

/// One run of a sync, with what it needs at hand.
pub(crate) struct Execution<'a> {
    engine: &'a Engine,
    application: &'a Application,
    spec: &'a ApplicationSpec,
    destination: Destination,
    options: SyncOptions,
    prune: bool,
    plan: Plan,
    kinds: BTreeMap<ObjectKey, Kind>,
    live: BTreeMap<ObjectKey, Arc<Value>>,
}

impl<'a> Execution<'a> {
    /// Plans the sync that `state` stands for; none where there is no way to the destination.
    pub(crate) fn prepare(
        engine: &'a Engine,
        application: &'a Application,
        observed: &Observed,
        state: &OperationState,
    ) -> Option<Execution<'a>> {
        let spec = application.spec.as_ref().ok()?;
        let destination = observed.destination.clone()?;
        let sync = state.operation.sync.clone().unwrap_or_default();
        let options = options_of(spec, &sync.sync_options);
        let mut desired = observed.desired.clone();
        name_hooks(&mut desired, &observed.revision, state.started_at.as_second());
        if options.is("ApplyOutOfSyncOnly", "true") {
            let same: BTreeSet<&ObjectKey> =
                observed.compared.iter().filter(|one| one.same).map(|one| &one.key).collect();
            desired.retain(|object| !same.contains(&ObjectKey::of(object)));
        }
        let only = only_of(&sync);
        let plan = plan(&PlanInput {
            desired: &desired,
            extraneous: &observed.extraneous(),
            options: &options,
            prune: sync.prune,
            only: only.as_ref(),
        });
        let live =
            observed.compared.iter().filter_map(|one| Some((one.key.clone(), one.live.clone()?))).collect();
        Some(Execution {
            engine,
            application,
            spec,
            destination,
            options,
            prune: sync.prune,
            plan,
            kinds: observed.kinds.clone(),
            live,
        })
    }

    /// Goes on until it is done, failed, or has to wait. Returns whether anything was written.
    pub(crate) async fn run(&mut self, state: &mut OperationState) -> bool {
        let mut wrote = false;
        if self.options.is("FailOnSharedResource", "true")
            && let Some(message) = self.shared()
        {
            finish(state, OperationPhase::Failed, &message);
            return wrote;
        }
        loop {
            let progress = self.progress(state);
            match step(&self.plan, &progress) {
                Step::Run(wave) => {
                    self.enact(&wave, state).await;
                    wrote = true;
                }
                Step::Wait(message) => {
                    state.message = message;
                    return wrote;
                }
                Step::Succeeded => {
                    self.delete_hooks(state, true).await;
                    let message = if self.prune {
                        "successfully synced (all tasks run)"
                    } else {
                        "successfully synced (no more tasks)"
                    };
                    finish(state, OperationPhase::Succeeded, message);
                    return wrote;
                }
                Step::Failed(message) => {
                    self.delete_hooks(state, false).await;
                    finish(state, OperationPhase::Failed, &message);
                    return wrote;
                }
            }
        }
    }

    fn shared(&self) -> Option<String> {
        let tracker =
            self.application.tracker(&self.engine.options.namespace, &self.spec.destination.namespace);
        self.live.iter().find_map(|(key, live)| {
            let other = tracker.other_owner(live)?;
            Some(format!("Shared resource found: {key} is part of application {other}"))
        })
    }

    fn progress(&self, state: &OperationState) -> Progress {
        let mut progress = Progress {
            approved: crate::sync::is_approved(&self.application.object),
            terminate: state.phase == OperationPhase::Terminating,
            ..Progress::default()
        };
        let results =
            state.sync_result.as_ref().map(|result| result.resources.as_slice()).unwrap_or_default();
        for result in results {
            let key = key_of(result);
            let Some(phase) = phase_of(&result.sync_phase) else { continue };
            let mut status = status_of(result);
            if status == TaskStatus::Running {
                status = self.live.get(&key).map_or(TaskStatus::Running, |live| hook_status(live));
            }
            let message = result.message.clone();
            progress.results.insert((key, phase), TaskResult { status, message });
        }
        for task in self.plan.tasks() {
            let live = self.live.get(&task.key);
            match task.action {
                Action::Prune if live.is_some_and(|live| crate::object::is_deleting(live)) => {
                    progress.terminating.push(task.key.clone());
                }
                Action::Apply => {
                    if let Some(health) = live.and_then(|live| health(live)) {
                        progress.health.insert(task.key.clone(), health.status);
                    }
                }
                _ => {}
            }
        }
        progress
    }

    async fn enact(&mut self, wave: &Wave, state: &mut OperationState) {
        let prunes = self.many(&wave.prunes).await;
        let failed = prunes.iter().any(|(_, outcome)| outcome.status == TaskStatus::Failed);
        self.note(prunes, state);
        if failed {
            return;
        }
        for group in &wave.groups {
            let outcomes = self.many(group).await;
            let failed = outcomes.iter().any(|(_, outcome)| outcome.status == TaskStatus::Failed);
            self.note(outcomes, state);
            if group.iter().any(|task| task.key.kind == "CustomResourceDefinition") {
                self.engine.kinds(&self.destination.server).forget();
            }
            if failed {
                return;
            }
        }
    }

    async fn many<'t>(&self, tasks: &'t [Task]) -> Vec<(&'t Task, Outcome)> {
        // Boxed: the closure's borrowed argument would otherwise have to hold for every lifetime.
        let runs: Vec<_> =
            tasks.iter().map(|task| async move { (task, self.one(task).await) }.boxed()).collect();
        futures::stream::iter(runs).buffered(AT_ONCE).collect().await
    }

    async fn one(&self, task: &Task) -> Outcome {
        match task.action {
            Action::Prune => self.prune(task).await,
            Action::Apply => self.apply(task).await,
            Action::Hook => self.hook(task).await,
        }
    }

    async fn prune(&self, task: &Task) -> Outcome {
        if task.skipped {
            return Outcome::new(TaskStatus::Skipped, "ignored (no prune)");
        }
        let kind = match self.kind(task).await {
            Ok(kind) => kind,
            Err(message) => return Outcome::new(TaskStatus::Failed, message),
        };
        let uid = text(&task.object, &["metadata", "uid"]);
        let uid = (!uid.is_empty()).then_some(uid);
        match delete(&self.destination.client, &kind, &task.key, uid, self.propagation()).await {
            Ok(()) => Outcome { gone: true, ..Outcome::new(TaskStatus::Done, "pruned") },
            Err(message) => Outcome::new(TaskStatus::Failed, message),
        }
    }

    fn propagation(&self) -> PropagationPolicy {
        match self.options.get("PrunePropagationPolicy") {
            Some("background") => PropagationPolicy::Background,
            Some("orphan") => PropagationPolicy::Orphan,
            _ => PropagationPolicy::Foreground,
        }
    }

    async fn apply(&self, task: &Task) -> Outcome {
        let kind = match self.kind(task).await {
            Ok(kind) => kind,
            Err(message) => return Outcome::new(TaskStatus::Failed, message),
        };
        let live = self.live.get(&task.key);
        let options = Effective::new(&task.object, &self.options);
        let ignored = Ignored::of(&self.spec.ignore_differences, &task.key);
        let mut target = Value::clone(&task.object);
        if let Some(live) = live {
            if self.options.is("RespectIgnoreDifferences", "true") {
                ignored.keep_live(&mut target, live);
            }
            // An apply that changes nothing needs no request; a thousand of these are the usual case.
            if !options.is("Replace", "true") && is_surely_same(&target, live, &Ignored::default()) {
                return Outcome::new(TaskStatus::Done, format!("{} unchanged", task.key));
            }
        }
        let applied = apply(&self.destination.client, &kind, &target, live.map(Arc::as_ref), &options).await;
        match applied {
            Ok(applied) => {
                if task.key.kind == "CustomResourceDefinition" {
                    self.wait_for_definition(&kind, &task.key).await;
                }
                Outcome { object: Some(applied.object), ..Outcome::new(TaskStatus::Done, applied.message) }
            }
            Err(message) => Outcome::new(TaskStatus::Failed, message),
        }
    }

    /// Gives the API server a moment to serve a new kind; not fatal, since the objects' own errors say it better.
    async fn wait_for_definition(&self, kind: &Kind, key: &ObjectKey) {
        for _ in 0..30 {
            let read = kind.api(&self.destination.client, "").get_opt(&key.name).await;
            let Ok(Some(object)) = read else { return };
            let healthy =
                health(&crate::cluster::to_value(object)).is_some_and(|h| h.status == HealthStatus::Healthy);
            if healthy {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    async fn hook(&self, task: &Task) -> Outcome {
        let kind = match self.kind(task).await {
            Ok(kind) => kind,
            Err(message) => return Outcome::new(TaskStatus::Failed, message),
        };
        let exists = self.live.contains_key(&task.key);
        if exists && HookDeletion::of(&task.object).before_creation {
            let deleted =
                delete(&self.destination.client, &kind, &task.key, None, PropagationPolicy::Background).await;
            if let Err(message) = deleted {
                return Outcome::new(TaskStatus::Failed, message);
            }
        }
        let options = Effective::new(&task.object, &self.options);
        match apply(&self.destination.client, &kind, &task.object, None, &options).await {
            Ok(applied) => Outcome {
                object: Some(applied.object.clone()),
                ..Outcome::new(hook_status(&applied.object), applied.message)
            },
            Err(message) => Outcome::new(TaskStatus::Failed, message),
        }
    }

    async fn kind(&self, task: &Task) -> Result<Kind, String> {
        if let Some(kind) = self.kinds.get(&task.key) {
            return Ok(kind.clone());
        }
        let api_version = text(&task.object, &["apiVersion"]);
        let kinds = self.engine.kinds(&self.destination.server);
        kinds.get(&self.destination.client, api_version, &task.key.kind).await.map_err(|error| match error {
            KindError::NotServed => format!(
                "the cluster does not serve {api_version} {}: install its CustomResourceDefinition first, or correct apiVersion",
                task.key.kind
            ),
            KindError::Failed(reason) => format!("failed to ask the cluster which kinds it serves: {reason}"),
        })
    }

    fn note(&mut self, outcomes: Vec<(&Task, Outcome)>, state: &mut OperationState) {
        let result = state.sync_result.get_or_insert_default();
        for (task, outcome) in outcomes {
            let entry = resource_result(task, &outcome);
            let same =
                |known: &ResourceResult| key_of(known) == task.key && known.sync_phase == entry.sync_phase;
            match result.resources.iter_mut().find(|known| same(known)) {
                Some(known) => *known = entry,
                None => result.resources.push(entry),
            }
            if outcome.gone {
                self.live.remove(&task.key);
            }
            if let Some(object) = outcome.object {
                self.live.insert(task.key.clone(), Arc::new(object));
            }
        }
    }

    async fn delete_hooks(&self, state: &OperationState, succeeded: bool) {
        let begun = |task: &Task| {
            state
                .sync_result
                .iter()
                .flat_map(|result| &result.resources)
                .any(|result| key_of(result) == task.key)
        };
        for task in self.plan.tasks().filter(|task| task.action == Action::Hook && begun(task)) {
            let policy = HookDeletion::of(&task.object);
            let wanted = if succeeded { policy.succeeded } else { policy.failed };
            let Ok(kind) = self.kind(task).await else { continue };
            if !wanted {
                continue;
            }
            let client = &self.destination.client;
            if let Err(error) = delete(client, &kind, &task.key, None, PropagationPolicy::Background).await {
                tracing::info!(hook = %task.key, error, "hook not deleted");
            }
        }
    }
}

struct Outcome {
    status: TaskStatus,
    message: String,
    object: Option<Value>,
    gone: bool,
}

impl Outcome {
    fn new(status: TaskStatus, message: impl Into<String>) -> Outcome {
        Outcome { status, message: message.into(), object: None, gone: false }
    }
}

fn only_of(sync: &SyncOperation) -> Option<BTreeSet<ObjectKey>> {
    (!sync.resources.is_empty())
        .then(|| sync.resources.iter().map(super::operation::ResourceRef::key).collect())
}

pub(crate) fn finish(state: &mut OperationState, phase: OperationPhase, message: &str) {
    state.phase = phase;
    message.clone_into(&mut state.message);
    state.finished_at = Some(Timestamp::now());
}

/// Starts the record of a sync.
pub(crate) fn begin(
    operation: super::operation::Operation,
    spec: &ApplicationSpec,
    revision: &str,
    now: Timestamp,
) -> OperationState {
    OperationState {
        operation,
        phase: OperationPhase::Running,
        message: String::new(),
        started_at: now,
        finished_at: None,
        retry_count: 0,
        sync_result: Some(SyncResult {
            resources: Vec::new(),
            revision: revision.to_owned(),
            source: serde_json::to_value(&spec.source).unwrap_or(Value::Null),
        }),
    }
}

fn key_of(result: &ResourceResult) -> ObjectKey {
    ObjectKey {
        group: result.group.clone(),
        kind: result.kind.clone(),
        namespace: result.namespace.clone(),
        name: result.name.clone(),
    }
}

fn phase_of(text: &str) -> Option<Phase> {
    [Phase::PreSync, Phase::Sync, Phase::PostSync, Phase::SyncFail]
        .into_iter()
        .find(|phase| phase.as_str() == text)
}

fn status_of(result: &ResourceResult) -> TaskStatus {
    match (result.status.as_str(), result.hook_phase.as_str()) {
        ("SyncFailed", _) | (_, "Failed" | "Error") => TaskStatus::Failed,
        ("PruneSkipped", _) => TaskStatus::Skipped,
        // An object that was applied is `Running` in upstream's words while its health is waited for.
        (_, "Running") if !result.hook_type.is_empty() => TaskStatus::Running,
        _ => TaskStatus::Done,
    }
}

/// How far a hook is: a Job or Pod ends, another kind is done when healthy or when it has no health.
fn hook_status(live: &Value) -> TaskStatus {
    match health(live).map(|health| health.status) {
        None | Some(HealthStatus::Healthy) => TaskStatus::Done,
        Some(HealthStatus::Degraded) => TaskStatus::Failed,
        Some(_) => TaskStatus::Running,
    }
}

fn resource_result(task: &Task, outcome: &Outcome) -> ResourceResult {
    let status = match (task.action, outcome.status) {
        (_, TaskStatus::Failed) if task.action != Action::Hook => "SyncFailed",
        (Action::Prune, TaskStatus::Skipped) => "PruneSkipped",
        (Action::Prune, _) => "Pruned",
        (Action::Apply, _) => "Synced",
        (Action::Hook, _) => "",
    };
    let hook_phase = match outcome.status {
        TaskStatus::Done | TaskStatus::Skipped => "Succeeded",
        TaskStatus::Running => "Running",
        TaskStatus::Failed => "Failed",
    };
    let is_hook = task.action == Action::Hook;
    ResourceResult {
        group: task.key.group.clone(),
        version: task.version.clone(),
        kind: task.key.kind.clone(),
        namespace: task.key.namespace.clone(),
        name: task.key.name.clone(),
        status: status.to_owned(),
        message: outcome.message.clone(),
        hook_type: if is_hook { task.phase.as_str().to_owned() } else { String::new() },
        hook_phase: hook_phase.to_owned(),
        sync_phase: task.phase.as_str().to_owned(),
    }
}
