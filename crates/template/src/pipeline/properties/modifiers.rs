//! `@name` or `@name:argument` in a path: the text so far made into another.

use super::lookup;
use super::scan::{self, Found};
use crate::json::{self, Style};
use crate::value::Value;

/// Text, argument, and how deep in paths this is.
type Modifier = fn(&[u8], &str, usize) -> Vec<u8>;

/// `@dig` and `@flatten` go this deep.
const DEEPEST: usize = 50;

fn modifier(name: &str) -> Option<Modifier> {
    Some(match name {
        "this" => |json, _, _| json.to_vec(),
        "ugly" => |json, _, _| without_space(json),
        "pretty" => |json, _, _| pretty(json),
        "reverse" => reverse,
        "flatten" => |json, argument, depth| flatten(json, option(argument, "deep"), depth),
        "join" => join,
        "valid" => |json, _, _| if json::decode(json).is_ok() { json.to_vec() } else { Vec::new() },
        "keys" => keys,
        "values" => values,
        "tostr" => |json, _, _| json::encode(&Value::string(json), Style::default()).unwrap_or_default(),
        "fromstr" => {
            |json, _, _| if json::decode(json).is_ok() { scan::parse(json).text() } else { Vec::new() }
        }
        "group" => group,
        "dig" => |json, argument, depth| {
            let mut found = Vec::new();
            dig(json, argument, depth, &mut found);
            list(&found)
        },
        _ => return None,
    })
}

pub(super) fn exists(name: &str) -> bool {
    modifier(name).is_some()
}

/// Applies the modifier at the front of a path, and gives what follows it.
pub(super) fn apply<'p>(json: &[u8], path: &'p str, depth: usize) -> Option<(Vec<u8>, &'p str)> {
    let body = &path[1..];
    let end = body.find([':', '|', '.']).unwrap_or(body.len());
    let modifier = modifier(&body[..end])?;
    let rest = &body[end..];
    let Some(argument) = rest.strip_prefix(':') else {
        return Some((modifier(json, "", depth), rest));
    };
    let bytes = argument.as_bytes();
    let mut length = 0;
    if matches!(bytes.first(), Some(b'{' | b'[' | b'"')) {
        length = scan::end_of_nested(bytes, 0);
    } else {
        while let Some(byte) = bytes.get(length).filter(|byte| **byte != b'|') {
            length = match byte {
                b'{' | b'[' | b'"' | b'(' => scan::end_of_nested(bytes, length),
                _ => length + 1,
            };
        }
    }
    let (argument, rest) = (argument.get(..length)?, argument.get(length..)?);
    Some((modifier(json, argument, depth), rest))
}

/// A switch in an argument such as `{"deep":true}`.
fn option(argument: &str, name: &str) -> bool {
    let mut on = false;
    scan::for_each(&scan::parse(argument.as_bytes()), |key, value| {
        if unquoted(key) == name.as_bytes() {
            on = value.truth();
        }
    });
    on
}

fn unquoted(key: &[u8]) -> Vec<u8> {
    scan::unescape(key.get(1..key.len().saturating_sub(1)).unwrap_or_default())
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [b"[", &*items.join(&b','), b"]"].concat()
}

fn object(members: &[Vec<u8>]) -> Vec<u8> {
    [b"{", &*members.join(&b','), b"}"].concat()
}

fn items_of(found: &Found) -> Vec<Vec<u8>> {
    let mut items = Vec::new();
    scan::for_each(found, |_, value| items.push(value.raw));
    items
}

fn members_of(found: &Found) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut members = Vec::new();
    scan::for_each(found, |key, value| members.push((key.to_vec(), value.raw)));
    members
}

fn member(key: &[u8], value: &[u8]) -> Vec<u8> {
    [key, b":", value].concat()
}

fn reverse(json: &[u8], _: &str, _: usize) -> Vec<u8> {
    let found = scan::parse(json);
    if found.is_array() {
        let items: Vec<_> = items_of(&found).into_iter().rev().collect();
        return list(&items);
    }
    if found.is_object() {
        let members: Vec<_> =
            members_of(&found).iter().rev().map(|(key, value)| member(key, value)).collect();
        return object(&members);
    }
    json.to_vec()
}

fn keys(json: &[u8], _: &str, _: usize) -> Vec<u8> {
    let found = scan::parse(json);
    let is_object = found.is_object();
    let keys: Vec<_> = members_of(&found)
        .into_iter()
        .map(|(key, _)| if is_object { key } else { b"null".to_vec() })
        .collect();
    list(&keys)
}

fn values(json: &[u8], _: &str, _: usize) -> Vec<u8> {
    let found = scan::parse(json);
    if found.is_array() { json.to_vec() } else { list(&items_of(&found)) }
}

