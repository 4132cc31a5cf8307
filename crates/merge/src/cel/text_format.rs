//! `'%s is %d'.format([…])`.

use super::convert;
use super::types::Ty;
use super::value::Val;

/// How many digits stand behind the point where nothing is said.
const DIGITS: usize = 6;

/// Fills the gaps of a text.
pub(super) fn format(text: &str, values: &[Val<'_>]) -> Result<String, String> {
    let filled = walk(text, values.len(), |index, clause, digits| fill(clause, digits, &values[index]));
    filled
        .map(|(text, _)| text)
        .map_err(|mistake| mistake.message(|index| values[index].type_name().to_owned()))
}

/// Whether the gaps of a text can be filled with values of some types; if not, the value that does not fit, where it is
/// one value's fault, and what is wrong.
pub(super) fn check(text: &str, types: &[Ty<'_>]) -> Result<(), (Option<usize>, String)> {
    let accepts = |index: usize, clause: char, _| {
        let ty: &Ty<'_> = &types[index];
        let (fits, wants) = match clause {
            's' => (!matches!(ty, Ty::Object(_) | Ty::Quantity | Ty::Special(_) | Ty::Optional(_)), STRINGS),
            'd' => (matches!(ty, Ty::Int | Ty::Uint), INTEGERS),
            'o' => (matches!(ty, Ty::Int | Ty::Uint), OCTALS),
            'f' => (matches!(ty, Ty::Double | Ty::Text), FIXED),
            'e' => (matches!(ty, Ty::Double | Ty::Text), SCIENTIFIC),
            'b' => (matches!(ty, Ty::Int | Ty::Uint | Ty::Bool), BINARIES),
            'x' | 'X' => (matches!(ty, Ty::Int | Ty::Uint | Ty::Text | Ty::Bytes), HEXES),
            _ => return Err(Wrong::Clause),
        };
        if fits || ty.is_dyn() { Ok(String::new()) } else { Err(Wrong::Value(wants)) }
    };
    let name = |index: usize| match &types[index] {
        Ty::List(_) => "list".to_owned(),
        Ty::Map(..) => "map".to_owned(),
        Ty::Optional(_) => "optional_type".to_owned(),
        ty => ty.to_string(),
    };
    match walk(text, types.len(), accepts) {
        Ok((_, used)) if used < types.len() => {
            let count = types.len();
            Err((
                None,
                format!("too many arguments supplied to string.format (expected {used}, got {count})"),
            ))
        }
        Ok(_) => Ok(()),
        Err(mistake) => Err((mistake.value(), mistake.message(name))),
    }
}

/// What is wrong with a text or a value for one of its gaps.
enum Mistake {
    Text(String),
    Value(usize, &'static str),
}

impl Mistake {
    fn value(&self) -> Option<usize> {
        match self {
            Self::Text(_) => None,
            Self::Value(index, _) => Some(*index),
        }
    }

    fn message(self, name: impl Fn(usize) -> String) -> String {
        match self {
            Self::Text(message) => message,
            Self::Value(index, wants) => {
                format!("error during formatting: {wants}, was given {}", name(index))
            }
        }
    }
}

/// Goes through a text and its gaps; the filled text, and how many values were used.
fn walk(
    text: &str,
    given: usize,
    fill: impl Fn(usize, char, usize) -> Result<String, Wrong>,
) -> Result<(String, usize), Mistake> {
    let mut out = String::with_capacity(text.len());
    let mut used = 0;
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
        if used >= given {
            return Err(Mistake::Text(format!("index {used} out of range")));
        }
        let mut digits = DIGITS;
        if clause == Some('.') {
            let written: String = rest.clone().take_while(char::is_ascii_digit).collect();
            digits = written.parse().map_err(|_| {
                Mistake::Text(format!(
                    "could not parse formatting clause: error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing {written:?}: invalid syntax"
                ))
            })?;
            // More digits than a float has say nothing.
            digits = digits.min(400);
            clause = rest.nth(written.len());
        }
        let Some(clause) = clause else { return Err(Mistake::Text("unexpected end of string".to_owned())) };
        let filled = fill(used, clause, digits).map_err(|error| match error {
            Wrong::Clause => Mistake::Text(format!(
                "could not parse formatting clause: unrecognized formatting clause \"{clause}\""
            )),
            Wrong::Value(wants) => Mistake::Value(used, wants),
        })?;
        out.push_str(&filled);
        used += 1;
    }
    Ok((out, used))
}

const STRINGS: &str = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps";
const INTEGERS: &str = "decimal clause can only be used on integers";
const FIXED: &str = "fixed-point clause can only be used on doubles";
const SCIENTIFIC: &str = "scientific clause can only be used on doubles";
const BINARIES: &str = "only integers and bools can be formatted as binary";
const OCTALS: &str = "octal clause can only be used on integers";
const HEXES: &str = "only integers, byte buffers, and strings can be formatted as hex";

enum Wrong {
    Clause,
    Value(&'static str),
}

fn fill(clause: char, digits: usize, value: &Val<'_>) -> Result<String, Wrong> {
    Ok(match (clause, value) {
        ('s', value) => shown(value).ok_or(Wrong::Value(STRINGS))?,
        ('d', Val::Int(value)) => value.to_string(),
        ('d', Val::Uint(value)) => value.to_string(),
        ('d', _) => return Err(Wrong::Value(INTEGERS)),
        ('f', Val::Double(value)) if value.is_finite() => grouped(&format!("{value:.digits$}")),
        ('e', Val::Double(value)) if value.is_finite() => scientific(*value, digits),
        ('f' | 'e', Val::Double(value)) => not_finite(*value),
        ('f' | 'e', Val::Text(text)) if matches!(text.as_ref(), "NaN" | "Infinity" | "-Infinity") => {
            text.replace("Infinity", "∞")
        }
        ('f', _) => return Err(Wrong::Value(FIXED)),
        ('e', _) => return Err(Wrong::Value(SCIENTIFIC)),
        ('b', Val::Int(value)) => signed(*value, |size| format!("{size:b}")),
        ('b', Val::Uint(value)) => format!("{value:b}"),
        ('b', Val::Bool(value)) => u8::from(*value).to_string(),
        ('b', _) => return Err(Wrong::Value(BINARIES)),
        ('o', Val::Int(value)) => signed(*value, |size| format!("{size:o}")),
        ('o', Val::Uint(value)) => format!("{value:o}"),
        ('o', _) => return Err(Wrong::Value(OCTALS)),
        ('x' | 'X', value) => {
            let small = match value {
                Val::Int(value) => signed(*value, |size| format!("{size:x}")),
                Val::Uint(value) => format!("{value:x}"),
                Val::Text(text) => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
                Val::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                _ => return Err(Wrong::Value(HEXES)),
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
