//! Argo CD: one program whose name chooses the part.

use std::path::Path;

use super::{copy, executable, go};

/// The parts that tests run, each a link to the program.
const PARTS: [&str; 5] = [
    "argocd-server",
    "argocd-application-controller",
    "argocd-repo-server",
    "argocd-applicationset-controller",
    "argocd-k8s-auth",
];

/// Builds the program, links its names, and puts the script that the repo server calls for each checkout beside them.
pub(super) fn build(name: &str, program: &go::Program, folder: &Path) -> Result<(), String> {
    let bin = folder.join("bin");
    go::build(name, program, folder, &bin.join(name))?;
    for part in PARTS {
        let link = bin.join(part);
        if !link.exists() {
            link_to(name, &link).map_err(|error| format!("cannot link {}: {error}", link.display()))?;
        }
    }
    // A file of Go's module cache is one that nobody may execute.
    let script = "git-verify-wrapper.sh";
    copy(&folder.join("share").join(name).join(script), &bin.join(script))?;
    executable(&bin.join(script))
}

#[cfg(unix)]
fn link_to(name: &str, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(name, link)
}

#[cfg(not(unix))]
fn link_to(_: &str, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
