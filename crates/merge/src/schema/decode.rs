//! What Go's decoder says of an object: the first value of a wrong type, and the fields it does not know.

use serde_json::Value;

use super::Node;

/// What decoding found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The first value of a wrong type, in Go's words; later ones are not told.
    pub error: Option<String>,
    /// The paths of unknown fields (`spec.containers[0].imag`), in the order of the object.
    pub unknown: Vec<String>,
}

/// Decodes a value into the struct of a built-in definition, as far as types go. Texts that stand for times, quantities
/// and the like are not parsed.
pub fn check(node: Node<'_>, value: &Value) -> Decoded {
    let mut decoded = Decoded::default();
    let name = node.name.as_deref().unwrap_or("");
    let place = Place { structure: last(name), fields: "", path: "" };
    structure(node, value, &format!("v1.{}", last(name)), place, &mut decoded);
    decoded
}

/// Where in the object a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The Go struct whose field the value is.
    structure: &'a str,
    /// The names of the fields on the way, without indices and keys: what type errors name.
    fields: &'a str,
    /// The way with indices and keys: what unknown fields are named by.
    path: &'a str,
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn structure(node: Node<'_>, value: &Value, go_type: &str, place: Place<'_>, decoded: &mut Decoded) {
    let Some(map) = node.ty().map.as_ref() else { return };
    let members = match value {
        Value::Null => return,
        Value::Object(members) => members,
        other => return mismatch(other, go_type, place, decoded),
    };
    for (key, value) in members {
        let path = if place.path.is_empty() { key.clone() } else { format!("{}.{key}", place.path) };
        match map.fields.get(key.as_str()) {
            None => decoded.unknown.push(path),
            Some(field) => {
                let fields =
                    if place.fields.is_empty() { key.clone() } else { format!("{}.{key}", place.fields) };
                let own = node.name.as_deref().map_or(place.structure, last);
                let inner = Place { structure: own, fields: &fields, path: &path };
                typed(node.of_field(field), value, &field.go_type, inner, decoded);
            }
        }
    }
}

fn typed(node: Node<'_>, value: &Value, go_type: &str, place: Place<'_>, decoded: &mut Decoded) {
    let go_type = go_type.trim_start_matches('*');
    if value.is_null() || decodes_itself(node) {
        return;
    }
    if let (Some(inner), Some(list)) = (go_type.strip_prefix("[]"), &node.ty().list) {
        let Value::Array(elements) = value else { return mismatch(value, go_type, place, decoded) };
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{}[{index}]", place.path);
            typed(node.items(list), element, inner, Place { path: &path, ..place }, decoded);
        }
    } else if let (Some((_, inner)), Some(map)) = (go_type.split_once(']'), &node.ty().map) {
        let Value::Object(members) = value else { return mismatch(value, go_type, place, decoded) };
        for (key, member) in members {
            if let Some(values) = node.values(map) {
                let path = format!("{}.{key}", place.path);
                typed(values, member, inner, Place { path: &path, ..place }, decoded);
            }
        }
    } else if node.ty().map.as_ref().is_some_and(|map| !map.fields.is_empty()) {
        structure(node, value, go_type, place, decoded);
    } else {
        scalar(node, value, go_type, place, decoded);
    }
}

/// Types whose JSON is not what their fields say.
fn decodes_itself(node: Node<'_>) -> bool {
    let own = ["Time", "MicroTime", "Quantity", "IntOrString", "RawExtension", "FieldsV1", "JSON"];
    node.name
        .as_deref()
        .is_some_and(|name| own.contains(&last(name)) || last(name).starts_with("JSONSchemaPropsOr"))
}

fn scalar(node: Node<'_>, value: &Value, go_type: &str, place: Place<'_>, decoded: &mut Decoded) {
    use super::Scalar;
    let fits = match (node.ty().scalar, value) {
        (Some(Scalar::String), Value::String(_)) | (Some(Scalar::Boolean), Value::Bool(_)) => true,
        (Some(Scalar::Number), Value::Number(_)) => true,
        (Some(Scalar::Integer), Value::Number(number)) => {
            let whole = number.as_i64();
            let fits = match go_type {
                "int32" => whole.is_some_and(|whole| i32::try_from(whole).is_ok()),
                _ => whole.is_some(),
            };
            if !fits && decoded.error.is_none() {
                decoded.error = Some(message(&format!("number {number}"), go_type, place));
            }
            fits
        }
        (Some(Scalar::Untyped), Value::String(_)) => true,
        (None, _) => true,
        _ => false,
    };
    if !fits {
        mismatch(value, go_type, place, decoded);
    }
}

fn mismatch(value: &Value, go_type: &str, place: Place<'_>, decoded: &mut Decoded) {
    if decoded.error.is_none() {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        decoded.error = Some(message(found, go_type, place));
    }
}

fn message(found: &str, go_type: &str, place: Place<'_>) -> String {
    if place.fields.is_empty() {
        format!("json: cannot unmarshal {found} into Go value of type {go_type}")
    } else {
        format!(
            "json: cannot unmarshal {found} into Go struct field {}.{} of type {go_type}",
            place.structure, place.fields
        )
    }
}
