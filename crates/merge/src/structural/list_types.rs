//! Lists that are sets or maps hold nothing twice.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{FieldError, ListKind, Node, Reason};

/// The errors of all lists of an object.
pub(super) fn validate(root: &Node, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(root, object, &mut String::new(), &mut errors);
    errors
}

fn visit(node: &Node, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
    let before = path.len();
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let Some(property) = node.properties.get(key.as_str()) {
                    let dot = if before > 0 { "." } else { "" };
                    path.push_str(&format!("{dot}{key}"));
                    visit(property, value, path, errors);
                    path.truncate(before);
                }
                if let Some(super::Additional::Schema(inner)) = &node.additional {
                    path.push_str(&format!("[{key}]"));
                    visit(inner, value, path, errors);
                    path.truncate(before);
                }
            }
        }
        Value::Array(elements) => {
            match &node.list {
                ListKind::Atomic => {}
                ListKind::Set => {
                    for index in repeated(elements.iter()) {
                        let field = format!("{path}[{index}]");
                        errors.push(FieldError::new(Reason::Duplicate, field, &elements[index], ""));
                    }
                }
                ListKind::Map(keys) => errors.extend(map_errors(elements, keys, path)),
            }
            if let Some(items) = &node.items {
                for (index, element) in elements.iter().enumerate() {
                    path.push_str(&format!("[{index}]"));
                    visit(items, element, path, errors);
                    path.truncate(before);
                }
            }
        }
        _ => {}
    }
}

fn map_errors(elements: &[Value], keys: &[Box<str>], path: &str) -> Vec<FieldError> {
    if let Some(index) = elements.iter().position(|element| !element.is_null() && !element.is_object()) {
        let detail = "must be an object for an array of list-type map";
        return vec![FieldError::new(Reason::Invalid, format!("{path}[{index}]"), &elements[index], detail)];
    }
    let identity = |element: &Value| -> Value {
        let named = keys.iter().filter_map(|key| Some((key.to_string(), element.get(key.as_ref())?.clone())));
        Value::Object(named.collect::<Map<_, _>>())
    };
    let identities: Vec<Value> = elements.iter().map(identity).collect();
    let errors = repeated(identities.iter())
        .into_iter()
        .map(|index| FieldError::new(Reason::Duplicate, format!("{path}[{index}]"), &identities[index], ""));
    errors.collect()
}

/// The places of second appearances; a third one is not told.
fn repeated<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<usize> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut out = Vec::new();
    for (index, value) in values.enumerate() {
        let times = seen.entry(value.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            out.push(index);
        }
    }
    out
}
