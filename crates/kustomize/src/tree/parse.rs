//! YAML text to shared trees, as kyaml's reader does: types found, merge keys and aliases resolved.

use std::sync::Arc;

use gangplank_yaml as yaml;
use yaml::{Content, Dialect, Resolved};

use super::{Link, Mapping, Mark, Node, Scalar, Style, Tag};

/// Turns a parsed text into a tree. `source` is the number of the file, `first_line` what its first line counts as
/// (more than 1 for a text that stands inside of another file).
///
/// # Errors
/// A merge key with something that can't be merged.
pub(crate) fn from_yaml(node: &yaml::Node, source: u32, first_line: u32) -> Result<Node, yaml::Error> {
    Builder { source, offset: first_line.saturating_sub(1) }.node(node, false)
}

struct Builder {
    source: u32,
    offset: u32,
}

impl Builder {
    fn mark(&self, node: &yaml::Node) -> Mark {
        Mark { source: self.source, line: node.span.start.line + self.offset }
    }

    fn node(&self, node: &yaml::Node, in_flow: bool) -> Result<Node, yaml::Error> {
        let mark = self.mark(node);
        match &node.content {
            Content::Scalar { .. } => Ok(Node::Scalar(Arc::new(self.scalar(node, in_flow)))),
            Content::Sequence { items, flow } => {
                let items = items
                    .iter()
                    .map(|item| self.node(item, in_flow || *flow))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Node::sequence(items, mark))
            }
            Content::Mapping { entries, flow } => self.mapping(entries, in_flow || *flow, mark),
        }
    }

    fn scalar(&self, node: &yaml::Node, in_flow: bool) -> Scalar {
        let Content::Scalar { text, style } = &node.content else {
            return Scalar::untyped("", self.mark(node));
        };
        let (tag, tagged) = match node.tag.as_deref() {
            Some(name) => (Tag::from_name(name), true),
            None if *style != Style::Plain => (Tag::Str, false),
            None => (tag_of(text), false),
        };
        // Kustomize writes and reads every text once more. Inside of brackets a plain text with a ':' and an empty one
        // come out of that with quotes.
        let quoted = in_flow && *style == Style::Plain && !tagged && (text.is_empty() || text.contains(':'));
        let style = if quoted { Style::SingleQuoted } else { *style };
        Scalar { text: text.as_str().into(), tag, style, tagged, mark: self.mark(node), link: Link::NONE }
    }

    fn mapping(
        &self,
        entries: &[(yaml::Node, yaml::Node)],
        in_flow: bool,
        mark: Mark,
    ) -> Result<Node, yaml::Error> {
        let mut built = Vec::with_capacity(entries.len());
        let mut merges = None;
        for (key, value) in entries {
            if yaml::is_merge(key, Dialect::GoV3) {
                if merges.is_some() {
                    return Err(error("'<<' stands here twice", key));
                }
                merges = Some(value);
                continue;
            }
            let name = match &key.content {
                Content::Scalar { .. } => self.scalar(key, false),
                _ => return Err(error("a list or a mapping can't be a key", key)),
            };
            built.push((Arc::new(name), self.node(value, in_flow)?));
        }
        let mut mapping = Mapping { entries: built, mark };
        if let Some(value) = merges {
            self.merge(value, in_flow, &mut mapping)?;
        }
        Ok(Node::Mapping(Arc::new(mapping)))
    }

    /// Adds what the mapping does not say itself; earlier sources win.
    fn merge(&self, value: &yaml::Node, in_flow: bool, into: &mut Mapping) -> Result<(), yaml::Error> {
        let sources = match &value.content {
            Content::Mapping { .. } => std::slice::from_ref(value),
            Content::Sequence { items, .. } => items,
            Content::Scalar { .. } => return Err(error("'<<' takes a mapping or a list of mappings", value)),
        };
        for source in sources {
            match self.node(source, in_flow)? {
                Node::Mapping(source) => {
                    for (key, value) in &source.entries {
                        if into.index(&key.text).is_none() {
                            into.entries.push((Arc::clone(key), value.clone()));
                        }
                    }
                }
                _ => return Err(error("'<<' takes a mapping or a list of mappings", source)),
            }
        }
        Ok(())
    }
}

fn error(message: &str, node: &yaml::Node) -> yaml::Error {
    yaml::Error { message: message.to_owned(), at: node.span.start, context: None }
}

/// The type of a plain text.
pub(crate) fn tag_of(text: &str) -> Tag {
    match yaml::resolve_plain(text, Dialect::GoV3) {
        Resolved::Null => Tag::Null,
        Resolved::Bool(_) => Tag::Bool,
        Resolved::Number(yaml::Number::Float(_)) => Tag::Float,
        Resolved::Number(_) => Tag::Int,
        Resolved::Timestamp(_) => Tag::Timestamp,
        Resolved::Text => Tag::Str,
        Resolved::Merge => Tag::from_name("!!merge"),
    }
}
