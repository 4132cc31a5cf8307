//! ReplicaSets: as many Pods as are wanted.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{MANAGER, PODS, REPLICA_SETS, SUFFIX};
use super::{controlled, count, create_pod, is_active, is_ready, key_of, now, set_condition};
use crate::server::Server;
use crate::store::Key;
use crate::verbs::{system_remove, system_status};

pub(super) fn look(server: &Arc<Server>, key: &Key) {
    let Some(set) = server.store.get(REPLICA_SETS, key.text()) else { return };
    let set = set.value();
    let mut failure = None;
    if set["metadata"]["deletionTimestamp"].is_null() {
        failure = provide(server, &set);
    }
    write_status(server, key, failure.as_deref());
}

/// Creates the Pods that are missing and deletes those that are too many; says why where it fails.
fn provide(server: &Arc<Server>, set: &Value) -> Option<String> {
    let mut pods = controlled(server, PODS, set);
    pods.retain(is_active);
    let wanted = usize::try_from(count(&set["spec"], "replicas")).unwrap_or_default();
    let name = set["metadata"]["name"].as_str().unwrap_or_default();
    let prefix = format!("{name}-");
    for _ in pods.len()..wanted {
        let pod = format!("{prefix}{}", server.suffix(SUFFIX));
        let generate = |pod: &mut Value| pod["metadata"]["generateName"] = prefix.as_str().into();
        if let Err(refusal) = create_pod(server, set, "ReplicaSet", &pod, generate) {
            return Some(refusal.message);
        }
    }
    // Those that are not ready go first, then the youngest.
    pods.sort_by_key(|pod| {
        let created = pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
        (is_ready(pod), std::cmp::Reverse(created))
    });
    let surplus = pods.len().saturating_sub(wanted);
    if let Some(system) = super::super::system(server, "", "pods") {
        for pod in pods.iter().take(surplus) {
            system_remove(system, &key_of(pod), pod["metadata"]["uid"].as_str());
        }
    }
    None
}

fn write_status(server: &Arc<Server>, key: &Key, failure: Option<&str>) {
    let Some(system) = super::super::system(server, "apps", "replicasets") else { return };
    let now = now(server);
    system_status(system, key, MANAGER, |set| {
        let pods = controlled(server, PODS, set);
        let active: Vec<&Value> = pods.iter().filter(|pod| is_active(pod)).collect();
        let ready = active.iter().filter(|pod| is_ready(pod)).count();
        let labels = &set["spec"]["template"]["metadata"]["labels"];
        let labelled = active.iter().filter(|pod| {
            let own = &pod["metadata"]["labels"];
            labels.as_object().into_iter().flatten().all(|(key, value)| own.get(key) == Some(value))
        });
        let going = pods.iter().filter(|pod| !pod["metadata"]["deletionTimestamp"].is_null()).count();
        let mut conditions = set["status"]["conditions"].as_array().cloned().unwrap_or_default();
        match failure {
            Some(why) => set_condition(&mut conditions, "ReplicaFailure", "True", "FailedCreate", why, &now),
            None => conditions.retain(|one| one["type"] != "ReplicaFailure"),
        }
        let mut new = set.clone();
        new["status"] = json!({
            "replicas": active.len(),
            "fullyLabeledReplicas": labelled.count(),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "terminatingReplicas": going,
            "observedGeneration": set["metadata"]["generation"],
        });
        if !conditions.is_empty() {
            new["status"]["conditions"] = conditions.into();
        }
        new
    });
}
