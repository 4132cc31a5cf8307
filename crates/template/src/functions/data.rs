//! Defaults, JSON, and what a value is.

use super::conversion::to_text;
use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::json::{self, EncodeError, Style};
use crate::value::{Kind, List, Map, Value};

const PLAIN: Style = Style { raw: false, pretty: false };
const PRETTY: Style = Style { raw: false, pretty: true };
const RAW: Style = Style { raw: true, pretty: false };

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], |_| Ok("Hello!".into())),
    Function::new("fail", &[Type::String], |call| Err(Message::default().data(call.utf8(0)))),
    Function::variadic("default", &[Type::Any], Type::Any, |call| {
        let given = call.value(1);
        Ok(if given.is_empty() { call.value(0) } else { given })
    }),
    Function::new("empty", &[Type::Any], |call| Ok(call.value(0).is_empty().into())),
    Function::variadic("coalesce", &[], Type::Any, |call| {
        Ok(call.arguments().iter().find(|value| !value.is_empty()).cloned().unwrap_or_default())
    }),
    Function::variadic("all", &[], Type::Any, |call| {
        Ok(call.arguments().iter().all(|v| !v.is_empty()).into())
    }),
    Function::variadic("any", &[], Type::Any, |call| {
        Ok(call.arguments().iter().any(|v| !v.is_empty()).into())
    }),
    Function::new("ternary", &[Type::Any, Type::Any, Type::Bool], |call| {
        Ok(call.value(usize::from(!call.bool(2))))
    }),
    Function::new("fromJson", &[Type::String], |call| Ok(json::decode(&call.text(0)).unwrap_or_default())),
    Function::new("mustFromJson", &[Type::String], |call| {
        json::decode(&call.text(0)).map_err(json::Error::into_message)
    }),
    Function::new("toJson", &[Type::Any], |call| encode_or_nothing(call, PLAIN)),
    Function::new("mustToJson", &[Type::Any], |call| must_encode(call, PLAIN)),
    Function::new("toPrettyJson", &[Type::Any], |call| encode_or_nothing(call, PRETTY)),
    Function::new("mustToPrettyJson", &[Type::Any], |call| must_encode(call, PRETTY)),
    Function::new("toRawJson", &[Type::Any], |call| must_encode(call, RAW)),
    Function::new("mustToRawJson", &[Type::Any], |call| must_encode(call, RAW)),
    Function::new("deepCopy", &[Type::Any], deep_copy),
    Function::new("mustDeepCopy", &[Type::Any], deep_copy),
    Function::new("typeOf", &[Type::Any], |call| Ok(call.value(0).type_name().into())),
    Function::new("typeIs", &[Type::String, Type::Any], |call| {
        Ok((*call.text(0) == *call.value(1).type_name().as_bytes()).into())
    }),
    Function::new("typeIsLike", &[Type::String, Type::Any], |call| {
        let (wanted, found) = (call.utf8(0), call.value(1).type_name());
        Ok((wanted == found || format!("*{wanted}") == found).into())
    }),
    Function::new("kindOf", &[Type::Any], |call| Ok(call.value(0).kind().name().into())),
    Function::new("kindIs", &[Type::String, Type::Any], |call| {
        Ok((*call.text(0) == *call.value(1).kind().name().as_bytes()).into())
    }),
    Function::new("deepEqual", &[Type::Any, Type::Any], |call| {
        let (a, b) = (call.value(0), call.value(1));
        deep_equal(call, &a, &b).map(Value::Bool)
    }),
    Function::new("toString", &[Type::Any], |call| Ok(Value::String(to_text(&call.value(0))))),
];

fn must_encode(call: &mut Call<'_>, style: Style) -> Outcome {
    json::encode(&call.value(0), style).map(Value::from).map_err(|error| error.to_string().into())
}

/// Nothing for what has no JSON; only a bound of ours is an error.
fn encode_or_nothing(call: &mut Call<'_>, style: Style) -> Outcome {
    match json::encode(&call.value(0), style) {
        Err(EncodeError::Unsupported(_)) => Ok("".into()),
        Err(error @ EncodeError::TooLong) => Err(error.to_string().into()),
        Ok(text) => Ok(text.into()),
    }
}

/// Equality that pays for its steps.
pub(super) fn deep_equal(call: &mut Call<'_>, a: &Value, b: &Value) -> Result<bool, Message> {
    let before = call.steps_left();
    let mut left = before;
    let equal = a.deep_equal(b, &mut left);
    call.spend_steps(before - left)?;
    equal.ok_or_else(|| "comparing takes more steps than allowed".into())
}

fn deep_copy(call: &mut Call<'_>) -> Outcome {
    // Go's copy of nil ends in a panic of `reflect`.
    match call.value(0) {
        Value::Nil => Err("reflect: call of reflect.Value.Type on zero Value".into()),
        value => copy(call, &value),
    }
}

fn copy(call: &mut Call<'_>, value: &Value) -> Outcome {
    call.spend_steps(1)?;
    call.spend_memory(size_of::<Value>())?;
    Ok(match value {
        Value::List(list) if !list.is_nil() => {
            let items = list.items().iter().map(|item| copy(call, item));
            Value::List(List::new(list.element(), items.collect::<Result<Vec<_>, _>>()?))
        }
        Value::Map(map) if !map.is_nil() => {
            let entries = map.entries().into_iter().map(|(key, item)| Ok((key, copy(call, &item)?)));
            Value::Map(Map::new(map.element(), entries.collect::<Result<Vec<_>, Message>>()?))
        }
        other => other.clone(),
    })
}

/// Go's name of a kind, for errors of functions that want a list.
pub(super) fn kind_name(value: &Value) -> Result<&'static str, Message> {
    match value.kind() {
        // Go asks the type of nil for its kind.
        Kind::Invalid => Err("runtime error: invalid memory address or nil pointer dereference".into()),
        kind => Ok(kind.name()),
    }
}
