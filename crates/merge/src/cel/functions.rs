//! The functions of the language and of Kubernetes' libraries.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::convert;
use super::eval::Variables;
use super::library;
use super::lists;
use super::quantity::Quantity;
use super::text_format;
use super::time::Parts;
use super::value::Val;

type Called<'v> = Result<Val<'v>, String>;

const NO_OVERLOAD: &str = "no such overload";

/// Whether a name is the first part of names of functions.
pub(super) fn is_space(name: &str) -> bool {
    matches!(name, "optional" | "sets" | "lists" | "format" | "ip" | "strings")
}

/// Calls a function; a target is the first of its values.
pub(super) fn call<'v>(name: &str, values: &[Val<'v>], variables: &mut Variables<'v>) -> Called<'v> {
    // What a function reads counts, so that long texts are not read for nothing.
    let read: usize =
        values.iter().map(|value| if let Val::Text(text) = value { text.len() / 10 } else { 0 }).sum();
    variables.budget.spend(read)?;
    variables.budget.spend(traversed(name, values, variables.budget.left))?;
    if let Some(result) = library::call(name, values) {
        return result;
    }
    match (name, values) {
        ("_==_", [left, right]) => Ok(Val::Bool(left.equals(right))),
        ("_!=_", [left, right]) => Ok(Val::Bool(!left.equals(right))),
        ("_<_", [left, right]) => ordered(left, right, Ordering::is_lt),
        ("_<=_", [left, right]) => ordered(left, right, Ordering::is_le),
        ("_>_", [left, right]) => ordered(left, right, Ordering::is_gt),
        ("_>=_", [left, right]) => ordered(left, right, Ordering::is_ge),
        ("!_", [Val::Bool(value)]) => Ok(Val::Bool(!value)),
        ("-_" | "_+_" | "_-_" | "_*_" | "_/_" | "_%_", values) => arithmetic(name, values),
        ("@in", [value, range]) => within(value, range, variables),
        ("_[_]", [owner, index]) => at(owner, index),
        ("_[?_]", [owner, index]) => Ok(Val::Optional(match owner {
            Val::Optional(None) => None,
            Val::Optional(Some(inner)) => at(inner, index).ok().map(Into::into),
            owner => at(owner, index).ok().map(Into::into),
        })),
        ("size", [value]) => {
            let size = value.size().ok_or(NO_OVERLOAD)?;
            Ok(Val::Int(i64::try_from(size).unwrap_or(i64::MAX)))
        }
        ("type", [value]) => Ok(Val::Type(value.type_name())),
        ("dyn", [value]) => Ok(value.clone()),
        ("int", [value]) => convert::to_int(value),
        ("uint", [value]) => convert::to_uint(value),
        ("double", [value]) => convert::to_double(value),
        ("string", [value]) => convert::to_text(value),
        ("bool", [value]) => convert::to_bool(value),
        ("bytes", [value]) => convert::to_bytes(value),
        ("duration", [value]) => convert::to_duration(value),
        ("timestamp", [value]) => convert::to_timestamp(value),
        ("matches", [Val::Text(text), Val::Text(pattern)]) => {
            Ok(Val::Bool(variables.patterns.get(pattern)?.is_match(text)))
        }
        ("find", [Val::Text(text), Val::Text(pattern)]) => {
            let found = variables.patterns.get(pattern)?.find(text).map(|found| found.as_str().to_owned());
            Ok(Val::text(found.unwrap_or_default()))
        }
        ("findAll", [Val::Text(text), Val::Text(pattern), rest @ ..]) => {
            let most = match rest {
                [] => usize::MAX,
                [Val::Int(most)] => usize::try_from(*most).unwrap_or(usize::MAX),
                _ => return Err(NO_OVERLOAD.to_owned()),
            };
            let pattern = variables.patterns.get(pattern)?;
            Ok(Val::list(pattern.find_iter(text).take(most).map(|found| Val::text(found.as_str())).collect()))
        }
        (name, [Val::Text(text), rest @ ..]) if is_of_texts(name) => of_text(name, text, rest),
        ("lists.range", [Val::Int(count)]) => {
            variables.budget.spend(usize::try_from(*count).unwrap_or(0))?;
            Ok(Val::list((0..*count).map(Val::Int).collect()))
        }
        (name, [Val::Quantity(quantity), rest @ ..]) => of_quantity(name, quantity, rest),
        (name, [Val::Timestamp(seconds, nanos)]) => of_timestamp(name, *seconds, *nanos),
        (name, [Val::Duration(nanos)]) => {
            let unit = match name {
                "getHours" => 3_600_000_000_000,
                "getMinutes" => 60_000_000_000,
                "getSeconds" => 1_000_000_000,
                "getMilliseconds" => 1_000_000,
                _ => return Err(NO_OVERLOAD.to_owned()),
            };
            Ok(Val::Int(nanos / unit))
        }
        (name, values) if name.starts_with("optional.") => optional(name, values),
        (name, [Val::Optional(content), rest @ ..]) => of_optional(name, content.as_deref(), rest),
        (name, [list, rest @ ..]) => match list.elements() {
            Some(elements) => of_list(name, elements, rest, variables),
            None => Err(NO_OVERLOAD.to_owned()),
        },
        _ => Err(NO_OVERLOAD.to_owned()),
    }
}

