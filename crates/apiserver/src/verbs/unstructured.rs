//! The words of the converter between Go's maps and its structs, which strategic merge patches and applied configurations go
//! through. It meets values before the decoder does, and says less about where they stand.

use gangplank_merge::schema::{Node, Scalar};
use serde_json::Value;

/// A decoder's words as the converter from Go's maps says them.
pub(super) fn converted(mistake: &str) -> String {
    if mistake.starts_with("illegal base64") {
        return format!("error decoding from json: {mistake}");
    }
    let Some((found, kind)) =
        mistake.strip_prefix("json: cannot unmarshal ").and_then(|rest| rest.split_once(" of type "))
    else {
        return mistake.to_owned();
    };
    match found.split_once(" into ") {
        // A number with a fraction is a float before anybody asks what it is to be.
        Some((number, _)) if number.starts_with("number ") => format!("cannot convert float64 to {kind}"),
        // What reads itself does not know of which field it is.
        Some((found, _)) => format!("json: cannot unmarshal {found} into Go value of type {kind}"),
        None => mistake.to_owned(),
    }
}

/// Why a value does not fit its type, in the words of the converter that strategic patches go through.
pub(super) fn restore_error(value: &Value, node: Node<'_>, go_type: &str) -> Option<String> {
    let found = match value {
        Value::Null => return None,
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    };
    let kind = node.ty();
    match (kind.scalar, &kind.list, &kind.map) {
        (None, Some(list), None) => match value {
            Value::Array(items) => items.iter().find_map(|item| restore_error(item, node.items(list), "")),
            _ => Some(format!("cannot restore slice from {found}")),
        },
        (None, None, Some(map)) if map.fields.is_empty() => match value {
            Value::Object(members) if go_type.ends_with("[]byte") => {
                let wrong = members.values().find(|member| member.is_number() || member.is_boolean())?;
                let found = if wrong.is_boolean() { "bool" } else { "int64" };
                Some(format!("cannot restore slice from {found}"))
            }
            Value::Object(members) => {
                let inner = node.values(map)?;
                members.values().find_map(|member| restore_error(member, inner, ""))
            }
            _ if node.values(map).is_some() => Some(format!("cannot restore map from {found}")),
            _ => None,
        },
        (None, None, Some(map)) => match value {
            Value::Object(members) => members.iter().find_map(|(name, member)| {
                let field = map.fields.get(name.as_str())?;
                restore_error(member, node.of_field(field), &field.go_type)
            }),
            _ => Some(format!("cannot restore struct from: {found}")),
        },
        (Some(Scalar::Integer | Scalar::Number), None, None) if !value.is_number() => {
            let word = go_type.trim_start_matches('*');
            Some(format!("unrecognized type: {}", if word.is_empty() { "int64" } else { word }))
        }
        (Some(Scalar::Boolean), None, None) if !value.is_boolean() => {
            Some("unrecognized type: bool".to_owned())
        }
        (Some(Scalar::String), None, None) if value.is_i64() || value.is_u64() => {
            Some("cannot convert int64 to string".to_owned())
        }
        (Some(Scalar::String), None, None) if !value.is_string() => {
            Some("unrecognized type: string".to_owned())
        }
        _ => None,
    }
}
