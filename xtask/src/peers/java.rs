//! Java programs, from Maven Central.

use std::path::Path;
use std::process::Command;

use super::{make_folder, run};

/// Another Key Vault, as a second opinion; wants Java 25.
pub(super) const LOWKEY_VAULT: &str = "com.github.nagyesta.lowkey-vault:lowkey-vault-app:7.1.32";

/// Copies an artifact, named as Maven does, to the file `target`.
pub(super) fn install(target: &Path, artifact: &str) -> Result<(), String> {
    let folder = target.parent().ok_or("a peer's file has a folder")?;
    make_folder(folder)?;
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"]);
    maven.arg(format!("-Dartifact={artifact}")).arg(format!("-DoutputDirectory={}", folder.display()));
    run(maven.args(["-Dmdep.stripVersion=true", "-Dmdep.useBaseVersion=true"]).current_dir(folder))
}
