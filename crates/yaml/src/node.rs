//! The tree that a text is read into: values with their places, styles and tags, and nothing resolved yet.

use crate::error::Position;

/// How deep a text may nest. go-yaml allows 10,000; no manifest comes near either, and every walk over a tree
/// stays within the stack of any thread.
pub const MAX_DEPTH: usize = 128;

/// Where a node stands in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first character.
    pub start: Position,
    /// Byte offset behind the last character.
    pub end: u32,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Without quotes: the only style whose text may mean something else than a string.
    #[default]
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A scalar: its text with quotes and escapes undone.
    Scalar {
        /// The text.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// A list.
    Sequence {
        /// The items.
        items: Vec<Node>,
        /// Whether it was written as `[…]`.
        flow: bool,
    },
    /// A mapping, in the order of the text, with duplicate and merge keys as they were written.
    Mapping {
        /// Keys and values.
        entries: Vec<(Node, Node)>,
        /// Whether it was written as `{…}`.
        flow: bool,
    },
}

/// A value in a text. Aliases are already replaced by what they stand for, and carry the span of the anchor.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it holds.
    pub content: Content,
    /// Where it stands.
    pub span: Span,
    /// The explicit tag in its short form (`!!str`, `!mine`), if there was one.
    pub tag: Option<Box<str>>,
}

impl Node {
    /// The value of a key of a mapping; the last one where a key stands twice.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Mapping { entries, .. } => {
                entries.iter().rev().find(|(k, _)| k.as_text() == Some(key)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The text of a scalar, whatever it resolves to.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence.
    pub fn items(&self) -> Option<&[Node]> {
        match &self.content {
            Content::Sequence { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[(Node, Node)]> {
        match &self.content {
            Content::Mapping { entries, .. } => Some(entries),
            _ => None,
        }
    }

    /// The node behind a JSON pointer (RFC 6901), following sequence items by their number.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match &node.content {
                Content::Sequence { items, .. } => items.get(token.parse::<usize>().ok()?)?,
                _ => node.get(&token)?,
            };
        }
        Some(node)
    }

    pub(crate) fn empty(at: Position) -> Self {
        Self {
            content: Content::Scalar { text: String::new(), style: Style::Plain },
            span: Span { start: at, end: at.offset },
            tag: None,
        }
    }
}
