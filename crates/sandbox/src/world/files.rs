//! Files of the world: whole or not at all, and nobody else's to read where they hold a secret.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file that only its owner can read, by a temporary file that takes its name at the end.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
