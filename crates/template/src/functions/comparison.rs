//! `eq ne lt le gt ge`: Go's comparisons, in which kinds must fit and only the signs of integers may differ.

use std::cmp::Ordering;
use std::rc::Rc;

use super::{Call, Function, Type};
use crate::error::Message;
use crate::format;
use crate::value::{Kind, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::variadic("eq", &[Type::Reflected], Type::Reflected, |call| equal(call).map(Value::Bool)),
    Function::new("ne", &[Type::Reflected, Type::Reflected], |call| Ok(Value::Bool(!equal(call)?))),
    Function::new("lt", &[Type::Reflected, Type::Reflected], |call| less(call).map(Value::Bool)),
    Function::new("le", &[Type::Reflected, Type::Reflected], |call| less_or_equal(call).map(Value::Bool)),
    Function::new("gt", &[Type::Reflected, Type::Reflected], |call| Ok(Value::Bool(!less_or_equal(call)?))),
    Function::new("ge", &[Type::Reflected, Type::Reflected], |call| Ok(Value::Bool(!less(call)?))),
];

/// Kinds that comparisons tell apart; everything else is `Other`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Bool,
    Complex,
    Signed,
    Float,
    String,
    Unsigned,
    Other,
}

fn basic(value: &Value) -> Basic {
    match value.kind() {
        Kind::Bool => Basic::Bool,
        Kind::Complex128 => Basic::Complex,
        Kind::Int | Kind::Int64 => Basic::Signed,
        Kind::Uint8 | Kind::Uint32 | Kind::Uint64 => Basic::Unsigned,
        Kind::Float64 => Basic::Float,
        Kind::String => Basic::String,
        _ => Basic::Other,
    }
}

fn integer(value: &Value) -> i128 {
    value.as_signed().map(i128::from).or_else(|| value.as_unsigned().map(i128::from)).unwrap_or_default()
}

fn incompatible(a: &Value, b: &Value) -> Message {
    format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()).into()
}

fn equal(call: &mut Call<'_>) -> Result<bool, Message> {
    let first = call.value(0);
    if call.arguments().len() < 2 {
        return Err("missing argument for comparison".into());
    }
    for other in call.rest(1) {
        if pair_is_equal(&first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn pair_is_equal(a: &Value, b: &Value) -> Result<bool, Message> {
    Ok(match (basic(a), basic(b)) {
        (Basic::Signed | Basic::Unsigned, Basic::Signed | Basic::Unsigned) => integer(a) == integer(b),
        (left, right) if left != right => {
            if matches!(a, Value::Nil) || matches!(b, Value::Nil) {
                return Ok(false);
            }
            return Err(incompatible(a, b));
        }
        _ => match (a, b) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            _ => return other_is_equal(a, b),
        },
    })
}

/// Go's `%s`, whatever the value is.
fn as_string(value: &Value) -> String {
    String::from_utf8_lossy(&format::sprintf(b"%s", std::slice::from_ref(value))).into_owned()
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

/// Collections, structs and nil: comparable with nil and with their own kind at most.
fn other_is_equal(a: &Value, b: &Value) -> Result<bool, Message> {
    let comparable = a.kind() == b.kind() || a.kind() == Kind::Invalid || b.kind() == Kind::Invalid;
    if !comparable {
        return Err(Message::new("non-comparable types ")
            .data(as_string(a))
            .words(format!(": {}, {}: ", a.type_name(), b.type_name()))
            .data(format::to_text(b)));
    }
    if is_nil(a) || is_nil(b) {
        return Ok(is_nil(a) == is_nil(b));
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) if a.kind() == Kind::Pointer => Ok(Rc::ptr_eq(a, b)),
        (Value::Object(a), Value::Object(b)) => Ok(a.equals(b.as_ref())),
        _ => {
            Err(Message::new("non-comparable type ").data(as_string(b)).words(format!(": {}", b.type_name())))
        }
    }
}

fn less(call: &mut Call<'_>) -> Result<bool, Message> {
    let (a, b) = (call.value(0), call.value(1));
    let invalid = || Message::new("invalid type for comparison");
    let (left, right) = (basic(&a), basic(&b));
    if left == Basic::Other || right == Basic::Other {
        return Err(invalid());
    }
    let order = match (&a, &b) {
        _ if matches!(left, Basic::Signed | Basic::Unsigned)
            && matches!(right, Basic::Signed | Basic::Unsigned) =>
        {
            Some(integer(&a).cmp(&integer(&b)))
        }
        _ if left != right => return Err(incompatible(&a, &b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => return Err(invalid()),
    };
    Ok(order == Some(Ordering::Less))
}

fn less_or_equal(call: &mut Call<'_>) -> Result<bool, Message> {
    Ok(less(call)? || equal(call)?)
}
