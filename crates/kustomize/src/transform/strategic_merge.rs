//! Strategic merge patches, with kyaml's rules: what it does, not what the specification says.
//!
//! ```text
//!            patch: mapping           list, merging kind            list, else     scalar    null
//! dest: any  merge field by field     by key, patch's items first   replaced       replaced  removed
//! ```
//!
//! `$patch: delete|replace|merge` in a mapping or as an item of a merging list says so explicitly. The whole resource is
//! walked, not only what the patch names: an empty value (`key:`) anywhere vanishes, and merging lists lose duplicates.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::problem::Problem;
use crate::schema::{Field, Place, Schema};
use crate::tree::{self, Mapping, Mark, Node, Scalar, Style, Tag};

const DIRECTIVE: &str = "$patch";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

fn directive_of(name: &str, mark: Mark) -> Result<Directive, Problem> {
    match name {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => {
            Err(Problem::new(format!("$patch is one of merge, replace and delete, not {other:?}"), mark))
        }
    }
}

/// Merges a patch into a tree; `None` when the patch deletes it.
pub(crate) fn merge(dest: &Node, patch: &Node, schema: &Schema) -> Result<Option<Node>, Problem> {
    Merger { schema }.walk(Some(dest), Some(patch), None)
}

struct Merger<'s> {
    schema: &'s Schema,
}

