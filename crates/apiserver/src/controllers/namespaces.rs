//! The end of a namespace: everything in it is deleted, and when nothing is left, it goes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{resource_of, system};
use crate::object::time;
use crate::server::Server;
use crate::store::{Change, Event, Object};
use crate::verbs::{System, system_remove, system_write};

/// Begins or goes on with the end of a namespace.
pub(super) fn look(server: &Arc<Server>, namespace: &Arc<Object>) {
    let name = namespace.key.name();
    let Some(current) = server.store.get("/namespaces", name).filter(|current| current.terminating) else {
        return;
    };
    if current.uid != namespace.uid {
        return;
    }
    empty(server, name);
    finish(server, name);
}

/// The last object of a namespace that goes takes the namespace with it.
pub(super) fn look_at_content(server: &Arc<Server>, event: &Event) {
    let name = event.object.key.namespace();
    if name.is_empty() || (event.change != Change::Deleted && !event.object.terminating) {
        return;
    }
    if server.store.get("/namespaces", name).is_some_and(|namespace| namespace.terminating) {
        finish(server, name);
    }
}

fn contents(server: &Arc<Server>, name: &str) -> Vec<(crate::store::CollectionName, Arc<Object>)> {
    let prefix = format!("{name}/");
    let mut all = Vec::new();
    for collection in server.store.names() {
        for object in server.store.list(&collection, &prefix) {
            // Keys of cluster-scoped objects have no slash, so what has the prefix is in the namespace.
            all.push((collection.clone(), object));
        }
    }
    all
}

fn empty(server: &Arc<Server>, name: &str) {
    for (collection, object) in contents(server, name) {
        if let Some(resource) = resource_of(server, &collection) {
            system_remove(System { server, resource: &resource }, &object.key, Some(&object.uid));
        }
    }
}

fn finish(server: &Arc<Server>, name: &str) {
    let Some(system) = system(server, "", "namespaces") else { return };
    let left = contents(server, name);
    let now = time::write(server.now());
    let key = crate::store::Key::new("", name);
    if !left.is_empty() {
        let conditions = conditions(server, &left, &now);
        system_write(system, &key, |old| {
            let mut new = old?.clone();
            new["status"]["conditions"] = kept_times(&new["status"]["conditions"], &conditions);
            Some(new)
        });
        return;
    }
    system_write(system, &key, |old| {
        let mut new = old?.clone();
        let finalizers = new["spec"]["finalizers"].as_array_mut()?;
        finalizers.retain(|finalizer| finalizer != "kubernetes");
        Some(new)
    });
}

/// The new conditions, with the old times where the status is the same.
fn kept_times(old: &Value, new: &Value) -> Value {
    let mut new = new.clone();
    for condition in new.as_array_mut().into_iter().flatten() {
        let before = old.as_array().into_iter().flatten().find(|other| other["type"] == condition["type"]);
        if let Some(before) = before.filter(|before| before["status"] == condition["status"]) {
            condition["lastTransitionTime"] = before["lastTransitionTime"].clone();
        }
    }
    new
}

fn conditions(
    server: &Arc<Server>,
    left: &[(crate::store::CollectionName, Arc<Object>)],
    now: &str,
) -> Value {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    let mut finalizers: Vec<(String, usize)> = Vec::new();
    let count =
        |list: &mut Vec<(String, usize)>, key: String| match list.iter_mut().find(|(known, _)| *known == key)
        {
            Some((_, number)) => *number += 1,
            None => list.push((key, 1)),
        };
    for (collection, object) in left {
        let Some(resource) = resource_of(server, collection) else { continue };
        let name = if resource.group.is_empty() {
            format!("{}.", resource.plural)
        } else {
            format!("{}.{}", resource.plural, resource.group)
        };
        count(&mut kinds, name);
        let value = resource.value(object);
        for finalizer in crate::object::meta::finalizers(&value) {
            count(&mut finalizers, finalizer.to_owned());
        }
    }
    kinds.sort();
    finalizers.sort();
    let shown = kinds.iter().map(|(name, number)| format!("{name} has {number} resource instances"));
    let remaining = format!("Some resources are remaining: {}", shown.collect::<Vec<_>>().join(", "));
    let shown = finalizers.iter().map(|(name, number)| format!("{name} in {number} resource instances"));
    let holding = format!(
        "Some content in the namespace has finalizers remaining: {}",
        shown.collect::<Vec<_>>().join(", ")
    );
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type": kind, "status": status, "lastTransitionTime": now, "reason": reason, "message": message});
    let mut all = vec![
        condition(
            "NamespaceDeletionDiscoveryFailure",
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        condition(
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", &remaining),
    ];
    all.push(if finalizers.is_empty() {
        condition(
            "NamespaceFinalizersRemaining",
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        )
    } else {
        condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", &holding)
    });
    Value::Array(all)
}
