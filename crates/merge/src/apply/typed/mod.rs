//! Values seen through their schema: checked, compared, laid over each other, and thinned out, field by field.
//!
//! The rules are those of `structured-merge-diff`: the schema allows a value to be a scalar, a list, a map or several of
//! these; which one it is decides how it is treated. Where that fits none, all that the schema allows is tried in the
//! order map, scalar, list, and the value is refused there.

use serde_json::Value;

use super::path::{self, PathElement};
use crate::schema::{ListRelation, ListType, MapType, Node, Scalar};

mod compare;
mod fields;
mod merge;
mod reconcile;
mod remove;
mod validate;

pub(super) use compare::{Comparison, compare};
pub(super) use fields::fields_of;
pub(super) use merge::merge;
pub(super) use reconcile::reconcile;
pub(super) use remove::remove;
pub use validate::TypeError;
pub(super) use validate::{Duplicates, validate};

/// What a value is treated as.
#[derive(Clone, Copy)]
enum Kind<'s> {
    Map(&'s MapType),
    Scalar(Scalar),
    List(&'s ListType),
}

impl PartialEq for Kind<'_> {
    /// Whether both are of one kind; the types are the same, as both come from one node.
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// What a value at a node is treated as; none only for a type that allows nothing.
fn kind_of<'s>(node: Node<'s>, value: Option<&Value>) -> Option<Kind<'s>> {
    let ty = node.ty();
    let deduced = match value {
        None | Some(Value::Null) => None,
        Some(Value::Array(_)) => ty.list.as_ref().map(Kind::List),
        Some(Value::Object(_)) => ty.map.as_ref().map(Kind::Map),
        Some(_) => ty.scalar.map(Kind::Scalar),
    };
    deduced
        .or_else(|| ty.map.as_ref().map(Kind::Map))
        .or_else(|| ty.scalar.map(Kind::Scalar))
        .or_else(|| ty.list.as_ref().map(Kind::List))
}

/// The step to an element of an associative list, or why it has none.
fn element_of(node: Node<'_>, list: &ListType, element: &Value) -> Result<PathElement, String> {
    match &list.relation {
        ListRelation::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        ListRelation::Set => match element {
            Value::Object(_) => {
                Err("associative list without keys has an element that's a map type".to_owned())
            }
            Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
            Value::Null => {
                Err("associative list without keys has an element that's an explicit null".to_owned())
            }
            scalar => Ok(PathElement::Value(scalar.clone())),
        },
        ListRelation::Map(keys) => keyed(node, list, keys, element),
    }
}

fn keyed(node: Node<'_>, list: &ListType, keys: &[Box<str>], element: &Value) -> Result<PathElement, String> {
    let members = match element {
        Value::Object(members) => members,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let Some(map) = &node.items(list).ty().map else {
        return Err("associative list may not have non-map types".to_owned());
    };
    let mut fields = Vec::with_capacity(keys.len());
    for key in keys {
        // A key that is neither there nor defaulted is left out: such an element is one of its own.
        let default = || map.fields.get(key).and_then(|field| field.default.as_ref());
        if let Some(value) = members.get(key.as_ref()).or_else(default) {
            fields.push((key.clone(), value.clone()));
        }
    }
    if fields.is_empty() && !keys.is_empty() {
        let quoted: Vec<String> = keys.iter().map(|key| Value::from(&**key).to_string()).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            quoted.join(" ")
        ));
    }
    Ok(PathElement::key(fields))
}

/// Whether two values are the same; numbers by size.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => path::compare(a, b).is_eq(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// The elements of a list; none for null and for what is no list.
fn elements(value: Option<&Value>) -> Option<&Vec<Value>> {
    value.and_then(Value::as_array)
}

/// The members of a map; none for null and for what is no map.
fn members(value: Option<&Value>) -> Option<&serde_json::Map<String, Value>> {
    value.and_then(Value::as_object)
}