/// What a function costs that reads all of its values, or makes a value that is longer than these.
fn traversed(name: &str, values: &[Val<'_>], left: u64) -> usize {
    let most = usize::try_from(left).unwrap_or(usize::MAX).saturating_mul(10).saturating_add(10);
    let weight = |value: Option<&Val<'_>>| value.map_or(0, |value| value.weight(most));
    let size = |value: Option<&Val<'_>>| value.and_then(Val::size).unwrap_or(0);
    let (first, second) = (values.first(), values.get(1));
    let read = match name {
        "_==_" | "_!=_" => weight(first).min(weight(second)),
        "@in" | "format" => weight(second),
        "indexOf" | "lastIndexOf" => weight(first),
        "join" => weight(first).saturating_add(size(first).saturating_mul(weight(second))),
        "distinct" => weight(first).saturating_mul(size(first)),
        "sets.contains" | "sets.equivalent" | "sets.intersects" => {
            weight(first).saturating_mul(size(second).max(1)).max(weight(second).saturating_mul(size(first)))
        }
        "replace" => size(first).saturating_mul(weight(values.get(2))),
        // Lists share what they hold, but not their length.
        "_+_" => match (first, second) {
            (Some(Val::Text(_) | Val::Bytes(_)), _) => 0,
            _ => size(first).saturating_add(size(second)),
        },
        "flatten" => weight(first),
        _ => 0,
    };
    read / 10
}

fn ordered<'v>(left: &Val<'v>, right: &Val<'v>, wanted: fn(Ordering) -> bool) -> Called<'v> {
    match left.order(right) {
        Some(order) => Ok(Val::Bool(wanted(order))),
        None => Err(NO_OVERLOAD.to_owned()),
    }
}

fn arithmetic<'v>(name: &str, values: &[Val<'v>]) -> Called<'v> {
    let int = |value: Option<i64>| value.map(Val::Int).ok_or_else(|| "integer overflow".to_owned());
    let uint =
        |value: Option<u64>| value.map(Val::Uint).ok_or_else(|| "unsigned integer overflow".to_owned());
    let span = |value: Option<i64>| value.map(Val::Duration).ok_or_else(|| "duration overflow".to_owned());
    let moved = |seconds: i64, nanos: u32, by: i64| {
        let all = i128::from(seconds) * 1_000_000_000 + i128::from(nanos) + i128::from(by);
        let seconds = i64::try_from(all.div_euclid(1_000_000_000)).map_err(|_| "timestamp overflow")?;
        Ok(Val::Timestamp(seconds, u32::try_from(all.rem_euclid(1_000_000_000)).unwrap_or(0)))
    };
    match (name, values) {
        ("-_", [Val::Int(value)]) => int(value.checked_neg()),
        ("-_", [Val::Double(value)]) => Ok(Val::Double(-value)),
        ("_+_", [Val::Int(a), Val::Int(b)]) => int(a.checked_add(*b)),
        ("_-_", [Val::Int(a), Val::Int(b)]) => int(a.checked_sub(*b)),
        ("_*_", [Val::Int(a), Val::Int(b)]) => int(a.checked_mul(*b)),
        ("_/_", [Val::Int(_), Val::Int(0)]) => Err("division by zero".to_owned()),
        ("_%_", [Val::Int(_), Val::Int(0)]) => Err("modulus by zero".to_owned()),
        ("_/_", [Val::Int(a), Val::Int(b)]) => int(a.checked_div(*b)),
        ("_%_", [Val::Int(a), Val::Int(b)]) => int(a.checked_rem(*b)),
        ("_+_", [Val::Uint(a), Val::Uint(b)]) => uint(a.checked_add(*b)),
        ("_-_", [Val::Uint(a), Val::Uint(b)]) => uint(a.checked_sub(*b)),
        ("_*_", [Val::Uint(a), Val::Uint(b)]) => uint(a.checked_mul(*b)),
        ("_/_", [Val::Uint(_), Val::Uint(0)]) => Err("division by zero".to_owned()),
        ("_%_", [Val::Uint(_), Val::Uint(0)]) => Err("modulus by zero".to_owned()),
        ("_/_", [Val::Uint(a), Val::Uint(b)]) => uint(a.checked_div(*b)),
        ("_%_", [Val::Uint(a), Val::Uint(b)]) => uint(a.checked_rem(*b)),
        ("_+_", [Val::Double(a), Val::Double(b)]) => Ok(Val::Double(a + b)),
        ("_-_", [Val::Double(a), Val::Double(b)]) => Ok(Val::Double(a - b)),
        ("_*_", [Val::Double(a), Val::Double(b)]) => Ok(Val::Double(a * b)),
        ("_/_", [Val::Double(a), Val::Double(b)]) => Ok(Val::Double(a / b)),
        ("_+_", [Val::Text(a), Val::Text(b)]) => Ok(Val::Text(Cow::Owned(format!("{a}{b}")))),
        ("_+_", [Val::Bytes(a), Val::Bytes(b)]) => Ok(Val::Bytes([&a[..], &b[..]].concat().into())),
        ("_+_", [Val::Duration(a), Val::Duration(b)]) => span(a.checked_add(*b)),
        ("_-_", [Val::Duration(a), Val::Duration(b)]) => span(a.checked_sub(*b)),
        (
            "_+_",
            [Val::Timestamp(seconds, nanos), Val::Duration(by)]
            | [Val::Duration(by), Val::Timestamp(seconds, nanos)],
        ) => moved(*seconds, *nanos, *by),
        ("_-_", [Val::Timestamp(seconds, nanos), Val::Duration(by)]) => {
            moved(*seconds, *nanos, by.saturating_neg())
        }
        ("_-_", [Val::Timestamp(a, an), Val::Timestamp(b, bn)]) => {
            let nanos = (i128::from(*a) - i128::from(*b)) * 1_000_000_000 + i128::from(*an) - i128::from(*bn);
            span(i64::try_from(nanos).ok())
        }
        ("_+_", [a, b]) => match (a.elements(), b.elements()) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                Ok(Val::list(a))
            }
            _ => Err(NO_OVERLOAD.to_owned()),
        },
        _ => Err(NO_OVERLOAD.to_owned()),
    }
}

