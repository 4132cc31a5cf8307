//! Managed clusters: what stands behind Resource Manager's `managedClusters`.
//!
//! ```text
//! Resource Manager ──ClusterBackend──▶ Fleet ──▶ Cluster ─┬─ certificates: its own authority
//! Entra ───────────────IssuerFetch───▶   │                ├─ API server ◀── access: Entra's tokens, Azure's roles
//! proxy ────────────────host name────▶   ┘                │             ◀── webhook: workload identity
//!                                                         └─ issuer: the keys of its ServiceAccount tokens
//! ```
//!
//! Invariants: a cluster believes its own authority, its own tokens and what its specification says of Entra, nothing
//! else; what costs (an API server, an RSA key) is made when it is first asked for; keys follow from the seed.

mod access;
mod azure_rbac;
mod certificates;
mod cluster;
mod fleet;
mod issuer;
mod kubeconfig;
mod surroundings;
mod webhook;

pub(crate) use cluster::{Cluster, Flaw};
pub(crate) use fleet::Fleet;
pub(crate) use kubeconfig::{Entry, kubeconfig};
pub(crate) use surroundings::Surroundings;
pub(crate) use webhook::Webhook;
pub use webhook::WebhookVersion;
