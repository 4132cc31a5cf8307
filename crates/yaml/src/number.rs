//! Numbers as Go reads and writes them.

/// A number of a YAML or JSON text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Fits a signed 64-bit integer.
    Int(i64),
    /// Larger than that, and fits an unsigned one.
    Uint(u64),
    /// Everything else.
    Float(f64),
}

/// Reads an integer as Go's `strconv.ParseInt(text, 0, 64)` and then `ParseUint` do: the prefixes `0b`, `0o`, `0x`,
/// and a leading `0` for octal. `text` has no underscores.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0x") => (16, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    based(negative, text.starts_with('+'), digits, radix)
}

fn based(negative: bool, plus: bool, digits: &str, radix: u32) -> Option<Number> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return match size {
            0x8000_0000_0000_0000 => Some(Number::Int(i64::MIN)),
            _ => i64::try_from(size).ok().map(|size| Number::Int(-size)),
        };
    }
    match i64::try_from(size) {
        Ok(size) => Some(Number::Int(size)),
        // ParseUint takes no sign.
        Err(_) if plus => None,
        Err(_) => Some(Number::Uint(size)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    let digits = |rest: &mut &[u8]| {
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        *rest = &rest[count..];
        count
    };
    let whole = digits(&mut rest);
    if rest.first() == Some(&b'.') {
        rest = &rest[1..];
        if digits(&mut rest) == 0 && whole == 0 {
            return false;
        }
    } else if whole == 0 {
        return false;
    }
    if let Some(b'e' | b'E') = rest.first() {
        rest = &rest[1..];
        if let Some(b'-' | b'+') = rest.first() {
            rest = &rest[1..];
        }
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

fn float(text: &str) -> Option<f64> {
    // A number too large for a float is an error in Go, and so no number.
    if is_decimal(text) { text.parse::<f64>().ok().filter(|number| number.is_finite()) } else { None }
}

/// Reads a plain scalar that begins with a digit, a sign or a dot, as both go-yaml versions do.
pub(crate) fn parse(text: &str) -> Option<Number> {
    if text.starts_with('.') {
        return float(text).map(Number::Float);
    }
    let cleaned;
    let plain = if text.contains('_') {
        cleaned = text.replace('_', "");
        cleaned.as_str()
    } else {
        text
    };
    if let Some(number) = integer(plain) {
        return Some(number);
    }
    if let Some(number) = float(plain) {
        return Some(Number::Float(number));
    }
    // A second sign behind the prefix is a number to go-yaml, which parses the rest by itself.
    let (negative, rest) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain),
    };
    let radix = match rest.get(..2)? {
        "0b" => 2,
        "0o" => 8,
        _ => return None,
    };
    let digits = &rest[2..];
    match digits.as_bytes().first()? {
        b'-' if !negative => based(true, false, &digits[1..], radix),
        b'+' if !negative => based(false, true, &digits[1..], radix),
        _ => None,
    }
}

/// Shortest digits that read back to the same float, and the place of the point behind the first digit.
fn shortest(number: f64) -> (String, i32) {
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn plain_decimal(digits: &str, exponent: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if exponent < 0 {
        let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
        format!("0.{}{digits}", "0".repeat(zeros))
    } else if exponent + 1 >= count {
        let zeros = usize::try_from(exponent + 1 - count).unwrap_or(0);
        format!("{digits}{}", "0".repeat(zeros))
    } else {
        let point = usize::try_from(exponent + 1).unwrap_or(0);
        format!("{}.{}", &digits[..point], &digits[point..])
    }
}

fn scientific(digits: &str, exponent: i32, pad: bool) -> String {
    let point = if digits.len() > 1 { "." } else { "" };
    let sign = if exponent < 0 { '-' } else { '+' };
    let width = if pad { 2 } else { 1 };
    format!("{}{point}{}e{sign}{:0width$}", &digits[..1], &digits[1..], exponent.abs())
}

/// Go's `FormatFloat(number, 'g', -1, 64)`: with an exponent where that is below -4 or above 5.
pub fn go_float(number: f64) -> String {
    let (digits, exponent) = shortest(number);
    let body = if !(-4..6).contains(&exponent) {
        scientific(&digits, exponent, true)
    } else {
        plain_decimal(&digits, exponent)
    };
    if number.is_sign_negative() { format!("-{body}") } else { body }
}

/// A float as Go's `encoding/json` writes it. Infinities and NaN have no JSON form: `None`.
pub fn json_float(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let (digits, exponent) = shortest(number);
    let body = if number != 0.0 && !(-6..21).contains(&exponent) {
        scientific(&digits, exponent, exponent >= 0)
    } else {
        plain_decimal(&digits, exponent)
    };
    Some(if number.is_sign_negative() { format!("-{body}") } else { body })
}

impl Number {
    /// As JSON text; `None` for what JSON can't say.
    pub fn to_json(self) -> Option<String> {
        match self {
            Self::Int(number) => Some(number.to_string()),
            Self::Uint(number) => Some(number.to_string()),
            Self::Float(number) => json_float(number),
        }
    }

    /// As `sigs.k8s.io/yaml` writes it: through its JSON text, in which a whole float has lost its point.
    pub fn to_yaml(self) -> Option<String> {
        match self {
            Self::Float(number) => Some(match parse(&json_float(number)?)? {
                Self::Float(number) => go_float(number),
                Self::Int(number) => number.to_string(),
                Self::Uint(number) => number.to_string(),
            }),
            _ => self.to_json(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written_as_go_does() {
        for (text, json, yaml) in [
            ("0", "0", "0"),
            ("010", "8", "8"),
            ("08", "8", "8"),
            ("0o10", "8", "8"),
            ("0b11", "3", "3"),
            ("0x1F", "31", "31"),
            ("1_000", "1000", "1000"),
            ("+1", "1", "1"),
            ("-0", "0", "0"),
            ("-0x10", "-16", "-16"),
            ("0b-1", "-1", "-1"),
            ("12345678901234567", "12345678901234567", "12345678901234567"),
            ("18446744073709551615", "18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709552000", "1.8446744073709552e+19"),
            ("-9223372036854775808", "-9223372036854775808", "-9223372036854775808"),
            ("1.0", "1", "1"),
            ("1e3", "1000", "1000"),
            ("100000000.0", "100000000", "100000000"),
            ("1e20", "100000000000000000000", "1e+20"),
            ("1e21", "1e+21", "1e+21"),
            ("999999.5", "999999.5", "999999.5"),
            ("1000000.5", "1000000.5", "1.0000005e+06"),
            ("123456789.123", "123456789.123", "1.23456789123e+08"),
            ("0.0001", "0.0001", "0.0001"),
            ("0.00001", "0.00001", "1e-05"),
            ("0.0000001", "1e-7", "1e-07"),
            ("-.5", "-0.5", "-0.5"),
            (".5e3", "500", "500"),
            ("-0.0", "-0", "0"),
        ] {
            let number = parse(text).unwrap_or_else(|| panic!("{text} is no number"));
            assert_eq!(number.to_json().as_deref(), Some(json), "JSON of {text}");
            assert_eq!(number.to_yaml().as_deref(), Some(yaml), "YAML of {text}");
        }
    }

    #[test]
    fn these_are_no_numbers() {
        for text in
            ["1e400", ".", "-", "+", "0x", "1.2.3", "12:30", "1a", "--1", "0b2", ".e5", "0xg", "1 2", "._5"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
