//! Cron schedules of sync windows, in UTC.
//!
//! Five fields as robfig's parser reads them (lists, ranges, steps, names, `?`), descriptors (`@daily`) and
//! `@every 1h30m`. What can't be read counts as a window that never opens.

use crate::api::duration::GoDuration;
use crate::api::external_secret::{SyncWindow, SyncWindows, WindowKind};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, Unit, tz::TimeZone};
use std::time::Duration;

/// A schedule that fires at most once in so long is not followed further back.
const LONGEST_WINDOW: Duration = Duration::from_secs(366 * 86_400);

/// Whether a periodic refresh may happen now.
pub(crate) fn permits(windows: &SyncWindows, now: Timestamp) -> bool {
    if windows.windows.is_empty() {
        return true;
    }
    let open = windows.windows.iter().any(|window| is_open(window, now).unwrap_or(false));
    match windows.kind {
        WindowKind::Allow => open,
        WindowKind::Deny => !open,
    }
}

/// Whether the window's last firing is no longer ago than its duration, end inclusive.
fn is_open(window: &SyncWindow, now: Timestamp) -> Option<bool> {
    let duration = window.duration.parse::<GoDuration>().ok()?.0.min(LONGEST_WINDOW);
    let back = SignedDuration::try_from(duration).ok()?;
    match Schedule::parse(&window.schedule)? {
        // Fires first after its interval, counted from the look back: open as long as it fits in.
        Schedule::Every(interval) => Some(interval <= duration),
        Schedule::Fields(fields) => {
            let from = now.checked_sub(back).ok()?;
            Some(fields.fires_between(from, now))
        }
    }
}

enum Schedule {
    Every(Duration),
    Fields(Fields),
}

/// One bit a value that fits.
struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Of day and weekday one is enough, unless one of them is `*`.
    either_day: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(every) = text.strip_prefix("@every ") {
            let interval = every.parse::<GoDuration>().ok()?.0;
            return Some(Self::Every(interval.max(Duration::from_secs(1))));
        }
        let text = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            text if text.starts_with('@') => return None,
            text => text,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return None };
        let any = |field: &str| field.starts_with('*') || field.starts_with('?');
        Some(Self::Fields(Fields {
            minutes: bits(minutes, 0, 59, &[])?,
            hours: bits(hours, 0, 23, &[])?,
            days: bits(days, 1, 31, &[])?,
            months: bits(months, 1, 12, &MONTHS)?,
            weekdays: bits(weekdays, 0, 6, &WEEKDAYS)?,
            either_day: !any(days) && !any(weekdays),
        }))
    }
}

/// The values of one field as bits.
fn bits(field: &str, low: u32, high: u32, names: &[&str]) -> Option<u64> {
    let number = |text: &str| -> Option<u32> {
        let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
        match named {
            Some(place) => Some(u32::try_from(place).ok()? + low),
            None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
            None => None,
        }
    };
    let mut found = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, number(step).filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (low, high),
            Some((first, last)) => (number(first)?, number(last)?),
            None if part.contains('/') => (number(range)?, high),
            None => (number(range)?, number(range)?),
        };
        if first < low || last > high || first > last {
            return None;
        }
        let mut value = first;
        while value <= last {
            found |= 1 << value;
            value += step;
        }
    }
    Some(found)
}

impl Fields {
    /// Whether it fires at a full minute in `from..=to`. Days that do not fit are passed over whole.
    fn fires_between(&self, from: Timestamp, to: Timestamp) -> bool {
        let utc = |at: Timestamp| TimeZone::UTC.to_datetime(at);
        let (start, end) = (utc(from), utc(to));
        let mut at = match start.round(Unit::Minute) {
            Ok(rounded) if rounded >= start => rounded,
            Ok(rounded) => match rounded.checked_add(SignedDuration::from_mins(1)) {
                Ok(next) => next,
                Err(_) => return false,
            },
            Err(_) => return false,
        };
        while at <= end {
            let (fits, step) = self.look(at);
            if fits {
                return true;
            }
            let next = match step {
                Step::Minute => at.checked_add(SignedDuration::from_mins(1)).ok(),
                Step::Hour => at.checked_add(SignedDuration::from_mins(60 - i64::from(at.minute()))).ok(),
                Step::Day => {
                    at.date().tomorrow().ok().map(|day| day.to_datetime(jiff::civil::Time::midnight()))
                }
            };
            match next {
                Some(next) => at = next,
                None => return false,
            }
        }
        false
    }

    fn look(&self, at: DateTime) -> (bool, Step) {
        let has = |bits: u64, value: i8| u32::try_from(value).is_ok_and(|value| bits & (1 << value) != 0);
        let day = has(self.days, at.day());
        let weekday = has(self.weekdays, at.weekday().to_sunday_zero_offset());
        let today = if self.either_day { day || weekday } else { day && weekday };
        if !has(self.months, at.month()) || !today {
            return (false, Step::Day);
        }
        if !has(self.hours, at.hour()) {
            return (false, Step::Hour);
        }
        (has(self.minutes, at.minute()), Step::Minute)
    }
}

enum Step {
    Minute,
    Hour,
    Day,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_open_for_their_duration_from_each_firing() {
        let check = |schedule: &str, duration: &str, now: &str, expect: bool| {
            let window = SyncWindow { schedule: schedule.to_owned(), duration: duration.to_owned() };
            for (kind, permitted) in [(WindowKind::Allow, expect), (WindowKind::Deny, !expect)] {
                let windows = SyncWindows { kind, windows: vec![window.clone()] };
                assert_eq!(
                    permits(&windows, now.parse().unwrap()),
                    permitted,
                    "{schedule} {duration} {now} {kind:?}"
                );
            }
        };
        // 2026-11-24 is a Tuesday.
        check("0 5 * * *", "1h", "2026-11-24T05:00:00Z", true);
        check("0 5 * * *", "1h", "2026-11-24T06:00:00Z", true);
        check("0 5 * * *", "1h", "2026-11-24T06:00:01Z", false);
        check("0 5 * * *", "1h", "2026-11-24T04:59:59Z", false);
        check("*/15 * * * *", "1m", "2026-11-24T04:46:00Z", true);
        check("*/15 * * * *", "1m", "2026-11-24T04:47:00Z", false);
        check("0 0 * * MON", "24h", "2026-11-23T13:00:00Z", true);
        check("0 0 * * 1-5", "1h", "2026-11-22T00:30:00Z", false);
        check("0 0 1 * 2", "1h", "2026-11-24T00:30:00Z", true);
        check("0 0 1 jan *", "1h", "2026-01-01T00:59:00Z", true);
        check("@daily", "30m", "2026-11-24T00:30:00Z", true);
        check("@daily", "30m", "2026-11-24T00:31:00Z", false);
        check("@every 1h", "1h", "2026-11-24T00:31:00Z", true);
        check("@every 2h", "1h", "2026-11-24T00:31:00Z", false);
        for bad in ["", "* * * *", "61 * * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", "@soon"] {
            check(bad, "1h", "2026-11-24T00:31:00Z", false);
        }
        check("* * * * *", "soon", "2026-11-24T00:31:00Z", false);
        assert!(permits(&SyncWindows { kind: WindowKind::Allow, windows: vec![] }, Timestamp::UNIX_EPOCH));
    }
}
