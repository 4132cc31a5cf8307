//! The invariants of structural schemas.

use serde_json::{Map, Value, json};

use super::{FieldError, Reason, flag, has_additional, inner, list, properties, text};
use crate::pattern;

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Whether a schema uses what no structural schema can have: it is refused for that alone.
pub(super) fn is_foreign(schema: &Value) -> bool {
    let names =
        ["id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions"];
    let used = |name: &str| match schema.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(map)) => !map.is_empty() || name == "additionalItems",
        Some(_) => true,
    };
    names.into_iter().any(used)
        || schema.get("items").is_some_and(Value::is_array)
        || schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false))
        || children(schema).any(is_foreign)
}

/// All schemas directly inside a schema.
pub(super) fn children(schema: &Value) -> impl Iterator<Item = &Value> {
    let junctors = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|name| list(schema, name));
    let single = ["items", "additionalProperties", "not"].into_iter().filter_map(|name| inner(schema, name));
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    junctors.chain(single).chain(properties)
}

/// The errors of a schema, sorted.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    invariants(schema, Level::Root, path, &mut errors);
    complete(schema, Some(schema), path, path, &mut errors);
    errors.sort_by_key(ToString::to_string);
    errors
}

fn invariants(schema: &Value, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    let kind = text(schema, "type");
    let embedded = flag(schema, "x-kubernetes-embedded-resource");
    let preserve = flag(schema, "x-kubernetes-preserve-unknown-fields");
    let int_or_string = flag(schema, "x-kubernetes-int-or-string");
    let mut say = |reason, name: &str, detail: &str| {
        errors.push(FieldError::bare(reason, format!("{path}.{name}"), detail));
    };
    if kind == "array" && inner(schema, "items").is_none() {
        say(Reason::Required, "items", "must be specified");
    }
    if has_additional(schema) {
        if level == Level::Root {
            say(Reason::Forbidden, "additionalProperties", "must not be used at the root");
        }
        if embedded {
            let detail = "must not be used if x-kubernetes-embedded-resource is set";
            say(Reason::Forbidden, "additionalProperties", detail);
        }
    }
    if kind.is_empty() && !embedded && !int_or_string && !preserve {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        say(Reason::Required, "type", detail);
    }
    if embedded && !preserve && properties(schema).is_empty() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        say(Reason::Required, "properties", detail);
    }
    let detail = "must be object if x-kubernetes-embedded-resource is true";
    if embedded && kind.is_empty() {
        say(Reason::Required, "type", detail);
    } else if embedded && kind != "object" {
        errors.push(FieldError::new(Reason::Invalid, format!("{path}.type"), &Value::from(kind), detail));
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        let detail = "must be object at the root";
        errors.push(FieldError::new(Reason::Invalid, format!("{path}.type"), &Value::from(kind), detail));
    }
    for (name, set) in
        [("x-kubernetes-preserve-unknown-fields", preserve), ("x-kubernetes-embedded-resource", embedded)]
    {
        if int_or_string && set {
            let detail = "must be false if x-kubernetes-int-or-string is true";
            errors.push(FieldError::new(
                Reason::Invalid,
                format!("{path}.{name}"),
                &Value::Bool(true),
                detail,
            ));
        }
    }
    if let Some(items) = inner(schema, "items") {
        invariants(items, Level::Item, &format!("{path}.items"), errors);
    }
    for (name, property) in properties(schema) {
        invariants(property, Level::Field, &format!("{path}.properties[{name}]"), errors);
    }
    if let Some(additional) = inner(schema, "additionalProperties") {
        invariants(additional, Level::Field, &format!("{path}.additionalProperties"), errors);
    }
    let skip = (is_int_or_string(list(schema, "anyOf")), first_of_all_is_int_or_string(schema));
    value_rules(schema, skip, level, path, errors);
    metadata_rules(schema, level, path, errors);
}

/// The junctors that stand for "a number or a text".
fn is_int_or_string(any_of: &[Value]) -> bool {
    any_of == [json!({"type": "integer"}), json!({"type": "string"})]
}

fn first_of_all_is_int_or_string(schema: &Value) -> bool {
    list(schema, "allOf").first().is_some_and(|first| is_int_or_string(list(first, "anyOf")))
}

/// What kind, apiVersion and metadata may say where a resource is described.
fn metadata_rules(schema: &Value, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    let resource = level == Level::Root || flag(schema, "x-kubernetes-embedded-resource");
    let Some(all) = schema.get("properties").and_then(Value::as_object) else { return };
    for name in ["kind", "apiVersion"] {
        if let Some(property) =
            all.get(name).filter(|property| resource && text(property, "type") != "string")
        {
            let field = format!("{path}.properties[{name}].type");
            let kind = Value::from(text(property, "type"));
            errors.push(FieldError::new(Reason::Invalid, field, &kind, "must be string"));
        }
    }
    let Some(metadata) = all.get("metadata") else { return };
    let path = format!("{path}.properties[metadata]");
    if resource && text(metadata, "type") != "object" {
        let kind = Value::from(text(metadata, "type"));
        errors.push(FieldError::new(Reason::Invalid, format!("{path}.type"), &kind, "must be object"));
    }
    if level == Level::Root {
        let mut rest = metadata.as_object().cloned().unwrap_or_default();
        let only_names =
            properties(metadata).iter().all(|(name, _)| matches!(name.as_str(), "name" | "generateName"));
        if only_names {
            rest.remove("properties");
        }
        rest.remove("type");
        rest.remove("default");
        if !rest.is_empty() {
            let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            errors.push(FieldError::bare(Reason::Forbidden, path, detail));
        }
    }
}

