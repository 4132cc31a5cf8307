//! Programs of Debian, unpacked beside the others and not installed: root is not asked for.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{executable, make_folder, run, write};

/// Redis, and the libraries that a machine without it lacks.
pub(super) const REDIS: [&str; 4] = ["redis-server", "redis-tools", "libjemalloc2", "liblzf1"];

/// Downloads and unpacks packages, and writes a `redis-server` that finds its libraries.
pub(super) fn install(folder: &Path, packages: &[&str]) -> Result<(), String> {
    let downloads = folder.join("build/debian");
    let share = folder.join("share/debian");
    make_folder(&downloads)?;
    make_folder(&share)?;
    run(Command::new("apt-get").args(["download", "--quiet"]).args(packages).current_dir(&downloads))?;
    let entries =
        fs::read_dir(&downloads).map_err(|error| format!("cannot list {}: {error}", downloads.display()))?;
    for file in entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "deb"))
    {
        run(Command::new("dpkg").arg("--extract").arg(&file).arg(&share))?;
    }
    let script = folder.join("bin/redis-server");
    let text = "#!/bin/sh\n\
        share=\"$(dirname \"$(readlink -f \"$0\")\")/../share/debian/usr\"\n\
        LD_LIBRARY_PATH=\"$(echo \"$share\"/lib/*-linux-gnu)\" exec \"$share/bin/redis-server\" \"$@\"\n";
    write(&script, text)?;
    executable(&script)
}
