//! Values of one type become values of another: `int(…)`, `string(…)` and their like.

use super::time;
use super::value::Val;

type Converted<'v> = Result<Val<'v>, String>;

/// What is said of a text that stands for no value of a type.
fn unfit(wanted: &str) -> String {
    format!("type conversion error from 'string' to '{wanted}'")
}

fn none<'v>() -> Converted<'v> {
    Err("no such overload".to_owned())
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
pub(super) fn to_int<'v>(value: &Val<'v>) -> Converted<'v> {
    Ok(Val::Int(match value {
        Val::Int(value) => *value,
        Val::Uint(value) => i64::try_from(*value).map_err(|_| "integer overflow")?,
        Val::Double(value) if value.abs() < 9.2e18 => value.trunc() as i64,
        Val::Double(_) => return Err("integer overflow".to_owned()),
        Val::Text(text) => text.parse().map_err(|_| unfit("int"))?,
        Val::Timestamp(seconds, _) => *seconds,
        Val::Duration(nanos) => *nanos,
        _ => return none(),
    }))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
pub(super) fn to_uint<'v>(value: &Val<'v>) -> Converted<'v> {
    Ok(Val::Uint(match value {
        Val::Uint(value) => *value,
        Val::Int(value) => u64::try_from(*value).map_err(|_| "unsigned integer overflow")?,
        Val::Double(value) if (0.0..1.8e19).contains(value) => value.trunc() as u64,
        Val::Double(_) => return Err("unsigned integer overflow".to_owned()),
        Val::Text(text) => text.parse().map_err(|_| unfit("uint"))?,
        _ => return none(),
    }))
}

#[expect(clippy::cast_precision_loss, reason = "the conversion is to a float")]
pub(super) fn to_double<'v>(value: &Val<'v>) -> Converted<'v> {
    Ok(Val::Double(match value {
        Val::Double(value) => *value,
        Val::Int(value) => *value as f64,
        Val::Uint(value) => *value as f64,
        Val::Text(text) => text.parse().map_err(|_| unfit("double"))?,
        _ => return none(),
    }))
}

pub(super) fn to_text<'v>(value: &Val<'v>) -> Converted<'v> {
    Ok(match value {
        Val::Text(_) => value.clone(),
        Val::Bool(value) => Val::text(value.to_string()),
        Val::Int(value) => Val::text(value.to_string()),
        Val::Uint(value) => Val::text(value.to_string()),
        Val::Double(value) => {
            let number = serde_json::Number::from_f64(*value);
            Val::text(number.map_or_else(|| value.to_string(), |number| crate::go_text::float(&number)))
        }
        Val::Bytes(bytes) => Val::text(
            std::str::from_utf8(bytes).map_err(|_| "invalid UTF-8 in bytes, cannot convert to string")?,
        ),
        Val::Special(special) => Val::text(special.shown().ok_or("no such overload")?),
        Val::Duration(nanos) => Val::text(time::show_duration(*nanos)),
        Val::Timestamp(seconds, nanos) => Val::text(time::show_timestamp(*seconds, *nanos)),
        _ => return none(),
    })
}

pub(super) fn to_bool<'v>(value: &Val<'v>) -> Converted<'v> {
    match value {
        Val::Bool(_) => Ok(value.clone()),
        Val::Text(text) => match text.as_ref() {
            "true" | "True" | "TRUE" | "t" | "T" | "1" => Ok(Val::Bool(true)),
            "false" | "False" | "FALSE" | "f" | "F" | "0" => Ok(Val::Bool(false)),
            _ => Err(unfit("bool")),
        },
        _ => none(),
    }
}

pub(super) fn to_bytes<'v>(value: &Val<'v>) -> Converted<'v> {
    match value {
        Val::Bytes(_) => Ok(value.clone()),
        Val::Text(text) => Ok(Val::Bytes(text.as_bytes().into())),
        _ => none(),
    }
}

pub(super) fn to_duration<'v>(value: &Val<'v>) -> Converted<'v> {
    match value {
        Val::Duration(_) => Ok(value.clone()),
        Val::Text(text) => match time::parse_duration(text) {
            Some(nanos) => Ok(Val::Duration(nanos)),
            None => Err(unfit("google.protobuf.Duration")),
        },
        _ => none(),
    }
}

pub(super) fn to_timestamp<'v>(value: &Val<'v>) -> Converted<'v> {
    match value {
        Val::Timestamp(..) => Ok(value.clone()),
        Val::Int(seconds) => Ok(Val::Timestamp(*seconds, 0)),
        Val::Text(text) => match time::parse_timestamp(text) {
            Some((seconds, nanos)) => Ok(Val::Timestamp(seconds, nanos)),
            None => Err(unfit("google.protobuf.Timestamp")),
        },
        _ => none(),
    }
}

/// A duration written in a field; none where it is no duration.
pub(crate) fn duration<'v>(text: &str) -> Option<Val<'v>> {
    time::parse_duration(text).map(Val::Duration)
}

/// A date or a time written in a field; none where it is neither.
pub(crate) fn timestamp<'v>(text: &str) -> Option<Val<'v>> {
    let day = || time::parse_timestamp(&format!("{text}T00:00:00Z"));
    time::parse_timestamp(text).or_else(day).map(|(seconds, nanos)| Val::Timestamp(seconds, nanos))
}

/// Bytes written as Base64 in a field; none where it is not Base64.
pub(crate) fn decoded_base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|known| *known == byte)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(out)
}
