//! Go's regular expressions on the `regex` crate: what the two read differently is translated, and what Go refuses is
//! refused with Go's words.
//!
//! | | Go | here |
//! |---|---|---|
//! | `\d \w \s \b` | ASCII | written out as classes, `(?-u:\b)` |
//! | `[a&&b]`, `[[a]]`, `[a--b]` | plain characters | escaped |
//! | `\Q…\E` | literal | escaped |
//! | `{` without a count | literal | escaped |
//! | `a**`, `x{1001}`, `(?x)` | errors | checked here |

use std::fmt;

use regex::bytes::{Captures, Regex, RegexBuilder};

use crate::error::Message;

/// A pattern that is none, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct RegexpError {
    what: &'static str,
    part: String,
}

impl fmt::Display for RegexpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.what, self.part)
    }
}

impl RegexpError {
    /// The error as a message in which the pattern counts as data.
    pub(crate) fn message(&self) -> Message {
        Message::new(format!("error parsing regexp: {}: `", self.what)).data(self.part.clone()).words("`")
    }
}

fn error<T>(what: &'static str, part: impl Into<String>) -> Result<T, RegexpError> {
    Err(RegexpError { what, part: part.into() })
}

/// Bytes of a compiled pattern. Compiling up to them takes some ten milliseconds.
const LARGEST: usize = 4 << 20;

/// Go's greatest count of a repetition.
const MOST_REPEATS: u32 = 1000;

/// Compiles a pattern in Go's syntax.
///
/// # Errors
/// Go's; and for patterns that are right but too large to compile.
pub(crate) fn compile(pattern: &str) -> Result<Regex, RegexpError> {
    let translated =
        Translator { pattern, rest: pattern, out: String::with_capacity(pattern.len() + 16), groups: 0 }
            .translate()?;
    match RegexBuilder::new(&translated).size_limit(LARGEST).build() {
        Ok(regex) => Ok(regex),
        Err(regex::Error::CompiledTooBig(_)) => error("expression too large", pattern),
        Err(_) => error("invalid or unsupported Perl syntax", pattern),
    }
}

/// Writes what a replacement stands for: `$1`, `${name}`, `$$`. Unknown groups are empty; a dollar before anything else is a
/// dollar.
pub(crate) fn expand(captures: &Captures<'_>, template: &[u8], out: &mut Vec<u8>) {
    let mut rest = template;
    while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix(b"$") {
            out.push(b'$');
            rest = after;
            continue;
        }
        let braced = rest.strip_prefix(b"{");
        let body = braced.unwrap_or(rest);
        let length = body.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let (name, after) = body.split_at(length);
        let after = if braced.is_some() { after.strip_prefix(b"}") } else { Some(after) };
        let (Some(after), Ok(name)) = (after.filter(|_| length > 0), std::str::from_utf8(name)) else {
            out.push(b'$');
            continue;
        };
        rest = after;
        let is_number =
            name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
        let group = match name.parse::<usize>() {
            Ok(number) if is_number => captures.get(number),
            _ => captures.name(name),
        };
        out.extend_from_slice(group.map_or(b"", |group| group.as_bytes()));
    }
    out.extend_from_slice(rest);
}

/// Matches in order, without overlap. An empty match within a character, which the engine finds where it works on bytes, is
/// none.
pub(crate) fn matches<'t>(pattern: &'t Regex, text: &'t [u8]) -> impl Iterator<Item = Captures<'t>> {
    let characters = std::str::from_utf8(text).ok();
    pattern.captures_iter(text).filter(move |captures| {
        let whole = captures.get_match();
        !whole.is_empty() || characters.is_none_or(|text| text.is_char_boundary(whole.start()))
    })
}

/// Go's `ReplaceAllString`.
pub(crate) fn replace_all(pattern: &Regex, text: &[u8], template: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut end = 0;
    for captures in matches(pattern, text) {
        let whole = captures.get_match();
        out.extend_from_slice(&text[end..whole.start()]);
        expand(&captures, template, &mut out);
        end = whole.end();
    }
    out.extend_from_slice(&text[end..]);
    out
}

struct Translator<'p> {
    pattern: &'p str,
    rest: &'p str,
    out: String,
    groups: usize,
}

