//! Literals as Go reads them: quoted text, characters, and numbers with every meaning they may have.

/// A numeric constant under every type that can hold it. A template has ideal constants as Go has: the place decides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    /// As written.
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) unsigned: Option<u64>,
    pub(crate) float: Option<f64>,
    /// Real and imaginary part.
    pub(crate) complex: Option<(f64, f64)>,
}

impl Number {
    fn of(text: &str) -> Self {
        Self { text: text.to_owned(), int: None, unsigned: None, float: None, complex: None }
    }

    /// Reads a character constant with its quotes; it is a number in a template.
    pub(crate) fn character(text: &str) -> Result<Self, String> {
        let malformed = || format!("malformed character constant: {text}");
        let body = &text[1..];
        if body.starts_with('\'') || body.is_empty() {
            return Err("invalid syntax".to_owned());
        }
        let mut bytes = Vec::new();
        let (c, rest) = unquote_character(body, '\'', &mut bytes).ok_or("invalid syntax")?;
        if rest != "'" {
            return Err(malformed());
        }
        let value = i64::from(c);
        Ok(Self {
            int: Some(value),
            unsigned: Some(u64::from(c)),
            float: Some(value as f64),
            ..Self::of(text)
        })
    }

    /// Reads `1+2i`.
    pub(crate) fn complex(text: &str) -> Result<Self, String> {
        let split = text
            .char_indices()
            .skip(1)
            .filter(|(index, c)| matches!(c, '+' | '-') && !ends_in_exponent(text, *index))
            .last()
            .map(|(index, _)| index);
        let parts = split.and_then(|index| {
            let real = parse_float(&text[..index])?;
            let imaginary = parse_float(text[index..].strip_suffix('i')?)?;
            Some((real, imaginary))
        });
        let (real, imaginary) = parts.ok_or("syntax error scanning complex number")?;
        Ok(Self::simplified(text, real, imaginary))
    }

    /// Reads an integer, a float or an imaginary constant.
    pub(crate) fn plain(text: &str) -> Result<Self, String> {
        if let Some(imaginary) = text.strip_suffix('i').and_then(parse_float) {
            return Ok(Self::simplified(text, 0.0, imaginary));
        }
        let mut number = Self::of(text);
        number.unsigned = parse_unsigned(text);
        number.int = parse_int(text);
        if number.int == Some(0) && number.unsigned.is_none() {
            number.unsigned = Some(0);
        }
        if let Some(int) = number.int {
            number.float = Some(int as f64);
        } else if let Some(unsigned) = number.unsigned {
            number.float = Some(unsigned as f64);
        } else if let Some(float) = parse_float(text) {
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", crate::format::quote::quoted(text.as_bytes())));
            }
            number.float = Some(float);
            number.take_integral(float);
        }
        if number.int.is_none() && number.unsigned.is_none() && number.float.is_none() {
            return Err(format!("illegal number syntax: {}", crate::format::quote::quoted(text.as_bytes())));
        }
        Ok(number)
    }

    fn simplified(text: &str, real: f64, imaginary: f64) -> Self {
        let mut number = Self { complex: Some((real, imaginary)), ..Self::of(text) };
        if imaginary == 0.0 {
            number.float = Some(real);
            number.take_integral(real);
        }
        number
    }

    /// A float without a fraction can stand where an integer is wanted.
    fn take_integral(&mut self, float: f64) {
        if float as i64 as f64 == float && self.int.is_none() {
            self.int = Some(float as i64);
        }
        if float as u64 as f64 == float && self.unsigned.is_none() {
            self.unsigned = Some(float as u64);
        }
    }

    /// Whether the text says that this is a float even if its value is integral.
    pub(crate) fn is_written_as_float(&self) -> bool {
        let hexadecimal = self.text.len() > 2
            && self.text.starts_with("0x") | self.text.starts_with("0X")
            && !self.text.contains(['p', 'P']);
        self.float.is_some()
            && !hexadecimal
            && !self.text.starts_with('\'')
            && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

fn ends_in_exponent(text: &str, index: usize) -> bool {
    text[..index].ends_with(['e', 'E', 'p', 'P'])
}

/// Undoes Go's quoting of a string in double quotes or backquotes. None where the syntax is wrong.
pub(crate) fn unquote(text: &str) -> Option<Vec<u8>> {
    let quote = text.chars().next()?;
    let body = text.get(1..)?.strip_suffix(quote)?;
    if quote == '`' {
        return Some(body.bytes().filter(|byte| *byte != b'\r').collect());
    }
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        if rest.starts_with(['"', '\n']) {
            return None;
        }
        (_, rest) = unquote_character(rest, quote, &mut out)?;
    }
    Some(out)
}

