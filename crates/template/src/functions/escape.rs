//! `html`, `js`, `urlquery`: text made fit for a place it goes to.

use super::{Call, Function, Outcome, Type};
use crate::format::{self, quote};
use crate::unicode;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("html", &[], Type::Any, |call| Ok(html(&joined(call)).into())),
    Function::variadic("js", &[], Type::Any, |call| Ok(javascript(&joined(call)).into())),
    Function::variadic("urlquery", &[], Type::Any, urlquery),
];

/// Go's `fmt.Sprint` of the arguments, in which no value at all is `<no value>`.
fn joined(call: &Call<'_>) -> Vec<u8> {
    let shown: Vec<Value> = call
        .arguments()
        .iter()
        .map(|value| if matches!(value, Value::Nil) { Value::string("<no value>") } else { value.clone() })
        .collect();
    format::sprint(&shown)
}

fn html(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            0 => out.extend("\u{fffd}".as_bytes()),
            b'"' => out.extend(b"&#34;"),
            b'\'' => out.extend(b"&#39;"),
            b'&' => out.extend(b"&amp;"),
            b'<' => out.extend(b"&lt;"),
            b'>' => out.extend(b"&gt;"),
            other => out.push(*other),
        }
    }
    out
}

fn javascript(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((c, width)) = quote::decode(rest) {
        let (bytes, after) = rest.split_at(width);
        rest = after;
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        match c {
            '\\' => out.extend(br"\\"),
            '\'' => out.extend(br"\'"),
            '"' => out.extend(br#"\""#),
            '<' | '>' | '&' | '=' => out.extend(format!("\\u{:04X}", u32::from(c)).as_bytes()),
            c if c < ' ' => out.extend(format!("\\u{:04X}", u32::from(c)).as_bytes()),
            c if c.is_ascii() || unicode::is_print(c) => out.extend(bytes),
            c => out.extend(format!("\\u{:04X}", u32::from(c)).as_bytes()),
        }
    }
    out
}

fn urlquery(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::new();
    for byte in joined(call) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            other => out.extend(format!("%{other:02X}").as_bytes()),
        }
    }
    Ok(out.into())
}
