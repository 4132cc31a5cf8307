//! Deployments: a ReplicaSet for each template, and the way from the old ones to the new one.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{DEPLOYMENTS, MANAGER, REPLICA_SETS};
use super::{controlled, count, create, key_of, now, reference, revision, set_condition};
use crate::server::Server;
use crate::store::Key;
use crate::verbs::{system_remove, system_status, system_write};

const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";
/// Annotations of a Deployment that say nothing about its ReplicaSets.
const OWN: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    DESIRED,
    MOST,
    "deprecated.deployment.rollback.to",
];

pub(super) fn look(server: &Arc<Server>, key: &Key) {
    let Some(object) = server.store.get(DEPLOYMENTS, key.text()) else { return };
    let deployment = object.value();
    let spec = &deployment["spec"];
    let going = !deployment["metadata"]["deletionTimestamp"].is_null();
    if going {
        write_status(server, key);
        return;
    }
    let sets = Sets::read(server, &deployment);
    let recreate = spec["strategy"]["type"] == "Recreate";
    if spec["paused"] == true {
        if let [only] = sets.all().filter(|set| count(&set["spec"], "replicas") > 0).collect::<Vec<_>>()[..] {
            scale(server, &deployment, only, count(spec, "replicas"));
        }
    } else if recreate {
        for old in &sets.old {
            scale(server, &deployment, old, 0);
        }
        let left =
            Sets::read(server, &deployment).old.iter().any(|old| count(&old["status"], "replicas") > 0);
        if !left {
            let new = sets.new_or_create(server, &deployment, count(spec, "replicas"));
            if let Some(new) = new {
                scale(server, &deployment, &new, count(spec, "replicas"));
            }
        }
    } else {
        roll(server, &deployment, &sets);
    }
    forget_history(server, &deployment);
    write_status(server, key);
}

/// The ReplicaSets of a Deployment.
struct Sets {
    new: Option<Value>,
    /// All others, the oldest first.
    old: Vec<Value>,
}

