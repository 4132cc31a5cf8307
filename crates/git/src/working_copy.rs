//! A working copy: what a person does with a repository.

use std::path::{Path, PathBuf};

use crate::access::Access;
use crate::command::{Git, Run, check_url};
use crate::error::Error;
use crate::mirrors::Commit;

/// Who commits, and when.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
    /// Seconds since 1970, UTC.
    pub seconds: i64,
}

/// A checked-out repository on disk.
#[derive(Clone, Debug)]
pub struct WorkingCopy {
    git: Git,
    path: PathBuf,
}

impl WorkingCopy {
    /// Makes an empty repository at `path` whose first branch is `branch`.
    pub async fn init(git: &Git, path: &Path, branch: &str) -> Result<WorkingCopy, Error> {
        let copy = WorkingCopy::at(git, path).await?;
        copy.run(&["init", "--quiet", "--initial-branch", branch, "--", "."]).await?;
        Ok(copy)
    }

    /// Makes an empty bare repository at `path`, to be pushed to, whose first branch is `branch`.
    pub async fn init_bare(git: &Git, path: &Path, branch: &str) -> Result<(), Error> {
        let copy = WorkingCopy::at(git, path).await?;
        copy.run(&["init", "--quiet", "--bare", "--initial-branch", branch, "--", "."]).await?;
        Ok(())
    }

    /// Clones `url` to `path`.
    pub async fn clone_from(
        git: &Git,
        url: &str,
        path: &Path,
        access: &Access,
    ) -> Result<WorkingCopy, Error> {
        check_url(url)?;
        let copy = WorkingCopy::at(git, path).await?;
        git.output(Run::new(path, url, &["clone", "--quiet", "--", url, "."]).access(access)).await?;
        Ok(copy)
    }

    /// Takes the working copy that stands at `path`.
    pub fn open(git: &Git, path: &Path) -> WorkingCopy {
        WorkingCopy { git: git.clone(), path: path.to_owned() }
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Commits all that differs, as `signature`; returns none when nothing does.
    pub async fn commit_all(&self, message: &str, signature: &Signature) -> Result<Option<Commit>, Error> {
        self.run(&["add", "--all", "--", "."]).await?;
        if self.run(&["status", "--porcelain", "--untracked-files=no"]).await?.is_empty() {
            return Ok(None);
        }
        let repository = self.path.to_string_lossy().into_owned();
        let mut run = Run::new(&self.path, &repository, &["commit", "--quiet", "--file=-"]);
        let date = format!("@{} +0000", signature.seconds);
        run.environment = vec![
            ("GIT_AUTHOR_NAME", signature.name.clone().into()),
            ("GIT_AUTHOR_EMAIL", signature.email.clone().into()),
            ("GIT_AUTHOR_DATE", date.clone().into()),
            ("GIT_COMMITTER_NAME", signature.name.clone().into()),
            ("GIT_COMMITTER_EMAIL", signature.email.clone().into()),
            ("GIT_COMMITTER_DATE", date.into()),
        ];
        run.input = message.as_bytes().to_vec();
        self.git.output(run).await?;
        self.head().await.map(Some)
    }

    /// Returns the commit that is checked out.
    pub async fn head(&self) -> Result<Commit, Error> {
        let output = self.run(&["rev-parse", "--verify", "HEAD"]).await?;
        let text = String::from_utf8_lossy(&output);
        Commit::parse(text.trim()).ok_or_else(|| Error::Output {
            subcommand: "rev-parse".to_owned(),
            repository: self.path.to_string_lossy().into_owned(),
            what: format!("{:?} for HEAD", text.trim()),
        })
    }

    /// Pushes what is checked out to `branch` of `url`; refuses to overwrite what it does not know.
    pub async fn push(&self, url: &str, branch: &str, access: &Access) -> Result<(), Error> {
        check_url(url)?;
        let refspec = format!("HEAD:refs/heads/{branch}");
        let arguments = ["push", "--quiet", "--", url, &refspec];
        self.git.output(Run::new(&self.path, url, &arguments).access(access)).await?;
        Ok(())
    }

    async fn at(git: &Git, path: &Path) -> Result<WorkingCopy, Error> {
        tokio::fs::create_dir_all(path)
            .await
            .map_err(|source| Error::Directory { path: path.to_owned(), source })?;
        Ok(WorkingCopy::open(git, path))
    }

    async fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let repository = self.path.to_string_lossy();
        self.git.output(Run::new(&self.path, &repository, arguments)).await
    }
}
