//! Is the schema of a definition one that the API server takes?
//!
//! Four checks, in the real server's order: that it is *structural* (every field and list has its type outside of
//! junctors), that its defaults are right, that it uses only what OpenAPI v3 and Kubernetes allow, and that its rules
//! compile.

use serde_json::Value;

use super::{FieldError, Reason};

mod costs;
mod default_values;
mod expressions;
mod formats;
mod open_api;
mod structure;

#[cfg(test)]
mod tests;

pub use formats::unrecognized_formats;

/// The errors of a version's `openAPIV3Schema`. `path` is that of the schema itself (`spec.validation.openAPIV3Schema`
/// where all versions have the same, else `spec.versions[0].schema.openAPIV3Schema`).
pub fn check(schema: &Value, path: &str, has_status: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if has_status && text(schema, "type") != "object" && !text(schema, "type").is_empty() {
        let detail = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.push(FieldError::new(Reason::Invalid, format!("{path}.type"), &schema["type"], detail));
    }
    if flag(schema, "nullable") {
        let detail = "nullable cannot be true at the root";
        errors.push(FieldError::bare(Reason::Forbidden, format!("{path}.nullable"), detail));
    }
    let mut sound = !structure::is_foreign(schema);
    if sound {
        let mut found = structure::check(schema, path);
        if found.is_empty() {
            found = default_values::check(schema, path);
        }
        sound = found.is_empty();
        errors.extend(found);
    }
    let found = open_api::check(schema, path);
    // Types of expressions follow from the schema, so it must be right before they are looked at.
    sound &= found.is_empty();
    errors.extend(found);
    if sound {
        errors.extend(expressions::check(schema, path));
    }
    errors
}

/// The properties of a schema with their names, by name.
fn properties(schema: &Value) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = schema.get("properties").and_then(Value::as_object).into_iter().flatten().collect();
    all.sort_by_key(|(name, _)| *name);
    all
}

fn text<'v>(schema: &'v Value, name: &str) -> &'v str {
    schema.get(name).and_then(Value::as_str).unwrap_or("")
}

fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

fn list<'v>(schema: &'v Value, name: &str) -> &'v [Value] {
    schema.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A schema that stands under a name, where it is one.
fn inner<'v>(schema: &'v Value, name: &str) -> Option<&'v Value> {
    schema.get(name).filter(|inner| inner.is_object())
}

/// Whether `additionalProperties` is there at all, as a schema or a boolean.
fn has_additional(schema: &Value) -> bool {
    schema.get("additionalProperties").is_some_and(|additional| !additional.is_null())
}
