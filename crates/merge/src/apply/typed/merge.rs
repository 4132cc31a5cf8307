//! One value laid over another.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Kind, PathElement, element_of, kind_of};
use crate::schema::{ListRelation, ListType, Node};

/// Lays `over` over `under`: leaves of `over` win, what only one side has stays. Elements of lists stand as in `over`
/// where it says anything of their order. None where neither side leaves anything.
pub(in crate::apply) fn merge(node: Node<'_>, under: Option<&Value>, over: Option<&Value>) -> Option<Value> {
    let leaf = || over.or(under).cloned();
    let kind = if over.is_some() { kind_of(node, over) } else { kind_of(node, under) };
    match kind? {
        Kind::Scalar(_) => leaf(),
        Kind::Map(map) => {
            let (below, above) = (super::members(under), super::members(over));
            let empty = |map: Option<&Map<String, Value>>| map.is_none_or(Map::is_empty);
            if map.atomic || (empty(below) && empty(above)) {
                return leaf();
            }
            let mut out = Map::new();
            for (key, value) in below.into_iter().flatten() {
                let merged = match node.under(map, key) {
                    Some(inner) => merge(inner, Some(value), above.and_then(|above| above.get(key))),
                    None => Some(value.clone()),
                };
                out.extend(merged.map(|merged| (key.clone(), merged)));
            }
            for (key, value) in above.into_iter().flatten() {
                if below.is_some_and(|below| below.contains_key(key)) {
                    continue;
                }
                let merged = match node.under(map, key) {
                    Some(inner) => merge(inner, None, Some(value)),
                    None => Some(value.clone()),
                };
                out.extend(merged.map(|merged| (key.clone(), merged)));
            }
            (!out.is_empty()).then_some(Value::Object(out))
        }
        Kind::List(list) => {
            let (below, above) = (super::elements(under), super::elements(over));
            let empty = |list: Option<&Vec<Value>>| list.is_none_or(Vec::is_empty);
            if list.relation == ListRelation::Atomic || (empty(below) && empty(above)) {
                return leaf();
            }
            let out =
                merge_lists(node, list, below.map_or(&[], Vec::as_slice), above.map_or(&[], Vec::as_slice));
            (!out.is_empty()).then_some(Value::Array(out))
        }
    }
}

/// A list whose elements have been given their steps.
struct Indexed<'v> {
    steps: Vec<(PathElement, &'v Value)>,
    /// None for a step that is there more than once: such elements are not merged with others.
    by_step: BTreeMap<PathElement, Option<&'v Value>>,
}

impl<'v> Indexed<'v> {
    fn of(node: Node<'_>, list: &ListType, elements: &'v [Value]) -> Self {
        let mut indexed = Self { steps: Vec::with_capacity(elements.len()), by_step: BTreeMap::new() };
        for element in elements {
            let Ok(step) = element_of(node, list, element) else { continue };
            indexed.by_step.entry(step.clone()).and_modify(|seen| *seen = None).or_insert(Some(element));
            indexed.steps.push((step, element));
        }
        indexed
    }

    fn get(&self, step: &PathElement) -> Option<&'v Value> {
        self.by_step.get(step).copied().flatten()
    }
}

/// Interleaves two lists: shared elements stand in the order of `over`; an element that only one side has keeps its
/// place relative to the shared ones around it, those of `under` first.
fn merge_lists(node: Node<'_>, list: &ListType, under: &[Value], over: &[Value]) -> Vec<Value> {
    let inner = node.items(list);
    let under = Indexed::of(node, list, under);
    let over = Indexed::of(node, list, over);
    let mut shared = over.steps.iter().map(|(step, _)| step).filter(|step| under.by_step.contains_key(step));
    let mut next_shared = shared.next();
    let mut out = Vec::with_capacity(under.steps.len().max(over.steps.len()));
    let mut merged: BTreeMap<&PathElement, ()> = BTreeMap::new();
    let (mut at_under, mut at_over) = (0, 0);
    while at_under < under.steps.len() || at_over < over.steps.len() {
        let left = under.steps.get(at_under);
        let right = over.steps.get(at_over);
        if let (Some((left, _)), Some((right, _))) = (left, right) {
            if left == right {
                merged.insert(right, ());
                out.extend(merge(inner, under.get(left), over.get(left)));
                at_under += 1;
                at_over += 1;
                next_shared = shared.next();
                continue;
            }
            // Shared, but another shared element has to come first.
            if over.by_step.contains_key(left) && next_shared.is_some_and(|next| next != left) {
                at_under += 1;
                continue;
            }
        }
        if let Some((left, value)) = left {
            if !over.by_step.contains_key(left) {
                out.extend(merge(inner, Some(value), None));
                at_under += 1;
                continue;
            }
            if merged.contains_key(left) {
                at_under += 1;
            }
        }
        if let Some((right, _)) = right {
            merged.insert(right, ());
            out.extend(merge(inner, under.get(right), over.get(right)));
            at_over += 1;
            if next_shared == Some(right) {
                next_shared = shared.next();
            }
        }
    }
    out
}
