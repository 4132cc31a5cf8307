//! The source files themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file has one subject; beyond this it has two.
const LONGEST: usize = 600;

/// What a pure crate must not name: input, output, the clock.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::net::Udp",
    "ToSocketAddrs",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
];
const PURE: &[&str] = &["yaml", "merge", "pki", "template", "kustomize", "onboarding"];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "xtask"] {
        rust_files(&super::root().join(folder), &mut found);
    }
    assert!(!found.is_empty(), "no sources found");
    found
}

/// The files that modules declare, from the roots that Cargo knows.
fn declared(file: &Path, found: &mut BTreeSet<PathBuf>) {
    if !found.insert(file.to_owned()) {
        return;
    }
    let text = fs::read_to_string(file).unwrap();
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let parent = file.parent().unwrap();
    let is_root = ["lib", "main", "mod"].contains(&stem)
        || ["tests", "examples", "benches"].iter().any(|folder| parent.ends_with(folder));
    let folder = if is_root { parent.to_owned() } else { parent.join(stem) };
    for line in text.lines() {
        let line = line.trim();
        let words = line
            .strip_prefix("pub(crate) ")
            .or(line.strip_prefix("pub(super) "))
            .or(line.strip_prefix("pub "))
            .unwrap_or(line);
        let Some(name) = words.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        for path in [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")] {
            if path.is_file() {
                declared(&path, found);
            }
        }
    }
}

#[test]
fn every_file_is_declared_by_a_module() {
    let all = sources();
    let mut reached = BTreeSet::new();
    for file in &all {
        let parent = file.parent().unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let root = (parent.ends_with("src") || parent.ends_with("tests/it"))
            && ["lib.rs", "main.rs"].contains(&name)
            || ["examples", "benches"].iter().any(|folder| {
                // A benchmark of several files has a folder of its own.
                let own_folder = name == "main.rs" && parent.parent().is_some_and(|it| it.ends_with(folder));
                parent.ends_with(folder) || own_folder
            })
            || parent.ends_with("tests");
        if root {
            declared(file, &mut reached);
        }
    }
    let orphans: Vec<_> = all.iter().filter(|file| !reached.contains(*file)).collect();
    assert!(orphans.is_empty(), "no module declares {orphans:#?}");
}

#[test]
fn no_file_has_two_subjects() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "over {LONGEST} lines: {long:#?}");
}

#[test]
fn pure_crates_name_no_input_output_or_clock() {
    let mut wrong = Vec::new();
    for name in PURE {
        let mut files = Vec::new();
        rust_files(&super::root().join("crates").join(name).join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let test_file =
                file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests");
            let code = if test_file { "" } else { text.split("#[cfg(test)]").next().unwrap() };
            let named = |line: &&str| {
                !line.trim_start().starts_with("//") && IMPURE.iter().any(|word| line.contains(word))
            };
            wrong.extend(
                code.lines().filter(named).map(|line| format!("{}: {}", file.display(), line.trim())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
