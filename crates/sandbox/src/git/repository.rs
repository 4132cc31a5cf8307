//! Bare repositories: made, written without a working copy, and asked for their refs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::NewRepository;
use super::access::{Credentials, Readers};
use super::command::{Git, GitError};

/// A bare repository that the server offers.
#[derive(Debug)]
pub struct Repository {
    name: String,
    url: String,
    path: PathBuf,
    readers: Readers,
    credentials: Credentials,
}

/// A ref that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefChange {
    /// The repository's name.
    pub repository: String,
    /// The full name of the ref, as `refs/heads/main`.
    pub reference: String,
    /// The commit that it names now; none where it was deleted.
    pub commit: Option<String>,
}

impl Repository {
    pub(super) async fn create(
        git: &Git,
        root: &Path,
        address: SocketAddr,
        new: NewRepository,
    ) -> Result<Self, GitError> {
        let NewRepository { name, readers, credentials } = new;
        let path = root.join(format!("{name}.git"));
        let directory = path.to_string_lossy().into_owned();
        git.run(&["init", "--quiet", "--bare", "--initial-branch=main", &directory], b"").await?;
        // A shallow clone of one commit, and a fetch of a commit by its id, are what GitOps agents ask for.
        for setting in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
            git.run(&["--git-dir", &directory, "config", setting, "true"], b"").await?;
        }
        Ok(Repository { url: format!("http://{address}/{name}.git"), name, path, readers, credentials })
    }

    /// The name, without `.git`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is cloned from and pushed to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The bare repository's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who may read it.
    pub fn readers(&self) -> Readers {
        self.readers
    }

    /// What a push must show, and a fetch too where [`Readers::Credentials`] says so.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Every ref with its commit, in the order of their names.
    pub(super) async fn refs(&self, git: &Git) -> Result<Vec<(String, String)>, GitError> {
        let directory = self.path.to_string_lossy();
        let format = "--format=%(refname) %(objectname)";
        let listed = git.run(&["--git-dir", &directory, "for-each-ref", format], b"").await?;
        Ok(listed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, commit)| (name.to_owned(), commit.to_owned()))
            .collect())
    }

    /// What differs between the refs `before` and those of now.
    pub(super) async fn changes_since(
        &self,
        git: &Git,
        before: &[(String, String)],
    ) -> Result<Vec<RefChange>, GitError> {
        let after = self.refs(git).await?;
        let change = |reference: &str, commit: Option<&String>| RefChange {
            repository: self.name.clone(),
            reference: reference.to_owned(),
            commit: commit.cloned(),
        };
        let written = after
            .iter()
            .filter(|each| !before.contains(each))
            .map(|(reference, commit)| change(reference, Some(commit)));
        let deleted = before
            .iter()
            .filter(|(reference, _)| after.iter().all(|(other, _)| other != reference))
            .map(|(reference, _)| change(reference, None));
        Ok(written.chain(deleted).collect())
    }

    /// Adds a commit to `main` by `git fast-import`, which needs neither an index nor a working copy.
    pub(super) async fn commit(
        &self,
        git: &Git,
        message: &str,
        files: &[(String, Vec<u8>)],
        seconds: i64,
    ) -> Result<(), GitError> {
        let branch = "refs/heads/main";
        let exists = self.refs(git).await?.iter().any(|(name, _)| name == branch);
        let mut stream = format!(
            "commit {branch}\ncommitter gangplank sandbox <sandbox@gangplank.invalid> {seconds} +0000\ndata {}\n{message}\n",
            message.len()
        )
        .into_bytes();
        if exists {
            stream.extend_from_slice(format!("from {branch}^0\n").as_bytes());
        }
        for (path, content) in files {
            // Quoted as C does, so that no path can end its line and begin a command.
            let path = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            stream.extend_from_slice(
                format!("M 100644 inline \"{path}\"\ndata {}\n", content.len()).as_bytes(),
            );
            stream.extend_from_slice(content);
            stream.push(b'\n');
        }
        stream.extend_from_slice(b"done\n");
        let directory = self.path.to_string_lossy();
        git.run(&["--git-dir", &directory, "fast-import", "--quiet", "--done"], &stream).await?;
        Ok(())
    }
}
