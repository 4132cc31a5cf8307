//! Changes to a YAML text that keep everything else: comments, blank lines, quotes, order.
//!
//! A change splices the text at the place that the tree names, reads the result again, and compares its value with the
//! one that was meant. Where they differ (an alias, an odd indentation) the change is refused and the text untouched.
//!
//! ```
//! let text = "# clusters\nresources:\n- ../base # all\n";
//! let text = gangplank_yaml::edit::append(text, &["resources"], "aks-1")?;
//! assert_eq!(text, "# clusters\nresources:\n- ../base # all\n- aks-1\n");
//! # Ok::<(), gangplank_yaml::edit::EditError>(())
//! ```

use serde_json::{Map, Value};

use crate::error::Error;
use crate::json::node_to_json;
use crate::node::{Content, Node};
use crate::parse::parse_first;
use crate::resolve::Dialect;

/// Why a text was not changed.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum EditError {
    /// The text is no YAML.
    #[error("the text is no YAML")]
    Parse(#[from] Error),
    /// What stands at the path is of another kind.
    #[error("{path} holds no {expected}: change it by hand")]
    Kind {
        /// The path, with dots.
        path: String,
        /// What would have been needed.
        expected: &'static str,
    },
    /// The list has no such entry.
    #[error("{path} has no entry {entry:?}")]
    Missing {
        /// The path, with dots.
        path: String,
        /// The entry that was to be removed.
        entry: String,
    },
    /// The text can't be changed in place without changing something else.
    #[error(
        "{path} can't be changed without touching something else (an alias, or an unusual layout): change it by hand"
    )]
    Refused {
        /// The path, with dots.
        path: String,
    },
}

/// Appends a text to the list at `path`. A missing or empty list is made; the parents of the list must exist.
///
/// # Errors
/// The text is no YAML, something else than a list stands there, or the change can't be made in place.
pub fn append(text: &str, path: &[&str], entry: &str) -> Result<String, EditError> {
    let root = parse_first(text)?;
    let mut wanted = node_to_json(&root, Dialect::SigsV2)?;
    let (parent, key) = parent_of(&root, path)?;
    match parent_value(&mut wanted, path) {
        Some(map) => match map.entry(key.to_owned()).or_insert(Value::Null) {
            Value::Array(items) => items.push(Value::String(entry.to_owned())),
            empty @ Value::Null => *empty = Value::Array(vec![Value::String(entry.to_owned())]),
            _ => return Err(kind(path, "list")),
        },
        None => return Err(kind(&path[..path.len() - 1], "mapping")),
    }
    let scalar = scalar_text(entry);
    let line_end = line_ending(text);
    let edited = match parent.get(key) {
        None => {
            let indent = " ".repeat(column_of(parent));
            let addition = format!("{indent}{}:{line_end}{indent}- {scalar}", scalar_text(key));
            insert_line_after(text, end_of(parent, text), &addition, line_end)
        }
        Some(node) => match &node.content {
            Content::Sequence { items, flow: true } => match items.last() {
                Some(last) => {
                    splice(text, last.span.end as usize, last.span.end as usize, &format!(", {scalar}"))
                }
                None => {
                    let at = parent_indent(parent);
                    let block = format!("{line_end}{at}- {scalar}");
                    let start = back_over_blanks(text, node.span.start.offset as usize);
                    splice(text, start, node.span.end as usize, &block)
                }
            },
            Content::Sequence { items, .. } => {
                let indent = items.first().and_then(|first| dash_column(text, first)).unwrap_or(0);
                let addition = format!("{}- {scalar}", " ".repeat(indent));
                insert_line_after(text, end_of(node, text), &addition, line_end)
            }
            _ => {
                let block = format!("{line_end}{}- {scalar}", parent_indent(parent));
                let start = back_over_blanks(text, node.span.start.offset as usize);
                splice(text, start, node.span.end as usize, &block)
            }
        },
    };
    checked(edited, &wanted, path)
}

