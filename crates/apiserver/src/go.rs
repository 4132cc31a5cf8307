//! Words of Go's standard library that clients see: JSON syntax errors, durations, number parsing.

/// What Go's `encoding/json` says about `bytes`, or `None` where they are one JSON value.
///
/// serde_json finds the same mistakes but tells them in other words.
pub(crate) fn json_syntax_error(bytes: &[u8]) -> Option<String> {
    Scanner { bytes, at: 0, depth: 0 }.document().err()
}

/// The deepest nesting that Go's decoder takes.
const MAX_DEPTH: usize = 10_000;

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

type Scan = Result<(), String>;

fn quote_char(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        0x20..=0x7e => format!("'{}'", byte as char),
        0x00..=0x1f | 0x7f => format!("'\\x{byte:02x}'"),
        // Go quotes the byte as a rune of that number: Latin-1, where 0x80 to 0xa0 and 0xad are not printable.
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

impl Scanner<'_> {
    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn wrong(&self, context: &str) -> Scan {
        Err(match self.bytes.get(self.at) {
            None => "unexpected end of JSON input".to_owned(),
            Some(byte) => format!("invalid character {} {context}", quote_char(*byte)),
        })
    }

    fn document(mut self) -> Scan {
        self.space();
        self.value()?;
        self.space();
        if self.at < self.bytes.len() { self.wrong("after top-level value") } else { Ok(()) }
    }

    fn value(&mut self) -> Scan {
        match self.bytes.get(self.at) {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.wrong("looking for beginning of value"),
        }
    }

    fn enter(&mut self) -> Scan {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err("exceeded max depth".to_owned()) } else { Ok(()) }
    }

    fn object(&mut self) -> Scan {
        self.enter()?;
        self.space();
        if self.bytes.get(self.at) == Some(&b'}') {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        loop {
            self.space();
            if self.bytes.get(self.at) != Some(&b'"') {
                return self.wrong("looking for beginning of object key string");
            }
            self.string()?;
            self.space();
            if self.bytes.get(self.at) != Some(&b':') {
                return self.wrong("after object key");
            }
            self.at += 1;
            self.space();
            self.value()?;
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.wrong("after object key:value pair"),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Scan {
        self.enter()?;
        self.space();
        if self.bytes.get(self.at) == Some(&b']') {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        loop {
            self.space();
            self.value()?;
            self.space();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return self.wrong("after array element"),
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn string(&mut self) -> Scan {
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.bytes.get(self.at) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                match self.bytes.get(self.at) {
                                    Some(b) if b.is_ascii_hexdigit() => self.at += 1,
                                    _ => return self.wrong("in \\u hexadecimal character escape"),
                                }
                            }
                        }
                        _ => return self.wrong("in string escape code"),
                    }
                }
                Some(0..=0x1f) | None => return self.wrong("in string literal"),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Scan {
        for (i, expected) in word.bytes().enumerate() {
            if self.bytes.get(self.at) != Some(&expected) {
                return self.wrong(&format!("in literal {word} (expecting '{}')", &word[i..=i]));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Scan {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.wrong("in numeric literal"),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if !self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                return self.wrong("after decimal point in numeric literal");
            }
            self.digits();
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                return self.wrong("in exponent of numeric literal");
            }
            self.digits();
        }
        Ok(())
    }
}

/// Parses Go's `time.ParseDuration`; the error is its text.
pub(crate) fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let invalid = || format!("time: invalid duration {}", crate::status::quote(text));
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(std::time::Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| invalid())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = &rest[..end];
        rest = &rest[end..];
        seconds += number
            * match unit {
                "" => return Err(format!("time: missing unit in duration {}", crate::status::quote(text))),
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                other => {
                    let (unit, whole) = (crate::status::quote(other), crate::status::quote(text));
                    return Err(format!("time: unknown unit {unit} in duration {whole}"));
                }
            };
    }
    let seconds = if negative { 0.0 } else { seconds };
    std::time::Duration::try_from_secs_f64(seconds).map_err(|_| invalid())
}

/// Parses as `strconv.ParseInt(text, 10, 64)`; the error is its text.
pub(crate) fn parse_int(text: &str) -> Result<i64, String> {
    parse(text, "ParseInt")
}

/// Parses as `strconv.ParseUint(text, 10, 64)`; the error is its text.
pub(crate) fn parse_uint(text: &str) -> Result<u64, String> {
    if text.starts_with('+') {
        return Err(format!("strconv.ParseUint: parsing {}: invalid syntax", crate::status::quote(text)));
    }
    parse(text, "ParseUint")
}

fn parse<T: std::str::FromStr<Err = std::num::ParseIntError>>(
    text: &str,
    function: &str,
) -> Result<T, String> {
    text.parse::<T>().map_err(|error| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.{function}: parsing {}: {why}", crate::status::quote(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: &str) {
        assert_eq!(json_syntax_error(input.as_bytes()).as_deref().unwrap_or("fine"), expect, "{input}");
    }

    #[test]
    fn json_mistakes_are_told_in_gos_words() {
        check("{}", "fine");
        check(" [1, 2.5e3, \"a\\u00e4\", null] ", "fine");
        check("", "unexpected end of JSON input");
        check("{", "unexpected end of JSON input");
        check("{not", "invalid character 'n' looking for beginning of object key string");
        check("{\"a\" 1}", "invalid character '1' after object key");
        check("[1 2]", "invalid character '2' after array element");
        check("{} x", "invalid character 'x' after top-level value");
        check("tru ", "invalid character ' ' in literal true (expecting 'e')");
        check("-", "unexpected end of JSON input");
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("1m30s").unwrap().as_secs(), 90);
        assert_eq!(parse_duration("x").unwrap_err(), "time: invalid duration \"x\"");
        assert_eq!(parse_duration("3").unwrap_err(), "time: missing unit in duration \"3\"");
        assert_eq!(parse_duration("3y").unwrap_err(), "time: unknown unit \"y\" in duration \"3y\"");
    }
}
