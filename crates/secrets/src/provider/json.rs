//! JSON as Go's `encoding/json` checks it, with values kept as the text they were written in.

use crate::value::{SecretData, SecretValue};
use std::collections::BTreeMap;

/// Deeper nesting is refused, as Go does.
const DEEPEST: usize = 10_000;

/// Why a text is no JSON, or not the kind that is wanted; Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("invalid character {} {context}", quoted(*.byte))]
    Character { byte: u8, context: String },
    #[error("unexpected end of JSON input")]
    End,
    #[error("exceeded max depth")]
    Depth,
    #[error("json: cannot unmarshal {found} into Go value of type {wanted}")]
    Kind { found: &'static str, wanted: &'static str },
}

fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        0..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..0xa1 | 0xad => format!("'\\u{:04x}'", u32::from(byte)),
        _ => format!("'{}'", char::from(byte)),
    }
}

/// The members of an object: strings without quotes, null as empty, all else in its own text.
pub(crate) fn members(value: &SecretValue) -> Result<SecretData, JsonError> {
    let text = value.expose();
    let mut found = SecretData::new();
    for (key, raw) in object(text, "map[string]json.RawMessage")? {
        let value = match raw.first() {
            Some(b'"') => SecretValue::from(unquote(raw)),
            _ if raw == b"null" => SecretValue::default(),
            _ => SecretValue::from(raw),
        };
        found.insert(key, value);
    }
    Ok(found)
}

/// The members of an object whose values are all strings; `None` for anything else.
pub(crate) fn object_of_strings(text: &str) -> Option<BTreeMap<String, String>> {
    let members = object(text.as_bytes(), "map[string]string").ok().filter(|_| text.trim_start().starts_with('{'))?;
    let string = |raw: &[u8]| raw.starts_with(b"\"").then(|| unquote(raw));
    members.into_iter().map(|(key, raw)| Some((key, string(raw)?))).collect()
}

/// An object of strings as Go writes it: keys sorted, `<`, `>` and `&` escaped.
pub(crate) fn of_strings(map: &BTreeMap<String, String>) -> String {
    let text = serde_json::to_string(map).unwrap_or_default();
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// The same JSON with two spaces of indentation, in its own order. No JSON comes back as it is.
pub(crate) fn indented(text: &str) -> String {
    if check(text.as_bytes()).is_err() {
        return text.to_owned();
    }
    let mut out = String::new();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut characters = text.chars().filter(|c| !c.is_ascii_control()).peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = characters.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            ' ' => {}
            '{' | '[' => {
                out.push(c);
                while characters.next_if_eq(&' ').is_some() {}
                if matches!(characters.peek(), Some('}' | ']')) {
                    out.extend(characters.next());
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                out.push(c);
                in_string = c == '"';
            }
        }
    }
    out
}

/// The members of an object with their raw texts, in order; null is an empty object, as Go has it.
fn object<'a>(text: &'a [u8], wanted: &'static str) -> Result<Vec<(String, &'a [u8])>, JsonError> {
    check(text)?;
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_space();
    match scanner.peek() {
        Some(b'{') => scanner.at += 1,
        Some(b'n') => return Ok(Vec::new()),
        other => {
            let found = match other {
                Some(b'[') => "array",
                Some(b'"') => "string",
                Some(b't' | b'f') => "bool",
                _ => "number",
            };
            return Err(JsonError::Kind { found, wanted });
        }
    }
    let mut found = Vec::new();
    loop {
        scanner.skip_space();
        if scanner.peek() != Some(b'"') {
            return Ok(found);
        }
        let key = unquote(scanner.raw_value()?);
        scanner.skip_space();
        scanner.at += 1;
        scanner.skip_space();
        found.push((key, scanner.raw_value()?));
        scanner.skip_space();
        if scanner.peek() == Some(b',') {
            scanner.at += 1;
        }
    }
}

