//! Whether a live object is as desired.
//!
//! Most are, and that can be told from the two objects: all desired fields stand in the live one, and our field manager
//! owns no field that is not desired. Only where that does not hold is the API server asked, by a dry run of
//! server-side apply, which knows defaults, quantities and merge keys; [`same_after_apply`] judges its answer.

use serde_json::Value;

use crate::FIELD_MANAGER;
use crate::object::ObjectKey;
use crate::object::{at, text};
use crate::spec::IgnoreDifference;

/// The fields of an object whose differences do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    pointers: Vec<String>,
    managers: Vec<String>,
}

impl Ignored {
    /// Collects what the Application's rules say about one object.
    pub fn of(rules: &[IgnoreDifference], key: &ObjectKey) -> Ignored {
        let mut ignored = Ignored::default();
        for rule in rules {
            let fits = |pattern: &str, value: &str| crate::glob::matches(pattern, value);
            let applies = fits(&rule.group, &key.group)
                && fits(&rule.kind, &key.kind)
                && (rule.name.is_empty() || rule.name == key.name)
                && (rule.namespace.is_empty() || rule.namespace == key.namespace);
            if applies {
                ignored.pointers.extend(rule.json_pointers.iter().cloned());
                ignored.managers.extend(rule.managed_fields_managers.iter().cloned());
            }
        }
        ignored
    }

    /// Whether nothing is ignored.
    pub fn is_empty(&self) -> bool {
        self.pointers.is_empty() && self.managers.is_empty()
    }

    /// Removes the ignored fields; `live` says who manages which.
    pub fn remove(&self, object: &mut Value, live: &Value) {
        for pointer in &self.pointers {
            remove_pointer(object, pointer);
        }
        for manager in &self.managers {
            for entry in managed_fields(live).filter(|entry| text(entry, &["manager"]) == manager) {
                if let Some(fields) = entry.get("fieldsV1") {
                    remove_fields(object, fields);
                }
            }
        }
    }

    /// Copies the ignored fields that are live into `target`, so that an apply does not change them.
    pub fn keep_live(&self, target: &mut Value, live: &Value) {
        for pointer in &self.pointers {
            if let Some(value) = live.pointer(pointer)
                && let Some(place) = target.pointer_mut(pointer)
            {
                *place = value.clone();
            }
        }
    }
}

/// Whether the live object can be told to be as desired without asking the API server.
pub fn is_surely_same(target: &Value, live: &Value, ignored: &Ignored) -> bool {
    if ignored.is_empty() {
        return is_applied(target, live, FIELD_MANAGER);
    }
    let (mut target, mut bare) = (target.clone(), live.clone());
    ignored.remove(&mut target, live);
    ignored.remove(&mut bare, live);
    covers(&bare, &target) && owns_nothing_else(&target, live, FIELD_MANAGER)
}

/// Whether `manager` has applied exactly this object already.
pub(crate) fn is_applied(target: &Value, live: &Value, manager: &str) -> bool {
    covers(live, target) && owns_nothing_else(target, live, manager)
}

/// Whether what a dry run of apply gives equals what is live, but for bookkeeping and for what is ignored.
pub fn same_after_apply(applied: &Value, live: &Value, ignored: &Ignored) -> bool {
    let bare = |object: &Value| {
        let mut object = object.clone();
        ignored.remove(&mut object, live);
        if let Some(map) = object.as_object_mut() {
            map.remove("status");
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in
                ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"]
            {
                metadata.remove(field);
            }
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            }
        }
        object
    };
    bare(applied) == bare(live)
}

/// Brings a desired object into the form in which the API server keeps it: no status, no nulls, `data` for `stringData`.
pub(crate) fn normalize(object: &mut Value) {
    drop_nulls(object);
    let is_secret = text(object, &["kind"]) == "Secret" && text(object, &["apiVersion"]) == "v1";
    let Some(map) = object.as_object_mut() else { return };
    map.remove("status");
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in
            ["creationTimestamp", "managedFields", "resourceVersion", "uid", "generation", "selfLink"]
        {
            metadata.remove(field);
        }
    }
    if is_secret && let Some(Value::Object(plain)) = map.remove("stringData") {
        use base64::Engine;
        let data = map.entry("data").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(data) = data.as_object_mut() {
            for (key, value) in plain {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                data.insert(key, base64::engine::general_purpose::STANDARD.encode(value).into());
            }
        }
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Whether all that `wanted` says stands in `have`.
fn covers(have: &Value, wanted: &Value) -> bool {
    match (have, wanted) {
        (Value::Object(have), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| match have.get(key) {
                Some(present) => covers(present, value),
                // An empty map or list is not kept.
                None => match value {
                    Value::Object(map) => map.is_empty(),
                    Value::Array(items) => items.is_empty(),
                    _ => false,
                },
            })
        }
        (Value::Array(have), Value::Array(wanted)) => {
            have.len() == wanted.len() && have.iter().zip(wanted).all(|(have, wanted)| covers(have, wanted))
        }
        (have, wanted) => have == wanted,
    }
}

fn managed_fields(object: &Value) -> impl Iterator<Item = &Value> {
    at(object, &["metadata", "managedFields"]).and_then(Value::as_array).into_iter().flatten()
}

fn owns_nothing_else(target: &Value, live: &Value, manager: &str) -> bool {
    managed_fields(live)
        .filter(|entry| {
            text(entry, &["manager"]) == manager
                && text(entry, &["operation"]) == "Apply"
                && text(entry, &["subresource"]).is_empty()
        })
        .filter_map(|entry| entry.get("fieldsV1"))
        .all(|fields| is_wanted(fields, target))
}

