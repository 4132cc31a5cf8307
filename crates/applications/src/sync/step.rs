//! What a running sync does next.

use std::collections::BTreeMap;

use super::plan::{Action, Plan, Task, Wave};
use crate::annotations::Phase;
use crate::health::HealthStatus;
use crate::object::ObjectKey;

/// How one task went so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// Applied, or run as a hook to its end.
    Done,
    /// A hook that has not ended.
    Running,
    /// Not applied, not pruned, or a hook that failed.
    Failed,
    /// A prune that was not wanted.
    Skipped,
}

/// The outcome of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskResult {
    /// How it went.
    pub status: TaskStatus,
    /// What the API server said, or why it failed.
    pub message: String,
}

/// What is known about a running sync.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The outcome of each task that was begun, by object and phase.
    pub results: BTreeMap<(ObjectKey, Phase), TaskResult>,
    /// The health of each object that has one; an object without an entry has no health check.
    pub health: BTreeMap<ObjectKey, HealthStatus>,
    /// The pruned objects that still exist, kept by their finalizers.
    pub terminating: Vec<ObjectKey>,
    /// Whether a person has approved the prunes that need it.
    pub approved: bool,
    /// Whether a person asked to end it.
    pub terminate: bool,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Do these: the prunes first, then group after group.
    Run(Wave),
    /// Nothing until these are as they should be; the text is for the status.
    Wait(String),
    /// All is done.
    Succeeded,
    /// Something failed; the text names it.
    Failed(String),
}

/// Decides what a running sync does next. Total and pure: the same progress always gives the same step.
pub fn step(plan: &Plan, progress: &Progress) -> Step {
    if progress.terminate {
        return Step::Failed("operation terminated".to_owned());
    }
    let failed = failures(plan.waves.iter().flat_map(Wave::tasks), progress);
    if !failed.is_empty() {
        return on_failure(plan, progress, &failed);
    }
    for wave in &plan.waves {
        let unfinished = match gate(plan, wave, progress) {
            Gate::Open => continue,
            Gate::Failed(message) => return on_failure(plan, progress, &[message]),
            Gate::Run(wave) => return Step::Run(wave),
            Gate::Wait(message) => message,
        };
        return Step::Wait(unfinished);
    }
    Step::Succeeded
}

enum Gate {
    Open,
    Run(Wave),
    Wait(String),
    Failed(String),
}

fn gate(plan: &Plan, wave: &Wave, progress: &Progress) -> Gate {
    if !progress.approved
        && let Some(task) = wave.prunes.iter().find(|task| task.needs_approval && !begun(task, progress))
    {
        return Gate::Wait(format!("waiting for deletion confirmation of {}", task.key));
    }
    let open = |task: &&Task| !begun(task, progress);
    let rest = Wave {
        phase: wave.phase,
        wave: wave.wave,
        prunes: wave.prunes.iter().filter(open).cloned().collect(),
        groups: wave
            .groups
            .iter()
            .map(|group| group.iter().filter(open).cloned().collect::<Vec<_>>())
            .filter(|group| !group.is_empty())
            .collect(),
    };
    if !rest.prunes.is_empty() || !rest.groups.is_empty() {
        return Gate::Run(rest);
    }
    let mut waiting = Vec::new();
    for task in wave.tasks() {
        let key = &task.key;
        match task.action {
            Action::Hook => {
                if result(task, progress).is_some_and(|result| result.status == TaskStatus::Running) {
                    waiting.push(format!("completion of hook {key}"));
                }
            }
            Action::Prune => {
                if progress.terminating.contains(key) {
                    waiting.push(format!("deletion of {key}"));
                }
            }
            Action::Apply if plan.is_multi_step() => match progress.health.get(key) {
                Some(HealthStatus::Degraded) => return Gate::Failed(format!("{key} is degraded")),
                Some(HealthStatus::Progressing | HealthStatus::Missing | HealthStatus::Unknown) => {
                    waiting.push(format!("healthy state of {key}"));
                }
                _ => {}
            },
            Action::Apply => {}
        }
    }
    match waiting.as_slice() {
        [] => Gate::Open,
        [one] => Gate::Wait(format!("waiting for {one}")),
        [first, rest @ ..] => Gate::Wait(format!("waiting for {first} and {} more", rest.len())),
    }
}

fn on_failure(plan: &Plan, progress: &Progress, failed: &[String]) -> Step {
    let message = match failed {
        [one] => one.clone(),
        several => format!("{} tasks failed: {}", several.len(), several.join("; ")),
    };
    for wave in &plan.on_failure {
        match gate(plan, wave, progress) {
            Gate::Open | Gate::Failed(_) => {}
            Gate::Run(wave) => return Step::Run(wave),
            Gate::Wait(reason) => return Step::Wait(reason),
        }
    }
    Step::Failed(message)
}