impl<'p> Translator<'p> {
    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn push_literal(&mut self, c: char) {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    fn translate(mut self) -> Result<String, RegexpError> {
        // Whether something stands before that can be repeated, and the text of a repetition just passed.
        let mut repeatable = false;
        let mut repetition: Option<&'p str> = None;
        // Where flags that stand alone begin: a repetition behind them belongs before them.
        let mut flags_at: Option<usize> = None;
        while let Some(c) = self.rest.chars().next() {
            let start = self.rest;
            match c {
                '*' | '+' | '?' | '{' => {
                    let operator = if c == '{' { self.count()? } else { Some(&start[..1]) };
                    let Some(operator) = operator else {
                        self.take();
                        self.push_literal('{');
                        (repeatable, repetition) = (true, None);
                        continue;
                    };
                    self.rest = &self.rest[operator.len()..];
                    let lazy = self.rest.starts_with('?');
                    self.rest = &self.rest[usize::from(lazy)..];
                    let whole = &start[..operator.len() + usize::from(lazy)];
                    if let Some(before) = repetition {
                        return error("invalid nested repetition operator", format!("{before}{whole}"));
                    }
                    if !repeatable {
                        return error("missing argument to repetition operator", whole);
                    }
                    let place = flags_at.take().unwrap_or(self.out.len());
                    self.out.insert_str(place, whole);
                    repetition = Some(whole);
                    continue;
                }
                '(' => {
                    let before = self.out.len();
                    if !self.group()? {
                        flags_at.get_or_insert(before);
                        repetition = None;
                        continue;
                    }
                    repeatable = false;
                }
                ')' => {
                    if self.groups == 0 {
                        return error("unexpected )", self.pattern);
                    }
                    self.groups -= 1;
                    self.take();
                    self.out.push(')');
                    repeatable = true;
                }
                '|' => {
                    self.take();
                    self.out.push('|');
                    repeatable = false;
                }
                '[' => {
                    self.class()?;
                    repeatable = true;
                }
                '\\' => {
                    self.escape(false)?;
                    repeatable = true;
                }
                '^' | '$' | '.' => {
                    self.take();
                    self.out.push(c);
                    repeatable = true;
                }
                _ => {
                    self.take();
                    self.push_literal(c);
                    repeatable = true;
                }
            }
            (repetition, flags_at) = (None, None);
        }
        if self.groups > 0 {
            return error("missing closing )", self.pattern);
        }
        Ok(self.out)
    }

    /// The text of `{n}`, `{n,}` or `{n,m}` at the front, none where the brace is a plain character.
    fn count(&self) -> Result<Option<&'p str>, RegexpError> {
        let Some(end) = self.rest.find('}') else {
            return Ok(None);
        };
        let whole = &self.rest[..=end];
        let body = &self.rest[1..end];
        let number = |text: &str| -> Option<u32> {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (is_number && (text.len() == 1 || !text.starts_with('0')))
                .then(|| text.parse().unwrap_or(u32::MAX))
        };
        let (low, high) = match body.split_once(',') {
            None => (number(body), number(body)),
            Some((low, "")) => (number(low), number(low)),
            Some((low, high)) => (number(low), number(high)),
        };
        let (Some(low), Some(high)) = (low, high) else {
            return Ok(None);
        };
        if low > MOST_REPEATS || high > MOST_REPEATS || low > high {
            return error("invalid repeat count", whole);
        }
        Ok(Some(whole))
    }

