//! One gate a vault: how many requests at once, and not before when.

use super::challenge::Challenge;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// What is known of one vault's host, shared by all identities that use it.
#[derive(Debug)]
pub(crate) struct Gate {
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    not_before: Option<Instant>,
    challenge: Option<Challenge>,
}

impl Gate {
    fn new(concurrent: usize) -> Self {
        Self { permits: Semaphore::new(concurrent.max(1)), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn. `Err` holds the wait that the vault wished, where it is longer than `patience`.
    pub(crate) async fn enter(&self, patience: Duration) -> Result<Option<SemaphorePermit<'_>>, Duration> {
        loop {
            // The semaphore is never closed; should it be, requests pass unbounded rather than not at all.
            let permit = self.permits.acquire().await.ok();
            let wait = self.state().not_before.map(|at| at.saturating_duration_since(Instant::now()));
            match wait {
                Some(wait) if wait > patience => return Err(wait),
                Some(wait) if !wait.is_zero() => {
                    drop(permit);
                    tokio::time::sleep(wait).await;
                }
                _ => return Ok(permit),
            }
        }
    }

    /// Closes the gate for everybody, as the vault wished.
    pub(crate) fn close_for(&self, wished: Duration) {
        let until = Instant::now() + wished.min(Duration::from_secs(600));
        let mut state = self.state();
        if state.not_before.is_none_or(|at| at < until) {
            state.not_before = Some(until);
        }
    }

    pub(crate) fn challenge(&self) -> Option<Challenge> {
        self.state().challenge.clone()
    }

    pub(crate) fn learn(&self, challenge: Challenge) {
        self.state().challenge = Some(challenge);
    }
}

/// The gates of a process, by host.
#[derive(Debug)]
pub(crate) struct Gates {
    concurrent: usize,
    by_host: Mutex<HashMap<String, Arc<Gate>>>,
}

/// Beyond this many hosts, gates that nobody holds are dropped: hosts come from manifests that anyone may write.
const MOST_HOSTS: usize = 1_000;

impl Gates {
    pub(crate) fn new(concurrent: usize) -> Self {
        Self { concurrent, by_host: Mutex::default() }
    }

    pub(crate) fn of(&self, host: &str) -> Arc<Gate> {
        let mut gates = self.by_host.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= MOST_HOSTS {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        Arc::clone(gates.entry(host.to_owned()).or_insert_with(|| Arc::new(Gate::new(self.concurrent))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_is_waited_for_only_within_the_callers_patience() {
        let gate = Gate::new(1);
        let start = Instant::now();
        gate.close_for(Duration::from_secs(2));
        gate.close_for(Duration::from_secs(1));
        assert_eq!(gate.enter(Duration::from_secs(1)).await.err(), Some(Duration::from_secs(2)));
        assert!(gate.enter(Duration::from_secs(3)).await.is_ok());
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test]
    async fn a_vault_sees_no_more_than_its_share() {
        let gates = Gates::new(2);
        let (one, other) = (gates.of("a"), gates.of("b"));
        let held = (one.enter(Duration::ZERO).await, gates.of("a").enter(Duration::ZERO).await.is_ok());
        assert!(held.0.is_ok() && held.1);
        assert_eq!(one.permits.available_permits(), 1);
        assert_eq!(other.permits.available_permits(), 2);
    }
}