fn revision_of(value: &Value) -> i64 {
    let text = value["metadata"]["annotations"][REVISION].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

impl Sets {
    fn read(server: &Server, deployment: &Value) -> Sets {
        let mut all = controlled(server, REPLICA_SETS, deployment);
        all.sort_by_key(revision_of);
        let template = &deployment["spec"]["template"];
        let new = all
            .iter()
            .position(|set| revision::bare(&set["spec"]["template"], HASH) == revision::bare(template, HASH))
            .map(|index| all.remove(index));
        Sets { new, old: all }
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        self.old.iter().chain(&self.new)
    }

    fn sum(&self, of: impl Fn(&Value) -> i64) -> i64 {
        self.all().map(of).sum()
    }

    /// The ReplicaSet of the template, as the newest revision.
    fn new_or_create(&self, server: &Arc<Server>, deployment: &Value, replicas: i64) -> Option<Value> {
        let latest = self.old.iter().map(revision_of).max().unwrap_or_default() + 1;
        let system = super::super::system(server, "apps", "replicasets")?;
        let annotations = annotations(deployment, latest);
        if let Some(new) = &self.new {
            let object = system_write(system, &key_of(new), |old| {
                let mut set = old?.clone();
                let latest = latest.max(revision_of(&set));
                for (key, value) in &annotations {
                    set["metadata"]["annotations"][key.as_str()] = value.clone();
                }
                set["metadata"]["annotations"][REVISION] = latest.to_string().into();
                if let Some(seconds) = deployment["spec"].get("minReadySeconds") {
                    set["spec"]["minReadySeconds"] = seconds.clone();
                }
                Some(set)
            });
            return object.map(|object| object.value());
        }
        let text = |member: &str| deployment["metadata"][member].as_str().unwrap_or_default();
        let mut template = deployment["spec"]["template"].clone();
        let hash = revision::hash(&template);
        let name = format!("{}-{hash}", text("name"));
        template["metadata"]["labels"][HASH] = hash.as_str().into();
        let mut selector = deployment["spec"]["selector"].clone();
        selector["matchLabels"][HASH] = hash.as_str().into();
        let mut set = json!({
            "metadata": {
                "name": name,
                "namespace": text("namespace"),
                "labels": template["metadata"]["labels"],
                "annotations": annotations,
                "ownerReferences": reference(deployment, "Deployment"),
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        });
        if let Some(seconds) = deployment["spec"].get("minReadySeconds") {
            set["spec"]["minReadySeconds"] = seconds.clone();
        }
        create(system, text("namespace"), &name, &mut set).ok()?;
        let key = Key::new(text("namespace"), &name);
        server.store.get(REPLICA_SETS, key.text()).map(|object| object.value())
    }
}

/// The annotations of a Deployment's ReplicaSet.
fn annotations(deployment: &Value, revision: i64) -> Map<String, Value> {
    let own = deployment["metadata"]["annotations"].as_object();
    let mut map: Map<String, Value> = own
        .into_iter()
        .flatten()
        .filter(|(key, _)| !OWN.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let (wanted, (surge, _)) = (count(&deployment["spec"], "replicas"), room(deployment));
    map.insert(REVISION.to_owned(), revision.to_string().into());
    map.insert(DESIRED.to_owned(), wanted.to_string().into());
    map.insert(MOST.to_owned(), (wanted + surge).to_string().into());
    map
}

/// How many Pods more than wanted there may be, and how many fewer.
fn room(deployment: &Value) -> (i64, i64) {
    let wanted = count(&deployment["spec"], "replicas");
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    if rolling.is_null() {
        return (0, 0);
    }
    let part = |value: &Value, up: bool| {
        let Some(text) = value.as_str() else { return value.as_i64().unwrap_or_default() };
        let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
        (wanted * percent + if up { 99 } else { 0 }) / 100
    };
    let (surge, fewer) = (part(&rolling["maxSurge"], true), part(&rolling["maxUnavailable"], false));
    if surge == 0 && fewer == 0 { (0, 1) } else { (surge, fewer.min(wanted)) }
}

fn scale(server: &Arc<Server>, deployment: &Value, set: &Value, replicas: i64) {
    let Some(system) = super::super::system(server, "apps", "replicasets") else { return };
    let wanted = count(&deployment["spec"], "replicas");
    let (surge, _) = room(deployment);
    system_write(system, &key_of(set), |old| {
        let mut set = old?.clone();
        set["spec"]["replicas"] = replicas.max(0).into();
        set["metadata"]["annotations"][DESIRED] = wanted.to_string().into();
        set["metadata"]["annotations"][MOST] = (wanted + surge).to_string().into();
        Some(set)
    });
}

/// One step of a rolling update: first more of the new, then fewer of the old.
fn roll(server: &Arc<Server>, deployment: &Value, sets: &Sets) {
    let wanted = count(&deployment["spec"], "replicas");
    let (surge, fewer) = room(deployment);
    let asked = |set: &Value| count(&set["spec"], "replicas");
    let ready = |set: &Value| count(&set["status"], "availableReplicas");
    let before: i64 = sets.old.iter().map(asked).sum();
    let first = (wanted + surge - before).clamp(0, wanted);
    let Some(new) = sets.new_or_create(server, deployment, first) else { return };
    let mut now_new = asked(&new);
    if now_new > wanted {
        now_new = wanted;
    } else if now_new < wanted {
        now_new += (wanted + surge - before - now_new).clamp(0, wanted - now_new);
    }
    scale(server, deployment, &new, now_new);
    // What the old ones may lose without too few being available.
    let unavailable = (now_new - ready(&new)).max(0);
    let mut may_go = before + now_new - (wanted - fewer) - unavailable;
    for unhealthy in [true, false] {
        for old in &sets.old {
            let held = server.store.get(REPLICA_SETS, key_of(old).text()).map(|object| object.value());
            let Some(held) = held else { continue };
            let spare = if unhealthy { (asked(&held) - ready(&held)).max(0) } else { asked(&held) };
            let gone = spare.min(may_go).max(0);
            if gone > 0 {
                scale(server, deployment, old, asked(&held) - gone);
                may_go -= gone;
            }
        }
    }
}

/// Deletes ReplicaSets that are empty and older than the history that is kept.
fn forget_history(server: &Arc<Server>, deployment: &Value) {
    let Some(keep) = deployment["spec"]["revisionHistoryLimit"].as_u64() else { return };
    let Some(system) = super::super::system(server, "apps", "replicasets") else { return };
    let sets = Sets::read(server, deployment);
    let surplus = sets.old.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
    for old in sets.old.iter().take(surplus) {
        if count(&old["spec"], "replicas") == 0 && count(&old["status"], "replicas") == 0 {
            system_remove(system, &key_of(old), old["metadata"]["uid"].as_str());
        }
    }
}

fn write_status(server: &Arc<Server>, key: &Key) {
    let Some(system) = super::super::system(server, "apps", "deployments") else { return };
    let now = now(server);
    system_status(system, key, MANAGER, |deployment| {
        let sets = Sets::read(server, deployment);
        let wanted = count(&deployment["spec"], "replicas");
        let (_, fewer) = room(deployment);
        let status = |member: &'static str| move |set: &Value| count(&set["status"], member);
        let available = sets.sum(status("availableReplicas"));
        let replicas = sets.sum(status("replicas"));
        let updated = sets.new.as_ref().map_or(0, status("replicas"));
        let mut conditions = deployment["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let mut set = |kind: &str, status: &str, reason: &str, message: &str| {
            set_condition(&mut conditions, kind, status, reason, message, &now);
        };
        if available >= wanted - fewer {
            let message = "Deployment has minimum availability.";
            set("Available", "True", "MinimumReplicasAvailable", message);
        } else {
            let message = "Deployment does not have minimum availability.";
            set("Available", "False", "MinimumReplicasUnavailable", message);
        }
        let name = sets.new.as_ref().and_then(|new| new["metadata"]["name"].as_str()).unwrap_or_default();
        let complete = updated == wanted && replicas == wanted && available == wanted;
        if complete {
            let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
            set("Progressing", "True", "NewReplicaSetAvailable", &message);
        } else if updated == 0 {
            let message = format!("Created new replica set \"{name}\"");
            set("Progressing", "True", "NewReplicaSetCreated", &message);
        } else {
            let message = format!("ReplicaSet \"{name}\" is progressing.");
            set("Progressing", "True", "ReplicaSetUpdated", &message);
        }
        let mut new = deployment.clone();
        if let Some(set) = &sets.new {
            new["metadata"]["annotations"][REVISION] = revision_of(set).to_string().into();
        }
        new["status"] = json!({
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": replicas,
            "updatedReplicas": updated,
            "readyReplicas": sets.sum(status("readyReplicas")),
            "availableReplicas": available,
            "unavailableReplicas": (sets.sum(|set| count(&set["spec"], "replicas")) - available).max(0),
            "terminatingReplicas": sets.sum(status("terminatingReplicas")),
            "conditions": conditions,
        });
        new
    });
}
