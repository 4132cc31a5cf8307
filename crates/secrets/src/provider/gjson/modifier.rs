//! Modifiers: `@reverse` and its like.

use super::{scan, text};
use crate::provider::json;

/// Applies a modifier to a value; `None` for one that does not exist.
pub(super) fn apply(name: &str, argument: &str, raw: &str, depth: usize) -> Option<String> {
    let raw = raw.trim();
    let is_object = raw.starts_with('{');
    let is_array = raw.starts_with('[');
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    Some(match name {
        "this" => raw.to_owned(),
        "valid" => {
            json::check(raw.as_bytes()).ok()?;
            raw.to_owned()
        }
        "ugly" => compact(raw),
        "pretty" => format!("{}\n", json::indented(raw)),
        "reverse" if is_array => {
            let mut elements: Vec<&str> = scan::elements(raw).collect();
            elements.reverse();
            format!("[{}]", elements.join(","))
        }
        "reverse" if is_object => {
            let mut members: Vec<String> =
                scan::members(raw).map(|(name, value)| format!("{name}:{value}")).collect();
            members.reverse();
            format!("{{{}}}", members.join(","))
        }
        "reverse" => raw.to_owned(),
        "keys" if is_object => format!("[{}]", scan::members(raw).map(|(name, _)| name).collect::<Vec<_>>().join(",")),
        "keys" if is_array => format!("[{}]", scan::elements(raw).map(|_| "null").collect::<Vec<_>>().join(",")),
        "values" if is_object => {
            format!("[{}]", scan::members(raw).map(|(_, value)| value).collect::<Vec<_>>().join(","))
        }
        "keys" | "values" if is_array || !raw.is_empty() => {
            if is_array { raw.to_owned() } else { format!("[{raw}]") }
        }
        "flatten" if is_array => format!("[{}]", flattened(raw, argument.contains("\"deep\":true"), depth).join(",")),
        "flatten" => raw.to_owned(),
        "join" if is_array => {
            let mut members: Vec<(&str, &str)> = Vec::new();
            for (name, value) in scan::elements(raw).filter(|element| element.starts_with('{')).flat_map(scan::members) {
                match members.iter_mut().find(|(present, _)| *present == name) {
                    Some(present) => present.1 = value,
                    None => members.push((name, value)),
                }
            }
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        }
        "join" => raw.to_owned(),
        "tostr" => quoted(raw),
        "fromstr" => {
            let inner = text(raw);
            json::check(inner.as_bytes()).ok()?;
            inner
        }
        _ => return None,
    })
}

fn flattened(array: &str, deep: bool, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for element in scan::elements(array) {
        if !element.starts_with('[') {
            found.push(element.to_owned());
        } else if deep && depth < super::DEEPEST {
            found.extend(flattened(element, deep, depth + 1));
        } else {
            found.extend(scan::elements(element).map(str::to_owned));
        }
    }
    found
}

/// Without white space outside of strings.
fn compact(raw: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    raw.chars()
        .filter(|c| {
            let keep = in_string || !c.is_ascii_whitespace();
            if in_string {
                in_string = escaped || *c != '"';
                escaped = !escaped && *c == '\\';
            } else {
                in_string = *c == '"';
            }
            keep
        })
        .collect()
}
