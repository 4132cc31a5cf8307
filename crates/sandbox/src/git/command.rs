//! The git command, cut off from the user's own settings.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A Git repository could not be made, written or served.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git command.
    #[error("cannot run `{}` for the sandbox's repositories: install git and see that it is on the PATH", program.display())]
    Absent {
        /// What was to be run.
        program: PathBuf,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The git command could not be talked to.
    #[error("cannot {act}")]
    Io {
        /// What was tried.
        act: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The git command said no.
    #[error("git {act} failed: {message}")]
    Failed {
        /// The subcommand.
        act: String,
        /// What it wrote.
        message: String,
    },
    /// Nobody made a repository of this name.
    #[error("the sandbox has no repository `{0}`")]
    NoRepository(String),
}

/// The git command with an environment of the sandbox's own, so that neither `~/.gitconfig` nor hooks of the machine
/// change what the server does.
#[derive(Debug, Clone)]
pub(super) struct Git {
    program: PathBuf,
    home: PathBuf,
}

impl Git {
    /// Sees whether the command can be run; `home` stands in for the home folder.
    pub(super) async fn find(program: &Path, home: &Path) -> Result<Self, GitError> {
        let git = Git { program: program.to_owned(), home: home.to_owned() };
        let mut command = git.command(&["--version"]);
        let absent = |source| GitError::Absent { program: program.to_owned(), source };
        command.output().await.map_err(absent)?;
        Ok(git)
    }

    /// The command with arguments, still to be spawned. A child is killed with its handle.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).kill_on_drop(true).current_dir(&self.home);
        for variable in
            ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"]
        {
            command.env_remove(variable);
        }
        command
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C");
        command
    }

    /// Runs the command with `input` on its standard input and returns what it printed.
    pub(super) async fn run(&self, arguments: &[&str], input: &[u8]) -> Result<String, GitError> {
        let act = arguments.iter().find(|each| !each.starts_with('-')).unwrap_or(&"").to_string();
        let io = |source| GitError::Io { act: format!("run git {act}"), source };
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(io)?;
        let stdin = child.stdin.take();
        let write = async {
            if let Some(mut stdin) = stdin {
                // A child that stops reading says why on its standard error, which is told below.
                let _ = stdin.write_all(input).await;
            }
        };
        let ((), output) = tokio::join!(write, child.wait_with_output());
        let Output { status, stdout, stderr } = output.map_err(io)?;
        if !status.success() {
            return Err(GitError::Failed {
                act,
                message: String::from_utf8_lossy(&stderr).trim().to_owned(),
            });
        }
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }
}
