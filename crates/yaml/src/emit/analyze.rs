//! Which styles a text allows: libyaml's analysis of a scalar, as go-yaml v2 has it.

use crate::resolve::{Dialect, Resolved, resolve_plain};

/// What a text allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Analysis {
    pub(super) multiline: bool,
    pub(super) plain: bool,
    pub(super) single: bool,
    pub(super) block: bool,
}

/// Only these count as printable: no control characters but the newline, no DEL, no byte order mark, and nothing
/// outside of the basic multilingual plane.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}')
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn analyze(text: &str) -> Analysis {
    if is_word(text) {
        return Analysis { multiline: false, plain: true, single: true, block: true };
    }
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single: true, block: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut breaks, mut special) = (false, false);
    let (mut break_space, mut space_break) = (false, false);
    let (mut previous_space, mut previous_break) = (false, false);
    let mut preceded_by_blank = true;
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        let followed_by_blank = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        indicators |= match c {
            '#' => preceded_by_blank,
            ':' => followed_by_blank,
            '?' | '-' => first && followed_by_blank,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            _ => false,
        };
        special |= !is_printable(c);
        if c == ' ' {
            break_space |= previous_break;
        } else if is_break(c) {
            breaks = true;
            space_break |= previous_space;
        }
        previous_space = c == ' ';
        previous_break = is_break(c);
        preceded_by_blank = matches!(c, ' ' | '\t' | '\0') || previous_break;
        first = false;
    }
    let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
    let edges = edge(text.chars().next()) || edge(text.chars().next_back());
    let broken = space_break || special;
    Analysis {
        multiline: breaks,
        plain: !(edges || break_space || broken || breaks || indicators),
        single: !(break_space || broken),
        block: !(text.ends_with(' ') || broken),
    }
}

/// Whether a text is made of letters, digits and a few marks only, and begins with no mark: most texts are, and allow
/// every style.
fn is_word(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
}

/// Whether a plain text would be read back as something else than a string, by YAML 1.1's rules: then go-yaml writes
/// double quotes.
pub(super) fn would_change(text: &str) -> bool {
    !matches!(resolve_plain(text, Dialect::SigsV2), Resolved::Text | Resolved::Merge) || is_base_60(text)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: YAML 1.1's `1:30`, which no reader takes for a number any more,
/// but which is quoted still.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.contains(':') {
        return false;
    }
    let mut parts = text.split(':');
    let head = parts.next().unwrap_or("");
    if !head.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    let last = rest.len() - 1;
    rest.iter().enumerate().all(|(at, part)| {
        let whole = match part.split_once('.') {
            Some((whole, fraction)) if at == last => {
                if !fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
                    return false;
                }
                whole
            }
            _ => part,
        };
        match whole.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
            _ => false,
        }
    })
}
