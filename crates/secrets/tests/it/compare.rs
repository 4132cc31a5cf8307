//! Recorded objects and found ones: placeholders, and what does not count.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gangplank_template::pipeline::hash_of_text;
use serde_json::{Map, Value, json};

/// Members that a recording leaves out.
const LEFT_OUT: [&str; 4] = ["managedFields", "uid", "creationTimestamp", "generation"];

/// An object as a recording has it.
pub(crate) fn recorded_form(mut object: Value) -> Value {
    strip(&mut object);
    if object["kind"] == "Secret" {
        let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) else { return object };
        for value in data.values_mut() {
            let bytes = BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).unwrap();
            *value = match String::from_utf8(bytes) {
                Ok(text) => Value::String(text),
                Err(error) => json!({ "base64": BASE64_STANDARD.encode(error.as_bytes()) }),
            };
        }
    }
    object
}

fn strip(value: &mut Value) {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
        if let Some(owners) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) {
            owners.iter_mut().filter_map(Value::as_object_mut).for_each(|owner| {
                owner.remove("uid");
            });
        }
    }
}

/// Puts the names of one playing in the place of `<ns>`, `<vault>` and `<hash of NS/NAME>`.
pub(crate) fn filled(value: &Value, namespace: &str, vault: &str) -> Value {
    match value {
        Value::String(text) => {
            let text = text.replace("${ns}", namespace).replace("<ns>", namespace).replace("<vault>", vault);
            let hashed =
                text.strip_prefix("<hash of ").and_then(|rest| rest.strip_suffix('>')).map(hash_of_text);
            Value::String(hashed.unwrap_or(text))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, namespace, vault)).collect(),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                (key.replace("<ns>", namespace).replace("<vault>", vault), filled(value, namespace, vault))
            };
            Value::Object(members.iter().map(member).collect::<Map<String, Value>>())
        }
        other => other.clone(),
    }
}

/// Whether a text is a recorded one, placeholders standing for anything.
pub(crate) fn text_fits(expect: &str, found: &str) -> bool {
    const ANY: [&str; 6] = ["<rv>", "<time>", "<uid>", "<hash>", "<age>", "<random>"];
    let Some((start, length)) = ANY.iter().filter_map(|any| Some((expect.find(any)?, any.len()))).min()
    else {
        return expect == found;
    };
    let (head, rest) = (&expect[..start], &expect[start + length..]);
    let Some(tail) = found.strip_prefix(head) else { return false };
    (0..=tail.len()).filter(|end| tail.is_char_boundary(*end)).any(|end| text_fits(rest, &tail[end..]))
}

/// The first difference between a recorded value and a found one.
pub(crate) fn difference(expect: &Value, found: &Value, place: &str) -> Option<String> {
    match (expect, found) {
        (Value::String(expect), Value::String(found)) if text_fits(expect, found) => None,
        (Value::String(expect), Value::Number(_)) if expect == "<rv>" => None,
        (Value::Array(expect), Value::Array(found)) if expect.len() == found.len() => expect
            .iter()
            .zip(found)
            .enumerate()
            .find_map(|(index, (expect, found))| difference(expect, found, &format!("{place}/{index}"))),
        (Value::Object(expect), Value::Object(found)) => {
            let missing = expect.iter().find_map(|(key, value)| {
                difference(value, found.get(key).unwrap_or(&Value::Null), &format!("{place}/{key}"))
            });
            let extra = || found.iter().find(|(key, _)| !expect.contains_key(*key));
            missing
                .or_else(|| extra().map(|(key, value)| format!("{place}/{key}: not recorded, found {value}")))
        }
        (expect, found) if expect == found => None,
        (expect, found) => Some(format!("{place}: recorded {expect}, found {found}")),
    }
}

#[test]
fn placeholders_stand_for_anything_and_everything_else_counts() {
    let check = |expect: Value, found: Value, same: bool| {
        assert_eq!(difference(&expect, &found, "").is_none(), same, "{expect} {found}");
    };
    check(json!("1-<hash>"), json!("1-abc"), true);
    check(json!("1-<hash>"), json!("2-abc"), false);
    check(json!({"a": "<time>"}), json!({"a": "x"}), true);
    check(json!({"a": 1}), json!({"a": 1, "b": 2}), false);
    check(json!({"a": 1, "b": 2}), json!({"a": 1}), false);
    check(json!({"a": null}), json!({}), true);
    check(json!([1]), json!([1, 2]), false);
}
