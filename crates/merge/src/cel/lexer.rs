//! Text becomes tokens.

use super::Issue;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    /// Two to the 63rd, which is an integer only behind a minus.
    IntBeyond,
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Sign(&'static str),
    End,
}

/// A token, where it starts, and its text.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) at: usize,
    pub(super) token: Token,
    pub(super) text: String,
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}",
];

/// All tokens of a text, the end included; what is no token is an issue, and left out.
pub(super) fn tokens(chars: &[char]) -> (Vec<Placed>, Vec<Issue>) {
    let mut out = Vec::new();
    let mut issues = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        if c == '/' && chars.get(at + 1) == Some(&'/') {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
            continue;
        }
        let found = if let Some(found) = quoted(chars, at) {
            found
        } else if c.is_ascii_digit() || (c == '.' && chars.get(at + 1).is_some_and(char::is_ascii_digit)) {
            number(chars, at).map_err(|issue| (issue, chars.len()))
        } else if c.is_ascii_alphabetic() || c == '_' {
            let end = (at..chars.len())
                .find(|i| !(chars[*i].is_ascii_alphanumeric() || chars[*i] == '_'))
                .unwrap_or(chars.len());
            Ok((Token::Name(chars[at..end].iter().collect()), end))
        } else {
            let sign = SIGNS
                .iter()
                .find(|sign| sign.chars().enumerate().all(|(i, s)| chars.get(at + i) == Some(&s)));
            match sign {
                Some(sign) => Ok((Token::Sign(sign), at + sign.len())),
                // Half a sign takes what stands in the place of the other half with it.
                None => Err(unknown(chars, at, at + if "=&|".contains(c) { 2 } else { 1 })),
            }
        };
        match found {
            Ok((token, end)) => {
                out.push(Placed { at, token, text: chars[at..end].iter().collect() });
                at = end;
            }
            Err((issue, end)) => {
                issues.push(issue);
                at = end;
            }
        }
    }
    out.push(Placed { at: chars.len(), token: Token::End, text: "<EOF>".to_owned() });
    (out, issues)
}

/// What is no token, and where it ends.
fn unknown(chars: &[char], start: usize, end: usize) -> (Issue, usize) {
    let end = end.min(chars.len());
    let text: String = chars[start..end].iter().collect();
    (Issue::new(start, format!("Syntax error: token recognition error at: '{text}'")), end)
}

/// A token and where it ends, or what is wrong and where to go on.
type Found = Result<(Token, usize), (Issue, usize)>;

fn number(chars: &[char], start: usize) -> Result<(Token, usize), Issue> {
    let digits = |mut at: usize, hex: bool| {
        while chars.get(at).is_some_and(|c| if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() }) {
            at += 1;
        }
        at
    };
    let hex = chars[start] == '0' && matches!(chars.get(start + 1), Some('x' | 'X'));
    let mut end = if hex { digits(start + 2, true) } else { digits(start, false) };
    let mut float = false;
    if !hex && chars.get(end) == Some(&'.') && chars.get(end + 1).is_some_and(char::is_ascii_digit) {
        float = true;
        end = digits(end + 1, false);
    }
    if !hex && matches!(chars.get(end), Some('e' | 'E')) {
        let sign = usize::from(matches!(chars.get(end + 1), Some('+' | '-')));
        if chars.get(end + 1 + sign).is_some_and(char::is_ascii_digit) {
            float = true;
            end = digits(end + 1 + sign, false);
        }
    }
    let text: String = chars[start..end].iter().collect();
    if float {
        let value = text.parse().map_err(|_| Issue::new(start, "invalid double literal"))?;
        return Ok((Token::Double(value), end));
    }
    let (body, radix) = if hex { (&text[2..], 16) } else { (text.as_str(), 10) };
    let value = u64::from_str_radix(body, radix);
    if matches!(chars.get(end), Some('u' | 'U')) {
        let value = value.map_err(|_| Issue::new(start, "invalid uint literal"))?;
        return Ok((Token::Uint(value), end + 1));
    }
    match value {
        Ok(value) if value == 1 << 63 => Ok((Token::IntBeyond, end)),
        Ok(value) => match i64::try_from(value) {
            Ok(value) => Ok((Token::Int(value), end)),
            Err(_) => Err(Issue::new(start, "invalid int literal")),
        },
        Err(_) => Err(Issue::new(start, "invalid int literal")),
    }
}

/// A text or bytes: in single or double quotes, one or three of them, raw with `r`, bytes with `b`.
fn quoted(chars: &[char], start: usize) -> Option<Found> {
    let mut at = start;
    let (mut raw, mut bytes) = (false, false);
    while let Some(c) = chars.get(at) {
        match c {
            'r' | 'R' if !raw => raw = true,
            'b' | 'B' if !bytes => bytes = true,
            _ => break,
        }
        at += 1;
    }
    let Some(quote @ ('"' | '\'')) = chars.get(at).copied() else { return None };
    let triple = chars.get(at + 1) == Some(&quote) && chars.get(at + 2) == Some(&quote);
    let width = if triple { 3 } else { 1 };
    at += width;
    let mut text = String::new();
    let mut octets = Vec::new();
    loop {
        let Some(c) = chars.get(at).copied() else {
            return Some(Err(unknown(chars, start, chars.len())));
        };
        if c == quote && (!triple || (chars.get(at + 1) == Some(&quote) && chars.get(at + 2) == Some(&quote)))
        {
            at += width;
            break;
        }
        if c == '\n' && !triple {
            return Some(Err(unknown(chars, start, at + 1)));
        }
        if c == '\\' && !raw {
            let Some((unescaped, octet, used)) = escape(&chars[at + 1..]) else {
                return Some(Err(unknown(chars, start, at + 2)));
            };
            text.push(unescaped);
            match octet {
                Some(octet) if bytes => octets.push(octet),
                _ => octets.extend(unescaped.to_string().as_bytes()),
            }
            at += 1 + used;
        } else {
            text.push(c);
            octets.extend(c.to_string().as_bytes());
            at += 1;
        }
    }
    Some(Ok((if bytes { Token::Bytes(octets) } else { Token::Text(text) }, at)))
}

/// What a backslash and the characters behind it stand for: a character, the octet for bytes, how many were used.
fn escape(rest: &[char]) -> Option<(char, Option<u8>, usize)> {
    let code = |from: usize, digits: usize, radix: u32| -> Option<u32> {
        let text: String = rest.get(from..from + digits)?.iter().collect();
        u32::from_str_radix(&text, radix).ok()
    };
    let simple = |c: char| Some((c, None, 1));
    match rest.first()? {
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        c @ ('\\' | '\'' | '"' | '`' | '?') => simple(*c),
        'x' | 'X' => {
            let value = code(1, 2, 16)?;
            Some((char::from_u32(value)?, u8::try_from(value).ok(), 3))
        }
        'u' => Some((char::from_u32(code(1, 4, 16)?)?, None, 5)),
        'U' => Some((char::from_u32(code(1, 8, 16)?)?, None, 9)),
        '0'..='3' => {
            let value = code(0, 3, 8)?;
            Some((char::from_u32(value)?, u8::try_from(value).ok(), 3))
        }
        _ => None,
    }
}
