//! Paths into JSON as ESO's users know them (the syntax of Go's gjson).
//!
//! ```text
//!   a.b.0      members and elements        a.*  a.b?      wildcards in names
//!   a.#        how many                    a.#.b          of each element
//!   a.#(b=="c").d   first that fits        a.#(b>1)#.d    all that fit
//!   {a,"n":b}  [a,b]   several             a|b            b of a's whole result
//!   a.@reverse         a modifier          a\.b           a name with a dot
//! ```
//!
//! It reads values in the text they were written in, and cut-off JSON as far as it goes, since that is what users'
//! manifests depend on. Nesting and path length bound the work.

mod modifier;
mod path;
mod query;
mod scan;

use path::{Array, Step};
use std::borrow::Cow;

/// Deeper recursion finds nothing.
const DEEPEST: usize = 200;

/// The text of what a path leads to: strings unquoted, numbers without exponent, null empty, the rest as written.
pub(super) fn get(json: &str, path: &str) -> Option<String> {
    find(json, path, 0).map(|raw| text(&raw))
}

/// A value's text form.
pub(super) fn text(raw: &str) -> String {
    match raw.as_bytes().first() {
        Some(b'"') => super::json::unquote(raw.as_bytes()),
        Some(b'n') => String::new(),
        Some(b'-' | b'0'..=b'9') if !raw.bytes().skip(1).all(|byte| byte.is_ascii_digit()) => {
            raw.parse::<f64>().map_or_else(|_| raw.to_owned(), |number| number.to_string())
        }
        _ => raw.to_owned(),
    }
}

/// The raw value that a path leads to.
fn find<'a>(json: &'a str, path: &str, depth: usize) -> Option<Cow<'a, str>> {
    if depth > DEEPEST {
        return None;
    }
    match path.as_bytes().first() {
        Some(b'@') => {
            let (name, argument, rest) = path::modifier(path)?;
            let result = modifier::apply(name, argument, json, depth)?;
            follow(result, rest, depth)
        }
        Some(b'!') => {
            let (literal, rest) = path::literal(path)?;
            follow(literal.to_owned(), rest, depth)
        }
        Some(b'{' | b'[') => {
            let (selectors, rest) = path::selectors(path)?;
            let object = path.starts_with('{');
            let mut found = Vec::new();
            for selector in selectors {
                if let Some(value) = find(json, selector.path, depth + 1) {
                    let name = selector.name.map_or_else(|| path::last_name(selector.path), ToOwned::to_owned);
                    found.push(if object { format!("{name}:{value}") } else { value.into_owned() });
                }
            }
            let found = found.join(",");
            follow(if object { format!("{{{found}}}") } else { format!("[{found}]") }, rest, depth)
        }
        _ => walk(scan::container(json)?, path, depth),
    }
}

/// Goes on with the rest of a path on a result of our own making.
fn follow<'a>(result: String, rest: Option<&str>, depth: usize) -> Option<Cow<'a, str>> {
    match rest {
        None | Some("") => Some(Cow::Owned(result)),
        Some(rest) => find(&result, rest, depth + 1).map(|found| Cow::Owned(found.into_owned())),
    }
}

/// Walks into an object or array.
fn walk<'a>(json: &'a str, path: &str, depth: usize) -> Option<Cow<'a, str>> {
    if depth > DEEPEST {
        return None;
    }
    match json.as_bytes().first()? {
        b'{' => {
            let step = path::step(path);
            for (name, value) in scan::members(json) {
                if !step.fits(&super::json::unquote(name.as_bytes())) {
                    continue;
                }
                if let Some(found) = descend(value, &step, depth) {
                    return Some(found);
                }
            }
            None
        }
        b'[' => match path::array(path)? {
            Array::Index(step) => {
                let index: usize = step.name.parse().ok()?;
                descend(scan::elements(json).nth(index)?, &step, depth)
            }
            Array::Count(rest) => follow(scan::elements(json).count().to_string(), rest, depth),
            Array::Each { path, pipe } => {
                let found: Vec<Cow<'_, str>> =
                    scan::elements(json).filter_map(|element| find(element, path, depth + 1)).collect();
                follow(format!("[{}]", found.join(",")), pipe, depth)
            }
            Array::Query { query, all, path, pipe } => {
                let fitting = scan::elements(json).filter(|element| query::fits(element, query, depth));
                if all {
                    let of = |element: &'a str| match path {
                        "" => Some(Cow::Borrowed(element)),
                        path => find(element, path, depth + 1),
                    };
                    let found: Vec<Cow<'_, str>> = fitting.filter_map(of).collect();
                    return follow(format!("[{}]", found.join(",")), pipe, depth);
                }
                let mut fitting = fitting;
                let first = fitting.next()?;
                let found = if path.is_empty() { Cow::Borrowed(first) } else { find(first, path, depth + 1)? };
                match pipe {
                    None => Some(found),
                    Some(pipe) => follow(found.into_owned(), Some(pipe), depth),
                }
            }
        },
        _ => None,
    }
}

/// From a value that a step leads to, the rest of the way.
fn descend<'a>(value: &'a str, step: &Step<'_>, depth: usize) -> Option<Cow<'a, str>> {
    match step.rest {
        None => Some(Cow::Borrowed(value)),
        Some(rest) if step.piped => find(value, rest, depth + 1),
        Some(rest) if value.starts_with(['{', '[']) => walk(value, rest, depth + 1),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
