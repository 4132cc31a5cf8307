//! A JSON object taken apart into keys and values, as `dataFrom.extract` does.

use super::Data;
use crate::json;
use crate::value::Value;

/// A text that is no JSON object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error unmarshalling json data: {reason}")]
pub struct JsonObjectError {
    /// Go's words; they may name one character of the text.
    pub reason: String,
}

/// Members of an object: strings without their quotes, everything else as its JSON text, null as nothing. Of equal members
/// the last wins; JSON's null has no members.
///
/// # Errors
/// The text is no JSON, or no object.
pub fn json_object(text: &[u8]) -> Result<Data, JsonObjectError> {
    let members =
        json::members(text, "map[string]json.RawMessage").map_err(|reason| JsonObjectError { reason })?;
    let data = members.into_iter().map(|member| {
        let value = match member.value {
            Value::String(text) => text.to_vec(),
            Value::Nil => Vec::new(),
            _ => member.source.to_vec(),
        };
        (String::from_utf8_lossy(&member.key).into_owned(), value)
    });
    Ok(data.collect())
}
