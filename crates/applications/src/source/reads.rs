//! What a rendering read of a tree, so that a later tree can be told to give the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::files::FileTree;

/// Everything that was asked of a tree, with the answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    files: BTreeMap<String, Option<Arc<[u8]>>>,
    listings: BTreeMap<String, Option<BTreeSet<String>>>,
    directories: BTreeMap<String, Option<String>>,
}

impl Reads {
    /// Whether `tree` would have given the same answers.
    pub(crate) fn hold_in(&self, tree: &FileTree) -> bool {
        let same = |before: &Option<Arc<[u8]>>, now: Option<&Arc<[u8]>>| match (before, now) {
            // Mirrors share the bytes of unchanged files, so that most are the same allocation.
            (Some(before), Some(now)) => Arc::ptr_eq(before, now) || before == now,
            (None, None) => true,
            _ => false,
        };
        self.files.iter().all(|(path, before)| same(before, tree.read(path)))
            && self.listings.iter().all(|(path, before)| *before == listing(tree, path))
            && self.directories.iter().all(|(path, before)| *before == directory(tree, path))
    }
}

fn listing(tree: &FileTree, path: &str) -> Option<BTreeSet<String>> {
    tree.is_directory(path).then(|| tree.names(path))
}

fn directory(tree: &FileTree, path: &str) -> Option<String> {
    tree.is_directory(path).then(|| tree.resolve(path)).flatten()
}

/// A tree that notes what it is asked.
pub(crate) struct Recorder {
    tree: Arc<FileTree>,
    reads: Mutex<Reads>,
}

impl Recorder {
    pub(crate) fn new(tree: Arc<FileTree>) -> Recorder {
        Recorder { tree, reads: Mutex::default() }
    }

    pub(crate) fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        let bytes = self.tree.read(path).cloned();
        self.lock().files.insert(path.to_owned(), bytes.clone());
        bytes
    }

    /// The directory behind a path, links resolved; none where there is none.
    pub(crate) fn directory(&self, path: &str) -> Option<String> {
        let real = directory(&self.tree, path);
        self.lock().directories.insert(path.to_owned(), real.clone());
        real
    }

    /// The path behind a path, links resolved; what leads there is noted with what is read there.
    pub(crate) fn resolve(&self, path: &str) -> Option<String> {
        self.tree.resolve(path)
    }

    /// The names in a directory; none where there is no directory.
    pub(crate) fn names(&self, path: &str) -> Option<BTreeSet<String>> {
        let names = listing(&self.tree, path);
        self.lock().listings.insert(path.to_owned(), names.clone());
        names
    }

    /// Returns what was asked so far.
    pub(crate) fn reads(&self) -> Reads {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Reads> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> FileTree {
        let mut tree = FileTree::new();
        for (path, content) in files {
            tree.insert(path, content.as_bytes().into());
        }
        tree
    }

    #[test]
    fn only_what_was_asked_counts() {
        let before = tree(&[("a/x", "1"), ("b/y", "1")]);
        let recorder = Recorder::new(Arc::new(before));
        recorder.read("a/x");
        recorder.read("a/absent");
        recorder.names("a");
        let reads = recorder.reads();
        for (files, expect) in [
            (vec![("a/x", "1"), ("b/y", "2")], true),
            (vec![("a/x", "1")], true),
            (vec![("a/x", "2"), ("b/y", "1")], false),
            (vec![("a/x", "1"), ("a/absent", "")], false),
            (vec![("a/x", "1"), ("a/new", "")], false),
        ] {
            assert_eq!(reads.hold_in(&tree(&files)), expect, "{files:?}");
        }
    }
}
