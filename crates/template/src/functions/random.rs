//! Random text and numbers, from the environment's source.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;

use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::format::quote;
use crate::value::Value;

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("randAlphaNum", &[Type::Int], |call| characters(call, &[UPPER, LOWER, DIGITS].concat())),
    Function::new("randAlpha", &[Type::Int], |call| characters(call, &[UPPER, LOWER].concat())),
    Function::new("randNumeric", &[Type::Int], |call| characters(call, DIGITS)),
    Function::new("randAscii", &[Type::Int], |call| characters(call, &(' '..='~').collect::<String>())),
    Function::new("randInt", &[Type::Int, Type::Int], number),
    Function::new("randBytes", &[Type::Int], |call| Ok(STANDARD.encode(bytes(call, call.int(0))?).into())),
    Function::new("uuidv4", &[], uuid),
    Function::new("shuffle", &[Type::String], shuffle),
];

fn characters(call: &mut Call<'_>, set: &str) -> Outcome {
    // A length below zero is an error that Go's function swallows.
    let length = usize::try_from(call.int(0)).unwrap_or(0);
    call.spend_memory(length)?;
    let set = set.as_bytes();
    let random = call.random()?;
    let text: Vec<u8> = (0..length).map(|_| set[random.random_range(0..set.len())]).collect();
    Ok(text.into())
}

fn number(call: &mut Call<'_>) -> Outcome {
    let (low, high) = (call.int(0), call.int(1));
    if high <= low {
        return Err("invalid argument to Intn".into());
    }
    Ok(Value::Int(call.random()?.random_range(low..high)))
}

pub(super) fn bytes(call: &mut Call<'_>, count: i64) -> Result<Vec<u8>, Message> {
    let Ok(count) = usize::try_from(count) else {
        return Err("runtime error: makeslice: len out of range".into());
    };
    call.spend_memory(count)?;
    let mut bytes = vec![0; count];
    call.random()?.fill_bytes(&mut bytes);
    Ok(bytes)
}

fn uuid(call: &mut Call<'_>) -> Outcome {
    let mut id = bytes(call, 16)?;
    // Version 4, variant 1.
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    let text = hex::encode(id);
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    Ok(parts.join("-").into())
}

fn shuffle(call: &mut Call<'_>) -> Outcome {
    let mut text: Vec<char> = quote::runes(&call.text(0)).collect();
    let random = call.random()?;
    for last in (1..text.len()).rev() {
        text.swap(last, random.random_range(0..=last));
    }
    Ok(text.into_iter().collect::<String>().into())
}
