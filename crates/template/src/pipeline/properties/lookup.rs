//! Follows a path through a text.

use super::path::{self, Items, Query};
use super::scan::{self, Found, Kind};
use super::{absent, matches, modifiers};
use crate::json::{self, Style};
use crate::value::Value;

/// Paths within paths go this deep.
const DEEPEST: usize = 50;

/// What a path leads to.
pub(super) fn get(json: &[u8], path: &str, depth: usize) -> Found {
    if depth > DEEPEST {
        return absent();
    }
    let whole = match path.as_bytes() {
        [b'@', _, ..] => modifiers::apply(json, path, depth),
        [b'!', _, ..] => fixed(path),
        _ => None,
    };
    if let Some((result, rest)) = whole {
        return match rest.strip_prefix(['|', '.']) {
            Some(rest) => get(&result, rest, depth + 1),
            None => scan::parse(&result),
        };
    }
    let mut path = path;
    if path.starts_with(['[', '{'])
        && let Some((selected, rest)) = path::selection(path)
    {
        if rest.is_empty() || rest.starts_with(['|', '.']) {
            let result = Found::new(Kind::Json, &select(json, path.as_bytes()[0], &selected, depth));
            return if rest.is_empty() { result } else { get(&result.raw, &rest[1..], depth + 1) };
        }
        // A selection that runs into something else is passed over, as gjson does.
        path = rest;
    }
    let mut lookup = Lookup { json, depth, found: absent(), pipe: None };
    if let Some(path) = path.strip_prefix("..") {
        lookup.array(0, path);
    } else if let Some(start) = json.iter().position(|byte| matches!(byte, b'{' | b'[')) {
        if json[start] == b'{' {
            lookup.object(start + 1, path);
        } else {
            lookup.array(start + 1, path);
        }
    }
    match lookup.pipe.take() {
        Some(pipe) => get(&lookup.found.raw, &pipe, depth + 1),
        None => lookup.found,
    }
}

/// `!value`: JSON that stands in the path itself.
fn fixed(path: &str) -> Option<(Vec<u8>, &str)> {
    let body = &path[1..];
    if body.starts_with(['{', '[', '"'])
        || body.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'))
    {
        let bytes = body.as_bytes();
        let end = match bytes[0] {
            b'{' | b'[' | b'"' => scan::end_of_nested(bytes, 0),
            _ => bytes.len(),
        };
        return Some((bytes[..end].to_vec(), body.get(end..)?));
    }
    let end = body.find(['|', '.']).unwrap_or(body.len());
    let is_word =
        matches!(body[..end].to_ascii_lowercase().as_str(), "true" | "false" | "null" | "nan" | "inf");
    is_word.then(|| (body.as_bytes()[..end].to_vec(), &body[end..]))
}

fn quoted(text: &[u8]) -> Vec<u8> {
    json::encode(&Value::string(text), Style::default()).unwrap_or_default()
}

