//! Nulls and defaults.

use serde_json::Value;

use super::{Additional, Node};

/// Drops the members of maps that are null, may not be, and have no default to take their place.
pub(super) fn drop_nulls(node: &Node, value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, value| {
                let inner = node.under(key);
                !value.is_null() || inner.is_none_or(|inner| inner.nullable || inner.default.is_some())
            });
            for (key, value) in members {
                if let Some(inner) = node.under(key) {
                    drop_nulls(inner, value);
                }
            }
        }
        Value::Array(elements) => {
            if let Some(items) = &node.items {
                elements.iter_mut().for_each(|element| drop_nulls(items, element));
            }
        }
        _ => {}
    }
}

/// Fills in defaults, those inside defaults too.
pub(super) fn fill(node: &Node, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, property) in &node.properties {
                let Some(default) = &property.default else { continue };
                match members.get_mut(name.as_ref()) {
                    None => {
                        members.insert(name.as_ref().to_owned(), default.clone());
                    }
                    Some(value) => replace_null(property, value),
                }
            }
            for (key, value) in members {
                match (node.properties.get(key.as_str()), &node.additional) {
                    (Some(property), _) => fill(property, value),
                    (None, Some(Additional::Schema(inner))) => {
                        replace_null(inner, value);
                        fill(inner, value);
                    }
                    (None, _) => {}
                }
            }
        }
        Value::Array(elements) => {
            if let Some(items) = &node.items {
                for element in elements {
                    replace_null(items, element);
                    fill(items, element);
                }
            }
        }
        _ => {}
    }
}

fn replace_null(node: &Node, value: &mut Value) {
    if let (true, false, Some(default)) = (value.is_null(), node.nullable, &node.default) {
        *value = default.clone();
    }
}
