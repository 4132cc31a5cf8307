//! Arithmetic, rounding and sequences of numbers.

use super::conversion::{to_float64, to_int64};
use super::decimal::{self, Decimal};
use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::format;
use crate::value::{Element, List, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("atoi", &[Type::String], |call| Ok(Value::Int(call.utf8(0).parse().unwrap_or_default()))),
    Function::new("int", &[Type::Any], |call| Ok(Value::Int(to_int64(&call.value(0))))),
    Function::new("int64", &[Type::Any], |call| Ok(Value::Int64(to_int64(&call.value(0))))),
    Function::new("float64", &[Type::Any], |call| Ok(Value::Float(to_float64(&call.value(0))))),
    Function::new("toDecimal", &[Type::Any], from_octal),
    Function::variadic("seq", &[], Type::Int, sequence),
    Function::new("until", &[Type::Int], |call| {
        let stop = call.int(0);
        until_step(call, 0, stop, if stop < 0 { -1 } else { 1 })
    }),
    Function::new("untilStep", &[Type::Int, Type::Int, Type::Int], |call| {
        until_step(call, call.int(0), call.int(1), call.int(2))
    }),
    Function::new("add1", &[Type::Any], |call| Ok(Value::Int64(to_int64(&call.value(0)).wrapping_add(1)))),
    Function::variadic("add", &[], Type::Any, |call| Ok(Value::Int64(fold(call, 0, i64::wrapping_add)))),
    Function::new("sub", &[Type::Any, Type::Any], |call| {
        Ok(Value::Int64(to_int64(&call.value(0)).wrapping_sub(to_int64(&call.value(1)))))
    }),
    Function::new("div", &[Type::Any, Type::Any], |call| divide(call, i64::wrapping_div)),
    Function::new("mod", &[Type::Any, Type::Any], |call| divide(call, i64::wrapping_rem)),
    Function::variadic("mul", &[Type::Any], Type::Any, |call| {
        Ok(Value::Int64(fold(call, 1, i64::wrapping_mul)))
    }),
    Function::new("add1f", &[Type::Any], |call| decimals(call, Some(1.0), decimal::add)),
    Function::variadic("addf", &[], Type::Any, |call| decimals(call, Some(0.0), decimal::add)),
    Function::variadic("subf", &[Type::Any], Type::Any, |call| decimals(call, None, decimal::subtract)),
    Function::variadic("divf", &[Type::Any], Type::Any, |call| decimals(call, None, decimal::divide)),
    Function::variadic("mulf", &[Type::Any], Type::Any, |call| decimals(call, None, decimal::multiply)),
    Function::variadic("biggest", &[Type::Any], Type::Any, greatest),
    Function::variadic("max", &[Type::Any], Type::Any, greatest),
    Function::variadic("min", &[Type::Any], Type::Any, |call| {
        Ok(Value::Int64(call.arguments().iter().map(to_int64).min().unwrap_or_default()))
    }),
    Function::variadic("maxf", &[Type::Any], Type::Any, |call| {
        // Not a number wins, as in Go.
        let all = call.arguments().iter().map(to_float64);
        Ok(Value::Float(all.reduce(|a, b| if a.is_nan() || a > b { a } else { b }).unwrap_or_default()))
    }),
    Function::variadic("minf", &[Type::Any], Type::Any, |call| {
        let all = call.arguments().iter().map(to_float64);
        Ok(Value::Float(all.reduce(|a, b| if a.is_nan() || a < b { a } else { b }).unwrap_or_default()))
    }),
    Function::new("ceil", &[Type::Any], |call| Ok(Value::Float(to_float64(&call.value(0)).ceil()))),
    Function::new("floor", &[Type::Any], |call| Ok(Value::Float(to_float64(&call.value(0)).floor()))),
    Function::variadic("round", &[Type::Any, Type::Int], Type::Float, round),
];

fn fold(call: &Call<'_>, start: i64, operation: fn(i64, i64) -> i64) -> i64 {
    call.arguments().iter().map(to_int64).fold(start, operation)
}

fn greatest(call: &mut Call<'_>) -> Outcome {
    Ok(Value::Int64(call.arguments().iter().map(to_int64).max().unwrap_or_default()))
}

fn divide(call: &mut Call<'_>, operation: fn(i64, i64) -> i64) -> Outcome {
    let (a, b) = (to_int64(&call.value(0)), to_int64(&call.value(1)));
    if b == 0 {
        return Err("runtime error: integer divide by zero".into());
    }
    Ok(Value::Int64(operation(a, b)))
}

fn from_octal(call: &mut Call<'_>) -> Outcome {
    let text = format::to_text(&call.value(0));
    let digits = text.strip_prefix('+').unwrap_or(&text);
    Ok(Value::Int64(i64::from_str_radix(digits, 8).unwrap_or_default()))
}

/// Arithmetic without the rounding of binary fractions. The first argument is the start unless one is given.
fn decimals(
    call: &mut Call<'_>,
    start: Option<f64>,
    operation: fn(&Decimal, &Decimal) -> Result<Decimal, Message>,
) -> Outcome {
    let numbers: Vec<f64> = start.into_iter().chain(call.arguments().iter().map(to_float64)).collect();
    let mut numbers = numbers.into_iter().map(decimal::from_float);
    let mut result = numbers.next().unwrap_or_else(|| decimal::from_float(0.0))?;
    for number in numbers {
        call.spend_steps(result.weight())?;
        result = operation(&result, &number?)?;
    }
    Ok(Value::Float(result.to_float()))
}

fn round(call: &mut Call<'_>) -> Outcome {
    let value = to_float64(&call.value(0));
    let up_from = match call.rest(2).first() {
        Some(Value::Float(up_from)) => *up_from,
        _ => 0.5,
    };
    let power = 10.0_f64.powf(call.int(1) as f64);
    let digit = power * value;
    let rounded = if digit.fract() >= up_from { digit.ceil() } else { digit.floor() };
    Ok(Value::Float(rounded / power))
}

/// Numbers from start to stop, stop left out; none where the step leads away from it.
fn steps(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Message> {
    let leads_there = if stop < start { step < 0 } else { step > 0 };
    if !leads_there {
        return Ok(Vec::new());
    }
    let distance = (i128::from(stop) - i128::from(start)).unsigned_abs();
    let count = distance.div_ceil(i128::from(step).unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    call.spend_steps(count / 16)?;
    call.spend_memory(count.saturating_mul(size_of::<Value>()))?;
    Ok(std::iter::successors(Some(start), |number| number.checked_add(step)).take(count).collect())
}

fn until_step(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Outcome {
    let numbers = steps(call, start, stop, step)?;
    Ok(Value::List(List::new(Element::Int, numbers.into_iter().map(Value::Int))))
}

/// Numbers as a text, the last one kept: `seq END`, `seq START END`, `seq START STEP END`.
fn sequence(call: &mut Call<'_>) -> Outcome {
    let (start, step, end) = match call.arguments().len() {
        1 => (1, 1, call.int(0)),
        2 => (call.int(0), 1, call.int(1)),
        3 => (call.int(0), call.int(1), call.int(2)),
        _ => return Ok("".into()),
    };
    let explicit = call.arguments().len() == 3;
    let direction = if end < start { -1 } else { 1 };
    if explicit && direction < 0 && step > 0 {
        return Ok("".into());
    }
    let step = if explicit { step } else { direction };
    let numbers = steps(call, start, end.saturating_add(direction), step)?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(texts.join(" ").into())
}
