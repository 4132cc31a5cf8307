//! Whether a workload is to be restarted for changed objects. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use regex::RegexBuilder;

const AUTO: &str = "reloader.stakater.com/auto";
const SEARCH: &str = "reloader.stakater.com/search";
const MATCH: &str = "reloader.stakater.com/match";
const IGNORE: &str = "reloader.stakater.com/ignore";
/// The largest program that one pattern may compile to: patterns are users' text.
const PATTERN_SIZE: usize = 64 << 10;

/// What changed: a Secret or a ConfigMap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl ChangeKind {
    /// The word in annotations.
    fn word(self) -> &'static str {
        match self {
            ChangeKind::ConfigMap => "configmap",
            ChangeKind::Secret => "secret",
        }
    }

    /// The word in what Reloader writes.
    pub(crate) fn upper(self) -> &'static str {
        match self {
            ChangeKind::ConfigMap => "CONFIGMAP",
            ChangeKind::Secret => "SECRET",
        }
    }
}

/// A changed object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its kind.
    pub kind: ChangeKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The hash of its content now.
    pub hash: String,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// The kinds that can be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// A Deployment.
    Deployment,
    /// A StatefulSet.
    StatefulSet,
    /// A DaemonSet.
    DaemonSet,
}

impl WorkloadKind {
    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
        }
    }
}

/// A workload, as far as the decision reads it.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its own annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its pods.
    pub template: PodTemplateSpec,
}

/// A restart to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// What caused it.
    pub change: Change,
    /// The containers that refer to it; where none does, the first.
    pub containers: Vec<String>,
}

/// What to do with a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing.
    Keep,
    /// Restart it.
    Reload(Reload),
    /// An annotation can't be understood; the text names it.
    Refused(String),
}

/// Decides about one workload and one change.
pub fn decide(workload: &Workload, change: &Change, auto_reload_all: bool) -> Decision {
    if change.namespace != workload.namespace || is_true(change.annotations.get(IGNORE)) {
        return Decision::Keep;
    }
    let word = change.kind.word();
    let exclude = format!("{word}s.exclude.reloader.stakater.com/reload");
    if list(workload.annotations.get(&exclude)).any(|name| name == change.name) {
        return Decision::Keep;
    }
    let named_key = format!("{word}.reloader.stakater.com/reload");
    let typed_key = format!("{word}.reloader.stakater.com/auto");
    let pods = workload.template.metadata.as_ref().and_then(|metadata| metadata.annotations.clone());
    let pods = pods.unwrap_or_default();
    // The workload's own annotations, or, where it has none of these, those of its pods: the whole set.
    let speaks = |annotations: &BTreeMap<String, String>| {
        [&named_key, &typed_key, &AUTO.to_owned(), &SEARCH.to_owned()]
            .iter()
            .any(|key| annotations.contains_key(*key))
    };
    let annotations = if speaks(&workload.annotations) { &workload.annotations } else { &pods };
    for pattern in list(annotations.get(&named_key)) {
        let anchored = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_SIZE).build();
        match anchored {
            Ok(regex) if regex.is_match(&change.name) => return reload(workload, change),
            Ok(_) => {}
            Err(_) => {
                return Decision::Refused(format!(
                    "{named_key}: {pattern:?} is no regular expression that can be used"
                ));
            }
        }
    }
    if is_true(annotations.get(SEARCH)) && is_true(change.annotations.get(MATCH)) {
        return reload(workload, change);
    }
    let auto = match annotations.get(&typed_key).or_else(|| annotations.get(AUTO)) {
        Some(value) => is_true(Some(value)),
        None => auto_reload_all,
    };
    if auto && !references(&workload.template, change).is_empty() {
        reload(workload, change)
    } else {
        Decision::Keep
    }
}

fn reload(workload: &Workload, change: &Change) -> Decision {
    let mut containers = references(&workload.template, change);
    if containers.is_empty() {
        let first = workload.template.spec.as_ref().and_then(|spec| spec.containers.first());
        containers.extend(first.map(|container| container.name.clone()));
    }
    Decision::Reload(Reload { change: change.clone(), containers })
}

fn list(text: Option<&String>) -> impl Iterator<Item = &str> {
    text.map(String::as_str).unwrap_or_default().split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// Go's `strconv.ParseBool`, true only.
fn is_true(text: Option<&String>) -> bool {
    text.is_some_and(|text| matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"))
}

/// Returns the regular containers through which the pods refer to the object; an init container counts for the first.
fn references(template: &PodTemplateSpec, change: &Change) -> Vec<String> {
    let Some(spec) = &template.spec else { return Vec::new() };
    let first = || spec.containers.first().map(|container| container.name.clone());
    let by_volume = volume_names(spec, change);
    let mounts = |container: &Container| {
        container.volume_mounts.iter().flatten().any(|mount| by_volume.contains(&mount.name.as_str()))
    };
    let mut found: Vec<String> = spec
        .containers
        .iter()
        .filter(|container| mounts(container) || in_environment(container, change))
        .map(|container| container.name.clone())
        .collect();
    let by_init = spec
        .init_containers
        .iter()
        .flatten()
        .any(|container| mounts(container) || in_environment(container, change));
    if found.is_empty() && (by_init || !by_volume.is_empty()) {
        found.extend(first());
    }
    found
}

fn volume_names<'a>(spec: &'a PodSpec, change: &Change) -> Vec<&'a str> {
    let volumes = spec.volumes.iter().flatten();
    volumes
        .filter(|volume| match change.kind {
            ChangeKind::Secret => {
                let direct = volume.secret.as_ref().and_then(|secret| secret.secret_name.as_ref());
                let projected =
                    volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
                direct == Some(&change.name)
                    || projected
                        .filter_map(|source| source.secret.as_ref())
                        .any(|secret| secret.name == change.name)
            }
            ChangeKind::ConfigMap => {
                let direct = volume.config_map.as_ref().map(|map| &map.name);
                let projected =
                    volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
                direct == Some(&change.name)
                    || projected
                        .filter_map(|source| source.config_map.as_ref())
                        .any(|map| map.name == change.name)
            }
        })
        .map(|volume| volume.name.as_str())
        .collect()
}

