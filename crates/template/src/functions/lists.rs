//! Lists: made, taken apart, joined. A list that comes in is never changed.

use super::conversion::{to_int64, to_text, to_texts};
use super::data::{deep_equal, kind_name};
use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::value::{Element, Kind, List, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("list", &[], Type::Any, make),
    Function::variadic("tuple", &[], Type::Any, make),
    Function::new("append", &[Type::Any, Type::Any], push),
    Function::new("push", &[Type::Any, Type::Any], push),
    Function::new("mustAppend", &[Type::Any, Type::Any], push),
    Function::new("mustPush", &[Type::Any, Type::Any], push),
    Function::new("prepend", &[Type::Any, Type::Any], prepend),
    Function::new("mustPrepend", &[Type::Any, Type::Any], prepend),
    Function::new("first", &[Type::Any], first),
    Function::new("mustFirst", &[Type::Any], first),
    Function::new("last", &[Type::Any], last),
    Function::new("mustLast", &[Type::Any], last),
    Function::new("rest", &[Type::Any], |call| without_end(call, "Cannot find rest on type", true)),
    Function::new("mustRest", &[Type::Any], |call| without_end(call, "Cannot find rest on type", true)),
    Function::new("initial", &[Type::Any], |call| without_end(call, "Cannot find initial on type", false)),
    Function::new("mustInitial", &[Type::Any], |call| {
        without_end(call, "Cannot find initial on type", false)
    }),
    Function::new("reverse", &[Type::Any], reverse),
    Function::new("mustReverse", &[Type::Any], reverse),
    Function::new("compact", &[Type::Any], compact),
    Function::new("mustCompact", &[Type::Any], compact),
    Function::new("uniq", &[Type::Any], unique),
    Function::new("mustUniq", &[Type::Any], unique),
    Function::variadic("without", &[Type::Any], Type::Any, without),
    Function::variadic("mustWithout", &[Type::Any], Type::Any, without),
    Function::new("has", &[Type::Any, Type::Any], has),
    Function::new("mustHas", &[Type::Any, Type::Any], has),
    Function::variadic("slice", &[Type::Any], Type::Any, slice),
    Function::variadic("mustSlice", &[Type::Any], Type::Any, slice),
    Function::variadic("concat", &[], Type::Any, concat),
    Function::new("chunk", &[Type::Int, Type::Any], chunk),
    Function::new("mustChunk", &[Type::Int, Type::Any], chunk),
    Function::new("join", &[Type::String, Type::Any], join),
    Function::new("sortAlpha", &[Type::Any], sort),
    Function::new("toStrings", &[Type::Any], |call| Ok(Value::strings(to_texts(&call.value(0))))),
];

/// The list at an index, or Go's complaint about its kind.
fn list(call: &Call<'_>, index: usize, complaint: &str) -> Result<List, Message> {
    match call.value(index) {
        Value::List(list) => Ok(list),
        other => Err(format!("{complaint} {}", kind_name(&other)?).into()),
    }
}

fn make(call: &mut Call<'_>) -> Outcome {
    Ok(Value::list(call.arguments().iter().cloned()))
}

fn push(call: &mut Call<'_>) -> Outcome {
    let list = list(call, 0, "Cannot push on type")?;
    Ok(Value::list(list.items().iter().cloned().chain([call.value(1)])))
}

fn prepend(call: &mut Call<'_>) -> Outcome {
    let list = list(call, 0, "Cannot prepend on type")?;
    Ok(Value::list([call.value(1)].into_iter().chain(list.items().iter().cloned())))
}

fn first(call: &mut Call<'_>) -> Outcome {
    Ok(list(call, 0, "Cannot find first on type")?.items().first().cloned().unwrap_or_default())
}

fn last(call: &mut Call<'_>) -> Outcome {
    Ok(list(call, 0, "Cannot find last on type")?.items().last().cloned().unwrap_or_default())
}

