//! What every cluster of a world shares: its seed, its time, its Azure.

use std::sync::{Arc, OnceLock};

use gangplank_azuresim::{Clock, Cloud};

use super::webhook::Webhook;
use crate::seed::Seed;

/// What every cluster of a world shares.
pub(crate) struct Surroundings {
    pub(crate) seed: Seed,
    pub(crate) clock: Clock,
    /// The workload identity webhook that clusters with that feature run.
    pub(crate) webhook: Arc<Webhook>,
    /// Azure makes the clusters, and they ask it who may do what: it is set once it stands.
    pub(crate) cloud: OnceLock<Cloud>,
}

impl Surroundings {
    /// Now, in seconds since the epoch.
    pub(crate) fn seconds(&self) -> i64 {
        (self.clock)().as_second()
    }
}

/// Surroundings as the clusters hold them.
pub(crate) type Shared = Arc<Surroundings>;
