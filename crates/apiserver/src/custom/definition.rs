//! The kind CustomResourceDefinition: what is filled in, and what the server writes into its status.

use serde_json::{Value, json};

use super::validation;
use crate::object::meta;
use crate::registry::{PLAIN, Strategy};

/// Holds a definition until its instances are gone.
pub(super) const CLEAN_UP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The kind CustomResourceDefinition.
pub(crate) const DEFINITION: Strategy = Strategy {
    counts_generation: true,
    deletion_counts: false,
    needs_version: true,
    default,
    prepare_create,
    prepare_update,
    prepare_delete,
    validate: validation::validate,
    warn,
    ..PLAIN
};

/// Formats that nothing checks are told once: when they come.
fn warn(value: &Value, old: Option<&Value>, warnings: &mut Vec<String>) {
    let formats = |value: &Value| -> Vec<String> {
        let versions = value["spec"]["versions"].as_array().into_iter().flatten();
        let schemas = versions.map(|version| &version["schema"]["openAPIV3Schema"]);
        schemas.flat_map(gangplank_merge::structural::unrecognized_formats).collect()
    };
    let before = old.map(formats).unwrap_or_default();
    let new = formats(value).into_iter().filter(|format| !before.contains(format));
    warnings.extend(new.map(|format| format!("unrecognized format {}", crate::status::quote(&format))));
}

fn default(value: &mut Value) {
    let names = &value["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    let names = &mut value["spec"]["names"];
    if names.is_object() {
        if names["singular"].as_str().unwrap_or_default().is_empty() {
            names["singular"] = kind.to_lowercase().into();
        }
        if names["listKind"].as_str().unwrap_or_default().is_empty() && !kind.is_empty() {
            names["listKind"] = format!("{kind}List").into();
        }
    }
    let conversion = &mut value["spec"]["conversion"];
    if conversion.is_null() {
        *conversion = json!({"strategy": "None"});
    }
    if let Some(service) =
        conversion.pointer_mut("/webhook/clientConfig/service").filter(|service| service.is_object())
        && service["port"].is_null()
    {
        service["port"] = 443.into();
    }
}

/// The name of the version that objects are stored as: the first one marked.
fn storage(value: &Value) -> Option<&str> {
    let versions = value["spec"]["versions"].as_array()?;
    versions.iter().find(|version| version["storage"] == true)?["name"].as_str()
}

fn prepare_create(value: &mut Value) {
    let stored: Value = storage(value).map_or(Value::Null, |name| json!([name]));
    value["status"] = json!({
        "conditions": null,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": stored,
    });
}

fn prepare_update(value: &mut Value, _: &Value) {
    let Some(name) = storage(value).map(str::to_owned) else { return };
    let stored = &mut value["status"]["storedVersions"];
    match stored.as_array_mut() {
        Some(list) if list.iter().any(|known| *known == *name) => {}
        Some(list) => list.push(name.into()),
        None => *stored = json!([name]),
    }
}

fn prepare_delete(value: &mut Value, now: &str) {
    let metadata = meta::of(value);
    let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = finalizers.as_array_mut()
        && !list.iter().any(|finalizer| finalizer == CLEAN_UP)
    {
        list.push(CLEAN_UP.into());
    }
    set_condition(
        value,
        "Terminating",
        true,
        "InstanceDeletionPending",
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        now,
    );
}

/// Sets a condition; its time stays where its status does.
pub(super) fn set_condition(
    value: &mut Value,
    kind: &str,
    holds: bool,
    reason: &str,
    message: &str,
    now: &str,
) {
    let status = if holds { "True" } else { "False" };
    let conditions = &mut value["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(list) = conditions.as_array_mut() else { return };
    let new = json!({
        "type": kind,
        "status": status,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    });
    match list.iter_mut().find(|condition| condition["type"] == kind) {
        Some(old) => {
            let time = if old["status"] == status { old["lastTransitionTime"].clone() } else { now.into() };
            *old = new;
            old["lastTransitionTime"] = time;
        }
        None => list.push(new),
    }
}
