//! `#(path op value)`: which elements of an array fit.

use super::{find, path, text};
use std::cmp::Ordering;

const OPERATORS: [&str; 9] = ["==", "!=", "<=", ">=", "!%", "=", "<", ">", "%"];

/// Whether an element fits a query.
pub(super) fn fits(element: &str, query: &str, depth: usize) -> bool {
    let (path, comparison) = split(query);
    let value = match path {
        "" => Some(element.to_owned()),
        path if element.starts_with(['{', '[']) => find(element, path, depth + 1).map(std::borrow::Cow::into_owned),
        _ => None,
    };
    let Some(value) = value else { return false };
    let Some((operator, wanted)) = comparison else { return true };
    compare(&value, operator, wanted)
}

/// Splits a query into path and comparison; operators inside of nested queries do not count.
fn split(query: &str) -> (&str, Option<(&str, &str)>) {
    let bytes = query.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'=' | b'!' | b'<' | b'>' | b'%' if depth == 0 => {
                let operator = OPERATORS.iter().find(|operator| query[at..].starts_with(**operator));
                if let Some(operator) = operator {
                    return (query[..at].trim(), Some((operator, query[at + operator.len()..].trim())));
                }
            }
            _ => {}
        }
        at += 1;
    }
    (query.trim(), None)
}

fn compare(value: &str, operator: &str, wanted: &str) -> bool {
    let wanted_text = if wanted.starts_with('"') { text(wanted) } else { wanted.to_owned() };
    let by = |order: Option<Ordering>| match (operator, order) {
        ("=" | "==", Some(order)) => order.is_eq(),
        ("!=", order) => !order.is_some_and(Ordering::is_eq),
        ("<", Some(order)) => order.is_lt(),
        ("<=", Some(order)) => order.is_le(),
        (">", Some(order)) => order.is_gt(),
        (">=", Some(order)) => order.is_ge(),
        _ => false,
    };
    match value.as_bytes().first() {
        Some(b'"') => {
            let value = text(value);
            match operator {
                "%" => path::matches(&value, &wanted_text),
                "!%" => !path::matches(&value, &wanted_text),
                _ => by(Some(value.as_str().cmp(&wanted_text))),
            }
        }
        Some(b'-' | b'0'..=b'9') => {
            let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
            by(number(value).partial_cmp(&number(&wanted_text)))
        }
        Some(b't' | b'f') => {
            let of = |text: &str| match text {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            };
            by(of(value).zip(of(&wanted_text)).map(|(value, wanted)| value.cmp(&wanted)))
        }
        _ => false,
    }
}
