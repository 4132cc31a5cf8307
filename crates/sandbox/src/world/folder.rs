//! The folder of a world: made with it, removed with it, and by the next world where a killed one left it.
//!
//! A lock tells the living from the dead: the system lets go of it with the process, however that ended.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The first letters of a world's folder.
pub(super) const PREFIX: &str = "gangplank-sandbox-";

/// The file that a living world holds locked.
const LOCK: &str = "lock";

/// A world's folder, open to its owner only.
pub(super) struct Folder {
    path: PathBuf,
    /// Held as long as the folder is.
    _lock: File,
}

impl Folder {
    /// Makes a folder below `root`, after removing those that killed worlds left there.
    pub(super) fn make(root: &Path) -> io::Result<Folder> {
        sweep(root);
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root)?;
        let lock = lock(directory.path())?;
        Ok(Folder { path: directory.keep(), _lock: lock })
    }

    /// Makes the folder at `path`, which must not exist: that of a world that starts anew.
    pub(super) fn make_at(path: &Path) -> io::Result<Folder> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)?;
        Ok(Folder { path: path.to_owned(), _lock: lock(path)? })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder.
    pub(super) fn close(self) -> io::Result<()> {
        // What is still being written may hold up the first try.
        fs::remove_dir_all(&self.path).or_else(|_| fs::remove_dir_all(&self.path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Locks a new folder. The lock has its name only once it is held: nobody ever sees that of a living world open.
fn lock(folder: &Path) -> io::Result<File> {
    let unnamed = folder.join("lock.new");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    fs::rename(&unnamed, folder.join(LOCK))?;
    Ok(lock)
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