fn failures<'a>(tasks: impl Iterator<Item = &'a Task>, progress: &Progress) -> Vec<String> {
    tasks
        .filter_map(|task| Some((task, result(task, progress)?)))
        .filter(|(_, result)| result.status == TaskStatus::Failed)
        .map(|(task, result)| format!("{}: {}", task.key, result.message))
        .collect()
}

fn result<'a>(task: &Task, progress: &'a Progress) -> Option<&'a TaskResult> {
    progress.results.get(&(task.key.clone(), task.phase))
}

fn begun(task: &Task, progress: &Progress) -> bool {
    result(task, progress).is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::annotations::{HOOK, SYNC_OPTIONS, SYNC_WAVE, SyncOptions};
    use crate::sync::plan::{PlanInput, plan};

    fn config_map(name: &str, annotations: Value) -> Arc<Value> {
        Arc::new(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "annotations": annotations}}),
        )
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey::of(&config_map(name, json!({})))
    }

    struct Sync {
        plan: Plan,
        progress: Progress,
    }

    impl Sync {
        fn of(desired: &[Arc<Value>], extraneous: &[Arc<Value>]) -> Sync {
            let options = SyncOptions::default();
            let plan = plan(&PlanInput { desired, extraneous, options: &options, prune: true, only: None });
            Sync { plan, progress: Progress::default() }
        }

        fn result(mut self, name: &str, phase: Phase, status: TaskStatus) -> Sync {
            self.progress.results.insert((key(name), phase), TaskResult { status, message: "said".into() });
            self
        }

        fn health(mut self, name: &str, health: HealthStatus) -> Sync {
            self.progress.health.insert(key(name), health);
            self
        }

        #[track_caller]
        fn check(&self, expect: &str) {
            let got = match step(&self.plan, &self.progress) {
                Step::Run(wave) => {
                    let names: Vec<&str> = wave.tasks().map(|task| task.key.name.as_str()).collect();
                    format!("run {}", names.join(" "))
                }
                Step::Wait(reason) => reason,
                Step::Succeeded => "succeeded".to_owned(),
                Step::Failed(message) => format!("failed: {message}"),
            };
            assert_eq!(got, expect);
        }
    }

    #[test]
    fn a_single_wave_ends_when_applied() {
        let sync = || Sync::of(&[config_map("a", json!({})), config_map("b", json!({}))], &[]);
        sync().check("run a b");
        let half = sync().result("a", Phase::Sync, TaskStatus::Done);
        half.check("run b");
        let all = half.result("b", Phase::Sync, TaskStatus::Done).health("a", HealthStatus::Progressing);
        all.check("succeeded");
        all.result("b", Phase::Sync, TaskStatus::Failed).check("failed: ConfigMap b: said");
    }

    #[test]
    fn waves_wait_for_health() {
        let first = Sync::of(&[config_map("a", json!({})), config_map("b", json!({SYNC_WAVE: "1"}))], &[])
            .result("a", Phase::Sync, TaskStatus::Done)
            .health("a", HealthStatus::Progressing);
        first.check("waiting for healthy state of ConfigMap a");
        let healthy = first.health("a", HealthStatus::Healthy);
        healthy.check("run b");
        let both = healthy.result("b", Phase::Sync, TaskStatus::Done);
        both.check("succeeded");
        both.health("b", HealthStatus::Degraded).check("failed: ConfigMap b is degraded");
    }

    #[test]
    fn hooks_gate_and_failures_run_their_own() {
        let hook = |phase: &str| json!({HOOK: phase});
        let sync = || {
            Sync::of(
                &[
                    config_map("pre", hook("PreSync")),
                    config_map("a", json!({})),
                    config_map("fail", hook("SyncFail")),
                ],
                &[],
            )
        };
        sync().check("run pre");
        sync()
            .result("pre", Phase::PreSync, TaskStatus::Running)
            .check("waiting for completion of hook ConfigMap pre");
        sync().result("pre", Phase::PreSync, TaskStatus::Done).check("run a");
        let failed = sync().result("pre", Phase::PreSync, TaskStatus::Failed);
        failed.check("run fail");
        failed.result("fail", Phase::SyncFail, TaskStatus::Done).check("failed: ConfigMap pre: said");
    }

    #[test]
    fn prunes_wait_for_approval_and_for_finalizers() {
        let gone = [config_map("gone", json!({SYNC_OPTIONS: "Prune=confirm"}))];
        let mut sync = Sync::of(&[], &gone);
        sync.check("waiting for deletion confirmation of ConfigMap gone");
        sync.progress.approved = true;
        sync.check("run gone");
        let mut sync = sync.result("gone", Phase::Sync, TaskStatus::Done);
        sync.progress.terminating = vec![key("gone")];
        sync.check("waiting for deletion of ConfigMap gone");
        sync.progress.terminating.clear();
        sync.check("succeeded");
        sync.progress.terminate = true;
        sync.check("failed: operation terminated");
    }
}
