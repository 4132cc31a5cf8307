//! Paths taken apart, one component at a time.

use super::modifiers;

/// A component of a path and what follows it.
#[derive(Debug, Default)]
pub(super) struct Component<'p> {
    /// The name, without escapes.
    pub(super) name: Vec<u8>,
    /// Whether the name is a pattern.
    pub(super) is_pattern: bool,
    /// What follows a dot: looked up in the value.
    pub(super) rest: Option<&'p str>,
    /// What follows a pipe: looked up in the result.
    pub(super) pipe: Option<&'p str>,
}

/// Whether what follows a dot works on the whole result: a modifier, or a selection of several paths.
fn begins_pipe(path: &str) -> bool {
    match path.as_bytes().first() {
        Some(b'@') => {
            let end = path[1..].find(['.', '|', ':']).map_or(path.len(), |end| end + 1);
            modifiers::exists(&path[1..end])
        }
        Some(b'[' | b'{') => true,
        _ => false,
    }
}

/// Sets what follows a separator.
fn follow<'p>(component: &mut Component<'p>, separator: u8, after: &'p str, pipes: bool) {
    if separator == b'|' || pipes && !after.is_empty() && begins_pipe(after) {
        component.pipe = Some(after);
    } else {
        component.rest = Some(after);
    }
}

/// The component that names an object's member.
pub(super) fn member(path: &str) -> Component<'_> {
    let mut component = Component::default();
    let bytes = path.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'.' | b'|' => {
                follow(&mut component, *byte, &path[at + 1..], true);
                return component;
            }
            b'\\' => {
                at += 1;
                component.name.extend(bytes.get(at));
            }
            b'*' | b'?' => {
                component.is_pattern = true;
                component.name.push(*byte);
            }
            other => component.name.push(*other),
        }
        at += 1;
    }
    component
}

/// A condition on items: `#(path op value)`.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) path: String,
    pub(super) operator: String,
    pub(super) value: Vec<u8>,
    /// `#(…)#`: all items rather than the first.
    pub(super) all: bool,
}

/// The component that names items of a list.
#[derive(Debug, Default)]
pub(super) struct Items<'p> {
    pub(super) component: Component<'p>,
    /// A hash stands in the component.
    pub(super) has_hash: bool,
    /// `#.path`: the path within each item.
    pub(super) each: Option<&'p str>,
    pub(super) query: Option<Query>,
}

pub(super) fn items(path: &str) -> Items<'_> {
    let mut items = Items::default();
    let bytes = path.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'|' | b'.' => {
                items.component.name = bytes[..at].to_vec();
                follow(&mut items.component, *byte, &path[at + 1..], !items.has_hash);
                return items;
            }
            b'#' => {
                items.has_hash = true;
                if at == 0 {
                    match bytes.get(1) {
                        Some(b'.') => items.each = Some(&path[2..]),
                        Some(b'[' | b'(') => {
                            let Some((mut query, end)) = query(path) else {
                                break;
                            };
                            at = end - 1;
                            query.all = bytes.get(end) == Some(&b'#');
                            items.query = Some(query);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    items.component.name = bytes.to_vec();
    items
}

/// Reads `#(…)` and gives the place after it.
fn query(path: &str) -> Option<(Query, usize)> {
    let bytes = path.as_bytes();
    let mut depth = 1;
    let mut operator_at = None;
    let mut escaped = false;
    let mut at = 2;
    loop {
        let byte = *bytes.get(at)?;
        match byte {
            b'!' | b'=' | b'<' | b'>' | b'%' if depth == 1 && operator_at.is_none() => operator_at = Some(at),
            b'\\' => at += 1,
            b'[' | b'(' => depth += 1,
            b']' | b')' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            b'"' => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    if bytes[at] == b'\\' {
                        escaped = true;
                        at += 1;
                    }
                    at += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    let inner =
        |from: usize, to: usize| path.get(from..to).unwrap_or_default().trim_matches(|c: char| c <= ' ');
    let Some(operator_at) = operator_at else {
        return Some((Query { path: inner(2, at).to_owned(), ..Query::default() }, at + 1));
    };
    let condition = inner(operator_at, at);
    let (operator, value) = match condition.get(..2) {
        Some("==") => ("=", &condition[2..]),
        Some("!=" | "!%" | "<=" | ">=") => condition.split_at(2),
        _ if condition.starts_with('!') && condition.len() > 1 => ("", condition),
        _ => condition.split_at(condition.len().min(1)),
    };
    let value = value.trim_matches(|c: char| c <= ' ').as_bytes();
    let value = match value {
        [b'"', body @ .., b'"'] if escaped => super::scan::unescape(body),
        [b'"', body @ .., b'"'] => body.to_vec(),
        other => other.to_vec(),
    };
    let query =
        Query { path: inner(2, operator_at).to_owned(), operator: operator.to_owned(), value, all: false };
    Some((query, at + 1))
}

/// Splits a path at the first pipe that stands in no brackets.
pub(super) fn split_pipe(path: &str) -> Option<(&str, &str)> {
    let bytes = path.as_bytes();
    let mut at = if bytes.first() == Some(&b'{') { super::scan::end_of_nested(bytes, 0) } else { 0 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'|' => return Some((&path[..at], &path[at + 1..])),
            b'.' if bytes.get(at + 1) == Some(&b'#') && matches!(bytes.get(at + 2), Some(b'[' | b'(')) => {
                at = super::scan::end_of_nested(bytes, at + 2).saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// One path of a selection, with the name that the result gets.
pub(super) struct Selected<'p> {
    pub(super) name: Option<&'p str>,
    pub(super) path: &'p str,
}

/// Reads `[a,b]` or `{"x":a,b}` and gives what follows. None where no bracket closes it.
pub(super) fn selection(path: &str) -> Option<(Vec<Selected<'_>>, &str)> {
    let bytes = path.as_bytes();
    let mut selected = Vec::new();
    let (mut depth, mut start, mut colon, mut modifier) = (1_usize, 1, None, false);
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let ends = match byte {
            b'\\' => {
                at += 1;
                false
            }
            b'@' => {
                modifier |= matches!(bytes[at - 1], b'.' | b'|');
                false
            }
            b':' => {
                if !modifier && colon.is_none() && depth == 1 {
                    colon = Some(at);
                }
                false
            }
            b'"' => {
                at = super::scan::end_of_string(bytes, at).0 - 1;
                false
            }
            b'[' | b'(' | b'{' => {
                depth += 1;
                false
            }
            b']' | b')' | b'}' => {
                depth -= 1;
                depth == 0
            }
            b',' => depth == 1,
            _ => false,
        };
        if ends {
            let (name, from) = match colon.take() {
                Some(colon) => (Some(path.get(start..colon)?), colon + 1),
                None => (None, start),
            };
            selected.push(Selected { name, path: path.get(from..at)? });
            if depth == 0 {
                return Some((selected, path.get(at + 1..)?));
            }
            modifier = false;
            start = at + 1;
        }
        at += 1;
    }
    None
}

/// The last component, as the name of a selected value.
pub(super) fn last_name(path: &str) -> &str {
    let bytes = path.as_bytes();
    let separator = (0..bytes.len())
        .rev()
        .find(|at| matches!(bytes[*at], b'|' | b'.') && !(*at > 0 && bytes[at - 1] == b'\\'));
    separator.map_or(path, |at| &path[at + 1..])
}
