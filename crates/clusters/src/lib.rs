//! Cluster and repository Secrets as Argo CD reads them, and the proof that a cluster can be reached as Argo CD would.
//!
//! ```text
//!   Secret ──▶ secret (codec, findings) ──▶ probe: dns ▶ tcp ▶ tls ▶ login ▶ /version ▶ access ──▶ reach (index)
//!                     │                       │                      │
//!                     ▼                   transport              identity: the pods' injected environment
//!                 clients ◀───────────────────┴──────────────── exchange: one token for the whole fleet
//! ```
//!
//! Invariants:
//! - The codec is pure: it takes a Secret and a time, and gives values and findings. A finding never holds a secret.
//! - Nothing is written: neither to the Secrets, which others own, nor to the clusters.
//! - What is proven is what is used: the probe and the clients take the same transport, login and token.
//! - One token a pair of identity and service account serves all clusters; a failed exchange answers for all as well.
//!
//! It must not know Entra's protocol (that is behind [`TokenExchange`]), Git, or what runs on the clusters.

mod certificates;
mod clients;
mod config;
mod controller;
mod exchange;
mod failure;
mod finding;
mod go_json;
mod identity;
mod login;
mod probe;
mod reach;
mod repositories;
mod repository;
mod secret;
mod transport;

pub use certificates::{Authority, read_authority};
pub use clients::{ClusterClients, Destination, DestinationError};
pub use config::{ClusterConfig, ExecConfig, LoginKind, TlsConfig};
pub use controller::{Clusters, Options, run};
pub use exchange::{AccessToken, ExchangeError, TokenExchange, Tokens, exec_credential};
pub use failure::{Failure, Hop};
pub use finding::{Finding, Severity};
pub use identity::{AKS_SERVER_APPLICATION, ASSERTION_AUDIENCE, AzureLogin, PodIdentity, azure_login};
pub use probe::{Proof, prove};
pub use reach::{Reach, ReachChange, ReachIndex, ReachState};
pub use repositories::{RepositoryIndex, follow_repositories};
pub use repository::{
    RepositoryAccess, RepositoryKind, RepositoryLogin, RepositorySecret, access_for, normalize_url,
    read_repository,
};
pub use secret::{
    ClusterSecret, IN_CLUSTER_NAME, IN_CLUSTER_SERVER, Reading, SECRET_TYPE_LABEL, check_fleet, read_cluster,
};
pub use transport::Network;
