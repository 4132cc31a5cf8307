//! Renders sources, once for all Applications that share one, and again only where a commit changed what was read.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::directory;
use super::reads::{Reads, Recorder};
use crate::files::{FileTree, clean};
use crate::object::ObjectKey;
use crate::ports::{Repositories, Repository, SourceError};
use crate::spec::SourceSpec;

/// How many trees are kept: the commits in use of a handful of repositories.
const TREES: usize = 8;
/// How many sources are kept; beyond that those that nobody waits for are forgotten, and rendered again when asked.
const SLOTS: usize = 2048;
/// The file names by which a kustomization is known.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The objects of a source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rendered {
    /// In the order in which the tool gave them; of repeated ones the last.
    pub(crate) objects: Vec<Arc<Value>>,
    /// `Kustomize` or `Directory`.
    pub(crate) source_type: &'static str,
    /// The objects that stand twice.
    pub(crate) repeated: Vec<ObjectKey>,
}

type Outcome = Result<Arc<Rendered>, SourceError>;

struct Kept {
    outcome: Outcome,
    commit: String,
    reads: Reads,
}

type Slot = Arc<AsyncMutex<Option<Kept>>>;

/// The renderings of the process.
pub(crate) struct Renders {
    repositories: Arc<dyn Repositories>,
    slots: Mutex<HashMap<(Repository, String), Slot>>,
    trees: AsyncMutex<VecDeque<(Repository, String, Arc<FileTree>)>>,
}

impl Renders {
    pub(crate) fn new(repositories: Arc<dyn Repositories>) -> Renders {
        Renders { repositories, slots: Mutex::default(), trees: AsyncMutex::default() }
    }

    /// Returns the objects of `source` at `commit`. All who ask for the same wait for one rendering.
    pub(crate) async fn get(&self, repository: &Repository, source: &SourceSpec, commit: &str) -> Outcome {
        // The revision is not part of it: the commit is what counts.
        let bare = SourceSpec { target_revision: String::new(), ..source.clone() };
        let settings = serde_json::to_string(&bare).unwrap_or_default();
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            if slots.len() >= SLOTS {
                slots.retain(|_, slot| Arc::strong_count(slot) > 1);
            }
            slots.entry((repository.clone(), settings)).or_default().clone()
        };
        let mut kept = slot.lock().await;
        if let Some(kept) = &*kept
            && kept.commit == commit
        {
            return kept.outcome.clone();
        }
        let tree = self.tree(repository, commit).await?;
        if let Some(kept) = &mut *kept
            && kept.reads.hold_in(&tree)
        {
            commit.clone_into(&mut kept.commit);
            return kept.outcome.clone();
        }
        let rendering = tokio::task::spawn_blocking(move || {
            let recorder = Arc::new(Recorder::new(tree));
            let outcome = render(&recorder, &bare).map(Arc::new).map_err(|message| SourceError { message });
            (outcome, recorder.reads())
        });
        let (outcome, reads) = rendering
            .await
            .map_err(|error| SourceError { message: format!("the rendering was ended: {error}") })?;
        *kept = Some(Kept { outcome: outcome.clone(), commit: commit.to_owned(), reads });
        outcome
    }

    /// Forgets what was rendered of a source, so that the next asks anew.
    pub(crate) fn forget(&self, repository: &Repository) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _), _| known != repository);
    }

    /// Returns the files of a commit, kept for all who ask.
    pub(crate) async fn tree(
        &self,
        repository: &Repository,
        commit: &str,
    ) -> Result<Arc<FileTree>, SourceError> {
        let mut trees = self.trees.lock().await;
        let known = trees.iter().position(|(of, at, _)| of == repository && at == commit);
        if let Some(entry) = known.and_then(|index| trees.remove(index)) {
            let tree = entry.2.clone();
            trees.push_front(entry);
            return Ok(tree);
        }
        let tree = self.repositories.tree(repository, commit).await?;
        trees.push_front((repository.clone(), commit.to_owned(), tree.clone()));
        trees.truncate(TREES);
        Ok(tree)
    }
}

/// Renders a source of a tree with the tool that it asks for, or that is detected.
fn render(files: &Arc<Recorder>, source: &SourceSpec) -> Result<Rendered, String> {
    if source.path.starts_with('/') {
        return Err(format!("{}: app path is absolute", source.path));
    }
    let path = clean(&source.path).ok_or_else(|| format!("{}: app path outside root", source.path))?;
    if files.directory(&path).is_none() {
        return Err(format!("{}: app path does not exist", source.path));
    }
    let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    let is_kustomize = source.kustomize.is_some()
        || (source.directory.is_none()
            && KUSTOMIZATIONS.iter().any(|name| files.read(&within(name)).is_some()));
    if source.directory.is_none() && source.kustomize.is_none() && files.read(&within("Chart.yaml")).is_some()
    {
        return Err(format!(
            "{path}: Helm charts are not supported by gangplank; render the chart into the repository"
        ));
    }
    let objects = if is_kustomize {
        super::kustomize::render(files, &path, source.kustomize.as_ref())?
    } else {
        directory::render(files, &path, &source.directory.clone().unwrap_or_default())?
    };
    let mut by_key: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    let mut kept: Vec<Option<Arc<Value>>> = Vec::new();
    let mut repeated = Vec::new();
    for object in objects {
        let key = ObjectKey::of(&object);
        // Objects that the server is to name have no key to repeat.
        let before = if key.name.is_empty() { None } else { by_key.insert(key.clone(), kept.len()) };
        if let Some(before) = before {
            kept[before] = None;
            repeated.push(key);
        }
        kept.push(Some(Arc::new(object)));
    }
    let source_type = if is_kustomize { "Kustomize" } else { "Directory" };
    Ok(Rendered { objects: kept.into_iter().flatten().collect(), source_type, repeated })
}