fn within<'v>(value: &Val<'v>, range: &Val<'v>, variables: &mut Variables<'v>) -> Called<'v> {
    variables.budget.spend(range.size().unwrap_or(0))?;
    if let Some(elements) = range.elements() {
        return Ok(Val::Bool(elements.iter().any(|element| element.equals(value))));
    }
    match range.keys() {
        Some(_) => Ok(Val::Bool(range.at_key(value).is_some())),
        None => Err(NO_OVERLOAD.to_owned()),
    }
}

fn at<'v>(owner: &Val<'v>, index: &Val<'v>) -> Called<'v> {
    if let Some(elements) = owner.elements() {
        let place = match index {
            Val::Int(place) => usize::try_from(*place).ok(),
            Val::Uint(place) => usize::try_from(*place).ok(),
            Val::Double(place) if place.fract() == 0.0 => {
                convert::to_int(index).ok().and_then(|value| match value {
                    Val::Int(place) => usize::try_from(place).ok(),
                    _ => None,
                })
            }
            _ => return Err(NO_OVERLOAD.to_owned()),
        };
        let shown = match convert::to_text(index)? {
            Val::Text(text) => text.into_owned(),
            _ => String::new(),
        };
        return place
            .and_then(|place| elements.get(place).cloned())
            .ok_or(format!("index out of bounds: {shown}"));
    }
    if owner.keys().is_none() {
        return Err(NO_OVERLOAD.to_owned());
    }
    match owner.at_key(index) {
        Some(value) => Ok(value),
        None => match convert::to_text(index) {
            Ok(Val::Text(key)) => Err(format!("no such key: {key}")),
            _ => Err("no such key".to_owned()),
        },
    }
}