/// A string's text without quotes and escapes. Lone surrogates become U+FFFD, as in Go.
pub(crate) fn unquote(raw: &[u8]) -> String {
    let inner = raw.strip_prefix(b"\"").unwrap_or(raw);
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut out = Vec::with_capacity(inner.len());
    let mut at = 0;
    let hex = |at: usize| -> Option<u32> {
        u32::from_str_radix(std::str::from_utf8(inner.get(at..at + 4)?).ok()?, 16).ok()
    };
    while let Some(&byte) = inner.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let escape = inner.get(at).copied().unwrap_or_default();
        at += 1;
        match escape {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let Some(first) = hex(at) else { continue };
                at += 4;
                let low = if inner.get(at..at + 2) == Some(b"\\u") { hex(at + 2) } else { None };
                let code = match low {
                    Some(low @ 0xdc00..=0xdfff) if (0xd800..0xdc00).contains(&first) => {
                        at += 6;
                        0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)
                    }
                    _ => first,
                };
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Whether a text is JSON, with Go's words where it is not.
pub(crate) fn check(text: &[u8]) -> Result<(), JsonError> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_space();
    scanner.value(0)?;
    scanner.skip_space();
    match scanner.peek() {
        None => Ok(()),
        Some(byte) => Err(JsonError::Character { byte, context: "after top-level value".to_owned() }),
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, context: impl Into<String>) -> Result<T, JsonError> {
        match self.peek() {
            Some(byte) => Err(JsonError::Character { byte, context: context.into() }),
            None => Err(JsonError::End),
        }
    }

    /// The text of the value that begins here.
    fn raw_value(&mut self) -> Result<&'a [u8], JsonError> {
        let start = self.at;
        self.value(0)?;
        Ok(&self.text[start..self.at])
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > DEEPEST {
            return Err(JsonError::Depth);
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.fail("looking for beginning of value"),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.fail("looking for beginning of object key string");
            }
            self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.fail("after object key");
            }
            self.at += 1;
            self.skip_space();
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fail("after object key:value pair"),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fail("after array element"),
            }
        }
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                    return self.fail("in \\u hexadecimal character escape");
                                }
                                self.at += 1;
                            }
                        }
                        _ => return self.fail("in string escape code"),
                    }
                }
                Some(0x20..) => self.at += 1,
                _ => return self.fail("in string literal"),
            }
        }
    }

    fn digits(&mut self, context: &str) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.fail(context);
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), JsonError> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return self.fail(format!("in literal {word} (expecting '{}')", char::from(expected)));
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_worded_as_go_words_them() {
        let check = |text: &str, expect: &str| {
            let error = members(&SecretValue::from(text)).unwrap_err();
            assert_eq!(error.to_string(), expect, "{text}");
        };
        check("plain", "invalid character 'p' looking for beginning of value");
        check("text", "invalid character 'e' in literal true (expecting 'r')");
        check("", "unexpected end of JSON input");
        check("{\"a\":1", "unexpected end of JSON input");
        check("{\"a\" 1}", "invalid character '1' after object key");
        check("{a:1}", "invalid character 'a' looking for beginning of object key string");
        check("{} x", "invalid character 'x' after top-level value");
        check("[1 2]", "invalid character '2' after array element");
        check("[1,2]", "json: cannot unmarshal array into Go value of type map[string]json.RawMessage");
        check("12", "json: cannot unmarshal number into Go value of type map[string]json.RawMessage");
        check("01", "invalid character '1' after top-level value");
        check("\"a\nb\"", "invalid character '\\n' in string literal");
        check(&"[".repeat(20_000), "exceeded max depth");
    }

    #[test]
    fn members_keep_their_text_but_strings_lose_their_quotes() {
        let text = r#" {"s":"a\u00e9\n\ud83d\ude00","n": 1.50,"o":{ "x": 1 },"z":null,"b":true,"s":"last"} "#;
        let members = members(&SecretValue::from(text)).unwrap();
        let members: Vec<(&str, &str)> =
            members.iter().map(|(key, value)| (key.as_str(), value.text().unwrap())).collect();
        assert_eq!(members, [("b", "true"), ("n", "1.50"), ("o", "{ \"x\": 1 }"), ("s", "last"), ("z", "")]);
        assert_eq!(unquote(br#""a\u00e9\n\ud83d\ude00\ud83d""#), "aé\n😀\u{fffd}");
    }

    #[test]
    fn indentation_keeps_the_order_of_members() {
        assert_eq!(indented(r#"{"b":{"c":"x,y"},"a":[1, {}]}"#), "{\n  \"b\": {\n    \"c\": \"x,y\"\n  },\n  \"a\": [\n    1,\n    {}\n  ]\n}");
        assert_eq!(indented("<html>"), "<html>");
    }
}
