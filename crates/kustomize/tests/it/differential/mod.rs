//! Random trees, rendered here and by kubectl 1.37.1, compared byte for byte.
//!
//! `GANGPLANK_TREES=10000 cargo test -p gangplank-kustomize --test it differential` tries as many; a few hundred are
//! tried without it. `GANGPLANK_SEED` begins elsewhere, `GANGPLANK_KUBECTL` names the program. Every tree has a number of
//! its own, which is printed with a difference and makes the same tree again.

mod features;
mod objects;
mod random;
mod scalars;
mod trees;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gangplank_kustomize::{Options, Renderer};

use crate::disk::Disk;
use random::Random;

const TREES: u64 = 200;
const KUSTOMIZE: &str = "Kustomize Version: v5.8.1";

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// A kubectl of the right version.
pub(crate) fn kubectl() -> Option<PathBuf> {
    let program =
        std::env::var_os("GANGPLANK_KUBECTL").map_or_else(|| PathBuf::from("kubectl"), PathBuf::from);
    let output = Command::new(&program).args(["version", "--client"]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).contains(KUSTOMIZE).then_some(program)
}

pub(crate) fn theirs(kubectl: &Path, directory: &Path) -> Result<String, String> {
    let output = Command::new(kubectl).arg("kustomize").arg(directory).output().expect("kubectl runs");
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).expect("kubectl prints UTF-8"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

pub(crate) fn ours(directory: &Path) -> Result<String, String> {
    let mut options = Options::new(Arc::new(Disk::default()));
    options.threads = 2;
    let rendered =
        Renderer::new(options).render(&directory.to_string_lossy()).map_err(|error| error.render())?;
    Ok(rendered.to_yaml())
}

/// The difference of one tree, if there is one. Counts those that both render.
fn compare(kubectl: &Path, seed: u64, root: &Path, rendered: &AtomicU64) -> Option<String> {
    let directory = root.join(seed.to_string());
    let target = trees::write(&mut Random::new(seed), &directory);
    let (theirs_, ours_) = (theirs(kubectl, &target), ours(&target));
    let difference = match (&theirs_, &ours_) {
        (Ok(a), Ok(b)) if a == b => {
            rendered.fetch_add(1, Ordering::Relaxed);
            None
        }
        (Err(_), Err(_)) => None,
        (Ok(a), Ok(b)) => {
            let at = a
                .lines()
                .zip(b.lines())
                .position(|(a, b)| a != b)
                .unwrap_or(a.lines().count().min(b.lines().count()));
            Some(format!("line {}: theirs {:?}, ours {:?}", at + 1, a.lines().nth(at), b.lines().nth(at)))
        }
        (Err(error), Ok(_)) => Some(format!("theirs fails: {error}")),
        (Ok(_), Err(error)) => Some(format!("ours fails: {error}")),
    };
    // For some sets of keys their output changes from run to run.
    let difference = difference.filter(|_| theirs(kubectl, &target) == theirs_ || theirs_.is_err());
    if difference.is_none() && std::env::var_os("GANGPLANK_KEEP").is_none() {
        let _ = fs::remove_dir_all(&directory);
    }
    difference.map(|difference| format!("tree {seed} ({}): {difference}", target.display()))
}

#[test]
fn random_trees_are_equal() {
    let Some(kubectl) = kubectl() else {
        println!("skipped: kubectl with {KUSTOMIZE} is not here (GANGPLANK_KUBECTL names it)");
        return;
    };
    let (first, count) = (number("GANGPLANK_SEED", 1), number("GANGPLANK_TREES", TREES));
    let folder = tempfile::Builder::new().prefix("trees").tempdir().expect("a folder can be made");
    let root = fs::canonicalize(folder.path()).expect("the folder is there");
    let (next, rendered) = (AtomicU64::new(first), AtomicU64::new(0));
    let mut differences: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut found = Vec::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + count {
                            return found;
                        }
                        found.extend(compare(&kubectl, seed, &root, &rendered));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    println!(
        "{} of {count} trees from {first} on are equal, of which {} render and the others fail",
        count - differences.len() as u64,
        rendered.into_inner()
    );
    let keep = std::env::var_os("GANGPLANK_KEEP").is_some();
    if keep || !differences.is_empty() {
        let kept = folder.keep();
        println!("kept in {}", kept.display());
    }
    if !differences.is_empty() {
        differences.truncate(40);
        panic!("these differ:\n{}", differences.join("\n"));
    }
}
