//! Cluster and repository Secrets as Argo CD reads them, and the proof that a cluster can be reached as Argo CD would.

mod certificates;
mod config;
mod exchange;
mod failure;
mod finding;
mod go_json;
mod identity;
mod repository;
mod secret;

pub use certificates::{Authority, read_authority};
pub use config::{ClusterConfig, ExecConfig, LoginKind, TlsConfig};
pub use exchange::{AccessToken, ExchangeError, TokenExchange, Tokens, exec_credential};
pub use failure::{Failure, Hop};
pub use finding::{Finding, Severity};
pub use identity::{AKS_SERVER_APPLICATION, ASSERTION_AUDIENCE, AzureLogin, PodIdentity, azure_login};
pub use repository::{
    RepositoryAccess, RepositoryKind, RepositoryLogin, RepositorySecret, access_for, normalize_url,
    read_repository,
};
pub use secret::{
    ClusterSecret, IN_CLUSTER_NAME, IN_CLUSTER_SERVER, Reading, SECRET_TYPE_LABEL, check_fleet, read_cluster,
};
