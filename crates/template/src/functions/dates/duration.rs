//! Durations as Go writes and reads them: `1h2m3.5s`.

use crate::error::Message;
use crate::format::quote::quoted;

pub(super) const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR as u64;

fn unit(name: &str) -> Option<i64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    })
}

/// Nanoseconds of a text such as `-1.5h`.
pub(super) fn parse(text: &str) -> Result<i64, Message> {
    let invalid = || Message::new("time: invalid duration ").data(quoted(text.as_bytes()));
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (whole, after) = rest.split_at(digits_end);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let name_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(name_end);
        if name.is_empty() {
            return Err(Message::new("time: missing unit in duration ").data(quoted(text.as_bytes())));
        }
        let Some(unit) = unit(name) else {
            let unknown = Message::new("time: unknown unit ").data(quoted(name.as_bytes()));
            return Err(unknown.words(" in duration ").data(quoted(text.as_bytes())));
        };
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        total += i128::from(whole) * i128::from(unit);
        // More digits than nanoseconds have can't matter.
        let fraction = &fraction[..fraction.len().min(18)];
        if !fraction.is_empty() {
            let scale = 10_i128.pow(u32::try_from(fraction.len()).unwrap_or_default());
            let digits: i128 = fraction.parse().unwrap_or_default();
            total += digits * i128::from(unit) / scale;
        }
        if total > 1 << 63 {
            return Err(invalid());
        }
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).map_err(|_| invalid())
}

/// Go's text: the largest unit first, fractions only of the smallest one shown.
pub(super) fn format(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    let fraction = |unit: u64, digits: usize| {
        let text = format!("{}.{:0digits$}", magnitude / unit, magnitude % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    let body = match magnitude {
        0 => "0s".to_owned(),
        1..1_000 => format!("{magnitude}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(1_000, 3)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(1_000_000, 6)),
        _ => {
            let seconds = magnitude / SECOND as u64;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let rest = format!("{}.{:09}", seconds % 60, magnitude % SECOND as u64);
            let rest = rest.trim_end_matches('0').trim_end_matches('.');
            match (hours, minutes) {
                (0, 0) => format!("{rest}s"),
                (0, minutes) => format!("{minutes}m{rest}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
            }
        }
    };
    format!("{sign}{body}")
}

/// To whole seconds, halves away from zero.
pub(super) fn round_to_seconds(nanoseconds: i64) -> i64 {
    let half = if nanoseconds < 0 { -SECOND / 2 } else { SECOND / 2 };
    nanoseconds.saturating_add(half) / SECOND * SECOND
}

/// The number of the largest unit that the duration exceeds: `3d`.
pub(super) fn largest_unit(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    let units = [
        (DAY * 365, "y"),
        (DAY * 30, "mo"),
        (DAY, "d"),
        (HOUR as u64, "h"),
        (MINUTE as u64, "m"),
        (SECOND as u64, "s"),
    ];
    match units.into_iter().find(|(unit, _)| magnitude > *unit) {
        Some((unit, name)) => format!("{}{name}", magnitude / unit),
        None => "0s".to_owned(),
    }
}
