//! Reads JSON into values: numbers are floats, of equal members the last wins, and errors have Go's words.

use std::fmt;

use crate::error::Message;
use crate::value::{DEEPEST, Element, List, Map, Text, Value};

/// Why a text is no JSON, in Go's words. Of the text they show one character at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error(Message);

impl Error {
    fn new(words: impl Into<Message>) -> Self {
        Self(words.into())
    }

    pub(crate) fn into_message(self) -> Message {
        self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) struct Decoder<'j> {
    text: &'j [u8],
    position: usize,
    depth: usize,
    /// Numbers too great for a float are let through, for those who want the text only.
    any_number: bool,
    /// The first number that was too great; wrong syntax anywhere counts before it.
    overflow: Option<Error>,
}

/// Reads one value; nothing but space may follow.
pub(crate) fn decode(text: &[u8]) -> Result<Value, Error> {
    let mut decoder = Decoder::new(text);
    let value = decoder.value("looking for beginning of value")?;
    decoder.end()?;
    match decoder.overflow {
        Some(error) => Err(error),
        None => Ok(value),
    }
}

impl<'j> Decoder<'j> {
    pub(super) fn new(text: &'j [u8]) -> Self {
        Self { text, position: 0, depth: 0, any_number: false, overflow: None }
    }

    /// For members whose source is what counts.
    pub(super) fn for_sources(text: &'j [u8]) -> Self {
        Self { any_number: true, ..Self::new(text) }
    }

    /// Whether the next thing is an object.
    pub(super) fn starts_object(&mut self) -> bool {
        self.skip_space();
        self.peek() == Some(b'{')
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.position += 1;
        }
    }

    fn unexpected<T>(&self, context: &str) -> Result<T, Error> {
        // Go looks at the end as if a space stood there, which is wrong within a word, a number or an escape.
        let byte = match self.peek() {
            None if context.starts_with("in literal")
                || context.contains("numeric")
                || context.contains("escape") =>
            {
                b' '
            }
            None => return Err(Error::new("unexpected end of JSON input")),
            Some(byte) => byte,
        };
        Err(Error::new(format!("invalid character {} {context}", quoted_byte(byte))))
    }

    /// Refuses anything but space up to the end.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        self.skip_space();
        if self.position < self.text.len() {
            return self.unexpected("after top-level value");
        }
        Ok(())
    }

    fn value(&mut self, context: &str) -> Result<Value, Error> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => {
                let mut entries: Vec<(Text, Value)> = Vec::new();
                self.object(&mut |key, value, _| entries.push((key, value)))?;
                Ok(Value::Map(Map::new(Element::Any, entries)))
            }
            Some(b'[') => self.array(),
            Some(b'"') => Ok(Value::String(self.string()?.into())),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Nil),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.unexpected(context),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return self.unexpected(&format!("in literal {word} (expecting '{}')", char::from(expected)));
            }
            self.position += 1;
        }
        Ok(value)
    }

    fn digits(&mut self) -> usize {
        let start = self.position;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.position += 1;
        }
        self.position - start
    }

    fn number(&mut self) -> Result<Value, Error> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.unexpected("in numeric literal");
            }
        }
        if self.peek() == Some(b'0') {
            self.position += 1;
        } else {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            if self.digits() == 0 {
                return self.unexpected("after decimal point in numeric literal");
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.position += 1;
            }
            if self.digits() == 0 {
                return self.unexpected("in exponent of numeric literal");
            }
        }
        let text = String::from_utf8_lossy(&self.text[start..self.position]);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() || self.any_number => Ok(Value::Float(number)),
            _ => {
                let message = Message::new("json: cannot unmarshal number ").data(text.into_owned());
                self.overflow.get_or_insert(Error(message.words(" into Go value of type float64")));
                Ok(Value::Nil)
            }
        }
    }

    fn deeper(&mut self) -> Result<(), Error> {
        self.position += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::new("exceeded max depth"));
        }
        Ok(())
    }

    fn array(&mut self) -> Result<Value, Error> {
        self.deeper()?;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.position += 1;
        } else {
            loop {
                items.push(self.value("looking for beginning of value")?);
                self.skip_space();
                match self.peek() {
                    Some(b',') => self.position += 1,
                    Some(b']') => {
                        self.position += 1;
                        break;
                    }
                    _ => return self.unexpected("after array element"),
                }
            }
        }
        self.depth -= 1;
        Ok(Value::List(List::new(Element::Any, items)))
    }

    /// Reads an object and hands out its members: key, value, source of the value.
    pub(super) fn object(&mut self, member: &mut dyn FnMut(Text, Value, &'j [u8])) -> Result<(), Error> {
        self.deeper()?;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.position += 1;
            self.depth -= 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.unexpected("looking for beginning of object key string");
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.unexpected("after object key");
            }
            self.position += 1;
            self.skip_space();
            let start = self.position;
            let value = self.value("looking for beginning of value")?;
            member(key.into(), value, &self.text[start..self.position]);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b'}') => {
                    self.position += 1;
                    self.depth -= 1;
                    return Ok(());
                }
                _ => return self.unexpected("after object key:value pair"),
            }
        }
    }

    /// A string without its quotes. Bad UTF-8 and lone surrogates become U+FFFD.
    fn string(&mut self) -> Result<Vec<u8>, Error> {
        self.position += 1;
        let mut raw = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    break;
                }
                Some(b'\\') => {
                    self.position += 1;
                    self.escape(&mut raw)?;
                }
                None | Some(0..=0x1f) => return self.unexpected("in string literal"),
                Some(byte) => {
                    raw.push(byte);
                    self.position += 1;
                }
            }
        }
        Ok(match String::from_utf8(raw) {
            Ok(text) => text.into_bytes(),
            Err(error) => crate::format::quote::runes(error.as_bytes()).collect::<String>().into_bytes(),
        })
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let byte = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.position += 1;
                let c = self.unicode_escape()?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.unexpected("in string escape code"),
        };
        out.push(byte);
        self.position += 1;
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<char, Error> {
        let first = self.four_digits()?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        // A high surrogate needs a low one right after it.
        let after = self.position;
        if (0xd800..0xdc00).contains(&first) && self.text[after..].starts_with(b"\\u") {
            self.position += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.position = after;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Result<u32, Error> {
        let mut value = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => value = value * 16 + digit,
                None => return self.unexpected("in \\u hexadecimal character escape"),
            }
            self.position += 1;
        }
        Ok(value)
    }
}

/// Go's way to name a byte in an error.
fn quoted_byte(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let text = char::from(byte).to_string();
            let quoted = crate::format::quote::quoted_with(text.as_bytes(), '"', false);
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    }
}
