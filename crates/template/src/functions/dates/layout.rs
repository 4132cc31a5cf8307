//! Go's layouts: a text in which parts of the reference time, `Mon Jan 2 15:04:05 MST 2006`, stand for the same parts of
//! any time.

/// A part of a time that a layout names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    MonthNumber,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    SpaceDay,
    ZeroDay,
    SpaceYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    ZoneName,
    /// An offset: `Z` for UTC if wanted, a colon, and how many parts.
    Offset {
        zulu: bool,
        colon: bool,
        seconds: bool,
        short: bool,
    },
    /// A fraction of a second with so many digits; zeros at the end are kept or not. The separator comes first.
    Fraction {
        separator: char,
        digits: usize,
        keeps_zeros: bool,
    },
}

fn offset(zulu: bool, colon: bool, seconds: bool, short: bool) -> Part {
    Part::Offset { zulu, colon, seconds, short }
}

/// Names in the order in which they must be tried: longer ones first.
fn named(text: &str) -> Option<(Part, usize)> {
    let starts = |name: &str| text.starts_with(name);
    let is_lower = |at: usize| text[at..].starts_with(|c: char| c.is_ascii_lowercase());
    let first = text.chars().next()?;
    let (part, length) = match first {
        'J' if starts("January") => (Part::LongMonth, 7),
        'J' if starts("Jan") && !is_lower(3) => (Part::Month, 3),
        'M' if starts("Monday") => (Part::LongWeekday, 6),
        'M' if starts("Mon") && !is_lower(3) => (Part::Weekday, 3),
        'M' if starts("MST") => (Part::ZoneName, 3),
        '0' => match text.as_bytes().get(1)? {
            b'1' => (Part::ZeroMonth, 2),
            b'2' => (Part::ZeroDay, 2),
            b'3' => (Part::ZeroHour12, 2),
            b'4' => (Part::ZeroMinute, 2),
            b'5' => (Part::ZeroSecond, 2),
            b'6' => (Part::Year, 2),
            b'0' if starts("002") => (Part::ZeroYearDay, 3),
            _ => return None,
        },
        '1' if starts("15") => (Part::Hour, 2),
        '1' => (Part::MonthNumber, 1),
        '2' if starts("2006") => (Part::LongYear, 4),
        '2' => (Part::Day, 1),
        '_' if starts("_2006") => return None,
        '_' if starts("__2") => (Part::SpaceYearDay, 3),
        '_' if starts("_2") => (Part::SpaceDay, 2),
        '3' => (Part::Hour12, 1),
        '4' => (Part::Minute, 1),
        '5' => (Part::Second, 1),
        'P' if starts("PM") => (Part::UpperHalf, 2),
        'p' if starts("pm") => (Part::LowerHalf, 2),
        '-' if starts("-070000") => (offset(false, false, true, false), 7),
        '-' if starts("-07:00:00") => (offset(false, true, true, false), 9),
        '-' if starts("-0700") => (offset(false, false, false, false), 5),
        '-' if starts("-07:00") => (offset(false, true, false, false), 6),
        '-' if starts("-07") => (offset(false, false, false, true), 3),
        'Z' if starts("Z070000") => (offset(true, false, true, false), 7),
        'Z' if starts("Z07:00:00") => (offset(true, true, true, false), 9),
        'Z' if starts("Z0700") => (offset(true, false, false, false), 5),
        'Z' if starts("Z07:00") => (offset(true, true, false, false), 6),
        'Z' if starts("Z07") => (offset(true, false, false, true), 3),
        '.' | ',' => {
            let digit = text[1..].chars().next().filter(|c| matches!(c, '0' | '9'))?;
            let digits = text[1..].chars().take_while(|c| *c == digit).count();
            if text[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            (Part::Fraction { separator: first, digits, keeps_zeros: digit == '0' }, 1 + digits)
        }
        _ => return None,
    };
    Some((part, length))
}

/// The text before the first part, the part, and what follows. Without a part all is text.
pub(super) fn next(layout: &str) -> (&str, Option<(Part, &str)>, &str) {
    for (at, c) in layout.char_indices() {
        if let Some((part, length)) = named(&layout[at..]) {
            let end = at + length;
            return (&layout[..at], Some((part, &layout[at..end])), &layout[end..]);
        }
        // "_2006" is an underscore and a year.
        if c == '_' && layout[at..].starts_with("_2006") {
            return (&layout[..=at], Some((Part::LongYear, "2006")), &layout[at + 5..]);
        }
    }
    (layout, None, "")
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From Sunday on.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
