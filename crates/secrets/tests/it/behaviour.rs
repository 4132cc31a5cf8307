//! The recorded behaviour of a real External Secrets Operator, played against ours.

use crate::player::play;
use crate::world::{ALONE, World};
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Cases that differ on purpose, with the reason.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "entra_401_refresh",
        "a refresh does not log in again while its token lasts, so a broken federation shows when the token ends",
    ),
    (
        "meta_removed_long_name",
        "a removed label goes for long names too; there ESO looks for the wrong field manager",
    ),
    (
        "type_changed",
        "the embedded API server lists the violations of a Secret in another order than a real one",
    ),
];

fn corpus() -> Option<PathBuf> {
    let folder = match std::env::var_os("GANGPLANK_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    let folder = folder.join("external-secrets/behaviour");
    folder.is_dir().then_some(folder)
}

/// All cases by area and name.
fn cases(folder: &PathBuf) -> Vec<Value> {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn external_secrets_behaviour() {
    let Some(folder) = corpus() else {
        println!("skipped: no corpus (set GANGPLANK_CORPUS)");
        return;
    };
    let _alone = ALONE.lock().await;
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer();
    let _guard = tracing::subscriber::set_global_default(log.finish());
    let world = World::new().await;
    let store_interval = Duration::from_secs(10);
    world.start(gangplank_secrets::Options { store_interval, ..Default::default() });
    let cases = cases(&folder);
    let played = futures::stream::iter(cases.iter().enumerate())
        .map(|(number, case)| {
            let world = world.clone();
            async move { (case, play(&world, case, number).await) }
        })
        .buffer_unordered(32);
    let mut areas: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut differences = Vec::new();
    for (case, outcome) in played.collect::<Vec<_>>().await {
        let (area, name) =
            (case["area"].as_str().unwrap_or_default(), case["name"].as_str().unwrap_or_default());
        let counts = areas.entry(area.to_owned()).or_default();
        counts.1 += 1;
        match outcome {
            Ok(()) => counts.0 += 1,
            Err(difference) => differences.push((area.to_owned(), name.to_owned(), difference)),
        }
    }
    world.shutdown.trigger();
    assert!(world.shutdown.finished(Duration::from_secs(10)).await, "the operator ends");
    for (area, (equal, all)) in &areas {
        println!("{area}: {equal} of {all}");
    }
    differences.sort();
    for (area, name, difference) in &differences {
        println!("{area}/{name}: {difference}");
    }
    let unexplained =
        differences.iter().filter(|(_, name, _)| DIFFERENT.iter().all(|(known, _)| known != name)).count();
    if std::env::var_os("GANGPLANK_CASE").is_none() {
        assert_eq!(unused(&world), Vec::<String>::new(), "rights that the operator has and does not use");
    }
    assert_eq!(unexplained, 0, "{unexplained} cases differ without a reason");
}

/// Rights that the recorded cases need not make use of, with the reason.
const SELDOM: &[(&str, &str)] = &[
    (
        "update external-secrets.io/externalsecrets/finalizers",
        "asked for by admission, not by a request of ours",
    ),
    (
        "update external-secrets.io/clusterexternalsecrets/finalizers",
        "asked for by admission, not by a request of ours",
    ),
    (
        "update external-secrets.io/externalsecrets",
        "a changed ClusterExternalSecret changes its ExternalSecrets",
    ),
    ("patch events.k8s.io/events", "an event that comes again after five minutes is counted"),
];

/// The rights of the manifest that no case made use of.
fn unused(world: &World) -> Vec<String> {
    let used = world.used.lock().unwrap();
    let all = gangplank_secrets::rbac::RULES.iter().flat_map(|rule| {
        let of = move |resource: &'static &str| {
            rule.verbs.iter().map(move |verb| format!("{verb} {}/{resource}", rule.group))
        };
        rule.resources.iter().flat_map(of)
    });
    let seldom = |right: &String| SELDOM.iter().any(|(known, _)| known == right);
    all.filter(|right| !used.contains(right) && !seldom(right)).collect()
}