/// The inside of brackets.
fn unwrapped(json: &[u8]) -> &[u8] {
    let json = json.trim_ascii();
    match json {
        [b'[' | b'{', inner @ .., _] => inner,
        other => other,
    }
}

fn flatten(json: &[u8], deep: bool, depth: usize) -> Vec<u8> {
    let found = scan::parse(json);
    if !found.is_array() || depth > DEEPEST {
        return json.to_vec();
    }
    let mut parts = Vec::new();
    scan::for_each(&found, |_, value| {
        let raw = match value.is_array() {
            true if deep => unwrapped(&flatten(&value.raw, deep, depth + 1)).to_vec(),
            true => unwrapped(&value.raw).to_vec(),
            false => value.raw,
        };
        let raw = raw.trim_ascii();
        if !raw.is_empty() {
            parts.push(raw.to_vec());
        }
    });
    list(&parts)
}

fn join(json: &[u8], argument: &str, _: usize) -> Vec<u8> {
    let found = scan::parse(json);
    if !found.is_array() {
        return json.to_vec();
    }
    let keeps_all = option(argument, "preserve");
    let mut members: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    scan::for_each(&found, |_, item| {
        if !item.is_object() {
            return;
        }
        for (key, value) in members_of(&item) {
            match members.iter_mut().find(|(known, _)| !keeps_all && unquoted(known) == unquoted(&key)) {
                Some((_, present)) => *present = value,
                None => members.push((key, value)),
            }
        }
    });
    object(&members.iter().map(|(key, value)| member(key, value)).collect::<Vec<_>>())
}

fn group(json: &[u8], _: &str, _: usize) -> Vec<u8> {
    let found = scan::parse(json);
    if !found.is_object() {
        return Vec::new();
    }
    let mut rows: Vec<Vec<Vec<u8>>> = Vec::new();
    scan::for_each(&found, |key, column| {
        if column.is_array() {
            for (row, value) in items_of(&column).into_iter().enumerate() {
                if row == rows.len() {
                    rows.push(Vec::new());
                }
                rows[row].push(member(key, &value));
            }
        }
    });
    list(&rows.iter().map(|row| object(row)).collect::<Vec<_>>())
}

fn dig(json: &[u8], path: &str, depth: usize, found: &mut Vec<Vec<u8>>) {
    if depth > DEEPEST {
        return;
    }
    let here = lookup::get(json, path, depth + 1);
    if here.exists() {
        found.push(here.raw);
    }
    let whole = scan::parse(json);
    if whole.is_object() || whole.is_array() {
        scan::for_each(&whole, |_, value| dig(&value.raw, path, depth + 1, found));
    }
}

fn without_space(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        if *byte == b'"' {
            let (end, _) = scan::end_of_string(json, at);
            out.extend_from_slice(&json[at..end]);
            at = end;
            continue;
        }
        if *byte > b' ' {
            out.push(*byte);
        }
        at += 1;
    }
    out
}

/// Widest line that a list is written on.
const WIDEST: usize = 80;

/// A list without objects on one line, if it is short enough; the list's end too.
fn single_line(json: &[u8], start: usize, column: usize) -> Option<(Vec<u8>, usize)> {
    let end = scan::end_of_nested(json, start);
    let mut out = Vec::new();
    let mut at = start;
    while at < end {
        match json[at] {
            b'"' => {
                let (after, _) = scan::end_of_string(json, at);
                out.extend_from_slice(&json[at..after]);
                at = after;
                continue;
            }
            b'{' => return None,
            b',' => out.extend_from_slice(b", "),
            other => out.push(other),
        }
        if out.len() + column > WIDEST {
            return None;
        }
        at += 1;
    }
    Some((out, end))
}

/// Two spaces a level. Brackets in strings are left alone; what is no JSON stays as near to itself as that allows.
fn pretty(json: &[u8]) -> Vec<u8> {
    let json = without_space(json);
    let mut out = Vec::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let new_line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', depth.min(DEEPEST) * 2));
    };
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => {
                let (end, _) = scan::end_of_string(&json, at);
                out.extend_from_slice(&json[at..end]);
                at = end;
                continue;
            }
            b'{' | b'[' if matches!(json.get(at + 1), Some(b'}' | b']')) => {
                out.extend([*byte, json[at + 1]]);
                at += 1;
            }
            b'{' | b'[' => {
                let column = out.iter().rev().take_while(|byte| **byte != b'\n').count();
                if let Some((line, end)) = single_line(&json, at, column) {
                    out.extend(line);
                    at = end;
                    continue;
                }
                depth += 1;
                out.push(*byte);
                new_line(&mut out, depth);
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(*byte);
            }
            b',' => {
                out.push(b',');
                new_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            other => out.push(*other),
        }
        at += 1;
    }
    out.push(b'\n');
    out
}
