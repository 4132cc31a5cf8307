//! The renderer's files, on disk.
//!
//! Directories are resolved once, and a file in a resolved directory is opened in a way that fails on a symbolic link;
//! only then are links followed. So a fleet costs a few calls an overlay, not a walk from the root for every name.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Mutex, PoisonError};

use gangplank_kustomize::{File, FileError, Files};

/// Linux's `O_NOFOLLOW`.
const NO_FOLLOW: i32 = 0o400_000;

/// The file system, with what was seen of it.
#[derive(Default)]
pub(crate) struct DiskFiles {
    directories: Mutex<HashMap<String, String>>,
}

fn error(error: &std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::Missing,
        ErrorKind::IsADirectory => FileError::IsDirectory,
        ErrorKind::NotADirectory => FileError::NotDirectory,
        _ => FileError::Other(error.to_string()),
    }
}

impl DiskFiles {
    fn known(&self, path: &str) -> Option<String> {
        self.directories.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// The real path of a directory whose parent is known: no link, no walk.
    fn below_known(&self, path: &str) -> Option<String> {
        let (parent, name) = path.rsplit_once('/')?;
        let parent = self.known(parent)?;
        let real = format!("{parent}/{name}");
        let metadata = fs::symlink_metadata(&real).ok()?;
        metadata.is_dir().then_some(real)
    }
}

impl Files for DiskFiles {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        if let Some(real) = self.known(path) {
            return Ok(real);
        }
        let real = match self.below_known(path) {
            Some(real) => real,
            None => {
                let real = fs::canonicalize(path).map_err(|e| error(&e))?;
                if !real.is_dir() {
                    return Err(FileError::NotDirectory);
                }
                real.into_os_string()
                    .into_string()
                    .map_err(|_| FileError::Other("its name is no UTF-8".to_owned()))?
            }
        };
        self.directories.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), real.clone());
        Ok(real)
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let real =
            format!("{}/{name}", if parent.is_empty() { String::new() } else { self.directory(parent)? });
        let opened = OpenOptions::new().read(true).custom_flags(NO_FOLLOW).open(&real);
        let (mut file, real) = match opened {
            Ok(file) => (file, real),
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(FileError::Missing),
            Err(_) => {
                let real = fs::canonicalize(path).map_err(|e| error(&e))?;
                let file = fs::File::open(&real).map_err(|e| error(&e))?;
                (file, real.to_string_lossy().into_owned())
            }
        };
        let metadata = file.metadata().map_err(|e| error(&e))?;
        if metadata.is_dir() {
            return Err(FileError::IsDirectory);
        }
        let size = metadata.len();
        if size > limit {
            return Err(FileError::TooLarge { size, limit });
        }
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        std::io::Read::by_ref(&mut file).take(limit + 1).read_to_end(&mut content).map_err(|e| error(&e))?;
        if content.len() as u64 > limit {
            return Err(FileError::TooLarge { size: content.len() as u64, limit });
        }
        let real_path = (real != path).then_some(real);
        Ok(File { content: content.into(), real_path })
    }
}
