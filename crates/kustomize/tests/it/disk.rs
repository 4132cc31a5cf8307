//! A tree on disk, for tests only: the crate itself does no I/O.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use gangplank_kustomize::{File, FileError, Files};

pub(crate) struct Disk;

fn error(error: &std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::Missing,
        ErrorKind::IsADirectory => FileError::IsDirectory,
        ErrorKind::NotADirectory => FileError::NotDirectory,
        _ => FileError::Other(error.to_string()),
    }
}

impl Files for Disk {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        let real = fs::canonicalize(path).map_err(|e| error(&e))?;
        if real.is_dir() { Ok(real.to_string_lossy().into_owned()) } else { Err(FileError::NotDirectory) }
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        let metadata = fs::metadata(path).map_err(|e| error(&e))?;
        if metadata.is_dir() {
            return Err(FileError::IsDirectory);
        }
        if metadata.len() > limit {
            return Err(FileError::TooLarge { size: metadata.len(), limit });
        }
        let content = fs::read(path).map_err(|e| error(&e))?;
        let real = fs::canonicalize(path).map_err(|e| error(&e))?;
        let real_path = (real != Path::new(path)).then(|| real.to_string_lossy().into_owned());
        Ok(File { content: content.into(), real_path })
    }
}
