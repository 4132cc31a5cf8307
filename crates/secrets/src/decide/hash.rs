//! ESO's object hash: SHA3-224 over Go's `%+v` text, in lower-case hex.
//!
//! Equal hashes let gangplank take over Secrets from ESO, and hand them back, without one write.

use sha3::{Digest, Sha3_224};
use std::collections::BTreeMap;
use std::fmt::Write;

fn hex_of(hasher: Sha3_224) -> String {
    hex::encode(hasher.finalize())
}

/// Of a text: the `created-by` label (of `namespace/name`) and long field managers use it.
pub(crate) fn of_text(text: &str) -> String {
    let mut hasher = Sha3_224::new();
    hasher.update(text.as_bytes());
    hex_of(hasher)
}

/// Of a Secret's data: `map[key:[97 98] other:[]]`, keys in byte order.
pub(crate) fn of_data<'a, I, V>(data: I) -> String
where
    I: IntoIterator<Item = (&'a str, V)>,
    V: AsRef<[u8]>,
{
    let mut entries: Vec<(&str, V)> = data.into_iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    let mut hasher = Sha3_224::new();
    hasher.update(b"map[");
    let mut decimal = String::new();
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            hasher.update(b" ");
        }
        hasher.update(key.as_bytes());
        hasher.update(b":[");
        for (place, chunk) in value.as_ref().chunks(256).enumerate() {
            decimal.clear();
            for (inner, byte) in chunk.iter().enumerate() {
                let space = if place > 0 || inner > 0 { " " } else { "" };
                // Writing to a String can't fail.
                let _ = write!(decimal, "{space}{byte}");
            }
            hasher.update(decimal.as_bytes());
        }
        hasher.update(b"]");
    }
    hasher.update(b"]");
    hex_of(hasher)
}

/// Of an ExternalSecret's metadata: `{annotations:map[a:b] labels:map[c:d]}`.
pub(crate) fn of_metadata(annotations: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> String {
    let map = |map: &BTreeMap<String, String>| {
        let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        format!("map[{}]", entries.join(" "))
    };
    of_text(&format!("{{annotations:{} labels:{}}}", map(annotations), map(labels)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a real ESO wrote on Secrets.
    #[test]
    fn hashes_are_those_that_eso_writes() {
        let of = |entries: &[(&'static str, &'static [u8])]| of_data(entries.iter().copied());
        assert_eq!(of(&[]), of_text("map[]"));
        assert_eq!(of(&[("k2", b""), ("k1", b"ab")]), of_text("map[k1:[97 98] k2:[]]"));
        assert_eq!(of(&[("k", &[7; 300])]), of_text(&format!("map[k:[{}]]", vec!["7"; 300].join(" "))));
        let map = |entries: &[(&str, &str)]| {
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(
            of_metadata(&map(&[("b", "2"), ("a", "1")]), &map(&[])),
            of_text("{annotations:map[a:1 b:2] labels:map[]}")
        );
    }
}
