//! When data is due, and when to look again.

use super::window;
use crate::api::external_secret::{CreationPolicy, ExternalSecretSpec, RefreshPolicy};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Where neither the object nor the API server's default says it.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(3600);

/// Refreshes are spread over this share of their interval, so that objects made together do not stay together.
const SPREAD: f64 = 0.1;

/// How often a closed sync window is looked at.
const WINDOW_LOOK: Duration = Duration::from_secs(15);

/// What of an ExternalSecret decides whether data is due.
#[derive(Debug)]
pub(crate) struct Last<'a> {
    /// `status.syncedResourceVersion`; empty before the first success.
    pub(crate) synced_version: &'a str,
    /// The version that the object has now.
    pub(crate) version: &'a str,
    /// `status.refreshTime`.
    pub(crate) refreshed: Option<Timestamp>,
}

/// Whether the data has to be fetched, as far as the object itself is concerned.
pub(crate) fn is_due(spec: &ExternalSecretSpec, last: &Last<'_>, now: Timestamp) -> bool {
    let never = last.synced_version.is_empty();
    let changed = last.synced_version != last.version;
    match spec.refresh_policy {
        RefreshPolicy::CreatedOnce => never || last.refreshed.is_none(),
        RefreshPolicy::OnChange => never || last.refreshed.is_none() || changed,
        RefreshPolicy::Periodic => {
            let interval = interval(spec);
            if interval.is_zero() && !never {
                return false;
            }
            let Some(refreshed) = last.refreshed.filter(|_| !changed) else { return true };
            if refreshed > now {
                return true;
            }
            let next =
                SignedDuration::try_from(interval).ok().and_then(|ahead| refreshed.checked_add(ahead).ok());
            match next {
                Some(next) if next > now => false,
                Some(_) => spec.sync_windows.as_ref().is_none_or(|windows| window::permits(windows, now)),
                // An interval beyond the end of time.
                None => false,
            }
        }
    }
}

/// The interval of periodic refreshes; zero means none.
pub(crate) fn interval(spec: &ExternalSecretSpec) -> Duration {
    spec.refresh_interval.map_or(DEFAULT_INTERVAL, |interval| interval.0)
}

/// When to look at the object again after a success or a look that found nothing due. `None` is never. `share` in 0..1
/// is the object's own place in the spread.
pub(crate) fn look_again(
    spec: &ExternalSecretSpec,
    refreshed: Option<Timestamp>,
    now: Timestamp,
    share: f64,
) -> Option<Duration> {
    let interval = interval(spec);
    if spec.refresh_policy != RefreshPolicy::Periodic || interval.is_zero() {
        return None;
    }
    let since = refreshed.map_or(SignedDuration::ZERO, |refreshed| now.duration_since(refreshed));
    let since = Duration::try_from(since).unwrap_or(interval);
    match interval.checked_sub(since) {
        Some(left) => Some(left + interval.mul_f64(SPREAD * share)),
        // Overdue and yet not due: a sync window is closed. Windows open at full minutes.
        None => Some(WINDOW_LOOK.min(interval)),
    }
}

/// What is known of the Secret that an ExternalSecret makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TargetState {
    /// Whether it carries the managed label.
    pub(crate) managed: bool,
    /// Whether its data is what its own data-hash annotation says.
    pub(crate) intact: bool,
}

/// Whether the Secret is as it was left; if not, the data is fetched even though it is not due.
pub(crate) fn is_target_valid(policy: CreationPolicy, target: Option<TargetState>) -> bool {
    policy == CreationPolicy::Orphan || target.is_some_and(|target| target.managed && target.intact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: &str = "2026-11-24T05:00:00Z";

    fn spec(value: Value) -> ExternalSecretSpec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_due_follows_from_policy_version_and_time() {
        let check = |value: Value, synced: &str, refreshed: Option<&str>, expect: bool| {
            let last = Last {
                synced_version: synced,
                version: "2-b",
                refreshed: refreshed.map(|at| at.parse().unwrap()),
            };
            assert_eq!(is_due(&spec(value.clone()), &last, NOW.parse().unwrap()), expect, "{value} {last:?}");
        };
        let fresh = Some("2026-11-24T04:59:00Z");
        let stale = Some("2026-11-24T03:59:00Z");
        let hourly = json!({"refreshInterval": "1h"});
        check(hourly.clone(), "2-b", fresh, false);
        check(hourly.clone(), "2-b", Some("2026-11-24T04:00:00Z"), true);
        check(hourly.clone(), "2-b", stale, true);
        check(hourly.clone(), "1-b", fresh, true);
        check(hourly.clone(), "2-b", None, true);
        check(hourly.clone(), "2-b", Some("2026-11-24T05:00:01Z"), true);
        check(json!({}), "2-b", stale, true);
        let once = json!({"refreshInterval": "0s"});
        check(once.clone(), "", None, true);
        check(once.clone(), "1-b", fresh, false);
        check(once, "1-b", None, false);
        let created = json!({"refreshPolicy": "CreatedOnce"});
        check(created.clone(), "", None, true);
        check(created.clone(), "1-b", stale, false);
        let on_change = json!({"refreshPolicy": "OnChange"});
        check(on_change.clone(), "2-b", stale, false);
        check(on_change, "1-b", fresh, true);
        let closed = json!({"refreshInterval": "1h", "syncWindows":
            {"kind": "deny", "windows": [{"schedule": "0 5 * * *", "duration": "1h"}]}});
        check(closed.clone(), "2-b", stale, false);
        check(closed, "1-b", stale, true);
    }

    #[test]
    fn the_next_look_is_at_the_end_of_the_interval_or_a_little_later() {
        let check = |value: Value, refreshed: Option<&str>, share: f64, expect: Option<u64>| {
            let refreshed = refreshed.map(|at| at.parse().unwrap());
            let next = look_again(&spec(value.clone()), refreshed, NOW.parse().unwrap(), share);
            assert_eq!(next.map(|next| next.as_secs()), expect, "{value}");
        };
        check(json!({"refreshInterval": "1h"}), Some("2026-11-24T04:50:00Z"), 0.0, Some(3000));
        check(json!({"refreshInterval": "1h"}), Some("2026-11-24T04:50:00Z"), 1.0, Some(3360));
        check(json!({"refreshInterval": "1h"}), Some("2026-11-24T03:50:00Z"), 1.0, Some(15));
        check(json!({"refreshInterval": "0s"}), Some("2026-11-24T04:50:00Z"), 1.0, None);
        check(json!({"refreshPolicy": "OnChange"}), Some("2026-11-24T04:50:00Z"), 1.0, None);
    }

    #[test]
    fn a_target_is_valid_when_managed_and_intact() {
        let check = |policy, target: Option<(bool, bool)>, expect| {
            let target = target.map(|(managed, intact)| TargetState { managed, intact });
            assert_eq!(is_target_valid(policy, target), expect);
        };
        check(CreationPolicy::Orphan, None, true);
        check(CreationPolicy::Owner, None, false);
        check(CreationPolicy::Owner, Some((true, true)), true);
        check(CreationPolicy::Owner, Some((false, true)), false);
        check(CreationPolicy::Merge, Some((true, false)), false);
    }
}