fn in_environment(container: &Container, change: &Change) -> bool {
    let from = container.env_from.iter().flatten().any(|source| match change.kind {
        ChangeKind::Secret => source.secret_ref.as_ref().is_some_and(|secret| secret.name == change.name),
        ChangeKind::ConfigMap => source.config_map_ref.as_ref().is_some_and(|map| map.name == change.name),
    });
    let value = || {
        let sources = container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref());
        sources.into_iter().any(|source| match change.kind {
            ChangeKind::Secret => {
                source.secret_key_ref.as_ref().is_some_and(|secret| secret.name == change.name)
            }
            ChangeKind::ConfigMap => {
                source.config_map_key_ref.as_ref().is_some_and(|map| map.name == change.name)
            }
        })
    };
    from || value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn workload(own: Value, pods: Value, spec: Value) -> Workload {
        Workload {
            kind: WorkloadKind::Deployment,
            namespace: "n".into(),
            name: "w".into(),
            annotations: serde_json::from_value(own).unwrap(),
            template: serde_json::from_value(json!({"metadata": {"annotations": pods}, "spec": spec}))
                .unwrap(),
        }
    }

    fn secret(name: &str, annotations: Value) -> Change {
        Change {
            kind: ChangeKind::Secret,
            namespace: "n".into(),
            name: name.into(),
            hash: "h".into(),
            annotations: serde_json::from_value(annotations).unwrap(),
        }
    }

    fn using(name: &str) -> Value {
        json!({"containers": [
            {"name": "a"},
            {"name": "b", "envFrom": [{"secretRef": {"name": name}}]},
        ]})
    }

    /// `expect` names the containers, or is empty for no restart.
    #[track_caller]
    fn check(workload: &Workload, change: &Change, expect: &str) {
        let got = match decide(workload, change, false) {
            Decision::Keep => String::new(),
            Decision::Reload(reload) => reload.containers.join(" "),
            Decision::Refused(text) => format!("refused: {text}"),
        };
        assert_eq!(got, expect);
    }

    #[test]
    fn auto_needs_a_reference() {
        let auto = json!({"reloader.stakater.com/auto": "true"});
        check(&workload(auto.clone(), json!({}), using("s")), &secret("s", json!({})), "b");
        check(&workload(auto.clone(), json!({}), using("s")), &secret("other", json!({})), "");
        // The seed puts it on the pods, which counts where the workload itself says nothing.
        check(&workload(json!({}), auto.clone(), using("s")), &secret("s", json!({})), "b");
        let off = json!({"secret.reloader.stakater.com/auto": "false"});
        check(&workload(off, auto.clone(), using("s")), &secret("s", json!({})), "");
        check(
            &workload(auto, json!({}), using("s")),
            &secret("s", json!({"reloader.stakater.com/ignore": "true"})),
            "",
        );
        check(&workload(json!({}), json!({}), using("s")), &secret("s", json!({})), "");
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        let auto = json!({"reloader.stakater.com/auto": "true"});
        for spec in [
            json!({"containers": [{"name": "b", "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]}),
            json!({"containers": [{"name": "b", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
                   "volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
            json!({"containers": [{"name": "b"}],
                   "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}]}}]}),
            json!({"containers": [{"name": "b"}], "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "s"}}]}]}),
        ] {
            check(&workload(auto.clone(), json!({}), spec), &secret("s", json!({})), "b");
        }
        let pull = json!({"containers": [{"name": "b"}], "imagePullSecrets": [{"name": "s"}]});
        check(&workload(auto, json!({}), pull), &secret("s", json!({})), "");
    }

    #[test]
    fn names_and_search_need_no_reference() {
        let named = |patterns: &str| {
            workload(json!({"secret.reloader.stakater.com/reload": patterns}), json!({}), using("x"))
        };
        check(&named("a, team-.*"), &secret("team-x", json!({})), "a");
        check(&named("team"), &secret("team-x", json!({})), "");
        check(
            &named("("),
            &secret("s", json!({})),
            "refused: secret.reloader.stakater.com/reload: \"(\" is no regular expression that can be used",
        );
        let search = workload(json!({"reloader.stakater.com/search": "true"}), json!({}), using("x"));
        check(&search, &secret("s", json!({"reloader.stakater.com/match": "true"})), "a");
        check(&search, &secret("s", json!({})), "");
        let excluded = json!({"reloader.stakater.com/auto": "true", "secrets.exclude.reloader.stakater.com/reload": "s"});
        check(&workload(excluded, json!({}), using("s")), &secret("s", json!({})), "");
    }
}
