//! Durations and timestamps.

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Reads a duration of Go (`1h30m`, `-1.5s`); nanoseconds.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let value: f64 = rest[..unit_at].parse().ok()?;
        let after = &rest[unit_at..];
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        total += value
            * match &after[..unit_end] {
                "ns" => 1.0,
                "us" | "µs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 6e10,
                "h" => 3.6e12,
                _ => return None,
            };
        rest = &after[unit_end..];
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    (!text.is_empty() && total < 9.2e18).then_some((sign * total) as i64)
}

/// Writes a duration as the language does: in seconds.
pub(super) fn show_duration(nanos: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with as many digits as a float holds")]
    let seconds = nanos as f64 / 1e9;
    format!("{seconds}s")
}

/// Reads a time of RFC 3339; seconds since 1970 and nanoseconds.
pub(super) fn parse_timestamp(text: &str) -> Option<(i64, u32)> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| text[from..to].parse().ok()).flatten()
    };
    let sign = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    if !(sign(4, b"-") && sign(7, b"-") && sign(10, b"Tt ") && sign(13, b":") && sign(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_of(year, month)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0;
    if sign(at, b".") {
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let shown: String = text[at + 1..].chars().take(digits.min(9)).collect();
        nanos = format!("{shown:0<9}").parse().ok().filter(|_| digits > 0)?;
        at += 1 + digits;
    }
    let offset = match bytes.get(at)? {
        b'Z' | b'z' if bytes.len() == at + 1 => 0,
        direction @ (b'+' | b'-') if bytes.len() == at + 6 && sign(at + 3, b":") => {
            let seconds = number(at + 1, at + 3)? * 3600 + number(at + 4, at + 6)? * 60;
            if *direction == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    Some((days_since_epoch(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset, nanos))
}

/// Writes a time of RFC 3339 in UTC.
pub(super) fn show_timestamp(seconds: i64, nanos: u32) -> String {
    let parts = Parts::of(seconds);
    let fraction = match nanos {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}Z",
        parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second
    )
}

/// A time in UTC by the calendar.
pub(super) struct Parts {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) day_of_week: i64,
    pub(super) day_of_year: i64,
}

impl Parts {
    pub(super) fn of(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        // Years of 400 have a fixed length, those within are found by counting.
        let era = days.div_euclid(146_097);
        let mut left = days.rem_euclid(146_097);
        let mut year = 1970 + era * 400;
        loop {
            let length = 365 + i64::from(is_leap(year));
            if left < length {
                break;
            }
            left -= length;
            year += 1;
        }
        let day_of_year = left;
        let mut month = 1;
        while left >= days_of(year, month) {
            left -= days_of(year, month);
            month += 1;
        }
        Self {
            year,
            month,
            day: left + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            // The first day was a Thursday.
            day_of_week: (days + 4).rem_euclid(7),
            day_of_year,
        }
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let leaps =
        |year: i64| (year - 1).div_euclid(4) - (year - 1).div_euclid(100) + (year - 1).div_euclid(400);
    let years = (year - 1970) * 365 + leaps(year) - leaps(1970);
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::{parse_duration, parse_timestamp, show_timestamp};

    #[test]
    fn times() {
        for text in
            ["1970-01-01T00:00:00Z", "2024-02-29T12:34:56.5Z", "2100-03-01T00:00:00Z", "1969-12-31T23:59:59Z"]
        {
            let (seconds, nanos) = parse_timestamp(text).expect("a time");
            assert_eq!(show_timestamp(seconds, nanos), text);
        }
        assert_eq!(parse_timestamp("2024-01-01T01:00:00+01:00"), parse_timestamp("2024-01-01T00:00:00Z"));
        assert_eq!((parse_timestamp("2023-02-29T00:00:00Z"), parse_timestamp("2024")), (None, None));
        assert_eq!(parse_duration("1h30m"), Some(5_400_000_000_000));
        assert_eq!((parse_duration("-1.5s"), parse_duration("5")), (Some(-1_500_000_000), None));
    }
}
