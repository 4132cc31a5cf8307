//! What every controller of gangplank shares, and nothing that only one of them needs.
//!
//! ```text
//!             observe ──▶ decide ──▶ enact            the controller's own
//!                            │         │
//!        backoff, shutdown ──┘         ├─ enact       server-side apply, status only when changed
//!                                      └─ events      events.k8s.io/v1, repeated ones counted
//!
//!   leadership: one Lease, one leader      admin: /metrics /healthz /readyz      metrics: one registry
//! ```
//!
//! Invariants:
//! - Randomness and time come in as values wherever something is decided; only the outermost loops read a clock.
//! - Nothing here is fatal to a reconciliation that succeeded: an event that can't be written is logged, not returned.
//! - `/readyz` is 200 only when every registered component has said so itself.
//!
//! It must not know a custom resource, Azure, Git, or which controllers exist.

mod admin;
mod backoff;
mod enact;
mod events;
mod leadership;
mod metrics;
mod shutdown;

pub use admin::{Admin, AdminError, Component, Health};
pub use backoff::{Attempts, Backoff, jittered, random_fraction};
pub use enact::{Change, EnactError, FieldManager, apply, apply_dynamic, delete, merge_patch, update_status};
pub use events::{EventType, Recorder};
pub use leadership::{Leadership, LeadershipError, lead};
pub use metrics::{ControllerMetrics, Metrics, Outcome};
pub use shutdown::Shutdown;
