//! What one must know of a world to use it: names, ids, addresses. No secret is among them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The names, ids and addresses of a world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The Entra tenant.
    pub tenant_id: String,
    /// The subscription that holds everything.
    pub subscription_id: String,
    /// The Azure region of everything.
    pub location: String,
    /// The resource group of the hub, the vault and the identities.
    pub resource_group: String,
    /// The resource group of the clusters.
    pub cluster_resource_group: String,
    /// The vault that clusters are published to.
    pub vault: VaultFacts,
    /// The hub, where Argo CD stands.
    pub hub: ClusterFacts,
    /// The clusters to bring aboard, in the order of [`crate::Options::clusters`].
    pub clusters: Vec<ClusterFacts>,
    /// Who the command line, Terraform and az log in as.
    pub engineer: EngineerFacts,
    /// The public repository that holds the tree which Argo CD syncs.
    pub platform_repository: String,
    /// The private repository of a team.
    pub team_repository: String,
    /// Secrets of the vault that hold the user name and the password of the private repository.
    pub team_secrets: TeamSecrets,
}

/// A Key Vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultFacts {
    /// Its name.
    pub name: String,
    /// Its resource id.
    pub id: String,
    /// Its address, without a final slash.
    pub url: String,
}

/// An AKS cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterFacts {
    /// Its name.
    pub name: String,
    /// Its resource id.
    pub id: String,
    /// Its API server's address, as AKS writes it: with `:443`.
    pub server: String,
    /// The issuer of its ServiceAccount tokens, with its final slash.
    pub issuer_url: String,
    /// A kubeconfig of its administrator.
    pub kubeconfig: PathBuf,
}

/// The platform engineer: a workload identity with Owner on the subscription and Key Vault Secrets Officer on the
/// vault, whose token the hub signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineerFacts {
    /// The client id: who logs in.
    pub client_id: String,
    /// The object id: whom roles are assigned to.
    pub object_id: String,
    /// A file with the hub's token, kept fresh while the world runs.
    pub token_file: PathBuf,
}

/// Where the vault holds what opens the private repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamSecrets {
    /// The secret with the user name.
    pub username: String,
    /// The secret with the password.
    pub password: String,
}
