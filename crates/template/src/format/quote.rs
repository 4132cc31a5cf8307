//! Go's quoted strings and characters (`strconv.Quote`), and decoding of text that need not be UTF-8.

use crate::unicode;

/// One step through a text: a character and its width, or a byte that begins none.
pub(crate) fn decode(text: &[u8]) -> Option<(Result<char, u8>, usize)> {
    let first = *text.first()?;
    if first < 0x80 {
        return Some((Ok(char::from(first)), 1));
    }
    let width = match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let character = text
        .get(..width)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .and_then(|text| text.chars().next());
    Some(match character {
        Some(c) => (Ok(c), width),
        None => (Err(first), 1),
    })
}

/// Go's count of runes: a byte that begins no character counts as one.
pub(crate) fn rune_count(text: &[u8]) -> usize {
    match std::str::from_utf8(text) {
        Ok(text) => text.chars().count(),
        Err(_) => runes(text).count(),
    }
}

/// The characters of a text, bad bytes as U+FFFD.
pub(crate) fn runes(text: &[u8]) -> impl Iterator<Item = char> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (c, width) = decode(rest)?;
        rest = &rest[width..];
        Some(c.unwrap_or(char::REPLACEMENT_CHARACTER))
    })
}

/// Go's `%q` of a string.
pub(crate) fn quoted(text: &[u8]) -> String {
    quoted_with(text, '"', false)
}

/// Go's quoting in a chosen quote, with everything beyond ASCII escaped if wanted.
pub(crate) fn quoted_with(text: &[u8], quote: char, ascii_only: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    let mut rest = text;
    while let Some((c, width)) = decode(rest) {
        rest = &rest[width..];
        match c {
            Ok(c) => push_escaped(&mut out, c, quote, ascii_only),
            Err(byte) => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push(quote);
    out
}

fn push_escaped(out: &mut String, c: char, quote: char, ascii_only: bool) {
    if c == quote || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if if ascii_only { matches!(c, ' '..='~') } else { unicode::is_print(c) } {
        out.push(c);
        return;
    }
    let simple = match c {
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        _ => "",
    };
    let code = u32::from(c);
    if !simple.is_empty() {
        out.push_str(simple);
    } else if code < 0x20 || code == 0x7f {
        out.push_str(&format!("\\x{code:02x}"));
    } else if code < 0x10000 {
        out.push_str(&format!("\\u{code:04x}"));
    } else {
        out.push_str(&format!("\\U{code:08x}"));
    }
}

/// Whether a text can stand between backquotes unchanged.
pub(crate) fn can_backquote(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| {
        text.chars().all(|c| c != '\u{feff}' && c != '`' && c != '\u{7f}' && (c >= ' ' || c == '\t'))
    })
}
