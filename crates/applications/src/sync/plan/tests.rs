use serde_json::json;

use super::*;
use crate::annotations::{HOOK, SYNC_OPTIONS, SYNC_WAVE};

/// `Kind name`, `Kind ns/name`, then `@wave`, `!hook`, `#options`, each once at most.
fn object(text: &str) -> Arc<Value> {
    let mut annotations = serde_json::Map::new();
    let mut words = text.split(' ');
    let kind = words.next().unwrap_or_default();
    let name = words.next().unwrap_or_default();
    for word in words {
        let (key, value) = match word.split_at(1) {
            ("@", wave) => (SYNC_WAVE, wave),
            ("!", hook) => (HOOK, hook),
            ("#", options) => (SYNC_OPTIONS, options),
            other => panic!("{other:?}"),
        };
        annotations.insert(key.to_owned(), value.into());
    }
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    let mut object = json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
    });
    if kind == "CustomResourceDefinition" {
        let (plural, group) = name.split_once('.').unwrap_or((name, ""));
        object["spec"] = json!({"group": group, "names": {"kind": plural}});
    }
    if let Some((group, kind)) = kind.rsplit_once('/') {
        object["apiVersion"] = format!("{group}/v1").into();
        object["kind"] = kind.into();
    }
    Arc::new(object)
}

/// Compares the plan as text: a line a wave, prunes with `-`, skipped ones with `~`, groups parted by `|`.
#[track_caller]
fn check(desired: &[&str], extraneous: &[&str], options: &[&str], expect: &[&str]) {
    let desired: Vec<_> = desired.iter().map(|text| object(text)).collect();
    let extraneous: Vec<_> = extraneous.iter().map(|text| object(text)).collect();
    let options = SyncOptions::from_list(options);
    let plan = plan(&PlanInput {
        desired: &desired,
        extraneous: &extraneous,
        options: &options,
        prune: true,
        only: None,
    });
    let line = |wave: &Wave| {
        let mut parts: Vec<String> = wave
            .prunes
            .iter()
            .map(|task| format!("{}{}", if task.skipped { "~" } else { "-" }, task.key.name))
            .collect();
        for group in &wave.groups {
            parts.push("|".into());
            parts.extend(group.iter().map(|task| task.key.name.clone()));
        }
        format!("{} {}: {}", wave.phase.as_str(), wave.wave, parts.join(" "))
    };
    let lines: Vec<String> = plan.waves.iter().chain(&plan.on_failure).map(line).collect();
    assert_eq!(lines, expect);
}

#[test]
fn kinds_and_names_order_a_wave() {
    check(
        &["Deployment n/d", "Widget n/w", "ConfigMap n/b", "ConfigMap n/a", "Namespace n", "Secret n/s"],
        &[],
        &[],
        &["Sync 0: | n | s | a b | d | w"],
    );
}

#[test]
fn phases_and_waves_order_a_sync() {
    check(
        &[
            "Job after !PostSync",
            "Job fail !SyncFail",
            "Job before !PreSync @-1",
            "Job both !PreSync,PostSync",
            "Job never !Skip",
            "ConfigMap late @2",
            "ConfigMap early @-1",
            "ConfigMap mid",
        ],
        &[],
        &[],
        &[
            "PreSync -1: | before",
            "PreSync 0: | both",
            "Sync -1: | early",
            "Sync 0: | mid",
            "Sync 2: | late",
            "PostSync 0: | after both",
            "SyncFail 0: | fail",
        ],
    );
}

#[test]
fn namespaces_and_definitions_come_before_what_needs_them() {
    check(
        &["Namespace n @5", "ConfigMap n/a @-1", "ConfigMap m/b"],
        &[],
        &[],
        &["Sync -1: | n | a", "Sync 0: | b"],
    );
    check(&["Namespace n", "Job n/hook !PreSync"], &[], &[], &["PreSync 0: | n | hook"]);
    check(
        &["CustomResourceDefinition Widget.example.com @3", "example.com/Widget w"],
        &[],
        &[],
        &["Sync 0: | Widget.example.com | w"],
    );
}

#[test]
fn prunes_go_backwards_and_last_when_asked() {
    check(
        &["ConfigMap keep", "ConfigMap late @3"],
        &["ConfigMap a @0", "ConfigMap b @1", "ConfigMap c @2"],
        &[],
        &["Sync 0: -c | keep", "Sync 1: -b", "Sync 2: -a", "Sync 3: | late"],
    );
    check(
        &["ConfigMap keep @3"],
        &["ConfigMap a", "ConfigMap b @1 #Prune=false"],
        &["PruneLast=true"],
        &["Sync 3: | keep", "Sync 4: -a ~b"],
    );
    check(&[], &["ConfigMap a @-5"], &["PruneLast=true"], &["Sync 1: -a"]);
}

#[test]
fn a_partial_sync_runs_no_hook() {
    let desired = [object("ConfigMap a"), object("ConfigMap b"), object("Job h !PreSync")];
    let only: BTreeSet<ObjectKey> = [ObjectKey::of(&desired[1])].into();
    let options = SyncOptions::default();
    let plan = plan(&PlanInput {
        desired: &desired,
        extraneous: &[],
        options: &options,
        prune: false,
        only: Some(&only),
    });
    let names: Vec<&str> = plan.tasks().map(|task| task.key.name.as_str()).collect();
    assert_eq!(names, ["b"]);
}
