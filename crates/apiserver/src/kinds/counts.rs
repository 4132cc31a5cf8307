//! The numbers in the status of a workload: none is negative, and no part is more than the whole.

use serde_json::Value;

use super::fields::non_negative;
use crate::status::FieldError;

/// Which numbers a kind counts.
pub(crate) struct Counts {
    /// Those that may not be negative, in the order in which they are told.
    pub(crate) numbers: &'static [&'static str],
    /// Those that `replicas` bounds.
    pub(crate) parts: &'static [&'static str],
    /// What a refusal calls the bound of `availableReplicas`.
    pub(crate) ready: &'static str,
}

impl Counts {
    /// The mistakes of a status.
    pub(crate) fn check(&self, status: &Value, errors: &mut Vec<FieldError>) {
        let count = |member: &str| status[member].as_i64().unwrap_or_default();
        for member in self.numbers {
            non_negative(status, member, "status", errors);
        }
        let mut bound = |member: &str, most: &str, name: &str| {
            if count(member) > count(most) {
                let why = format!("cannot be greater than {name}");
                errors.push(FieldError::invalid(format!("status.{member}"), &count(member).into(), &why));
            }
        };
        for member in self.parts {
            bound(member, "replicas", "status.replicas");
        }
        bound("availableReplicas", "readyReplicas", self.ready);
    }
}

/// A counter of collisions only grows.
pub(crate) fn not_decremented(new: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    let count = |value: &Value| value["status"]["collisionCount"].as_i64();
    if count(old).is_some_and(|old| count(new).unwrap_or(0) < old) {
        let number = count(new).unwrap_or(0).into();
        errors.push(FieldError::invalid("status.collisionCount", &number, "cannot be decremented"));
    }
}
