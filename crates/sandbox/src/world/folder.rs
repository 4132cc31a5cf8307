//! The folder of a world: made with it, removed with it, and by the next world where a killed one left it.
//!
//! A lock tells the living from the dead: the system lets go of it with the process, however that ended.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The first letters of a world's folder.
pub(super) const PREFIX: &str = "gangplank-sandbox-";

/// The file that a living world holds locked.
const LOCK: &str = "lock";

/// A world's folder, open to its owner only.
pub(super) struct Folder {
    directory: TempDir,
    /// Held as long as the folder is.
    _lock: File,
}

impl Folder {
    /// Makes a folder below `root`, after removing those that killed worlds left there.
    pub(super) fn make(root: &Path) -> io::Result<Folder> {
        sweep(root);
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root)?;
        // Locked before it has its name: nobody ever sees the lock of a living world open.
        let unnamed = directory.path().join("lock.new");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        fs::rename(&unnamed, directory.path().join(LOCK))?;
        Ok(Folder { directory, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Removes the folder.
    pub(super) fn close(self) -> io::Result<()> {
        self.directory.close()
    }
}

/// The folders of worlds below `root`, living and dead.
pub(super) fn all(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path())
        .collect()
}

/// Removes what killed worlds left. Somebody else's, or one that can't be judged, stays.
fn sweep(root: &Path) {
    for folder in all(root) {
        let Ok(lock) = File::open(folder.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            tracing::debug!(folder = %folder.display(), "removing what a killed sandbox left");
            let _ = fs::remove_dir_all(&folder);
        }
    }
}