/// Junctors and patterns. `skip` says that `anyOf`, and the `anyOf` of the first of `allOf`, are the two known ones.
fn value_rules(schema: &Value, skip: (bool, bool), level: Level, path: &str, errors: &mut Vec<FieldError>) {
    for name in ["anyOf", "allOf", "oneOf"] {
        if name == "anyOf" && skip.0 {
            continue;
        }
        for (index, one) in list(schema, name).iter().enumerate() {
            let skip = name == "allOf" && index == 0 && skip.1;
            nested(one, skip, level, &format!("{path}.{name}[{index}]"), errors);
        }
    }
    if let Some(not) = inner(schema, "not") {
        nested(not, false, level, &format!("{path}.not"), errors);
    }
    let text = text(schema, "pattern");
    if let Some(error) = pattern::compile(text).err().filter(|_| !text.is_empty()) {
        let detail =
            format!("must be a valid regular expression, but isn't: {}", pattern::go_error(text, &error));
        errors.push(FieldError::new(Reason::Invalid, format!("{path}.pattern"), &Value::from(text), detail));
    }
}

/// Inside a junctor only values may be restricted; what they are must be said outside.
fn nested(schema: &Value, skip_any_of: bool, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    value_rules(schema, (skip_any_of, false), level, path, errors);
    if let Some(items) = inner(schema, "items") {
        nested(items, false, level, &format!("{path}.items"), errors);
    }
    for (name, property) in properties(schema) {
        nested(property, false, Level::Field, &format!("{path}.properties[{name}]"), errors);
    }
    let mut forbid = |name: &str, state: &str| {
        errors.push(FieldError::bare(
            Reason::Forbidden,
            format!("{path}.{name}"),
            format!("must be {state} to be structural"),
        ));
    };
    let given = |name: &str| !text(schema, name).is_empty();
    if given("type") {
        forbid("type", "empty");
    }
    if inner(schema, "additionalProperties").is_some() || flag(schema, "additionalProperties") {
        forbid("additionalProperties", "undefined");
    }
    if schema.get("default").is_some_and(|default| !default.is_null()) {
        forbid("default", "undefined");
    }
    for name in ["title", "description"] {
        if given(name) {
            forbid(name, "empty");
        }
    }
    for name in [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ] {
        if flag(schema, name) {
            forbid(name, "false");
        }
    }
    if !list(schema, "x-kubernetes-list-map-keys").is_empty() {
        forbid("x-kubernetes-list-map-keys", "empty");
    }
    for name in ["x-kubernetes-list-type", "x-kubernetes-map-type"] {
        if given(name) {
            forbid(name, "undefined");
        }
    }
    if !list(schema, "x-kubernetes-validations").is_empty() {
        forbid("x-kubernetes-validations", "empty");
    }
    if schema.get("properties").is_some_and(|properties| properties.get("metadata").is_some()) {
        let field = format!("{path}.properties[metadata]");
        errors.push(FieldError::bare(Reason::Forbidden, field, "must not be specified in a nested context"));
    }
}

/// What junctors restrict must be declared outside of them.
fn complete(values: &Value, schema: Option<&Value>, at: &str, from: &str, errors: &mut Vec<FieldError>) {
    let mut junctors: Vec<(String, &Value)> = Vec::new();
    junctors.extend(inner(values, "not").map(|not| (format!("{from}.not"), not)));
    for name in ["allOf", "anyOf", "oneOf"] {
        let all = list(values, name).iter().enumerate();
        junctors.extend(all.map(|(index, one)| (format!("{from}.{name}[{index}]"), one)));
    }
    for (from, one) in junctors {
        complete_nested(one, schema, at, &from, errors);
    }
}

fn complete_nested(
    values: &Value,
    schema: Option<&Value>,
    at: &str,
    from: &str,
    errors: &mut Vec<FieldError>,
) {
    let Some(schema) = schema else {
        errors.push(FieldError::bare(Reason::Required, at, format!("because it is defined in {from}")));
        return;
    };
    complete(values, Some(schema), at, from, errors);
    if let Some(items) = inner(values, "items") {
        complete_nested(
            items,
            inner(schema, "items"),
            &format!("{at}.items"),
            &format!("{from}.items"),
            errors,
        );
    }
    for (name, property) in properties(values) {
        let declared = schema.get("properties").and_then(|all| all.get(name));
        let (at, from) = (format!("{at}.properties[{name}]"), format!("{from}.properties[{name}]"));
        complete_nested(property, declared, &at, &from, errors);
    }
}
