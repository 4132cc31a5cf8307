//! A time as text by a layout.

use std::fmt::Write as _;

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::layout::{self, MONTHS, Part, WEEKDAYS};

/// Formats a time in its own zone.
pub(super) fn format(time: &Zoned, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    loop {
        let (text, part, after) = layout::next(rest);
        out.push_str(text);
        let Some((part, _)) = part else {
            return out;
        };
        // Writing to a string can't fail.
        let _ = write_part(&mut out, time, part);
        rest = after;
    }
}

fn name(names: &[&'static str], index: i8) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

fn write_part(out: &mut String, time: &Zoned, part: Part) -> std::fmt::Result {
    let hour12 = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let month = name(&MONTHS, time.month() - 1);
    let weekday = name(&WEEKDAYS, time.weekday().to_sunday_zero_offset());
    match part {
        Part::LongMonth => out.push_str(month),
        Part::Month => out.push_str(&month[..3]),
        Part::MonthNumber => write!(out, "{}", time.month())?,
        Part::ZeroMonth => write!(out, "{:02}", time.month())?,
        Part::LongWeekday => out.push_str(weekday),
        Part::Weekday => out.push_str(&weekday[..3]),
        Part::Day => write!(out, "{}", time.day())?,
        Part::SpaceDay => write!(out, "{:2}", time.day())?,
        Part::ZeroDay => write!(out, "{:02}", time.day())?,
        Part::SpaceYearDay => write!(out, "{:3}", time.day_of_year())?,
        Part::ZeroYearDay => write!(out, "{:03}", time.day_of_year())?,
        Part::Hour => write!(out, "{:02}", time.hour())?,
        Part::Hour12 => write!(out, "{hour12}")?,
        Part::ZeroHour12 => write!(out, "{hour12:02}")?,
        Part::Minute => write!(out, "{}", time.minute())?,
        Part::ZeroMinute => write!(out, "{:02}", time.minute())?,
        Part::Second => write!(out, "{}", time.second())?,
        Part::ZeroSecond => write!(out, "{:02}", time.second())?,
        Part::LongYear => write!(out, "{:04}", time.year())?,
        Part::Year => write!(out, "{:02}", time.year().rem_euclid(100))?,
        Part::UpperHalf => out.push_str(if time.hour() >= 12 { "PM" } else { "AM" }),
        Part::LowerHalf => out.push_str(if time.hour() >= 12 { "pm" } else { "am" }),
        Part::ZoneName => zone_name(out, time)?,
        Part::Offset { zulu, colon, seconds, short } => {
            let offset = time.offset().seconds();
            if zulu && offset == 0 {
                out.push('Z');
                return Ok(());
            }
            let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
            let colon = if colon { ":" } else { "" };
            write!(out, "{sign}{:02}", offset / 3600)?;
            if !short {
                write!(out, "{colon}{:02}", offset / 60 % 60)?;
            }
            if seconds {
                write!(out, "{colon}{:02}", offset % 60)?;
            }
        }
        Part::Fraction { separator, digits, keeps_zeros } => {
            let all = format!("{:09}", time.subsec_nanosecond());
            let shown = &all[..digits.min(9)];
            let shown = if keeps_zeros { shown } else { shown.trim_end_matches('0') };
            if !shown.is_empty() {
                write!(out, "{separator}{shown}")?;
            }
        }
    }
    Ok(())
}

/// The zone's abbreviation; a bare offset has none and is shown itself.
fn zone_name(out: &mut String, time: &Zoned) -> std::fmt::Result {
    let zone = time.time_zone();
    if zone.iana_name().is_some() || *zone == TimeZone::UTC {
        out.push_str(zone.to_offset_info(time.timestamp()).abbreviation());
        return Ok(());
    }
    let seconds = time.offset().seconds();
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
    write!(out, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
}
