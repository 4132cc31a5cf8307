//! Text to resources, with the rules of kyaml's reader and Kustomize's factory.
//!
//! A file is split at `---` lines as text, each piece gives its first document. Lists (`kind: …List` with `items`)
//! are replaced by their items, which go behind the other documents of the file.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use gangplank_yaml as yaml;

use crate::problem::Problem;
use crate::resource::Resource;
use crate::tree::{self, Link, Node, Scalar, Style, Tag};

/// Why a text gives no resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// It is no YAML. The position is that in the whole text.
    Yaml(yaml::Error),
    /// A document is no resource.
    Object(Problem),
}

impl ReadError {
    fn object(message: impl Into<String>, node: &Node) -> Self {
        Self::Object(Problem::new(message, node.mark()))
    }
}

/// Reads all resources of a text. `source` numbers the file, `first_line` is what its first line counts as.
pub(crate) fn resources(text: &str, source: u32, first_line: u32) -> Result<Vec<Resource>, ReadError> {
    let text: Cow<'_, str> =
        if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    let pieces = split(&text)?;
    let mut nodes = VecDeque::new();
    for piece in &pieces {
        let line = first_line + piece.line;
        let parsed = yaml::parse_first_as(piece.text, yaml::Dialect::GoV3)
            .map_err(|error| ReadError::Yaml(shifted(error, piece.line)))?;
        let node = tree::from_yaml(&parsed, source, line)
            .map_err(|error| ReadError::Yaml(shifted(error, piece.line)))?;
        if node.is_null() {
            continue;
        }
        if pieces.len() == 1
            && matches!(text_of(&node, "kind"), "List" | "ResourceList")
            && (node.get("items").is_some() || node.get("functionConfig").is_some())
        {
            match node.get("items") {
                Some(Node::Sequence(items)) => nodes.extend(items.items.iter().cloned()),
                Some(items) if !items.is_null() => {
                    return Err(ReadError::object(
                        format!("items is a {}, not a list", items.kind_name()),
                        items,
                    ));
                }
                _ => {}
            }
            continue;
        }
        nodes.push_back(node);
    }
    let nodes = nodes.into_iter().filter(|node| !node.is_null_or_empty()).collect::<VecDeque<_>>();
    nodes.iter().try_for_each(validate)?;
    expand_lists(nodes)
}

fn shifted(mut error: yaml::Error, lines: u32) -> yaml::Error {
    error.at.line += lines;
    if let Some((_, since)) = &mut error.context {
        since.line += lines;
    }
    error
}

struct Piece<'t> {
    text: &'t str,
    /// How many lines stand above it.
    line: u32,
}

/// Splits at `\n---…\n`. Only a comment may follow the dashes.
fn split(text: &str) -> Result<Vec<Piece<'_>>, ReadError> {
    let mut pieces = Vec::new();
    let (mut begin, mut line, mut search) = (0, 0, 0);
    while let Some(found) = text[search..].find("\n---") {
        let at = search + found;
        let rest = &text[at + 4..];
        let Some(length) = rest.find('\n') else { break };
        let tail = rest[..length].trim();
        if !tail.is_empty() && !tail.starts_with('#') {
            return Err(ReadError::Yaml(yaml::Error {
                message: format!("only a comment may follow '---' on its line, and {tail:?} does"),
                at: yaml::position(text, at + 1),
                context: None,
            }));
        }
        // The newline before the dashes belongs to the piece.
        pieces.push(Piece { text: &text[begin..=at], line });
        line += count_lines(&text[begin..at + 4 + length + 1]);
        begin = at + 4 + length + 1;
        search = begin;
    }
    pieces.push(Piece { text: &text[begin..], line });
    Ok(pieces)
}

fn count_lines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|b| *b == b'\n').count()).unwrap_or(u32::MAX)
}

/// The text of a field, as kyaml's `GetMeta` reads it.
fn text_of<'n>(node: &'n Node, field: &str) -> &'n str {
    node.get(field).filter(|value| !value.is_null_or_empty()).map_or("", Node::text_or_empty)
}

fn validate(node: &Node) -> Result<(), ReadError> {
    if !matches!(node, Node::Mapping(_)) {
        return Err(ReadError::object(
            format!("a resource is a mapping, and this is a {}", node.kind_name()),
            node,
        ));
    }
    let kind = text_of(node, "kind");
    if kind.is_empty() {
        return Err(ReadError::object(
            "this object has no kind: write apiVersion, kind and metadata.name",
            node,
        ));
    }
    let named = node.get("metadata").is_some_and(|metadata| !text_of(metadata, "name").is_empty());
    if !named && !kind.ends_with("List") {
        return Err(ReadError::object(format!("this {kind} has no metadata.name"), node));
    }
    Ok(())
}

