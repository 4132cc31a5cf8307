//! Syncs as they stand in an Application, and the decision to start one. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::ObjectKey;
use crate::spec::{Automated, Retry, go_duration};

/// `operation`: a sync that somebody, or the engine itself, asked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Operation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sync: Option<SyncOperation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) initiated_by: Option<InitiatedBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry: Option<Retry>,
}

/// `operation.sync`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SyncOperation {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) revision: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) prune: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) dry_run: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sync_options: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<ResourceRef>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) auto_heal_attempts_count: i64,
}

/// An object of a partial sync.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ResourceRef {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
}

impl ResourceRef {
    pub(crate) fn of(key: &ObjectKey) -> ResourceRef {
        ResourceRef {
            group: key.group.clone(),
            kind: key.kind.clone(),
            name: key.name.clone(),
            namespace: key.namespace.clone(),
        }
    }

    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey {
            group: self.group.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// `operation.initiatedBy`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct InitiatedBy {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) username: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) automated: bool,
}

/// `status.operationState`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperationState {
    #[serde(default)]
    pub(crate) operation: Operation,
    pub(crate) phase: OperationPhase,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
    pub(crate) started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) finished_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) retry_count: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sync_result: Option<SyncResult>,
}

/// `status.operationState.phase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum OperationPhase {
    Running,
    Terminating,
    Failed,
    Error,
    Succeeded,
}

/// `status.operationState.syncResult`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SyncResult {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<ResourceResult>,
    pub(crate) revision: String,
    pub(crate) source: Value,
}

/// One entry of `syncResult.resources`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ResourceResult {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) hook_type: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) hook_phase: String,
    pub(crate) sync_phase: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// The retry of automated syncs that give none: 5 times, 5 s doubling to 3 min.
pub(crate) fn default_retry() -> Retry {
    Retry { limit: 5, backoff: None }
}

impl OperationState {
    /// Whether it has yet to end.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, OperationPhase::Running | OperationPhase::Terminating)
    }

    /// The commit that it syncs to; empty when it never got so far.
    pub(crate) fn revision(&self) -> &str {
        match &self.sync_result {
            Some(result) => &result.revision,
            None => self.operation.sync.as_ref().map(|sync| sync.revision.as_str()).unwrap_or_default(),
        }
    }

    /// When a failed sync is tried again: after a pause that grows; none when its retries are used up.
    pub(crate) fn next_retry(&self) -> Option<Duration> {
        let retry = self.operation.retry.as_ref()?;
        if retry.limit >= 0 && self.retry_count >= retry.limit {
            return None;
        }
        let backoff = retry.backoff.clone().unwrap_or_default();
        let first = go_duration(&backoff.duration).unwrap_or(Duration::from_secs(5));
        let factor = backoff.factor.filter(|factor| *factor > 0).unwrap_or(2);
        let longest = go_duration(&backoff.max_duration).unwrap_or(Duration::from_secs(180));
        let exponent = i32::try_from(self.retry_count).unwrap_or(i32::MAX);
        #[expect(clippy::cast_precision_loss, reason = "a factor is a small number")]
        let seconds = first.as_secs_f64() * (factor as f64).powi(exponent);
        Some(Duration::from_secs_f64(seconds.min(longest.as_secs_f64())))
    }
}

/// What the decision to sync by itself is made from.
pub(crate) struct AutoSyncInput<'a> {
    pub(crate) automated: Option<&'a Automated>,
    /// Whether anything differs.
    pub(crate) out_of_sync: bool,
    /// The commit that is desired.
    pub(crate) revision: &'a str,
    /// The last sync.
    pub(crate) last: Option<&'a OperationState>,
    /// The objects that differ, and whether each only needs pruning.
    pub(crate) differing: &'a [(ObjectKey, bool)],
    /// Whether everything that is deployed would be pruned.
    pub(crate) would_prune_all: bool,
    pub(crate) sync_options: &'a [String],
    pub(crate) retry: Option<&'a Retry>,
    pub(crate) now: Timestamp,
}

