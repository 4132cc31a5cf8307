//! How Go would hold and write an object: what it leaves out, what it always writes, what `null` becomes.
//!
//! The real server decodes built-in kinds into structs and encodes them again, so an object that a client reads differs
//! from the one a client wrote: unknown fields are gone, empty ones are left out, structs are always there. Ownership of
//! fields is computed on that form, so it must be right before [`crate::apply`] sees it.

use serde_json::{Map, Value};

use super::{Field, Node, Presence, Schema};

/// What Go makes of a field's type.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Absent and present differ: pointers.
    Pointer,
    /// Slices and maps: nothing when empty.
    Collection,
    /// Text, numbers, booleans: nothing when zero.
    Plain,
    /// Structs: never nothing.
    Struct,
}

fn shape(go_type: &str, node: Node<'_>) -> Shape {
    if go_type.starts_with('*') {
        Shape::Pointer
    } else if go_type.starts_with("[]") || go_type.starts_with("map[") {
        Shape::Collection
    } else if opaque_zero(node).is_some() || node.map.as_ref().is_some_and(|map| !map.fields.is_empty()) {
        Shape::Struct
    } else if node.scalar.is_some() {
        Shape::Plain
    } else {
        Shape::Collection
    }
}

/// The zero of those structs that JSON shows as something other than an object.
fn opaque_zero(node: Node<'_>) -> Option<Value> {
    let name = node.name.as_deref()?;
    match name.rsplit('.').next()? {
        "Time" | "MicroTime" | "RawExtension" | "JSON" | "FieldsV1" | "JSONSchemaPropsOrArray" => {
            Some(Value::Null)
        }
        "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrStringArray" => Some(Value::Null),
        "Quantity" => Some(Value::from("0")),
        "IntOrString" => Some(Value::from(0)),
        _ => None,
    }
}

/// The object that Go writes for a value of this type that nobody has set anything in: `{}` with those fields that are
/// always written. The metadata of a fresh StatefulSet is there, its labels are not.
pub fn zero(node: Node<'_>) -> Value {
    let Some(map) = node.map.as_ref() else { return Value::Null };
    let mut out = Map::new();
    for (name, field) in &map.fields {
        let inner = node.of_field(field);
        if is_written(field, inner, None) {
            out.insert(name.as_ref().to_owned(), zero_of(&field.go_type, inner));
        }
    }
    Value::Object(out)
}

/// What an object is before it is created: Go's zero value for kinds that Go holds in structs, nothing for custom
/// resources.
pub fn zero_object(schema: &Schema) -> Value {
    let root = schema.root();
    if root.name.is_some() { zero(root) } else { Value::Object(Map::new()) }
}

fn zero_of(go_type: &str, node: Node<'_>) -> Value {
    match shape(go_type, node) {
        Shape::Pointer | Shape::Collection => Value::Null,
        Shape::Struct => opaque_zero(node).unwrap_or_else(|| zero(node)),
        Shape::Plain => match node.scalar {
            Some(super::Scalar::Integer | super::Scalar::Number) => Value::from(0),
            Some(super::Scalar::Boolean) => Value::Bool(false),
            _ => Value::from(""),
        },
    }
}

/// Brings an object into the form in which Go writes it. Values of the wrong type are left as they are: whoever decodes
/// the object has to refuse them.
pub fn fill(node: Node<'_>, value: &mut Value) {
    match value {
        Value::Object(object) => {
            let Some(map) = node.map.as_ref() else { return };
            if map.fields.is_empty() {
                fill_values(node, object);
                return;
            }
            if map.values.is_none() {
                object.retain(|key, _| map.fields.contains_key(key.as_str()));
            }
            for (name, field) in &map.fields {
                let inner = node.of_field(field);
                if let Some(value) = object.get_mut(name.as_ref()) {
                    if value.is_null() {
                        *value = zero_of(&field.go_type, inner);
                    } else {
                        fill(inner, value);
                    }
                }
                let written = is_written(field, inner, object.get(name.as_ref()));
                if !written {
                    object.remove(name.as_ref());
                } else if !object.contains_key(name.as_ref()) {
                    object.insert(name.as_ref().to_owned(), zero_of(&field.go_type, inner));
                }
            }
        }
        Value::Array(list) => {
            let Some(list_type) = node.list.as_ref() else { return };
            let items = node.items(list_type);
            for item in list {
                if item.is_null() && items.map.as_ref().is_some_and(|map| !map.fields.is_empty()) {
                    *item = zero(items);
                } else {
                    fill(items, item);
                }
            }
        }
        _ => {}
    }
}

fn fill_values(node: Node<'_>, object: &mut Map<String, Value>) {
    let Some(values) = node.map.as_ref().and_then(|map| node.values(map)) else { return };
    for value in object.values_mut() {
        if value.is_null() && values.list.is_none() && values.map.is_none() {
            *value = zero_of("", values);
        } else {
            fill(values, value);
        }
    }
}

/// Whether Go writes a field with this value, or with none.
fn is_written(field: &Field, node: Node<'_>, value: Option<&Value>) -> bool {
    match (field.presence, shape(&field.go_type, node)) {
        (Presence::Always, _) => true,
        (Presence::OmitEmpty, Shape::Struct) => true,
        (Presence::OmitZero, Shape::Struct) => {
            value.is_some_and(|value| *value != zero_of(&field.go_type, node))
        }
        (_, Shape::Pointer) => value.is_some_and(|value| !value.is_null()),
        (_, Shape::Collection | Shape::Plain) => value.is_some_and(|value| !is_empty(value)),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}