/// Removes the entry that equals a text from the list at `path`, with its whole line. A list that becomes empty is
/// written as `[]`.
///
/// # Errors
/// As [`append`], and when there is no such entry.
pub fn remove(text: &str, path: &[&str], entry: &str) -> Result<String, EditError> {
    let root = parse_first(text)?;
    let mut wanted = node_to_json(&root, Dialect::SigsV2)?;
    let (parent, key) = parent_of(&root, path)?;
    let missing = || EditError::Missing { path: path.join("."), entry: entry.to_owned() };
    let list = parent.get(key).ok_or_else(missing)?;
    let Content::Sequence { items, flow } = &list.content else { return Err(kind(path, "list")) };
    let at = items.iter().position(|item| item.as_text() == Some(entry)).ok_or_else(missing)?;
    if let Some(Value::Array(values)) = parent_value(&mut wanted, path).and_then(|map| map.get_mut(key)) {
        values.remove(at);
    }
    let item = &items[at];
    let edited = if *flow {
        let (start, end) = match (at.checked_sub(1).map(|before| &items[before]), items.get(at + 1)) {
            (_, Some(next)) => (item.span.start.offset, next.span.start.offset),
            (Some(before), None) => (before.span.end, item.span.end),
            (None, None) => (item.span.start.offset, item.span.end),
        };
        splice(text, start as usize, end as usize, "")
    } else {
        let start = text[..item.span.start.offset as usize].rfind('\n').map_or(0, |at| at + 1);
        let end = line_end_at(text, item.span.end as usize);
        if items.len() == 1 {
            let key_end = text[..start].trim_end().len();
            // A comment behind the key would swallow the brackets.
            let colon = text[..key_end].rfind(':').map_or(key_end, |at| at + 1);
            let colon = if text[colon..key_end].contains('\n') { key_end } else { colon };
            let shortened = splice(text, start, end, "");
            splice(&shortened, colon, colon, " []")
        } else {
            splice(text, start, end, "")
        }
    };
    checked(edited, &wanted, path)
}

/// Sets the scalar at `path` to a text, or adds the key to its mapping. The parents must exist.
///
/// # Errors
/// As [`append`]; a list or mapping is never replaced.
pub fn set(text: &str, path: &[&str], value: &str) -> Result<String, EditError> {
    let root = parse_first(text)?;
    let mut wanted = node_to_json(&root, Dialect::SigsV2)?;
    let (parent, key) = parent_of(&root, path)?;
    match parent_value(&mut wanted, path) {
        Some(map) => map.insert(key.to_owned(), Value::String(value.to_owned())),
        None => return Err(kind(&path[..path.len() - 1], "mapping")),
    };
    let scalar = scalar_text(value);
    let edited = match parent.get(key) {
        Some(node) if matches!(node.content, Content::Scalar { .. }) => {
            let (start, end) = (node.span.start.offset as usize, node.span.end as usize);
            let blank = if text[..start].ends_with(':') { " " } else { "" };
            splice(text, start, end, &format!("{blank}{scalar}"))
        }
        Some(_) => return Err(kind(path, "scalar")),
        None => {
            let addition = format!("{}{}: {scalar}", " ".repeat(column_of(parent)), scalar_text(key));
            insert_line_after(text, end_of(parent, text), &addition, line_ending(text))
        }
    };
    checked(edited, &wanted, path)
}

fn kind(path: &[&str], expected: &'static str) -> EditError {
    EditError::Kind {
        path: if path.is_empty() { "the document".to_owned() } else { path.join(".") },
        expected,
    }
}

fn parent_of<'n, 'p>(root: &'n Node, path: &[&'p str]) -> Result<(&'n Node, &'p str), EditError> {
    let Some((key, parents)) = path.split_last() else { return Err(kind(path, "mapping")) };
    let mut node = root;
    for (depth, name) in parents.iter().enumerate() {
        node = node.get(name).ok_or_else(|| kind(&path[..=depth], "mapping"))?;
    }
    match &node.content {
        Content::Mapping { .. } => Ok((node, key)),
        Content::Scalar { text, .. } if text.is_empty() && parents.is_empty() => Ok((node, key)),
        _ => Err(kind(parents, "mapping")),
    }
}

fn parent_value<'v>(root: &'v mut Value, path: &[&str]) -> Option<&'v mut Map<String, Value>> {
    if path.len() == 1 && root.is_null() {
        *root = Value::Object(Map::new());
    }
    let mut value = root;
    for name in &path[..path.len().saturating_sub(1)] {
        value = value.get_mut(name)?;
    }
    value.as_object_mut()
}

fn checked(edited: String, wanted: &Value, path: &[&str]) -> Result<String, EditError> {
    match crate::json::to_json(&edited, Dialect::SigsV2) {
        Ok(found) if found == *wanted => Ok(edited),
        _ => Err(EditError::Refused { path: path.join(".") }),
    }
}

/// A text as a scalar of one line.
fn scalar_text(text: &str) -> String {
    let written = crate::emit::emit(&Value::String(text.to_owned()));
    let written = written.strip_suffix('\n').unwrap_or(&written);
    if !written.contains('\n') {
        return written.to_owned();
    }
    // JSON is YAML, but for the line breaks that only YAML knows.
    let mut quoted = String::new();
    for c in Value::String(text.to_owned()).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => quoted.push(c),
        }
    }
    quoted
}