/// Whether to sync.
#[derive(Debug, PartialEq)]
pub(crate) enum AutoSync {
    /// Nothing to do.
    No,
    /// Not now, and the reason is a condition `SyncError`.
    Refused(String),
    /// A revert of changes in the cluster has to wait.
    Later(Duration),
    /// Sync so.
    Start(Box<Operation>),
}

/// The pause before the next revert of a change in the cluster: 2 s, 6 s, 18 s … 300 s.
fn self_heal_pause(attempts: i64) -> Duration {
    let exponent = i32::try_from(attempts).unwrap_or(i32::MAX);
    Duration::from_secs_f64((2.0 * 3.0_f64.powi(exponent)).min(300.0))
}

/// Decides whether the engine starts a sync by itself, after Argo CD's rules.
pub(crate) fn auto_sync(input: &AutoSyncInput<'_>) -> AutoSync {
    let Some(automated) = input.automated else { return AutoSync::No };
    if !input.out_of_sync {
        return AutoSync::No;
    }
    let prune = automated.prune == Some(true);
    if !prune && input.differing.iter().all(|(_, only_prune)| *only_prune) {
        return AutoSync::No;
    }
    if prune && input.would_prune_all && automated.allow_empty != Some(true) {
        return AutoSync::Refused("auto-sync will wipe out all resources".to_owned());
    }
    let mut sync = SyncOperation {
        revision: input.revision.to_owned(),
        prune,
        sync_options: input.sync_options.to_vec(),
        ..SyncOperation::default()
    };
    if let Some(last) = input.last.filter(|last| last.revision() == input.revision) {
        if last.phase != OperationPhase::Succeeded {
            return AutoSync::Refused(format!(
                "Failed last sync attempt to {}: {}",
                input.revision, last.message
            ));
        }
        if automated.self_heal != Some(true) {
            return AutoSync::No;
        }
        // The next revert waits from the end of the last; attempts count up while the same commit stays.
        let was_heal = last.operation.sync.as_ref().is_some_and(|sync| !sync.resources.is_empty());
        let attempts =
            last.operation.sync.as_ref().map(|sync| sync.auto_heal_attempts_count).unwrap_or_default();
        if was_heal && let Some(finished) = last.finished_at {
            let since = Duration::try_from(input.now.duration_since(finished)).unwrap_or_default();
            let pause = self_heal_pause(attempts - 1);
            if since < pause {
                return AutoSync::Later(pause - since);
            }
            // Quiet for long: what happens now is not the same fight.
            sync.auto_heal_attempts_count = if since > Duration::from_secs(600) { 1 } else { attempts + 1 };
        } else {
            sync.auto_heal_attempts_count = 1;
        }
        sync.resources = input.differing.iter().map(|(key, _)| ResourceRef::of(key)).collect();
    }
    AutoSync::Start(Box::new(Operation {
        sync: Some(sync),
        initiated_by: Some(InitiatedBy { username: String::new(), automated: true }),
        retry: Some(input.retry.cloned().unwrap_or_else(default_retry)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::RetryBackoff;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { group: String::new(), kind: "ConfigMap".into(), namespace: "n".into(), name: name.into() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn last(revision: &str, phase: OperationPhase, heals: i64) -> OperationState {
        let sync = SyncOperation {
            revision: revision.into(),
            resources: if heals > 0 { vec![ResourceRef::of(&key("a"))] } else { vec![] },
            auto_heal_attempts_count: heals,
            ..SyncOperation::default()
        };
        OperationState {
            operation: Operation { sync: Some(sync), initiated_by: None, retry: Some(default_retry()) },
            phase,
            message: "why".into(),
            started_at: at(0),
            finished_at: Some(at(1000)),
            retry_count: 0,
            sync_result: None,
        }
    }

    struct Case {
        automated: Automated,
        last: Option<OperationState>,
        differing: Vec<(ObjectKey, bool)>,
        would_prune_all: bool,
        now: i64,
    }

    impl Case {
        fn new(prune: bool, self_heal: bool) -> Case {
            Case {
                automated: Automated {
                    prune: Some(prune),
                    self_heal: Some(self_heal),
                    ..Automated::default()
                },
                last: None,
                differing: vec![(key("a"), false)],
                would_prune_all: false,
                now: 1000,
            }
        }

        #[track_caller]
        fn check(&self, expect: &str) {
            let decision = auto_sync(&AutoSyncInput {
                automated: Some(&self.automated),
                out_of_sync: !self.differing.is_empty(),
                revision: "new",
                last: self.last.as_ref(),
                differing: &self.differing,
                would_prune_all: self.would_prune_all,
                sync_options: &[],
                retry: None,
                now: at(self.now),
            });
            let got = match decision {
                AutoSync::No => "no".to_owned(),
                AutoSync::Refused(reason) => reason,
                AutoSync::Later(pause) => format!("in {} s", pause.as_secs()),
                AutoSync::Start(operation) => {
                    let sync = operation.sync.unwrap();
                    let prune = if sync.prune { " prune" } else { "" };
                    format!("{} objects, heal {}{prune}", sync.resources.len(), sync.auto_heal_attempts_count)
                }
            };
            assert_eq!(got, expect);
        }
    }

    #[test]
    fn a_new_commit_is_synced_and_a_failed_one_is_not_tried_again() {
        Case::new(true, false).check("0 objects, heal 0 prune");
        Case { last: Some(last("old", OperationPhase::Failed, 0)), ..Case::new(false, false) }
            .check("0 objects, heal 0");
        Case { last: Some(last("new", OperationPhase::Failed, 0)), ..Case::new(true, true) }
            .check("Failed last sync attempt to new: why");
        Case { last: Some(last("new", OperationPhase::Succeeded, 0)), ..Case::new(true, false) }.check("no");
        Case { differing: vec![], ..Case::new(true, true) }.check("no");
    }

    #[test]
    fn without_prune_what_is_too_much_stays_and_nothing_is_wiped_out() {
        Case { differing: vec![(key("a"), true)], ..Case::new(false, true) }.check("no");
        Case { would_prune_all: true, ..Case::new(true, true) }
            .check("auto-sync will wipe out all resources");
        let allowed = Automated { allow_empty: Some(true), ..Case::new(true, true).automated };
        Case { would_prune_all: true, automated: allowed, ..Case::new(true, true) }
            .check("0 objects, heal 0 prune");
        let off = Automated { enabled: Some(false), ..Automated::default() };
        let spec = crate::spec::ApplicationSpec {
            sync_policy: Some(crate::spec::SyncPolicy { automated: Some(off), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(spec.automated(), None);
    }

    #[test]
    fn reverts_are_partial_and_slow_down() {
        let healed = |heals| Case {
            last: Some(last("new", OperationPhase::Succeeded, heals)),
            ..Case::new(true, true)
        };
        healed(0).check("1 objects, heal 1 prune");
        Case { now: 1001, ..healed(1) }.check("in 1 s");
        Case { now: 1002, ..healed(1) }.check("1 objects, heal 2 prune");
        Case { now: 1005, ..healed(2) }.check("in 1 s");
        Case { now: 1299, ..healed(9) }.check("in 1 s");
        Case { now: 2000, ..healed(9) }.check("1 objects, heal 1 prune");
    }

    #[test]
    fn retries_pause_longer_and_end() {
        let with = |retry_count, retry| OperationState {
            retry_count,
            operation: Operation { retry, ..Operation::default() },
            ..last("r", OperationPhase::Failed, 0)
        };
        let backoff = RetryBackoff { duration: "1s".into(), factor: Some(3), max_duration: "10s".into() };
        for (retry_count, retry, expect) in [
            (0, None, None),
            (0, Some(default_retry()), Some(5)),
            (4, Some(default_retry()), Some(80)),
            (5, Some(default_retry()), None),
            (2, Some(Retry { limit: 9, backoff: Some(backoff.clone()) }), Some(9)),
            (3, Some(Retry { limit: -1, backoff: Some(backoff) }), Some(10)),
        ] {
            assert_eq!(
                with(retry_count, retry).next_retry().map(|pause| pause.as_secs()),
                expect,
                "{retry_count}"
            );
        }
    }
}
