//! JSON as Go's `encoding/json` reads it into structs.
//!
//! Rules: a key matches a field whatever its case; unknown keys are ignored; a key given twice is decoded twice into
//! the same place, so that the last scalar wins and objects merge; `null` leaves a field as it is; comments and
//! trailing commas are errors.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value that keeps the order and the repetitions of its keys.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    fn mismatch(&self, path: &str, wanted: &str) -> String {
        format!("{path} is {}, not {wanted}", self.kind())
    }

    /// Calls `field` for each member; the error names the path and never the value, which may be secret.
    pub(crate) fn members(
        &self,
        path: &str,
        mut field: impl FnMut(&str, &str, &Json) -> Result<(), String>,
    ) -> Result<(), String> {
        match self {
            Json::Null => Ok(()),
            Json::Object(members) => {
                for (key, value) in members {
                    let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    field(&key.to_lowercase(), &place, value)?;
                }
                Ok(())
            }
            other => Err(other.mismatch(if path.is_empty() { "config" } else { path }, "an object")),
        }
    }

    pub(crate) fn string(&self, path: &str, into: &mut String) -> Result<(), String> {
        match self {
            Json::Null => {}
            Json::String(text) => into.clone_from(text),
            other => return Err(other.mismatch(path, "a string")),
        }
        Ok(())
    }

    pub(crate) fn boolean(&self, path: &str, into: &mut bool) -> Result<(), String> {
        match self {
            Json::Null => {}
            Json::Bool(value) => *into = *value,
            other => return Err(other.mismatch(path, "a boolean")),
        }
        Ok(())
    }

    pub(crate) fn strings(&self, path: &str, into: &mut Vec<String>) -> Result<(), String> {
        match self {
            Json::Null => into.clear(),
            Json::Array(items) => {
                into.clear();
                for (index, item) in items.iter().enumerate() {
                    let mut text = String::new();
                    item.string(&format!("{path}[{index}]"), &mut text)?;
                    into.push(text);
                }
            }
            other => return Err(other.mismatch(path, "an array of strings")),
        }
        Ok(())
    }

    pub(crate) fn string_map(&self, path: &str, into: &mut BTreeMap<String, String>) -> Result<(), String> {
        match self {
            Json::Null => into.clear(),
            Json::Object(members) => {
                for (key, value) in members {
                    let mut text = String::new();
                    value.string(&format!("{path}.{key}"), &mut text)?;
                    into.insert(key.clone(), text);
                }
            }
            other => return Err(other.mismatch(path, "an object of strings")),
        }
        Ok(())
    }

    /// Decodes Go's `[]byte`: standard base64 with padding, in which line breaks are skipped.
    pub(crate) fn bytes(&self, path: &str, into: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Json::Null => into.clear(),
            Json::String(text) => {
                let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
                *into = STANDARD.decode(text).map_err(|_| format!("{path} is not base64"))?;
            }
            other => return Err(other.mismatch(path, "base64 text")),
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_repetitions_and_refuses_comments() {
        let json: Json = serde_json::from_str(r#"{"a": 1, "A": "x", "a": null}"#).unwrap();
        assert_eq!(
            json,
            Json::Object(vec![
                ("a".into(), Json::Number("1".into())),
                ("A".into(), Json::String("x".into())),
                ("a".into(), Json::Null),
            ])
        );
        for text in ["{\"a\": 1, }", "{ # comment\n}", "{\"a\": \"x\ny\"}"] {
            assert!(serde_json::from_str::<Json>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn base64_as_go_reads_it() {
        let mut bytes = Vec::new();
        assert_eq!(Json::String("Zm9\nv".into()).bytes("caData", &mut bytes), Ok(()));
        assert_eq!(bytes, b"foo");
        for text in ["Zm9", "-----BEGIN", "Zm 9v"] {
            assert!(Json::String(text.into()).bytes("caData", &mut bytes).is_err(), "{text}");
        }
    }
}
