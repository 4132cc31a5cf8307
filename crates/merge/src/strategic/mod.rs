//! Strategic merge patch: a merge patch that knows how the lists of a kind merge.
//!
//! Maps merge key by key and null deletes, as in [`crate::merge_patch`]. A list merges where the kind says so: by its merge
//! key, or as a set of scalars; otherwise it is replaced. Directives in the patch say more:
//!
//! | directive | where | what |
//! |---|---|---|
//! | `$patch: replace` | in a map; as an element of a list | the map or list replaces the old one |
//! | `$patch: delete` | in a map; in an element with its merge key | the map is emptied; the element goes |
//! | `$retainKeys: […]` | in a map | all other keys of the old map go |
//! | `$deleteFromPrimitiveList/NAME: […]` | beside a list of scalars | these elements go |
//! | `$setElementOrder/NAME: […]` | beside a list | the order of its elements |
//!
//! Without an order, new elements of a list of maps come first. Errors have the real server's words.

use serde_json::{Map, Value};

use crate::go_text::{plain, type_name};
use crate::schema::{Field, Node, Patch};

mod error;
mod list;

#[cfg(test)]
mod tests;

pub use error::StrategicError;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

type Members = Map<String, Value>;

/// Applies a patch to an object of a built-in kind. An error leaves nothing behind: the object is taken and given back.
pub fn apply(node: Node<'_>, object: Value, patch: Value) -> Result<Value, StrategicError> {
    match (object, patch) {
        (object, Value::Null) => Ok(object),
        (Value::Object(object), Value::Object(patch)) => {
            merge_maps(Some(node), object, patch).map(Value::Object)
        }
        (_, patch) => Err(StrategicError::NotAnObject { found: json_kind(&patch) }),
    }
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Merges a patch into a map. `node` is the map's type; none where it is unknown.
fn merge_maps(
    node: Option<Node<'_>>,
    mut object: Members,
    mut patch: Members,
) -> Result<Members, StrategicError> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(directive) if directive == "replace" => {
            patch.remove(DIRECTIVE);
            return Ok(patch);
        }
        Some(directive) if directive == "delete" => return Ok(Members::new()),
        Some(directive) => return Err(StrategicError::unknown_directive(directive, &patch)),
    }
    retain_keys(&mut object, &mut patch)?;
    merge_ordered(node, &mut object, &mut patch)?;
    for (key, value) in patch {
        let (name, delete) = match key.strip_prefix(DELETE_FROM) {
            None => (key.as_str(), false),
            Some(rest) => (rest.strip_prefix('/').ok_or(StrategicError::PrimitiveList)?, true),
        };
        if value.is_null() {
            object.remove(name);
            continue;
        }
        match (object.remove(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let (field, inner) = lookup(node, name)?;
                let merged = if field.patch.replace { new } else { merge_maps(Some(inner), old, new)? };
                object.insert(name.to_owned(), Value::Object(merged));
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                let (patch, items) = lookup_list(node, name)?;
                let merged =
                    if patch.merge || delete { list::merge(items, patch, old, new, delete)? } else { new };
                object.insert(name.to_owned(), Value::Array(merged));
            }
            (Some(old), _) if delete => {
                object.insert(name.to_owned(), old);
            }
            (None, _) if delete => {}
            (_, value) => {
                if let Some(value) = without_directives(without_nulls(value)) {
                    object.insert(name.to_owned(), value);
                }
            }
        }
    }
    Ok(object)
}

/// A field of a struct by its name.
fn lookup<'s>(node: Option<Node<'s>>, name: &str) -> Result<(&'s Field, Node<'s>), StrategicError> {
    let node = node.ok_or(StrategicError::NotAStruct)?;
    let map =
        node.ty().map.as_ref().filter(|map| !map.fields.is_empty()).ok_or(StrategicError::NotAStruct)?;
    match map.fields.get(name) {
        Some(field) => Ok((field, node.of_field(field))),
        None => Err(StrategicError::NoField {
            structure: node
                .ty()
                .name
                .as_deref()
                .and_then(|name| name.rsplit('.').next())
                .unwrap_or("")
                .to_owned(),
            field: name.to_owned(),
        }),
    }
}

/// How a list merges, and the type of its elements.
fn lookup_list<'s>(node: Option<Node<'s>>, name: &str) -> Result<(&'s Patch, Node<'s>), StrategicError> {
    let (field, inner) = lookup(node, name)?;
    let list = inner.ty().list.as_ref().ok_or(StrategicError::NotAList)?;
    Ok((&field.patch, inner.items(list)))
}

/// `$retainKeys`: every key of the patch must be in it, and the object keeps only what is in it.
fn retain_keys(object: &mut Members, patch: &mut Members) -> Result<(), StrategicError> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let keys = keys.as_array().ok_or(StrategicError::RetainKeys)?;
    let kept = |name: &str| keys.iter().any(|key| key == name);
    let directive = |name: &str| name.starts_with(DELETE_FROM) || name.starts_with(ELEMENT_ORDER);
    if patch.iter().any(|(name, value)| !value.is_null() && !directive(name) && !kept(name)) {
        return Err(StrategicError::RetainKeys);
    }
    object.retain(|name, _| kept(name));
    Ok(())
}

/// Merges the lists for which the patch gives an order; they and their orders are taken out of the patch.
fn merge_ordered(
    node: Option<Node<'_>>,
    object: &mut Members,
    patch: &mut Members,
) -> Result<(), StrategicError> {
    let directives: Vec<String> =
        patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        let Value::Array(order) = order else {
            return Err(StrategicError::bad_type("[]interface {}", &order));
        };
        let name = directive.strip_prefix(ELEMENT_ORDER).and_then(|rest| rest.strip_prefix('/'));
        let name = name.ok_or(StrategicError::ElementOrder)?;
        let old = take_list(object.get(name))?;
        let new = take_list(patch.get(name))?;
        let (strategy, items) = lookup_list(node, name)?;
        let key = strategy.merge_key.as_deref();
        if let Some(new) = &new {
            list::check_order(new, &order, key)?;
        }
        let merged = match (&old, &new) {
            (None, None) => continue,
            (Some(old), None) => old.clone(),
            (None, Some(new)) => match without_directives(Value::Array(new.clone())) {
                Some(Value::Array(list)) => list,
                _ => continue,
            },
            (Some(old), Some(new)) if strategy.merge => {
                list::merge(items, strategy, old.clone(), new.clone(), false)?
            }
            (Some(_), Some(new)) => new.clone(),
        };
        let (mut old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let maps = list::holds_maps(&[&old, &new])?;
        if maps && strategy.merge {
            old = list::left_behind(&old, &new, key);
        }
        let merged = list::arrange(merged, &order, &old, key, maps)?;
        object.insert(name.to_owned(), Value::Array(merged));
        patch.remove(name);
    }
    Ok(())
}

fn take_list(value: Option<&Value>) -> Result<Option<Vec<Value>>, StrategicError> {
    match value {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list.clone())),
        Some(other) => Err(StrategicError::bad_type("[]interface {}", other)),
    }
}

/// Nulls say what is to be deleted; where there is nothing, they say nothing. Null elements of lists stay.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// A value as it goes in where there was none: maps with a directive have no place.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => {
            let kept = map.into_iter().filter_map(|(key, value)| Some((key, without_directives(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(list) => Some(Value::Array(list.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}
