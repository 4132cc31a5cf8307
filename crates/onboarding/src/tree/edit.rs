//! Overlays put into a tree, and taken out of it. People have edited the tree since it was written: comments and layout stay.

use std::collections::BTreeMap;

use gangplank_yaml::edit::{self, EditError as YamlError};

use super::Change;
use super::layout;
use super::members::LEAVING_FOLDER;
use super::overlay::{ClusterOverlay, RepositoryOverlay, relative};
use crate::fleet::Fleet;
use crate::names::ClusterName;

/// Why the tree was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The overlay is there already.
    #[error("`{0}` is there already: edit it, or remove it first")]
    Exists(String),
    /// The overlay is not there.
    #[error("`{0}` is not there: nothing to remove")]
    Absent(String),
    /// Two names become one.
    #[error(
        "`{name}` and the cluster of the overlay `{folder}` have the same name in the vault and in Kubernetes: rename one"
    )]
    Collision {
        /// The new cluster.
        name: ClusterName,
        /// The overlay that has its name.
        folder: String,
    },
    /// The parent's kustomization is missing.
    #[error("the tree has no `{0}`, which lists the overlays: write the tree first with `gangplank init`")]
    NoParent(String),
    /// The parent's kustomization can't be changed in place.
    #[error("cannot change `{path}`")]
    Parent {
        /// The file.
        path: String,
        /// Why.
        source: YamlError,
    },
}

/// Reads the tree.
pub trait Tree {
    /// The text of a file, by its path from the root; `None` where it is not there.
    fn read(&self, path: &str) -> Option<String>;
    /// The paths of all files below a folder.
    fn list(&self, folder: &str) -> Vec<String>;
}

/// The changes that put a cluster's overlay into the tree.
///
/// # Errors
/// The overlay exists, its name collides with another, or the parent can't take it.
pub fn add_cluster(
    fleet: &Fleet,
    overlay: &ClusterOverlay,
    tree: &dyn Tree,
) -> Result<Vec<Change>, EditError> {
    let folder = overlay.name.slug();
    let parent = fleet.paths.clusters();
    let path = format!("{parent}/{folder}/kustomization.yaml");
    if let Some(text) = tree.read(&path) {
        // The folder is named after the slug, so that another cluster may own it.
        let own = text.lines().any(|line| line.trim() == format!("value: {}", overlay.name));
        return Err(if own {
            EditError::Exists(path)
        } else {
            EditError::Collision { name: overlay.name.clone(), folder: format!("{parent}/{folder}") }
        });
    }
    let base = relative(&format!("{parent}/{folder}"), &fleet.paths.cluster_base);
    Ok(vec![listed(tree, &parent, &folder)?, Change { path, text: Some(overlay.text(&base)) }])
}

/// The changes that put the overlays of many clusters into the tree; of each file there is one.
///
/// # Errors
/// As [`add_cluster`], for the first that can't be added; then there are no changes at all.
pub fn add_clusters(
    fleet: &Fleet,
    overlays: &[ClusterOverlay],
    tree: &dyn Tree,
) -> Result<Vec<Change>, EditError> {
    let mut changed = Changed { tree, texts: BTreeMap::new() };
    for overlay in overlays {
        for Change { path, text } in add_cluster(fleet, overlay, &changed)? {
            changed.texts.insert(path, text);
        }
    }
    Ok(changed.texts.into_iter().map(|(path, text)| Change { path, text }).collect())
}

/// A tree with changes that were not carried out yet.
struct Changed<'a> {
    tree: &'a dyn Tree,
    texts: BTreeMap<String, Option<String>>,
}

impl Tree for Changed<'_> {
    fn read(&self, path: &str) -> Option<String> {
        self.texts.get(path).cloned().unwrap_or_else(|| self.tree.read(path))
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let inside = |path: &&String| path.starts_with(&format!("{folder}/"));
        let mut paths = self.tree.list(folder);
        paths.extend(self.texts.keys().filter(inside).cloned());
        paths.sort_unstable();
        paths.dedup();
        paths.retain(|path| !matches!(self.texts.get(path), Some(None)));
        paths
    }
}

