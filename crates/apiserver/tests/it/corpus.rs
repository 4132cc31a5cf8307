//! All transcripts of a real kube-apiserver, played against this one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::ordered::{self, Ordered};
use crate::play::play;

/// So many are equal; raised with each one more.
const EQUAL: usize = 497;

fn corpus() -> Option<PathBuf> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("GANGPLANK_CORPUS").map_or(default, PathBuf::from);
    let folder = root.join("kube-apiserver");
    folder.is_dir().then_some(folder)
}

fn cases(folder: &PathBuf) -> Vec<(Value, Ordered)> {
    // CASE=area/name plays those whose name contains it.
    let only = std::env::var("CASE").unwrap_or_default();
    let mut all = Vec::new();
    let mut areas: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    areas.sort();
    for area in areas.iter().filter(|area| area.is_dir()) {
        let mut files: Vec<_> =
            std::fs::read_dir(area).unwrap().flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
            let recorded = ordered::read(&std::fs::read_to_string(file).unwrap());
            let case = recorded.plain();
            let name = format!("{}/{}", case["area"].as_str().unwrap(), case["name"].as_str().unwrap());
            if name.contains(&only) {
                all.push((case, recorded));
            }
        }
    }
    all
}

#[test]
fn transcripts_replay_equal() {
    let Some(folder) = corpus() else {
        eprintln!("skipped: no corpus at GANGPLANK_CORPUS or ../shared/corpus");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cases = Arc::new(cases(&folder));
    let results: Vec<Option<String>> = runtime.block_on(async {
        let tasks: Vec<_> = (0..cases.len())
            .map(|number| {
                let cases = cases.clone();
                tokio::spawn(async move { play(&cases[number].0, &cases[number].1, number).await })
            })
            .collect();
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await.unwrap_or_else(|error| Some(format!("panicked: {error}"))));
        }
        results
    });
    let mut totals: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for ((case, _), result) in cases.iter().zip(&results) {
        let area = case["area"].as_str().unwrap().to_owned();
        let total = totals.entry(area.clone()).or_default();
        total.1 += 1;
        match result {
            None => total.0 += 1,
            Some(found) => wrong.push(format!("  {area}/{}: {found}", case["name"].as_str().unwrap())),
        }
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    let equal = results.len() - wrong.len();
    let areas: Vec<String> =
        totals.iter().map(|(area, (good, all))| format!("{area} {good}/{all}")).collect();
    eprintln!("{equal} of {} transcripts equal: {}", results.len(), areas.join(", "));
    let filtered = std::env::var_os("CASE").is_some();
    assert!(filtered || equal >= EQUAL, "{equal} transcripts are equal, {EQUAL} were already");
}
