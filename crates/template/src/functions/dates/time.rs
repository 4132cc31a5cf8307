//! Go's `time.Time` as a value: its text, its JSON, its methods.

use std::any::Any;
use std::rc::Rc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::format::format;
use super::layout::{MONTHS, WEEKDAYS};
use crate::functions::Type;
use crate::value::{Method, Object, Value};

/// A point in time, shown in a zone.
pub(super) struct Time {
    pub(super) zoned: Zoned,
}

impl Time {
    pub(super) fn new(zoned: Zoned) -> Self {
        Self { zoned }
    }

    /// Go's zero time: the first of January of the year one.
    pub(super) fn zero() -> Self {
        let first = jiff::civil::date(1, 1, 1).to_zoned(TimeZone::UTC);
        Self { zoned: first.unwrap_or_else(|_| Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)) }
    }

    /// The time that a value is.
    pub(super) fn of(value: &Value) -> Option<Rc<Self>> {
        match value {
            Value::Object(object) => {
                time(object.as_ref()).map(|time| Rc::new(Self { zoned: time.zoned.clone() }))
            }
            _ => None,
        }
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Object(Rc::new(time))
    }
}

fn time(object: &dyn Object) -> Option<&Time> {
    object.as_any().downcast_ref()
}

/// A method without arguments that reads one part of the time.
macro_rules! part {
    ($read:expr) => {
        Method {
            parameters: &[],
            call: |object, _| Ok(time(object).map(|time| &time.zoned).map($read).unwrap_or_default()),
        }
    };
}

/// A method that compares with another time.
macro_rules! comparison {
    ($read:expr) => {
        Method {
            parameters: &[Type::Struct("time.Time")],
            call: |object, arguments| {
                let other = match arguments {
                    [Value::Object(other)] => time(other.as_ref()),
                    _ => None,
                };
                let order =
                    time(object).zip(other).map(|(a, b)| a.zoned.timestamp().cmp(&b.zoned.timestamp()));
                Ok(order.map($read).unwrap_or_default())
            },
        }
    };
}

fn name(names: &[&str], index: i8) -> Value {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default().into()
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }

    fn text(&self) -> Option<String> {
        Some(format(&self.zoned, "2006-01-02 15:04:05.999999999 -0700 MST"))
    }

    fn json(&self) -> Value {
        format(&self.zoned, "2006-01-02T15:04:05.999999999Z07:00").into()
    }

    fn method(&self, name_of_method: &str) -> Option<Method> {
        Some(match name_of_method {
            "Unix" => part!(|time| Value::Int64(time.timestamp().as_second())),
            "UnixMilli" => part!(|time| Value::Int64(time.timestamp().as_millisecond())),
            "UnixNano" => part!(|time| Value::Int64(time.timestamp().as_nanosecond() as i64)),
            "Year" => part!(|time| Value::Int(time.year().into())),
            "Month" => part!(|time| name(&MONTHS, time.month() - 1)),
            "Day" => part!(|time| Value::Int(time.day().into())),
            "Hour" => part!(|time| Value::Int(time.hour().into())),
            "Minute" => part!(|time| Value::Int(time.minute().into())),
            "Second" => part!(|time| Value::Int(time.second().into())),
            "Nanosecond" => part!(|time| Value::Int(time.subsec_nanosecond().into())),
            "YearDay" => part!(|time| Value::Int(time.day_of_year().into())),
            "Weekday" => part!(|time| name(&WEEKDAYS, time.weekday().to_sunday_zero_offset())),
            "UTC" => part!(|time| Time::new(time.with_time_zone(TimeZone::UTC)).into()),
            "String" => part!(|time| format(time, "2006-01-02 15:04:05.999999999 -0700 MST").into()),
            "IsZero" => part!(|time| (time.timestamp() == Time::zero().zoned.timestamp()).into()),
            "After" => comparison!(|order| order.is_gt().into()),
            "Before" => comparison!(|order| order.is_lt().into()),
            "Equal" => comparison!(|order| order.is_eq().into()),
            "Format" => Method {
                parameters: &[Type::String],
                call: |object, arguments| {
                    let layout = match arguments {
                        [Value::String(layout)] => String::from_utf8_lossy(layout).into_owned(),
                        _ => String::new(),
                    };
                    Ok(time(object).map(|time| format(&time.zoned, &layout)).unwrap_or_default().into())
                },
            },
            "AddDate" => Method { parameters: &[Type::Int, Type::Int, Type::Int], call: add_date },
            _ => return None,
        })
    }

    fn equals(&self, other: &dyn Object) -> bool {
        time(other).is_some_and(|other| other.zoned == self.zoned)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Adds years, months and days. A day that a month has not runs over into the next one.
fn add_date(object: &dyn Object, arguments: &[Value]) -> Result<Value, crate::error::Message> {
    let number = |index: usize| arguments.get(index).and_then(Value::as_signed).unwrap_or_default();
    let out_of_range = |_| crate::error::Message::new("the time is out of range");
    let Some(time) = time(object) else {
        return Ok(Value::Nil);
    };
    let months = i64::from(time.zoned.year()) * 12 + i64::from(time.zoned.month()) - 1 + number(1);
    let months = months.saturating_add(number(0).saturating_mul(12));
    let year = i16::try_from(months.div_euclid(12)).unwrap_or(i16::MAX);
    let first = time.zoned.with().day(1).build().map_err(out_of_range)?;
    let first =
        first.with().year(year).month((months.rem_euclid(12) + 1) as i8).build().map_err(out_of_range)?;
    let days = number(2).saturating_add(i64::from(time.zoned.day()) - 1);
    let span = jiff::Span::new().try_days(days).map_err(out_of_range)?;
    Ok(Time::new(first.checked_add(span).map_err(out_of_range)?).into())
}
