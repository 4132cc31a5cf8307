//! `remoteRef.property`: a path into a JSON value, else a literal key with dots.

use super::ProviderError;
use super::gjson;
use crate::value::SecretValue;

/// The part of a value that a property names; all of it where none is named. `key` is for the error only.
pub(super) fn of_value(value: &SecretValue, property: &str, key: &str) -> Result<SecretValue, ProviderError> {
    if property.is_empty() {
        return Ok(value.clone());
    }
    let missing = || ProviderError::failed(format!("property {property} does not exist in key {key}"));
    let text = String::from_utf8_lossy(value.expose());
    let found = gjson::get(&text, property).or_else(|| {
        let literal = property.contains('.').then(|| property.replace('.', "\\."));
        literal.and_then(|literal| gjson::get(&text, &literal))
    });
    found.map(SecretValue::from).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_a_path_first_and_then_a_key() {
        let check = |json: &str, property: &str, expect: Option<&str>| {
            let found = of_value(&SecretValue::from(json), property, "k");
            let expect = expect.map(SecretValue::from);
            let missing = || ProviderError::failed(format!("property {property} does not exist in key k"));
            assert_eq!(found, expect.ok_or_else(missing), "{json} {property}");
        };
        check("plain", "", Some("plain"));
        check("plain", "a", None);
        check(r#"{"a":{"b":"x"}}"#, "a.b", Some("x"));
        check(r#"{"tls.crt":"x"}"#, "tls.crt", Some("x"));
        check(r#"{"x":{"tls.crt":"y"}}"#, "x.tls.crt", None);
        check(r#"{"x":{"tls.crt":"y"}}"#, r"x.tls\.crt", Some("y"));
        check(r#"{"a":null}"#, "a", Some(""));
    }
}
