//! Git's facts: the tree at the tip of the branch, rendered.

use std::sync::Arc;

use gangplank_git::{Access, Commit, Mirrors};
use gangplank_kustomize::{File, FileError, Files};
use gangplank_onboarding::chain::facts::{OverlayFacts, Seen};
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::edit::Tree;
use gangplank_onboarding::tree::judge;
use gangplank_onboarding::tree::members::{Member, members};

use super::{ByCluster, failed};

/// Looks into Git.
pub struct GitLook {
    mirrors: Mirrors,
    access: Access,
    last: Option<Sight>,
}

/// A commit that was looked at; what it says does not change.
struct Sight {
    commit: Commit,
    members: Vec<Member>,
    facts: ByCluster<Seen<OverlayFacts>>,
}

/// A tree of Git, read as any other.
#[derive(Clone)]
pub(crate) struct GitTree(Arc<gangplank_git::Tree>);

impl Files for GitTree {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        let inside = path.trim_matches('/');
        if self.0.files.contains_key(inside) {
            return Err(FileError::NotDirectory);
        }
        let start = if inside.is_empty() { String::new() } else { format!("{inside}/") };
        match self.0.files.range(start.clone()..).next() {
            Some((first, _)) if first.starts_with(&start) => Ok(format!("/{inside}")),
            _ => Err(FileError::Missing),
        }
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        match self.0.files.get(path.trim_matches('/')) {
            Some(file) if file.bytes.len() as u64 > limit => {
                Err(FileError::TooLarge { size: file.bytes.len() as u64, limit })
            }
            Some(file) => Ok(File { content: file.bytes.clone(), real_path: None }),
            None if self.directory(path).is_ok() => Err(FileError::IsDirectory),
            None => Err(FileError::Missing),
        }
    }
}

/// Renders and judges a commit, on a thread for such work: a large fleet takes its time.
async fn judged(fleet: &Fleet, tree: GitTree, clusters: &[ClusterName]) -> ByCluster<Seen<OverlayFacts>> {
    let (fleet, names) = (fleet.clone(), clusters.to_vec());
    let work = move || {
        let mut options = gangplank_kustomize::Options::new(Arc::new(tree.clone()));
        options.threads = std::thread::available_parallelism().map_or(1, usize::from);
        judge::overlays(&gangplank_kustomize::Renderer::new(options), "/", &fleet, &tree, &names)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(facts) => facts.into_iter().map(|(name, facts)| (name, Seen::Known(facts))).collect(),
        Err(_) => clusters.iter().map(|name| (name.clone(), Seen::Pending)).collect(),
    }
}

impl Tree for GitTree {
    fn read(&self, path: &str) -> Option<String> {
        let file = self.0.files.get(path)?;
        std::str::from_utf8(&file.bytes).ok().map(str::to_owned)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let start = format!("{folder}/");
        self.0
            .files
            .range(start.clone()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(&start))
            .cloned()
            .collect()
    }
}

impl GitLook {
    /// Looks into the fleet's repository through these mirrors.
    pub fn new(mirrors: Mirrors, access: Access) -> Self {
        GitLook { mirrors, access, last: None }
    }

    /// The clusters that the tree has overlays for; none where it can't be read.
    pub(super) async fn members(&mut self, fleet: &Fleet) -> Vec<Member> {
        match self.sight(fleet).await {
            Ok(sight) => sight.members.clone(),
            Err(_) => Vec::new(),
        }
    }

    /// The tree at the tip of the branch.
    pub(crate) async fn tree(&self, fleet: &Fleet) -> Result<GitTree, gangplank_git::Error> {
        let repository = &fleet.repository;
        let commit = self.mirrors.resolve(&repository.url, &repository.revision, &self.access).await?;
        Ok(GitTree(self.mirrors.tree(&repository.url, &commit, &self.access).await?))
    }

    /// The clusters that the tip of the branch has overlays for, without rendering any.
    pub(crate) async fn tip(&self, fleet: &Fleet) -> Result<Vec<Member>, gangplank_git::Error> {
        Ok(members(fleet, &self.tree(fleet).await?))
    }

    pub(super) async fn look(&mut self, fleet: &Fleet, members: &[Member]) -> ByCluster<Seen<OverlayFacts>> {
        let absent = OverlayFacts::default();
        let names = members.iter().map(|member| &member.name);
        match self.sight(fleet).await {
            Ok(sight) => names
                .map(|name| {
                    (name.clone(), sight.facts.get(name).cloned().unwrap_or(Seen::Known(absent.clone())))
                })
                .collect(),
            Err(error) => names.map(|name| (name.clone(), failed(&error))).collect(),
        }
    }

    async fn sight(&mut self, fleet: &Fleet) -> Result<&Sight, gangplank_git::Error> {
        let repository = &fleet.repository;
        let commit = self.mirrors.resolve(&repository.url, &repository.revision, &self.access).await?;
        let sight = match self.last.take() {
            Some(sight) if sight.commit == commit => sight,
            _ => {
                let tree = GitTree(self.mirrors.tree(&repository.url, &commit, &self.access).await?);
                let members = members(fleet, &tree);
                let names: Vec<ClusterName> = members.iter().map(|member| member.name.clone()).collect();
                let facts = judged(fleet, tree, &names).await;
                Sight { commit, members, facts }
            }
        };
        Ok(self.last.insert(sight))
    }
}
