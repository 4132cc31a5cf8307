//! What the engine needs of the world besides the hub's API server; wired by the operator.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use kube::Client;
use thiserror::Error;

use crate::files::FileTree;

/// A repository as one project sees it: which credential applies may depend on the project.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    /// The URL, verbatim.
    pub url: String,
    /// The AppProject.
    pub project: String,
}

/// Why a source can't be read. The text says what to do, and holds no credential.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SourceError {
    /// For people.
    pub message: String,
}

/// The port to Git.
pub trait Repositories: Send + Sync {
    /// Returns the id of the commit that `revision` (a branch, a tag, an id, or empty for `HEAD`) is now.
    fn resolve(&self, repository: &Repository, revision: &str) -> BoxFuture<'_, Result<String, SourceError>>;

    /// Returns the files of a commit.
    fn tree(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> BoxFuture<'_, Result<Arc<FileTree>, SourceError>>;
}

/// A cluster to deploy to.
#[derive(Clone)]
pub struct Destination {
    /// The server URL.
    pub server: String,
    /// The cluster's name.
    pub name: String,
    /// The client, logged in.
    pub client: Client,
}

/// Why there is no destination.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DestinationError {
    /// No cluster, or more than one, goes by this name or URL.
    #[error("{0}")]
    Unresolvable(String),
    /// The cluster is known, and can't be connected to.
    #[error("{0}")]
    Unusable(String),
}

/// What an ApplicationSet is told about a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// The cluster's name.
    pub name: String,
    /// The server URL as it stands in the Secret.
    pub server: String,
    /// The project that it is scoped to.
    pub project: String,
    /// The Secret's labels.
    pub labels: BTreeMap<String, String>,
    /// The Secret's annotations.
    pub annotations: BTreeMap<String, String>,
}

/// A change of what is known about a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationChange {
    /// The server URL.
    pub server: String,
    /// The cluster's name.
    pub name: String,
}

/// The port to the clusters.
pub trait Destinations: Send + Sync {
    /// Resolves a destination by exactly one of server URL and name.
    fn resolve(&self, server: &str, name: &str) -> Result<Destination, DestinationError>;

    /// Returns what is known about all clusters, the hub itself included where ApplicationSets should see it.
    fn clusters(&self) -> Vec<ClusterFacts>;

    /// Says that a destination did not answer, so that it can be looked at before others wait for it.
    fn failed(&self, server: &str) {
        let _ = server;
    }

    /// Returns the changes from now on: a cluster came, went, or became reachable.
    fn changes(&self) -> BoxStream<'static, DestinationChange>;
}
