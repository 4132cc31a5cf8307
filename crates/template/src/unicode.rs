//! Go's character classes, which differ from the standard library's.
//!
//! The tables are those of the `regex` crate, so that the project carries no second copy of Unicode.

use std::sync::LazyLock;

use regex::Regex;

#[expect(clippy::unwrap_used, reason = "the patterns are constants of this file")]
fn class(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

static LETTER: LazyLock<Regex> = LazyLock::new(|| class(r"^\p{L}$"));
static DIGIT: LazyLock<Regex> = LazyLock::new(|| class(r"^\p{Nd}$"));
static NUMBER: LazyLock<Regex> = LazyLock::new(|| class(r"^\p{N}$"));
static PUNCTUATION: LazyLock<Regex> = LazyLock::new(|| class(r"^\p{P}$"));
static PRINT: LazyLock<Regex> = LazyLock::new(|| class(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$"));

fn is(class: &LazyLock<Regex>, c: char) -> bool {
    class.is_match(c.encode_utf8(&mut [0; 4]))
}

/// Categories L.
pub(crate) fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { is(&LETTER, c) }
}

/// Category Nd.
pub(crate) fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { is(&DIGIT, c) }
}

/// Categories N.
pub(crate) fn is_number(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { is(&NUMBER, c) }
}

/// Categories P.
pub(crate) fn is_punctuation(c: char) -> bool {
    is(&PUNCTUATION, c)
}

/// Letters, marks, numbers, punctuation, symbols, and of the spaces only the ASCII one.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() { matches!(c, ' '..='~') } else { is(&PRINT, c) }
}
