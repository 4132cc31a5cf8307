//! Ownership that was written under an older schema.

use super::super::field_set::FieldSet;
use super::super::path::PathElement;
use crate::schema::{ListRelation, MapType, Node};

/// Brings a set of fields up to date with its schema: where a list or map has become atomic since, whoever owned a part
/// of it owns all of it. None where nothing changes. The other way needs nothing: what was atomic stays owned as a whole
/// until somebody writes it.
pub(in crate::apply) fn reconcile(node: Node<'_>, fields: &FieldSet) -> Option<FieldSet> {
    let mut atomic = FieldSet::default();
    visit(node, Some(fields), false, &mut Vec::new(), &mut atomic);
    (!atomic.is_empty()).then(|| fields.recursive_difference(&atomic).union(&atomic))
}

fn visit(
    node: Node<'_>,
    fields: Option<&FieldSet>,
    whole: bool,
    path: &mut Vec<PathElement>,
    atomic: &mut FieldSet,
) {
    let ty = node.ty();
    if let Some(map) = &ty.map {
        if is_deduced(node, map) {
            return;
        }
        if !whole && map.atomic {
            if fields.is_some_and(|fields| !fields.is_empty()) {
                atomic.insert(path);
            }
            return;
        }
        for (step, member, below) in fields.into_iter().flat_map(FieldSet::steps) {
            let inner = match step {
                PathElement::Field(name) => node.under(map, name),
                _ => node.values(map),
            };
            if let Some(inner) = inner {
                descend(inner, step, member, below, path, atomic);
            }
        }
    } else if ty.scalar.is_some() {
    } else if let Some(list) = &ty.list {
        if !whole && list.relation == ListRelation::Atomic {
            atomic.insert(path);
            return;
        }
        for (step, member, below) in fields.into_iter().flat_map(FieldSet::steps) {
            descend(node.items(list), step, member, below, path, atomic);
        }
    }
}

fn descend(
    node: Node<'_>,
    step: &PathElement,
    member: bool,
    below: &FieldSet,
    path: &mut Vec<PathElement>,
    atomic: &mut FieldSet,
) {
    path.push(step.clone());
    let fields = (!below.is_empty()).then_some(below);
    visit(node, fields, member && below.is_empty(), path, atomic);
    path.pop();
}

/// A map of which nothing is declared and whose values may be anything.
fn is_deduced(node: Node<'_>, map: &MapType) -> bool {
    map.fields.is_empty()
        && node.values(map).is_some_and(|values| {
            let ty = values.ty();
            ty.name.as_deref() == Some("deduced")
                || (ty.name.is_none() && ty.scalar == Some(crate::schema::Scalar::Untyped))
        })
}