/// The changes that take a cluster's overlay out of the tree.
///
/// # Errors
/// There is none, or the parent can't be changed in place.
pub fn remove_cluster(fleet: &Fleet, name: &ClusterName, tree: &dyn Tree) -> Result<Vec<Change>, EditError> {
    remove(&fleet.paths.clusters(), &name.slug(), tree)
}

/// The changes that mark a cluster as leaving: its overlay gets the component of that name, which is written where the tree is of a time
/// before there was one.
///
/// # Errors
/// The overlay is not there, or can't be changed in place.
pub fn mark_leaving(fleet: &Fleet, name: &ClusterName, tree: &dyn Tree) -> Result<Vec<Change>, EditError> {
    let folder = format!("{}/{}", fleet.paths.clusters(), name.slug());
    let path = format!("{folder}/kustomization.yaml");
    let text = tree.read(&path).ok_or_else(|| EditError::Absent(folder.clone()))?;
    let text = edit::append(&text, &["components"], &relative(&folder, LEAVING_FOLDER))
        .map_err(|source| EditError::Parent { path: path.clone(), source })?;
    let mut changes = vec![Change { path, text: Some(text) }];
    let component = format!("{LEAVING_FOLDER}/kustomization.yaml");
    if tree.read(&component).is_none() {
        changes.push(Change { path: component, text: Some(layout::LEAVING.to_owned()) });
    }
    Ok(changes)
}

/// The changes that put a repository's overlay into the tree.
///
/// # Errors
/// The overlay exists, or the parent can't take it.
pub fn add_repository(
    fleet: &Fleet,
    overlay: &RepositoryOverlay,
    tree: &dyn Tree,
) -> Result<Vec<Change>, EditError> {
    let parent = fleet.paths.repositories();
    let path = format!("{parent}/{}/kustomization.yaml", overlay.name);
    if tree.read(&path).is_some() {
        return Err(EditError::Exists(path));
    }
    let base = relative(&format!("{parent}/{}", overlay.name), &fleet.paths.repository_base);
    Ok(vec![listed(tree, &parent, &overlay.name)?, Change { path, text: Some(overlay.text(&base)) }])
}

/// The changes that take a repository's overlay out of the tree.
///
/// # Errors
/// There is none, or the parent can't be changed in place.
pub fn remove_repository(fleet: &Fleet, name: &str, tree: &dyn Tree) -> Result<Vec<Change>, EditError> {
    remove(&fleet.paths.repositories(), name, tree)
}

/// The names of the folders with an overlay below `parent`, whether or not it is listed.
pub fn overlays(parent: &str, tree: &dyn Tree) -> Vec<String> {
    let inside = |path: &String| {
        let (folder, file) = path.strip_prefix(parent)?.strip_prefix('/')?.split_once('/')?;
        (file == "kustomization.yaml").then(|| folder.to_owned())
    };
    let mut names: Vec<String> = tree.list(parent).iter().filter_map(inside).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn remove(parent: &str, folder: &str, tree: &dyn Tree) -> Result<Vec<Change>, EditError> {
    let files = tree.list(&format!("{parent}/{folder}"));
    if files.is_empty() {
        return Err(EditError::Absent(format!("{parent}/{folder}")));
    }
    let path = format!("{parent}/kustomization.yaml");
    let text = tree.read(&path).ok_or_else(|| EditError::NoParent(path.clone()))?;
    let mut changes = Vec::new();
    match edit::remove(&text, &["resources"], folder) {
        Ok(text) => changes.push(Change { path, text: Some(text) }),
        // An overlay that was never listed is removed all the same.
        Err(YamlError::Missing { .. }) => {}
        Err(source) => return Err(EditError::Parent { path, source }),
    }
    changes.extend(files.into_iter().map(|path| Change { path, text: None }));
    Ok(changes)
}

fn listed(tree: &dyn Tree, parent: &str, folder: &str) -> Result<Change, EditError> {
    let path = format!("{parent}/kustomization.yaml");
    let text = tree.read(&path).ok_or_else(|| EditError::NoParent(path.clone()))?;
    let text = edit::append(&text, &["resources"], folder)
        .map_err(|source| EditError::Parent { path: path.clone(), source })?;
    Ok(Change { path, text: Some(text) })
}
