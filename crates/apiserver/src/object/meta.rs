//! `metadata`: what the server sets, what it checks, what it keeps.

use serde_json::{Map, Value};

use super::names::{self, NameRule};
use crate::status::{FieldError, element};

/// All annotations of an object together may have this many bytes.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Members of `metadata` that are lists or maps and vanish when empty.
const COLLECTIONS: [&str; 5] = ["labels", "annotations", "ownerReferences", "finalizers", "managedFields"];

/// The metadata as a map; made if it is not there.
pub(crate) fn of(object: &mut Value) -> &mut Map<String, Value> {
    if !object.get("metadata").is_some_and(Value::is_object) {
        object["metadata"] = Value::Object(Map::new());
    }
    match &mut object["metadata"] {
        Value::Object(map) => map,
        _ => unreachable!("set to an object above"),
    }
}

/// A text member of the metadata.
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object["metadata"][member].as_str().unwrap_or_default()
}

/// The finalizers.
pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether deletion has begun.
pub(crate) fn terminating(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some_and(|value| !value.is_null())
}

/// Drops members that are empty, null, or no longer served, so that equal objects have equal text.
pub(crate) fn tidy(object: &mut Value) {
    let metadata = of(object);
    metadata.remove("selfLink");
    metadata.retain(|key, value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty() || !COLLECTIONS.contains(&key.as_str()),
        Value::Number(number) => key != "generation" || number.as_i64() != Some(0),
        Value::Bool(_) => true,
    });
}

/// Merges owner references that name the same owner twice, as the real server does; the uids of those.
pub(crate) fn merge_owners(object: &mut Value) -> Vec<String> {
    let Some(owners) = object["metadata"].get_mut("ownerReferences").and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let (mut seen, mut doubled): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for owner in owners.drain(..) {
        if seen.contains(&owner) {
            let uid = owner["uid"].as_str().unwrap_or_default().to_owned();
            if !doubled.contains(&uid) {
                doubled.push(uid);
            }
        } else {
            seen.push(owner);
        }
    }
    *owners = seen;
    doubled
}

fn each(errors: &mut Vec<FieldError>, field: &str, value: &str, reasons: Vec<String>) {
    errors.extend(reasons.into_iter().map(|why| FieldError::invalid_text(field, value, &why)));
}

/// What is wrong with the metadata of a new object. `path` is where the metadata stands.
pub(crate) fn validate(
    object: &Value,
    path: &str,
    rule: Option<NameRule>,
    namespaced: bool,
) -> Vec<FieldError> {
    let metadata = &object["metadata"];
    let at = |member: &str| format!("{path}.{member}");
    let mut errors = Vec::new();
    if let Some(rule) = rule {
        let (name, generate) = (text(object, "name"), text(object, "generateName"));
        if !generate.is_empty() {
            each(&mut errors, &at("generateName"), generate, rule.check(generate, true));
        }
        if name.is_empty() {
            errors.push(FieldError::required(at("name"), "name or generateName is required"));
        } else {
            each(&mut errors, &at("name"), name, rule.check(name, false));
        }
        let namespace = text(object, "namespace");
        if namespaced {
            if namespace.is_empty() {
                errors.push(FieldError::required(at("namespace"), ""));
            } else {
                each(&mut errors, &at("namespace"), namespace, names::label(namespace));
            }
        } else if !namespace.is_empty() {
            errors.push(FieldError::forbidden(at("namespace"), "not allowed on this type"));
        }
        if metadata["generation"].as_i64().is_some_and(|generation| generation < 0) {
            let why = "must be greater than or equal to 0";
            errors.push(FieldError::invalid(at("generation"), &metadata["generation"], why));
        }
    }
    errors.extend(labels(&metadata["labels"], &at("labels")));
    errors.extend(annotations(&metadata["annotations"], &at("annotations")));
    if rule.is_some() {
        errors.extend(owners(&metadata["ownerReferences"], &at("ownerReferences")));
        errors.extend(validate_finalizers(&metadata["finalizers"], &at("finalizers")));
    }
    errors
}

/// What is wrong with the metadata of an object within an object: a name only where there is one.
pub(crate) fn validate_embedded(object: &Value, path: &str, rule: NameRule) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (member, prefix) in [("generateName", true), ("name", false)] {
        let name = text(object, member);
        if !name.is_empty() {
            each(&mut errors, &format!("{path}.{member}"), name, rule.check(name, prefix));
        }
    }
    let namespace = text(object, "namespace");
    if !namespace.is_empty() {
        each(&mut errors, &format!("{path}.namespace"), namespace, names::label(namespace));
    }
    errors.extend(validate(object, path, None, false));
    errors
}

