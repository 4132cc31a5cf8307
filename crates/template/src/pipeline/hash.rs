//! External Secrets' object hash: SHA3-224 over what Go's `%+v` prints, in hexadecimal.
//!
//! Annotations on existing Secrets hold such hashes; equal ones mean that nothing is to be written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha3::{Digest, Sha3_224};

use super::Data;

/// The hash of a text.
pub fn hash_of_text(text: &str) -> String {
    hex::encode(Sha3_224::digest(text.as_bytes()))
}

/// The hash of a Secret's data: `map[k1:[97 98] k2:[]]`.
pub fn hash_of_data(data: &Data) -> String {
    // Fed piece by piece: the printed form is four times as long as the data, and it is secret.
    let mut hash = Sha3_224::new();
    hash.update(b"map[");
    for (index, (key, value)) in data.iter().enumerate() {
        hash.update(if index > 0 { b" ".as_slice() } else { b"" });
        hash.update(key.as_bytes());
        hash.update(b":[");
        for (place, byte) in value.iter().enumerate() {
            hash.update(if place > 0 { b" ".as_slice() } else { b"" });
            hash.update(byte.to_string().as_bytes());
        }
        hash.update(b"]");
    }
    hash.update(b"]");
    hex::encode(hash.finalize())
}

/// The hash of an object's annotations and labels.
pub fn hash_of_metadata(annotations: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> String {
    hash_of_text(&format!("{{annotations:{} labels:{}}}", printed(annotations), printed(labels)))
}

fn printed(map: &BTreeMap<String, String>) -> String {
    let mut out = "map[".to_owned();
    for (index, (key, value)) in map.iter().enumerate() {
        let separator = if index > 0 { " " } else { "" };
        // Writing to a string can't fail.
        let _ = write!(out, "{separator}{key}:{value}");
    }
    out + "]"
}