fn select(json: &[u8], open: u8, selected: &[path::Selected<'_>], depth: usize) -> Vec<u8> {
    let mut out = vec![open];
    for part in selected {
        let found = get(json, part.path, depth + 1);
        if !found.exists() {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        if open == b'{' {
            match part.name {
                Some(name) if name.starts_with('"') && json::decode(name.as_bytes()).is_ok() => {
                    out.extend_from_slice(name.as_bytes());
                }
                Some(name) => out.extend(quoted(name.as_bytes())),
                None => {
                    let name = path::last_name(part.path);
                    let is_simple = !name.contains(|c: char| c < ' ' || "[]{}()#|!".contains(c));
                    out.extend(quoted(if is_simple { name.as_bytes() } else { b"_" }));
                }
            }
            out.push(b':');
        }
        out.extend_from_slice(&found.raw);
    }
    // The closing bracket stands two places after the opening one.
    out.push(open + 2);
    out
}

struct Lookup<'j> {
    json: &'j [u8],
    depth: usize,
    found: Found,
    /// What is to be looked up in the result.
    pipe: Option<String>,
}

impl Lookup<'_> {
    /// Goes through the members of an object from here; the end, and whether it was found.
    fn object(&mut self, start: usize, path: &str) -> (usize, bool) {
        let component = path::member(path);
        if component.rest.is_none() && component.pipe.is_some() {
            self.pipe = component.pipe.map(str::to_owned);
        }
        let mut at = start;
        loop {
            while self.json.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'}')) {
                at += 1;
            }
            match self.json.get(at) {
                Some(b'"') => {}
                Some(_) => return (at + 1, false),
                None => return (at, false),
            }
            let (end, complete) = scan::end_of_string(self.json, at);
            if !complete {
                return (end, false);
            }
            let key = scan::unescape(&self.json[at + 1..end - 1]);
            let is_match =
                if component.is_pattern { matches(&key, &component.name) } else { key == component.name };
            // The value of a member stands before the next one begins.
            match self.value(end, is_match, component.rest) {
                Ok(end) => at = end,
                Err(result) => return result,
            }
        }
    }

    /// Looks at the next value: taken if wanted, entered if the path goes on. The end to go on from, or the result.
    fn value(&mut self, start: usize, is_match: bool, rest: Option<&str>) -> Result<usize, (usize, bool)> {
        let mut at = start;
        while at < self.json.len() {
            let byte = self.json[at];
            if let (true, Some(rest), b'{' | b'[') = (is_match, rest, byte) {
                let (end, hit) =
                    if byte == b'{' { self.object(at + 1, rest) } else { self.array(at + 1, rest) };
                return if hit { Err((end, true)) } else { Ok(end) };
            }
            match scan::value_here(self.json, at) {
                Some((found, end)) if is_match && rest.is_none() => {
                    self.found = found;
                    return Err((end, true));
                }
                Some((_, end)) => return Ok(end),
                None if byte == b'"' => return Err((self.json.len(), false)),
                None => at += 1,
            }
        }
        Err((at, false))
    }

    fn array(&mut self, start: usize, path: &str) -> (usize, bool) {
        let mut items = path::items(path);
        if items.component.rest.is_none() && items.component.pipe.is_some() {
            self.pipe = items.component.pipe.map(str::to_owned);
        }
        let wanted = if items.has_hash { None } else { index(&items.component.name) };
        let query = items.query.take();
        let mut all = Vec::new();
        let mut count = 0;
        let mut each = Vec::new();
        let mut at = start;
        loop {
            while self.json.get(at).is_some_and(|byte| {
                *byte != b']' && *byte != b'"' && scan::value_here(self.json, at).is_none()
            }) {
                at += 1;
            }
            if self.json.get(at).is_none_or(|byte| *byte == b']') {
                return (at + 1, self.end_of_array(&items, query.as_ref(), count, each, all));
            }
            if let Some(path) = items.each {
                each.push((at, path));
            }
            let is_match = wanted == Some(count);
            count += 1;
            if let Some(query) = &query {
                let Some((item, end)) = scan::value_here(self.json, at) else {
                    return (self.json.len(), false);
                };
                if self.query(query, item, &items, &mut all) {
                    return (end, true);
                }
                at = end;
                continue;
            }
            match self.value(at, is_match && items.each.is_none(), items.component.rest) {
                Ok(end) => at = end,
                Err(result) => return result,
            }
        }
    }

    fn end_of_array(
        &mut self,
        items: &Items<'_>,
        query: Option<&Query>,
        count: usize,
        each: Vec<(usize, &str)>,
        all: Vec<Vec<u8>>,
    ) -> bool {
        if items.has_hash && items.component.name == b"#" {
            if let Some(path) = items.each {
                let (path, pipe) = match path::split_pipe(path) {
                    Some((path, pipe)) => (path, Some(pipe)),
                    None => (path, None),
                };
                if pipe.is_some() {
                    self.pipe = pipe.map(str::to_owned);
                }
                let results = each.into_iter().filter_map(|(at, _)| {
                    let (item, _) = scan::next_value(self.json, at)?;
                    let found = get(&item.raw, path, self.depth + 1);
                    found.exists().then_some(found.raw)
                });
                let joined = results.collect::<Vec<_>>().join(&b',');
                self.found = Found::new(Kind::Json, &[b"[", &*joined, b"]"].concat());
            } else {
                self.found = Found::new(Kind::Number, count.to_string().as_bytes());
            }
            return true;
        }
        if !self.found.exists() && query.is_some_and(|query| query.all) {
            self.found = Found::new(Kind::Json, &[b"[", &*all.join(&b','), b"]"].concat());
        }
        false
    }

    /// Tests an item; true where it is the one that was looked for.
    fn query(&mut self, query: &Query, item: Found, items: &Items<'_>, all: &mut Vec<Vec<u8>>) -> bool {
        let tested = if item.kind == Kind::Json {
            get(&item.raw, &query.path, self.depth + 1)
        } else if query.path.is_empty() {
            item.clone()
        } else {
            return false;
        };
        if !holds(query, &tested) {
            return false;
        }
        let result = match items.component.rest {
            None => item,
            Some(rest) => {
                let (path, pipe) = match path::split_pipe(rest) {
                    Some((path, pipe)) => (path, Some(pipe)),
                    None => (rest, None),
                };
                if let Some(pipe) = pipe {
                    self.pipe = Some(pipe.to_owned());
                }
                get(&item.raw, path, self.depth + 1)
            }
        };
        if query.all {
            if !result.raw.is_empty() {
                all.push(result.raw);
            }
            return false;
        }
        self.found = result;
        true
    }
}

