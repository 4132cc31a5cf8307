//! A text read as a time by a layout.

use jiff::civil::{Date, DateTime, Time as ClockTime};
use jiff::tz::{Offset, TimeZone};

use super::layout::{self, MONTHS, Part, WEEKDAYS};
use super::time::Time;
use crate::error::Message;
use crate::format::quote::quoted;

/// What was read so far; what a layout does not name stays as it is here.
struct Read {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    zone: Option<String>,
}

/// A part that did not fit: the rest of the text, and whether it was only out of range.
enum Misfit {
    Syntax,
    Range(&'static str),
}

/// Reads a text. A time without zone is in `local`.
pub(super) fn parse(layout: &str, text: &str, local: &TimeZone) -> Result<Time, Message> {
    let mut read = Read {
        year: 0,
        month: None,
        day: None,
        year_day: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        afternoon: None,
        offset: None,
        zone: None,
    };
    let whole = || Message::new("parsing time ").data(quoted(text.as_bytes()));
    let mut value = text;
    let mut rest = layout;
    loop {
        let (prefix, part, after) = layout::next(rest);
        let Some(stripped) = skip(value, prefix) else {
            return Err(misfit(&whole, layout, value, prefix));
        };
        value = stripped;
        let Some((part, name)) = part else {
            break;
        };
        match read.part(value, part, after) {
            Ok(remaining) => value = remaining,
            Err(Misfit::Syntax) => return Err(misfit(&whole, layout, value, name)),
            Err(Misfit::Range(what)) => return Err(whole().words(format!(": {what} out of range"))),
        }
        rest = after;
    }
    if !value.is_empty() {
        return Err(whole().words(": extra text: ").data(quoted(value.as_bytes())));
    }
    read.finish(local).map_err(|what| whole().words(format!(": {what} out of range")))
}

fn misfit(whole: &dyn Fn() -> Message, layout: &str, value: &str, wanted: &str) -> Message {
    whole()
        .words(" as ")
        .data(quoted(layout.as_bytes()))
        .words(": cannot parse ")
        .data(quoted(value.as_bytes()))
        .words(" as ")
        .data(quoted(wanted.as_bytes()))
}

/// Passes the text between parts; a space in it stands for any number of them.
fn skip<'t>(value: &'t str, prefix: &str) -> Option<&'t str> {
    let mut value = value;
    let mut prefix = prefix;
    while let Some(c) = prefix.chars().next() {
        if c == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return None;
            }
            prefix = prefix.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(c)?;
        prefix = &prefix[c.len_utf8()..];
    }
    Some(value)
}

/// A number of `fewest` to `most` digits.
fn digits(value: &str, fewest: usize, most: usize) -> Result<(i32, &str), Misfit> {
    let count = value.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < fewest {
        return Err(Misfit::Syntax);
    }
    let (number, rest) = value.split_at(count);
    Ok((number.parse().map_err(|_| Misfit::Syntax)?, rest))
}

fn small<'t>(
    value: &'t str,
    fewest: usize,
    range: std::ops::RangeInclusive<i32>,
    what: &'static str,
) -> Result<(i8, &'t str), Misfit> {
    let (number, rest) = digits(value, fewest, 2)?;
    if !range.contains(&number) {
        return Err(Misfit::Range(what));
    }
    Ok((number as i8, rest))
}

/// One of some names, whole or cut to three letters, in any case.
fn one_of<'t>(value: &'t str, names: &[&str], length: Option<usize>) -> Result<(i8, &'t str), Misfit> {
    for (index, name) in names.iter().enumerate() {
        let name = &name[..length.unwrap_or(name.len())];
        if let Some(head) = value.get(..name.len())
            && head.eq_ignore_ascii_case(name)
        {
            return Ok((index as i8, &value[name.len()..]));
        }
    }
    Err(Misfit::Syntax)
}

