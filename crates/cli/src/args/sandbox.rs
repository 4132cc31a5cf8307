//! `gangplank sandbox`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::Format;

/// `gangplank sandbox`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    pub(crate) command: Option<SandboxCommand>,
    /// How many clusters to bring aboard
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) clusters: u32,
    /// End when every cluster is aboard, or can't come aboard; the exit code says which
    #[arg(long)]
    pub(crate) exit: bool,
    /// When all are aboard, bring one more cluster aboard, and say how long that took
    #[arg(long, conflicts_with = "breaks")]
    pub(crate) one_more: bool,
    /// Break something, and see which link says so; `--break list` lists what there is
    #[arg(long = "break", value_name = "WHAT")]
    pub(crate) breaks: Vec<String>,
    /// Everything random in the world follows from it
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The Entra tenant; one that follows from the seed where absent
    #[arg(long, value_name = "GUID")]
    pub(crate) tenant: Option<Uuid>,
    /// The subscription that holds everything; one that follows from the seed where absent
    #[arg(long, value_name = "GUID")]
    pub(crate) subscription: Option<Uuid>,
    /// The port of the proxy; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Where to lay the working copy of the Git tree; in the world's own folder where absent
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// Give up when nothing has changed for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) patience: u64,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// What one asks of a sandbox that runs.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Print the shell lines by which kubectl, az, Terraform, git and gangplank meet the sandbox that runs
    Env {
        /// The world's folder, where several sandboxes run
        #[arg(long, value_name = "DIR")]
        world: Option<PathBuf>,
    },
}
