//! How long to wait: exponential backoff, and intervals spread so that a fleet does not act in step.
//!
//! Randomness is an argument, a fraction in `0.0..1.0`; [`random_fraction`] is where a loop gets one.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// An exponential backoff with a ceiling and jitter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The delay after the first failure.
    pub base: Duration,
    /// What each further failure multiplies the delay by.
    pub factor: f64,
    /// The longest delay before jitter.
    pub cap: Duration,
    /// The share of the delay that is random: 0.2 gives a delay between 80 % and 120 %.
    pub jitter: f64,
}

impl Backoff {
    /// The usual one of a controller: 1 s doubling to 5 minutes, ±20 %.
    pub const CONTROLLER: Backoff =
        Backoff { base: Duration::from_secs(1), factor: 2.0, cap: Duration::from_secs(300), jitter: 0.2 };

    /// Returns the delay after `failures` failures in a row (1 is the first); 0 failures give no delay.
    pub fn delay(&self, failures: u32, fraction: f64) -> Duration {
        if failures == 0 {
            return Duration::ZERO;
        }
        let exponent = i32::try_from(failures - 1).unwrap_or(i32::MAX);
        let seconds = (self.base.as_secs_f64() * self.factor.powi(exponent)).min(self.cap.as_secs_f64());
        jittered(Duration::from_secs_f64(seconds), self.jitter, fraction)
    }
}

/// Returns `interval` moved by up to ±`spread` of itself; `fraction` in `0.0..1.0` says where in that range.
pub fn jittered(interval: Duration, spread: f64, fraction: f64) -> Duration {
    let spread = spread.clamp(0.0, 1.0);
    let fraction = fraction.clamp(0.0, 1.0);
    Duration::from_secs_f64((interval.as_secs_f64() * (1.0 - spread + 2.0 * spread * fraction)).max(0.0))
}

/// Returns a random fraction in `0.0..1.0` for the functions of this module.
pub fn random_fraction() -> f64 {
    rand::random::<f64>()
}

/// Counts failures in a row by key.
#[derive(Debug)]
pub struct Attempts<K> {
    failures: HashMap<K, u32>,
}

impl<K> Default for Attempts<K> {
    fn default() -> Self {
        Attempts { failures: HashMap::new() }
    }
}

impl<K: Eq + Hash> Attempts<K> {
    /// Notes one more failure of `key` and returns how many there were in a row.
    pub fn failed(&mut self, key: K) -> u32 {
        let count = self.failures.entry(key).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }

    /// Forgets the failures of `key`: it succeeded, or is gone.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failures: u32, fraction: f64, expect: Duration) {
        assert_eq!(Backoff::CONTROLLER.delay(failures, fraction), expect);
    }

    #[test]
    fn doubles_up_to_the_cap() {
        check(0, 0.5, Duration::ZERO);
        check(1, 0.5, Duration::from_secs(1));
        check(2, 0.5, Duration::from_secs(2));
        check(9, 0.5, Duration::from_secs(256));
        check(10, 0.5, Duration::from_secs(300));
        check(u32::MAX, 0.5, Duration::from_secs(300));
    }

    #[test]
    fn jitter_stays_in_its_range() {
        check(1, 0.0, Duration::from_millis(800));
        check(1, 1.0, Duration::from_millis(1200));
        check(1, 7.0, Duration::from_millis(1200));
    }

    #[test]
    fn attempts_count_and_forget() {
        let mut attempts = Attempts::default();
        assert_eq!((attempts.failed("a"), attempts.failed("a"), attempts.failed("b")), (1, 2, 1));
        attempts.forget(&"a");
        assert_eq!(attempts.failed("a"), 1);
    }
}