/// Takes one character or escape off the front, appends its bytes, and gives its number and what follows.
fn unquote_character<'t>(text: &'t str, quote: char, out: &mut Vec<u8>) -> Option<(u32, &'t str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    if first != '\\' {
        push(out, first);
        return Some((u32::from(first), characters.as_str()));
    }
    let escape = characters.next()?;
    let rest = characters.as_str();
    let simple = match escape {
        'a' => Some(7),
        'b' => Some(8),
        'f' => Some(12),
        'n' => Some(10),
        'r' => Some(13),
        't' => Some(9),
        'v' => Some(11),
        '\\' => Some(b'\\'),
        '\'' | '"' if escape == quote => Some(escape as u8),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return Some((u32::from(byte), rest));
    }
    let (digits, radix) = match escape {
        'x' => (rest.get(..2)?, 16),
        'u' => (rest.get(..4)?, 16),
        'U' => (rest.get(..8)?, 16),
        '0'..='7' => (text.get(1..4)?, 8),
        _ => return None,
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = u32::from_str_radix(digits, radix).ok()?;
    let rest = if radix == 8 { &text[4..] } else { &rest[digits.len()..] };
    match escape {
        'u' | 'U' => push(out, char::from_u32(value)?),
        _ => out.push(u8::try_from(value).ok()?),
    }
    Some((value, rest))
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Splits a Go integer literal into its base and digits; underscores are allowed only where Go allows them.
fn integer_parts(text: &str) -> Option<(u32, String)> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = if let Some(digits) = lower.strip_prefix("0x") {
        (16, digits)
    } else if let Some(digits) = lower.strip_prefix("0b") {
        (2, digits)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (8, digits)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, &lower[..])
    };
    underscores_are_right(&lower).then(|| (radix, digits.replace('_', "")))
}

/// An underscore must stand between digits, or between a base prefix and a digit.
fn underscores_are_right(text: &str) -> bool {
    let bytes = text.as_bytes();
    let prefixed = text.len() >= 2 && matches!(&bytes[..2], b"0x" | b"0b" | b"0o");
    let start = if prefixed { 2 } else { 0 };
    bytes.iter().enumerate().skip(start).all(|(index, byte)| {
        *byte != b'_' || {
            let before = index > 0 && (bytes[index - 1].is_ascii_hexdigit() || prefixed && index == start);
            let after = bytes.get(index + 1).is_some_and(u8::is_ascii_hexdigit);
            before && after
        }
    })
}

/// Go's `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_unsigned(text: &str) -> Option<u64> {
    let (radix, digits) = integer_parts(text)?;
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

/// Go's `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = i128::from(parse_unsigned(magnitude)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Go's `strconv.ParseFloat(text, 64)`, for values in range: decimal, hexadecimal with exponent, infinity, NaN.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    let negative = text.starts_with('-');
    let sign = |value: f64| if negative { -value } else { value };
    match lower.as_str() {
        "inf" | "infinity" => return Some(sign(f64::INFINITY)),
        "nan" => return Some(f64::NAN),
        _ => {}
    }
    if let Some(hexadecimal) = lower.strip_prefix("0x") {
        return parse_hexadecimal_float(hexadecimal).map(sign);
    }
    let lower = if underscores_are_right(&lower) { lower.replace('_', "") } else { lower };
    if lower.is_empty() || !lower.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'))
    {
        return None;
    }
    let value: f64 = lower.parse().ok()?;
    value.is_finite().then(|| sign(value))
}

fn parse_hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0_f64;
    let mut any = false;
    for c in whole.chars().chain(fraction.chars()).filter(|c| *c != '_') {
        value = value.mul_add(16.0, f64::from(c.to_digit(16)?));
        any = true;
    }
    let digits = fraction.chars().filter(|c| *c != '_').count();
    let scale = exponent.checked_sub(i32::try_from(digits).ok()?.checked_mul(4)?)?;
    let value = value * 2.0_f64.powi(scale);
    (any && value.is_finite()).then_some(value)
}
