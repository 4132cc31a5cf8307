//! Dates: the clock, formats by Go's reference time, arithmetic with durations.

mod duration;
mod format;
mod layout;
mod parse;
mod time;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::value::Value;
use time::Time;

const S: Type = Type::String;
const TIME: Type = Type::Struct("time.Time");
const DATE_ONLY: &str = "2006-01-02";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("now", &[], |call| {
        let now = call.now()?;
        Ok(Time::new(now.to_zoned(call.zone())).into())
    }),
    Function::new("date", &[S, Type::Any], |call| formatted(call, &call.utf8(0), 1, None)),
    Function::new("dateInZone", &[S, Type::Any, S], |call| formatted(call, &call.utf8(0), 1, Some(2))),
    Function::new("date_in_zone", &[S, Type::Any, S], |call| formatted(call, &call.utf8(0), 1, Some(2))),
    Function::new("htmlDate", &[Type::Any], |call| formatted(call, DATE_ONLY, 0, None)),
    Function::new("htmlDateInZone", &[Type::Any, S], |call| formatted(call, DATE_ONLY, 0, Some(1))),
    Function::new("dateModify", &[S, TIME], |call| modified(call).or_else(|_| Ok(call.value(1)))),
    Function::new("date_modify", &[S, TIME], |call| modified(call).or_else(|_| Ok(call.value(1)))),
    Function::new("mustDateModify", &[S, TIME], modified),
    Function::new("must_date_modify", &[S, TIME], modified),
    Function::new("ago", &[Type::Any], ago),
    Function::new("duration", &[Type::Any], duration_of_seconds),
    Function::new("durationRound", &[Type::Any], rounded),
    Function::new("toDate", &[S, S], |call| {
        let zone = call.zone();
        Ok(parse::parse(&call.utf8(0), &call.utf8(1), &zone).unwrap_or_else(|_| Time::zero()).into())
    }),
    Function::new("mustToDate", &[S, S], |call| {
        let zone = call.zone();
        Ok(parse::parse(&call.utf8(0), &call.utf8(1), &zone)?.into())
    }),
    Function::new("unixEpoch", &[TIME], |call| match Time::of(&call.value(0)) {
        Some(time) => Ok(time.zoned.timestamp().as_second().to_string().into()),
        None => Ok("0".into()),
    }),
];

/// A time from a value: itself, or seconds since 1970; anything else is now.
fn moment(call: &Call<'_>, index: usize) -> Result<Zoned, Message> {
    let value = call.value(index);
    if let Some(time) = Time::of(&value) {
        return Ok(time.zoned.clone());
    }
    let timestamp = match value.as_signed() {
        Some(seconds) => Timestamp::from_second(seconds).map_err(|_| out_of_range())?,
        None => call.now()?,
    };
    Ok(timestamp.to_zoned(call.zone()))
}

fn out_of_range() -> Message {
    "the time is out of range".into()
}

/// The zone of a name as Go's `time.LoadLocation` reads it; unknown names mean UTC.
fn zone(call: &Call<'_>, name: &str) -> TimeZone {
    match name {
        "" | "UTC" => TimeZone::UTC,
        "Local" => call.zone(),
        other => TimeZone::get(other).unwrap_or(TimeZone::UTC),
    }
}

fn formatted(call: &mut Call<'_>, layout: &str, at: usize, zone_at: Option<usize>) -> Outcome {
    let zone = match zone_at {
        Some(index) => zone(call, &call.utf8(index)),
        None => call.zone(),
    };
    let moment = moment(call, at)?.with_time_zone(zone);
    Ok(format::format(&moment, layout).into())
}

fn modified(call: &mut Call<'_>) -> Outcome {
    let duration = duration::parse(&call.utf8(0))?;
    let Some(time) = Time::of(&call.value(1)) else {
        return Ok(call.value(1));
    };
    let moved = time.zoned.checked_add(SignedDuration::from_nanos(duration)).map_err(|_| out_of_range())?;
    Ok(Time::new(moved).into())
}

/// Nanoseconds since a time, as far as an integer of 64 bits holds them.
fn since(call: &Call<'_>, moment: &Zoned) -> Result<i64, Message> {
    let passed = call.now()?.as_nanosecond() - moment.timestamp().as_nanosecond();
    Ok(i64::try_from(passed).unwrap_or(if passed < 0 { i64::MIN } else { i64::MAX }))
}

fn ago(call: &mut Call<'_>) -> Outcome {
    let moment = moment(call, 0)?;
    Ok(duration::format(duration::round_to_seconds(since(call, &moment)?)).into())
}

fn duration_of_seconds(call: &mut Call<'_>) -> Outcome {
    let seconds = match call.value(0) {
        Value::String(text) => String::from_utf8_lossy(&text).parse().unwrap_or_default(),
        Value::Int64(seconds) => seconds,
        _ => 0,
    };
    Ok(duration::format(i64::wrapping_mul(seconds, duration::SECOND)).into())
}

fn rounded(call: &mut Call<'_>) -> Outcome {
    let value = call.value(0);
    let nanoseconds = match &value {
        Value::String(text) => duration::parse(&String::from_utf8_lossy(text)).unwrap_or_default(),
        Value::Int64(nanoseconds) => *nanoseconds,
        other => match Time::of(other) {
            Some(time) => since(call, &time.zoned)?,
            None => 0,
        },
    };
    Ok(duration::largest_unit(nanoseconds).into())
}
