//! Lists in a strategic merge patch: merging and ordering.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::{DIRECTIVE, Members, StrategicError, merge_maps, plain};
use crate::schema::{Node, Patch};

/// Merges two lists, or takes the elements of the second out of the first.
pub(super) fn merge(
    items: Node<'_>,
    strategy: &Patch,
    old: Vec<Value>,
    new: Vec<Value>,
    delete: bool,
) -> Result<Vec<Value>, StrategicError> {
    if old.is_empty() && new.is_empty() {
        return Ok(old);
    }
    let maps = holds_maps(&[&old, &new])?;
    let key = strategy.merge_key.as_deref();
    if !maps {
        if delete {
            let gone: HashSet<String> = new.iter().map(Value::to_string).collect();
            return Ok(old.into_iter().filter(|value| !gone.contains(&value.to_string())).collect());
        }
        let merged = deduplicated(old.iter().chain(&new).cloned().collect());
        return arrange(merged, &new, &old, key, maps);
    }
    let key_name = key.ok_or(StrategicError::ListWithoutKey)?;
    let (old, new) = with_directives(old, new, key_name)?;
    let merged = by_key(items, old.clone(), &new, key_name)?;
    arrange(merged, &new, &old, key, maps)
}

/// Whether the elements of all lists are maps; they must all be of one type.
pub(super) fn holds_maps(lists: &[&[Value]]) -> Result<bool, StrategicError> {
    let mut elements = lists.iter().flat_map(|list| list.iter());
    let first = elements.next().ok_or(StrategicError::NoElements)?;
    if first.is_array() {
        return Err(StrategicError::ListOfLists);
    }
    if elements.any(|element| super::type_name(element) != super::type_name(first)) {
        let shown: Vec<String> = lists.iter().map(|list| plain(&Value::Array(list.to_vec()))).collect();
        return Err(StrategicError::MixedList { lists: format!("[{}]", shown.join(" ")) });
    }
    Ok(first.is_object())
}

/// Every scalar once. A repeated one is replaced by the last of the list, as the real server does it.
fn deduplicated(mut list: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let mut at = 0;
    while at < list.len() {
        if seen.insert(list[at].to_string()) {
            at += 1;
        } else {
            list.swap_remove(at);
        }
    }
    list
}

/// Follows the `$patch` elements of a list: the old list without what they delete, and the new one without them. A
/// replacing patch is all there is.
fn with_directives(
    mut old: Vec<Value>,
    new: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), StrategicError> {
    let mut plain_elements = Vec::with_capacity(new.len());
    let mut gone = HashSet::new();
    let mut replace = false;
    for element in new {
        let Value::Object(map) = &element else { continue };
        match map.get(DIRECTIVE) {
            None => plain_elements.push(element),
            Some(directive) if directive == "delete" => {
                let value = map.get(key).ok_or_else(|| StrategicError::no_merge_key(map, key))?;
                gone.insert(value.to_string());
            }
            Some(directive) if directive == "replace" => replace = true,
            Some(directive) if directive == "merge" => return Err(StrategicError::MergeDirective),
            Some(directive) => return Err(StrategicError::unknown_directive(directive, map)),
        }
    }
    if replace {
        return Ok((plain_elements, Vec::new()));
    }
    if !gone.is_empty() {
        old.retain(|element| element.get(key).is_none_or(|value| !gone.contains(&value.to_string())));
    }
    Ok((old, plain_elements))
}

/// Merges elements with the same key; new ones go to the end, to be put in order later.
fn by_key(
    items: Node<'_>,
    mut old: Vec<Value>,
    new: &[Value],
    key: &str,
) -> Result<Vec<Value>, StrategicError> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, element) in old.iter().enumerate() {
        if let Some(value) = element.get(key) {
            places.entry(value.to_string()).or_insert(place);
        }
    }
    for element in new {
        let Value::Object(map) = element else { continue };
        let value = map.get(key).ok_or_else(|| StrategicError::no_merge_key(map, key))?.to_string();
        match places.get(&value) {
            Some(place) => {
                let under = match old[*place].take() {
                    Value::Object(under) => under,
                    _ => Members::new(),
                };
                old[*place] = Value::Object(merge_maps(Some(items), under, map.clone())?);
            }
            None => {
                places.insert(value, old.len());
                old.push(element.clone());
            }
        }
    }
    Ok(old)
}

/// What an element is known by: its key, or itself.
fn identity(element: &Value, key: Option<&str>, maps: bool) -> String {
    match key {
        Some(key) if maps => element.get(key).map_or_else(String::new, Value::to_string),
        _ => element.to_string(),
    }
}

fn require_keys(list: &[Value], key: Option<&str>) -> Result<(), StrategicError> {
    let key = key.unwrap_or("");
    for element in list {
        let map = element
            .as_object()
            .ok_or_else(|| StrategicError::bad_type("map[string]interface {}", element))?;
        if !map.contains_key(key) {
            return Err(StrategicError::no_merge_key(map, key));
        }
    }
    Ok(())
}

