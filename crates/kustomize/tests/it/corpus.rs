//! Every recorded case: byte-identical where kubectl printed, an error where it failed.
//!
//! Differences, by name and with their reasons, stand in `tests/README.md`: none of the cases.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gangplank_kustomize::{LoadRestriction, Options, Renderer};

use crate::disk::Disk;

/// The folder of recorded cases, where there is one.
fn corpus() -> Option<PathBuf> {
    let root = match std::env::var_os("GANGPLANK_CORPUS") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    let cases = root.join("kustomize");
    cases.is_dir().then_some(cases)
}

/// The recorded cases, in the order of their names.
pub(crate) fn cases() -> Option<Vec<PathBuf>> {
    let mut cases: Vec<PathBuf> = fs::read_dir(corpus()?)
        .expect("the corpus can be listed")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.join("files").is_dir())
        .collect();
    cases.sort();
    Some(cases)
}

/// How a case is rendered, and the directory.
pub(crate) fn options(case: &Path) -> (Options, String) {
    let root = fs::read_to_string(case.join("root")).unwrap_or_default();
    let directory = fs::canonicalize(case.join("files").join(root.trim())).unwrap_or_default();
    let mut options = Options::new(Arc::new(Disk::default()));
    options.threads = 2;
    let recorded = fs::read_to_string(case.join("options.json")).unwrap_or_default();
    let recorded: serde_json::Value = serde_json::from_str(&recorded).unwrap_or_default();
    if recorded["options"]["LoadRestrictions"] == "None" {
        options.restriction = LoadRestriction::None;
    }
    (options, directory.to_string_lossy().into_owned())
}

enum Outcome {
    Equal,
    Differs(String),
}

fn run(case: &Path) -> Outcome {
    let (options, directory) = options(case);
    let rendered = Renderer::new(options).render(&directory);
    match fs::read_to_string(case.join("expected_cli.yaml")) {
        Ok(expected) => match rendered {
            Ok(rendered) if rendered.to_yaml() == expected => Outcome::Equal,
            Ok(rendered) => Outcome::Differs(first_difference(&expected, &rendered.to_yaml())),
            Err(error) => Outcome::Differs(format!("it fails: {}", error.render())),
        },
        Err(_) => match rendered {
            Err(_) => Outcome::Equal,
            Ok(_) => Outcome::Differs("it should fail, and renders".to_owned()),
        },
    }
}

fn first_difference(expected: &str, found: &str) -> String {
    let (mut left, mut right) = (expected.lines(), found.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return "only the last newline differs".to_owned(),
            (a, b) => return format!("line {number}: expected {a:?}, found {b:?}"),
        }
    }
    unreachable!("an endless range")
}

#[test]
fn every_case_is_equal() {
    let Some(names) = cases() else {
        println!("skipped: no corpus is there (GANGPLANK_CORPUS names its folder)");
        return;
    };
    let mut differing = Vec::new();
    for case in &names {
        if let Outcome::Differs(reason) = run(case) {
            differing.push(format!("{}: {reason}", case.file_name().unwrap_or_default().to_string_lossy()));
        }
    }
    println!("{} of {} equal", names.len() - differing.len(), names.len());
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
