//! The trees that resources are made of: YAML nodes that can be shared.
//!
//! ```text
//!   base ──► Mapping ─► spec ─► data ─► …        one parsed base, shared by every overlay
//!               ▲         ▲
//!   overlay ────┴─ copy ──┴─ copy                 a change copies the nodes on its path, and nothing else
//! ```
//!
//! A scalar keeps its text, tag and quoting, since Kustomize's rules look at all three: a number put into a quoted
//! field stays a string. What a scalar means is decided when it is written ([`output`](self::output)).
//!
//! Every node carries a [`Mark`]: eight bytes that say which file and line it came from. Moving a node moves its mark,
//! so provenance costs nothing.

mod edit;
mod json;
mod link;
mod output;
mod parse;
mod path;

use std::sync::Arc;

pub(crate) use edit::{WrongKind, clear, lookup, lookup_create, set_field, set_scalar, typed};
pub(crate) use gangplank_yaml::Style;
pub(crate) use json::{canonical, exact_json, from_json, go_json, go_json_string, json_key};
pub(crate) use link::{Link, sync};
pub(crate) use output::{check, kyaml_text, string_value};
pub(crate) use parse::{from_yaml, tag_of};
pub(crate) use path::{Create, PathError, is_index, is_selector, matching, selector, smart_split, split};

/// Where a value was written: a file (numbered by the renderer) and a line, both from 1. Zero is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub(crate) struct Mark {
    /// The number of the source.
    pub(crate) source: u32,
    /// The line, from 1.
    pub(crate) line: u32,
}

/// A scalar's type, as go-yaml v3 found it when reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tag {
    /// Not decided: what the text means is found out when it is written.
    None,
    Str,
    Int,
    Float,
    Bool,
    Null,
    Timestamp,
    Other(Box<Box<str>>),
}

impl Tag {
    pub(crate) fn name(&self) -> Option<&str> {
        Some(match self {
            Self::None => return None,
            Self::Str => "!!str",
            Self::Int => "!!int",
            Self::Float => "!!float",
            Self::Bool => "!!bool",
            Self::Null => "!!null",
            Self::Timestamp => "!!timestamp",
            Self::Other(name) => name,
        })
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "!!str" => Self::Str,
            "!!int" => Self::Int,
            "!!float" => Self::Float,
            "!!bool" => Self::Bool,
            "!!null" => Self::Null,
            "!!timestamp" => Self::Timestamp,
            other => Self::Other(Box::new(other.into())),
        }
    }
}

/// A scalar.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) text: Box<str>,
    pub(crate) tag: Tag,
    pub(crate) style: Style,
    /// The tag stood in the text.
    pub(crate) tagged: bool,
    pub(crate) mark: Mark,
    pub(crate) link: Link,
}

impl Scalar {
    /// A scalar whose type its text decides.
    pub(crate) fn untyped(text: impl Into<Box<str>>, mark: Mark) -> Self {
        Self { text: text.into(), tag: Tag::None, style: Style::Plain, tagged: false, mark, link: Link::NONE }
    }

    pub(crate) fn string(text: impl Into<Box<str>>, mark: Mark) -> Self {
        Self { text: text.into(), tag: Tag::Str, style: Style::Plain, tagged: false, mark, link: Link::NONE }
    }

    /// Tagged as a string, or not tagged at all.
    pub(crate) fn is_string(&self) -> bool {
        matches!(self.tag, Tag::Str | Tag::None)
    }
}

/// A list.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    pub(crate) items: Vec<Node>,
    pub(crate) mark: Mark,
}

/// A mapping, in the order of its text. A key may stand twice: the first counts, and writing it is an error.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) entries: Vec<(Arc<Scalar>, Node)>,
    pub(crate) mark: Mark,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Scalar(Arc<Scalar>),
    Sequence(Arc<Sequence>),
    Mapping(Arc<Mapping>),
}

impl Node {
    pub(crate) fn string(text: impl Into<Box<str>>, mark: Mark) -> Self {
        Self::Scalar(Arc::new(Scalar::string(text, mark)))
    }

    pub(crate) fn null(mark: Mark) -> Self {
        let scalar = Scalar {
            text: "null".into(),
            tag: Tag::Null,
            style: Style::Plain,
            tagged: false,
            mark,
            link: Link::NONE,
        };
        Self::Scalar(Arc::new(scalar))
    }

    pub(crate) fn mapping(entries: Vec<(Arc<Scalar>, Node)>, mark: Mark) -> Self {
        Self::Mapping(Arc::new(Mapping { entries, mark }))
    }

    pub(crate) fn sequence(items: Vec<Node>, mark: Mark) -> Self {
        Self::Sequence(Arc::new(Sequence { items, mark }))
    }

    pub(crate) fn mark(&self) -> Mark {
        match self {
            Self::Scalar(scalar) => scalar.mark,
            Self::Sequence(sequence) => sequence.mark,
            Self::Mapping(mapping) => mapping.mark,
        }
    }

    /// The value of a key, `None` where this is no mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Mapping(mapping) => mapping.get(key),
            _ => None,
        }
    }

    /// The value of a key, to be changed: this mapping stops being shared.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Self::Mapping(mapping) = self else { return None };
        let at = mapping.index(key)?;
        Some(&mut Arc::make_mut(mapping).entries[at].1)
    }

    /// The text of a scalar; a list or a mapping has none.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The text of a scalar, and nothing for anything else: what Kustomize reads names and kinds with.
    pub(crate) fn text_or_empty(&self) -> &str {
        self.text().unwrap_or("")
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(scalar) if scalar.tag == Tag::Null)
    }

    /// Null, `{}` or `[]`.
    pub(crate) fn is_null_or_empty(&self) -> bool {
        match self {
            Self::Scalar(scalar) => scalar.tag == Tag::Null,
            Self::Sequence(sequence) => sequence.items.is_empty(),
            Self::Mapping(mapping) => mapping.entries.is_empty(),
        }
    }

    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "scalar",
            Self::Sequence(_) => "list",
            Self::Mapping(_) => "mapping",
        }
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Sequence(sequence) => Some(&sequence.items),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> Option<&[(Arc<Scalar>, Self)]> {
        match self {
            Self::Mapping(mapping) => Some(&mapping.entries),
            _ => None,
        }
    }
}

impl Mapping {
    /// The entries that are written: a key `<<`, even as a string, is lost in Kustomize's own reading of what it wrote.
    pub(crate) fn written(&self) -> impl Iterator<Item = &(Arc<Scalar>, Node)> {
        self.entries.iter().filter(|(key, _)| &*key.text != "<<")
    }

    pub(crate) fn index(&self, key: &str) -> Option<usize> {
        self.entries.iter().position(|(name, _)| &*name.text == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(name, _)| &*name.text == key).map(|(_, value)| value)
    }
}

/// A key of a mapping that Kustomize adds: plain and untyped.
pub(crate) fn key(name: &str, mark: Mark) -> Arc<Scalar> {
    Arc::new(Scalar::untyped(name, mark))
}