/// A text as an expression would write it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' | '"' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_of_texts(name: &str) -> bool {
    !name.starts_with("optional.")
}

/// Functions of a text. Places are in characters.
fn of_text<'v>(name: &str, text: &str, rest: &[Val<'v>]) -> Called<'v> {
    let chars = || text.chars().collect::<Vec<char>>();
    let place = |index: i64| usize::try_from(index).map_err(|_| format!("index out of range: {index}"));
    match (name, rest) {
        ("contains", [Val::Text(part)]) => Ok(Val::Bool(text.contains(part.as_ref()))),
        ("startsWith", [Val::Text(part)]) => Ok(Val::Bool(text.starts_with(part.as_ref()))),
        ("endsWith", [Val::Text(part)]) => Ok(Val::Bool(text.ends_with(part.as_ref()))),
        ("lowerAscii", []) => Ok(Val::text(text.to_ascii_lowercase())),
        ("upperAscii", []) => Ok(Val::text(text.to_ascii_uppercase())),
        ("trim", []) => Ok(Val::text(text.trim())),
        ("strings.quote", []) => Ok(Val::text(quoted(text))),
        ("format", [list]) => {
            let values = list.elements().ok_or(NO_OVERLOAD)?;
            Ok(Val::text(text_format::format(text, &values)?))
        }
        ("charAt", [Val::Int(index)]) => {
            let chars = chars();
            let place = place(*index)?;
            if place > chars.len() {
                return Err(format!("index out of range: {index}"));
            }
            Ok(Val::text(chars.get(place).map(char::to_string).unwrap_or_default()))
        }
        ("indexOf" | "lastIndexOf", [Val::Text(part), rest @ ..]) => {
            let (chars, part) = (chars(), part.chars().collect::<Vec<char>>());
            let start = match rest {
                [] => None,
                [Val::Int(start)] => Some(place(*start)?),
                _ => return Err(NO_OVERLOAD.to_owned()),
            };
            let last = chars.len().checked_sub(part.len());
            let fits = |at: &usize| chars[*at..].starts_with(&part);
            let found = match (name, last) {
                (_, None) => None,
                ("indexOf", Some(last)) => (start.unwrap_or(0)..=last).find(fits),
                (_, Some(last)) => (0..=last.min(start.unwrap_or(last))).rev().find(fits),
            };
            Ok(Val::Int(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)))
        }
        ("replace", [Val::Text(from), Val::Text(to)]) => Ok(Val::text(text.replace(from.as_ref(), to))),
        ("replace", [Val::Text(from), Val::Text(to), Val::Int(most)]) => {
            Ok(Val::text(match usize::try_from(*most) {
                Ok(most) => text.replacen(from.as_ref(), to, most),
                Err(_) => text.replace(from.as_ref(), to),
            }))
        }
        ("split", [Val::Text(by), rest @ ..]) => {
            let most = match rest {
                [] => usize::MAX,
                [Val::Int(most)] => usize::try_from(*most).unwrap_or(usize::MAX),
                _ => return Err(NO_OVERLOAD.to_owned()),
            };
            let parts: Vec<Val<'v>> = match (most, by.is_empty()) {
                (0, _) => Vec::new(),
                (_, true) => text.chars().map(|c| Val::text(c.to_string())).collect(),
                (most, false) => text.splitn(most, by.as_ref()).map(Val::text).collect(),
            };
            Ok(Val::list(parts))
        }
        ("substring", [Val::Int(start), rest @ ..]) => {
            let chars = chars();
            let end = match rest {
                [] => chars.len(),
                [Val::Int(end)] if start > end => {
                    return Err(format!("invalid substring range. start: {start}, end: {end}"));
                }
                [Val::Int(end)] => place(*end)?,
                _ => return Err(NO_OVERLOAD.to_owned()),
            };
            let start_at = place(*start)?;
            if start_at > chars.len() {
                return Err(format!("index out of range: {start}"));
            }
            if end > chars.len() {
                return Err(format!("index out of range: {end}"));
            }
            Ok(Val::text(chars[start_at..end].iter().collect::<String>()))
        }
        ("isQuantity", []) => Ok(Val::Bool(Quantity::parse(text).is_some())),
        ("quantity", []) => match Quantity::parse(text) {
            Some(quantity) => Ok(Val::Quantity(quantity)),
            None => Err(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                    .to_owned(),
            ),
        },
        _ => Err(NO_OVERLOAD.to_owned()),
    }
}

