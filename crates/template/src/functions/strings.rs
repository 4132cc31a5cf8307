//! Text: trimmed, cut, repeated, searched, quoted. Lengths and positions count bytes, as in Go.

use super::conversion::to_text;
use super::dicts::dict_of_parts;
use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::format::{self, quote};
use crate::value::{Kind, Text, Value};

const S: Type = Type::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("trim", &[S], |call| Ok(trim_space(&call.text(0)).to_vec().into())),
    Function::new("trimall", &[S, S], trim_all),
    Function::new("trimAll", &[S, S], trim_all),
    Function::new("trimSuffix", &[S, S], |call| {
        let (suffix, text) = (call.text(0), call.text(1));
        Ok(text.strip_suffix(&*suffix).unwrap_or(&text).to_vec().into())
    }),
    Function::new("trimPrefix", &[S, S], |call| {
        let (prefix, text) = (call.text(0), call.text(1));
        Ok(text.strip_prefix(&*prefix).unwrap_or(&text).to_vec().into())
    }),
    Function::new("trunc", &[Type::Int, S], truncate),
    Function::new("substr", &[Type::Int, Type::Int, S], substring),
    Function::new("repeat", &[Type::Int, S], repeat),
    Function::new("replace", &[S, S, S], |call| replace(call, &call.text(2), &call.text(0), &call.text(1))),
    Function::new("contains", &[S, S], |call| Ok(find(&call.text(1), &call.text(0)).is_some().into())),
    Function::new("hasPrefix", &[S, S], |call| Ok(call.text(1).starts_with(&call.text(0)).into())),
    Function::new("hasSuffix", &[S, S], |call| Ok(call.text(1).ends_with(&call.text(0)).into())),
    Function::variadic("quote", &[], Type::Any, |call| {
        Ok(each_but_nil(call, |value| quote::quoted(&to_text(value)).into_bytes()).into())
    }),
    Function::variadic("squote", &[], Type::Any, |call| {
        Ok(each_but_nil(call, |value| [b"'", &*format::to_bytes(value), b"'"].concat()).into())
    }),
    Function::variadic("cat", &[], Type::Any, |call| Ok(each_but_nil(call, format::to_bytes).into())),
    Function::new("indent", &[Type::Int, S], |call| indent(call).map(Value::from)),
    Function::new("nindent", &[Type::Int, S], |call| Ok([b"\n", &*indent(call)?].concat().into())),
    Function::new("plural", &[S, S, Type::Int], |call| Ok(call.value(usize::from(call.int(2) != 1)))),
    Function::new("split", &[S, S], |call| {
        let parts = split(call, &call.text(1), &call.text(0), usize::MAX)?;
        Ok(dict_of_parts(parts))
    }),
    Function::new("splitn", &[S, Type::Int, S], split_some),
    Function::new("splitList", &[S, S], |call| {
        Ok(Value::strings(split(call, &call.text(1), &call.text(0), usize::MAX)?))
    }),
    Function::new("abbrev", &[Type::Int, S], |call| abbreviate_both(0, call.int(0), &call.text(1))),
    Function::new("abbrevboth", &[Type::Int, Type::Int, S], |call| {
        abbreviate_both(call.int(0), call.int(1), &call.text(2))
    }),
    Function::new("wrap", &[Type::Int, S], |call| wrap(call, &call.text(1), b"\n", false)),
    Function::new("wrapWith", &[Type::Int, S, S], |call| {
        let separator = call.text(1);
        wrap(call, &call.text(2), if separator.is_empty() { b"\n" } else { &separator }, true)
    }),
];

/// Without space at both ends, by Unicode's notion of space.
pub(super) fn trim_space(text: &[u8]) -> &[u8] {
    let mut start = 0;
    while let Some((Ok(c), width)) = quote::decode(&text[start..]) {
        if !c.is_whitespace() {
            break;
        }
        start += width;
    }
    let mut rest = &text[start..];
    loop {
        let is_space_at = |at: &usize| match quote::decode(&rest[*at..]) {
            Some((Ok(c), width)) => at + width == rest.len() && c.is_whitespace(),
            _ => false,
        };
        let last = (1..=rest.len().min(4)).map(|back| rest.len() - back).filter(is_space_at);
        match last.max() {
            Some(at) => rest = &rest[..at],
            None => return rest,
        }
    }
}

