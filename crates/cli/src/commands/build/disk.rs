//! The renderer's files, on disk.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use gangplank_kustomize::{File, FileError, Files};

/// The file system of this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DiskFiles;

impl Files for DiskFiles {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        let real = fs::canonicalize(path).map_err(failed)?;
        if !real.is_dir() {
            return Err(FileError::NotDirectory);
        }
        text(&real)
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        let file = fs::File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(FileError::IsDirectory);
        }
        let mut content = Vec::new();
        // A device or a file that grows says nothing true of its size: what is read counts.
        file.take(limit.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
        let size = content.len() as u64;
        if size > limit {
            return Err(FileError::TooLarge { size: metadata.len().max(size), limit });
        }
        let real = text(&fs::canonicalize(path).map_err(failed)?)?;
        Ok(File { content: Arc::from(content), real_path: (real != path).then_some(real) })
    }
}

fn text(path: &Path) -> Result<String, FileError> {
    path.to_str().map(str::to_owned).ok_or_else(|| FileError::Other("its path is not UTF-8".to_owned()))
}

fn failed(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::Missing,
        ErrorKind::NotADirectory => FileError::Missing,
        ErrorKind::IsADirectory => FileError::IsDirectory,
        _ => FileError::Other(error.to_string()),
    }
}
