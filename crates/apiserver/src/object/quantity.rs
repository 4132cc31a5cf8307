//! Quantities: numbers with a unit, as in `500m` and `1Gi`.

/// What Go says of a text that is no quantity.
pub(crate) const MALFORMED: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// A quantity in thousandths of a billionth (10⁻⁹), which is the finest that the API keeps; `None` where the text is none.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (digits, suffix) = rest.split_at(end);
    if digits.is_empty() || digits == "." || digits.matches('.').count() > 1 || digits.len() > 30 {
        return None;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let (mut scaled, exponent) = match suffix {
        "Ki" => (mantissa << 10, 0),
        "Mi" => (mantissa << 20, 0),
        "Gi" => (mantissa << 30, 0),
        "Ti" => (mantissa << 40, 0),
        "Pi" => (mantissa.checked_mul(1 << 50)?, 0),
        "Ei" => (mantissa.checked_mul(1 << 60)?, 0),
        "n" => (mantissa, -9),
        "u" => (mantissa, -6),
        "m" => (mantissa, -3),
        "" => (mantissa, 0),
        "k" => (mantissa, 3),
        "M" => (mantissa, 6),
        "G" => (mantissa, 9),
        "T" => (mantissa, 12),
        "P" => (mantissa, 15),
        "E" => (mantissa, 18),
        other => (mantissa, other.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?),
    };
    let shift = exponent + 9 - i32::try_from(fraction.len()).ok()?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    scaled = if shift >= 0 { scaled.checked_mul(power)? } else { scaled.div_euclid(power) };
    Some(if negative { -scaled } else { scaled })
}

/// In which of its three forms a quantity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Binary,
    Decimal,
    Scientific,
}

fn is_binary(text: &str) -> bool {
    text.ends_with('i')
}

/// The form in which Go writes a quantity again: an unbroken mantissa with the largest unit that keeps it whole.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let value = parse(text)?;
    Some(write(
        value,
        if is_binary(text) {
            Form::Binary
        } else if text.contains(['e', 'E']) && !text.ends_with('E') {
            Form::Scientific
        } else {
            Form::Decimal
        },
    ))
}

/// The sum of quantities, in the form of the first; those that cannot be read count nothing.
pub(crate) fn sum<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let (mut total, mut form) = (0, None);
    for text in texts {
        total += parse(text).unwrap_or_default();
        form = form.or(Some(if is_binary(text) { Form::Binary } else { Form::Decimal }));
    }
    write(total, form.unwrap_or(Form::Decimal))
}

fn write(value: i128, form: Form) -> String {
    if value == 0 {
        return "0".to_owned();
    }
    if form == Form::Binary && value % 1_000_000_000 == 0 {
        let whole = value / 1_000_000_000;
        let mut units = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter();
        let (mut number, mut unit) = (whole, "");
        for next in units.by_ref() {
            if number % 1024 != 0 {
                break;
            }
            number /= 1024;
            unit = next;
        }
        return format!("{number}{unit}");
    }
    let (mut number, mut exponent) = (value, -9);
    while number % 1000 == 0 && exponent < 18 {
        number /= 1000;
        exponent += 3;
    }
    if form == Form::Scientific {
        return if exponent == 0 { number.to_string() } else { format!("{number}e{exponent}") };
    }
    let unit = match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        0 => "",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        _ => "E",
    };
    format!("{number}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_as_go_writes_them() {
        let cases = [
            ("1", "1"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1Gi", "1Gi"),
            ("1500Mi", "1500Mi"),
            ("0.5Gi", "512Mi"),
            ("1000", "1k"),
            ("1e3", "1e3"),
            ("100u", "100u"),
            ("0", "0"),
            ("-1", "-1"),
        ];
        for (text, expect) in cases {
            assert_eq!(canonical(text).as_deref(), Some(expect), "{text}");
        }
        for text in ["", "x", "1x", ".", "1.2.3", "--1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
