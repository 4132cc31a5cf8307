//! Workloads: Deployments make ReplicaSets, ReplicaSets make Pods; where Pods pretend to run, StatefulSets do as well.
//!
//! ```text
//!   a change of a workload, of what it owns ──▶ Due (each workload once) ──▶ its rule: read all, write what is wanted
//! ```

mod deployment;
mod pretend;
mod replica_set;
mod revision;
mod stateful_set;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{admit_create, check_create};
use crate::object::time;
use crate::server::Server;
use crate::status::{Answer, Status};
use crate::store::{CollectionName, Event, Key, Object};
use crate::verbs::{System, system_write};

const MANAGER: &str = "kube-controller-manager";
const SUFFIX: usize = 5;

const DEPLOYMENTS: &str = "apps/deployments";
const REPLICA_SETS: &str = "apps/replicasets";
const STATEFUL_SETS: &str = "apps/statefulsets";
const PODS: &str = "/pods";

/// The workloads to look at, each once however much has changed.
#[derive(Debug, Default)]
pub(super) struct Due(BTreeSet<(Rule, Key)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Deployment,
    ReplicaSet,
    StatefulSet,
    Pretend(&'static str, &'static str),
}

impl Due {
    /// Notes what a change makes it necessary to look at.
    pub(super) fn note(&mut self, server: &Server, collection: &CollectionName, event: &Event) {
        let (object, key) = (&event.object, &event.object.key);
        let runs = server.controllers.runs;
        match &**collection {
            DEPLOYMENTS => self.add(Rule::Deployment, key),
            REPLICA_SETS => {
                self.add(Rule::ReplicaSet, key);
                self.add_owner(server, object, DEPLOYMENTS, Rule::Deployment);
            }
            STATEFUL_SETS if runs => self.add(Rule::StatefulSet, key),
            PODS => {
                self.add_owner(server, object, REPLICA_SETS, Rule::ReplicaSet);
                if runs {
                    self.add_owner(server, object, STATEFUL_SETS, Rule::StatefulSet);
                }
            }
            other if runs => {
                let of_these = pretend::KINDS.iter().find(|(group, plural)| {
                    other.split_once('/').is_some_and(|parts| parts == (*group, *plural))
                });
                if let Some((group, plural)) = of_these {
                    self.add(Rule::Pretend(group, plural), key);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, rule: Rule, key: &Key) {
        self.0.insert((rule, key.clone()));
    }

    fn add_owner(&mut self, server: &Server, object: &Object, collection: &str, rule: Rule) {
        if object.owners.is_empty() {
            return;
        }
        let value = object.value();
        let Some(owner) = controller_of(&value) else { return };
        let key = Key::new(object.key.namespace(), owner["name"].as_str().unwrap_or_default());
        if server.store.get(collection, key.text()).is_some_and(|found| *found.uid == owner["uid"]) {
            self.add(rule, &key);
        }
    }

    /// Looks at all of them.
    pub(super) fn work(&mut self, server: &Arc<Server>) {
        for (rule, key) in std::mem::take(&mut self.0) {
            match rule {
                Rule::Deployment => deployment::look(server, &key),
                Rule::ReplicaSet => replica_set::look(server, &key),
                Rule::StatefulSet => stateful_set::look(server, &key),
                Rule::Pretend(group, plural) => pretend::look(server, group, plural, &key),
            }
        }
    }
}

/// The owner that controls an object.
fn controller_of(value: &Value) -> Option<&Value> {
    let owners = value["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["controller"] == Value::Bool(true))
}

/// The objects of a collection that another controls.
fn controlled(server: &Server, collection: &str, owner: &Value) -> Vec<Value> {
    let metadata = &owner["metadata"];
    let uid = metadata["uid"].as_str().unwrap_or_default();
    let prefix = format!("{}/", metadata["namespace"].as_str().unwrap_or_default());
    server
        .store
        .list(collection, &prefix)
        .iter()
        .filter(|object| object.owners.iter().any(|owner| **owner == *uid))
        .map(|object| object.value())
        .filter(|value| controller_of(value).is_some_and(|owner| owner["uid"] == *uid))
        .collect()
}

/// The reference of an owner that controls.
fn reference(owner: &Value, kind: &str) -> Value {
    json!([{
        "apiVersion": "apps/v1",
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

fn count(value: &Value, member: &str) -> i64 {
    value[member].as_i64().unwrap_or_default()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// Whether a Pod still counts: it has not ended and is not about to go.
fn is_active(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_null()
        && !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

fn key_of(value: &Value) -> Key {
    let text = |member: &str| value["metadata"][member].as_str().unwrap_or_default();
    Key::new(text("namespace"), text("name"))
}

/// Creates a Pod from the template of its controller; `change` gives it what distinguishes it. It goes the way of all Pods:
/// defaults, webhooks, quotas.
fn create_pod(
    server: &Arc<Server>,
    owner: &Value,
    kind: &str,
    name: &str,
    change: impl Fn(&mut Value),
) -> Answer<()> {
    let Some(system) = super::system(server, "", "pods") else { return Ok(()) };
    let namespace = owner["metadata"]["namespace"].as_str().unwrap_or_default();
    let template = &owner["spec"]["template"];
    let mut pod = json!({
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": template["metadata"]["labels"],
            "annotations": template["metadata"]["annotations"],
            "finalizers": template["metadata"]["finalizers"],
            "ownerReferences": reference(owner, kind),
        },
        "spec": template["spec"],
    });
    if let Some(members) = pod["metadata"].as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    change(&mut pod);
    create(system, namespace, name, &mut pod)
}

/// Creates an object as the controller manager does.
fn create(system: System<'_>, namespace: &str, name: &str, value: &mut Value) -> Answer<()> {
    let System { server, resource } = system;
    (resource.strategy.default)(value);
    admit_create(server, resource, namespace, value)?;
    (resource.strategy.prepare_create)(value);
    check_create(server, resource, namespace, value)?;
    let key = Key::new(namespace, name);
    let owned = crate::verbs::owned_by(resource, MANAGER, server, value.clone());
    let created = system_write(system, &key, |old| old.is_none().then(|| owned.clone()));
    match created {
        Some(_) => Ok(()),
        None => Err(Status::already_exists(&resource.group, &resource.plural, name)),
    }
}

/// Sets a condition as the controllers of workloads do: one of the same status and reason stays, a changed one goes to the
/// end.
fn set_condition(
    conditions: &mut Vec<Value>,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
) {
    let old = conditions.iter().find(|one| one["type"] == kind);
    if old.is_some_and(|old| old["status"] == status && old["reason"] == reason) {
        return;
    }
    let since = old.filter(|old| old["status"] == status).map(|old| old["lastTransitionTime"].clone());
    let mut new = json!({
        "type": kind,
        "status": status,
        "lastTransitionTime": since.unwrap_or_else(|| now.into()),
        "reason": reason,
        "message": message,
    });
    // Only Deployments say when they looked last.
    if matches!(kind, "Available" | "Progressing") {
        new["lastUpdateTime"] = now.into();
    }
    conditions.retain(|one| one["type"] != kind);
    conditions.push(new);
}

fn now(server: &Server) -> String {
    time::write(server.now())
}
