//! What the scale subresource asks of an object: whole numbers of replicas and a text for the selector.

use serde_json::Value;

use super::{FieldError, Reason};
use crate::go_text;

/// The paths of a scale subresource, as written, with their leading dot.
#[derive(Debug)]
pub(super) struct Scale {
    spec_replicas: String,
    status_replicas: String,
    label_selector: Option<String>,
}

impl Scale {
    pub(super) fn read(subresources: &Value) -> Option<Self> {
        let scale = subresources.get("scale")?;
        let path = |name: &str| scale.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            spec_replicas: path("specReplicasPath").unwrap_or_default(),
            status_replicas: path("statusReplicasPath").unwrap_or_default(),
            label_selector: path("labelSelectorPath"),
        })
    }

    pub(super) fn spec_errors(&self, object: &Value) -> Vec<FieldError> {
        replicas(object, &self.spec_replicas)
    }

    pub(super) fn status_errors(&self, object: &Value) -> Vec<FieldError> {
        let mut errors = replicas(object, &self.status_replicas);
        if let Some(path) = &self.label_selector {
            let detail = match nested(object, path) {
                Ok(None | Some(Value::String(_))) => return errors,
                Ok(Some(other)) => accessor(path, other, "string"),
                Err(detail) => detail,
            };
            errors.push(FieldError::new(Reason::Invalid, path.as_str(), &Value::from(""), detail));
        }
        errors
    }
}

fn replicas(object: &Value, path: &str) -> Vec<FieldError> {
    let error = |value: i64, detail: String| {
        vec![FieldError::new(Reason::Invalid, path, &Value::from(value), detail)]
    };
    match nested(object, path) {
        Ok(None) => Vec::new(),
        Ok(Some(value)) => match value.as_i64() {
            None => error(0, accessor(path, value, "int64")),
            Some(value) if value < 0 => error(value, "should be a non-negative integer".to_owned()),
            Some(value) if value > i64::from(i32::MAX) => {
                error(value, format!("should be less than or equal to {}", i32::MAX))
            }
            Some(_) => Vec::new(),
        },
        Err(detail) => error(0, detail),
    }
}

/// What stands at a path of plain names; an error where the path leads through something that is no map.
fn nested<'v>(object: &'v Value, path: &str) -> Result<Option<&'v Value>, String> {
    let mut at = object;
    for name in path.trim_start_matches('.').split('.') {
        match at {
            Value::Object(members) => match members.get(name) {
                Some(value) => at = value,
                None => return Ok(None),
            },
            Value::Null => return Ok(None),
            other => return Err(accessor(path, other, "map[string]interface{}")),
        }
    }
    Ok(Some(at))
}

fn accessor(path: &str, value: &Value, expected: &str) -> String {
    format!(
        "{path} accessor error: {} is of the type {}, expected {expected}",
        go_text::plain(value),
        go_text::type_name(value)
    )
}