fn of_list<'v>(
    name: &str,
    elements: Vec<Val<'v>>,
    rest: &[Val<'v>],
    variables: &mut Variables<'v>,
) -> Called<'v> {
    variables.budget.spend(match name {
        "distinct" | "sort" => elements.len().saturating_mul(elements.len()),
        _ => elements.len(),
    })?;
    if let Some(result) = lists::call(name, &elements, rest) {
        return result;
    }
    let place = |found: Option<usize>| Val::Int(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1));
    match (name, rest) {
        ("join", rest) => {
            let between = match rest {
                [] => "",
                [Val::Text(between)] => between.as_ref(),
                _ => return Err(NO_OVERLOAD.to_owned()),
            };
            let texts: Option<Vec<&str>> = elements
                .iter()
                .map(|element| if let Val::Text(text) = element { Some(text.as_ref()) } else { None })
                .collect();
            Ok(Val::text(texts.ok_or(NO_OVERLOAD)?.join(between)))
        }
        ("isSorted", []) => {
            let sorted = elements.windows(2).all(|two| two[0].order(&two[1]).is_some_and(Ordering::is_le));
            Ok(Val::Bool(sorted))
        }
        ("sum", []) => {
            let mut elements = elements.into_iter();
            let first = elements.next().unwrap_or(Val::Int(0));
            elements.try_fold(first, |sum, element| arithmetic("_+_", &[sum, element]))
        }
        ("min" | "max", []) => {
            let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
            let best = elements
                .into_iter()
                .reduce(|best, one| if one.order(&best) == Some(wanted) { one } else { best });
            best.ok_or_else(|| format!("{name} called on empty list"))
        }
        ("indexOf", [value]) => Ok(place(elements.iter().position(|element| element.equals(value)))),
        ("lastIndexOf", [value]) => Ok(place(elements.iter().rposition(|element| element.equals(value)))),
        ("sets.contains" | "sets.equivalent" | "sets.intersects", [other]) => {
            let others = other.elements().ok_or(NO_OVERLOAD)?;
            variables.budget.spend(elements.len().saturating_mul(others.len()))?;
            let all = |inner: &[Val<'v>], outer: &[Val<'v>]| {
                inner.iter().all(|one| outer.iter().any(|other| other.equals(one)))
            };
            Ok(Val::Bool(match name {
                "sets.contains" => all(&others, &elements),
                "sets.equivalent" => all(&others, &elements) && all(&elements, &others),
                _ => elements.iter().any(|one| others.iter().any(|other| other.equals(one))),
            }))
        }
        _ => Err(NO_OVERLOAD.to_owned()),
    }
}

