//! The files of one commit, as a port of this crate: in memory, by path, links resolved within.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many links are followed on the way to one file.
const LINKS: usize = 40;

/// A tree of files. Paths are relative to its root, `/`-separated, without `.` and `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileTree {
    files: BTreeMap<String, Arc<[u8]>>,
    links: BTreeMap<String, String>,
}

impl FileTree {
    /// Creates an empty tree.
    pub fn new() -> FileTree {
        FileTree::default()
    }

    /// Puts a file.
    pub fn insert(&mut self, path: &str, bytes: Arc<[u8]>) {
        self.files.insert(path.to_owned(), bytes);
    }

    /// Puts a symbolic link with the target as it stands in the link.
    pub fn insert_link(&mut self, path: &str, target: &str) {
        self.links.insert(path.to_owned(), target.to_owned());
    }

    /// Returns the content of a file; none where there is none, or where a link leads out of the tree.
    pub fn read(&self, path: &str) -> Option<&Arc<[u8]>> {
        self.files.get(&self.resolve(path)?)
    }

    /// Whether there is a directory at the path; the root is the empty path.
    pub fn is_directory(&self, path: &str) -> bool {
        let Some(path) = self.resolve(path) else { return false };
        if path.is_empty() {
            return true;
        }
        let prefix = format!("{path}/");
        let begins = |map: Option<&String>| map.is_some_and(|first| first.starts_with(&prefix));
        begins(self.files.range(prefix.clone()..).next().map(|(path, _)| path))
            || begins(self.links.range(prefix.clone()..).next().map(|(path, _)| path))
    }

    /// Returns the names of what stands in a directory, in order, without what is below.
    pub fn names(&self, directory: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let Some(directory) = self.resolve(directory) else { return names };
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut take = |path: &str| -> String {
            let name = path[prefix.len()..].split('/').next().unwrap_or_default();
            names.insert(name.to_owned());
            // Past everything below that name: `0` follows `/`.
            format!("{prefix}{name}0")
        };
        let mut from = prefix.clone();
        while let Some((path, _)) =
            self.files.range(from.clone()..).next().filter(|(path, _)| path.starts_with(&prefix))
        {
            let is_file = !path[prefix.len()..].contains('/');
            let past = take(path);
            from = if is_file { format!("{path}\0") } else { past };
        }
        for (path, _) in self.links.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix))
        {
            take(path);
        }
        names
    }

    /// Returns all directories that hold files, at any depth, in order.
    pub fn directories(&self) -> Vec<String> {
        let mut directories = BTreeSet::new();
        for path in self.files.keys() {
            directories.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        }
        directories.into_iter().collect()
    }

    /// Follows links in every part of a path. None where a link leads out, or in circles.
    pub fn resolve(&self, path: &str) -> Option<String> {
        let mut path = clean(path)?;
        if self.links.is_empty() {
            return Some(path);
        }
        for _ in 0..LINKS {
            let Some((link, target)) = self.first_link(&path) else { return Some(path) };
            if target.starts_with('/') {
                return None;
            }
            let parent = link.rsplit_once('/').map_or("", |(parent, _)| parent);
            path = clean(&format!("{parent}/{target}{}", &path[link.len()..]))?;
        }
        None
    }

    fn first_link<'a>(&'a self, path: &'a str) -> Option<(&'a str, &'a str)> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.map(|end| &path[..end]).find_map(|part| Some((part, self.links.get(part)?.as_str())))
    }
}

/// Brings a relative path into its plain form; none where it leads out of the root.
pub(crate) fn clean(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> FileTree {
        let mut tree = FileTree::new();
        for path in ["a.yaml", "dir/b.yaml", "dir/sub/c.yaml", "dir0", "dir-x/d.yaml"] {
            tree.insert(path, path.as_bytes().into());
        }
        tree.insert_link("link", "dir/sub");
        tree.insert_link("dir/up", "../a.yaml");
        tree.insert_link("out", "../../etc");
        tree.insert_link("loop", "loop");
        tree
    }

    #[test]
    fn lists_one_level() {
        let names = |directory: &str| tree().names(directory).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(names(""), "a.yaml dir dir-x dir0 link loop out");
        assert_eq!(names("dir"), "b.yaml sub up");
        assert_eq!(names("link"), "c.yaml");
        assert_eq!(names("absent"), "");
    }

    #[test]
    fn links_are_followed_within_the_tree_only() {
        let tree = tree();
        let read = |path: &str| tree.read(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(read("link/c.yaml").as_deref(), Some("dir/sub/c.yaml"));
        assert_eq!(read("dir/up").as_deref(), Some("a.yaml"));
        assert_eq!(read("./dir/../a.yaml").as_deref(), Some("a.yaml"));
        for path in ["out/passwd", "loop", "../x", "absent"] {
            assert_eq!(read(path), None, "{path}");
        }
        assert!(tree.is_directory("link") && tree.is_directory("") && !tree.is_directory("a.yaml"));
    }
}
