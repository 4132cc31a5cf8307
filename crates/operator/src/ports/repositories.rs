//! `applications` reads repositories; git does it, with the credentials that Argo CD's repository Secrets hold.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use gangplank_applications::{FileTree, Repositories as Port, Repository, SourceError};
use gangplank_clusters::{RepositoryIndex, RepositoryLogin};
use gangplank_git::{Access, Commit, Credentials, FileKind, Mirrors};

/// The repositories of all applications of a hub.
#[derive(Clone)]
pub struct Repositories {
    index: RepositoryIndex,
    mirrors: Mirrors,
}

impl Repositories {
    /// Repositories through these mirrors, with the credentials that the index knows.
    pub fn new(index: RepositoryIndex, mirrors: Mirrors) -> Self {
        Repositories { index, mirrors }
    }

    /// How a repository is fetched now: a rotated password works at once.
    fn access(&self, repository: &Repository) -> Result<Access, SourceError> {
        let access = self.index.access_for(&repository.url, &repository.project);
        let credentials = match access.login {
            RepositoryLogin::Anonymous => Credentials::Anonymous,
            RepositoryLogin::Basic { username, password } => Credentials::Basic { username, password },
            RepositoryLogin::Bearer(token) => Credentials::Bearer(token),
            RepositoryLogin::NotUnderstood(what) => {
                return Err(SourceError {
                    message: format!(
                        "the credentials of `{}` are of a kind that gangplank does not fetch with ({what}): use a user name and a token",
                        repository.url
                    ),
                });
            }
        };
        let proxy = (!access.proxy.is_empty()).then_some(access.proxy);
        Ok(Access { credentials, insecure: access.insecure, proxy })
    }
}

fn failed(error: gangplank_git::Error) -> SourceError {
    SourceError { message: error.to_string() }
}

impl Port for Repositories {
    fn resolve(&self, repository: &Repository, revision: &str) -> BoxFuture<'_, Result<String, SourceError>> {
        let (repository, revision) = (repository.clone(), revision.to_owned());
        async move {
            let access = self.access(&repository)?;
            let commit = self.mirrors.resolve(&repository.url, &revision, &access).await.map_err(failed)?;
            Ok(commit.as_str().to_owned())
        }
        .boxed()
    }

    fn tree(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> BoxFuture<'_, Result<Arc<FileTree>, SourceError>> {
        let (repository, id) = (repository.clone(), commit.to_owned());
        async move {
            let commit =
                Commit::parse(&id).ok_or_else(|| SourceError { message: format!("`{id}` is no commit") })?;
            let access = self.access(&repository)?;
            let tree = self.mirrors.tree(&repository.url, &commit, &access).await.map_err(failed)?;
            let mut files = FileTree::new();
            for (path, file) in &tree.files {
                match file.kind {
                    FileKind::Symlink => files.insert_link(path, &String::from_utf8_lossy(&file.bytes)),
                    FileKind::Regular | FileKind::Executable => files.insert(path, file.bytes.clone()),
                }
            }
            Ok(Arc::new(files))
        }
        .boxed()
    }
}