fn without_end(call: &mut Call<'_>, complaint: &str, drops_first: bool) -> Outcome {
    let list = list(call, 0, complaint)?;
    Ok(match list.items() {
        [] => Value::List(List::nil(Element::Any)),
        [_, rest @ ..] if drops_first => Value::list(rest.iter().cloned()),
        [rest @ .., _] => Value::list(rest.iter().cloned()),
    })
}

fn reverse(call: &mut Call<'_>) -> Outcome {
    Ok(Value::list(list(call, 0, "Cannot find reverse on type")?.items().iter().rev().cloned()))
}

fn compact(call: &mut Call<'_>) -> Outcome {
    let list = list(call, 0, "Cannot compact on type")?;
    Ok(Value::list(list.items().iter().filter(|item| !item.is_empty()).cloned()))
}

fn contains(call: &mut Call<'_>, items: &[Value], needle: &Value) -> Result<bool, Message> {
    for item in items {
        if deep_equal(call, needle, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unique(call: &mut Call<'_>) -> Outcome {
    let list = list(call, 0, "Cannot find uniq on type")?;
    let mut kept: Vec<Value> = Vec::new();
    for item in list.items() {
        if !contains(call, &kept, item)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn without(call: &mut Call<'_>) -> Outcome {
    let list = list(call, 0, "Cannot find without on type")?;
    let omitted = call.rest(1);
    let mut kept = Vec::new();
    for item in list.items() {
        if !contains(call, omitted, item)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

fn has(call: &mut Call<'_>) -> Outcome {
    if call.value(1).kind() == Kind::Invalid {
        return Ok(Value::Bool(false));
    }
    let list = list(call, 1, "Cannot find has on type")?;
    let needle = call.value(0);
    contains(call, list.items(), &needle).map(Value::Bool)
}

fn slice(call: &mut Call<'_>) -> Outcome {
    let list = list(call, 0, "list should be type of slice or array but")?;
    let length = list.items().len();
    if length == 0 {
        return Ok(Value::Nil);
    }
    let bound = |index: usize, otherwise: i64| call.rest(1).get(index).map_or(otherwise, to_int64);
    let (start, end) = (bound(0, 0), bound(1, i64::try_from(length).unwrap_or(i64::MAX)));
    let bounds = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    match bounds.and_then(|(start, end)| list.items().get(start..end)) {
        Some(items) => Ok(Value::List(List::new(list.element(), items.iter().cloned()))),
        None => Err("reflect.Value.Slice: slice index out of bounds".into()),
    }
}

fn concat(call: &mut Call<'_>) -> Outcome {
    let mut items = Vec::new();
    for value in call.arguments() {
        match value {
            Value::List(list) => items.extend_from_slice(list.items()),
            other => return Err(format!("Cannot concat type {} as list", kind_name(other)?).into()),
        }
    }
    if items.is_empty() {
        return Ok(Value::List(List::nil(Element::Any)));
    }
    Ok(Value::list(items))
}

fn chunk(call: &mut Call<'_>) -> Outcome {
    let list = list(call, 1, "Cannot chunk type")?;
    let Some(size) = usize::try_from(call.int(0)).ok().filter(|size| *size > 0) else {
        return Err("runtime error: makeslice: len out of range".into());
    };
    let chunks = list.items().chunks(size).map(|items| Value::list(items.iter().cloned()));
    Ok(Value::List(List::new(Element::List, chunks.collect::<Vec<_>>())))
}

fn join(call: &mut Call<'_>) -> Outcome {
    let texts = to_texts(&call.value(1));
    let separator = call.text(0);
    let length: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
    call.spend_memory(length)?;
    Ok(texts.join(&separator[..]).into())
}

fn sort(call: &mut Call<'_>) -> Outcome {
    let value = call.value(0);
    let mut texts = match &value {
        Value::List(_) => to_texts(&value),
        other => vec![to_text(other)],
    };
    texts.sort_unstable();
    Ok(Value::strings(texts))
}
