//! `'%s is %d'.format([…])`.

use super::convert;
use super::value::Val;

/// How many digits stand behind the point where nothing is said.
const DIGITS: usize = 6;

/// Fills the gaps of a text.
pub(super) fn format(text: &str, values: &[Val<'_>]) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let given = values.len();
    let mut values = values.iter();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut clause = rest.next();
        if clause == Some('%') {
            out.push('%');
            continue;
        }
        let Some(value) = values.next() else { return Err(format!("index {given} out of range")) };
        let mut digits = DIGITS;
        if clause == Some('.') {
            let written: String = rest.clone().take_while(char::is_ascii_digit).collect();
            let within = "could not parse formatting clause: error while parsing precision";
            digits = written.parse().map_err(|_| {
                format!("{within}: error while converting precision to integer: strconv.Atoi: parsing {written:?}: invalid syntax")
            })?;
            // More digits than a float has say nothing.
            digits = digits.min(400);
            clause = rest.nth(written.len());
        }
        let Some(clause) = clause else { return Err("unexpected end of string".to_owned()) };
        let filled = fill(clause, digits, value).map_err(|error| match error {
            Wrong::Clause => {
                format!("could not parse formatting clause: unrecognized formatting clause \"{clause}\"")
            }
            Wrong::Value(wants) => {
                format!("error during formatting: {wants}, was given {}", value.type_name())
            }
        })?;
        out.push_str(&filled);
    }
    Ok(out)
}

enum Wrong {
    Clause,
    Value(&'static str),
}

fn fill(clause: char, digits: usize, value: &Val<'_>) -> Result<String, Wrong> {
    Ok(match (clause, value) {
        ('s', value) => shown(value).ok_or(Wrong::Value(
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
        ))?,
        ('d', Val::Int(value)) => value.to_string(),
        ('d', Val::Uint(value)) => value.to_string(),
        ('d', _) => return Err(Wrong::Value("decimal clause can only be used on integers")),
        ('f', Val::Double(value)) if value.is_finite() => grouped(&format!("{value:.digits$}")),
        ('e', Val::Double(value)) if value.is_finite() => scientific(*value, digits),
        ('f' | 'e', Val::Double(value)) => not_finite(*value),
        ('f' | 'e', Val::Text(text)) if matches!(text.as_ref(), "NaN" | "Infinity" | "-Infinity") => {
            text.replace("Infinity", "∞")
        }
        ('f', _) => return Err(Wrong::Value("fixed-point clause can only be used on doubles")),
        ('e', _) => return Err(Wrong::Value("scientific clause can only be used on doubles")),
        ('b', Val::Int(value)) => signed(*value, |size| format!("{size:b}")),
        ('b', Val::Uint(value)) => format!("{value:b}"),
        ('b', Val::Bool(value)) => u8::from(*value).to_string(),
        ('b', _) => return Err(Wrong::Value("only integers and bools can be formatted as binary")),
        ('o', Val::Int(value)) => signed(*value, |size| format!("{size:o}")),
        ('o', Val::Uint(value)) => format!("{value:o}"),
        ('o', _) => return Err(Wrong::Value("octal clause can only be used on integers")),
        ('x' | 'X', value) => {
            let small = match value {
                Val::Int(value) => signed(*value, |size| format!("{size:x}")),
                Val::Uint(value) => format!("{value:x}"),
                Val::Text(text) => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
                Val::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                _ => {
                    let wants = "only integers, byte buffers, and strings can be formatted as hex";
                    return Err(Wrong::Value(wants));
                }
            };
            if clause == 'X' { small.to_ascii_uppercase() } else { small }
        }
        _ => return Err(Wrong::Clause),
    })
}

fn signed(value: i64, digits: impl Fn(u64) -> String) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", digits(value.unsigned_abs()))
}

fn not_finite(value: f64) -> String {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "∞"
    } else {
        "-∞"
    }
    .to_owned()
}

/// Thousands apart, as English writes them.
fn grouped(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
    let (whole, fraction) = text.find('.').map_or((text, ""), |at| text.split_at(at));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// With a power of ten, as English writes it.
fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    let (number, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(("", power), |power| ("⁻", power));
    let raised: String = power
        .chars()
        .map(|digit| match digit {
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0' => '⁰',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            _ => '⁹',
        })
        .collect();
    format!("{number}\u{202f}×\u{202f}10{sign}{}{raised}", if power.len() < 2 { "⁰" } else { "" })
}

/// A value as text; none for what has no such form.
fn shown(value: &Val<'_>) -> Option<String> {
    if let Some(elements) = value.elements() {
        let shown: Option<Vec<String>> = elements.iter().map(nested).collect();
        return Some(format!("[{}]", shown?.join(", ")));
    }
    if let Some(keys) = value.keys() {
        let mut entries = Vec::with_capacity(keys.len());
        for key in keys {
            entries.push(format!("{}:{}", nested(&key)?, nested(&value.at_key(&key)?)?));
        }
        entries.sort();
        return Some(format!("{{{}}}", entries.join(", ")));
    }
    match value {
        Val::Null => Some("null".to_owned()),
        Val::Type(name) => Some((*name).to_owned()),
        Val::Quantity(_) | Val::Optional(_) | Val::Special(_) => None,
        other => match convert::to_text(other) {
            Ok(Val::Text(text)) => Some(text.into_owned()),
            _ => None,
        },
    }
}

/// A value within a list or map: texts in quotes.
fn nested(value: &Val<'_>) -> Option<String> {
    let plain = shown(value)?;
    Some(match value {
        Val::Text(_) => crate::go_text::quoted(&plain),
        Val::Bytes(_) => format!("b{}", crate::go_text::quoted(&plain)),
        Val::Double(value) if !value.is_finite() => crate::go_text::quoted(&plain),
        _ => plain,
    })
}
