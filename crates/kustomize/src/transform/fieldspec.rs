//! Walks to the fields that a spec names, making what is missing where the spec says so.

use std::sync::Arc;

use crate::config::FieldSpec;
use crate::problem::Problem;
use crate::resource::Gvk;
use crate::tree::{Link, Mark, Node, Scalar, Style, Tag, key};

/// What to make of a field that is missing or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Nothing,
    Scalar(ScalarTag),
    Mapping,
}

/// The type of a scalar that takes the place of a null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScalarTag {
    Untyped,
    Str,
    Int,
}

pub(crate) type Change<'c> = &'c mut dyn FnMut(&mut Node) -> Result<(), Problem>;

/// Whether a spec is meant for a kind.
pub(crate) fn applies(spec: &FieldSpec, gvk: &Gvk<'_>) -> bool {
    gvk.is_selected_by(&spec.gvk.borrow())
}

/// Whether a field of a spec is there, so that a resource that has none need not be copied.
pub(crate) fn reaches(node: &Node, parts: &[String]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    match node {
        Node::Sequence(sequence) => sequence.items.iter().any(|item| reaches(item, parts)),
        Node::Mapping(mapping) => {
            let name = part.strip_suffix("[]").unwrap_or(part);
            let is_list = name.len() != part.len();
            // A null in the place of a list becomes one.
            mapping.get(name).is_some_and(|value| (is_list && value.is_null()) || reaches(value, rest))
        }
        // A scalar on the way is an error, which the walk itself reports.
        Node::Scalar(scalar) => scalar.tag != Tag::Null,
    }
}

/// Calls `change` on every node that the spec's path leads to. The caller has checked the kind.
pub(crate) fn apply(
    node: &mut Node,
    spec: &FieldSpec,
    create: Create,
    mark: Mark,
    change: Change<'_>,
) -> Result<(), Problem> {
    let create = if spec.create { create } else { Create::Nothing };
    if create == Create::Nothing && !reaches(node, &spec.parts) {
        return Ok(());
    }
    walk(node, &spec.parts, create, mark, change)
}

fn walk(
    node: &mut Node,
    parts: &[String],
    create: Create,
    mark: Mark,
    change: Change<'_>,
) -> Result<(), Problem> {
    let Some((part, rest)) = parts.split_first() else { return change(node) };
    match node {
        Node::Sequence(sequence) => {
            for item in &mut Arc::make_mut(sequence).items {
                walk(item, parts, create, mark, change)?;
            }
            Ok(())
        }
        Node::Mapping(mapping) => {
            let name = part.strip_suffix("[]").unwrap_or(part);
            let is_list = name.len() != part.len();
            if name.is_empty() {
                return Err(Problem::new("a field spec has an empty part", mapping.mark));
            }
            let at = match mapping.index(name) {
                Some(at) => at,
                None if is_list || create == Create::Nothing => return Ok(()),
                None => {
                    let made = made(rest, create, mark);
                    let mapping = Arc::make_mut(mapping);
                    mapping.entries.push((key(name, mark), made));
                    mapping.entries.len() - 1
                }
            };
            let value = &mut Arc::make_mut(mapping).entries[at].1;
            if let Node::Scalar(scalar) = value
                && scalar.tag == Tag::Null
            {
                if is_list {
                    *value = Node::sequence(Vec::new(), scalar.mark);
                } else if create != Create::Nothing {
                    *value = instead_of_null(rest, create, scalar);
                }
            }
            // Looking up a null finds nothing.
            if value.is_null() {
                return Ok(());
            }
            walk(value, rest, create, mark, change)
        }
        Node::Scalar(scalar) if scalar.tag == Tag::Null => Ok(()),
        Node::Scalar(scalar) => Err(Problem::new(
            format!("the field {part:?} can't be in the scalar {:?}", shortened(&scalar.text)),
            scalar.mark,
        )),
    }
}

fn made(rest: &[String], create: Create, mark: Mark) -> Node {
    match create {
        Create::Scalar(_) if rest.is_empty() => Node::Scalar(Arc::new(Scalar::untyped("", mark))),
        _ => Node::mapping(Vec::new(), mark),
    }
}

fn instead_of_null(rest: &[String], create: Create, null: &Scalar) -> Node {
    match create {
        Create::Scalar(tag) if rest.is_empty() => Node::Scalar(Arc::new(Scalar {
            text: null.text.clone(),
            tag: match tag {
                ScalarTag::Untyped => Tag::None,
                ScalarTag::Str => Tag::Str,
                ScalarTag::Int => Tag::Int,
            },
            style: Style::Plain,
            tagged: false,
            link: Link::NONE,
            mark: null.mark,
        })),
        _ => Node::mapping(Vec::new(), null.mark),
    }
}

/// A text that is fit for a message.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
