//! Go's durations: `1h30m`, `0s`, `1.5h`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration as Go's `time.ParseDuration` reads it. Negative ones are kept as zero: nothing here waits backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GoDuration(pub Duration);

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time: invalid duration {text:?}")]
pub struct GoDurationError {
    /// The text given.
    pub text: String,
}

const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
];

impl FromStr for GoDuration {
    type Err = GoDurationError;

    fn from_str(text: &str) -> Result<Self, GoDurationError> {
        let error = || GoDurationError { text: text.to_owned() };
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err(error());
        }
        let mut nanoseconds: u128 = 0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(error)?;
            let (number, after) = rest.split_at(end);
            let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
            let (unit, after) = after.split_at(unit_end);
            let scale = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?.1;
            nanoseconds = amount(number, scale).and_then(|n| nanoseconds.checked_add(n)).ok_or_else(error)?;
            rest = after;
        }
        let nanoseconds = i64::try_from(nanoseconds).map_err(|_| error())?.unsigned_abs();
        Ok(Self(if negative { Duration::ZERO } else { Duration::from_nanos(nanoseconds) }))
    }
}

/// `number` (digits with at most one point) times `scale`.
fn amount(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = &fraction[..fraction.len().min(18)];
    let part = match digits {
        "" => 0,
        digits => digits.parse::<u128>().ok()? * scale / 10u128.pow(u32::try_from(digits.len()).ok()?),
    };
    whole.checked_mul(scale)?.checked_add(part)
}

impl fmt::Display for GoDuration {
    /// As Go prints it: `1h0m0s`, `1.5s`, `20ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.as_nanos();
        let decimal = |value: u128, scale: u128| {
            let (whole, rest) = (value / scale, value % scale);
            let width = scale.ilog10() as usize;
            let fraction = format!("{rest:0width$}");
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") }
        };
        match nanoseconds {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanoseconds}ns"),
            1_000..1_000_000 => write!(f, "{}µs", decimal(nanoseconds, 1_000)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", decimal(nanoseconds, 1_000_000)),
            _ => {
                let seconds = self.0.as_secs();
                let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if seconds >= 60 {
                    write!(f, "{minutes}m")?;
                }
                write!(f, "{}s", decimal(nanoseconds % 60_000_000_000, 1_000_000_000))
            }
        }
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_printed_as_go_does() {
        let check = |text: &str, expect: Option<(u64, &str)>| {
            let read = text.parse::<GoDuration>().ok();
            assert_eq!(
                read.map(|duration| duration.0),
                expect.map(|(nanos, _)| Duration::from_nanos(nanos)),
                "{text}"
            );
            assert_eq!(
                read.map(|duration| duration.to_string()),
                expect.map(|(_, go)| go.to_owned()),
                "{text}"
            );
        };
        check("1h", Some((3_600_000_000_000, "1h0m0s")));
        check("1h30m", Some((5_400_000_000_000, "1h30m0s")));
        check("90s", Some((90_000_000_000, "1m30s")));
        check("1.5s", Some((1_500_000_000, "1.5s")));
        check(".5m", Some((30_000_000_000, "30s")));
        check("20ms", Some((20_000_000, "20ms")));
        check("1µs", Some((1_000, "1µs")));
        check("0", Some((0, "0s")));
        check("0s", Some((0, "0s")));
        check("-5s", Some((0, "0s")));
        for bad in ["", "soon", "1", "1d", "h", ".s", "1.2.3s", "99999999999h", "1h ", "-"] {
            check(bad, None);
        }
    }
}
