//! From desired and live objects to waves of tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::order::rank;
use crate::annotations::{Effective, Phase, SyncOptions, hook_phases, wave};
use crate::object::{ObjectKey, annotation, group_version, text};

/// What is to be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Delete it: it is live, tracked by the Application, and no longer desired.
    Prune,
    /// Create or update it.
    Apply,
    /// Run it as a hook.
    Hook,
}

/// One object's part in a sync.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The object.
    pub key: ObjectKey,
    /// The version of its API.
    pub version: String,
    /// What is done.
    pub action: Action,
    /// When, coarsely.
    pub phase: Phase,
    /// When, within the phase.
    pub wave: i64,
    /// The object as it should be; for a prune as it is.
    pub object: Arc<Value>,
    /// Whether a prune is skipped: `Prune=false`, or the sync prunes nothing.
    pub skipped: bool,
    /// Whether a prune needs a person's word: `Prune=confirm`.
    pub needs_approval: bool,
}

/// The tasks of one phase and wave.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    /// The phase.
    pub phase: Phase,
    /// The wave.
    pub wave: i64,
    /// What is pruned first, all at once.
    pub prunes: Vec<Task>,
    /// What is applied then: group after group, each group's members at once.
    pub groups: Vec<Vec<Task>>,
}

/// The waves of a sync in their order; `SyncFail` apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What is done.
    pub waves: Vec<Wave>,
    /// What is done when something failed.
    pub on_failure: Vec<Wave>,
}

/// What a sync is planned from.
pub struct PlanInput<'a> {
    /// The desired objects, tracked and defaulted, hooks included.
    pub desired: &'a [Arc<Value>],
    /// The live objects that the Application tracks and does not desire.
    pub extraneous: &'a [Arc<Value>],
    /// The Application's options.
    pub options: &'a SyncOptions,
    /// Whether anything is pruned at all.
    pub prune: bool,
    /// Only these objects, for a partial sync; then no hook runs.
    pub only: Option<&'a BTreeSet<ObjectKey>>,
}

impl Plan {
    /// Whether the sync has more than one phase or wave, so that each must be healthy before the next.
    pub fn is_multi_step(&self) -> bool {
        self.waves.len() > 1
    }

    /// All tasks in their order, those of `SyncFail` last.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.waves.iter().chain(&self.on_failure).flat_map(Wave::tasks)
    }
}

impl Wave {
    /// The tasks of the wave in their order.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.prunes.iter().chain(self.groups.iter().flatten())
    }
}

/// Plans a sync.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let wanted = |key: &ObjectKey| input.only.is_none_or(|only| only.contains(key));
    let mut tasks = Vec::new();
    for object in input.desired {
        let key = ObjectKey::of(object);
        match hook_phases(object) {
            None if wanted(&key) => tasks.push(task(object, Action::Apply, Phase::Sync)),
            Some(phases) if input.only.is_none() => {
                tasks.extend(phases.into_iter().map(|phase| task(object, Action::Hook, phase)));
            }
            _ => {}
        }
    }
    let last_wave = tasks.iter().filter(|task| task.phase == Phase::Sync).map(|task| task.wave).max();
    let after_all = last_wave.unwrap_or_default().max(0).saturating_add(1);
    let mut prunes: Vec<Task> = input
        .extraneous
        .iter()
        .filter(|object| wanted(&ObjectKey::of(object)))
        .map(|object| {
            let options = Effective::new(object, input.options);
            Task {
                skipped: !input.prune || options.is("Prune", "false"),
                needs_approval: options.is("Prune", "confirm"),
                ..task(object, Action::Prune, Phase::Sync)
            }
        })
        .collect();
    reverse_waves(&mut prunes);
    for prune in &mut prunes {
        if Effective::new(&prune.object, input.options).is("PruneLast", "true") {
            prune.wave = after_all;
        }
    }
    tasks.extend(prunes);
    tasks.sort_by(|a, b| order_of(a).cmp(&order_of(b)));
    bubble_up(&mut tasks);
    let (on_failure, waves): (Vec<Task>, Vec<Task>) =
        tasks.into_iter().partition(|task| task.phase == Phase::SyncFail);
    Plan { waves: into_waves(waves), on_failure: into_waves(on_failure) }
}

fn task(object: &Arc<Value>, action: Action, phase: Phase) -> Task {
    Task {
        key: ObjectKey::of(object),
        version: group_version(object).1.to_owned(),
        action,
        phase,
        wave: wave(object),
        object: object.clone(),
        skipped: false,
        needs_approval: false,
    }
}

type Order<'a> = (Phase, i64, usize, &'a str, &'a str, &'a str);

fn order_of(task: &Task) -> Order<'_> {
    (task.phase, task.wave, rank(&task.key.kind), &task.key.name, &task.key.kind, &task.key.namespace)
}

/// What was created last is pruned first: the lowest wave and the highest change places, and so on inwards.
fn reverse_waves(prunes: &mut [Task]) {
    let waves: BTreeSet<i64> = prunes.iter().map(|prune| prune.wave).collect();
    let swapped: BTreeMap<i64, i64> = waves.iter().copied().zip(waves.iter().rev().copied()).collect();
    for prune in prunes {
        if let Some(wave) = swapped.get(&prune.wave) {
            prune.wave = *wave;
        }
    }
}

/// Moves a Namespace before the first object in it, and a definition before the first object of its kind.
fn bubble_up(tasks: &mut Vec<Task>) {
    for index in 0..tasks.len() {
        let Some(first) = first_that_needs(&tasks[index], &tasks[..index]) else { continue };
        let (phase, wave) = (tasks[first].phase, tasks[first].wave);
        let mut moved = tasks.remove(index);
        (moved.phase, moved.wave) = (phase, wave);
        tasks.insert(first, moved);
    }
}

fn first_that_needs(task: &Task, before: &[Task]) -> Option<usize> {
    if task.action == Action::Prune {
        return None;
    }
    let applied = |other: &Task| other.action != Action::Prune;
    match task.key.kind.as_str() {
        "Namespace" if task.key.group.is_empty() => {
            before.iter().position(|other| applied(other) && other.key.namespace == task.key.name)
        }
        "CustomResourceDefinition" => {
            let group = text(&task.object, &["spec", "group"]);
            let kind = text(&task.object, &["spec", "names", "kind"]);
            before
                .iter()
                .position(|other| applied(other) && other.key.group == group && other.key.kind == kind)
        }
        _ => None,
    }
}

fn into_waves(tasks: Vec<Task>) -> Vec<Wave> {
    let mut waves: Vec<Wave> = Vec::new();
    for task in tasks {
        let fits = waves.last().is_some_and(|wave| wave.phase == task.phase && wave.wave == task.wave);
        if !fits {
            waves.push(Wave { phase: task.phase, wave: task.wave, prunes: Vec::new(), groups: Vec::new() });
        }
        let Some(wave) = waves.last_mut() else { continue };
        if task.action == Action::Prune {
            wave.prunes.push(task);
            continue;
        }
        let same_kind =
            |group: &Vec<Task>| group.first().is_some_and(|first| first.key.kind == task.key.kind);
        match wave.groups.last_mut() {
            Some(group) if same_kind(group) => group.push(task),
            _ => wave.groups.push(vec![task]),
        }
    }
    waves
}

/// Whether a person has approved what needs approval.
pub(crate) fn is_approved(application: &Value) -> bool {
    annotation(application, crate::annotations::DELETION_APPROVED).is_some_and(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