fn of_quantity<'v>(name: &str, quantity: &Quantity, rest: &[Val<'v>]) -> Called<'v> {
    let other = match rest {
        [] => None,
        [Val::Quantity(other)] => Some(*other),
        [Val::Int(other)] => Some(Quantity::of_int(*other)),
        _ => return Err(NO_OVERLOAD.to_owned()),
    };
    let fits =
        |result: Option<Quantity>| result.map(Val::Quantity).ok_or_else(|| "quantity overflow".to_owned());
    match (name, other) {
        ("sign", None) => Ok(Val::Int(quantity.sign())),
        ("isInteger", None) => Ok(Val::Bool(quantity.as_int().is_some())),
        ("asInteger", None) => {
            quantity.as_int().map(Val::Int).ok_or("cannot convert value to integer".to_owned())
        }
        ("asApproximateFloat", None) => Ok(Val::Double(quantity.as_float())),
        ("isGreaterThan", Some(other)) => Ok(Val::Bool(quantity.compare(&other).is_gt())),
        ("isLessThan", Some(other)) => Ok(Val::Bool(quantity.compare(&other).is_lt())),
        ("compareTo", Some(other)) => Ok(Val::Int(quantity.compare(&other) as i64)),
        ("add", Some(other)) => fits(quantity.add(&other)),
        ("sub", Some(other)) => fits(quantity.sub(&other)),
        _ => Err(NO_OVERLOAD.to_owned()),
    }
}

fn of_timestamp<'v>(name: &str, seconds: i64, nanos: u32) -> Called<'v> {
    let parts = Parts::of(seconds);
    Ok(Val::Int(match name {
        "getFullYear" => parts.year,
        "getMonth" => parts.month - 1,
        "getDate" => parts.day,
        "getDayOfMonth" => parts.day - 1,
        "getDayOfWeek" => parts.day_of_week,
        "getDayOfYear" => parts.day_of_year,
        "getHours" => parts.hour,
        "getMinutes" => parts.minute,
        "getSeconds" => parts.second,
        "getMilliseconds" => i64::from(nanos / 1_000_000),
        _ => return Err(NO_OVERLOAD.to_owned()),
    }))
}

fn optional<'v>(name: &str, values: &[Val<'v>]) -> Called<'v> {
    match (name, values) {
        ("optional.none", []) => Ok(Val::Optional(None)),
        ("optional.of", [value]) => Ok(Val::Optional(Some(value.clone().into()))),
        ("optional.ofNonZeroValue", [value]) => {
            let zero = match value {
                Val::Null => true,
                Val::Bool(value) => !value,
                Val::Int(value) => *value == 0,
                Val::Uint(value) => *value == 0,
                Val::Double(value) => *value == 0.0,
                value => value.size() == Some(0),
            };
            Ok(Val::Optional((!zero).then(|| value.clone().into())))
        }
        _ => Err(NO_OVERLOAD.to_owned()),
    }
}

fn of_optional<'v>(name: &str, content: Option<&Val<'v>>, rest: &[Val<'v>]) -> Called<'v> {
    match (name, content, rest) {
        ("hasValue", content, []) => Ok(Val::Bool(content.is_some())),
        ("value", Some(content), []) => Ok(content.clone()),
        ("value", None, []) => Err("optional.none() dereference".to_owned()),
        ("orValue", content, [other]) => Ok(content.unwrap_or(other).clone()),
        ("or", Some(content), [_]) => Ok(Val::Optional(Some(content.clone().into()))),
        ("or", None, [other]) => Ok(other.clone()),
        _ => Err(NO_OVERLOAD.to_owned()),
    }
}
