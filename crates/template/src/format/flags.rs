//! Single values under the flags of a verb: padding, sign, base, precision.

use super::{float, quote};
use crate::unicode;

/// What stands between the percent sign and the verb.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flags {
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<usize>,
    pub(crate) minus: bool,
    pub(crate) plus: bool,
    pub(crate) sharp: bool,
    pub(crate) space: bool,
    pub(crate) zero: bool,
    /// `%+v`: structs with the names of their fields.
    pub(crate) plus_v: bool,
    /// `%#v`: Go syntax.
    pub(crate) sharp_v: bool,
}

pub(crate) const LOWER: &[u8; 17] = b"0123456789abcdefx";
pub(crate) const UPPER: &[u8; 17] = b"0123456789ABCDEFX";

impl Flags {
    fn write_padding(&self, out: &mut Vec<u8>, count: usize) {
        // Zeros go to the left only.
        let byte = if self.zero && !self.minus { b'0' } else { b' ' };
        out.extend(std::iter::repeat_n(byte, count));
    }

    /// Writes a text, padded to the width.
    pub(crate) fn pad(&self, out: &mut Vec<u8>, text: &[u8]) {
        let missing = self.width.unwrap_or(0).saturating_sub(quote::rune_count(text));
        if self.minus {
            out.extend_from_slice(text);
            self.write_padding(out, missing);
        } else {
            self.write_padding(out, missing);
            out.extend_from_slice(text);
        }
    }

    fn without_zero(self) -> Self {
        Self { zero: false, ..self }
    }

    fn truncated<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let Some(limit) = self.precision else {
            return text;
        };
        let mut end = 0;
        for _ in 0..limit {
            match quote::decode(&text[end..]) {
                Some((_, width)) => end += width,
                None => break,
            }
        }
        &text[..end]
    }

    /// `%s`
    pub(crate) fn string(&self, out: &mut Vec<u8>, text: &[u8]) {
        self.pad(out, self.truncated(text));
    }

    /// `%q` of a string.
    pub(crate) fn quoted(&self, out: &mut Vec<u8>, text: &[u8]) {
        let text = self.truncated(text);
        if self.sharp && quote::can_backquote(text) {
            self.pad(out, &[b"`", text, b"`"].concat());
        } else {
            self.pad(out, quote::quoted_with(text, '"', self.plus).as_bytes());
        }
    }

    /// `%x` of a string.
    pub(crate) fn hexadecimal(&self, out: &mut Vec<u8>, text: &[u8], digits: &[u8; 17]) {
        let text = &text[..self.precision.unwrap_or(text.len()).min(text.len())];
        if text.is_empty() {
            self.write_padding(out, self.width.unwrap_or(0));
            return;
        }
        let prefix = [b'0', digits[16]];
        let mut body = Vec::with_capacity(text.len() * 2 + 2);
        for (index, byte) in text.iter().enumerate() {
            if index > 0 && self.space {
                body.push(b' ');
            }
            if self.sharp && (index == 0 || self.space) {
                body.extend_from_slice(&prefix);
            }
            body.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        self.pad(out, &body);
    }

    /// An integer in a base of 2, 8, 10 or 16.
    pub(crate) fn integer(&self, out: &mut Vec<u8>, negative: bool, magnitude: u64, base: u64, verb: char) {
        let digits = if verb == 'X' { UPPER } else { LOWER };
        let mut precision = 0;
        if let Some(wanted) = self.precision {
            if wanted == 0 && magnitude == 0 {
                self.without_zero().write_padding(out, self.width.unwrap_or(0));
                return;
            }
            precision = wanted;
        } else if let (true, false, Some(width)) = (self.zero, self.minus, self.width) {
            precision = width.saturating_sub(usize::from(negative || self.plus || self.space));
        }
        let mut reversed = Vec::new();
        let mut rest = magnitude;
        while rest > 0 || reversed.is_empty() {
            reversed.push(digits[usize::try_from(rest % base).unwrap_or_default()]);
            rest /= base;
        }
        while reversed.len() < precision {
            reversed.push(b'0');
        }
        if self.sharp {
            match base {
                2 => reversed.extend(b"b0"),
                8 if reversed.last() != Some(&b'0') => reversed.push(b'0'),
                16 => reversed.extend([digits[16], b'0']),
                _ => {}
            }
        }
        if verb == 'O' {
            reversed.extend(b"o0");
        }
        if negative {
            reversed.push(b'-');
        } else if self.plus {
            reversed.push(b'+');
        } else if self.space {
            reversed.push(b' ');
        }
        reversed.reverse();
        self.without_zero().pad(out, &reversed);
    }

    /// `%U`
    pub(crate) fn code_point(&self, out: &mut Vec<u8>, value: u64) {
        let precision = self.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{value:0precision$X}");
        let character = u32::try_from(value).ok().and_then(char::from_u32);
        if let Some(c) = character.filter(|c| self.sharp && unicode::is_print(*c)) {
            text.push_str(&format!(" '{c}'"));
        }
        self.without_zero().pad(out, text.as_bytes());
    }

    /// `%c`, or `%q` of a number.
    pub(crate) fn character(&self, out: &mut Vec<u8>, value: u64, as_constant: bool) {
        let c = u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        let text = c.to_string();
        if as_constant {
            self.pad(out, quote::quoted_with(text.as_bytes(), '\'', self.plus).as_bytes());
        } else {
            self.pad(out, text.as_bytes());
        }
    }

    /// A float; the verb must be one of `b e E f g G x X`.
    pub(crate) fn float(&self, out: &mut Vec<u8>, value: f64, verb: char, default_precision: Option<usize>) {
        let precision = self.precision.or(default_precision);
        let text = float::format(value, verb, precision);
        let (mut sign, mut body) = match text.strip_prefix(['-', '+']) {
            Some(body) => (&text[..1], body.to_owned()),
            None => ("+", text.clone()),
        };
        if self.space && sign == "+" && !self.plus {
            sign = " ";
        }
        if !value.is_finite() {
            if value.is_nan() && !self.space && !self.plus {
                sign = "";
            }
            // Infinity keeps its sign even where a number would not.
            self.without_zero().pad(out, format!("{sign}{body}").as_bytes());
            return;
        }
        if self.sharp && verb != 'b' {
            body = with_point(&body, verb, precision);
        }
        if !self.plus && sign == "+" {
            self.pad(out, body.as_bytes());
            return;
        }
        let length = body.len() + 1;
        match self.width {
            Some(width) if self.zero && !self.minus && width > length => {
                out.extend_from_slice(sign.as_bytes());
                self.write_padding(out, width - length);
                out.extend_from_slice(body.as_bytes());
            }
            _ => self.pad(out, format!("{sign}{body}").as_bytes()),
        }
    }
}

/// The sharp flag: always a point, and the zeros at the end that the verb would leave out.
fn with_point(body: &str, verb: char, precision: Option<usize>) -> String {
    let wanted = match verb {
        'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let exponent = if matches!(verb, 'x' | 'X') { ['p', 'P'] } else { ['e', 'E'] };
    let split = body.find(exponent).unwrap_or(body.len());
    let (number, tail) = body.split_at(split);
    let mut significant = number.chars().filter(|c| *c != '.').skip_while(|c| *c == '0').count();
    let mut out = number.to_owned();
    if !number.contains('.') {
        significant += usize::from(number == "0");
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', wanted.saturating_sub(significant)));
    out + tail
}
