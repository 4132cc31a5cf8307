//! The commands that stand on their own.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;

/// `gangplank build`
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The folder with the kustomization
    #[arg(default_value = ".")]
    pub(crate) directory: String,
    /// Which files a kustomization may read
    #[arg(long, value_enum, default_value_t = LoadRestrictor::RootOnly, value_name = "WHICH")]
    pub(crate) load_restrictor: LoadRestrictor,
    /// Where to write: a file, or a folder that then gets a file for each object
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// The order of the objects, where the kustomization does not say
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) reorder: Option<Reorder>,
    /// Let `helmCharts` call helm
    #[arg(long)]
    pub(crate) enable_helm: bool,
    /// The helm that is called
    #[arg(long, value_name = "PROGRAM", default_value = "helm")]
    pub(crate) helm_command: PathBuf,
    /// Refuse whatever is not on this machine
    #[arg(long)]
    pub(crate) offline: bool,
    /// Stay, and render again what a changed file touches; Ctrl-C ends it
    #[arg(long)]
    pub(crate) watch: bool,
}

/// The order of the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reorder {
    /// By kind: namespaces and definitions first, webhooks last
    Legacy,
    /// As they were loaded
    None,
}

/// Which files a kustomization may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoadRestrictor {
    /// Those in its own folder and below
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    /// All
    #[value(name = "LoadRestrictionsNone")]
    None,
}

/// `gangplank check`
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) format: Format,
    /// The root of the tree; found upwards from here where absent
    pub(crate) directory: Option<PathBuf>,
}

/// `gangplank auth …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Print an ExecCredential for AKS, as `argocd-k8s-auth azure` does, from the same environment
    Azure,
}

/// `gangplank apiserver`
#[derive(Debug, Args)]
pub(crate) struct Apiserver {
    /// The port, on 127.0.0.1; 0 lets the system choose
    #[arg(long, default_value_t = 6443)]
    pub(crate) port: u16,
    /// Who may log in: kube-apiserver's CSV of token, user, uid, "groups"
    #[arg(long, value_name = "FILE")]
    pub(crate) token_auth_file: PathBuf,
    /// Where to keep objects; in memory where absent
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The issuer of ServiceAccount tokens; they are for this audience too
    #[arg(long, value_name = "URL", default_value = "https://issuer.example/")]
    pub(crate) service_account_issuer: String,
    /// Mark Pods Running and Ready, so that workloads become healthy; else they stay Pending, as without a scheduler
    #[arg(long)]
    pub(crate) runs: bool,
    /// Where to write the certificate of the server's own authority
    #[arg(long, value_name = "FILE", default_value = "gangplank-apiserver-ca.pem")]
    pub(crate) ca_file: PathBuf,
    /// Everything random in it follows from it
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `gangplank completions`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}
