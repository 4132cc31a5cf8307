//! The syntax of paths.

use std::borrow::Cow;

/// One name of a path, and how it goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step<'p> {
    /// The name without escapes; with wildcards the pattern, escapes kept.
    pub(super) name: Cow<'p, str>,
    wild: bool,
    /// What follows; `None` at the end.
    pub(super) rest: Option<&'p str>,
    /// Whether the rest is asked of the whole result.
    pub(super) piped: bool,
}

impl Step<'_> {
    pub(super) fn fits(&self, name: &str) -> bool {
        if self.wild { matches(name, &self.name) } else { self.name == name }
    }
}

/// How a path goes on in an array.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Array<'p> {
    Index(Step<'p>),
    Count(Option<&'p str>),
    Each { path: &'p str, pipe: Option<&'p str> },
    Query { query: &'p str, all: bool, path: &'p str, pipe: Option<&'p str> },
}

/// One selector of a multipath.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selector<'p> {
    /// Its name in quotes, where it has one.
    pub(super) name: Option<&'p str>,
    pub(super) path: &'p str,
}

/// Whether what follows a dot is asked of the whole result all the same.
fn pipes(rest: &str) -> bool {
    rest.starts_with(['@', '!', '{', '['])
}

/// Splits the first name off.
pub(super) fn step(path: &str) -> Step<'_> {
    let bytes = path.as_bytes();
    let (mut at, mut wild, mut escaped) = (0, false, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => {
                escaped = true;
                at += 1;
            }
            b'*' | b'?' => wild = true,
            b'.' | b'|' => break,
            _ => {}
        }
        at += 1;
    }
    let at = at.min(bytes.len());
    let name = &path[..at];
    let rest = path.get(at + 1..).filter(|_| at < bytes.len());
    let piped = bytes.get(at) == Some(&b'|') || rest.is_some_and(pipes);
    let name = if escaped && !wild { Cow::Owned(unescaped(name)) } else { Cow::Borrowed(name) };
    Step { name, wild, rest, piped }
}

fn unescaped(name: &str) -> String {
    let mut characters = name.chars();
    let mut out = String::new();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    out
}

/// Reads the first part of a path as an array understands it.
pub(super) fn array(path: &str) -> Option<Array<'_>> {
    let Some(after) = path.strip_prefix('#') else { return Some(Array::Index(step(path))) };
    match after.as_bytes().first() {
        None => Some(Array::Count(None)),
        Some(b'|') => Some(Array::Count(Some(&after[1..]))),
        Some(b'.') if pipes(&after[1..]) && !after[1..].starts_with(['{', '[']) => Some(Array::Count(Some(&after[1..]))),
        Some(b'.') => {
            let (path, pipe) = split_pipe(&after[1..]);
            Some(Array::Each { path, pipe })
        }
        Some(b'(' | b'[') => {
            let end = balanced(after)?;
            let query = &after[1..end - 1];
            let (all, rest) = match after[end..].strip_prefix('#') {
                Some(rest) => (true, rest),
                None => (false, &after[end..]),
            };
            match rest.as_bytes().first() {
                None => Some(Array::Query { query, all, path: "", pipe: None }),
                Some(b'|') => Some(Array::Query { query, all, path: "", pipe: Some(&rest[1..]) }),
                Some(b'.') => {
                    let (path, pipe) = split_pipe(&rest[1..]);
                    Some(Array::Query { query, all, path, pipe })
                }
                Some(_) => None,
            }
        }
        Some(_) => None,
    }
}

/// Splits at the first pipe that stands outside of queries, selectors and strings.
fn split_pipe(path: &str) -> (&str, Option<&str>) {
    let bytes = path.as_bytes();
    let (mut at, mut depth, mut quoted) = (0, 0_usize, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => return (&path[..at], Some(&path[at + 1..])),
            _ => {}
        }
        at += 1;
    }
    (path, None)
}

/// The length of the bracketed text that a path begins with, its closing bracket included.
fn balanced(path: &str) -> Option<usize> {
    let bytes = path.as_bytes();
    let (mut at, mut depth, mut quoted) = (0, 0_usize, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// What follows a part of a path: nothing, or the path behind a dot or pipe.
fn rest_of(rest: &str) -> Option<Option<&str>> {
    match rest.as_bytes().first() {
        None => Some(None),
        Some(b'.' | b'|') => Some(Some(&rest[1..])),
        Some(_) => None,
    }
}

/// `@name[:argument]` and the rest.
pub(super) fn modifier(path: &str) -> Option<(&str, &str, Option<&str>)> {
    let end = path.find(['.', '|', ':']).unwrap_or(path.len());
    let name = &path[1..end];
    let Some(after) = path[end..].strip_prefix(':') else { return Some((name, "", rest_of(&path[end..])?)) };
    let length = match after.as_bytes().first() {
        Some(b'{' | b'[' | b'(') => balanced(after)?,
        Some(b'"') => after[1..].find('"').map_or(after.len(), |end| end + 2),
        _ => after.find('|').unwrap_or(after.len()),
    };
    Some((name, &after[..length], rest_of(&after[length..])?))
}

/// `!value` and the rest.
pub(super) fn literal(path: &str) -> Option<(&str, Option<&str>)> {
    let after = &path[1..];
    let length = match after.as_bytes().first() {
        Some(b'{' | b'[') => balanced(after)?,
        Some(b'"') => after[1..].find('"').map_or(after.len(), |end| end + 2),
        _ => after.find(['.', '|']).unwrap_or(after.len()),
    };
    Some((&after[..length], rest_of(&after[length..])?))
}

/// `{a,"n":b}` or `[a,b]` as selectors, and the rest.
pub(super) fn selectors(path: &str) -> Option<(Vec<Selector<'_>>, Option<&str>)> {
    let end = balanced(path)?;
    let inner = &path[1..end - 1];
    let mut found = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                found.push(selector(&inner[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < inner.len() {
        found.push(selector(&inner[start..]));
    }
    Some((found, rest_of(&path[end..])?))
}

fn selector(text: &str) -> Selector<'_> {
    let text = text.trim_start();
    if text.starts_with('"') {
        let end = text[1..].find('"').map_or(text.len(), |end| end + 2);
        if let Some(path) = text[end..].strip_prefix(':') {
            return Selector { name: Some(&text[..end]), path };
        }
    }
    Selector { name: None, path: text }
}

/// The name, in quotes, that a selector without one gets: that of its last step.
pub(super) fn last_name(path: &str) -> String {
    let last = path.rsplit(['.', '|']).next().unwrap_or_default();
    let simple = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-:".contains(&byte));
    format!("\"{}\"", if simple { last } else { "_" })
}

/// Whether a text fits a pattern of `*`, `?` and escapes, in time bounded by the product of their lengths.
pub(super) fn matches(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut pattern_tokens = Vec::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        pattern_tokens.push(match c {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Exactly(characters.next().unwrap_or('\\')),
            c => Token::Exactly(c),
        });
    }
    let (mut at, mut place) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern_tokens.get(place) {
            Some(Token::Any) => {
                retry = Some((at, place));
                place += 1;
            }
            Some(Token::One) => (at, place) = (at + 1, place + 1),
            Some(Token::Exactly(c)) if *c == text[at] => (at, place) = (at + 1, place + 1),
            _ => match retry {
                Some((from, any)) => {
                    retry = Some((from + 1, any));
                    (at, place) = (from + 1, any + 1);
                }
                None => return false,
            },
        }
    }
    pattern_tokens[place..].iter().all(|token| matches!(token, Token::Any))
}

enum Token {
    Any,
    One,
    Exactly(char),
}