/// First place of a text in another.
pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

fn trim_all(call: &mut Call<'_>) -> Outcome {
    let set: Vec<char> = quote::runes(&call.text(0)).collect();
    let text = call.text(1);
    call.spend_steps(text.len().saturating_mul(set.len()) / 64)?;
    match std::str::from_utf8(&text) {
        Ok(text) => Ok(text.trim_matches(|c| set.contains(&c)).into()),
        // Without characters to go by, bytes are trimmed where the set is ASCII.
        Err(_) => {
            let in_set = |byte: &u8| byte.is_ascii() && set.contains(&char::from(*byte));
            let start = text.iter().position(|byte| !in_set(byte)).unwrap_or(text.len());
            let end = text.iter().rposition(|byte| !in_set(byte)).map_or(start, |last| last + 1);
            Ok(text[start..end].to_vec().into())
        }
    }
}

fn truncate(call: &mut Call<'_>) -> Outcome {
    let text = call.text(1);
    let count = usize::try_from(call.int(0).unsigned_abs()).unwrap_or(usize::MAX);
    if count >= text.len() {
        return Ok(Value::String(text));
    }
    let part = if call.int(0) < 0 { &text[text.len() - count..] } else { &text[..count] };
    Ok(part.to_vec().into())
}

fn substring(call: &mut Call<'_>) -> Outcome {
    let text = call.text(2);
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let (start, end) = match (call.int(0), call.int(1)) {
        (start, end) if start < 0 => (0, end),
        (start, end) if end < 0 || end > length => (start, length),
        bounds => bounds,
    };
    let part = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    match part.and_then(|(start, end)| text.get(start..end)) {
        Some(part) => Ok(part.to_vec().into()),
        None => Err(out_of_range(start, end, length)),
    }
}

/// Go's panic about the bounds of a slice.
pub(super) fn out_of_range(start: i64, end: i64, length: i64) -> Message {
    if end < 0 || end > length {
        return format!("runtime error: slice bounds out of range [:{end}]{}", with_length(end, length))
            .into();
    }
    format!("runtime error: slice bounds out of range [{start}:{end}]").into()
}

fn with_length(end: i64, length: i64) -> String {
    if end < 0 { String::new() } else { format!(" with length {length}") }
}

fn repeat(call: &mut Call<'_>) -> Outcome {
    let text = call.text(1);
    let Ok(count) = usize::try_from(call.int(0)) else {
        return Err("strings: negative Repeat count".into());
    };
    call.spend_memory(text.len().saturating_mul(count))?;
    Ok(text.repeat(count).into())
}

fn replace(call: &mut Call<'_>, text: &[u8], old: &[u8], new: &[u8]) -> Outcome {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    if old.is_empty() {
        // Nothing stands before and after every character.
        call.spend_memory(text.len().saturating_add(1).saturating_mul(new.len()))?;
        while let Some((_, width)) = quote::decode(rest) {
            out.extend_from_slice(new);
            out.extend_from_slice(&rest[..width]);
            rest = &rest[width..];
        }
        out.extend_from_slice(new);
        return Ok(out.into());
    }
    while let Some(place) = find(rest, old) {
        call.spend_memory(new.len())?;
        out.extend_from_slice(&rest[..place]);
        out.extend_from_slice(new);
        rest = &rest[place + old.len()..];
    }
    out.extend_from_slice(rest);
    Ok(out.into())
}

fn each_but_nil(call: &Call<'_>, show: impl Fn(&Value) -> Vec<u8>) -> Vec<u8> {
    let shown = call.arguments().iter().filter(|value| value.kind() != Kind::Invalid).map(show);
    shown.collect::<Vec<_>>().join(&b' ')
}

