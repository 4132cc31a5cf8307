//! Maps. `set`, `unset` and the merges change the map they are given, for everyone who shares it.

use super::conversion::to_text;
use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::value::{DEEPEST, Element, Map, Text, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("dict", &[], Type::Any, dict),
    Function::new("get", &[Type::Map, Type::String], |call| {
        Ok(call.map(0).get(&call.text(1)).unwrap_or_else(|| "".into()))
    }),
    Function::new("set", &[Type::Map, Type::String, Type::Any], set),
    Function::new("unset", &[Type::Map, Type::String], |call| {
        call.map(0).remove(&call.text(1));
        Ok(call.value(0))
    }),
    Function::new("hasKey", &[Type::Map, Type::String], |call| {
        Ok(call.map(0).get(&call.text(1)).is_some().into())
    }),
    Function::variadic("pluck", &[Type::String], Type::Map, pluck),
    Function::variadic("keys", &[], Type::Map, |call| {
        let maps = call.arguments().iter().filter_map(as_map);
        Ok(Value::strings(maps.flat_map(Map::entries).map(|(key, _)| key).collect::<Vec<Text>>()))
    }),
    Function::new("values", &[Type::Map], |call| {
        Ok(Value::list(call.map(0).entries().into_iter().map(|(_, value)| value)))
    }),
    Function::variadic("pick", &[Type::Map], Type::String, |call| filtered(call, true)),
    Function::variadic("omit", &[Type::Map], Type::String, |call| filtered(call, false)),
    Function::variadic("merge", &[Type::Map], Type::Map, |call| merge_all(call, false)),
    Function::variadic("mustMerge", &[Type::Map], Type::Map, |call| merge_all(call, false)),
    Function::variadic("mergeOverwrite", &[Type::Map], Type::Map, |call| merge_all(call, true)),
    Function::variadic("mustMergeOverwrite", &[Type::Map], Type::Map, |call| merge_all(call, true)),
    Function::variadic("dig", &[], Type::Any, dig),
];

fn as_map(value: &Value) -> Option<&Map> {
    match value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn dict(call: &mut Call<'_>) -> Outcome {
    let pairs = call.arguments().chunks(2).map(|pair| match pair {
        [key, value] => (to_text(key), value.clone()),
        [key, ..] => (to_text(key), "".into()),
        [] => (Text::from([]), Value::Nil),
    });
    Ok(Value::map(pairs.collect::<Vec<_>>()))
}

fn set(call: &mut Call<'_>) -> Outcome {
    let map = call.map(0);
    put(call, &map, call.text(1), call.value(2))?;
    Ok(call.value(0))
}

/// Sets an entry, unless that would make the map hold itself: Go would die of printing it.
fn put(call: &mut Call<'_>, map: &Map, key: Text, value: Value) -> Result<(), Message> {
    if holds(call, &value, map, 0)? {
        return Err("the map would hold itself".into());
    }
    call.spend_memory(key.len() + 2 * size_of::<Value>())?;
    if map.insert(key, value) { Ok(()) } else { Err("assignment to entry in nil map".into()) }
}

fn holds(call: &mut Call<'_>, value: &Value, wanted: &Map, depth: usize) -> Result<bool, Message> {
    if depth > DEEPEST {
        return Err("the value is nested too deep".into());
    }
    let inner: Vec<Value> = match value {
        Value::Map(map) if map.is_same(wanted) => return Ok(true),
        Value::Map(map) if map.element() == Element::Any => {
            map.entries().into_iter().map(|(_, value)| value).collect()
        }
        Value::List(list) if matches!(list.element(), Element::Any | Element::List) => list.items().to_vec(),
        _ => return Ok(false),
    };
    call.spend_steps(inner.len())?;
    for item in inner {
        if holds(call, &item, wanted, depth + 1)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn pluck(call: &mut Call<'_>) -> Outcome {
    let key = call.text(0);
    Ok(Value::list(
        call.rest(1).iter().filter_map(as_map).filter_map(|map| map.get(&key)).collect::<Vec<_>>(),
    ))
}

fn filtered(call: &mut Call<'_>, keep: bool) -> Outcome {
    let named = |key: &Text| call.rest(1).iter().any(|name| name.as_text() == Some(key));
    let entries: Vec<_> = call.map(0).entries().into_iter().filter(|(key, _)| named(key) == keep).collect();
    call.spend_steps(entries.len())?;
    Ok(Value::map(entries))
}

fn merge_all(call: &mut Call<'_>, overwrite: bool) -> Outcome {
    let mut target = call.map(0);
    for source in call.rest(1).iter().filter_map(as_map) {
        if target.is_nil() && !source.is_nil() {
            target = Map::new(Element::Any, []);
        }
        merge(call, &target, source, overwrite, 0)?;
    }
    Ok(Value::Map(target))
}

/// Fills what is missing or empty in the target; with `overwrite` replaces everything but maps, which are merged.
fn merge(
    call: &mut Call<'_>,
    target: &Map,
    source: &Map,
    overwrite: bool,
    depth: usize,
) -> Result<(), Message> {
    if depth > DEEPEST {
        return Err("the value is nested too deep".into());
    }
    for (key, theirs) in source.entries() {
        call.spend_steps(1)?;
        let ours = target.get(&key);
        if matches!(theirs, Value::Nil) {
            if overwrite {
                put(call, target, key, theirs)?;
            }
            continue;
        }
        if let (Some(Value::Map(ours)), Value::Map(theirs)) = (&ours, &theirs)
            && !ours.is_nil()
        {
            merge(call, ours, theirs, overwrite, depth + 1)?;
        }
        // Looked at again: merging may have filled it.
        let is_empty = ours.as_ref().is_none_or(Value::is_empty);
        let both_maps = matches!((&ours, &theirs), (Some(Value::Map(_)), Value::Map(_)));
        if is_empty || overwrite && !both_maps {
            put(call, target, key, theirs)?;
        }
    }
    Ok(())
}

fn dig(call: &mut Call<'_>) -> Outcome {
    let [keys @ .., otherwise, dict] = call.arguments() else {
        return Err("dig needs at least three arguments".into());
    };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let mut value = dict.clone();
    for key in keys {
        let map = match &value {
            Value::Map(map) if map.element() == Element::Any => map,
            other => return Err(conversion(other, "map[string]interface {}")),
        };
        let key = key.as_text().ok_or_else(|| conversion(key, "string"))?;
        match map.get(key) {
            Some(inner) => value = inner,
            None => return Ok(otherwise.clone()),
        }
    }
    Ok(value)
}

/// Go's panic of a failed type assertion.
fn conversion(found: &Value, wanted: &str) -> Message {
    let found = match found {
        Value::Nil => "nil",
        other => other.type_name(),
    };
    format!("interface conversion: interface {{}} is {found}, not {wanted}").into()
}

/// The parts of a split text under `_0`, `_1`, and so on.
pub(super) fn dict_of_parts(parts: impl IntoIterator<Item = Vec<u8>>) -> Value {
    let named = parts.into_iter().enumerate().map(|(index, part)| (format!("_{index}"), part));
    Value::string_map(named)
}
