//! Resources inside resources: their kind and metadata.

use serde_json::Value;

use super::{Checks, FieldError, Node, Reason};
use crate::go_text;
use crate::schema::{builtin, decode};

/// Metadata of an embedded resource that can't be read. Shown as the real server shows it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct MetadataError(pub FieldError);

/// Drops unknown metadata of embedded resources; the paths of what was dropped, sorted.
pub(super) fn coerce(root: &Node, object: &mut Value) -> Result<Vec<String>, MetadataError> {
    let mut dropped = Vec::new();
    visit(root, object, "", &mut |path, resource| {
        for name in ["apiVersion", "kind"] {
            if let Some(value) = resource.get(name).filter(|value| !value.is_string()) {
                return Err(invalid(path, name, value, "must be a string"));
            }
        }
        let Some(metadata) = resource.get_mut("metadata") else { return Ok(()) };
        let Some(schema) = builtin().definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta") else {
            return Ok(());
        };
        let decoded = decode::check(schema.root(), metadata);
        if let Some(message) = decoded.error {
            return Err(invalid(path, "metadata", metadata, &message));
        }
        dropped.extend(
            decoded.unknown.into_iter().map(|unknown| format!("{}.{unknown}", join(path, "metadata"))),
        );
        crate::schema::fill(schema.root(), metadata);
        Ok(())
    })?;
    dropped.sort();
    Ok(dropped)
}

fn invalid(path: &str, name: &str, value: &Value, detail: &str) -> MetadataError {
    MetadataError(FieldError::new(Reason::Invalid, join(path, name), value, detail))
}

/// The errors of embedded resources: they must say what they are, and their metadata must be right.
pub(super) fn validate(root: &Node, object: &Value, checks: &Checks<'_>, errors: &mut Vec<FieldError>) {
    let mut resources = Vec::new();
    collect(root, object, "", &mut resources);
    for (path, resource) in resources {
        for name in ["apiVersion", "kind"] {
            let field = join(&path, name);
            match resource.get(name) {
                None => errors.push(FieldError::bare(Reason::Required, field, "")),
                Some(Value::String(text)) if text.is_empty() => {
                    errors.push(FieldError::new(
                        Reason::Invalid,
                        field,
                        &Value::from(""),
                        "must not be empty",
                    ));
                }
                Some(Value::String(text)) => errors.extend(type_error(name, field, text)),
                Some(value) => {
                    errors.push(FieldError::new(Reason::Invalid, field, value, "must be a string"));
                }
            }
        }
        if let Some(metadata) = resource.get("metadata") {
            errors.extend((checks.metadata)(metadata, &join(&path, "metadata")));
        }
    }
}

fn type_error(name: &str, field: String, text: &str) -> Option<FieldError> {
    if name == "apiVersion" {
        let detail = format!("unexpected GroupVersion string: {text}");
        return (text.matches('/').count() > 1)
            .then(|| FieldError::new(Reason::Invalid, field, &Value::from(text), detail));
    }
    let lower = text.to_lowercase();
    let label = lower.len() <= 63
        && lower.starts_with(|c: char| c.is_ascii_lowercase())
        && lower.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && lower.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let detail = format!("may have mixed case, but should otherwise match: {}", go_text::DNS_1035_LABEL);
    (!label).then(|| FieldError::new(Reason::Invalid, field, &Value::from(text), detail))
}

/// The embedded resources of a value with their paths, outer ones first.
fn collect<'v>(node: &Node, value: &'v Value, path: &str, out: &mut Vec<(String, &'v Value)>) {
    if node.embedded && value.is_object() {
        out.push((path.to_owned(), value));
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let Some(inner) = node.under(key) {
                    collect(inner, value, &step(node, path, key), out);
                }
            }
        }
        Value::Array(elements) => {
            if let Some(items) = &node.items {
                for (index, element) in elements.iter().enumerate() {
                    collect(items, element, &format!("{path}[{index}]"), out);
                }
            }
        }
        _ => {}
    }
}

/// Calls `act` with every embedded resource and its path, outer ones first.
fn visit(
    node: &Node,
    value: &mut Value,
    path: &str,
    act: &mut dyn FnMut(&str, &mut Value) -> Result<(), MetadataError>,
) -> Result<(), MetadataError> {
    if node.embedded && value.is_object() {
        act(path, value)?;
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let Some(inner) = node.under(key) {
                    visit(inner, value, &step(node, path, key), act)?;
                }
            }
        }
        Value::Array(elements) => {
            if let Some(items) = &node.items {
                for (index, element) in elements.iter_mut().enumerate() {
                    visit(items, element, &format!("{path}[{index}]"), act)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The path of a member: a declared property by its name, others as keys of a map.
fn step(node: &Node, path: &str, key: &str) -> String {
    if node.properties.contains_key(key) { join(path, key) } else { format!("{path}[{key}]") }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
