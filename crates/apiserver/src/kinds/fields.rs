//! Small helpers with which kinds fill in and check fields.

use serde_json::{Map, Value};

use crate::status::{FieldError, element};

/// Sets a member that is missing or null.
pub(crate) fn default(object: &mut Value, member: &str, value: impl Into<Value>) {
    if object[member].is_null() {
        object[member] = value.into();
    }
}

/// Sets a text that is missing or empty.
pub(crate) fn default_text(object: &mut Value, member: &str, value: &str) {
    if object[member].as_str().unwrap_or_default().is_empty() {
        object[member] = value.into();
    }
}

/// A member that is to be an object, made if it is not there.
pub(crate) fn object_at<'v>(object: &'v mut Value, member: &str) -> &'v mut Value {
    if !object[member].is_object() {
        object[member] = Value::Object(Map::new());
    }
    &mut object[member]
}

/// The elements of a list, to be changed.
pub(crate) fn elements<'v>(object: &'v mut Value, member: &str) -> impl Iterator<Item = &'v mut Value> {
    object.get_mut(member).and_then(Value::as_array_mut).into_iter().flatten()
}

/// The elements of a list.
pub(crate) fn list<'v>(object: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    object[member].as_array().into_iter().flatten()
}

/// A text, or nothing.
pub(crate) fn text<'v>(object: &'v Value, member: &str) -> &'v str {
    object[member].as_str().unwrap_or_default()
}

/// A number that may not be negative.
pub(crate) fn non_negative(object: &Value, member: &str, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(number) = object[member].as_i64().filter(|number| *number < 0) {
        let why = "must be greater than or equal to 0";
        let field = if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") };
        errors.push(FieldError::invalid(field, &number.into(), why));
    }
}

/// Reasons against a value, each as an error.
pub(crate) fn each(errors: &mut Vec<FieldError>, field: &str, value: &str, reasons: Vec<String>) {
    errors.extend(reasons.into_iter().map(|why| FieldError::invalid_text(field, value, &why)));
}

/// A field that may not change.
pub(crate) fn immutable(new: &Value, old: &Value, field: &str, errors: &mut Vec<FieldError>) {
    if new != old {
        errors.push(FieldError::invalid(field, new, "field is immutable"));
    }
}

/// A label selector's mistakes.
pub(crate) fn selector(selector: &Value, path: &str, errors: &mut Vec<FieldError>) -> bool {
    let before = errors.len();
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        let field = format!("{path}.matchLabels");
        each(errors, &field, key, crate::object::names::qualified(key));
        let value = value.as_str().unwrap_or_default();
        each(errors, &field, value, crate::object::names::label_value(value));
    }
    for (index, expression) in list(selector, "matchExpressions").enumerate() {
        let at = element(&format!("{path}.matchExpressions"), index);
        let values = expression["values"].as_array().map_or(0, Vec::len);
        match text(expression, "operator") {
            "In" | "NotIn" if values == 0 => {
                let why = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(FieldError::required(format!("{at}.values"), why));
            }
            "In" | "NotIn" => {}
            "Exists" | "DoesNotExist" if values > 0 => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(FieldError::forbidden(format!("{at}.values"), why));
            }
            "Exists" | "DoesNotExist" => {}
            other => {
                errors.push(FieldError::invalid_text(
                    format!("{at}.operator"),
                    other,
                    "not a valid selector operator",
                ));
            }
        }
        let key = text(expression, "key");
        each(errors, &format!("{at}.key"), key, crate::object::names::qualified(key));
    }
    errors.len() == before
}

/// A whole number or a percentage that is not negative.
pub(crate) fn int_or_percent(value: &Value, field: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::String(text) => {
            let digits = text
                .strip_suffix('%')
                .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
            match digits {
                None => {
                    let why = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
                               '93%', regex used for validation is '[0-9]+%')";
                    errors.push(FieldError::invalid_text(field, text, why));
                }
                Some(digits)
                    if digits.parse::<u32>().is_ok_and(|percent| percent > 100)
                        && field.contains("Unavailable") =>
                {
                    errors.push(FieldError::invalid_text(field, text, "must not be greater than 100%"));
                }
                Some(_) => {}
            }
        }
        Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => {
            errors.push(FieldError::invalid(field, value, "must be greater than or equal to 0"));
        }
        _ => {}
    }
}

/// JSON text with the members of an object in a given order: how Go writes a struct in a message.
pub(crate) fn ordered(value: &Value, order: &[&str]) -> String {
    let known = order.iter().filter_map(|member| Some((*member, value.get(*member)?)));
    let parts: Vec<String> =
        known.map(|(member, value)| format!("{}:{value}", Value::from(member))).collect();
    format!("{{{}}}", parts.join(","))
}
