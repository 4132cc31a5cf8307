//! Formats that the server does not know: nothing checks them, and their author is told so.

use serde_json::Value;

use super::structure::children;
use super::text;
use crate::structural::formats::Format;

/// The formats in a schema that mean nothing there, each as often as it stands.
pub fn unrecognized_formats(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit(schema, &mut found);
    found
}

fn visit(schema: &Value, found: &mut Vec<String>) {
    let format = text(schema, "format");
    let known = match text(schema, "type") {
        "" | "string" => Format::find(format).is_some(),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    };
    if !format.is_empty() && !known {
        found.push(format.to_owned());
    }
    for child in children(schema) {
        visit(child, found);
    }
}
