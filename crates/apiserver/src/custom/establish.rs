//! From a stored definition to a served kind, and back.

use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::{CLEAN_UP, set_condition};
use super::resource::resources;
use crate::controllers::built_in;
use crate::object::{meta, time};
use crate::registry::Resource;
use crate::server::Server;
use crate::status::{Answer, Status};
use crate::store::{Change, CollectionName, Event};
use crate::verbs::{Call, System, system_remove, system_status, system_write};

const COLLECTION: &str = "apiextensions.k8s.io/customresourcedefinitions";

fn definitions() -> Option<&'static Arc<Resource>> {
    built_in("apiextensions.k8s.io", "customresourcedefinitions")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn holds(value: &Value, kind: &str) -> bool {
    let conditions = value["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// Serves the definitions that are there when a server starts.
pub(crate) fn start(server: &Arc<Server>) {
    let Some(definitions) = definitions() else { return };
    for object in server.store.list(COLLECTION, "") {
        serve(server, &definitions.value(&object));
    }
}

/// Puts the kind of an established definition into the catalog.
fn serve(server: &Server, value: &Value) {
    if holds(value, "Established") {
        server.catalog.replace(
            text(value, "/spec/group"),
            text(value, "/spec/names/plural"),
            resources(value),
        );
    }
}

/// Looks at a change of a definition.
pub(crate) fn look(server: &Arc<Server>, event: &Event) {
    let Some(definitions) = definitions() else { return };
    let value = definitions.value(&event.object);
    if event.change == Change::Deleted {
        if holds(&value, "Established") {
            server.catalog.replace(
                text(&value, "/spec/group"),
                text(&value, "/spec/names/plural"),
                Vec::new(),
            );
        }
        // A name may have become free.
        for other in server.store.list(COLLECTION, "") {
            let value = definitions.value(&other);
            if !holds(&value, "NamesAccepted") {
                accept(server, definitions, &value);
            }
        }
        return;
    }
    let Some(current) = server.store.get(COLLECTION, event.object.key.text()) else { return };
    let value = definitions.value(&current);
    if current.terminating {
        wind_up(server, definitions, &value);
        return;
    }
    accept(server, definitions, &value);
    if let Some(current) = server.store.get(COLLECTION, event.object.key.text()) {
        serve(server, &definitions.value(&current));
    }
}

/// A name that another definition of the group has already: the condition's reason and the name.
fn conflict(server: &Server, definitions: &Resource, value: &Value) -> Option<(&'static str, String)> {
    let (group, own) = (text(value, "/spec/group"), text(value, "/metadata/name"));
    let others: Vec<Value> = server
        .store
        .list(COLLECTION, "")
        .iter()
        .map(|object| definitions.value(object))
        .filter(|other| text(other, "/spec/group") == group && text(other, "/metadata/name") != own)
        .collect();
    let names = &value["spec"]["names"];
    let used = |name: &str| {
        !name.is_empty()
            && others.iter().any(|other| {
                let accepted = &other["status"]["acceptedNames"];
                let short = accepted["shortNames"].as_array().into_iter().flatten();
                accepted["plural"] == name
                    || accepted["singular"] == name
                    || short.into_iter().any(|short| short == name)
            })
    };
    let kind_used = |name: &str| {
        !name.is_empty()
            && others.iter().any(|other| {
                let accepted = &other["status"]["acceptedNames"];
                accepted["kind"] == name || accepted["listKind"] == name
            })
    };
    let name = |member: &str| names[member].as_str().unwrap_or_default().to_owned();
    // The last conflict is the one that is told.
    let mut found = None;
    if used(&name("plural")) {
        found = Some(("PluralConflict", name("plural")));
    }
    if used(&name("singular")) {
        found = Some(("SingularConflict", name("singular")));
    }
    for short in names["shortNames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if used(short) {
            found = Some(("ShortNamesConflict", short.to_owned()));
        }
    }
    if kind_used(&name("kind")) {
        found = Some(("KindConflict", name("kind")));
    }
    if kind_used(&name("listKind")) {
        found = Some(("ListKindConflict", name("listKind")));
    }
    found
}

/// Accepts the names of a definition, or says why not.
fn accept(server: &Arc<Server>, definitions: &Resource, value: &Value) {
    let conflict = conflict(server, definitions, value);
    let now = time::write(server.now());
    let key = crate::store::Key::new("", text(value, "/metadata/name"));
    let system = System { server, resource: definitions };
    system_status(system, &key, "kube-apiserver", |old| {
        let mut new = old.clone();
        match &conflict {
            None => {
                new["status"]["acceptedNames"] = new["spec"]["names"].clone();
                set_condition(&mut new, "NamesAccepted", true, "NoConflicts", "no conflicts found", &now);
                if !holds(&new, "Established") {
                    let message = "the initial names have been accepted";
                    set_condition(&mut new, "Established", true, "InitialNamesAccepted", message, &now);
                }
            }
            Some((reason, name)) => {
                let message = format!("{} is already in use", crate::status::quote(name));
                set_condition(&mut new, "NamesAccepted", false, reason, &message, &now);
                if !holds(&new, "Established") {
                    let plural = new["spec"]["names"]["plural"].clone();
                    new["status"]["acceptedNames"] = json!({"plural": plural, "kind": ""});
                    set_condition(
                        &mut new,
                        "Established",
                        false,
                        "NotAccepted",
                        "not all names are accepted",
                        &now,
                    );
                }
            }
        }
        new
    });
}

fn collection_of(value: &Value) -> String {
    format!("{}/{}", text(value, "/spec/group"), text(value, "/spec/names/plural"))
}

/// Deletes the instances of a definition that goes; when none is left, lets it go.
fn wind_up(server: &Arc<Server>, definitions: &Resource, value: &Value) {
    let collection = collection_of(value);
    let key = crate::store::Key::new("", text(value, "/metadata/name"));
    let system = System { server, resource: definitions };
    if let Some(resource) = server.catalog.of_collection(&collection) {
        for object in server.store.list(&collection, "") {
            system_remove(System { server, resource: &resource }, &object.key, Some(&object.uid));
        }
    }
    let now = time::write(server.now());
    if server.store.list(&collection, "").is_empty() || !holds(value, "Established") {
        system_write(system, &key, |old| {
            let mut new = old?.clone();
            meta::of(&mut new)
                .get_mut("finalizers")?
                .as_array_mut()?
                .retain(|finalizer| finalizer != CLEAN_UP);
            Some(new)
        });
    } else {
        system_write(system, &key, |old| {
            let mut new = old?.clone();
            let message = "CustomResource deletion is in progress";
            set_condition(&mut new, "Terminating", true, "InstanceDeletionInProgress", message, &now);
            Some(new)
        });
    }
}

/// The last instance of a definition that goes takes it along.
pub(crate) fn look_at_instance(server: &Arc<Server>, collection: &CollectionName, event: &Event) {
    if event.change != Change::Deleted {
        return;
    }
    let Some(definitions) = definitions() else { return };
    let Some((group, plural)) = collection.split_once('/') else { return };
    if let Some(object) =
        server.store.get(COLLECTION, &format!("{plural}.{group}")).filter(|object| object.terminating)
    {
        wind_up(server, definitions, &definitions.value(&object));
    }
}

/// Refuses new instances of a definition that goes.
pub(crate) fn check_create(call: &Call<'_>, value: &Value) -> Answer<()> {
    let Some(custom) = &call.resource.custom else { return Ok(()) };
    if server_terminating(call.server, custom.definition_name()) {
        let why = "create not allowed while custom resource definition is terminating";
        let name = meta::text(value, "name");
        return Err(Status::forbidden(&call.resource.group, &call.resource.plural, name, why));
    }
    Ok(())
}

fn server_terminating(server: &Server, name: &str) -> bool {
    server.store.get(COLLECTION, name).is_some_and(|object| object.terminating)
}
