//! Is a value what its schema says?

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::{Kind, PathElement, element_of, kind_of};
use crate::go_text;
use crate::schema::{ListRelation, Node, Scalar};

/// The places where a value is not what its schema says. Shown as the real server shows them: one on a line of its own,
/// several below `errors:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    /// Paths and what is wrong there.
    pub errors: Vec<(String, String)>,
}

impl std::error::Error for TypeError {}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(path, message): &(String, String)| {
            if path.is_empty() { message.clone() } else { format!("{path}: {message}") }
        };
        match self.errors.as_slice() {
            [only] => f.write_str(&shown(only)),
            errors => {
                f.write_str("errors:")?;
                errors.iter().try_for_each(|error| write!(f, "\n  {}", shown(error)))
            }
        }
    }
}

/// Whether associative lists may hold the same element twice: stored objects may, applied ones may not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::apply) enum Duplicates {
    Allowed,
    Refused,
}

/// Checks a value.
pub(in crate::apply) fn validate(
    node: Node<'_>,
    value: &Value,
    duplicates: Duplicates,
) -> Result<(), TypeError> {
    let mut errors = Vec::new();
    check(node, value, duplicates, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(TypeError { errors }) }
}

type Errors = Vec<(String, String)>;

fn check(node: Node<'_>, value: &Value, duplicates: Duplicates, errors: &mut Errors) {
    let mut refuse = |message: String| errors.push((String::new(), message));
    match (kind_of(node, Some(value)), value) {
        (_, Value::Null) => {}
        (None, _) => refuse("schema error: invalid atom: inlined".to_owned()),
        (Some(Kind::Map(map)), Value::Object(members)) => {
            for (key, value) in members {
                let Some(inner) = node.under(map, key) else {
                    errors.push((format!(".{key}"), "field not declared in schema".to_owned()));
                    return;
                };
                below(errors, &PathElement::field(key), |errors| check(inner, value, duplicates, errors));
            }
        }
        (Some(Kind::Map(_)), _) => refuse(format!("expected map, got &{{{}}}", go_text::plain(value))),
        (Some(Kind::List(list)), Value::Array(elements)) => {
            let inner = node.items(list);
            let mut seen = BTreeSet::new();
            for (index, element) in elements.iter().enumerate() {
                let step = if list.relation == ListRelation::Atomic {
                    PathElement::Index(i64::try_from(index).unwrap_or(i64::MAX))
                } else {
                    match element_of(node, list, element) {
                        Ok(step) => step,
                        Err(message) => {
                            errors.push((String::new(), format!("element {index}: {message}")));
                            return;
                        }
                    }
                };
                if list.relation != ListRelation::Atomic
                    && !seen.insert(step.clone())
                    && duplicates == Duplicates::Refused
                {
                    errors.push((String::new(), format!("duplicate entries for key {step}")));
                }
                below(errors, &step, |errors| check(inner, element, duplicates, errors));
            }
        }
        (Some(Kind::List(_)), _) => refuse(format!("expected list, got &{{{}}}", go_text::plain(value))),
        (Some(Kind::Scalar(scalar)), _) => {
            if let Some(message) = scalar_error(scalar, value) {
                refuse(message);
            }
        }
    }
}

/// Puts a step before the paths of the errors that `check` finds.
fn below(errors: &mut Errors, step: &PathElement, check: impl FnOnce(&mut Errors)) {
    let before = errors.len();
    check(errors);
    if errors.len() > before {
        let step = step.to_string();
        for (path, _) in &mut errors[before..] {
            path.insert_str(0, &step);
        }
    }
}

fn scalar_error(scalar: Scalar, value: &Value) -> Option<String> {
    match (scalar, value) {
        (_, Value::Null)
        | (Scalar::Integer | Scalar::Number, Value::Number(_))
        | (Scalar::String, Value::String(_))
        | (Scalar::Boolean, Value::Bool(_))
        | (Scalar::Untyped, Value::Number(_) | Value::String(_) | Value::Bool(_)) => None,
        (Scalar::Integer | Scalar::Number, _) => {
            Some(format!("expected numeric (int or float), got {}", go_text::type_name(value)))
        }
        (Scalar::String, _) => {
            Some(format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_text::source(value)))
        }
        (Scalar::Boolean, _) => Some(format!("expected boolean, got &{{{}}}", go_text::plain(value))),
        (Scalar::Untyped, _) => Some(format!("expected any scalar, got &{{{}}}", go_text::plain(value))),
    }
}