/// Puts a merged list in order: what `order` names in its order, the rest as in the old list, and the two woven so that
/// an element of the rest comes first only where it stood before the other in the old list.
pub(super) fn arrange(
    merged: Vec<Value>,
    order: &[Value],
    old: &[Value],
    key: Option<&str>,
    maps: bool,
) -> Result<Vec<Value>, StrategicError> {
    if maps && key.is_some() {
        require_keys(&merged, key)?;
        if let Some(index) = order.iter().position(|element| !element.is_object()) {
            return Err(StrategicError::NotAMap { index });
        }
        require_keys(order, key)?;
    }
    let places = |list: &[Value]| -> HashMap<String, usize> {
        let mut places = HashMap::new();
        for (place, element) in list.iter().enumerate() {
            places.entry(identity(element, key, maps)).or_insert(place);
        }
        places
    };
    let (by_order, by_old) = (places(order), places(old));
    let (named, rest): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|element| by_order.contains_key(&identity(element, key, maps)));
    let place_of =
        |places: &HashMap<String, usize>, element: &Value| places.get(&identity(element, key, maps)).copied();
    let mut named = sorted(named, |element| place_of(&by_order, element)).into_iter().peekable();
    let mut rest = sorted(rest, |element| place_of(&by_old, element)).into_iter().peekable();
    let mut out = Vec::new();
    loop {
        let rest_first = match (rest.peek(), named.peek()) {
            (None, None) => return Ok(out),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(left), Some(right)) => match (place_of(&by_old, left), place_of(&by_old, right)) {
                (Some(left), Some(right)) => left < right,
                _ => false,
            },
        };
        out.extend(if rest_first { rest.next() } else { named.next() });
    }
}

/// Sorts by place, keeping the order of equals. An element without a place goes before all that were sorted until then:
/// so does the insertion sort of the real server, whose comparison calls such an element the lesser.
fn sorted(list: Vec<Value>, place: impl Fn(&Value) -> Option<usize>) -> Vec<Value> {
    let placed: Vec<(Option<usize>, Value)> =
        list.into_iter().map(|element| (place(&element), element)).collect();
    let mut out: VecDeque<(Option<usize>, Value)> = VecDeque::with_capacity(placed.len());
    if placed.iter().all(|(place, _)| place.is_some()) {
        out.extend(placed);
        out.make_contiguous().sort_by_key(|(place, _)| *place);
    } else {
        for (place, element) in placed {
            // How many of those at the end let it pass.
            let passed = |(other, _): &&(Option<usize>, Value)| match (place, other) {
                (Some(place), Some(other)) => place < *other,
                _ => true,
            };
            let at =
                if place.is_none() { 0 } else { out.len() - out.iter().rev().take_while(passed).count() };
            out.insert(at, (place, element));
        }
    }
    out.into_iter().map(|(_, element)| element).collect()
}

/// The old list as it is after the real server has merged into it, which it does in place: what was deleted is closed up,
/// new elements fill the places that become free at the end. By this list it then orders what the patch does not name.
pub(super) fn left_behind(old: &[Value], new: &[Value], key: Option<&str>) -> Vec<Value> {
    let mut list = old.to_vec();
    let Some(key) = key else { return list };
    let mut length = list.len();
    let known =
        |list: &[Value], element: &Value| list.iter().position(|one| one.get(key) == element.get(key));
    for element in
        new.iter().filter(|element| element.get(DIRECTIVE).is_some_and(|directive| directive == "delete"))
    {
        while let Some(at) = known(&list[..length], element) {
            list[at..length].rotate_left(1);
            length -= 1;
            // The last place keeps what stood there.
            if let Some(before) = length.checked_sub(1).filter(|before| *before >= at) {
                list[length] = list[before].clone();
            }
        }
    }
    for element in new.iter().filter(|element| element.get(DIRECTIVE).is_none()) {
        if known(&list[..length.min(list.len())], element).is_none() {
            if let Some(place) = list.get_mut(length) {
                *place = element.clone();
            }
            length += 1;
        }
    }
    list
}

/// Checks that an order names the elements of a patch's list in their order.
pub(super) fn check_order(list: &[Value], order: &[Value], key: Option<&str>) -> Result<(), StrategicError> {
    if list.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut wanted = Vec::with_capacity(list.len());
    for element in list {
        let map = element.as_object();
        if key.is_some() && map.is_none() {
            return Err(StrategicError::bad_type("map[string]interface {}", element));
        }
        if map.and_then(|map| map.get(DIRECTIVE)).is_none_or(|directive| directive != "delete") {
            wanted.push(element);
        }
    }
    let mut wanted = wanted.into_iter().peekable();
    for element in order {
        // Other directives are passed over, but not behind the last element of the order.
        while wanted.next_if(|next| next.get(DIRECTIVE).is_some()).is_some() {}
        let Some(next) = wanted.peek() else { break };
        if let Some(key) = key {
            require_keys(std::slice::from_ref(next), Some(key))?;
            require_keys(std::slice::from_ref(element), Some(key))?;
        }
        if identity(next, key, key.is_some()) == identity(element, key, key.is_some()) {
            wanted.next();
        }
    }
    if wanted.peek().is_some() {
        let shown = |list: &[Value]| plain(&Value::Array(list.to_vec()));
        return Err(StrategicError::OrderMismatch { patch: shown(list), order: shown(order) });
    }
    Ok(())
}
