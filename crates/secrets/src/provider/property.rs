//! `remoteRef.property`: a part of a JSON value.

use super::ProviderError;
use crate::value::SecretValue;
use gangplank_template::pipeline;

/// The part of a value that a property names; all of it where none is named. `key` is for the error only.
pub(super) fn of_value(value: &SecretValue, property: &str, key: &str) -> Result<SecretValue, ProviderError> {
    if property.is_empty() {
        return Ok(value.clone());
    }
    let found = pipeline::property(value.expose(), property);
    found
        .map(|found| SecretValue::from(found.text))
        .ok_or_else(|| ProviderError::failed(format!("property {property} does not exist in key {key}")))
}
