//! `gangplank repo …`

use clap::{Args, Subcommand};

use super::Format;
use super::fleet::Tree;

/// The commands on repositories.
#[derive(Debug, Subcommand)]
pub(crate) enum RepoCommand {
    /// Write the overlay of a repository into the tree; commit and push bring it aboard
    Add(RepoAdd),
    /// List the repositories of the tree
    List(RepoList),
    /// Take the overlay of a repository out of the tree
    Remove(RepoRemove),
}

/// `gangplank repo add`
#[derive(Debug, Args)]
pub(crate) struct RepoAdd {
    /// What `git clone` takes, or what such URLs begin with
    pub(crate) url: String,
    /// The name of its folder; the last part of the URL where absent
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// One repository only, instead of a template for all whose URL begins so
    #[arg(long)]
    pub(crate) repository: bool,
    /// The vault secret with the user name; NAME-username where absent
    #[arg(long, value_name = "SECRET")]
    pub(crate) username: Option<String>,
    /// The vault secret with the password or token; NAME-password where absent
    #[arg(long, value_name = "SECRET")]
    pub(crate) password: Option<String>,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank repo list`
#[derive(Debug, Args)]
pub(crate) struct RepoList {
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank repo remove`
#[derive(Debug, Args)]
pub(crate) struct RepoRemove {
    /// The name of its folder
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) tree: Tree,
}
