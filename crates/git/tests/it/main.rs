//! The mirrors and working copies against the real `git`, over the file protocol.

#![cfg(test)]

mod mirrors;

use std::path::Path;
use std::time::Duration;

use gangplank_git::{Access, Commit, Git, Limits, Mirrors, Options, Signature, WorkingCopy};

/// An origin to push to, a working copy to work in, and mirrors to read through.
struct World {
    directory: tempfile::TempDir,
    git: Git,
    copy: WorkingCopy,
    mirrors: Mirrors,
}

impl World {
    async fn new() -> World {
        World::with_limits(Limits::default()).await
    }

    async fn with_limits(limits: Limits) -> World {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::new(Options { timeout: Duration::from_secs(60), ..Options::default() });
        WorkingCopy::init_bare(&git, &directory.path().join("origin.git"), "main").await.unwrap();
        let copy = WorkingCopy::init(&git, &directory.path().join("copy"), "main").await.unwrap();
        let mirrors = Mirrors::open(git.clone(), &directory.path().join("cache"), limits).await.unwrap();
        World { directory, git, copy, mirrors }
    }

    fn origin(&self) -> String {
        format!("file://{}", self.directory.path().join("origin.git").display())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the files, commits, pushes.
    async fn push(&self, files: &[(&str, &str)]) -> Commit {
        for (path, content) in files {
            let path = self.copy.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let commit =
            self.copy.commit_all("change\n", &signature()).await.unwrap().expect("something changed");
        self.copy.push(&self.origin(), "main", &Access::default()).await.unwrap();
        commit
    }
}

fn signature() -> Signature {
    Signature { name: "Sailor".into(), email: "sailor@example.com".into(), seconds: 1_700_000_000 }
}
