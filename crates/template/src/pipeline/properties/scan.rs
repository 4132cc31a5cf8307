//! Lenient reading of JSON: never an error, at most nothing.

use crate::format::float;
use crate::parse::literal;

/// What sort of value was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Null,
    False,
    True,
    Number,
    String,
    /// An object or a list.
    Json,
}

/// A value as it is written. One that was not found is null without a text.
#[derive(Clone, Default)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) raw: Vec<u8>,
}

impl Found {
    pub(super) fn new(kind: Kind, raw: &[u8]) -> Self {
        Self { kind, raw: raw.to_vec() }
    }

    pub(super) fn exists(&self) -> bool {
        self.kind != Kind::Null || !self.raw.is_empty()
    }

    pub(super) fn is_object(&self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'{')
    }

    pub(super) fn is_array(&self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'[')
    }

    /// A string without quotes and escapes.
    pub(super) fn string(&self) -> Vec<u8> {
        let body = self.raw.get(1..).unwrap_or_default();
        unescape(body.strip_suffix(b"\"").unwrap_or(body))
    }

    pub(super) fn number(&self) -> f64 {
        parse_number(&self.raw)
    }

    /// The value as a text of its own.
    pub(super) fn text(&self) -> Vec<u8> {
        match self.kind {
            Kind::Null => Vec::new(),
            Kind::False => b"false".to_vec(),
            Kind::True => b"true".to_vec(),
            Kind::String => self.string(),
            Kind::Json => self.raw.clone(),
            Kind::Number => {
                let digits = self.raw.strip_prefix(b"-").unwrap_or(&self.raw);
                if digits.iter().all(u8::is_ascii_digit) {
                    return self.raw.clone();
                }
                float::format(self.number(), 'f', None).into_bytes()
            }
        }
    }

    /// Truth as modifiers read their arguments.
    pub(super) fn truth(&self) -> bool {
        match self.kind {
            Kind::True => true,
            Kind::Number => self.number() != 0.0,
            Kind::String => matches!(self.string().to_ascii_lowercase().as_slice(), b"1" | b"t" | b"true"),
            _ => false,
        }
    }
}

pub(super) fn parse_number(text: &[u8]) -> f64 {
    let Ok(text) = std::str::from_utf8(text) else {
        return 0.0;
    };
    literal::parse_float(text).unwrap_or_else(|| text.parse().unwrap_or(0.0))
}

/// End of a string that begins at its quote; the second is false where it has no end.
pub(super) fn end_of_string(json: &[u8], start: usize) -> (usize, bool) {
    let mut at = start + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return (at + 1, true),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    (json.len(), false)
}

/// End of an object, a list or a parenthesis that begins here, whatever is in it.
pub(super) fn end_of_nested(json: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(json, at).0;
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    json.len()
}

fn end_while(json: &[u8], start: usize, inside: impl Fn(u8) -> bool) -> usize {
    json[start..]
        .iter()
        .skip(1)
        .position(|byte| !inside(*byte))
        .map_or(json.len(), |length| start + 1 + length)
}

/// The value that begins at this byte, and its end. None where none begins, or a string has no end.
pub(super) fn value_here(json: &[u8], at: usize) -> Option<(Found, usize)> {
    let byte = *json.get(at)?;
    let (kind, end) = match byte {
        b'"' => match end_of_string(json, at) {
            (end, true) => (Kind::String, end),
            (_, false) => return None,
        },
        b'{' | b'[' => (Kind::Json, end_of_nested(json, at)),
        b'n' if json.get(at + 1).is_none_or(|next| *next == b'u') => {
            (Kind::Null, end_while(json, at, |byte| byte.is_ascii_lowercase()))
        }
        b't' => (Kind::True, end_while(json, at, |byte| byte.is_ascii_lowercase())),
        b'f' => (Kind::False, end_while(json, at, |byte| byte.is_ascii_lowercase())),
        b'+' | b'-' | b'0'..=b'9' | b'i' | b'I' | b'N' | b'n' => {
            (Kind::Number, end_while(json, at, |byte| byte > b' ' && !matches!(byte, b',' | b']' | b'}')))
        }
        _ => return None,
    };
    Some((Found::new(kind, &json[at..end]), end))
}

/// The first value from here on.
pub(super) fn next_value(json: &[u8], start: usize) -> Option<(Found, usize)> {
    let mut at = start;
    while at < json.len() {
        if json[at] == b'"' || value_here(json, at).is_some() {
            return value_here(json, at);
        }
        at += 1;
    }
    None
}

/// A whole text as one value. Anything that begins no value makes it nothing.
pub(super) fn parse(json: &[u8]) -> Found {
    let Some(start) = json.iter().position(|byte| *byte > b' ') else {
        return Found::default();
    };
    match json[start] {
        // The rest belongs to it even where it is broken.
        b'{' | b'[' => Found::new(Kind::Json, &json[start..]),
        b'"' => {
            let (end, _) = end_of_string(json, start);
            Found::new(Kind::String, &json[start..end])
        }
        _ => value_here(json, start).map(|(found, _)| found).unwrap_or_default(),
    }
}

/// Members of an object (key with quotes, value) or items of a list (no key); of anything else the value itself.
pub(super) fn for_each(found: &Found, mut visit: impl FnMut(&[u8], Found)) {
    if !found.exists() {
        return;
    }
    if found.kind != Kind::Json {
        return visit(b"", found.clone());
    }
    let json = &found.raw;
    let is_object = found.is_object();
    let mut at = 1;
    while at < json.len() {
        let mut key: &[u8] = b"";
        if is_object {
            if json[at] != b'"' {
                at += 1;
                continue;
            }
            let (end, complete) = end_of_string(json, at);
            if !complete {
                return;
            }
            key = &json[at..end];
            at = end;
        }
        while json.get(at).is_some_and(|byte| *byte <= b' ' || matches!(byte, b',' | b':')) {
            at += 1;
        }
        let Some((value, end)) = next_value(json, at) else {
            return;
        };
        visit(key, value);
        at = end;
    }
}

/// Undoes escapes; stops at the first thing that is none.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        if *byte < b' ' {
            break;
        }
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some(escape) = text.get(at) else {
            break;
        };
        at += 1;
        match escape {
            b'\\' | b'/' | b'"' => out.push(*escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let Some(mut code) = four_digits(text, at) else {
                    break;
                };
                at += 4;
                if (0xd800..0xe000).contains(&code) && text[at..].starts_with(b"\\u") && text.len() >= at + 6
                {
                    let low = four_digits(text, at + 2).unwrap_or_default();
                    at += 6;
                    let is_pair = (0xd800..0xdc00).contains(&code) && (0xdc00..0xe000).contains(&low);
                    code = if is_pair { 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) } else { 0xfffd };
                }
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => break,
        }
    }
    out
}

fn four_digits(text: &[u8], at: usize) -> Option<u32> {
    let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
    Some(u32::from_str_radix(digits, 16).unwrap_or_default())
}
