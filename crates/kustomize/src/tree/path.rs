//! Kustomize's field paths: `spec.template.containers.[name=web].image`, `data.*`, `spec.list.0`.

use std::sync::Arc;

use regex::Regex;

use super::edit::{WrongKind, wrong_kind};
use super::output::Meaning;
use super::{Mapping, Mark, Node, Scalar, Tag, key, set_field};

/// Splits at a delimiter that no backslash precedes. A leading delimiter is dropped.
pub(crate) fn split(path: &str, delimiter: char) -> Vec<String> {
    let mut parts: Vec<&str> = path.split(delimiter).collect();
    if parts.len() > 1 && parts[0].is_empty() {
        parts.remove(0);
    }
    let mut result: Vec<String> = Vec::with_capacity(parts.len());
    for part in parts {
        match result.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => result.push(part.to_owned()),
        }
    }
    result
}

/// Splits at a delimiter outside of brackets. Brackets with a `=` inside stay, others go.
pub(crate) fn smart_split(path: &str, delimiter: char) -> Vec<String> {
    let mut result = Vec::new();
    let mut parts = split(path, delimiter).into_iter().peekable();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            result.push(part);
            continue;
        }
        let mut whole = part;
        for next in parts.by_ref() {
            whole.push(delimiter);
            whole.push_str(&next);
            if next.ends_with(']') {
                break;
            }
        }
        result.push(if whole.contains('=') { whole } else { whole.trim_matches(['[', ']']).to_owned() });
    }
    result
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathError {
    Kind(WrongKind),
    Regex(String),
    Index { index: usize, length: usize },
    Selector(String),
}

impl From<WrongKind> for PathError {
    fn from(kind: WrongKind) -> Self {
        Self::Kind(kind)
    }
}

impl std::fmt::Display for PathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "a {} is needed and a {} stands there", kind.expected, kind.found),
            Self::Regex(message) => write!(f, "{message}"),
            Self::Index { index, length } => write!(f, "the list has {length} items and no item {index}"),
            Self::Selector(part) => write!(f, "{part:?} is no [name=value]"),
        }
    }
}

/// What to make where a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Nothing,
    Scalar,
    Sequence,
    Mapping,
}