impl Read {
    /// Reads one part, and gives what follows it.
    fn part<'t>(&mut self, value: &'t str, part: Part, after: &str) -> Result<&'t str, Misfit> {
        let rest = match part {
            Part::LongYear => {
                let (year, rest) = digits(value, 4, 4)?;
                self.year = year as i16;
                rest
            }
            Part::Year => {
                let (year, rest) = digits(value, 2, 2)?;
                self.year = (if year >= 69 { 1900 + year } else { 2000 + year }) as i16;
                rest
            }
            Part::LongMonth | Part::Month => {
                let (month, rest) = one_of(value, &MONTHS, (part == Part::Month).then_some(3))?;
                self.month = Some(month + 1);
                rest
            }
            Part::MonthNumber | Part::ZeroMonth => {
                let (month, rest) = small(value, 1 + usize::from(part == Part::ZeroMonth), 1..=12, "month")?;
                self.month = Some(month);
                rest
            }
            Part::LongWeekday => one_of(value, &WEEKDAYS, None)?.1,
            Part::Weekday => one_of(value, &WEEKDAYS, Some(3))?.1,
            Part::Day | Part::SpaceDay | Part::ZeroDay => {
                let value =
                    if part == Part::SpaceDay { value.strip_prefix(' ').unwrap_or(value) } else { value };
                let (day, rest) = small(value, 1 + usize::from(part == Part::ZeroDay), 0..=99, "day")?;
                self.day = Some(day);
                rest
            }
            Part::SpaceYearDay | Part::ZeroYearDay => {
                let trimmed = if part == Part::SpaceYearDay { value.trim_start_matches(' ') } else { value };
                let (day, rest) = digits(trimmed, 1, 3)?;
                self.year_day = Some(day as i16);
                rest
            }
            Part::Hour => self.hour(value, 1, 23)?,
            Part::Hour12 => self.hour(value, 1, 12)?,
            Part::ZeroHour12 => self.hour(value, 2, 12)?,
            Part::Minute | Part::ZeroMinute => {
                let (minute, rest) =
                    small(value, 1 + usize::from(part == Part::ZeroMinute), 0..=59, "minute")?;
                self.minute = minute;
                rest
            }
            Part::Second | Part::ZeroSecond => {
                let (second, rest) =
                    small(value, 1 + usize::from(part == Part::ZeroSecond), 0..=59, "second")?;
                self.second = second;
                // A fraction may follow even where the layout names none.
                let names_fraction = matches!(layout::next(after), ("", Some((Part::Fraction { .. }, _)), _));
                let is_fraction =
                    rest.starts_with(['.', ',']) && rest[1..].starts_with(|c: char| c.is_ascii_digit());
                if is_fraction && !names_fraction { self.fraction(rest, None)? } else { rest }
            }
            Part::UpperHalf | Part::LowerHalf => {
                let (morning, afternoon) = if part == Part::UpperHalf { ("AM", "PM") } else { ("am", "pm") };
                if let Some(rest) = value.strip_prefix(afternoon) {
                    self.afternoon = Some(true);
                    rest
                } else {
                    self.afternoon = Some(false);
                    value.strip_prefix(morning).ok_or(Misfit::Syntax)?
                }
            }
            Part::Offset { zulu, colon, seconds, short } => {
                self.offset(value, zulu, colon, seconds, short)?
            }
            Part::ZoneName => {
                let length = value.bytes().take_while(u8::is_ascii_uppercase).count();
                if !(3..=5).contains(&length) {
                    return Err(Misfit::Syntax);
                }
                self.zone = Some(value[..length].to_owned());
                &value[length..]
            }
            Part::Fraction { digits, keeps_zeros: true, .. } => self.fraction(value, Some(digits))?,
            Part::Fraction { .. } => {
                let is_fraction =
                    value.starts_with(['.', ',']) && value[1..].starts_with(|c: char| c.is_ascii_digit());
                if is_fraction { self.fraction(value, None)? } else { value }
            }
        };
        Ok(rest)
    }

    fn hour<'t>(&mut self, value: &'t str, fewest: usize, most: i32) -> Result<&'t str, Misfit> {
        let (hour, rest) = small(value, fewest, 0..=most, "hour")?;
        self.hour = hour;
        Ok(rest)
    }

    fn fraction<'t>(&mut self, value: &'t str, wanted: Option<usize>) -> Result<&'t str, Misfit> {
        let body = value.strip_prefix(['.', ',']).ok_or(Misfit::Syntax)?;
        let found = body.bytes().take_while(u8::is_ascii_digit).count();
        let count = wanted.unwrap_or(found);
        if found < count {
            return Err(Misfit::Syntax);
        }
        let kept = &body[..count.min(9)];
        self.nanosecond = format!("{kept:0<9}").parse().map_err(|_| Misfit::Syntax)?;
        Ok(&body[count..])
    }

    fn offset<'t>(
        &mut self,
        value: &'t str,
        zulu: bool,
        colon: bool,
        seconds: bool,
        short: bool,
    ) -> Result<&'t str, Misfit> {
        if zulu && let Some(rest) = value.strip_prefix('Z') {
            self.offset = Some(0);
            return Ok(rest);
        }
        let sign = match value.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Misfit::Syntax),
        };
        let separator = if colon { ":" } else { "" };
        let (hours, mut rest) = digits(&value[1..], 2, 2)?;
        let mut total = hours * 3600;
        for unit in [60, 1].into_iter().take(usize::from(!short) + usize::from(seconds)) {
            let (number, after) = digits(rest.strip_prefix(separator).ok_or(Misfit::Syntax)?, 2, 2)?;
            total += number * unit;
            rest = after;
        }
        if hours > 24 {
            return Err(Misfit::Range("time zone offset hour"));
        }
        self.offset = Some(sign * total);
        Ok(rest)
    }

    fn finish(self, local: &TimeZone) -> Result<Time, &'static str> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = match self.year_day {
            Some(day) if self.month.is_none() => {
                Date::new(self.year, 1, 1).and_then(|first| first.with().day_of_year(day).build())
            }
            _ => Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        let date = date.map_err(|_| "day")?;
        let clock = ClockTime::new(hour, self.minute, self.second, self.nanosecond).map_err(|_| "hour")?;
        let moment = DateTime::from_parts(date, clock);
        let zone = match (self.offset, self.zone.as_deref()) {
            (Some(0), _) | (None, Some("UTC")) => TimeZone::UTC,
            (Some(seconds), _) => {
                Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| "time zone offset hour")?
            }
            _ => local.clone(),
        };
        moment.to_zoned(zone).map(Time::new).map_err(|_| "year")
    }
}
