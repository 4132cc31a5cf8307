//! Reads schemas.

use serde_json::Value;

use super::formats::Format;
use super::rules::Rule;
use super::{Additional, Limits, ListKind, Node};
use crate::pattern::Pattern;

/// Nested deeper than this a schema restricts nothing.
const MAX_DEPTH: usize = 200;

pub(super) fn node(schema: &Value, depth: usize) -> Node {
    if depth >= MAX_DEPTH || !schema.is_object() {
        return Node::default();
    }
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let list = |name: &str| -> Vec<Node> {
        let schemas = schema.get(name).and_then(Value::as_array);
        schemas.into_iter().flatten().map(|schema| node(schema, depth + 1)).collect()
    };
    let types = match schema.get("type").and_then(Value::as_str).and_then(type_name) {
        Some(name) => vec![name],
        None if flag("x-kubernetes-int-or-string") => vec!["integer", "string"],
        None => Vec::new(),
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    let (format, text_format) = format(schema, &types);
    Node {
        format,
        text_format,
        types,
        nullable: flag("nullable"),
        default: schema.get("default").filter(|default| !default.is_null()).cloned(),
        preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
        embedded: flag("x-kubernetes-embedded-resource"),
        resource: flag("x-kubernetes-embedded-resource"),
        list: list_kind(schema),
        properties: properties
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str().into(), node(schema, depth + 1)))
            .collect(),
        additional: match schema.get("additionalProperties") {
            Some(Value::Bool(allowed)) => Some(Additional::Allowed(*allowed)),
            Some(Value::Object(_)) => {
                Some(Additional::Schema(Box::new(node(&schema["additionalProperties"], depth + 1))))
            }
            _ => None,
        },
        items: schema
            .get("items")
            .filter(|items| items.is_object())
            .map(|items| Box::new(node(items, depth + 1))),
        limits: limits(schema),
        all_of: list("allOf"),
        any_of: list("anyOf"),
        one_of: list("oneOf"),
        rules: schema
            .get("x-kubernetes-validations")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(Rule::read)
            .collect(),
        not: schema.get("not").filter(|not| not.is_object()).map(|not| Box::new(node(not, depth + 1))),
    }
}

fn type_name(name: &str) -> Option<&'static str> {
    ["object", "array", "string", "integer", "number", "boolean", "null"]
        .into_iter()
        .find(|known| *known == name)
}

/// The format as far as it means anything for the type: unknown ones are ignored.
fn format(schema: &Value, types: &[&'static str]) -> (Option<Box<str>>, Option<Format>) {
    let Some(format) = schema.get("format").and_then(Value::as_str).filter(|format| !format.is_empty())
    else {
        return (None, None);
    };
    let text = Format::find(format);
    let known = match types {
        ["integer"] => matches!(format, "int32" | "int64"),
        ["number"] => matches!(format, "float" | "double"),
        [] | ["string"] | [_, _, ..] => text.is_some(),
        [_] => false,
    };
    if known { (Some(format.into()), text) } else { (None, None) }
}

fn list_kind(schema: &Value) -> ListKind {
    match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => ListKind::Set,
        Some("map") => ListKind::Map(texts(schema.get("x-kubernetes-list-map-keys"))),
        _ => ListKind::Atomic,
    }
}

fn texts(value: Option<&Value>) -> Vec<Box<str>> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(Box::from).collect()
}

fn limits(schema: &Value) -> Limits {
    let whole = |name: &str| schema.get(name).and_then(Value::as_i64);
    let number = |name: &str| schema.get(name).and_then(Value::as_f64);
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    Limits {
        max_length: whole("maxLength"),
        min_length: whole("minLength"),
        pattern: schema
            .get("pattern")
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(Pattern::new),
        maximum: number("maximum"),
        exclusive_maximum: flag("exclusiveMaximum"),
        minimum: number("minimum"),
        exclusive_minimum: flag("exclusiveMinimum"),
        multiple_of: number("multipleOf"),
        max_items: whole("maxItems"),
        min_items: whole("minItems"),
        unique_items: flag("uniqueItems"),
        max_properties: whole("maxProperties"),
        min_properties: whole("minProperties"),
        required: texts(schema.get("required")),
        allowed: schema.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
    }
}
