//! Real peers for tests: built or installed into a cache folder outside of the tree, each once.
//!
//! ```text
//! folder ─┬─ bin/      programs: etcd, kube-apiserver, external-secrets, argocd and its other names, …
//!         ├─ python/   the Azure SDKs and kubectl      ├─ az/  the Azure CLI
//!         ├─ share/    manifests and scripts that a peer's own release holds
//!         └─ build/    what Go and cargo were told
//! ```
//!
//! The folder is what `GANGPLANK_PEERS` names, else `gangplank/peers` in the user's cache. Tests look for the programs there and skip,
//! saying so, where they are absent. Nothing of it is needed to build or to run gangplank.
//!
//! A peer that can't be had is told with the reason and hinders no other.

mod argocd;
mod cargo;
mod debian;
mod go;
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A peer: how it is called, the path below the folder that exists once it is there, and how to get it.
struct Peer {
    name: &'static str,
    made: &'static str,
    how: How,
}

enum How {
    Go(go::Program),
    ArgoCd(go::Program),
    Python(&'static [&'static str]),
    Debian(&'static [&'static str]),
    Cargo(&'static str),
}

/// The peers, those that others wait for first.
const PEERS: [Peer; 12] = [
    Peer { name: "python", made: "python/bin/kubectl", how: How::Python(&python::SDKS) },
    Peer { name: "etcd", made: "bin/etcd", how: How::Go(go::ETCD) },
    Peer { name: "kube-apiserver", made: "bin/kube-apiserver", how: How::Go(go::KUBE_APISERVER) },
    Peer { name: "external-secrets", made: "bin/external-secrets", how: How::Go(go::EXTERNAL_SECRETS) },
    Peer { name: "kubelogin", made: "bin/kubelogin", how: How::Go(go::KUBELOGIN) },
    Peer { name: "argocd", made: "bin/argocd", how: How::ArgoCd(go::ARGO_CD) },
    Peer { name: "kustomize", made: "bin/kustomize", how: How::Go(go::KUSTOMIZE) },
    Peer { name: "redis", made: "bin/redis-server", how: How::Debian(&debian::REDIS) },
    Peer {
        name: "azurerm",
        made: "bin/terraform-provider-azurerm",
        how: How::Go(go::TERRAFORM_PROVIDER_AZURERM),
    },
    Peer { name: "az", made: "az/bin/az", how: How::Python(&python::AZURE_CLI) },
    Peer {
        name: "kube-controller-manager",
        made: "bin/kube-controller-manager",
        how: How::Go(go::KUBE_CONTROLLER_MANAGER),
    },
    Peer {
        name: "azure-sdk-for-rust",
        made: "bin/azure-sdk-for-rust",
        how: How::Cargo("docs/clients/rust.md"),
    },
];

/// The cache folder.
pub(crate) fn folder() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("GANGPLANK_PEERS") {
        return Ok(folder.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = cache.or(home).ok_or("set GANGPLANK_PEERS: there is no HOME to put a cache into")?;
    Ok(cache.join("gangplank/peers"))
}

/// Builds and installs what is missing of the peers named, of all where none is; returns a line for each.
///
/// # Errors
/// A name that no peer has; or a peer can't be had: the text is then the same lines, the reasons among them.
pub(crate) fn install(root: &Path, names: &[&str], tell: impl Fn(&str)) -> Result<String, String> {
    let known = |name: &&&str| PEERS.iter().any(|peer| peer.name == **name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
        return Err(format!("no peer `{unknown}`; the peers are: {}", all.join(", ")));
    }
    let folder = folder()?;
    make_folder(&folder.join("bin"))?;
    make_folder(&folder.join("share"))?;
    let mut summary = vec![format!("peers in {}", folder.display())];
    let mut missing = false;
    for peer in PEERS.iter().filter(|peer| names.is_empty() || names.contains(&peer.name)) {
        let name = peer.name;
        if folder.join(peer.made).exists() {
            summary.push(format!("{name:<24} is there"));
            continue;
        }
        tell(&format!("{name}: not there yet, getting it"));
        let started = Instant::now();
        let outcome = match peer.how {
            How::Go(program) => go::build(name, &program, &folder, &folder.join(peer.made)),
            How::ArgoCd(program) => argocd::build(name, &program, &folder),
            How::Python(packages) => python::install(&folder.join(name), packages),
            How::Debian(packages) => debian::install(&folder, packages),
            How::Cargo(page) => cargo::build(name, &root.join(page), &folder),
        };
        let seconds = started.elapsed().as_secs();
        summary.push(match outcome {
            Ok(()) => format!("{name:<24} made in {seconds} s"),
            Err(reason) => {
                missing = true;
                format!("{name:<24} can't be had: {reason}")
            }
        });
    }
    let summary = summary.join("\n");
    if missing { Err(summary) } else { Ok(summary) }
}

fn make_folder(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|error| format!("cannot make {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let done = fs::copy(from, to).map(drop);
    done.map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}")) }
}

#[cfg(unix)]
fn executable(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("cannot make {} executable: {error}", path.display()))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> Result<(), String> {
    Ok(())
}
