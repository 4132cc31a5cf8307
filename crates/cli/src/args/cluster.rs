//! `gangplank cluster …`

use clap::{Args, Subcommand};

use super::Format;
use super::fleet::Tree;

/// The commands on clusters.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Write the overlay of a cluster into the tree; commit and push bring it aboard
    Add(ClusterAdd),
    /// List the clusters of the tree
    List(ClusterList),
    /// Print what the overlay of a cluster renders
    Show(ClusterShow),
    /// Take the overlay of a cluster out of the tree
    Remove(ClusterRemove),
}

/// `gangplank cluster add`
#[derive(Debug, Args)]
pub(crate) struct ClusterAdd {
    /// The names of the AKS clusters
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// The AKS resource, where it is not in the hub's subscription under its name
    #[arg(long, value_name = "ID")]
    pub(crate) resource_id: Option<String>,
    /// A label of the cluster Secret, for ApplicationSets; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) label: Vec<(String, String)>,
    /// An annotation of the cluster Secret, for ApplicationSets; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) annotation: Vec<(String, String)>,
    /// The Argo CD project that the cluster belongs to
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// A namespace that Argo CD manages on it; may be repeated; all where absent
    #[arg(long)]
    pub(crate) namespace: Vec<String>,
    /// The application controller shard
    #[arg(long)]
    pub(crate) shard: Option<u32>,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank cluster list`
#[derive(Debug, Args)]
pub(crate) struct ClusterList {
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank cluster show`
#[derive(Debug, Args)]
pub(crate) struct ClusterShow {
    /// The name of the AKS cluster
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank cluster remove`
#[derive(Debug, Args)]
pub(crate) struct ClusterRemove {
    /// The name of the AKS cluster
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// Reads `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it must have the form KEY=VALUE".to_owned()),
    }
}
