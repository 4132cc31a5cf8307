//! The Git server of the world: real bare repositories over smart HTTP on a loopback port.
//!
//! ```text
//! git client ── GET  /platform.git/info/refs?service=… ──▶ http ──▶ git upload-pack  --stateless-rpc
//!            ── POST /platform.git/git-receive-pack    ──▶      ──▶ git receive-pack --stateless-rpc
//!                                                        │
//!                                                        └─ refs differ afterwards: a RefChange for whoever listens
//! ```
//!
//! It is plain HTTP: Git hosts are outside of the proxy's names, and loopback needs no cover. `platform` is read by
//! anybody and `team` only with its password; both are written only with a password, as on a real host, so that a
//! working copy set up for the sandbox is one that would work outside of it. The world's environment hands a
//! credential store to git, so that nobody has to type it.
//!
//! Invariants: the git command does all of Git (none of its formats is known here but the service line of the
//! advertisement); every child dies with its request; no other path of the machine is ever served.

mod access;
mod command;
mod http;
mod repository;

use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use access::{Credentials, Readers};
pub use command::GitError;
pub use repository::{RefChange, Repository};

use command::Git;

/// So many changes wait for a slow listener; a slower one is told that it missed some.
const CHANGES: usize = 256;

/// The server with its repositories.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    git: Git,
    repositories: Vec<Repository>,
    changes: broadcast::Sender<RefChange>,
}

/// What a repository is to be called, and who may read it.
#[derive(Debug, Clone)]
pub struct NewRepository {
    /// The name, without `.git`: letters, digits and `-`.
    pub name: String,
    /// Who may read it.
    pub readers: Readers,
    /// Who may write it, and read it where [`Readers::Credentials`] says so.
    pub credentials: Credentials,
}

impl GitServer {
    /// Makes empty repositories below `root` with the git command `program`. They are served once [`GitServer::serve`] runs on `address`.
    ///
    /// # Errors
    /// The git command is not there or fails, or `root` can't be written.
    pub(crate) async fn create(
        program: &Path,
        root: &Path,
        address: SocketAddr,
        repositories: Vec<NewRepository>,
    ) -> Result<Self, GitError> {
        let git = Git::find(program, root).await?;
        let mut made = Vec::new();
        for new in repositories {
            made.push(Repository::create(&git, root, address, new).await?);
        }
        let (changes, _) = broadcast::channel(CHANGES);
        Ok(GitServer { address, git, repositories: made, changes })
    }

    /// Serves until `stop`.
    pub(crate) async fn serve(
        self: std::sync::Arc<Self>,
        listener: TcpListener,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) {
        http::run(self, listener, tracker, stop).await;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The repository called `name`.
    pub fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|repository| repository.name() == name)
    }

    /// Tells of every ref that a push or a [`GitServer::commit`] changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<RefChange> {
        self.changes.subscribe()
    }

    /// Commits files to the branch `main` without a working copy: `(path, content)`, on top of what is there.
    ///
    /// `seconds` is the time of the commit since the epoch; author and committer are the sandbox.
    ///
    /// # Errors
    /// There is no such repository, or git refuses a path.
    pub async fn commit(
        &self,
        repository: &str,
        message: &str,
        files: &[(String, Vec<u8>)],
        seconds: i64,
    ) -> Result<(), GitError> {
        let repository =
            self.repository(repository).ok_or_else(|| GitError::NoRepository(repository.to_owned()))?;
        let before = repository.refs(&self.git).await?;
        repository.commit(&self.git, message, files, seconds).await?;
        self.announce(repository, &before).await
    }

    /// Sends a [`RefChange`] for each ref that is not as it was `before`.
    async fn announce(&self, repository: &Repository, before: &[(String, String)]) -> Result<(), GitError> {
        for change in repository.changes_since(&self.git, before).await? {
            // Nobody listening is no failure.
            let _ = self.changes.send(change);
        }
        Ok(())
    }
}
