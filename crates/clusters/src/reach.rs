//! What is known about the reach of each cluster, in memory, for all who ask.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::failure::Failure;
use crate::finding::Finding;

/// How many changes a slow subscriber may lag behind before it has to look at everything anew.
const BACKLOG: usize = 4096;

/// The outcome of the last proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReachState {
    /// Not proven yet.
    Unproven,
    /// All hops hold.
    Reachable {
        /// The cluster's version.
        version: String,
    },
    /// A hop failed.
    Unreachable(Failure),
}

/// The reach of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The Secret's name.
    pub secret: String,
    /// The cluster's name.
    pub name: String,
    /// The server URL.
    pub server: String,
    /// The Secret's version that was proven.
    pub resource_version: String,
    /// The outcome.
    pub state: ReachState,
    /// When the proof ended; none before the first.
    pub proven_at: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
    /// What is wrong with the Secret, alone and among its like.
    pub findings: Vec<Finding>,
}

impl Reach {
    /// Whether all hops held at the last proof.
    pub fn is_reachable(&self) -> bool {
        matches!(self.state, ReachState::Reachable { .. })
    }
}

/// A change in the index: the name of the cluster Secret it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachChange {
    /// The Secret's name.
    pub secret: String,
    /// The cluster's name.
    pub name: String,
    /// The server URL.
    pub server: String,
    /// Whether the cluster is reachable now.
    pub reachable: bool,
}

/// The reach of all clusters by their Secrets' names; clones share it.
#[derive(Clone)]
pub struct ReachIndex {
    entries: Arc<RwLock<HashMap<String, Arc<Reach>>>>,
    changes: broadcast::Sender<ReachChange>,
}

impl Default for ReachIndex {
    fn default() -> Self {
        ReachIndex { entries: Arc::default(), changes: broadcast::Sender::new(BACKLOG) }
    }
}

impl ReachIndex {
    /// Creates an empty index.
    pub fn new() -> ReachIndex {
        ReachIndex::default()
    }

    /// Returns the reach of the cluster that the Secret declares.
    pub fn by_secret(&self, secret: &str) -> Option<Arc<Reach>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).get(secret).cloned()
    }

    /// Returns the reach of the cluster with this name; the first where several Secrets share it.
    pub fn by_name(&self, name: &str) -> Option<Arc<Reach>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.values().filter(|reach| reach.name == name).min_by(|a, b| a.secret.cmp(&b.secret)).cloned()
    }

    /// Returns all, in the order of their Secrets' names.
    pub fn all(&self) -> Vec<Arc<Reach>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Arc<Reach>> = entries.values().cloned().collect();
        all.sort_by(|a, b| a.secret.cmp(&b.secret));
        all
    }

    /// Returns the changes from now on. A receiver that lags reads [`all`](Self::all) anew.
    pub fn subscribe(&self) -> broadcast::Receiver<ReachChange> {
        self.changes.subscribe()
    }

    /// Notes an outcome, and tells it where it differs from the last in more than its times.
    pub(crate) fn put(&self, reach: Reach) {
        let change = ReachChange {
            secret: reach.secret.clone(),
            name: reach.name.clone(),
            server: reach.server.clone(),
            reachable: reach.is_reachable(),
        };
        let before = self
            .entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(reach.secret.clone(), Arc::new(reach.clone()));
        let same = before.is_some_and(|before| {
            // The Secret's version stands for its labels and annotations, which others read.
            before.state == reach.state
                && before.resource_version == reach.resource_version
                && before.findings == reach.findings
        });
        if !same {
            // Nobody listening is no error.
            let _ = self.changes.send(change);
        }
    }

    /// Forgets a cluster whose Secret is gone.
    pub(crate) fn remove(&self, secret: &str) {
        let removed = self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(secret);
        if let Some(reach) = removed {
            let _ = self.changes.send(ReachChange {
                secret: secret.to_owned(),
                name: reach.name.clone(),
                server: reach.server.clone(),
                reachable: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(state: ReachState, took: u64) -> Reach {
        Reach {
            secret: "s".into(),
            name: "a".into(),
            server: "https://a".into(),
            resource_version: "1".into(),
            state,
            proven_at: None,
            took: Duration::from_millis(took),
            findings: Vec::new(),
        }
    }

    #[test]
    fn only_real_changes_are_told() {
        let index = ReachIndex::new();
        let mut changes = index.subscribe();
        let reachable = || ReachState::Reachable { version: "v1".into() };
        index.put(reach(ReachState::Unproven, 0));
        index.put(reach(reachable(), 1));
        index.put(reach(reachable(), 2));
        assert_eq!(index.by_name("a").map(|reach| reach.took), Some(Duration::from_millis(2)));
        index.remove("s");
        index.remove("s");
        let told: Vec<bool> =
            std::iter::from_fn(|| changes.try_recv().ok()).map(|change| change.reachable).collect();
        assert_eq!(told, [false, true, false]);
        assert!(index.all().is_empty());
    }
}
