//! JSON Merge Patch (RFC 7386) as the API server applies it.
//!
//! An object in the patch is laid over the object in the document, `null` deletes, anything else replaces. Where the
//! document has nothing to delete, nulls inside the patch vanish too, even those of objects inside a list; a null that is
//! itself an element of a list stays.

use serde_json::{Map, Value};

/// Lays `patch` over `document`.
pub fn apply(document: &mut Value, patch: &Value) {
    match (document, patch) {
        (Value::Object(document), Value::Object(patch)) => merge_objects(document, patch),
        (document, patch) => *document = without_nulls(patch),
    }
}

fn merge_objects(document: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (document.get_mut(key), value) {
            (_, Value::Null) => {
                document.remove(key);
            }
            (Some(Value::Object(current)), Value::Object(value)) => merge_objects(current, value),
            // Over an object, a list goes in as it stands: the Go library returns before it prunes.
            (Some(current @ Value::Object(_)), value) => *current = value.clone(),
            (Some(current), value) => *current = without_nulls(value),
            (None, value) => {
                document.insert(key.clone(), without_nulls(value));
            }
        }
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn check(document: Value, patch: Value, expect: Value) {
        let mut merged = document.clone();
        super::apply(&mut merged, &patch);
        assert_eq!(merged, expect, "{document} merged with {patch}");
    }

    #[test]
    fn merges() {
        check(json!({"a": 1, "b": {"c": 1}}), json!({"b": {"d": 2}}), json!({"a": 1, "b": {"c": 1, "d": 2}}));
        check(json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2}));
        check(json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]}));
        check(json!({"a": 1}), json!({"a": {"b": {"c": null}}}), json!({"a": {"b": {}}}));
        check(json!({}), json!({"a": [null, {"b": null}]}), json!({"a": [null, {}]}));
        check(json!({"a": {}}), json!({"a": [{"b": null}]}), json!({"a": [{"b": null}]}));
        check(json!({"a": null}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}}));
    }
}
