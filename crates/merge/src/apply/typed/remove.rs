//! A value without some of its fields.

use serde_json::{Map, Value};

use super::{Kind, element_of, kind_of};
use crate::apply::field_set::FieldSet;
use crate::apply::path::PathElement;
use crate::schema::{ListRelation, Node};

/// The value without the fields of a set. What had something taken away and is left with nothing is null, as is an
/// atomic list or map of which a part was to go.
pub(in crate::apply) fn remove(node: Node<'_>, value: &Value, fields: &FieldSet) -> Value {
    if fields.is_empty() {
        return value.clone();
    }
    match (kind_of(node, Some(value)), value) {
        (Some(Kind::Scalar(_)), _) => value.clone(),
        (Some(Kind::List(list)), Value::Array(elements)) if list.relation != ListRelation::Atomic => {
            let inner = node.items(list);
            let mut kept = Vec::with_capacity(elements.len());
            for element in elements {
                let Ok(step) = element_of(node, list, element) else { continue };
                if fields.has_member(&step) {
                    continue;
                }
                kept.push(match fields.below(&step) {
                    Some(below) => remove(inner, element, below),
                    None => element.clone(),
                });
            }
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        (Some(Kind::Map(map)), Value::Object(members)) if !map.atomic => {
            let mut kept = Map::new();
            for (key, value) in members {
                let step = PathElement::field(key);
                if fields.has_member(&step) {
                    continue;
                }
                let value = match (fields.below(&step), node.under(map, key)) {
                    (Some(below), Some(inner)) => remove(inner, value, below),
                    _ => value.clone(),
                };
                kept.insert(key.clone(), value);
            }
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        _ => Value::Null,
    }
}