fn expand_lists(mut nodes: VecDeque<Node>) -> Result<Vec<Resource>, ReadError> {
    let mut resources = Vec::with_capacity(nodes.len());
    while let Some(node) = nodes.pop_front() {
        let kind = node.get("kind").map_or("", Node::text_or_empty);
        if !kind.ends_with("List") {
            resources.push(Resource::new(node));
            continue;
        }
        match node.get("items") {
            None => resources.push(Resource::new(node)),
            Some(items) if items.is_null() => {}
            Some(Node::Sequence(items)) => {
                for item in &items.items {
                    tree::check(item).map_err(ReadError::Object)?;
                    let item = through_json(item);
                    if !item.is_null_or_empty() {
                        validate(&item)?;
                        nodes.push_back(item);
                    }
                }
            }
            Some(items) => {
                return Err(ReadError::object(
                    format!("items is a {}, not a list", items.kind_name()),
                    items,
                ));
            }
        }
    }
    Ok(resources)
}

/// An item of a list was written as JSON and read again: strings have quotes, numbers are exact.
fn through_json(node: &Node) -> Node {
    match node {
        Node::Scalar(scalar) => {
            let mut json = String::new();
            tree::exact_json(node, &mut json);
            if !json.starts_with('"') {
                let tag = tree::tag_of(&json);
                let mark = scalar.mark;
                return Node::Scalar(Arc::new(Scalar {
                    text: json.into(),
                    tag,
                    style: Style::Plain,
                    tagged: false,
                    link: Link::NONE,
                    mark,
                }));
            }
            let text = tree::string_value(scalar);
            Node::Scalar(Arc::new(Scalar {
                text: text.into(),
                tag: Tag::Str,
                style: Style::DoubleQuoted,
                tagged: false,
                link: Link::NONE,
                mark: scalar.mark,
            }))
        }
        Node::Sequence(sequence) => {
            Node::sequence(sequence.items.iter().map(through_json).collect(), sequence.mark)
        }
        Node::Mapping(mapping) => Node::mapping(
            mapping
                .entries
                .iter()
                .map(|(key, value)| {
                    let mut key = (**key).clone();
                    (key.tag, key.style) = (Tag::Str, Style::DoubleQuoted);
                    (Arc::new(key), through_json(value))
                })
                .collect(),
            mapping.mark,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&[&str], &str>) {
        let found = resources(text, 1, 1)
            .map(|all| all.iter().map(|one| format!("{}/{}", one.kind(), one.name())).collect::<Vec<_>>())
            .map_err(|error| match error {
                ReadError::Yaml(error) => format!("{}: {}", error.at.line, error.message),
                ReadError::Object(problem) => format!("{}: {}", problem.mark.line, problem.message),
            });
        match expect {
            Ok(names) => assert_eq!(
                found.as_deref(),
                Ok(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()[..])
            ),
            Err(message) => {
                assert!(found.clone().is_err_and(|found| found.contains(message)), "{found:?} for {message}")
            }
        }
    }

    #[test]
    fn documents_and_lists() {
        let one = |name: &str| format!("kind: A\nmetadata:\n  name: {name}\n");
        check(&format!("{}---\n{}", one("a"), one("b")), Ok(&["A/a", "A/b"]));
        check(&format!("---\n{}--- # c\n---\n{}", one("a"), one("b")), Ok(&["A/a", "A/b"]));
        check(&format!("{}--- x\n{}", one("a"), one("b")), Err("4: only a comment"));
        check("", Ok(&[]));
        check("# nothing\n", Ok(&[]));
        check(
            "kind: AList\nitems:\n- kind: A\n  metadata: {name: x}\n---\nkind: B\nmetadata: {name: y}\n",
            Ok(&["B/y", "A/x"]),
        );
        check("kind: AList\nitems: null\n", Ok(&[]));
        check("a: 1\n", Err("1: this object has no kind"));
        check("kind: A\n---\nkind: B\n", Err("1: this A has no metadata.name"));
        check("kind: A\nmetadata: {name: a}\n---\nkind: B\nb: [\n", Err("6:"));
    }
}
