use serde_json::{Value, json};

use super::{ListRelation, Schema, builtin, fill, zero};

fn kind(group: &str, version: &str, kind: &str) -> Schema {
    builtin().kind(group, version, kind).expect("a built-in kind")
}

/// The types under a path of fields and `[]` for elements.
fn list_at(schema: &Schema, path: &str) -> ListRelation {
    let mut node = schema.root();
    for part in path.split('.') {
        node = match part {
            "[]" => node.items(node.ty().list.as_ref().expect("a list")),
            name => node.field(name).expect("a field").1,
        };
    }
    node.list.as_ref().expect("a list").relation.clone()
}

#[test]
fn lists_of_built_in_kinds() {
    let keys = |keys: &[&str]| ListRelation::Map(keys.iter().map(|key| Box::from(*key)).collect());
    let pod = kind("", "v1", "Pod");
    assert_eq!(list_at(&pod, "spec.containers"), keys(&["name"]));
    assert_eq!(list_at(&pod, "spec.containers.[].ports"), keys(&["containerPort", "protocol"]));
    assert_eq!(list_at(&pod, "spec.containers.[].args"), ListRelation::Atomic);
    assert_eq!(list_at(&pod, "metadata.finalizers"), ListRelation::Set);
    assert_eq!(list_at(&pod, "metadata.ownerReferences"), keys(&["uid"]));
    assert!(kind("apps", "v1", "StatefulSet").root().field("spec").is_some_and(|(_, spec)| {
        spec.field("selector")
            .is_some_and(|(_, selector)| selector.map.as_ref().is_some_and(|map| map.atomic))
    }));
}

#[test]
fn every_reference_of_the_table_is_found() {
    fn check(value: &Value) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(name)) = map.get("$ref") {
                    assert!(builtin().definition(name).is_some(), "{name}");
                }
                map.values().for_each(check);
            }
            Value::Array(list) => list.iter().for_each(check),
            _ => {}
        }
    }
    check(&serde_json::from_str(super::builtin::TABLE).expect("JSON"));
}

#[test]
fn go_form() {
    assert_eq!(zero(kind("", "v1", "ConfigMap").root()), json!({"metadata": {}}));
    assert_eq!(
        zero(kind("apps", "v1", "StatefulSet").root()),
        json!({
            "metadata": {},
            "spec": {
                "selector": null,
                "serviceName": "",
                "template": {"metadata": {}, "spec": {"containers": null}},
                "updateStrategy": {},
            },
            "status": {"availableReplicas": 0, "replicas": 0},
        })
    );
    let mut value = json!({
        "metadata": {"name": "a", "labels": {}, "creationTimestamp": null, "unknown": 1},
        "data": {"a": null, "b": "1"},
        "immutable": false,
    });
    fill(kind("", "v1", "ConfigMap").root(), &mut value);
    assert_eq!(value, json!({"metadata": {"name": "a"}, "data": {"a": "", "b": "1"}, "immutable": false}));
}

#[test]
fn custom_resources() {
    let schema = Schema::of_custom_resource(&json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "list": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["id"],
                        "items": {"type": "object", "properties": {"id": {"type": "integer", "default": 1}}},
                    },
                    "whole": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "additionalProperties": {"type": "string"},
                    },
                    "inner": {"type": "object", "x-kubernetes-embedded-resource": true},
                },
            },
        },
    }));
    let (_, spec) = schema.root().field("spec").expect("spec");
    let map = |name: &str| spec.field(name).expect("a field").1.ty().map.clone().expect("a map");
    assert!(map("open").values.is_some());
    assert!(map("whole").atomic);
    assert!(map("inner").fields.contains_key("metadata"));
    assert_eq!(list_at(&schema, "spec.list"), ListRelation::Map(Box::new(["id".into()])));
    assert_eq!(list_at(&schema, "metadata.finalizers"), ListRelation::Set);
    assert!(schema.root().field("status").is_none());
}
