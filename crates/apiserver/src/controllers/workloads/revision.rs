//! Revisions of a template: the hash that names them.

use serde_json::Value;

/// The characters that Kubernetes uses where a name must not become a word.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The name of a template's revision.
pub(super) fn hash(template: &Value) -> String {
    let mut hash = 0x811c_9dc5_u32;
    for byte in template.to_string().bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash.to_string()
        .bytes()
        .filter_map(|digit| ALPHABET.get(usize::from(digit) % ALPHABET.len()))
        .map(|byte| char::from(*byte))
        .collect()
}

/// A template without the label that a ReplicaSet adds to it.
pub(super) fn bare(template: &Value, label: &str) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(label);
    }
    template
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_the_content() {
        let (one, two) = (serde_json::json!({"a": 1}), serde_json::json!({"a": 2}));
        assert_eq!(hash(&one), hash(&one.clone()));
        assert_ne!(hash(&one), hash(&two));
        assert!(hash(&one).bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
