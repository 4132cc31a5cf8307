//! The commands on a fleet.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Format;

/// Where the tree is.
#[derive(Debug, Args)]
pub(crate) struct Tree {
    /// The root of the tree, where gangplank.yaml is; found upwards from here where absent
    #[arg(long, short = 'C', value_name = "DIR", env = "GANGPLANK_TREE")]
    pub(crate) tree: Option<PathBuf>,
}

/// Which hub.
#[derive(Debug, Args)]
pub(crate) struct Hub {
    /// The kubeconfig of the hub; KUBECONFIG, ~/.kube/config or the pod's own account where absent
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context in it
    #[arg(long)]
    pub(crate) context: Option<String>,
}

/// `gangplank init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to write the tree
    #[arg(default_value = ".")]
    pub(crate) directory: PathBuf,
    /// The Entra tenant
    #[arg(long, value_name = "GUID")]
    pub(crate) tenant: String,
    /// The resource id of the AKS cluster on which Argo CD runs
    #[arg(long, value_name = "ID")]
    pub(crate) hub: String,
    /// Its OIDC issuer, with the slash at the end
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    /// The resource id of the Key Vault
    #[arg(long, value_name = "ID")]
    pub(crate) vault: String,
    /// What `git clone` takes to get this tree
    #[arg(long, value_name = "URL")]
    pub(crate) repository: String,
}

/// `gangplank plan`
#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank apply`
#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank publish`
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Which clusters; all of the tree where absent
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// The output of `terraform output -json`, instead of asking Azure; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) terraform_outputs: Option<PathBuf>,
    /// Let the hub take what was written at once, instead of at its next refresh: after a rotation of a cluster's certificates
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) hub: Hub,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
}

/// `gangplank status`
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Which clusters; all of the tree where absent
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// `gangplank explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The name of the AKS cluster
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// `gangplank offboard`
#[derive(Debug, Args)]
pub(crate) struct Offboard {
    /// The name of the AKS cluster
    pub(crate) name: String,
    /// The AKS resource, where the tree does not say it any more and it is not in the hub's subscription under its name
    #[arg(long, value_name = "ID")]
    pub(crate) resource_id: Option<String>,
    /// Purge the vault's secrets instead of leaving them recoverable
    #[arg(long)]
    pub(crate) purge: bool,
    /// Only look: show what is left, and the next step
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How long to wait for Argo CD and the secrets operator, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) patience: u64,
    #[command(flatten)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) tree: Tree,
    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// A controller that can stand in for another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Controller {
    /// SecretStore and ExternalSecret, in place of External Secrets Operator
    Secrets,
    /// Application and ApplicationSet, in place of Argo CD's controllers
    Applications,
    /// The proof of reach of every cluster Secret
    Clusters,
    /// Restarts on changed Secrets and ConfigMaps, in place of Reloader
    Reloader,
}

/// `gangplank run`
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Which controllers; each is switched on by name
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    pub(crate) enable: Vec<Controller>,
    /// Start although the program that a controller stands in for runs on the hub
    #[arg(long)]
    pub(crate) beside_others: bool,
    /// The namespace of Argo CD
    #[arg(long, default_value = "argocd")]
    pub(crate) namespace: String,
    /// Where metrics and health are served
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Run without a Lease: only where nothing else runs the same controllers
    #[arg(long)]
    pub(crate) no_leader_election: bool,
    #[command(flatten)]
    pub(crate) hub: Hub,
}
