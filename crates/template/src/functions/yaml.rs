//! `toYaml` and `fromYaml`: the YAML of `sigs.k8s.io/yaml`, by way of JSON.

use gangplank_yaml::{Dialect, emit, to_json};
use serde_json::Value as Json;

use super::{Call, Function, Outcome, Type};
use crate::json::{self, Style};
use crate::value::{Element, Map, Value};
use crate::yaml_words::conversion_error;

pub(super) const FUNCTIONS: &[Function] =
    &[Function::new("toYaml", &[Type::Any], to_yaml), Function::new("fromYaml", &[Type::String], from_yaml)];

/// YAML without its last newline; what can't be written becomes nothing.
fn to_yaml(call: &mut Call<'_>) -> Outcome {
    let text = json::encode(&call.value(0), Style::default()).unwrap_or_default();
    call.spend_memory(text.len())?;
    let Ok(value) = serde_json::from_slice::<Json>(&text) else {
        return Ok("".into());
    };
    let yaml = emit(&value);
    Ok(yaml.strip_suffix('\n').unwrap_or(&yaml).into())
}

/// A map; on an error one with the member `Error`.
fn from_yaml(call: &mut Call<'_>) -> Outcome {
    let text = call.utf8(0);
    let failed = |error: String| Ok(Value::map([("Error", Value::from(error))]));
    match to_json(&text, Dialect::SigsV2) {
        Err(error) => failed(conversion_error(&error)),
        Ok(Json::Null) => Ok(Value::Map(Map::new(Element::Any, []))),
        Ok(value @ Json::Object(_)) => Ok(from_json(value)),
        Ok(other) => {
            let found = match other {
                Json::Array(_) => "array",
                Json::String(_) => "string",
                Json::Bool(_) => "bool",
                _ => "number",
            };
            let target = "Go value of type map[string]interface {}";
            failed(format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into {target}"
            ))
        }
    }
}

/// A JSON value as a template has it: all numbers are floats.
fn from_json(value: Json) -> Value {
    match value {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        Json::String(text) => text.into(),
        Json::Array(items) => Value::list(items.into_iter().map(from_json)),
        Json::Object(entries) => Value::map(entries.into_iter().map(|(key, value)| (key, from_json(value)))),
    }
}
