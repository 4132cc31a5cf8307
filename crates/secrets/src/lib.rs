//! The secrets operator: SecretStore and ExternalSecret, as External Secrets means them.
//!
//! ```text
//!   api         the kinds on the wire
//!   decide      pure: what is due, what the Secret shall be, what the status says
//!   provider    azurekv · kubernetes · fake: one trait, one module each
//!   controller  the shell: watches ─► index ─► queue ─► workers ─► writes
//!   ports       what it needs from outside: Key Vaults
//! ```
//!
//! The contract is External Secrets Operator's: an object means the same to both, Secrets carry the same labels, hashes
//! and owners, and a cluster can change from one to the other without one Secret being written.
//!
//! Invariants:
//! - A value of the provider's is never printed: not in logs, events, errors, status or metrics.
//! - Nothing is written that is as it should be.
//! - A failing provider leaves every Secret as it is.
//! - A first sync never waits behind refreshes.
//! - One object that can't be read stops no other.
//!
//! It must not know Azure's protocols, Argo CD, or another controller.

pub mod api;
mod controller;
mod crds;
mod decide;
mod options;
pub mod ports;
mod provider;
pub mod rbac;
mod run;
mod value;

pub use crds::{Definition, crds};
pub use options::{Options, WorkloadIdentity};
pub use ports::Ports;
pub use run::{Error, run};
pub use value::{SecretData, SecretValue};