/// Whether a part selects list items: `[name=value]`.
pub(crate) fn is_selector(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

pub(crate) fn is_index(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
}

/// The field and the value of `[name=value]`.
pub(crate) fn selector(part: &str) -> Result<(&str, &str), PathError> {
    part.trim_start_matches('[')
        .strip_suffix(']')
        .and_then(|inner| inner.split_once('='))
        .ok_or_else(|| PathError::Selector(part.to_owned()))
}

fn empty(kind: Create, mark: Mark) -> Node {
    match kind {
        Create::Sequence => Node::sequence(Vec::new(), mark),
        Create::Mapping => Node::mapping(Vec::new(), mark),
        Create::Nothing | Create::Scalar => Node::Scalar(Arc::new(Scalar::untyped("", mark))),
    }
}

/// The kind of node that must stand before a part of a path.
pub(crate) fn kind_before(next: Option<&String>, at_end: Create) -> Create {
    match next {
        None => at_end,
        Some(part) if part.is_empty() => at_end,
        Some(part) if is_selector(part) || is_index(part) => Create::Sequence,
        Some(_) => Create::Mapping,
    }
}

/// Calls `change` for every node that a path leads to, and returns how many there were. Missing parts are made where
/// `create` says what the end is to be.
pub(crate) fn matching(
    node: &mut Node,
    path: &[String],
    create: Create,
    mark: Mark,
    change: &mut dyn FnMut(&mut Node) -> Result<(), PathError>,
) -> Result<usize, PathError> {
    let Some((part, rest)) = path.split_first() else {
        change(node)?;
        return Ok(1);
    };
    if is_index(part) {
        return by_index(node, part, rest, create, mark, change);
    }
    if is_selector(part) {
        return by_selector(node, part, rest, create, mark, change);
    }
    if part == "*" {
        if node.is_null() {
            return Ok(0);
        }
        let found = wrong_kind("list", node);
        let Node::Sequence(sequence) = node else { return Err(found.into()) };
        let mut count = 0;
        for item in &mut Arc::make_mut(sequence).items {
            count += matching(item, rest, create, mark, change)?;
        }
        return Ok(count);
    }
    by_field(node, part, rest, create, mark, change)
}

fn by_field(
    node: &mut Node,
    part: &str,
    rest: &[String],
    create: Create,
    mark: Mark,
    change: &mut dyn FnMut(&mut Node) -> Result<(), PathError>,
) -> Result<usize, PathError> {
    if node.is_null() {
        return Ok(0);
    }
    let found = wrong_kind("mapping", node);
    let Node::Mapping(mapping) = node else { return Err(found.into()) };
    if mapping.index(part).is_none() {
        if create == Create::Nothing {
            return Ok(0);
        }
        let made = empty(kind_before(rest.first(), create), mark);
        set_field(Arc::make_mut(mapping), part, Some(made), true);
    }
    let Some(at) = mapping.index(part) else { return Ok(0) };
    let field = &mut Arc::make_mut(mapping).entries[at].1;
    if let Node::Scalar(scalar) = field
        && !rest.is_empty()
        && scalar.tag != Tag::Null
    {
        return inside_text(&scalar.text, rest, create, scalar.mark, change);
    }
    matching(field, rest, create, mark, change)
}

/// A path that goes on inside of a text is followed in a copy of what the text holds: Kustomize finds the place, and
/// changes nothing.
fn inside_text(
    text: &str,
    rest: &[String],
    create: Create,
    mark: Mark,
    change: &mut dyn FnMut(&mut Node) -> Result<(), PathError>,
) -> Result<usize, PathError> {
    let parsed =
        gangplank_yaml::parse_first(text).and_then(|node| super::from_yaml(&node, mark.source, mark.line));
    match parsed {
        Ok(mut copy) => matching(&mut copy, rest, create, mark, change),
        Err(_) => Err(PathError::Kind(WrongKind { expected: "mapping", found: "scalar", mark })),
    }
}

fn by_index(
    node: &mut Node,
    part: &str,
    rest: &[String],
    create: Create,
    mark: Mark,
    change: &mut dyn FnMut(&mut Node) -> Result<(), PathError>,
) -> Result<usize, PathError> {
    let found = wrong_kind("list", node);
    let Node::Sequence(sequence) = node else { return Err(found.into()) };
    let index: usize = part.parse().map_err(|_| PathError::Selector(part.to_owned()))?;
    let length = sequence.items.len();
    if index == length && create != Create::Nothing {
        let made = empty(kind_before(rest.first(), create), mark);
        Arc::make_mut(sequence).items.push(made);
    }
    match Arc::make_mut(sequence).items.get_mut(index) {
        Some(item) => matching(item, rest, create, mark, change),
        None => Err(PathError::Index { index, length }),
    }
}

fn by_selector(
    node: &mut Node,
    part: &str,
    rest: &[String],
    create: Create,
    mark: Mark,
    change: &mut dyn FnMut(&mut Node) -> Result<(), PathError>,
) -> Result<usize, PathError> {
    let (field, pattern) = selector(part)?;
    let regex = Regex::new(pattern).map_err(|error| PathError::Regex(error.to_string()))?;
    if node.is_null() {
        return Ok(0);
    }
    let found = wrong_kind("list", node);
    let Node::Sequence(sequence) = node else { return Err(found.into()) };
    let sequence = Arc::make_mut(sequence);
    let mut count = 0;
    for item in &mut sequence.items {
        let value = if field.is_empty() { Some(&*item) } else { item.get(field) };
        if !value.is_some_and(|value| regex.is_match(&printed(value))) {
            continue;
        }
        if field.is_empty() {
            change(item)?;
            count += 1;
        } else {
            count += matching(item, rest, create, mark, change)?;
        }
    }
    if count > 0 || create == Create::Nothing {
        return Ok(count);
    }
    let value = Node::Scalar(Arc::new(Scalar::untyped(pattern, mark)));
    let mut made = if field.is_empty() {
        value
    } else {
        Node::Mapping(Arc::new(Mapping { entries: vec![(key(field, mark), value)], mark }))
    };
    let count = if field.is_empty() {
        change(&mut made)?;
        1
    } else {
        matching(&mut made, rest, create, mark, change)?
    };
    sequence.items.push(made);
    Ok(count)
}

/// A value as a selector sees it: written as YAML, without the blanks around.
fn printed(node: &Node) -> String {
    match node {
        Node::Scalar(scalar) => match scalar.meaning() {
            // Quotes are part of what the pattern is matched with.
            Ok(Meaning::Text(text)) if scalar.style == super::Style::DoubleQuoted => {
                let mut quoted = String::new();
                super::json::go_json_string(&text, &mut quoted);
                quoted
            }
            Ok(Meaning::Text(text)) if scalar.style == super::Style::SingleQuoted => {
                format!("'{}'", text.replace('\'', "''"))
            }
            _ => scalar.text.trim().to_owned(),
        },
        other => gangplank_yaml::emit(other).trim().to_owned(),
    }
}
