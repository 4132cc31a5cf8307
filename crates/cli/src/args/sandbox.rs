//! `gangplank sandbox`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
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
    /// Only the servers: no tree, nothing aboard, and no controller of gangplank's, so that the real ones can have their place
    #[arg(long, conflicts_with_all = ["exit", "one_more", "breaks", "directory"])]
    pub(crate) bare: bool,
    /// End when every cluster is aboard, or can't come aboard; the exit code says which
    #[arg(long)]
    pub(crate) exit: bool,
    /// When all are aboard, bring one more cluster aboard, and say how long that took
    #[arg(long, conflicts_with = "breaks")]
    pub(crate) one_more: bool,
    /// Break something, and see which link says so; `--break list` lists what there is
    #[arg(long = "break", value_name = "WHAT")]
    pub(crate) breaks: Vec<String>,
    /// Faults that are in force from the start: a YAML file with a list, each with its kind under `fault`
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
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
        #[command(flatten)]
        which: Which,
        /// For which shell; that of SHELL where absent
        #[arg(long, value_enum)]
        shell: Option<Shell>,
        #[command(flatten)]
        format: Format,
    },
    /// Open a shell, or run a command, in which kubectl, az, Terraform, git and gangplank meet the sandbox that runs
    Shell {
        #[command(flatten)]
        which: Which,
        /// Which shell; that of SHELL where absent
        #[arg(long, value_enum)]
        shell: Option<Shell>,
        /// A command to run in place of a shell; its exit code becomes ours
        #[arg(last = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Say where the sandbox is that runs, and which faults are in force in it
    Status {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        format: Format,
    },
    /// Make things go wrong in the sandbox that runs, and right again
    #[command(subcommand)]
    Fault(FaultCommand),
    /// Start the sandbox that runs anew, at the same addresses and in the same folder
    Reset {
        #[command(flatten)]
        which: Which,
    },
    /// End the sandbox that runs
    Stop {
        #[command(flatten)]
        which: Which,
    },
}

/// Which of the sandboxes that run.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The world's folder, where several sandboxes run; that of GANGPLANK_SANDBOX or the newest where absent
    #[arg(long, value_name = "DIR")]
    pub(crate) world: Option<PathBuf>,
}

/// What is done with faults.
#[derive(Debug, Subcommand)]
pub(crate) enum FaultCommand {
    /// Make something go wrong: a kind, then its settings, as `latency host=management.azure.com delay=500ms`
    Add {
        #[command(flatten)]
        which: Which,
        /// What goes wrong; `fault kinds` lists what there is
        #[arg(value_name = "KIND")]
        kind: String,
        /// How, as NAME=VALUE
        #[arg(value_name = "SETTING")]
        settings: Vec<String>,
        #[command(flatten)]
        format: Format,
    },
    /// List the faults that were added
    List {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        format: Format,
    },
    /// Make it right again
    Clear {
        #[command(flatten)]
        which: Which,
        /// The fault's number in the list; all of them where absent
        #[arg(value_name = "ID")]
        id: Option<u64>,
        #[command(flatten)]
        format: Format,
    },
    /// List the kinds of faults and their settings
    Kinds {
        #[command(flatten)]
        format: Format,
    },
}

/// The shells that a sandbox can be used from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// bash, and other shells of the Bourne family
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    #[value(name = "powershell", alias = "pwsh")]
    Pwsh,
}