fn index(name: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(name).ok()?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Whether a value satisfies the condition.
fn holds(query: &Query, value: &Found) -> bool {
    let mut value = value.clone();
    let mut wanted = query.value.as_slice();
    if let Some(word) = wanted.strip_prefix(b"~") {
        let is_so = match word {
            b"*" => Some(value.exists()),
            b"null" => Some(value.kind == Kind::Null),
            b"true" => Some(value.truth()),
            b"false" => Some(is_falsy(&value)),
            _ => None,
        };
        let Some(is_so) = is_so else {
            return false;
        };
        value =
            Found::new(if is_so { Kind::True } else { Kind::False }, if is_so { b"true" } else { b"false" });
        wanted = b"true";
    }
    if !value.exists() {
        return false;
    }
    let operator = query.operator.as_str();
    if operator.is_empty() {
        return true;
    }
    match value.kind {
        Kind::String => {
            let text = value.string();
            match operator {
                "%" => matches(&text, wanted),
                "!%" => !matches(&text, wanted),
                _ => compares(operator, text.as_slice().partial_cmp(wanted)),
            }
        }
        Kind::Number => {
            let order = value.number().partial_cmp(&scan::parse_number(wanted));
            !operator.ends_with('%') && compares(operator, order)
        }
        Kind::True | Kind::False => {
            let truth = value.kind == Kind::True;
            let (same, other): (&[u8], &[u8]) = if truth { (b"true", b"false") } else { (b"false", b"true") };
            match operator {
                "=" => wanted == same,
                "!=" => wanted != same,
                ">" => truth && wanted == other,
                ">=" => truth,
                "<" => !truth && wanted == other,
                "<=" => !truth,
                _ => false,
            }
        }
        Kind::Null | Kind::Json => false,
    }
}

fn compares(operator: &str, order: Option<std::cmp::Ordering>) -> bool {
    let Some(order) = order else {
        return operator == "!=";
    };
    match operator {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        _ => false,
    }
}

fn is_falsy(value: &Found) -> bool {
    match value.kind {
        Kind::Null | Kind::False => true,
        Kind::Number => value.number() == 0.0,
        Kind::String => matches!(value.string().to_ascii_lowercase().as_slice(), b"0" | b"f" | b"false"),
        _ => false,
    }
}
