//! Numbers as Go's validation sees them: an integer is one that fits into 64 bits, everything else is a float.

use serde_json::{Number, Value};

use super::{FieldError, Limits, Node, Reason};
use crate::go_text;

/// The largest float whose neighbours are one apart.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

/// Two to the 63rd: the first float above all 64-bit integers.
pub(super) const MAX_INT64: f64 = 9_223_372_036_854_775_808.0;

/// Whether a float stands for a whole number.
pub(super) fn is_whole(value: f64) -> bool {
    if !value.is_finite() || value.abs() > MAX_EXACT {
        return false;
    }
    let whole = value.abs().trunc();
    let difference = (value.abs() - whole).abs();
    difference == 0.0 || difference / (value.abs() + whole).min(f64::MAX) < 1e-9
}

/// The errors of a number.
pub(super) fn validate(node: &Node, path: &str, number: &Number) -> Vec<(String, FieldError)> {
    let mut errors = Vec::new();
    let check = Check { node, path, number };
    errors.extend(check.range(number, "Checked"));
    let Limits { multiple_of, minimum, maximum, .. } = &node.limits;
    if let Some(factor) = multiple_of {
        errors.extend(check.boundary(*factor, "MultipleOf"));
        errors.extend(check.multiple_of(*factor));
    }
    if let Some(minimum) = minimum {
        let exclusive = node.limits.exclusive_minimum;
        errors.extend(check.boundary(*minimum, "Minimum boundary"));
        let (below, shown) =
            check.against(*minimum, |value, limit| value < limit || (exclusive && value <= limit));
        if below {
            let words = if exclusive { "greater than" } else { "greater than or equal to" };
            errors.push(check.error(format!("{path} in body should be {words} {shown}")));
        }
    }
    if let Some(maximum) = maximum {
        let exclusive = node.limits.exclusive_maximum;
        errors.extend(check.boundary(*maximum, "Maximum boundary"));
        let (above, shown) =
            check.against(*maximum, |value, limit| value > limit || (exclusive && value >= limit));
        if above {
            let words = if exclusive { "less than" } else { "less than or equal to" };
            errors.push(check.error(format!("{path} in body should be {words} {shown}")));
        }
    }
    errors
}

struct Check<'a> {
    node: &'a Node,
    path: &'a str,
    number: &'a Number,
}

impl Check<'_> {
    fn error(&self, message: String) -> (String, FieldError) {
        let error =
            FieldError::new(Reason::Invalid, self.path, &Value::Number(self.number.clone()), message.clone());
        (message, error)
    }

    /// Compares the number with a limit: whole numbers with the whole part of the limit. Also the limit as shown.
    fn against(&self, limit: f64, breaks: impl Fn(f64, f64) -> bool) -> (bool, String) {
        match self.number.as_i64() {
            // Limits beyond what a float holds exactly are compared as floats; the real server loses as much.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "as the real server does"
            )]
            Some(value) => (breaks(value as f64, limit.trunc()), (limit as i64).to_string()),
            None => (breaks(self.number.as_f64().unwrap_or(f64::NAN), limit), shown(limit)),
        }
    }

    fn multiple_of(&self, factor: f64) -> Option<(String, FieldError)> {
        if factor <= 0.0 {
            return Some(self.error(format!(
                "factor MultipleOf declared for {} must be positive: {}",
                self.path,
                shown(factor)
            )));
        }
        let (multiple, factor) = match self.number.as_i64() {
            #[expect(clippy::cast_possible_truncation, reason = "as the real server does")]
            Some(value) => {
                let factor = factor as i64;
                (factor > 0 && value % factor == 0, factor.to_string())
            }
            None => {
                let value = self.number.as_f64().unwrap_or(f64::NAN);
                let quotient = if factor < 1.0 { 1.0 / factor * value } else { value / factor };
                (is_whole(quotient), shown(factor))
            }
        };
        (!multiple).then(|| self.error(format!("{} in body should be a multiple of {factor}", self.path)))
    }

    /// A limit that the type can't hold is an error of its own.
    fn boundary(&self, limit: f64, what: &str) -> Option<(String, FieldError)> {
        Number::from_f64(limit).and_then(|limit| self.range(&limit, what))
    }

    /// Whether a number is one of the schema's type and format.
    fn range(&self, number: &Number, what: &str) -> Option<(String, FieldError)> {
        let (name, format) = match self.node.types.as_slice() {
            ["integer"] => ("integer", self.node.format.as_deref()),
            ["number"] => ("number", self.node.format.as_deref()),
            _ => return None,
        };
        let whole = number.as_i64().or_else(|| {
            let value = number.as_f64()?;
            // Written out without an exponent the number must read as a 64-bit integer.
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
            (value.fract() == 0.0 && value.abs() < MAX_INT64).then_some(value as i64)
        });
        let fits = match (name, format) {
            ("integer", Some("int32")) => whole.is_some_and(|value| i32::try_from(value).is_ok()),
            ("integer", _) => whole.is_some(),
            (_, Some("float")) => number.as_f64().is_some_and(|value| value.abs() <= f64::from(f32::MAX)),
            _ => true,
        };
        if fits {
            return None;
        }
        let path = self.path;
        let message = match format {
            Some(format) => format!("{what} value must be of type {name} with format {format} in {path}"),
            None => format!("{what} value must be of type {name} (default format) in {path}"),
        };
        Some((message.clone(), FieldError::new(Reason::Invalid, "", &Value::from(""), message)))
    }
}

fn shown(value: f64) -> String {
    Number::from_f64(value).map_or_else(|| value.to_string(), |number| go_text::float(&number))
}