fn indent(call: &mut Call<'_>) -> Result<Vec<u8>, Message> {
    let Ok(width) = usize::try_from(call.int(0)) else {
        return Err("strings: negative Repeat count".into());
    };
    let text = call.text(1);
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    call.spend_memory(lines.saturating_mul(width))?;
    let mut out = vec![b' '; width];
    for byte in text.iter() {
        out.push(*byte);
        if *byte == b'\n' {
            out.extend(std::iter::repeat_n(b' ', width));
        }
    }
    Ok(out)
}

/// Parts between separators, at most so many; without a separator the characters.
pub(super) fn split(
    call: &mut Call<'_>,
    text: &[u8],
    separator: &[u8],
    most: usize,
) -> Result<Vec<Vec<u8>>, Message> {
    let mut parts = Vec::new();
    let mut rest = text;
    if separator.is_empty() {
        call.spend_memory(text.len().saturating_mul(size_of::<Value>()))?;
        while let Some((_, width)) = quote::decode(rest) {
            let width = if parts.len() + 1 == most { rest.len() } else { width };
            parts.push(rest[..width].to_vec());
            rest = &rest[width..];
        }
        return Ok(parts);
    }
    while let Some(place) = find(rest, separator).filter(|_| parts.len() + 1 < most) {
        call.spend_memory(size_of::<Value>())?;
        parts.push(rest[..place].to_vec());
        rest = &rest[place + separator.len()..];
    }
    parts.push(rest.to_vec());
    Ok(parts)
}

fn split_some(call: &mut Call<'_>) -> Outcome {
    let most = match call.int(1) {
        0 => return Ok(dict_of_parts([])),
        count => usize::try_from(count).unwrap_or(usize::MAX),
    };
    let parts = split(call, &call.text(2), &call.text(0), most)?;
    Ok(dict_of_parts(parts))
}

fn abbreviate_both(left: i64, right: i64, text: &Text) -> Outcome {
    if right < 4 || left > 0 && right < 7 {
        return Ok(Value::String(Text::clone(text)));
    }
    let left = usize::try_from(left).unwrap_or(0);
    let right = usize::try_from(right).unwrap_or(usize::MAX);
    Ok(abbreviate(text, left, right).into())
}

/// At most `width` bytes: dots stand for what is cut at the end, and at the start if `offset` is beyond the first few.
fn abbreviate(text: &[u8], offset: usize, width: usize) -> Vec<u8> {
    if text.len() <= width {
        return text.to_vec();
    }
    let mut offset = offset.min(text.len());
    let kept = width - 3;
    if text.len() - offset < kept {
        offset = text.len() - kept;
    }
    if offset <= 4 {
        return [&text[..kept], b"..."].concat();
    }
    if offset + kept < text.len() {
        // The inner cut refuses widths under four and then gives nothing.
        let inner = if kept < 4 { Vec::new() } else { abbreviate(&text[offset..], 0, kept) };
        return [b"...", &*inner].concat();
    }
    [b"...", &text[text.len() - kept..]].concat()
}

/// Lines of at most `width` bytes, broken at spaces; words longer than a line are broken only if wanted.
fn wrap(call: &mut Call<'_>, text: &[u8], separator: &[u8], breaks_words: bool) -> Outcome {
    let width = usize::try_from(call.int(0)).unwrap_or(0).max(1);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let line = &rest[..=width];
        let (end, next) = if let Some(space) = line.iter().rposition(|byte| *byte == b' ') {
            (space, space + 1)
        } else if breaks_words {
            (width, width)
        } else {
            match rest[width..].iter().position(|byte| *byte == b' ') {
                Some(space) => (width + space, width + space + 1),
                None => break,
            }
        };
        call.spend_memory(separator.len())?;
        out.extend_from_slice(&rest[..end]);
        out.extend_from_slice(separator);
        rest = &rest[next..];
    }
    out.extend_from_slice(rest);
    Ok(out.into())
}
