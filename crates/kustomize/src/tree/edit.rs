//! The few ways in which Kustomize changes trees.
//!
//! They carry its rules for types: a field that is set keeps the quoting that it had, whatever the new value's type.

use std::sync::Arc;

use gangplank_yaml::{Dialect, Resolved, resolve_plain};

use super::{Link, Mapping, Mark, Node, Scalar, Style, Tag, key};

/// A value can't be set or found because something of another kind stands on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongKind {
    pub(crate) expected: &'static str,
    pub(crate) found: &'static str,
    pub(crate) mark: Mark,
}

pub(crate) fn wrong_kind(expected: &'static str, node: &Node) -> WrongKind {
    WrongKind { expected, found: node.kind_name(), mark: node.mark() }
}

/// Whether YAML 1.1 would take a plain string for something else: then it is quoted before it is set.
fn needs_quotes(scalar: &Scalar) -> bool {
    scalar.is_string()
        && scalar.style == Style::Plain
        && !scalar.text.is_empty()
        && !scalar.text.contains('\n')
        && matches!(
            resolve_plain(&scalar.text, Dialect::SigsV2),
            Resolved::Null | Resolved::Bool(_) | Resolved::Number(_)
        )
}

fn quoted_where_needed(value: &mut Node) {
    if let Node::Scalar(scalar) = value
        && needs_quotes(scalar)
    {
        Arc::make_mut(scalar).style = Style::DoubleQuoted;
    }
}

/// Sets a field of a mapping. A value of `None` or an explicit null removes it, unless `keep_null`.
pub(crate) fn set_field(mapping: &mut Mapping, name: &str, value: Option<Node>, keep_null: bool) {
    let mut value = match value {
        Some(value) if keep_null || !value.is_null() => value,
        _ => {
            clear(mapping, name);
            return;
        }
    };
    quoted_where_needed(&mut value);
    match mapping.index(name) {
        Some(at) => {
            let slot = &mut mapping.entries[at].1;
            if let Node::Scalar(new) = &mut value {
                let (style, link) = match slot {
                    Node::Scalar(old) => (old.style, old.link.rewritten()),
                    _ => (Style::Plain, Link::NONE),
                };
                if new.style != style || new.link != link {
                    let new = Arc::make_mut(new);
                    (new.style, new.link) = (style, link);
                }
            }
            *slot = value;
        }
        None => {
            let mark = value.mark();
            mapping.entries.push((key(name, mark), value));
        }
    }
}

/// Sets the text and tag of a scalar in place; its quoting stays.
pub(crate) fn set_scalar(node: &mut Node, mut value: Scalar) -> Result<(), WrongKind> {
    match node {
        Node::Scalar(old) => {
            value.style = old.style;
            value.link = old.link.rewritten();
            *node = Node::Scalar(Arc::new(value));
            Ok(())
        }
        other => Err(wrong_kind("scalar", other)),
    }
}

/// Removes a field; the first one where it stands twice.
pub(crate) fn clear(mapping: &mut Mapping, name: &str) -> Option<Node> {
    let at = mapping.index(name)?;
    Some(mapping.entries.remove(at).1)
}

/// Follows plain field names through mappings. A missing or null value on the way is `None`.
pub(crate) fn lookup<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    let mut node = node;
    for name in path {
        if node.is_null() {
            return None;
        }
        node = node.get(name)?;
    }
    Some(node)
}

/// Follows field names through mappings, which are made where they are missing.
pub(crate) fn lookup_create<'n>(
    node: &'n mut Node,
    path: &[&str],
    mark: Mark,
) -> Result<&'n mut Mapping, WrongKind> {
    let mut node = node;
    for name in path {
        let found = wrong_kind("mapping", node);
        let Node::Mapping(mapping) = node else { return Err(found) };
        let mapping = Arc::make_mut(mapping);
        let at = match mapping.index(name) {
            Some(at) => {
                if mapping.entries[at].1.is_null() {
                    mapping.entries[at].1 = Node::mapping(Vec::new(), mark);
                }
                at
            }
            None => {
                mapping.entries.push((key(name, mark), Node::mapping(Vec::new(), mark)));
                mapping.entries.len() - 1
            }
        };
        node = &mut mapping.entries[at].1;
    }
    match node {
        Node::Mapping(mapping) => Ok(Arc::make_mut(mapping)),
        other => Err(wrong_kind("mapping", other)),
    }
}

/// A scalar of a tag.
pub(crate) fn typed(text: impl Into<Box<str>>, tag: Tag, mark: Mark) -> Scalar {
    Scalar { text: text.into(), tag, style: Style::Plain, tagged: false, mark, link: Link::NONE }
}
