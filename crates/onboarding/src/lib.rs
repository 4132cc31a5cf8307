//! The onboarding domain: what it means that a cluster is aboard, and what has to happen so that it is.
//!
//! ```text
//!   gangplank.yaml ─▶ Fleet ─┬─▶ tree     the Git tree in the seed's layout: what to write, what stands there
//!                            ├─▶ access   identities, federated credentials, roles: wanted against observed ─▶ actions
//!                            ├─▶ publish  CA and URL of a cluster against the vault ─▶ writes
//!   clusters of Azure ───────┼─▶ inventory  which of them each member of the tree is
//!                            ├─▶ offboard the one next step of a cluster that leaves, and the receipt
//!   observed facts ──────────┴─▶ chain    eight links, each holds, is broken (cause, mend), or waits
//! ```
//!
//! Everything here is a pure function of values that somebody else observed: no I/O, no clock, no randomness, no async,
//! and no knowledge of Kubernetes clients or of Azure's wire formats. `crates/operator` observes and enacts.

pub mod access;
pub mod chain;
pub mod fleet;
pub mod inventory;
pub mod names;
pub mod offboard;
pub mod publish;
pub mod tree;
