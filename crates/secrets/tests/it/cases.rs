//! The recorded cases: where they are, all of them played, and what differs.

use super::player::{Stage, play};
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the recordings are; none where the machine has none.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = match std::env::var_os("GANGPLANK_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    let folder = folder.join("external-secrets/behaviour");
    folder.is_dir().then_some(folder)
}

/// All cases by area and name, or the one that `GANGPLANK_CASE` names.
pub(crate) fn cases(folder: &Path) -> Vec<Value> {
    let mut files: Vec<PathBuf> = Vec::new();
    for area in std::fs::read_dir(folder).unwrap().flatten() {
        if area.path().is_dir() {
            files.extend(std::fs::read_dir(area.path()).unwrap().flatten().map(|file| file.path()));
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let only = std::env::var("GANGPLANK_CASE").ok();
    files
        .iter()
        .map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
        .filter(|case: &Value| only.as_deref().is_none_or(|only| case["name"] == only))
        .collect()
}

fn text<'v>(case: &'v Value, member: &str) -> &'v str {
    case[member].as_str().unwrap_or_default()
}

/// What came of playing.
pub(crate) struct Played {
    /// A line an area, and a line for each case that differs.
    pub(crate) report: String,
    /// How many differ that are not known to.
    pub(crate) unexplained: usize,
}

/// Plays cases, so many at once. `known` are those that differ for a reason.
pub(crate) async fn play_all<S: Stage>(
    stage: &S,
    cases: &[Value],
    at_once: usize,
    known: &[(&str, &str)],
) -> Played {
    let played = futures::stream::iter(cases.iter().enumerate())
        .map(|(number, case)| async move { (case, play(stage, case, number).await) })
        .buffer_unordered(at_once);
    let mut areas: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut differences = Vec::new();
    for (case, outcome) in played.collect::<Vec<_>>().await {
        let (area, name) = (text(case, "area"), text(case, "name"));
        let counts = areas.entry(area).or_default();
        counts.1 += 1;
        match outcome {
            Ok(()) => counts.0 += 1,
            Err(difference) => differences.push((area, name, difference)),
        }
    }
    differences.sort();
    let counts = areas.iter().map(|(area, (equal, all))| format!("{area}: {equal} of {all}\n"));
    let told = differences.iter().map(|(area, name, difference)| format!("{area}/{name}: {difference}\n"));
    let unexplained = |name: &str| known.iter().all(|(known, _)| *known != name);
    Played {
        report: counts.chain(told).collect(),
        unexplained: differences.iter().filter(|(_, name, _)| unexplained(name)).count(),
    }
}
