//! The command line, as clap reads it. Help texts stand here and nowhere else; the reference and the completions are made from them.

pub(crate) mod cluster;
pub(crate) mod fleet;
pub(crate) mod repo;
pub(crate) mod sandbox;
pub(crate) mod tools;

use clap::{Args, Parser, Subcommand, ValueEnum};

use cluster::ClusterCommand;
pub(crate) use fleet::{Apply, Explain, Init, Offboard, Plan, Publish, Run, Status};
use repo::RepoCommand;
pub(crate) use sandbox::{FaultCommand, Sandbox, SandboxCommand, Shell, Which};
pub(crate) use tools::{Apiserver, AuthCommand, Build, Check, Completions};

/// Bring AKS clusters aboard Argo CD: one change in Git, no stored credential, and proof that it worked
#[derive(Debug, Parser)]
#[command(
    name = "gangplank",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
    /// Say more of what is done; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// What every command takes that prints data.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Format {
    /// How to print
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// The same as YAML
    Yaml,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// Where a person watches and NO_COLOR is not set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What gangplank can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole world offline, bring clusters aboard in it, and show the chain
    Sandbox(Sandbox),
    /// Write the Git tree: the seed's Kustomize layout, the fleet file, the Terraform files
    Init(Init),
    /// Add, list, show or remove the clusters of the tree
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Add, list or remove the repositories of the tree
    #[command(subcommand)]
    Repo(RepoCommand),
    /// Print what `kustomize build` prints
    Build(Build),
    /// Name every defect of the tree, with its place, its cause and its mend
    Check(Check),
    /// Show what a change does on all planes: Azure, the vault, the hub, Argo CD's applications, the clusters
    Plan(Plan),
    /// Do the Azure side: identities, federated credentials, roles
    Apply(Apply),
    /// Put CA and URL of the clusters into the vault, where they differ
    Publish(Publish),
    /// Show the chain of every cluster
    Status(Status),
    /// Show the chain of one cluster, link by link
    Explain(Explain),
    /// Take a cluster off board, step by step, until nothing of it is left
    Offboard(Offboard),
    /// Run the controllers
    Run(Run),
    /// Print the CRDs of the controllers, for a hub that has none: `gangplank crds | kubectl apply --server-side -f -`
    Crds,
    /// Print credentials for others
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Run the embedded Kubernetes API server alone
    Apiserver(Apiserver),
    /// Print the completions of a shell
    Completions(Completions),
}
