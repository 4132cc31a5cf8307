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
        let misfit = check.boundary(*factor, "MultipleOf");
        let whole = check.whole(misfit.is_some());
        errors.extend(misfit);
        errors.extend(check.multiple_of(*factor, whole));
    }
    if let Some(minimum) = minimum {
        let exclusive = node.limits.exclusive_minimum;
        let words = if exclusive { "greater than" } else { "greater than or equal to" };
        let below = |value, limit| value < limit || (exclusive && value <= limit);
        errors.extend(check.limit(*minimum, "Minimum boundary", below, words));
    }
    if let Some(maximum) = maximum {
        let exclusive = node.limits.exclusive_maximum;
        let words = if exclusive { "less than" } else { "less than or equal to" };
        let above = |value, limit| value > limit || (exclusive && value >= limit);
        errors.extend(check.limit(*maximum, "Maximum boundary", above, words));
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

    /// The number, where it is compared as a whole one: not with a limit that its type can't hold.
    fn whole(&self, misfit: bool) -> Option<i64> {
        self.number.as_i64().filter(|_| !misfit)
    }

    fn float(&self) -> f64 {
        self.number.as_f64().unwrap_or(f64::NAN)
    }

    /// The errors of a lower or upper limit: whole numbers are compared with its whole part.
    fn limit(
        &self,
        limit: f64,
        what: &str,
        breaks: impl Fn(f64, f64) -> bool,
        words: &str,
    ) -> Vec<(String, FieldError)> {
        let mut errors = Vec::from_iter(self.boundary(limit, what));
        let (broken, shown) = match self.whole(!errors.is_empty()) {
            // Limits beyond what a float holds exactly are compared as floats; the real server loses as much.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "as the real server does"
            )]
            Some(value) => (breaks(value as f64, limit.trunc()), (limit as i64).to_string()),
            None => (breaks(self.float(), limit), shown(limit)),
        };
        if broken {
            errors.push(self.error(format!("{} in body should be {words} {shown}", self.path)));
        }
        errors
    }

    fn multiple_of(&self, factor: f64, whole: Option<i64>) -> Option<(String, FieldError)> {
        let (positive, multiple, factor) = match whole {
            #[expect(clippy::cast_possible_truncation, reason = "as the real server does")]
            Some(value) => {
                let factor = factor as i64;
                (factor > 0, value.checked_rem(factor) == Some(0), Number::from(factor))
            }
            None => {
                let quotient = if factor < 1.0 { 1.0 / factor * self.float() } else { self.float() / factor };
                (factor > 0.0, is_whole(quotient), Number::from_f64(factor)?)
            }
        };
        let shown = go_text::float(&factor);
        if !positive {
            let path = self.path;
            let message = format!("factor MultipleOf declared for {path} must be positive: {shown}");
            let error = FieldError::new(Reason::Invalid, path, &Value::Number(factor), message.clone());
            return Some((message, error));
        }
        (!multiple).then(|| self.error(format!("{} in body should be a multiple of {shown}", self.path)))
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