fn line_ending(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn splice(text: &str, start: usize, end: usize, with: &str) -> String {
    format!("{}{with}{}", &text[..start], &text[end..])
}

/// The offset behind the line break that ends the line of `at`.
fn line_end_at(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |found| at + found + 1)
}

fn insert_line_after(text: &str, at: usize, addition: &str, line_end: &str) -> String {
    // A block scalar already ends behind its line break.
    let at = if at > 0 && text[..at].ends_with('\n') { at } else { line_end_at(text, at) };
    let before = &text[..at];
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { line_end };
    format!("{before}{gap}{addition}{line_end}{}", &text[at..])
}

/// Behind the last character that belongs to a node: comments and blank lines after it are not its own.
fn end_of(node: &Node, text: &str) -> usize {
    let end = match &node.content {
        Content::Mapping { entries, flow: false } => {
            entries.last().map(|(key, value)| end_of(value, text).max(end_of(key, text)))
        }
        Content::Sequence { items, flow: false } => items.last().map(|item| end_of(item, text)),
        _ => None,
    };
    end.unwrap_or((node.span.end as usize).min(text.len()))
}

fn column_of(node: &Node) -> usize {
    (node.span.start.column as usize).saturating_sub(1)
}

fn parent_indent(parent: &Node) -> String {
    " ".repeat(column_of(parent))
}

/// The column of the `-` in front of an item.
fn dash_column(text: &str, item: &Node) -> Option<usize> {
    let before = &text[..item.span.start.offset as usize];
    let dash = before.rfind('-')?;
    let line = before[..dash].rfind('\n').map_or(0, |at| at + 1);
    Some(before[line..dash].chars().count())
}

fn back_over_blanks(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches([' ', '\t']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: Result<String, EditError>, expect: &str) {
        assert_eq!(found.as_deref(), Ok(expect));
    }

    #[test]
    fn appending_keeps_everything_else() {
        let to = &["resources"];
        check(
            append("a: 1\nresources:\n- x # why\n\n# end\nb: 2\n", to, "w"),
            "a: 1\nresources:\n- x # why\n- w\n\n# end\nb: 2\n",
        );
        check(append("resources:\n  - x\n  - z: [1]", to, "w"), "resources:\n  - x\n  - z: [1]\n  - w\n");
        check(append("resources: [a, b] # c\n", to, "w"), "resources: [a, b, w] # c\n");
        check(append("resources: []\nb: 1\n", to, "w"), "resources:\n- w\nb: 1\n");
        check(append("resources:\nb: 1\n", to, "w"), "resources:\n- w\nb: 1\n");
        check(append("kind: K\n# tail\n", to, "w"), "kind: K\nresources:\n- w\n# tail\n");
        check(append("", to, "w"), "resources:\n- w\n");
        check(append("resources:\r\n- x\r\n", to, "yes"), "resources:\r\n- x\r\n- \"yes\"\r\n");
        check(
            append("a:\n  b:\n  - |\n    text\nc: 1\n", &["a", "b"], "w"),
            "a:\n  b:\n  - |\n    text\n  - w\nc: 1\n",
        );
        assert!(matches!(append("resources: x\n", to, "w"), Err(EditError::Kind { .. })));
        assert!(matches!(append("a: &a\n- x\nresources: *a\n", to, "w"), Err(EditError::Refused { .. })));
    }

    #[test]
    fn removing_takes_the_line() {
        let from = &["resources"];
        check(remove("resources:\n# one\n- x # why\n- w\n", from, "x"), "resources:\n# one\n- w\n");
        check(remove("resources:\n- x\nb: 1\n", from, "x"), "resources: []\nb: 1\n");
        check(remove("resources: [x, w, z]\n", from, "w"), "resources: [x, z]\n");
        check(remove("resources: [x, z]\n", from, "z"), "resources: [x]\n");
        assert!(matches!(remove("resources:\n- x\n", from, "q"), Err(EditError::Missing { .. })));
    }

    #[test]
    fn setting_replaces_or_adds() {
        check(set("a: x # c\nb: 1\n", &["a"], "w"), "a: w # c\nb: 1\n");
        check(set("a:\nb: 1\n", &["a"], "w"), "a: w\nb: 1\n");
        check(set("a:\n  c: 1\nb: 1\n", &["a", "d"], "on"), "a:\n  c: 1\n  d: \"on\"\nb: 1\n");
        check(set("a: 'x'\n", &["a"], "it: is"), "a: 'it: is'\n");
        assert!(matches!(set("a: [1]\n", &["a"], "w"), Err(EditError::Kind { .. })));
    }
}
