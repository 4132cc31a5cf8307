//! Go programs, from the module proxy.
//!
//! A module is whole where its `go.mod` names no folder beside it: it is built in its own place in the module cache, with the versions of
//! its own `go.sum`. Kubernetes names its staging folders, which no module holds: a `go.mod` of ours with a `tool` line and one `replace`
//! line for each builds it (`go install` refuses both).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{copy, make_folder, read, run, write};

/// A Go program: its module, version and package, and how the package is told its version.
#[derive(Clone, Copy)]
pub(super) struct Program {
    module: &'static str,
    pub(super) version: &'static str,
    package: &'static str,
    /// What the linker sets, for example the version.
    set: &'static [&'static str],
    tags: &'static str,
    /// Whether the module's `go.mod` names staging folders.
    staging: bool,
    /// Files of the module that a test needs.
    share: &'static [&'static str],
}

const PLAIN: Program =
    Program { module: "", version: "", package: "", set: &[], tags: "", staging: false, share: &[] };

/// The version of Kubernetes, as its programs tell it.
const KUBERNETES: Program = Program {
    module: "k8s.io/kubernetes",
    version: "v1.36.3",
    set: &[
        "k8s.io/component-base/version.gitVersion=v1.36.3",
        "k8s.io/component-base/version.gitMajor=1",
        "k8s.io/component-base/version.gitMinor=36",
    ],
    staging: true,
    ..PLAIN
};

pub(super) const KUBE_APISERVER: Program =
    Program { package: "k8s.io/kubernetes/cmd/kube-apiserver", ..KUBERNETES };

pub(super) const KUBE_CONTROLLER_MANAGER: Program =
    Program { package: "k8s.io/kubernetes/cmd/kube-controller-manager", ..KUBERNETES };

pub(super) const ETCD: Program = Program {
    module: "go.etcd.io/etcd/server/v3",
    version: "v3.6.8",
    package: "go.etcd.io/etcd/server/v3",
    // Its own folder would do, were its `go.mod` not tied to the folders beside it.
    staging: true,
    ..PLAIN
};

/// The last line whose module is whole on the proxy.
pub(super) const EXTERNAL_SECRETS: Program = Program {
    module: "github.com/external-secrets/external-secrets",
    version: "v0.20.4",
    package: ".",
    tags: "all_providers",
    share: &["deploy/crds/bundle.yaml"],
    ..PLAIN
};

/// The newest that Go 1.26.8 builds.
pub(super) const KUBELOGIN: Program = Program {
    module: "github.com/Azure/kubelogin",
    version: "v0.2.21",
    package: ".",
    set: &["main.gitTag=v0.2.21"],
    ..PLAIN
};

/// Argo CD's repo server calls it.
pub(super) const KUSTOMIZE: Program = Program {
    module: "sigs.k8s.io/kustomize/kustomize/v5",
    version: "v5.8.1",
    package: ".",
    set: &["sigs.k8s.io/kustomize/api/provenance.version=v5.8.1"],
    ..PLAIN
};

/// Later ones of the line do not compile from the proxy, and those from 3.3 on are not whole there.
pub(super) const ARGO_CD: Program = Program {
    module: "github.com/argoproj/argo-cd/v3",
    version: "v3.2.6",
    package: "./cmd",
    set: &["github.com/argoproj/argo-cd/v3/common.version=3.2.6"],
    share: &["manifests/core-install.yaml", "manifests/install.yaml", "hack/git-verify-wrapper.sh"],
    ..PLAIN
};

/// Of the line 5, which has no tag on the proxy: its tree of 2026-08-24.
pub(super) const TERRAFORM_PROVIDER_AZURERM: Program = Program {
    module: "github.com/hashicorp/terraform-provider-azurerm",
    version: "v1.44.1-0.20260824201233-fae580791926",
    package: ".",
    set: &["github.com/hashicorp/terraform-provider-azurerm/version.ProviderVersion=5.0.0-20260824"],
    ..PLAIN
};

/// Builds a program as the file `target`, and copies what it shares.
pub(super) fn build(name: &str, program: &Program, folder: &Path, target: &Path) -> Result<(), String> {
    let work = folder.join("build").join(name);
    make_folder(&work)?;
    let module = Module::download(program, &work)?;
    let share = folder.join("share").join(name);
    for file in program.share {
        make_folder(&share)?;
        copy(&module.folder.join(file), &share.join(file.rsplit('/').next().unwrap_or(file)))?;
    }
    let place = if program.staging { tie(name, program, &module, &work)? } else { module.folder };
    // Built beside its place, so that a test never meets a half-written program.
    let part = target.with_extension("part");
    let set: Vec<String> = program.set.iter().map(|set| format!(" -X {set}")).collect();
    let flags = format!("-s -w{}", set.concat());
    let mut go = Command::new("go");
    go.args(["build", "-buildvcs=false", "-tags", program.tags, "-ldflags", &flags, "-o"]).arg(&part);
    run(go.arg(program.package).current_dir(place).env("CGO_ENABLED", "0"))?;
    fs::rename(&part, target).map_err(|error| format!("cannot move {} to its place: {error}", part.display()))
}

/// A downloaded module.
struct Module {
    folder: PathBuf,
    manifest: PathBuf,
}

impl Module {
    fn download(program: &Program, work: &Path) -> Result<Module, String> {
        let module = format!("{}@{}", program.module, program.version);
        // Outside of a module, so that nothing here has a say.
        let mut go = Command::new("go");
        go.args(["mod", "download", "-json", &module]).current_dir(work).env("GO111MODULE", "on");
        let output = go.env("GOWORK", "off").output().map_err(|error| format!("cannot start go: {error}"))?;
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("go downloads no {module}: {error}"))?;
        if let Some(reason) = answer["Error"].as_str() {
            return Err(reason.to_owned());
        }
        let path = |key: &str| answer[key].as_str().map(PathBuf::from);
        match (path("Dir"), path("GoMod")) {
            (Some(folder), Some(manifest)) => Ok(Module { folder, manifest }),
            _ => Err(format!("go did not say where {module} is")),
        }
    }
}

/// Lays a module of ours down that needs the program, and ties the staging modules to its release: `v1.36.3` is `v0.36.3` of each.
fn tie(name: &str, program: &Program, module: &Module, work: &Path) -> Result<PathBuf, String> {
    let version = program.version.replacen("v1", "v0", 1);
    let local = |line: &str| line.split_once(" => ./staging/").map(|(module, _)| module.trim().to_owned());
    let text = read(&module.manifest)?;
    let lines = text.lines().filter_map(local).map(|module| format!("\t{module} => {module} {version}\n"));
    let manifest = format!(
        "module gangplank.test/peers/{name}\n\ngo 1.26.0\n\ngodebug default=go1.26\n\nrequire {} {}\n\ntool {}\n\nreplace (\n{})\n",
        program.module,
        program.version,
        program.package,
        lines.collect::<String>()
    );
    write(&work.join("go.mod"), &manifest)?;
    run(Command::new("go").args(["mod", "tidy"]).current_dir(work))?;
    Ok(work.to_owned())
}