impl<'s> Merger<'s> {
    fn place(&self, sources: [Option<&Node>; 2], place: Option<Place<'s>>) -> Option<Place<'s>> {
        if place.is_some() {
            return place;
        }
        sources.into_iter().flatten().find_map(|node| {
            let text = |field| node.get(field).filter(|value| !value.is_null_or_empty()).and_then(Node::text);
            self.schema.root(text("apiVersion")?, text("kind")?)
        })
    }

    fn walk(
        &self,
        dest: Option<&Node>,
        patch: Option<&Node>,
        place: Option<Place<'s>>,
    ) -> Result<Option<Node>, Problem> {
        let place = self.place([dest, patch], place);
        let present = |node: Option<&Node>| node.is_some_and(|node| !node.is_null());
        let leading = dest.filter(|dest| !dest.is_null()).or_else(|| patch.filter(|patch| !patch.is_null()));
        if let Some(leading) = leading {
            for node in [dest, patch].into_iter().flatten().filter(|node| !node.is_null()) {
                if node.kind_name() != leading.kind_name() {
                    let message =
                        format!("a {} can't be merged with a {}", node.kind_name(), leading.kind_name());
                    return Err(Problem::new(message, node.mark()));
                }
            }
        }
        match leading {
            // A patch that repeats what is there changes nothing, and is not where the value comes from.
            Some(Node::Scalar(_)) => match (dest, patch) {
                (Some(Node::Scalar(old)), Some(Node::Scalar(new)))
                    if old.text == new.text && old.tag == new.tag =>
                {
                    Ok(dest.cloned())
                }
                _ => Ok(patch.or(dest).filter(|node| !node.is_null()).cloned()),
            },
            Some(Node::Sequence(_)) => match place.and_then(|place| place.merging()) {
                Some(field) => self.merging_list(dest, patch, field, place),
                None => Ok(patch.or(dest).filter(|node| !node.is_null()).cloned()),
            },
            Some(Node::Mapping(_)) => match (dest.filter(|_| present(dest)), patch) {
                (Some(dest), None) => Ok(self.settle(dest, place)?.map(Cow::into_owned)),
                (Some(_), Some(patch)) if patch.is_null() => Ok(None),
                (Some(Node::Mapping(dest)), Some(Node::Mapping(patch))) => self.mappings(dest, patch, place),
                (_, Some(Node::Mapping(patch))) => self.add(patch, place, false),
                _ => Ok(None),
            },
            // Nothing but nulls: an explicit one of the resource stays, an empty one goes.
            None => match (dest, patch) {
                (Some(Node::Scalar(null)), None) if !null.text.is_empty() => Ok(dest.cloned()),
                _ => Ok(None),
            },
        }
    }

    fn mappings(
        &self,
        dest: &Arc<Mapping>,
        patch: &Arc<Mapping>,
        place: Option<Place<'s>>,
    ) -> Result<Option<Node>, Problem> {
        let (directive, patch) = strip(patch)?;
        match directive {
            Directive::Delete => return Ok(None),
            Directive::Replace => return self.add(&patch, place, true),
            Directive::Merge => {}
        }
        no_empty_name(dest)?;
        no_empty_name(&patch)?;
        let mut merged = Arc::clone(dest);
        let names: BTreeSet<&str> =
            dest.entries.iter().chain(&patch.entries).map(|(name, _)| &*name.text).collect();
        for name in names {
            let (old, new) = (dest.get(name), patch.get(name));
            let place = place.and_then(|place| place.field(name));
            let value = match (old, new) {
                (Some(old), None) => match self.settle_field(old, place)? {
                    Settled::Same => continue,
                    Settled::Gone => None,
                    Settled::Now(value) => Some(value),
                },
                _ => self.walk(old, new, place)?,
            };
            put(Arc::make_mut(&mut merged), name, &patch, value);
        }
        Ok(Some(Node::Mapping(merged)))
    }

    /// A mapping that only the patch has: its nulls and directives are carried out on itself.
    fn add(
        &self,
        patch: &Arc<Mapping>,
        place: Option<Place<'s>>,
        stripped: bool,
    ) -> Result<Option<Node>, Problem> {
        let patch = if stripped {
            Arc::clone(patch)
        } else {
            match strip(patch) {
                Ok((Directive::Delete, _)) => return Ok(None),
                Ok((_, patch)) => patch,
                // What is no directive is copied.
                Err(_) => Arc::clone(patch),
            }
        };
        self.fields_of(&patch, place).map(Some)
    }

    fn fields_of(&self, patch: &Arc<Mapping>, place: Option<Place<'s>>) -> Result<Node, Problem> {
        no_empty_name(patch)?;
        let mut made = Arc::clone(patch);
        let names: BTreeSet<&str> = patch.entries.iter().map(|(name, _)| &*name.text).collect();
        for name in names {
            let Some(value) = patch.get(name) else { continue };
            let place = self.place([Some(value), None], place.and_then(|place| place.field(name)));
            let new = match value {
                Node::Scalar(scalar) if scalar.tag == Tag::Null => None,
                Node::Scalar(_) => continue,
                Node::Mapping(mapping) => match strip(mapping)? {
                    (Directive::Delete, _) => None,
                    (_, mapping) => Some(self.fields_of(&mapping, place)?),
                },
                Node::Sequence(_) => match place.and_then(|place| place.merging()) {
                    Some(field) => {
                        let dest = self.without_directives(value, place);
                        self.merging_list(Some(&dest), Some(value), field, place)?
                    }
                    None => continue,
                },
            };
            put(Arc::make_mut(&mut made), name, patch, new);
        }
        Ok(Node::Mapping(made))
    }

    /// A list of the patch that takes the place of a missing one. To kyaml both are the same list: a directive that is
    /// read from an item of the one is gone from the other.
    fn without_directives(&self, node: &Node, place: Option<Place<'s>>) -> Node {
        match node {
            Node::Scalar(_) => node.clone(),
            Node::Sequence(sequence) if place.and_then(|place| place.merging()).is_some() => {
                let items = place.and_then(|place| place.items());
                let stripped = sequence.items.iter().map(|item| match item.entries() {
                    // That is a directive of the list, which nobody reads here.
                    Some([(name, _)]) if &*name.text == DIRECTIVE => item.clone(),
                    _ => self.without_directives(item, items),
                });
                Node::sequence(stripped.collect(), sequence.mark)
            }
            Node::Sequence(_) => node.clone(),
            Node::Mapping(mapping) => {
                let Ok((_, mapping)) = strip(mapping) else { return node.clone() };
                let entries = mapping.entries.iter().map(|(name, value)| {
                    let place = place.and_then(|place| place.field(&name.text));
                    (Arc::clone(name), self.without_directives(value, place))
                });
                Node::mapping(entries.collect(), mapping.mark)
            }
        }
    }

    fn settle_field(&self, value: &Node, place: Option<Place<'s>>) -> Result<Settled, Problem> {
        if let Node::Scalar(scalar) = value {
            // A string whose type nobody has decided gets quotes where it would be read as something else.
            return Ok(match scalar.tag {
                Tag::Null if scalar.text.is_empty() => Settled::Gone,
                Tag::None if scalar.style == Style::Plain && tree::tag_of(&scalar.text) != Tag::Str => {
                    let mut quoted = (**scalar).clone();
                    quoted.style = Style::DoubleQuoted;
                    Settled::Now(Node::Scalar(Arc::new(quoted)))
                }
                _ => Settled::Same,
            });
        }
        Ok(match self.settle(value, place)? {
            Some(Cow::Borrowed(_)) => Settled::Same,
            Some(Cow::Owned(node)) => Settled::Now(node),
            None => Settled::Gone,
        })
    }

    /// What becomes of a part of the resource that the patch does not mention. Shared where nothing changes.
    fn settle<'n>(&self, node: &'n Node, place: Option<Place<'s>>) -> Result<Option<Cow<'n, Node>>, Problem> {
        let place = self.place([Some(node), None], place);
        match node {
            Node::Scalar(_) => Ok(Some(Cow::Borrowed(node))),
            Node::Sequence(sequence) => {
                let Some(field) = place.and_then(|place| place.merging()) else {
                    return Ok(Some(Cow::Borrowed(node)));
                };
                let items = place.and_then(|place| place.items());
                if has_unique_keys(&sequence.items, &field.keys) {
                    let mut same = true;
                    for item in &sequence.items {
                        same &= matches!(self.settle(item, items)?, Some(Cow::Borrowed(_)));
                    }
                    if same {
                        return Ok(Some(Cow::Borrowed(node)));
                    }
                }
                Ok(self.merging_list(Some(node), None, field, place)?.map(Cow::Owned))
            }
            Node::Mapping(mapping) => {
                no_empty_name(mapping)?;
                let mut changed: Option<Arc<Mapping>> = None;
                for (name, value) in &mapping.entries {
                    let place = place.and_then(|place| place.field(&name.text));
                    let new = match self.settle_field(value, place)? {
                        Settled::Same => continue,
                        Settled::Gone => None,
                        Settled::Now(value) => Some(value),
                    };
                    let copy = changed.get_or_insert_with(|| Arc::clone(mapping));
                    put(Arc::make_mut(copy), &name.text, mapping, new);
                }
                Ok(Some(changed.map_or(Cow::Borrowed(node), |changed| Cow::Owned(Node::Mapping(changed)))))
            }
        }
    }

    fn merging_list(
        &self,
        dest: Option<&Node>,
        patch: Option<&Node>,
        field: &Field,
        place: Option<Place<'s>>,
    ) -> Result<Option<Node>, Problem> {
        let items = |node: Option<&Node>| node.and_then(Node::items).map(<[Node]>::to_vec);
        let mark = dest.or(patch).map_or(Mark::default(), Node::mark);
        let (mut old, mut new) = (items(dest), items(patch));
        match (&old, patch) {
            (None, _) => {
                let made = patch.map(|patch| self.without_directives(patch, place));
                old = items(made.as_ref());
            }
            (Some(_), Some(patch)) if patch.is_null() => return Ok(None),
            (Some(_), Some(_)) => {
                if let Some(list) = &mut new {
                    match strip_list(list)? {
                        Directive::Delete => return Ok(None),
                        Directive::Replace => old = Some(list.clone()),
                        Directive::Merge => {}
                    }
                }
            }
            (Some(_), None) => {}
        }
        let place = place.and_then(|place| place.items());
        let list = super::keyed_list::merge(
            old.unwrap_or_default(),
            new.as_deref(),
            &field.keys,
            &mut |dest, patch| self.walk(dest, patch, place),
        )?;
        Ok(Some(Node::sequence(list, mark)))
    }
}

enum Settled {
    Same,
    Gone,
    Now(Node),
}

/// Sets a field, keeping the way in which the patch wrote a new key.
fn put(mapping: &mut Mapping, name: &str, patch: &Mapping, value: Option<Node>) {
    if mapping.index(name).is_none()
        && let Some(at) = patch.index(name)
    {
        if let Some(value) = value {
            mapping.entries.push((Arc::clone(&patch.entries[at].0), value));
        }
        return;
    }
    let keep_null = true;
    match value {
        Some(value) => {
            tree::set_field(mapping, name, Some(value), keep_null);
        }
        None => {
            tree::clear(mapping, name);
        }
    }
}

/// kyaml can't look up a field whose name is empty.
fn no_empty_name(mapping: &Mapping) -> Result<(), Problem> {
    match mapping.entries.iter().find(|(name, _)| name.text.is_empty()) {
        Some((name, _)) => Err(Problem::new("a field with an empty name can't be merged", name.mark)),
        None => Ok(()),
    }
}

/// A mapping's directive, and the mapping without it.
fn strip(patch: &Arc<Mapping>) -> Result<(Directive, Arc<Mapping>), Problem> {
    let Some(value) = patch.get(DIRECTIVE) else { return Ok((Directive::Merge, Arc::clone(patch))) };
    let directive = directive_of(value.text_or_empty(), value.mark())?;
    let mut stripped = Arc::clone(patch);
    tree::clear(Arc::make_mut(&mut stripped), DIRECTIVE);
    Ok((directive, stripped))
}

/// A list's directive: an item that is `$patch: …` and nothing else. It is removed.
fn strip_list(items: &mut Vec<Node>) -> Result<Directive, Problem> {
    let Some(item) = items.iter().find(|item| item.get(DIRECTIVE).is_some()) else {
        return Ok(Directive::Merge);
    };
    if item.entries().is_some_and(|entries| entries.len() > 1) {
        return Ok(Directive::Merge);
    }
    let Some(value) = item.get(DIRECTIVE) else { return Ok(Directive::Merge) };
    let directive = directive_of(value.text_or_empty(), value.mark())?;
    let name = value.text_or_empty().to_owned();
    super::keyed_list::set(items, None, &[DIRECTIVE.to_owned()], &[name])?;
    Ok(directive)
}

fn has_unique_keys(items: &[Node], keys: &[String]) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| match item {
        Node::Scalar(scalar) => {
            keys.is_empty() && scalar.tag != Tag::Null && seen.insert(vec![&*scalar.text])
        }
        Node::Mapping(mapping) if !keys.is_empty() => {
            let values: Vec<&str> = keys
                .iter()
                .filter_map(|key| mapping.get(key)?.text())
                .filter(|value| !value.is_empty())
                .collect();
            values.len() == keys.len() && seen.insert(values)
        }
        _ => false,
    })
}

/// A field of a list item, made so that the item can be found again.
pub(super) fn key_value(text: &str, mark: Mark) -> Node {
    Node::Scalar(Arc::new(Scalar::untyped(text, mark)))
}
