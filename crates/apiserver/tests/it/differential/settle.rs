//! What a real server says in any order is put into one: its maps are Go's, and seconds pass between writes or don't.

use serde_json::Value;

/// An answer whose order means something everywhere.
pub fn settle(mut answer: Value) -> Value {
    visit(&mut answer);
    answer
}

fn visit(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(entries) = members.get_mut("managedFields").and_then(Value::as_array_mut) {
                // Sorted by second: two writes may share one or not.
                entries.sort_by_key(|entry| {
                    let text = |member: &str| entry[member].as_str().unwrap_or_default().to_owned();
                    (text("operation"), text("manager"), text("subresource"), text("apiVersion"))
                });
            }
            if let Some(causes) = members.get_mut("causes").and_then(Value::as_array_mut) {
                causes.sort_by_key(Value::to_string);
            }
            if let Some(Value::String(message)) = members.get_mut("message") {
                *message = parts(message);
            }
            if let Some(Value::String(warning)) = members.get_mut("Warning") {
                *warning = parts(warning);
            }
            members.values_mut().for_each(visit);
        }
        Value::Array(items) => items.iter_mut().for_each(visit),
        // Addresses of Services are drawn.
        Value::String(text) if text.starts_with("10.0.") => *text = "<address>".to_owned(),
        _ => {}
    }
}

/// The parts of a message that names several things, sorted.
fn parts(message: &str) -> String {
    let mut parts: Vec<&str> = message.split([',', '\n', '[', ']']).map(str::trim).collect();
    parts.sort_unstable();
    parts.join("|")
}
