//! Lists whose items are found by the values of some keys (`containers` by `name`), and lists of unique scalars.
//!
//! The steps are kyaml's, one by one, because their order shows in the output: items of the patch come first, items
//! without a key have effects of their own, and a second key counts only where somebody uses it.

use std::collections::HashSet;
use std::sync::Arc;

use super::strategic_merge::key_value;
use crate::problem::Problem;
use crate::tree::{self, Node};

type Walk<'w> = &'w mut dyn FnMut(Option<&Node>, Option<&Node>) -> Result<Option<Node>, Problem>;

/// Merges a patch's items into a list. Without keys the items are scalars.
pub(super) fn merge(
    mut dest: Vec<Node>,
    patch: Option<&[Node]>,
    keys: &[String],
    walk: Walk<'_>,
) -> Result<Vec<Node>, Problem> {
    let scalar_keys = [String::new()];
    let keys = if keys.is_empty() { &scalar_keys[..] } else { keys };
    let mut values = distinct(patch, &dest, keys);
    if keys.len() > 1 {
        complete(&mut values);
    }
    let mut made: Vec<Node> = Vec::new();
    let mut last_keys = keys.to_vec();
    for wanted in &values {
        let (used_keys, used_values) = used(&values, wanted, keys);
        let (find_keys, find_values) = used(std::slice::from_ref(&used_values), &used_values, &used_keys);
        let old = find(&dest, &find_keys, &find_values);
        let new = patch.and_then(|patch| find(patch, &find_keys, &find_values).map(|at| &patch[at]));
        let value = walk(old.map(|at| &dest[at]), new)?;
        last_keys.clone_from(&used_keys);
        let Some(mut value) = value.filter(|value| !is_nothing(value)) else {
            set(&mut dest, None, &used_keys, &used_values)?;
            continue;
        };
        for (key, text) in used_keys.iter().zip(&used_values) {
            if !key.is_empty()
                && !text.is_empty()
                && let Node::Mapping(mapping) = &mut value
                && mapping.get(key).is_none()
            {
                let mark = mapping.mark;
                tree::set_field(Arc::make_mut(mapping), key, Some(key_value(text, mark)), false);
            }
        }
        // The item of the list is the one that was merged into.
        if let Some(at) = old
            && !replaces(new)
        {
            dest[at] = value.clone();
        }
        set(&mut made, Some(value), &used_keys, &used_values)?;
    }
    if values.is_empty() {
        return Ok(dest);
    }
    append(made, &dest, &last_keys)
}

fn is_nothing(node: &Node) -> bool {
    node.is_null() || matches!(node, Node::Mapping(mapping) if mapping.entries.is_empty())
}

/// An item that says `$patch: replace` is taken instead of the old one, which stays in the list.
fn replaces(patch: Option<&Node>) -> bool {
    patch.and_then(|patch| patch.get("$patch")).is_some_and(|value| value.text() == Some("replace"))
}

fn value_of<'n>(item: &'n Node, key: &str) -> &'n str {
    if key.is_empty() {
        return item.text_or_empty();
    }
    item.get(key).filter(|value| !value.is_null_or_empty()).map_or("", Node::text_or_empty)
}

/// The key values of all items, those of the patch first, each once.
fn distinct(patch: Option<&[Node]>, dest: &[Node], keys: &[String]) -> Vec<Vec<String>> {
    let mut seen: HashSet<Vec<&str>> = HashSet::new();
    let mut values = Vec::new();
    for item in patch.unwrap_or_default().iter().chain(dest) {
        let found: Vec<&str> = keys.iter().map(|key| value_of(item, key)).collect();
        if seen.insert(found.clone()) {
            values.push(found.into_iter().map(str::to_owned).collect());
        }
    }
    values
}

/// Two items that share a value and differ only where one has none are the same item.
fn complete(values: &mut [Vec<String>]) {
    for i in 0..values.len() {
        for j in 0..values.len() {
            if let Some(both) = matched(&values[i], &values[j]) {
                values[i].clone_from(&both);
                values[j] = both;
            }
        }
    }
}

