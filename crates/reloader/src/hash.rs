//! The hash by which a change of content is told: SHA-1 over the sorted `key=value` pairs, joined by `;`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use sha1::{Digest, Sha1};

use crate::decide::ChangeKind;

/// Something whose content can be hashed.
pub trait Content {
    /// Which kind it is.
    const KIND: ChangeKind;
    /// Its pairs, in any order.
    fn pairs(&self) -> Vec<(String, Vec<u8>)>;
}

impl Content for Secret {
    const KIND: ChangeKind = ChangeKind::Secret;

    fn pairs(&self) -> Vec<(String, Vec<u8>)> {
        self.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect()
    }
}

impl Content for ConfigMap {
    const KIND: ChangeKind = ChangeKind::ConfigMap;

    fn pairs(&self) -> Vec<(String, Vec<u8>)> {
        let plain = self.data.iter().flatten().map(|(key, value)| (key.clone(), value.clone().into_bytes()));
        let binary = self
            .binary_data
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), STANDARD.encode(&value.0).into_bytes()));
        plain.chain(binary).collect()
    }
}

/// Returns the hash of an object's content in hexadecimal; metadata does not count.
pub fn content_hash(object: &impl Content) -> String {
    let mut pairs: Vec<Vec<u8>> =
        object.pairs().into_iter().map(|(key, value)| [key.as_bytes(), b"=", &value].concat()).collect();
    pairs.sort();
    hex::encode(Sha1::digest(pairs.join(&b';')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn content_counts_and_metadata_does_not() {
        let secret = |value| -> Secret { serde_json::from_value(value).unwrap() };
        let a = secret(json!({"metadata": {"labels": {"x": "1"}}, "data": {"b": "Mg==", "a": "MQ=="}}));
        let b = secret(json!({"data": {"a": "MQ==", "b": "Mg=="}}));
        // What `printf 'a=1;b=2' | sha1sum` prints.
        assert_eq!(content_hash(&a), "f83e99e324ba68ccc373a58ef1eb42f8ab88646a");
        assert_eq!(content_hash(&a), content_hash(&b));
        let map: ConfigMap = serde_json::from_value(json!({"data": {"a": "1", "b": "2"}})).unwrap();
        assert_eq!(content_hash(&map), content_hash(&b));
        let binary: ConfigMap =
            serde_json::from_value(json!({"data": {"a": "1"}, "binaryData": {"b": "Mg=="}})).unwrap();
        assert_ne!(content_hash(&binary), content_hash(&map));
    }
}
