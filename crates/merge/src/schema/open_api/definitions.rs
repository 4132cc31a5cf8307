//! The types of a document: those of its resources and all they refer to.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::super::builtin::TABLE;
use super::{Form, Resource};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// What every document has besides its kinds: the bodies of answers and of deletions.
const COMMON: [&str; 6] = ["Status", "DeleteOptions", "Patch", "WatchEvent", "ObjectMeta", "ListMeta"];

/// The table as it is written, and the definitions of kinds by group, version and kind.
struct Table {
    definitions: BTreeMap<String, Value>,
    kinds: BTreeMap<(String, String, String), String>,
}

fn table() -> &'static Table {
    static READ: OnceLock<Table> = OnceLock::new();
    READ.get_or_init(|| {
        let definitions: BTreeMap<String, Value> =
            serde_json::from_str(TABLE).expect("the table is written by xtask and read in a test");
        let mut kinds = BTreeMap::new();
        for (name, schema) in &definitions {
            if let Some([kind]) = schema["x-kubernetes-group-version-kind"].as_array().map(Vec::as_slice) {
                let part = |name: &str| kind[name].as_str().unwrap_or("").to_owned();
                kinds.insert((part("group"), part("version"), part("kind")), name.clone());
            }
        }
        Table { definitions, kinds }
    })
}

/// The name of a kind's definition. Custom kinds are named by their group backwards.
pub(super) fn name_of(group: &str, version: &str, kind: &str, custom: bool) -> String {
    let key = (group.to_owned(), version.to_owned(), kind.to_owned());
    match table().kinds.get(&key) {
        Some(name) if !custom => name.clone(),
        _ => {
            let mut parts: Vec<&str> = group.split('.').rev().filter(|part| !part.is_empty()).collect();
            parts.extend([version, kind]);
            parts.join(".")
        }
    }
}

/// All definitions that some resources reach.
pub(super) fn all(resources: &[Resource], form: Form) -> Map<String, Value> {
    let mut collected = BTreeMap::new();
    let mut wanted: Vec<String> = COMMON.iter().map(|name| format!("{META}{name}")).collect();
    for resource in resources {
        match &resource.custom {
            Some(schema) => {
                let name = resource.definition();
                collected.insert(format!("{name}List"), list_of(resource, &name, form));
                collected.insert(name, custom(resource, schema, form));
            }
            None => {
                let name = resource.definition();
                wanted.push(format!("{name}List"));
                wanted.push(name);
            }
        }
        for subresource in &resource.subresources {
            let (group, version, kind) = &subresource.body;
            wanted.push(name_of(group, version, kind, false));
        }
    }
    while let Some(name) = wanted.pop() {
        if collected.contains_key(&name) {
            continue;
        }
        if let Some(schema) = table().definitions.get(&name) {
            collected.insert(name, builtin(schema, form, &mut wanted));
        }
    }
    collected.into_iter().collect()
}

/// A definition of the table in the form of a document; what it refers to is wanted as well.
fn builtin(schema: &Value, form: Form, wanted: &mut Vec<String>) -> Value {
    let mut out = Map::new();
    let alternatives = schema.get("oneOf").is_some();
    for (key, value) in schema.as_object().into_iter().flatten() {
        match (key.as_str(), form) {
            ("fields", _) => {
                let fields = value.as_array().into_iter().flatten();
                let properties = fields.map(|field| {
                    (field["name"].as_str().unwrap_or("").to_owned(), builtin(field, form, wanted))
                });
                out.insert("properties".to_owned(), Value::Object(properties.collect()));
            }
            ("name" | "go" | "omit", _) => {}
            ("$ref", _) => {
                let name = value.as_str().unwrap_or("");
                let reference = json!({"$ref": form.reference(name)});
                wanted.push(name.to_owned());
                let siblings = schema.as_object().is_some_and(|schema| {
                    schema.keys().any(|key| !matches!(key.as_str(), "$ref" | "name" | "go" | "omit"))
                });
                match (form, siblings, reference) {
                    // Beside other members a reference must be wrapped in v3.
                    (Form::V3, true, reference) => drop(out.insert("allOf".to_owned(), json!([reference]))),
                    (_, _, Value::Object(reference)) => out.extend(reference),
                    _ => {}
                }
            }
            ("items" | "additionalProperties", _) => {
                out.insert(key.clone(), builtin(value, form, wanted));
            }
            // v2 has neither defaults nor alternatives: quantities and the like are texts there.
            ("default" | "oneOf", Form::V2) => {}
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    if alternatives && form == Form::V2 {
        out.insert("type".to_owned(), Value::from("string"));
    }
    Value::Object(out)
}

fn group_version_kind(resource: &Resource, suffix: &str) -> Value {
    json!([{"group": resource.group, "kind": format!("{}{suffix}", resource.kind), "version": resource.version}])
}

/// The definition of a custom kind, with the members that all objects have.
fn custom(resource: &Resource, schema: &Value, form: Form) -> Value {
    let mut schema = match form {
        Form::V3 => schema.clone(),
        Form::V2 => for_v2(schema, true),
    };
    if !schema.is_object() {
        schema = json!({"type": "object"});
    }
    if let Some(members) = schema.as_object_mut() {
        let properties = members.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            for (name, value) in object_members(form, "ObjectMeta") {
                properties.insert(name, value);
            }
        }
        members.insert("x-kubernetes-group-version-kind".to_owned(), group_version_kind(resource, ""));
    }
    schema
}

/// `apiVersion`, `kind` and `metadata`, with the words that the server gives them in every definition.
fn object_members(form: Form, metadata: &str) -> [(String, Value); 3] {
    let reference = json!({"$ref": form.reference(&format!("{META}{metadata}"))});
    [
        ("apiVersion".to_owned(), json!({"type": "string"})),
        ("kind".to_owned(), json!({"type": "string"})),
        ("metadata".to_owned(), reference),
    ]
}

fn list_of(resource: &Resource, name: &str, form: Form) -> Value {
    let mut properties: Map<String, Value> = object_members(form, "ListMeta").into_iter().collect();
    properties.insert("items".to_owned(), json!({"type": "array", "items": {"$ref": form.reference(name)}}));
    json!({
        "type": "object",
        "required": ["items"],
        "properties": properties,
        "x-kubernetes-group-version-kind": group_version_kind(resource, "List"),
    })
}

/// A custom schema as far as v2 can say it; what it can't is left open, so that clients don't refuse what the server takes.
fn for_v2(schema: &Value, root: bool) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let open = (flag("x-kubernetes-preserve-unknown-fields") && !root) || flag("nullable");
    let mut out = Map::new();
    for (key, value) in members {
        let value = match key.as_str() {
            "default" | "nullable" | "allOf" | "anyOf" | "oneOf" | "not" | "x-kubernetes-validations" => {
                continue;
            }
            "properties" | "items" | "additionalProperties" | "required" if open => continue,
            "type" if flag("nullable") || flag("x-kubernetes-int-or-string") => continue,
            "properties" => {
                let inner = value.as_object().into_iter().flatten();
                Value::Object(inner.map(|(name, schema)| (name.clone(), for_v2(schema, false))).collect())
            }
            "items" | "additionalProperties" => for_v2(value, false),
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    Value::Object(out)
}
