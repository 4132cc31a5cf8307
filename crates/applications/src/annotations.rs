//! What annotations on an object ask of the engine, and the options of an Application that they may override.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::annotation;

pub(crate) const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
pub(crate) const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
pub(crate) const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
pub(crate) const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
pub(crate) const HOOK: &str = "argocd.argoproj.io/hook";
pub(crate) const HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
pub(crate) const REFRESH: &str = "argocd.argoproj.io/refresh";
pub(crate) const IGNORE_HEALTH: &str = "argocd.argoproj.io/ignore-healthcheck";
pub(crate) const DELETION_APPROVED: &str = "argocd.argoproj.io/deletion-approved";

/// Sync options, `Key=value`, matched to the letter: `PruneLast=True` is no option.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncOptions {
    options: BTreeMap<String, String>,
}

impl SyncOptions {
    /// Reads an Application's list.
    pub fn from_list<S: AsRef<str>>(list: &[S]) -> SyncOptions {
        let pairs = list.iter().filter_map(|option| option.as_ref().split_once('='));
        SyncOptions { options: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect() }
    }

    /// Reads those of an object's annotation, a comma-separated list.
    pub fn of(object: &Value) -> SyncOptions {
        let list: Vec<&str> =
            annotation(object, SYNC_OPTIONS).unwrap_or_default().split(',').map(str::trim).collect();
        SyncOptions::from_list(&list)
    }

    /// Whether the option is given and says `value`.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.options.get(key).is_some_and(|given| given == value)
    }

    /// The option's text.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }
}

/// The options for one object: its own where it has one, else the Application's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective<'a> {
    own: SyncOptions,
    application: &'a SyncOptions,
}

impl<'a> Effective<'a> {
    /// Joins an object's options with those of its Application.
    pub fn new(object: &Value, application: &'a SyncOptions) -> Effective<'a> {
        Effective { own: SyncOptions::of(object), application }
    }

    /// Whether the option says `value`.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.own.get(key).or_else(|| self.application.get(key)) == Some(value)
    }
}

/// The wave of an object; 0 where none, or no number, is given.
pub(crate) fn wave(object: &Value) -> i64 {
    annotation(object, SYNC_WAVE).and_then(|wave| wave.trim().parse().ok()).unwrap_or_default()
}

/// When a hook is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookDeletion {
    /// Before it is created anew; what happens when no policy is given.
    pub before_creation: bool,
    /// When it has succeeded.
    pub succeeded: bool,
    /// When it has failed.
    pub failed: bool,
}

impl HookDeletion {
    /// Reads the policy of a hook.
    pub fn of(object: &Value) -> HookDeletion {
        let mut policy = HookDeletion::default();
        for word in annotation(object, HOOK_DELETE_POLICY).unwrap_or_default().split(',').map(str::trim) {
            match word {
                "BeforeHookCreation" => policy.before_creation = true,
                "HookSucceeded" => policy.succeeded = true,
                "HookFailed" => policy.failed = true,
                _ => {}
            }
        }
        if policy == HookDeletion::default() {
            policy.before_creation = true;
        }
        policy
    }
}

/// The phases in which a hook runs; none for an object that is no hook.
///
/// A hook whose annotation names no phase that exists runs in none and is not applied, as with `Skip`.
pub(crate) fn hook_phases(object: &Value) -> Option<Vec<Phase>> {
    let hook = annotation(object, HOOK)?;
    let phases = hook.split(',').filter_map(|phase| match phase.trim() {
        "PreSync" => Some(Phase::PreSync),
        "Sync" => Some(Phase::Sync),
        "PostSync" => Some(Phase::PostSync),
        "SyncFail" => Some(Phase::SyncFail),
        _ => None,
    });
    Some(phases.collect())
}

/// The phases of a sync, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Before anything is applied.
    PreSync,
    /// The objects themselves.
    Sync,
    /// When all is applied and healthy.
    PostSync,
    /// When the sync has failed.
    SyncFail,
}

impl Phase {
    /// Its name in annotations and in the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::PreSync => "PreSync",
            Phase::Sync => "Sync",
            Phase::PostSync => "PostSync",
            Phase::SyncFail => "SyncFail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_match_to_the_letter_and_the_object_wins() {
        let application = SyncOptions::from_list(&["Prune=false", "PruneLast=True", "Validate: false"]);
        let object = json!({"metadata": {"annotations": {SYNC_OPTIONS: "Prune=true, Force=true"}}});
        let effective = Effective::new(&object, &application);
        for (key, value, expect) in [
            ("Prune", "false", false),
            ("Prune", "true", true),
            ("Force", "true", true),
            ("PruneLast", "true", false),
            ("Validate", "false", false),
        ] {
            assert_eq!(effective.is(key, value), expect, "{key}={value}");
        }
    }

    #[test]
    fn hooks_have_phases_and_a_policy() {
        let hook = |text: &str| json!({"metadata": {"annotations": {HOOK: text, HOOK_DELETE_POLICY: "HookSucceeded"}}});
        assert_eq!(hook_phases(&json!({})), None);
        assert_eq!(hook_phases(&hook("PreSync, PostSync")), Some(vec![Phase::PreSync, Phase::PostSync]));
        assert_eq!(hook_phases(&hook("Skip")), Some(vec![]));
        assert!(HookDeletion::of(&json!({})).before_creation);
        assert_eq!(
            HookDeletion::of(&hook("Sync")),
            HookDeletion { before_creation: false, succeeded: true, failed: false }
        );
    }
}