/// What is wrong with labels.
pub(crate) fn labels(labels: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        each(&mut errors, path, key, names::qualified(key));
        let value = value.as_str().unwrap_or_default();
        each(&mut errors, path, value, names::label_value(value));
    }
    errors
}

fn annotations(annotations: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        each(&mut errors, path, key, names::qualified(&key.to_lowercase()));
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > MAX_ANNOTATIONS {
        errors.push(FieldError::too_long(path, MAX_ANNOTATIONS));
    }
    errors
}

fn owners(owners: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut controller: Option<String> = None;
    for owner in owners.as_array().into_iter().flatten() {
        // The real server names the list, not the element.
        let at = path;
        let get = |key: &str| owner[key].as_str().unwrap_or_default();
        let api = get("apiVersion");
        if api.matches('/').count() > 1 {
            let why = format!("unexpected GroupVersion string: {api}");
            errors.push(FieldError::invalid_text(format!("{at}.apiVersion"), api, &why));
        } else if api.is_empty() || api.ends_with('/') {
            errors.push(FieldError::invalid_text(
                format!("{at}.apiVersion"),
                api,
                "version must not be empty",
            ));
        }
        for (key, why) in
            [("kind", "must not be empty"), ("name", "must not be empty"), ("uid", "must not be empty")]
        {
            if get(key).is_empty() {
                errors.push(FieldError::invalid_text(format!("{at}.{key}"), "", why));
            }
        }
        if owner["controller"] == Value::Bool(true) {
            if let Some(other) = &controller {
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
                    other,
                    describe(owner)
                );
                errors.push(FieldError::invalid_raw(path, &crate::status::shown(owners), &why));
            } else {
                controller = Some(describe(owner));
            }
        }
    }
    errors
}

fn describe(owner: &Value) -> String {
    format!("{}/{}", owner["kind"].as_str().unwrap_or_default(), owner["name"].as_str().unwrap_or_default())
}

/// Finalizers without a domain that are none of the system's own: built-in kinds refuse them.
pub(crate) fn finalizer_names(object: &Value, path: &str) -> Vec<FieldError> {
    let standard = |name: &str| matches!(name, "kubernetes" | "orphan" | "foregroundDeletion");
    let wrong =
        finalizers(object).into_iter().enumerate().filter(|(_, name)| !name.contains('/') && !standard(name));
    wrong
        .map(|(index, name)| {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            FieldError::invalid_text(element(&format!("{path}.finalizers"), index), name, why)
        })
        .collect()
}

fn validate_finalizers(finalizers: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (mut orphan, mut foreground) = (false, false);
    for finalizer in finalizers.as_array().into_iter().flatten().filter_map(Value::as_str) {
        each(&mut errors, path, finalizer, names::qualified(finalizer));
        orphan |= finalizer == "orphan";
        foreground |= finalizer == "foregroundDeletion";
    }
    if orphan && foreground {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid_raw(path, &finalizers.to_string(), why));
    }
    errors
}

/// What is wrong with a change of metadata.
pub(crate) fn validate_update(new: &Value, old: &Value, path: &str) -> Vec<FieldError> {
    let at = |member: &str| format!("{path}.{member}");
    let (before, after) = (&old["metadata"], &new["metadata"]);
    let mut errors = Vec::new();
    if terminating(old) {
        let old_finalizers = finalizers(old);
        let added: Vec<&str> = finalizers(new).into_iter().filter(|f| !old_finalizers.contains(f)).collect();
        if !added.is_empty() {
            let mut sorted = added;
            sorted.sort_unstable();
            let list = sorted.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>().join(", ");
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}"
            );
            errors.push(FieldError::forbidden(at("finalizers"), &why));
        }
    }
    if before["generation"].as_i64().unwrap_or(0) > after["generation"].as_i64().unwrap_or(0) {
        let why = "must not be decremented";
        errors.push(FieldError::invalid(at("generation"), &after["generation"], why));
    }
    for member in
        ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"]
    {
        let (was, is) = (before.get(member), after.get(member));
        if was != is {
            let null = Value::Null;
            errors.push(FieldError::invalid(at(member), is.unwrap_or(&null), "field is immutable"));
        }
    }
    errors.extend(labels(&after["labels"], &at("labels")));
    errors.extend(annotations(&after["annotations"], &at("annotations")));
    errors.extend(owners(&after["ownerReferences"], &at("ownerReferences")));
    errors
}

/// Sorts managed fields as they are told: by operation, time (none first), manager, version, subresource.
pub(crate) fn sort_managers(object: &mut Value) {
    let Some(entries) = object["metadata"].get_mut("managedFields").and_then(Value::as_array_mut) else {
        return;
    };
    entries.sort_by_cached_key(|entry| {
        let text = |member: &str| entry[member].as_str().unwrap_or_default().to_owned();
        (text("operation"), text("time"), text("manager"), text("apiVersion"), text("subresource"))
    });
}
