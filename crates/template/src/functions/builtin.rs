//! Go's own functions that look at values: logic, `len`, `index`, `slice`, `print…`.
//!
//! `and`, `or` and `call` are here for their signature; the executor does their work.

use super::{Call, Function, Outcome, Special, Type};
use crate::error::Message;
use crate::format;
use crate::value::{List, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    special("and", Special::And),
    special("or", Special::Or),
    special("call", Special::Call),
    Function::new("not", &[Type::Reflected], |call| Ok(Value::Bool(!call.value(0).is_true()))),
    Function::new("len", &[Type::Reflected], len),
    Function::variadic("index", &[Type::Reflected], Type::Reflected, index),
    Function::variadic("slice", &[Type::Reflected], Type::Reflected, slice),
    Function::variadic("print", &[], Type::Any, |call| Ok(format::sprint(call.arguments()).into())),
    Function::variadic("printf", &[Type::String], Type::Any, |call| {
        Ok(format::sprintf(&call.text(0), call.rest(1)).into())
    }),
    Function::variadic("println", &[], Type::Any, println),
];

const fn special(name: &'static str, special: Special) -> Function {
    let plain = Function::variadic(name, &[Type::Reflected], Type::Reflected, |_| Ok(Value::Nil));
    Function { special: Some(special), ..plain }
}

fn println(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::new();
    for (index, value) in call.arguments().iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        format::display(&mut out, value);
    }
    out.push(b'\n');
    Ok(out.into())
}

fn len(call: &mut Call<'_>) -> Outcome {
    let value = call.value(0);
    let length = match &value {
        Value::String(text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        Value::Nil if call.boxed.first() == Some(&true) => return Err("len of nil pointer".into()),
        Value::Nil => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        other => return Err(format!("len of type {}", other.type_name()).into()),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Go's `indexArg`: a place in a slice or a string. The end itself is let through, and ends in a panic a step later.
fn position(index: &Value, length: usize) -> Result<usize, Message> {
    let number = match index {
        Value::Nil => return Err("cannot index slice/array with nil".into()),
        other => other
            .as_signed()
            .or_else(|| other.as_unsigned().map(|number| number as i64))
            .ok_or_else(|| format!("cannot index slice/array with type {}", other.type_name()))?,
    };
    match usize::try_from(number) {
        Ok(position) if position <= length => Ok(position),
        _ => Err(format!("index out of range: {number}").into()),
    }
}

fn index(call: &mut Call<'_>) -> Outcome {
    let mut item = call.value(0);
    if matches!(item, Value::Nil) {
        return Err("index of untyped nil".into());
    }
    for index in call.rest(1) {
        item = match &item {
            Value::String(text) => {
                let position = position(index, text.len())?;
                let byte = text.get(position).ok_or("reflect: string index out of range")?;
                Value::Uint8(*byte)
            }
            Value::List(list) => {
                let position = position(index, list.items().len())?;
                list.items().get(position).cloned().ok_or("reflect: slice index out of range")?
            }
            Value::Map(map) => match index {
                Value::String(key) => map.get(key).unwrap_or_else(|| map.element().zero()),
                Value::Nil => return Err("value is nil; should be of type string".into()),
                other => return Err(format!("value has type {}; should be string", other.type_name()).into()),
            },
            Value::Nil => return Err("index of nil pointer".into()),
            other => return Err(format!("can't index item of type {}", other.type_name()).into()),
        };
    }
    Ok(item)
}

fn slice(call: &mut Call<'_>) -> Outcome {
    let item = call.value(0);
    let indexes = call.rest(1);
    let length = match &item {
        Value::Nil => return Err("slice of untyped nil".into()),
        _ if indexes.len() > 3 => return Err(format!("too many slice indexes: {}", indexes.len()).into()),
        Value::String(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::String(text) => text.len(),
        Value::List(list) => list.items().len(),
        other => return Err(format!("can't slice item of type {}", other.type_name()).into()),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [start, end, capacity] = bounds;
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}").into());
    }
    if end > capacity {
        return Err(format!("invalid slice index: {end} > {capacity}").into());
    }
    Ok(match &item {
        Value::String(text) => Value::string(&text[start..end]),
        Value::List(list) => Value::List(List::new(list.element(), list.items()[start..end].iter().cloned())),
        other => other.clone(),
    })
}
