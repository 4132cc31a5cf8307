//! Floats as Go's `strconv.FormatFloat` writes them.

/// The decimal digits of a positive float and the place of its point: `0.d₁d₂… × 10^point`.
struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

impl Decimal {
    /// The fewest digits that read back as the same float.
    fn shortest(value: f64) -> Self {
        Self::from_scientific(&format!("{value:e}"))
    }

    /// Exactly so many digits, rounded to even.
    fn rounded(value: f64, digits: usize) -> Self {
        Self::from_scientific(&format!("{value:.*e}", digits.saturating_sub(1)))
    }

    fn from_scientific(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        let exponent: i32 = exponent.parse().unwrap_or_default();
        if digits.iter().all(|digit| *digit == b'0') {
            return Self { digits: Vec::new(), point: 0 };
        }
        Self { digits, point: exponent + 1 }
    }
}

/// Formats with a verb of `e E f g G x X b`. A negative number of digits is `None`: as many as are needed.
pub(crate) fn format(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return if sign.is_empty() { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let magnitude = value.abs();
    let body = match verb {
        'f' => match precision {
            Some(digits) => format!("{magnitude:.digits$}"),
            None => plain(&Decimal::shortest(magnitude), None),
        },
        'e' | 'E' => {
            let decimal = match precision {
                Some(digits) => Decimal::rounded(magnitude, digits + 1),
                None => Decimal::shortest(magnitude),
            };
            let shown = precision.unwrap_or_else(|| decimal.digits.len().saturating_sub(1));
            scientific(&decimal, shown, verb)
        }
        'g' | 'G' => general(magnitude, verb, precision),
        'b' => binary(magnitude),
        _ => hexadecimal(magnitude, verb, precision),
    };
    format!("{sign}{body}")
}

/// As few digits as tell a float of 32 bits from its neighbours, in Go's general form.
pub(crate) fn format_single(value: f32) -> String {
    if !value.is_finite() {
        return format(f64::from(value), 'g', None);
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let decimal = Decimal::from_scientific(&format!("{:e}", value.abs()));
    format!("{sign}{}", shortest_general(&decimal, 'g', 6))
}

fn general(magnitude: f64, verb: char, precision: Option<usize>) -> String {
    let mut decimal = match precision {
        Some(digits) => Decimal::rounded(magnitude, digits.max(1)),
        None => Decimal::shortest(magnitude),
    };
    let mut threshold = match precision {
        Some(digits) => i32::try_from(digits.max(1)).unwrap_or(i32::MAX),
        None => 6,
    };
    let count = i32::try_from(decimal.digits.len()).unwrap_or(i32::MAX);
    if precision.is_some() {
        if threshold > count && count >= decimal.point {
            threshold = count;
        }
        while decimal.digits.last() == Some(&b'0') {
            decimal.digits.pop();
        }
    }
    shortest_general(&decimal, verb, threshold)
}

/// Plain, or with an exponent where that is under -4 or reaches the threshold.
fn shortest_general(decimal: &Decimal, verb: char, threshold: i32) -> String {
    let exponent = decimal.point - 1;
    if !decimal.digits.is_empty() && (exponent < -4 || exponent >= threshold) {
        let letter = if verb == 'G' { 'E' } else { 'e' };
        return scientific(decimal, decimal.digits.len().saturating_sub(1), letter);
    }
    plain(decimal, None)
}

fn plain(decimal: &Decimal, fraction: Option<usize>) -> String {
    let digit = |index: i32| {
        usize::try_from(index)
            .ok()
            .and_then(|index| decimal.digits.get(index))
            .map_or('0', |byte| char::from(*byte))
    };
    let mut out = String::new();
    if decimal.point > 0 {
        (0..decimal.point).for_each(|index| out.push(digit(index)));
    } else {
        out.push('0');
    }
    let count = i32::try_from(decimal.digits.len()).unwrap_or(i32::MAX);
    let fraction = fraction.unwrap_or_else(|| usize::try_from(count - decimal.point).unwrap_or(0));
    if fraction > 0 && !decimal.digits.is_empty() {
        out.push('.');
        let end = decimal.point.saturating_add(i32::try_from(fraction).unwrap_or(i32::MAX));
        (decimal.point..end).for_each(|index| out.push(digit(index)));
    }
    out
}

fn scientific(decimal: &Decimal, fraction: usize, letter: char) -> String {
    let mut digits = decimal.digits.iter().map(|byte| char::from(*byte)).chain(std::iter::repeat('0'));
    let mut out = String::new();
    out.extend(digits.next());
    if fraction > 0 {
        out.push('.');
        out.extend(digits.take(fraction));
    }
    let exponent = if decimal.digits.is_empty() { 0 } else { decimal.point - 1 };
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("{letter}{sign}{:02}", exponent.unsigned_abs()));
    out
}

/// Mantissa with its leading bit, and the power of two of its last bit.
fn parts(magnitude: f64) -> (u64, i32) {
    let bits = magnitude.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or_default();
    let mantissa = bits & ((1 << 52) - 1);
    if exponent == 0 { (mantissa, -1074) } else { (mantissa | (1 << 52), exponent - 1075) }
}

fn binary(magnitude: f64) -> String {
    let (mantissa, exponent) = parts(magnitude);
    format!("{mantissa}p{exponent:+}")
}

fn hexadecimal(magnitude: f64, verb: char, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent) = parts(magnitude);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() - 11;
        mantissa <<= shift;
        exponent += 52 - i32::try_from(shift).unwrap_or_default();
    }
    // The leading bit stands at 52, so the fraction has thirteen digits.
    let mut digits = 13;
    if let Some(precision) = precision.filter(|precision| *precision < 13) {
        let dropped = 4 * (13 - precision);
        let half = 1_u64 << (dropped - 1);
        let rest = mantissa & ((1 << dropped) - 1);
        mantissa >>= dropped;
        if rest > half || rest == half && mantissa & 1 == 1 {
            mantissa += 1;
        }
        digits = precision;
        if mantissa >> (4 * digits) >= 2 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let lead = mantissa >> (4 * digits);
    let mut fraction = if digits > 0 {
        format!("{:0digits$x}", mantissa & ((1 << (4 * digits)) - 1))
    } else {
        String::new()
    };
    match precision {
        None => fraction.truncate(fraction.trim_end_matches('0').len()),
        Some(precision) => fraction.extend(std::iter::repeat_n('0', precision.saturating_sub(digits))),
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{lead}{point}{fraction}p{sign}{:02}", exponent.unsigned_abs());
    if verb == 'X' { text.to_uppercase() } else { text }
}
