//! Reducing an answer to what a transcript compares. `record.py` of the corpus defines the rules.

use regex::Regex;
use serde_json::{Value, json};

fn parts(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// The value at a pointer; a last part `#` is a length.
pub fn look(value: &Value, pointer: &str) -> Value {
    let mut at = value.clone();
    for part in parts(pointer) {
        at = match &at {
            _ if part == "#" => json!(match &at {
                Value::Array(list) => list.len(),
                Value::Object(map) => map.len(),
                _ => 0,
            }),
            Value::Array(list) => match part.parse::<i64>() {
                Ok(index) => {
                    let index = if index < 0 { index + list.len() as i64 } else { index };
                    usize::try_from(index)
                        .ok()
                        .and_then(|index| list.get(index))
                        .cloned()
                        .unwrap_or(Value::Null)
                }
                Err(_) => return Value::Null,
            },
            Value::Object(map) => map.get(&part).cloned().unwrap_or(Value::Null),
            _ => return Value::Null,
        };
    }
    at
}

/// Whether the value at a pointer is the wanted one; a part `*` is met by any element.
pub fn meets(value: &Value, pointer: &str, want: &Value) -> bool {
    match pointer.split_once("/*") {
        None => look(value, pointer) == *want,
        Some((head, rest)) => match look(value, head) {
            Value::Array(list) => list.iter().any(|inner| meets(inner, rest, want)),
            Value::Object(map) => map.values().any(|inner| meets(inner, rest, want)),
            _ => false,
        },
    }
}

/// Applies all rules in their order.
pub fn pick_all(body: &Value, rules: &[(String, Value)]) -> Value {
    let mut body = body.clone();
    for (pointer, rule) in rules {
        match pick_at(body, &parts(pointer), rule) {
            Some(value) => body = value,
            None => return Value::Null,
        }
    }
    body
}

fn pick_at(value: Value, path: &[String], rule: &Value) -> Option<Value> {
    let Some((head, rest)) = path.split_first() else { return picked(value, rule) };
    Some(match value {
        Value::Object(mut map) => {
            let keys: Vec<String> = match head.as_str() {
                "*" => map.keys().cloned().collect(),
                key if map.contains_key(key) => vec![key.to_owned()],
                _ => Vec::new(),
            };
            for key in keys {
                let inner = map[&key].take();
                match pick_at(inner, rest, rule) {
                    Some(value) => map[&key] = value,
                    None => {
                        map.remove(&key);
                    }
                }
            }
            Value::Object(map)
        }
        Value::Array(list) => {
            let chosen = |index: usize| head == "*" || head.parse() == Ok(index);
            let list = list.into_iter().enumerate();
            Value::Array(
                list.filter_map(
                    |(index, inner)| if chosen(index) { pick_at(inner, rest, rule) } else { Some(inner) },
                )
                .collect(),
            )
        }
        other => other,
    })
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => text.chars().count(),
        _ => 0,
    }
}

/// `None`: the value goes.
fn picked(value: Value, rule: &Value) -> Option<Value> {
    match rule {
        Value::String(word) => match word.as_str() {
            "drop" => None,
            "json" => match &value {
                Value::String(text) if text.starts_with(['{', '[']) => {
                    Some(serde_json::from_str(text).unwrap_or(value))
                }
                _ => Some(value),
            },
            "shape" => Some(
                match value {
                    Value::Null => "<null>",
                    Value::Bool(_) => "<bool>",
                    Value::Number(_) => "<number>",
                    Value::String(_) => "<string>",
                    Value::Array(_) => "<list>",
                    Value::Object(_) => "<object>",
                }
                .into(),
            ),
            "size" => Some(size(&value).into()),
            "keys" => Some(match value {
                Value::Object(map) => {
                    let mut keys: Vec<String> = map.keys().cloned().collect();
                    keys.sort();
                    keys.into()
                }
                other => other,
            }),
            "sort" => Some(match value {
                Value::Array(mut list) => {
                    list.sort_by_key(python_json);
                    list.into()
                }
                other => other,
            }),
            "no-heartbeats" => Some(match value {
                Value::Array(list) => list
                    .into_iter()
                    .filter(|event| {
                        event["type"] != "BOOKMARK"
                            || !look(event, "/object/metadata/annotations").is_null()
                            || !look(event, "/object/rows/0/object/metadata/annotations").is_null()
                    })
                    .collect(),
                other => other,
            }),
            other => panic!("unknown rule {other}"),
        },
        Value::Array(keys) => Some(match value {
            Value::Array(list) => list.into_iter().filter_map(|inner| picked(inner, rule)).collect(),
            Value::Object(mut map) => {
                map.retain(|key, _| keys.iter().any(|wanted| wanted == key));
                map.into()
            }
            other => other,
        }),
        Value::Object(rule) => {
            if let Some(wanted) = rule.get("where").and_then(Value::as_object) {
                let fits = |inner: &Value| {
                    wanted.iter().all(|(key, of)| {
                        let found = if key.starts_with('/') {
                            look(inner, key)
                        } else {
                            inner.get(key).cloned().unwrap_or(json!(""))
                        };
                        of.as_array().is_some_and(|of| of.contains(&found))
                    })
                };
                return Some(match value {
                    Value::Array(list) => list.into_iter().filter(|inner| fits(inner)).collect(),
                    other => other,
                });
            }
            if let Some(of) = rule.get("has").and_then(Value::as_array) {
                return Some(match value {
                    Value::Array(list) => list.into_iter().filter(|inner| of.contains(inner)).collect(),
                    other => other,
                });
            }
            let lines = rule.get("lines").and_then(Value::as_str).unwrap_or_default();
            let pattern = Regex::new(lines).unwrap();
            Some(match value {
                Value::String(text) => {
                    text.lines().filter(|line| pattern.is_match(line)).collect::<Vec<_>>().join("\n").into()
                }
                other => other,
            })
        }
        other => panic!("unknown rule {other}"),
    }
}

/// JSON text as Python writes it with sorted keys: the order that `sort` means.
fn python_json(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(python_json).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let parts: Vec<String> = keys
                .into_iter()
                .map(|key| format!("{}: {}", Value::from(key.as_str()), python_json(&map[key])))
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
        other => other.to_string(),
    }
}