fn matched(a: &[String], b: &[String]) -> Option<Vec<String>> {
    let mut common = false;
    let mut both = Vec::with_capacity(a.len());
    for (x, y) in a.iter().zip(b) {
        if x == y {
            common = true;
        } else if !x.is_empty() && !y.is_empty() {
            return None;
        }
        both.push(if x.is_empty() { y.clone() } else { x.clone() });
    }
    common.then_some(both)
}

/// The keys that some item has a value for, and this item's values of them.
fn used(all: &[Vec<String>], values: &[String], keys: &[String]) -> (Vec<String>, Vec<String>) {
    let in_use = |at: usize| all.iter().any(|values| values.get(at).is_some_and(|value| !value.is_empty()));
    if (0..keys.len()).all(|at| !in_use(at)) {
        return (keys.to_vec(), values.to_vec());
    }
    let used_keys =
        keys.iter().enumerate().filter(|(at, _)| in_use(*at)).map(|(_, key)| key.clone()).collect();
    let used_values = values
        .iter()
        .enumerate()
        .filter(|(at, value)| !value.is_empty() || in_use(*at))
        .map(|(_, value)| value.clone())
        .collect();
    (used_keys, used_values)
}

fn find(items: &[Node], keys: &[String], values: &[String]) -> Option<usize> {
    if keys.first().is_none_or(String::is_empty) {
        let wanted = values.first().map_or("", String::as_str);
        return items.iter().position(|item| item.text_or_empty() == wanted);
    }
    items.iter().position(|item| {
        matches!(item, Node::Mapping(_))
            && keys
                .iter()
                .zip(values)
                .all(|(key, value)| item.get(key).is_some_and(|found| found.text_or_empty() == value))
    })
}

/// Replaces the items of some key values by `element`, or appends it; without an element removes them. Empty items go.
pub(super) fn set(
    items: &mut Vec<Node>,
    element: Option<Node>,
    keys: &[String],
    values: &[String],
) -> Result<(), Problem> {
    let by_field =
        keys.first().is_some_and(|key| !key.is_empty()) && values.first().is_some_and(|v| !v.is_empty());
    let mut kept = Vec::with_capacity(items.len() + 1);
    let mut found_one = false;
    for item in items.drain(..) {
        if is_nothing(&item) {
            continue;
        }
        if by_field && !matches!(item, Node::Mapping(_)) {
            kept.push(item);
            continue;
        }
        let mut found = true;
        let mut last = None;
        for (at, key) in keys.iter().enumerate() {
            if let Some(value) = values.get(at) {
                last = Some(holds(&item, key, value)?);
            }
            if last != Some(true) {
                found = false;
                break;
            }
        }
        if !found {
            if !values.is_empty() {
                kept.push(item);
            }
            continue;
        }
        found_one = true;
        if let Some(element) = &element {
            kept.push(element.clone());
        }
    }
    *items = kept;
    if let Some(element) = element
        && !found_one
        && !element.is_null()
    {
        items.push(element);
    }
    Ok(())
}

fn holds(item: &Node, key: &str, value: &str) -> Result<bool, Problem> {
    if key.is_empty() {
        return match item {
            Node::Scalar(scalar) => Ok(&*scalar.text == value),
            other => {
                Err(Problem::new(format!("a list of scalars holds a {}", other.kind_name()), other.mark()))
            }
        };
    }
    match item {
        // An empty value asks only for the field.
        Node::Mapping(mapping) => {
            Ok(mapping.get(key).is_some_and(|found| value.is_empty() || found.text_or_empty() == value))
        }
        other => Err(Problem::new(format!("a list of mappings holds a {}", other.kind_name()), other.mark())),
    }
}

/// Puts the old items behind the new ones, each in the place of its namesake.
fn append(mut made: Vec<Node>, old: &[Node], keys: &[String]) -> Result<Vec<Node>, Problem> {
    for item in old {
        if keys.first().is_none_or(String::is_empty) {
            set(&mut made, Some(item.clone()), &[String::new()], &[item.text_or_empty().to_owned()])?;
            continue;
        }
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            match item.get(key) {
                None => made.push(item.clone()),
                Some(value) => values.push(value.text_or_empty().to_owned()),
            }
        }
        if keys.len() > 1 {
            set(&mut made, None, keys, &values)?;
        }
        set(&mut made, Some(item.clone()), keys, &values)?;
    }
    Ok(made)
}
