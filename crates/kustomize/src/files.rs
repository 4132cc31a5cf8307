//! Where files come from: the port, and a tree in memory.
//!
//! Paths are absolute, with `/` between names: those of a disk, or of any tree that has a root. The renderer asks only
//! for what it needs, and takes the answers as true for the whole of one render.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a path gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Nothing is there.
    #[error("no such file or directory")]
    Missing,
    /// It is a directory, and a file was asked for.
    #[error("it is a directory")]
    IsDirectory,
    /// It is a file, and a directory was asked for.
    #[error("it is a file, not a directory")]
    NotDirectory,
    /// It is larger than the renderer takes.
    #[error("it has {size} bytes, and {limit} are allowed")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The largest size.
        limit: u64,
    },
    /// Anything else that the tree has to say.
    #[error("{0}")]
    Other(String),
}

/// A file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub content: Arc<[u8]>,
    /// Where it really is, when symbolic links led elsewhere than the path said.
    pub real_path: Option<String>,
}

/// A tree of files.
pub trait Files: Send + Sync {
    /// The directory behind a path, all symbolic links resolved.
    ///
    /// # Errors
    /// Nothing is there, or a file.
    fn directory(&self, path: &str) -> Result<String, FileError>;

    /// A file of at most `limit` bytes.
    ///
    /// # Errors
    /// Nothing is there, a directory is, or it is too large.
    fn read(&self, path: &str, limit: u64) -> Result<File, FileError>;
}

/// A tree in memory. Directories are there as soon as a file is below them.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    files: BTreeMap<String, Arc<[u8]>>,
    links: BTreeMap<String, String>,
}

impl MemoryFiles {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file at an absolute path.
    pub fn insert(&mut self, path: &str, content: impl AsRef<[u8]>) -> &mut Self {
        self.files.insert(clean(path), content.as_ref().into());
        self
    }

    /// Puts a symbolic link at an absolute path; its target is absolute too.
    pub fn link(&mut self, path: &str, target: &str) -> &mut Self {
        self.links.insert(clean(path), clean(target));
        self
    }

    /// Takes a file away.
    pub fn remove(&mut self, path: &str) -> bool {
        self.files.remove(&clean(path)).is_some()
    }

    /// Follows links, as often as a kernel would.
    fn resolve(&self, path: &str) -> Result<String, FileError> {
        let mut path = clean(path);
        for _ in 0..40 {
            let link = self.links.iter().find(|(link, _)| is_below(&path, link));
            match link {
                Some((link, target)) => path = clean(&format!("{target}{}", &path[link.len()..])),
                None => return Ok(path),
            }
        }
        Err(FileError::Other("too many symbolic links".to_owned()))
    }

    fn has_directory(&self, path: &str) -> bool {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        path == "/"
            || self.files.range(prefix.clone()..).next().is_some_and(|(file, _)| file.starts_with(&prefix))
            || self.links.range(prefix.clone()..).next().is_some_and(|(link, _)| link.starts_with(&prefix))
    }
}

impl Files for MemoryFiles {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        let real = self.resolve(path)?;
        if self.files.contains_key(&real) {
            Err(FileError::NotDirectory)
        } else if self.has_directory(&real) {
            Ok(real)
        } else {
            Err(FileError::Missing)
        }
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        let real = self.resolve(path)?;
        match self.files.get(&real) {
            Some(content) => {
                let size = content.len() as u64;
                if size > limit {
                    return Err(FileError::TooLarge { size, limit });
                }
                let real_path = (real != clean(path)).then_some(real);
                Ok(File { content: Arc::clone(content), real_path })
            }
            None if self.has_directory(&real) => Err(FileError::IsDirectory),
            None => Err(FileError::Missing),
        }
    }
}

/// A path without `.`, `..` and doubled slashes; absolute.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A relative path below a directory.
pub(crate) fn join(root: &str, path: &str) -> String {
    clean(&format!("{root}/{path}"))
}

/// Whether a path is a directory, or below it. Both are clean.
pub(crate) fn is_below(path: &str, directory: &str) -> bool {
    directory == "/"
        || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_what_is_there() {
        let mut files = MemoryFiles::new();
        files.insert("/a/b/f.yaml", "x").link("/c", "/a/b").link("/loop", "/loop");
        assert_eq!(files.directory("/c").as_deref(), Ok("/a/b"));
        let file = files.read("/c/f.yaml", 10).expect("the file is there");
        assert_eq!(file.real_path.as_deref(), Some("/a/b/f.yaml"));
        assert_eq!(files.read("/a/b/f.yaml", 0).err(), Some(FileError::TooLarge { size: 1, limit: 0 }));
        assert_eq!(files.read("/a", 1).err(), Some(FileError::IsDirectory));
        assert!(matches!(files.read("/loop", 1), Err(FileError::Other(_))));
    }

    #[test]
    fn paths() {
        assert_eq!(join("/a/b", "../c/./d"), "/a/c/d");
        assert!(is_below("/a/b", "/a") && !is_below("/ab", "/a"));
    }
}