    /// Passes an opening parenthesis with what belongs to it. False for flags that stand alone.
    fn group(&mut self) -> Result<bool, RegexpError> {
        let start = self.rest;
        if !start.starts_with("(?") {
            self.take();
            self.out.push('(');
            self.groups += 1;
            return Ok(true);
        }
        let named = start.strip_prefix("(?P<").or_else(|| start.strip_prefix("(?<"));
        if let Some(after) = named {
            let Some((name, rest)) = after.split_once('>') else {
                return error("invalid named capture", start);
            };
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return error("invalid named capture", &start[..start.len() - rest.len()]);
            }
            self.out.push_str(&format!("(?P<{name}>"));
            self.rest = rest;
            self.groups += 1;
            return Ok(true);
        }
        self.flags(start)
    }

    /// Passes `(?flags)` or `(?flags:`. False for flags that stand alone.
    fn flags(&mut self, start: &'p str) -> Result<bool, RegexpError> {
        let mut negated = false;
        let mut saw_flag = false;
        for (at, c) in start.char_indices().skip(2) {
            match c {
                'i' | 'm' | 's' | 'U' => saw_flag = true,
                '-' if !negated => {
                    negated = true;
                    saw_flag = false;
                }
                ':' | ')' if !negated || saw_flag => {
                    // No flags at all are written without parentheses.
                    self.out.push_str(if &start[..=at] == "(?)" { "" } else { &start[..=at] });
                    self.rest = &start[at + 1..];
                    self.groups += usize::from(c == ':');
                    return Ok(c == ':');
                }
                _ => return error("invalid or unsupported Perl syntax", &start[..at + c.len_utf8()]),
            }
        }
        error("invalid or unsupported Perl syntax", start)
    }

    fn class(&mut self) -> Result<(), RegexpError> {
        let start = self.rest;
        let missing = || error("missing closing ]", start);
        self.take();
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.take();
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            if self.rest.is_empty() {
                return missing();
            }
            if self.rest.starts_with(']') && !is_first {
                self.take();
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if self.rest.starts_with("[:")
                && let Some(end) = self.rest.find(":]")
            {
                self.out.push_str(&self.rest[..end + 2]);
                self.rest = &self.rest[end + 2..];
                continue;
            }
            let item = self.rest;
            let Some(low) = self.class_item(start)? else {
                continue;
            };
            // A minus between two characters makes a range.
            let is_range =
                self.rest.starts_with('-') && !self.rest[1..].starts_with(']') && self.rest.len() > 1;
            if is_range {
                self.take();
                self.out.push('-');
                let high = self.class_item(start)?;
                if high.is_none_or(|high| high < low) {
                    return error("invalid character class range", &item[..item.len() - self.rest.len()]);
                }
            }
        }
    }

    /// One character of a class; none for a class within it.
    fn class_item(&mut self, class: &'p str) -> Result<Option<char>, RegexpError> {
        match self.rest.chars().next() {
            None => error("missing closing ]", class),
            Some('\\') => self.escape(true),
            Some(c) => {
                self.take();
                self.push_literal(c);
                Ok(Some(c))
            }
        }
    }

    /// An escape; none where it stands for a class of characters or a place.
    fn escape(&mut self, in_class: bool) -> Result<Option<char>, RegexpError> {
        let start = self.rest;
        self.take();
        let Some(c) = self.take() else {
            return error("trailing backslash at end of expression", "");
        };
        let class = match c {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            's' => r"[\t\n\f\r ]",
            'S' => r"[^\t\n\f\r ]",
            _ => "",
        };
        if !class.is_empty() {
            self.out.push_str(class);
            return Ok(None);
        }
        let character = match c {
            'b' if !in_class => return self.place(r"(?-u:\b)"),
            'B' if !in_class => return self.place(r"(?-u:\B)"),
            'A' | 'z' if !in_class => return self.place(&start[..2]),
            'Q' if !in_class => {
                let (literal, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                return self.place(&regex::escape(literal));
            }
            'p' | 'P' => {
                let length = match self.rest.chars().next() {
                    Some('{') => self.rest.find('}').map(|end| end + 1),
                    Some(c) => Some(c.len_utf8()),
                    None => None,
                };
                let Some(length) = length else {
                    return error("invalid character class range", start);
                };
                let shown = &start[..2 + length];
                if Regex::new(shown).is_err() {
                    return error("invalid character class range", shown);
                }
                self.rest = &self.rest[length..];
                return self.place(shown);
            }
            'a' => '\u{7}',
            'f' => '\u{c}',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'v' => '\u{b}',
            'x' => self.hexadecimal(start)?,
            '0' => self.octal(0),
            '1'..='7' if self.rest.starts_with(|c: char| ('0'..='7').contains(&c)) => {
                self.octal(c.to_digit(8).unwrap_or_default())
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
            _ => return error("invalid escape sequence", &start[..1 + c.len_utf8()]),
        };
        self.push_literal(character);
        Ok(Some(character))
    }

    /// Writes what matches no single given character.
    fn place(&mut self, text: &str) -> Result<Option<char>, RegexpError> {
        self.out.push_str(text);
        Ok(None)
    }

    fn hexadecimal(&mut self, start: &'p str) -> Result<char, RegexpError> {
        let (digits, length) = match self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((digits, _)) => (digits, digits.len() + 2),
            None => (self.rest.get(..2).unwrap_or_default(), 2),
        };
        let character = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        match character {
            Some(c) => {
                self.rest = &self.rest[length..];
                Ok(c)
            }
            None => {
                let shown = start.char_indices().nth(4).map_or(start, |(end, _)| &start[..end]);
                error("invalid escape sequence", shown)
            }
        }
    }

    fn octal(&mut self, first: u32) -> char {
        let mut value = first;
        for _ in 0..2 {
            match self.rest.chars().next().and_then(|c| c.to_digit(8)) {
                Some(digit) => {
                    value = value * 8 + digit;
                    self.take();
                }
                None => break,
            }
        }
        char::from_u32(value).unwrap_or_default()
    }
}
