//! An object's members with the source of their values.

use super::decode::{Decoder, Error};
use crate::value::{Text, Value};

/// One member.
pub(crate) struct Member<'j> {
    pub(crate) key: Text,
    pub(crate) value: Value,
    /// The value as it is written.
    pub(crate) source: &'j [u8],
}

/// Reads an object, or null, which has no members. `target` is the Go type that an error says can't hold anything else.
pub(crate) fn members<'j>(text: &'j [u8], target: &str) -> Result<Vec<Member<'j>>, String> {
    let mut members = Vec::new();
    let whole = |error: Error| error.to_string();
    let mut decoder = Decoder::for_sources(text);
    if decoder.starts_object() {
        decoder
            .object(&mut |key, value, source| members.push(Member { key, value, source }))
            .map_err(whole)?;
        decoder.end().map_err(whole)?;
        return Ok(members);
    }
    let found = match super::decode(text).map_err(whole)? {
        Value::Nil => return Ok(members),
        Value::Bool(_) => "bool",
        Value::Float(_) => "number",
        Value::String(_) => "string",
        _ => "array",
    };
    Err(format!("json: cannot unmarshal {found} into Go value of type {target}"))
}
