//! The tree on disk. A file is written beside its place and moved there, so that nobody ever sees half of one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gangplank_onboarding::fleet::{FILE_NAME, Fleet};
use gangplank_onboarding::tree::Change;
use gangplank_onboarding::tree::edit::Tree;

use crate::args::fleet;
use crate::error::{CliError, Context as _};

/// A tree on disk, with its fleet file read.
#[derive(Debug)]
pub(crate) struct DiskTree {
    /// The folder with gangplank.yaml.
    pub(crate) root: PathBuf,
    /// What gangplank.yaml says.
    pub(crate) fleet: Fleet,
}

impl DiskTree {
    /// Opens the tree that the arguments name, or the one around the working folder.
    pub(crate) fn open(tree: &fleet::Tree) -> Result<Self, CliError> {
        let root = match &tree.tree {
            Some(root) => root.clone(),
            None => find_upwards()?,
        };
        let path = root.join(FILE_NAME);
        let text = fs::read_to_string(&path)
            .context(|| format!("cannot read the fleet file `{}`", path.display()))?;
        let fleet = Fleet::parse(&text)?;
        Ok(DiskTree { root, fleet })
    }

    /// Carries changes out: all files are written first, then all are moved into place.
    pub(crate) fn enact(&self, changes: &[Change]) -> Result<(), CliError> {
        enact(&self.root, changes)
    }
}

impl Tree for DiskTree {
    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.root, Path::new(folder), &mut found);
        found.sort_unstable();
        found
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        match entry.file_type() {
            // Links are not followed: they could lead out of the tree, or around in it.
            Ok(kind) if kind.is_dir() => collect(root, &path, found),
            Ok(kind) if kind.is_file() => found.extend(path.to_str().map(|path| path.replace('\\', "/"))),
            _ => {}
        }
    }
}

fn find_upwards() -> Result<PathBuf, CliError> {
    let start = std::env::current_dir().context(|| "cannot tell the working folder".to_owned())?;
    let found = start.ancestors().find(|folder| folder.join(FILE_NAME).is_file());
    found.map(Path::to_owned).ok_or_else(|| {
        CliError::new(format!("there is no {FILE_NAME} in `{}` or above it", start.display()))
            .hint("name the tree with --tree DIR, or write one with `gangplank init`")
    })
}

/// Carries changes out below `root`.
pub(crate) fn enact(root: &Path, changes: &[Change]) -> Result<(), CliError> {
    let mut staged = Vec::new();
    for Change { path, text } in changes {
        let target = root.join(path);
        if let Some(text) = text {
            let folder = target.parent().unwrap_or(root);
            let failed = || format!("cannot write `{}`", target.display());
            fs::create_dir_all(folder).context(failed)?;
            let mut file =
                tempfile::Builder::new().prefix(".gangplank-").tempfile_in(folder).context(failed)?;
            file.write_all(text.as_bytes()).context(failed)?;
            staged.push((file, target));
        }
    }
    for (file, target) in staged {
        readable_by_all(&file)?;
        file.persist(&target).context(|| format!("cannot write `{}`", target.display()))?;
    }
    for change in changes.iter().filter(|change| change.text.is_none()) {
        let target = root.join(&change.path);
        fs::remove_file(&target).context(|| format!("cannot remove `{}`", target.display()))?;
        // The folder goes with its last file; one that still holds something stays.
        if let Some(folder) = target.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
    Ok(())
}

/// Temporary files are for their owner only; files of a tree are as the umask would have made them.
#[cfg(unix)]
fn readable_by_all(file: &tempfile::NamedTempFile) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(permissions).context(|| "cannot set a file's permissions".to_owned())
}

#[cfg(not(unix))]
fn readable_by_all(_: &tempfile::NamedTempFile) -> Result<(), CliError> {
    Ok(())
}
