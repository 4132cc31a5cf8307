//! Defaults must be values of their own schemas, without unknown fields.

use serde_json::Value;

use super::{FieldError, Reason, flag, inner, properties};
use crate::structural::{Checks, embedded, prune, read, values};

/// The errors of all defaults of a schema.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(schema, true, false, path, &mut errors);
    errors
}

/// `resource` says that the schema describes a resource, `inside` that it is part of a resource's metadata.
fn visit(schema: &Value, resource: bool, inside: bool, path: &str, errors: &mut Vec<FieldError>) {
    let inside = inside && !resource;
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        default_errors(schema, default, inside, &format!("{path}.default"), errors);
    }
    // Below additionalProperties there can be no default.
    if let Some(items) = inner(schema, "items") {
        let resource = flag(items, "x-kubernetes-embedded-resource");
        visit(items, resource, inside, &format!("{path}.items"), errors);
    }
    for (name, property) in properties(schema) {
        let metadata = resource && matches!(name.as_str(), "metadata" | "apiVersion" | "kind");
        let nested = flag(property, "x-kubernetes-embedded-resource");
        visit(property, nested, inside || metadata, &format!("{path}.properties[{name}]"), errors);
    }
}

fn default_errors(schema: &Value, default: &Value, inside: bool, path: &str, errors: &mut Vec<FieldError>) {
    let node = read::node(schema, 0);
    if !inside {
        let mut pruned = default.clone();
        prune::prune_value(&node, &mut pruned);
        if pruned != *default {
            errors.push(FieldError::new(Reason::Invalid, path, default, "must not have unknown fields"));
        }
        let mut coerced = default.clone();
        if let Err(error) = embedded::coerce(&node, &mut coerced) {
            let field = join(path, &error.0.field);
            errors.push(FieldError { field, ..error.0 });
            return;
        }
        let mut found = Vec::new();
        embedded::validate(&node, default, &Checks { metadata: &|_, _| Vec::new() }, &mut found);
        if !found.is_empty() {
            errors.extend(
                found.into_iter().map(|error| FieldError { field: join(path, &error.field), ..error }),
            );
            return;
        }
    }
    errors.extend(values::validate(&node, path, "", default, None));
}

fn join(path: &str, field: &str) -> String {
    if field.starts_with('[') { format!("{path}{field}") } else { format!("{path}.{field}") }
}
