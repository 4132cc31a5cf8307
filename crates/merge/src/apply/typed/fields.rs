//! Which fields does a value set?

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Kind, element_of, kind_of};
use crate::apply::field_set::FieldSet;
use crate::apply::path::PathElement;
use crate::schema::{ListRelation, Node};

/// The fields a value sets: its leaves, the elements of its lists, the keys of its maps; of structs only their fields,
/// unless they are empty.
pub(in crate::apply) fn fields_of(node: Node<'_>, value: &Value) -> FieldSet {
    collect(node, value).1
}

/// Whether the value itself is a member, and what is below it.
fn collect(node: Node<'_>, value: &Value) -> (bool, FieldSet) {
    let mut set = FieldSet::default();
    match kind_of(node, Some(value)) {
        None => {}
        Some(Kind::Scalar(_)) => return (true, set),
        Some(Kind::List(list)) => {
            if list.relation == ListRelation::Atomic {
                return (true, set);
            }
            let inner = node.items(list);
            let steps: Vec<_> = super::elements(Some(value))
                .into_iter()
                .flatten()
                .filter_map(|element| Some((element_of(node, list, element).ok()?, element)))
                .collect();
            let duplicates = duplicates(&steps);
            for (step, element) in steps {
                // Of an element that is there twice only that it is there can be owned.
                let below =
                    if duplicates.contains(&step) { FieldSet::default() } else { collect(inner, element).1 };
                set.push(step, true, below);
            }
        }
        Some(Kind::Map(map)) => {
            if map.atomic {
                return (true, set);
            }
            for (key, value) in super::members(Some(value)).into_iter().flatten() {
                let (member, below) = match node.under(map, key) {
                    Some(inner) => collect(inner, value),
                    None => (true, FieldSet::default()),
                };
                let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                let declared = map.fields.contains_key(key.as_str());
                set.push(PathElement::field(key), member || empty || !declared, below);
            }
        }
    }
    set.sort();
    (false, set)
}

fn duplicates(steps: &[(PathElement, &Value)]) -> BTreeSet<PathElement> {
    let mut seen = BTreeSet::new();
    steps.iter().filter(|(step, _)| !seen.insert(step)).map(|(step, _)| step.clone()).collect()
}
