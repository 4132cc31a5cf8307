//! StatefulSets, where Pods pretend to run: numbered Pods with volumes of their own, one after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{MANAGER, PODS, STATEFUL_SETS};
use super::{
    controlled, count, create, create_pod, is_active, is_ready, key_of, now, revision, set_condition,
};
use crate::server::Server;
use crate::store::Key;
use crate::verbs::{system_remove, system_status};

const HASH: &str = "controller-revision-hash";

pub(super) fn look(server: &Arc<Server>, key: &Key) {
    let Some(set) = server.store.get(STATEFUL_SETS, key.text()) else { return };
    let set = set.value();
    let mut failure = None;
    if set["metadata"]["deletionTimestamp"].is_null() {
        failure = provide(server, &set);
    }
    write_status(server, key, failure.as_deref());
}

fn text<'v>(set: &'v Value, member: &str) -> &'v str {
    set["metadata"][member].as_str().unwrap_or_default()
}

fn revision_name(set: &Value) -> String {
    format!("{}-{}", text(set, "name"), revision::hash(&set["spec"]["template"]))
}

/// The number at the end of a Pod's name.
fn ordinal(pod: &Value) -> Option<i64> {
    text(pod, "name").rsplit_once('-')?.1.parse().ok()
}

/// Takes the next step: one Pod more, or one fewer, or one of an old revision gone.
fn provide(server: &Arc<Server>, set: &Value) -> Option<String> {
    let (namespace, name) = (text(set, "namespace"), text(set, "name"));
    let spec = &set["spec"];
    let first = count(&spec["ordinals"], "start");
    let wanted = first + count(spec, "replicas");
    let pods = controlled(server, PODS, set);
    let all_at_once = spec["podManagementPolicy"] == "Parallel";
    let hash = revision_name(set);
    let remove = |pod: &Value| {
        if let Some(system) = super::super::system(server, "", "pods") {
            system_remove(system, &key_of(pod), pod["metadata"]["uid"].as_str());
        }
    };
    for number in first..wanted {
        match pods.iter().find(|pod| ordinal(pod) == Some(number)) {
            Some(pod) if !is_active(pod) || !is_ready(pod) => {
                if !all_at_once {
                    return None;
                }
            }
            Some(_) => {}
            None => {
                let pod = format!("{name}-{number}");
                claims(server, set, namespace, &pod);
                let made = create_pod(server, set, "StatefulSet", &pod, |pod| adorn(pod, set, number, &hash));
                if let Err(refusal) = made {
                    return Some(refusal.message);
                }
                if !all_at_once {
                    return None;
                }
            }
        }
    }
    let mut rest: Vec<&Value> = pods.iter().collect();
    rest.sort_by_key(|pod| std::cmp::Reverse(ordinal(pod)));
    for pod in rest {
        let number = ordinal(pod).unwrap_or_default();
        let surplus = number >= wanted || number < first;
        let keep = count(&spec["updateStrategy"]["rollingUpdate"], "partition");
        let old = pod["metadata"]["labels"][HASH] != *hash
            && spec["updateStrategy"]["type"] == "RollingUpdate"
            && number >= keep;
        if surplus || old {
            remove(pod);
            if !all_at_once {
                return None;
            }
        }
    }
    None
}

/// Gives a Pod its number, its name in the network and its volumes.
fn adorn(pod: &mut Value, set: &Value, number: i64, hash: &str) {
    let name = pod["metadata"]["name"].clone();
    let labels = &mut pod["metadata"]["labels"];
    labels["apps.kubernetes.io/pod-index"] = number.to_string().into();
    labels[HASH] = hash.into();
    labels["statefulset.kubernetes.io/pod-name"] = name.clone();
    pod["metadata"]["generateName"] = format!("{}-", text(set, "name")).into();
    pod["spec"]["hostname"] = name.clone();
    if let Some(service) = set["spec"].get("serviceName") {
        pod["spec"]["subdomain"] = service.clone();
    }
    let templates = set["spec"]["volumeClaimTemplates"].as_array();
    let own: Vec<Value> = templates
        .into_iter()
        .flatten()
        .map(|claim| {
            let claim = text(claim, "name");
            let full = format!("{claim}-{}", name.as_str().unwrap_or_default());
            json!({"name": claim, "persistentVolumeClaim": {"claimName": full}})
        })
        .collect();
    if !own.is_empty() {
        let given = pod["spec"]["volumes"].as_array().cloned().unwrap_or_default();
        let others = given.into_iter().filter(|volume| own.iter().all(|one| one["name"] != volume["name"]));
        pod["spec"]["volumes"] = own.iter().cloned().chain(others).collect();
    }
}

/// Makes the claims of a Pod that are not there.
fn claims(server: &Arc<Server>, set: &Value, namespace: &str, pod: &str) {
    let Some(system) = super::super::system(server, "", "persistentvolumeclaims") else { return };
    for template in set["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
        let name = format!("{}-{pod}", text(template, "name"));
        if server.store.get("/persistentvolumeclaims", Key::new(namespace, &name).text()).is_some() {
            continue;
        }
        let mut claim = json!({
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": set["spec"]["selector"]["matchLabels"],
            },
            "spec": template["spec"],
        });
        if let Some(annotations) = template["metadata"].get("annotations") {
            claim["metadata"]["annotations"] = annotations.clone();
        }
        if let Err(refusal) = create(system, namespace, &name, &mut claim) {
            tracing::debug!(%name, why = refusal.message, "a claim was refused");
        }
    }
}

fn write_status(server: &Arc<Server>, key: &Key, failure: Option<&str>) {
    let Some(system) = super::super::system(server, "apps", "statefulsets") else { return };
    let now = now(server);
    system_status(system, key, MANAGER, |set| {
        let mut pods = controlled(server, PODS, set);
        pods.retain(is_active);
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let newest = revision_name(set);
        let updated = pods.iter().filter(|pod| pod["metadata"]["labels"][HASH] == *newest).count();
        let done = updated == pods.len() && ready == pods.len();
        let before = set["status"]["currentRevision"].as_str().map(str::to_owned);
        let current = before.filter(|_| !done).unwrap_or_else(|| newest.clone());
        let at_current = pods.iter().filter(|pod| pod["metadata"]["labels"][HASH] == *current).count();
        let mut conditions = set["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if let Some(why) = failure {
            set_condition(&mut conditions, "ReplicaFailure", "True", "FailedCreate", why, &now);
        }
        let mut new = set.clone();
        new["status"] = json!({
            "observedGeneration": set["metadata"]["generation"],
            "replicas": pods.len(),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "currentReplicas": at_current,
            "updatedReplicas": updated,
            "currentRevision": current,
            "updateRevision": newest,
            "collisionCount": 0,
        });
        if !conditions.is_empty() {
            new["status"]["conditions"] = conditions.into();
        }
        new
    });
}
