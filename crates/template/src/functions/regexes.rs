//! Regular expressions in Go's syntax (RE2), which is that of the `regex` crate but for a few corners.

use regex::bytes::Regex;

use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::regexp;
use crate::value::{Element, List, Value};

const S: Type = Type::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[S, S], |call| {
        Ok(compile(call).map(|regex| regex.is_match(&call.text(1))).unwrap_or_default().into())
    }),
    Function::new("mustRegexMatch", &[S, S], |call| Ok(compile(call)?.is_match(&call.text(1)).into())),
    Function::new("regexFind", &[S, S], |call| find(call, true)),
    Function::new("mustRegexFind", &[S, S], |call| find(call, false)),
    Function::new("regexFindAll", &[S, S, Type::Int], |call| find_all(call, true)),
    Function::new("mustRegexFindAll", &[S, S, Type::Int], |call| find_all(call, false)),
    Function::new("regexReplaceAll", &[S, S, S], |call| replace_all(call, true)),
    Function::new("mustRegexReplaceAll", &[S, S, S], |call| replace_all(call, false)),
    Function::new("regexReplaceAllLiteral", &[S, S, S], |call| replace_all_literal(call, true)),
    Function::new("mustRegexReplaceAllLiteral", &[S, S, S], |call| replace_all_literal(call, false)),
    Function::new("regexSplit", &[S, S, Type::Int], |call| split(call, true)),
    Function::new("mustRegexSplit", &[S, S, Type::Int], |call| split(call, false)),
    Function::new("regexQuoteMeta", &[S], quote_meta),
];

/// Steps that compiling a pattern costs: a plain one, and one with counts or large classes.
const COMPILING: usize = 100;
const COMPILING_LARGE: usize = 2_000;

/// Compiles the first argument and pays for looking through the second.
fn compile(call: &mut Call<'_>) -> Result<Regex, Message> {
    let pattern = call.utf8(0);
    let work = call.text(1).len() / 256 * (1 + pattern.len() / 16);
    let compiling = if pattern.contains(['{', 'p', 'P']) { COMPILING_LARGE } else { COMPILING };
    call.spend_steps(compiling + work)?;
    regexp::compile(&pattern).map_err(|error| error.message())
}

/// As [`compile`], with Go's panic where the function has no way to return an error.
fn compile_or_panic(call: &mut Call<'_>, panics: bool) -> Result<Regex, Message> {
    let pattern = call.text(0);
    compile(call).map_err(|message| match panics {
        true => {
            let shown = if crate::format::quote::can_backquote(&pattern) {
                format!("`{}`", String::from_utf8_lossy(&pattern))
            } else {
                crate::format::quote::quoted(&pattern)
            };
            Message::new("regexp: Compile(").data(shown).words("): ").followed_by(message)
        }
        false => message,
    })
}

fn find(call: &mut Call<'_>, panics: bool) -> Outcome {
    let regex = compile_or_panic(call, panics)?;
    Ok(regex.find(&call.text(1)).map_or_else(|| "".into(), |found| found.as_bytes().to_vec().into()))
}

fn find_all(call: &mut Call<'_>, panics: bool) -> Outcome {
    let regex = compile_or_panic(call, panics)?;
    let text = call.text(1);
    let most = usize::try_from(call.int(2)).unwrap_or(usize::MAX);
    let found: Vec<&[u8]> =
        regexp::matches(&regex, &text).take(most).map(|found| found.get_match().as_bytes()).collect();
    if found.is_empty() {
        return Ok(Value::List(List::nil(Element::String)));
    }
    Ok(Value::strings(found))
}

fn replace_all(call: &mut Call<'_>, panics: bool) -> Outcome {
    let regex = compile_or_panic(call, panics)?;
    let (text, template) = (call.text(1), call.text(2));
    let mut out = Vec::with_capacity(text.len());
    let mut end = 0;
    for captures in regexp::matches(&regex, &text) {
        let whole = captures.get_match();
        out.extend_from_slice(&text[end..whole.start()]);
        let before = out.len();
        regexp::expand(&captures, &template, &mut out);
        call.spend_memory(out.len() - before)?;
        end = whole.end();
    }
    out.extend_from_slice(&text[end..]);
    Ok(out.into())
}

fn replace_all_literal(call: &mut Call<'_>, panics: bool) -> Outcome {
    let regex = compile_or_panic(call, panics)?;
    let (text, replacement) = (call.text(1), call.text(2));
    let mut out = Vec::with_capacity(text.len());
    let mut end = 0;
    for captures in regexp::matches(&regex, &text) {
        let whole = captures.get_match();
        call.spend_memory(replacement.len())?;
        out.extend_from_slice(&text[end..whole.start()]);
        out.extend_from_slice(&replacement);
        end = whole.end();
    }
    out.extend_from_slice(&text[end..]);
    Ok(out.into())
}

fn split(call: &mut Call<'_>, panics: bool) -> Outcome {
    let regex = compile_or_panic(call, panics)?;
    let (pattern, text) = (call.text(0), call.text(1));
    let most = match call.int(2) {
        0 => return Ok(Value::List(List::nil(Element::String))),
        count => usize::try_from(count).unwrap_or(usize::MAX),
    };
    if !pattern.is_empty() && text.is_empty() {
        return Ok(Value::strings([""]));
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for captures in regexp::matches(&regex, &text).take(most) {
        let found = captures.get_match();
        if parts.len() + 1 == most {
            break;
        }
        end = found.start();
        // An empty match at the very start separates nothing.
        if found.end() != 0 {
            parts.push(&text[start..end]);
        }
        start = found.end();
    }
    if end != text.len() {
        parts.push(&text[start..]);
    }
    Ok(Value::strings(parts))
}

fn quote_meta(call: &mut Call<'_>) -> Outcome {
    let mut out = Vec::new();
    for byte in call.text(0).iter() {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    Ok(out.into())
}
