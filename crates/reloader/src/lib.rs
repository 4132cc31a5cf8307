//! Restarts workloads when a Secret or ConfigMap that they use changes, by the annotations of Stakater's Reloader.
//!
//! ```text
//!   Secrets, ConfigMaps ──▶ hash: did its content change? ──▶ gather ──▶ decide (annotations, references) ──▶ patch
//! ```
//!
//! Invariants:
//! - Content is hashed and dropped: nothing of a Secret is kept.
//! - Pure: [`content_hash`], [`decide`] and [`patch`]. The loop around them only watches, lists and applies.
//! - A workload is changed by server-side apply under a field manager of its own, in one annotation (or one variable),
//!   so that neither Argo CD nor anybody else sees a difference in what they own.
//!
//! It must not know Argo CD, and nothing of what the Secrets are for.

mod controller;
mod decide;
mod hash;
mod patch;

pub use controller::{Options, run};
pub use decide::{Change, ChangeKind, Decision, Reload, Workload, WorkloadKind, decide};
pub use hash::content_hash;
pub use patch::{FIELD_MANAGER, Strategy, patch};
