//! Which fields differ between two values?

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Kind, element_of, kind_of, same};
use crate::apply::field_set::FieldSet;
use crate::apply::path::PathElement;
use crate::schema::{ListRelation, ListType, MapType, Node};

/// The fields in which two values differ; no field is in two of the sets.
#[derive(Debug, Default, Clone)]
pub(in crate::apply) struct Comparison {
    pub(in crate::apply) removed: FieldSet,
    pub(in crate::apply) modified: FieldSet,
    pub(in crate::apply) added: FieldSet,
}

impl Comparison {
    /// Leaves out some fields and all below them.
    pub(in crate::apply) fn without(mut self, fields: &FieldSet) -> Self {
        if !fields.is_empty() {
            for set in [&mut self.removed, &mut self.modified, &mut self.added] {
                *set = set.recursive_difference(fields);
            }
        }
        self
    }

    fn take(&mut self, step: PathElement, (change, below): (Change, Comparison)) {
        let Comparison { removed, modified, added } = below;
        let changed = |wanted| change == wanted;
        if changed(Change::Modified) || !modified.is_empty() {
            self.modified.push(step.clone(), changed(Change::Modified), modified);
        }
        if changed(Change::Removed) || !removed.is_empty() {
            self.removed.push(step.clone(), changed(Change::Removed), removed);
        }
        if changed(Change::Added) || !added.is_empty() {
            self.added.push(step, changed(Change::Added), added);
        }
    }

    fn sort(&mut self) {
        self.removed.sort();
        self.modified.sort();
        self.added.sort();
    }
}

/// What became of a value itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Added,
    Removed,
    Modified,
}

/// Compares two values of one type.
pub(in crate::apply) fn compare(node: Node<'_>, before: &Value, after: &Value) -> Comparison {
    at(node, Some(before), Some(after)).1
}

fn at(node: Node<'_>, before: Option<&Value>, after: Option<&Value>) -> (Change, Comparison) {
    let mut found = Comparison::default();
    let (was, is) = (kind_of(node, before), kind_of(node, after));
    let mut leaf = false;
    match (before, after) {
        (_, None) => leaf |= visit(node, was, before, after, &mut found),
        (None, Some(_)) => leaf |= visit(node, is, before, after, &mut found),
        (Some(_), Some(_)) => {
            if was != is {
                leaf |= visit(node, was, before, after, &mut found);
            }
            leaf |= visit(node, is, before, after, &mut found);
        }
    }
    found.sort();
    let change = match (before, after) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        (Some(before), Some(after)) if leaf && !same(before, after) => Change::Modified,
        _ => Change::None,
    };
    (change, found)
}

/// Compares two values as one kind; true where that ends the path.
fn visit(
    node: Node<'_>,
    kind: Option<Kind<'_>>,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Comparison,
) -> bool {
    match kind {
        None => false,
        Some(Kind::Scalar(_)) => true,
        Some(Kind::List(list)) => {
            let (before, after) = (super::elements(before), super::elements(after));
            let empty = |list: Option<&Vec<Value>>| list.is_none_or(Vec::is_empty);
            if list.relation == ListRelation::Atomic || (empty(before) && empty(after)) {
                return true;
            }
            if before != after {
                lists(node, list, before, after, found);
            }
            false
        }
        Some(Kind::Map(map)) => {
            let (before, after) = (super::members(before), super::members(after));
            let empty =
                |map: Option<&serde_json::Map<String, Value>>| map.is_none_or(serde_json::Map::is_empty);
            if map.atomic || (empty(before) && empty(after)) {
                return true;
            }
            maps(node, map, before, after, found);
            false
        }
    }
}

fn maps(
    node: Node<'_>,
    map: &MapType,
    before: Option<&serde_json::Map<String, Value>>,
    after: Option<&serde_json::Map<String, Value>>,
    found: &mut Comparison,
) {
    let mut one = |key: &str, before: Option<&Value>, after: Option<&Value>| {
        if let Some(inner) = node.under(map, key) {
            found.take(PathElement::field(key), at(inner, before, after));
        }
    };
    for (key, value) in before.into_iter().flatten() {
        one(key, Some(value), after.and_then(|after| after.get(key)));
    }
    for (key, value) in after.into_iter().flatten() {
        if before.is_none_or(|before| !before.contains_key(key)) {
            one(key, None, Some(value));
        }
    }
}

fn lists(
    node: Node<'_>,
    list: &ListType,
    before: Option<&Vec<Value>>,
    after: Option<&Vec<Value>>,
    found: &mut Comparison,
) {
    let mut sides: BTreeMap<PathElement, [Vec<&Value>; 2]> = BTreeMap::new();
    for (side, elements) in [before, after].into_iter().enumerate() {
        for element in elements.into_iter().flatten() {
            // Objects are checked before they are compared, so every element has its step.
            if let Ok(step) = element_of(node, list, element) {
                sides.entry(step).or_default()[side].push(element);
            }
        }
    }
    let inner = node.items(list);
    for (step, [before, after]) in sides {
        let change = match (before.as_slice(), after.as_slice()) {
            ([] | [_], [] | [_]) => at(inner, before.first().copied(), after.first().copied()),
            // Elements that are there several times are one thing: the whole bunch.
            ([_, _, ..], [_, _, ..]) => {
                let equal = before.len() == after.len() && before.iter().zip(&after).all(|(a, b)| same(a, b));
                (if equal { Change::None } else { Change::Modified }, Comparison::default())
            }
            ([_, _, ..], _) => {
                if let Some(only) = after.first() {
                    found.take(step.clone(), at(inner, None, Some(only)));
                }
                (Change::Removed, Comparison::default())
            }
            (_, _) => {
                if let Some(only) = before.first() {
                    found.take(step.clone(), at(inner, Some(only), None));
                }
                (Change::Added, Comparison::default())
            }
        };
        found.take(step, change);
    }
}