/// Whether every field of a `fieldsV1` set stands in `target`.
fn is_wanted(fields: &Value, target: &Value) -> bool {
    let Some(fields) = fields.as_object() else { return true };
    fields.iter().all(|(path, below)| match child(path, target) {
        Child::Itself => true,
        Child::Found(value) => is_wanted(below, value),
        Child::Missing => false,
    })
}

enum Child<'a> {
    Itself,
    Found(&'a Value),
    Missing,
}

/// Follows one element of a field path (`f:`, `k:`, `v:`, `i:`) into a value.
fn child<'a>(path: &str, value: &'a Value) -> Child<'a> {
    let found = match path.split_once(':') {
        None => return Child::Itself,
        Some(("f", name)) => value.get(name).filter(|value| !value.is_null()),
        Some(("k", key)) => value.as_array().and_then(|items| items.iter().find(|item| has_key(item, key))),
        Some(("v", wanted)) => {
            let wanted: Value = serde_json::from_str(wanted).unwrap_or(Value::Null);
            value.as_array().and_then(|items| items.iter().find(|item| **item == wanted))
        }
        Some((_, index)) => index.parse::<usize>().ok().and_then(|index| value.get(index)),
    };
    found.map_or(Child::Missing, Child::Found)
}

/// Whether a list's item has the key; what it leaves to a default (a port's protocol) is taken to agree.
fn has_key(item: &Value, key: &str) -> bool {
    let key: Value = serde_json::from_str(key).unwrap_or(Value::Null);
    key.as_object().is_some_and(|key| {
        key.iter().all(|(name, value)| item.get(name).is_none_or(|present| present == value))
            && key.keys().any(|name| item.get(name).is_some())
    })
}

fn remove_pointer(object: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let last = last.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&last);
        }
        Some(Value::Array(items)) => {
            if let Ok(index) = last.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}

fn remove_fields(object: &mut Value, fields: &Value) {
    let Some(fields) = fields.as_object() else { return };
    for (path, below) in fields {
        let Some((kind, name)) = path.split_once(':') else { continue };
        let is_leaf = below.as_object().is_none_or(serde_json::Map::is_empty);
        match (kind, &mut *object) {
            ("f", Value::Object(map)) if is_leaf => {
                map.remove(name);
            }
            ("f", Value::Object(map)) => {
                if let Some(value) = map.get_mut(name) {
                    remove_fields(value, below);
                }
            }
            ("k", Value::Array(items)) => {
                if let Some(item) = items.iter_mut().find(|item| has_key(item, name)) {
                    remove_fields(item, below);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn managed(fields: Value) -> Value {
        json!([{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}])
    }

    #[track_caller]
    fn check(target: Value, live: Value, expect: bool) {
        assert_eq!(is_surely_same(&target, &live, &Ignored::default()), expect, "{target} {live}");
    }

    #[test]
    fn what_is_desired_must_stand_and_nothing_else_be_owned() {
        check(json!({"data": {"a": "1"}}), json!({"data": {"a": "1", "b": "2"}}), true);
        check(json!({"data": {"a": "1"}}), json!({"data": {"a": "2"}}), false);
        check(json!({"spec": {"list": [1, 2]}}), json!({"spec": {"list": [1]}}), false);
        check(json!({"spec": {}}), json!({}), true);
        let owned = managed(json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}}));
        check(
            json!({"data": {"a": "1"}}),
            json!({"data": {"a": "1", "b": "2"}, "metadata": {"managedFields": owned}}),
            false,
        );
        let ports =
            managed(json!({"f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}}));
        check(
            json!({"ports": [{"port": 80}]}),
            json!({"ports": [{"port": 80, "protocol": "TCP"}], "metadata": {"managedFields": ports}}),
            true,
        );
    }

    #[test]
    fn ignored_fields_do_not_count() {
        let rule: IgnoreDifference = serde_json::from_value(
            json!({"group": "apps", "kind": "*", "jsonPointers": ["/spec/replicas", "/metadata/annotations/a~1b"]}),
        )
        .unwrap();
        let key = ObjectKey {
            group: "apps".into(),
            kind: "Deployment".into(),
            namespace: "n".into(),
            name: "d".into(),
        };
        let ignored = Ignored::of(&[rule], &key);
        let target = json!({"spec": {"replicas": 1}, "metadata": {"annotations": {"a/b": "x"}}});
        let live = json!({"spec": {"replicas": 5}, "metadata": {"annotations": {}}});
        assert!(is_surely_same(&target, &live, &ignored));
        assert!(same_after_apply(&target, &live, &ignored));
        let mut kept = target.clone();
        ignored.keep_live(&mut kept, &live);
        assert_eq!(kept["spec"]["replicas"], 5);
        let other = ObjectKey { group: String::new(), ..key };
        assert!(Ignored::of(&[], &other).is_empty());
    }

    #[test]
    fn ignored_managers_do_not_count() {
        let rule: IgnoreDifference =
            serde_json::from_value(json!({"group": "*", "kind": "*", "managedFieldsManagers": ["hpa"]}))
                .unwrap();
        let key = ObjectKey {
            group: "apps".into(),
            kind: "Deployment".into(),
            namespace: "n".into(),
            name: "d".into(),
        };
        let managed =
            json!([{"manager": "hpa", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
        let live = json!({"spec": {"replicas": 5}, "metadata": {"managedFields": managed}});
        assert!(is_surely_same(&json!({"spec": {"replicas": 1}}), &live, &Ignored::of(&[rule], &key)));
    }

    #[test]
    fn desired_objects_are_brought_into_stored_form() {
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "status": {}, "metadata": {"creationTimestamp": null, "name": "s"},
            "stringData": {"a": "x"}, "data": {"a": "b2xk", "b": "eQ=="},
        });
        normalize(&mut secret);
        assert_eq!(
            secret,
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA==", "b": "eQ=="}})
        );
    }
}
