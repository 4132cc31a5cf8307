//! Writes values as JSON: members sorted, floats in Go's form, characters dangerous in HTML escaped unless told not to.

use crate::format::{CEILING, float, quote};
use crate::value::Value;

/// How to write.
#[derive(Clone, Copy, Default)]
pub(crate) struct Style {
    /// Leave `<`, `>` and `&` as they are.
    pub(crate) raw: bool,
    /// Two spaces a level.
    pub(crate) pretty: bool,
}

/// Why a value has no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EncodeError {
    /// In Go's words.
    #[error("json: unsupported {0}")]
    Unsupported(String),
    /// A bound of ours.
    #[error("the JSON text would be longer than allowed")]
    TooLong,
}

/// Writes a value.
pub(crate) fn encode(value: &Value, style: Style) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder { out: Vec::new(), style };
    encoder.value(value, 0)?;
    Ok(encoder.out)
}

struct Encoder {
    out: Vec<u8>,
    style: Style,
}

impl Encoder {
    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn new_line(&mut self, depth: usize) {
        if self.style.pretty {
            self.out.push(b'\n');
            self.out.extend(std::iter::repeat_n(b' ', depth * 2));
        }
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), EncodeError> {
        if self.out.len() > CEILING {
            return Err(EncodeError::TooLong);
        }
        match value {
            Value::Nil => self.write("null"),
            Value::Bool(truth) => self.write(if *truth { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) => self.write(&number.to_string()),
            Value::Uint8(number) => self.write(&number.to_string()),
            Value::Uint32(number) => self.write(&number.to_string()),
            Value::Uint64(number) => self.write(&number.to_string()),
            Value::Float(number) => {
                let text = number_text(*number).ok_or_else(|| {
                    EncodeError::Unsupported(format!("value: {}", float::format(*number, 'g', None)))
                })?;
                self.write(&text);
            }
            Value::Complex(..) => return Err(EncodeError::Unsupported("type: complex128".to_owned())),
            Value::String(text) => self.string(text),
            Value::List(list) if list.is_nil() => self.write("null"),
            Value::List(list) => {
                self.out.push(b'[');
                for (index, item) in list.items().iter().enumerate() {
                    self.separate(index, depth);
                    self.value(item, depth + 1)?;
                }
                self.close(b']', list.is_empty(), depth);
            }
            Value::Map(map) if map.is_nil() => self.write("null"),
            Value::Map(map) => {
                self.out.push(b'{');
                for (index, (key, item)) in map.entries().iter().enumerate() {
                    self.member(index, key, item, depth)?;
                }
                self.close(b'}', map.is_empty(), depth);
            }
            Value::Object(object) => match object.json() {
                Value::Map(_) => {
                    let fields = object.fields();
                    self.out.push(b'{');
                    for (index, (name, item)) in fields.iter().enumerate() {
                        self.member(index, name.as_bytes(), item, depth)?;
                    }
                    self.close(b'}', fields.is_empty(), depth);
                }
                other => self.value(&other, depth + 1)?,
            },
        }
        Ok(())
    }

    fn member(&mut self, index: usize, key: &[u8], item: &Value, depth: usize) -> Result<(), EncodeError> {
        self.separate(index, depth);
        self.string(key);
        self.write(if self.style.pretty { ": " } else { ":" });
        self.value(item, depth + 1)
    }

    fn separate(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push(b',');
        }
        self.new_line(depth + 1);
    }

    fn close(&mut self, bracket: u8, is_empty: bool, depth: usize) {
        if !is_empty {
            self.new_line(depth);
        }
        self.out.push(bracket);
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        let mut rest = text;
        while let Some((c, width)) = quote::decode(rest) {
            let (bytes, after) = rest.split_at(width);
            rest = after;
            match c {
                Ok('"') => self.write("\\\""),
                Ok('\\') => self.write("\\\\"),
                Ok('\n') => self.write("\\n"),
                Ok('\r') => self.write("\\r"),
                Ok('\t') => self.write("\\t"),
                Ok('\u{8}') => self.write("\\b"),
                Ok('\u{c}') => self.write("\\f"),
                Ok(c) if c < ' ' || !self.style.raw && matches!(c, '<' | '>' | '&') => {
                    self.write(&format!("\\u{:04x}", u32::from(c)));
                }
                // These end a line in JavaScript.
                Ok(c @ ('\u{2028}' | '\u{2029}')) => self.write(&format!("\\u{:04x}", u32::from(c))),
                Ok(_) => self.out.extend_from_slice(bytes),
                Err(_) => self.write("\\ufffd"),
            }
        }
        self.out.push(b'"');
    }
}

/// A float as JSON has it: plain between 1e-6 and 1e21, else with an exponent without leading zero.
fn number_text(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return Some(float::format(number, 'f', None));
    }
    let text = float::format(number, 'e', None);
    Some(match text.strip_suffix(|c: char| c.is_ascii_digit()).filter(|head| head.ends_with("e-0")) {
        Some(head) => format!("{}{}", &head[..head.len() - 1], &text[text.len() - 1..]),
        None => text,
    })
}
