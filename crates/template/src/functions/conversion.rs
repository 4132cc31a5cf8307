//! Numbers and text out of anything, as the functions of sprig take their arguments.

use crate::format;
use crate::parse::literal;
use crate::value::{Kind, Text, Value};

/// An integer: digits of any Go base, floats and text cut at the point, truth as one, anything else zero.
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint8(_) | Value::Uint32(_) | Value::Uint64(_) => {
            value.as_unsigned().unwrap_or_default() as i64
        }
        // Beyond the range Go gives what the processor gives: the smallest integer.
        Value::Float(number) if !(-9.3e18..9.3e18).contains(number) => i64::MIN,
        Value::Float(number) if number.trunc() >= i64::MAX as f64 => i64::MIN,
        Value::Float(number) => *number as i64,
        Value::Bool(truth) => i64::from(*truth),
        Value::String(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| literal::parse_int(whole_part(text)))
            .unwrap_or_default(),
        _ => 0,
    }
}

/// The text before the point of a plain decimal number.
fn whole_part(text: &str) -> &str {
    let Some((whole, fraction)) = text.split_once('.') else {
        return text;
    };
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let is_plain = digits.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    match whole {
        "" | "-" | "+" if is_plain => "0",
        _ if is_plain => whole,
        _ => text,
    }
}

/// A float, by the same rules.
pub(super) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Uint8(_) | Value::Uint32(_) | Value::Uint64(_) => {
            value.as_unsigned().unwrap_or_default() as f64
        }
        Value::Float(number) => *number,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::String(text) => {
            std::str::from_utf8(text).ok().and_then(literal::parse_float).unwrap_or_default()
        }
        _ => 0.0,
    }
}

/// Text: a string as it is, anything else as it prints.
pub(super) fn to_text(value: &Value) -> Text {
    match value {
        Value::String(text) => text.clone(),
        other => format::to_bytes(other).into(),
    }
}

/// A list of texts: the items of a list without nil ones, nothing for nil, and one item for anything else.
pub(super) fn to_texts(value: &Value) -> Vec<Text> {
    match value {
        Value::Nil => Vec::new(),
        Value::List(list) => {
            list.items().iter().filter(|item| item.kind() != Kind::Invalid).map(to_text).collect()
        }
        other => vec![to_text(other)],
    }
}
