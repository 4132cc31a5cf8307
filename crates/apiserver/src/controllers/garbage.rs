//! Ownership: what becomes of dependents when their owners go.
//!
//! Owners are identified by uid: an object of the same name with another uid is another object. A dependent goes when its
//! last owner is gone. `foregroundDeletion` keeps an owner until those dependents are gone that block it; `orphan` cuts the
//! dependents loose first.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::resource_of;
use crate::object::meta;
use crate::registry::Resource;
use crate::server::Server;
use crate::store::{Change, CollectionName, Event, Key, Object};
use crate::verbs::{System, system_remove, system_write};

/// Who depends on whom: collection and key of the dependents, by the owner's uid.
#[derive(Debug, Default)]
pub(super) struct Graph {
    dependents: HashMap<Box<str>, BTreeSet<(CollectionName, Key)>>,
}

impl Graph {
    /// Notes the owners of an object.
    pub(super) fn note(&mut self, collection: &CollectionName, object: &Object) {
        for owner in &object.owners {
            self.dependents
                .entry(owner.clone())
                .or_default()
                .insert((collection.clone(), object.key.clone()));
        }
    }

    fn forget(&mut self, collection: &CollectionName, object: &Object) {
        for owner in &object.owners {
            if let Some(set) = self.dependents.get_mut(owner) {
                set.remove(&(collection.clone(), object.key.clone()));
                if set.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
    }

    fn of(&self, uid: &str) -> Vec<(CollectionName, Key)> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }
}

/// Looks at a change.
pub(super) fn look(server: &Arc<Server>, graph: &mut Graph, collection: &CollectionName, event: &Event) {
    if let Some(previous) = &event.previous {
        graph.forget(collection, previous);
    }
    let object = &event.object;
    if event.change == Change::Deleted {
        for (collection, key) in graph.of(&object.uid) {
            judge(server, &collection, &key);
        }
        // The owners may have waited for this one.
        for owner in &object.owners {
            release_owner_by_uid(server, graph, collection, object, owner);
        }
        return;
    }
    graph.note(collection, object);
    if object.terminating {
        go_on(server, graph, collection, &object.key);
    }
    if !object.owners.is_empty() {
        judge(server, collection, &object.key);
    }
}

type Owner = (Arc<Resource>, Arc<Object>);

/// The object that an owner reference of an object in `namespace` points at. `Err`: its kind is not known here, so nothing
/// can be said.
fn owner_of(server: &Server, reference: &Value, namespace: &str) -> Result<Option<Owner>, ()> {
    let text = |member: &str| reference[member].as_str().unwrap_or_default();
    let resource = server.catalog.of_kind(text("apiVersion"), text("kind")).ok_or(())?;
    let key = Key::new(if resource.namespaced() { namespace } else { "" }, text("name"));
    let found =
        server.store.get(&resource.collection, key.text()).filter(|object| *object.uid == *text("uid"));
    Ok(found.map(|object| (resource, object)))
}

/// Deletes a dependent whose owners are all gone, or cuts off those that are.
fn judge(server: &Arc<Server>, collection: &CollectionName, key: &Key) {
    let Some(resource) = resource_of(server, collection) else { return };
    let Some(object) = server.store.get(collection, key.text()) else { return };
    if object.terminating {
        return;
    }
    let value = resource.value(&object);
    let references = value["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
    let (mut gone, mut waiting, mut solid) = (Vec::new(), false, false);
    for reference in &references {
        match owner_of(server, reference, key.namespace()) {
            Err(()) => solid = true,
            Ok(None) => gone.push(reference["uid"].clone()),
            Ok(Some((resource, owner))) => {
                let owner_value = resource.value(&owner);
                let foreground =
                    owner.terminating && meta::finalizers(&owner_value).contains(&"foregroundDeletion");
                if foreground && reference["blockOwnerDeletion"] == Value::Bool(true) {
                    waiting = true;
                } else {
                    solid = true;
                }
            }
        }
    }
    let system = System { server, resource: &resource };
    if solid {
        if !gone.is_empty() || waiting {
            cut_off(system, key, &gone);
        }
    } else if waiting || !gone.is_empty() {
        system_remove(system, key, Some(&object.uid));
    }
}

/// Takes owner references away.
fn cut_off(system: System<'_>, key: &Key, owners: &[Value]) {
    if owners.is_empty() {
        return;
    }
    system_write(system, key, |old| {
        let mut new = old?.clone();
        let references = new["metadata"]["ownerReferences"].as_array_mut()?;
        references.retain(|reference| !owners.contains(&reference["uid"]));
        Some(new)
    });
}

/// Goes on with the deletion of an object that waits for its dependents, or for letting them go.
fn go_on(server: &Arc<Server>, graph: &mut Graph, collection: &CollectionName, key: &Key) {
    let Some(resource) = resource_of(server, collection) else { return };
    let Some(object) = server.store.get(collection, key.text()) else { return };
    let value = resource.value(&object);
    let finalizers = meta::finalizers(&value);
    let system = System { server, resource: &resource };
    if finalizers.contains(&"orphan") {
        for (collection, key) in graph.of(&object.uid) {
            if let Some(resource) = resource_of(server, &collection) {
                cut_off(System { server, resource: &resource }, &key, &[Value::from(&*object.uid)]);
            }
        }
        drop_finalizer(system, key, "orphan");
    } else if finalizers.contains(&"foregroundDeletion") {
        for (collection, key) in graph.of(&object.uid) {
            judge(server, &collection, &key);
        }
        release(server, graph, &resource, &object);
    }
}

fn drop_finalizer(system: System<'_>, key: &Key, name: &str) {
    system_write(system, key, |old| {
        let mut new = old?.clone();
        new["metadata"]["finalizers"].as_array_mut()?.retain(|finalizer| finalizer != name);
        Some(new)
    });
}

/// Lets an owner go that waits in the foreground, when nothing blocks it any more.
fn release(server: &Arc<Server>, graph: &Graph, resource: &Resource, owner: &Object) {
    let blocked = graph.of(&owner.uid).into_iter().any(|(collection, key)| {
        let Some(dependents) = resource_of(server, &collection) else { return false };
        let Some(object) = server.store.get(&collection, key.text()) else { return false };
        let value = dependents.value(&object);
        let references = value["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
        references.iter().any(|reference| {
            reference["uid"] == *owner.uid && reference["blockOwnerDeletion"] == Value::Bool(true)
        })
    });
    if !blocked {
        drop_finalizer(System { server, resource }, &owner.key, "foregroundDeletion");
    }
}

fn release_owner_by_uid(
    server: &Arc<Server>,
    graph: &Graph,
    collection: &CollectionName,
    object: &Object,
    uid: &str,
) {
    let Some(resource) = resource_of(server, collection) else { return };
    let value = resource.value(object);
    let references = value["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
    let Some(reference) = references.iter().find(|reference| reference["uid"] == *uid) else { return };
    let Ok(Some((resource, owner))) = owner_of(server, reference, object.key.namespace()) else { return };
    let owner_value = resource.value(&owner);
    if owner.terminating && meta::finalizers(&owner_value).contains(&"foregroundDeletion") {
        release(server, graph, &resource, &owner);
    }
}
