//! Upper and lower case, and the cases that programmers give to names.

use super::{Call, Function, Outcome, Type};
use crate::format::quote;
use crate::unicode;
use crate::value::Value;

const S: Type = Type::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("upper", &[S], |call| Ok(mapped(call, upper))),
    Function::new("lower", &[S], |call| Ok(mapped(call, lower))),
    Function::new("title", &[S], |call| Ok(words(call, is_title_separator, upper))),
    Function::new("untitle", &[S], |call| Ok(words(call, |c| c.is_whitespace(), lower))),
    Function::new("nospace", &[S], no_space),
    Function::new("initials", &[S], initials),
    Function::new("swapcase", &[S], swap_case),
    Function::new("snakecase", &[S], |call| Ok(separated(&characters(call), '_').into())),
    Function::new("kebabcase", &[S], |call| Ok(separated(&characters(call), '-').into())),
    Function::new("camelcase", &[S], |call| Ok(pascal(&characters(call)).into())),
];

/// One character for one, as Go maps them; `ß` has no single upper case.
fn upper(c: char) -> char {
    single(c, c.to_uppercase())
}

fn lower(c: char) -> char {
    // Go has no rule for the dotted capital I but this one.
    if c == 'İ' { 'i' } else { single(c, c.to_lowercase()) }
}

fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

fn characters(call: &Call<'_>) -> Vec<char> {
    quote::runes(&call.text(0)).collect()
}

fn mapped(call: &Call<'_>, map: fn(char) -> char) -> Value {
    quote::runes(&call.text(0)).map(map).collect::<String>().into()
}

/// Maps the first character of each word.
fn words(call: &Call<'_>, separates: fn(char) -> bool, map: fn(char) -> char) -> Value {
    let mut starts = true;
    let mut out = String::new();
    for c in quote::runes(&call.text(0)) {
        let separator = separates(c);
        out.push(if starts && !separator { map(c) } else { c });
        starts = separator;
    }
    out.into()
}

/// Go's old rule: a word goes on through letters, digits and underscores; of the rest, ASCII ends it, and so does space.
fn is_title_separator(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !unicode::is_letter(c) && !unicode::is_digit(c) && c.is_whitespace()
}

/// Space in the Latin-1 reading of single bytes, which is how these two look at a text.
fn is_latin_space(byte: u8) -> bool {
    matches!(byte, 9..=13 | 32 | 0x85 | 0xa0)
}

fn no_space(call: &mut Call<'_>) -> Outcome {
    let text = call.text(0);
    if !text.iter().any(|byte| is_latin_space(*byte)) {
        return Ok(Value::String(text));
    }
    Ok(text
        .iter()
        .filter(|byte| !is_latin_space(**byte))
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .into())
}

fn initials(call: &mut Call<'_>) -> Outcome {
    let mut out = String::new();
    let mut gap = true;
    for byte in call.text(0).iter() {
        if is_latin_space(*byte) {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(char::from(*byte));
        }
    }
    Ok(out.into())
}

fn swap_case(call: &mut Call<'_>) -> Outcome {
    Ok(mapped(call, |c| match c {
        c if c.is_uppercase() => lower(c),
        c if c.is_lowercase() => upper(c),
        c => c,
    }))
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// `http_server` as `HttpServer`. Connectors at the ends stay, of several in a row all but one.
fn pascal(text: &[char]) -> String {
    let leading = text.iter().take_while(|c| is_connector(**c)).count();
    let mut out: String = text[..leading].iter().collect();
    let mut rest = text[leading..].iter().copied();
    let Some(first) = rest.next() else {
        // Of nothing but connectors the last one comes twice.
        out.extend(text.last());
        return out;
    };
    let mut in_upper_run = first.is_uppercase();
    let mut current = upper(first);
    for next in rest {
        let previous = std::mem::replace(&mut current, next);
        if is_connector(previous) && is_connector(current) {
            out.push(previous);
        } else if is_connector(previous) {
            in_upper_run = current.is_uppercase();
            current = upper(current);
        } else {
            if in_upper_run {
                if current.is_uppercase() {
                    current = lower(current);
                } else {
                    in_upper_run = false;
                }
            }
            out.push(previous);
        }
    }
    out.push(current);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
    End,
}

fn is_punctuation(c: char) -> bool {
    !is_connector(c) && unicode::is_punctuation(c)
}

fn length_while(text: &[char], test: impl Fn(char) -> bool) -> usize {
    text.iter().take_while(|c| test(**c)).count()
}

/// Takes a run of characters of one sort; a capital belongs to the lower case letters after it.
fn next_word(text: &[char]) -> (Word, &[char], &[char]) {
    let is_small = |c: char| unicode::is_letter(c) && !c.is_uppercase();
    let Some(first) = text.first().copied() else {
        return (Word::End, text, text);
    };
    let (word, length) = if is_connector(first) {
        (Word::Connector, length_while(text, is_connector))
    } else if is_punctuation(first) {
        (Word::Punctuation, length_while(text, is_punctuation))
    } else if first.is_uppercase() {
        let capitals = length_while(text, char::is_uppercase);
        let followed = text.get(capitals).copied().is_some_and(unicode::is_letter);
        let length = match capitals {
            1 => 1 + length_while(&text[1..], is_small),
            // "HTTPStatus" is "HTTP" and "Status".
            _ if followed => capitals - 1,
            _ => capitals,
        };
        (Word::Upper, length)
    } else if unicode::is_letter(first) {
        (Word::Alphabet, length_while(text, is_small))
    } else if unicode::is_number(first) {
        (Word::Number, length_while(text, unicode::is_number))
    } else {
        let is_other = |c: char| {
            !(is_connector(c) || unicode::is_letter(c) || unicode::is_number(c) || is_punctuation(c))
        };
        (Word::Other, length_while(text, is_other))
    };
    let (taken, rest) = text.split_at(length);
    (word, taken, rest)
}

fn push_lower(out: &mut String, word: Word, text: &[char], connector: char) {
    match word {
        Word::Upper => out.extend(text.iter().map(|c| lower(*c))),
        Word::Connector => out.extend(text.iter().map(|_| connector)),
        _ => out.extend(text),
    }
}

/// `HTTPServer20x` as `http_server_20x`.
fn separated(text: &[char], connector: char) -> String {
    let mut out = String::new();
    let joins = |word: Word| !matches!(word, Word::Connector | Word::Punctuation);
    let (mut kind, mut word, mut rest) = next_word(text);
    while !rest.is_empty() {
        if kind != Word::Connector {
            push_lower(&mut out, kind, word, connector);
        }
        let (before, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match before {
            Word::Number => {
                while matches!(kind, Word::Alphabet | Word::Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if kind != Word::End && joins(kind) {
                    out.push(connector);
                }
            }
            Word::Connector => push_lower(&mut out, before, last, connector),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if joins(kind) {
                    out.push(connector);
                }
            }
            _ if rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind != Word::Alphabet {
                    // The number belongs to the word before it: "Bld4Floor" is "bld4_floor".
                    push_lower(&mut out, Word::Number, number, connector);
                    if joins(kind) {
                        out.push(connector);
                    }
                    continue;
                }
                // Small letters after the number: "HTTP2xx" is "http_2xx".
                out.push(connector);
                push_lower(&mut out, Word::Number, number, connector);
                while matches!(kind, Word::Alphabet | Word::Number) {
                    push_lower(&mut out, kind, word, connector);
                    (kind, word, rest) = next_word(rest);
                }
                if kind != Word::End && joins(kind) {
                    out.push(connector);
                }
            }
        }
    }
    push_lower(&mut out, kind, word, connector);
    out
}
