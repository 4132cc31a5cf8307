//! The world offline: Azure, a hub, clusters and a Git server behind one proxy.

#![expect(dead_code, reason = "the API servers and Azure are wired next")]

mod aks;
mod breaks;
mod error;
mod git;
mod hosts;
mod seed;
mod wire;
mod world;

pub use aks::WebhookVersion;
pub use breaks::{Break, Place, UnknownBreak};
pub use error::WorldError;
pub use git::{Credentials, GitError, GitServer, NewRepository, Readers, RefChange, Repository};
pub use world::{
    ClusterFacts, EngineerFacts, Facts, Options, State, TeamSecrets, VaultFacts, World, cluster_names,
};
