//! Percent-encoding of forms, query parameters and path segments.

use std::fmt::Write;

/// Encodes all but RFC 3986's unreserved characters: right in a form, a query and a path segment alike.
pub(crate) fn component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => {
                // Writing to a String can't fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// A form's body, or a query without its question mark.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", component(name), component(value))).collect();
    fields.join("&")
}

#[cfg(test)]
mod tests {
    #[test]
    fn reserved_bytes_are_encoded() {
        assert_eq!(super::form(&[("a b", "c&d=é"), ("e", "~-._")]), "a%20b=c%26d%3D%C3%A9&e=~-._");
    }
}
