//! Steps into an object, as `managedFields` names them.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::go_text;

/// One step into an object.
///
/// The order is the one in which the real server lists paths: fields, then keys, then values, then indices, each by its
/// own order, numbers by number.
#[derive(Debug, Clone)]
pub enum PathElement {
    /// A field of a struct or a key of a map.
    Field(Box<str>),
    /// The element of a list whose key fields have these values; sorted by name.
    Key(Box<[(Box<str>, Value)]>),
    /// The element of a set.
    Value(Value),
    /// The element of a list by its place.
    Index(i64),
}

/// Text that is no step into an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no path element: it must be f:NAME, k:OBJECT, v:SCALAR or i:NUMBER")]
pub struct PathElementError {
    /// The text.
    pub text: String,
}

impl PathElement {
    /// A field by its name.
    pub fn field(name: &str) -> Self {
        Self::Field(name.into())
    }

    /// Reads the form of `fieldsV1`: `f:spec`, `k:{"name":"main"}`, `v:"a"`, `i:3`.
    pub fn parse(text: &str) -> Result<Self, PathElementError> {
        let error = || PathElementError { text: text.to_owned() };
        let (kind, rest) = text.split_once(':').ok_or_else(error)?;
        match kind {
            "f" => Ok(Self::field(rest)),
            "v" => serde_json::from_str(rest).map(Self::Value).map_err(|_| error()),
            "i" => rest.parse().map(Self::Index).map_err(|_| error()),
            "k" => match serde_json::from_str(rest) {
                Ok(Value::Object(map)) => {
                    Ok(Self::key(map.into_iter().map(|(k, v)| (k.into(), v)).collect()))
                }
                _ => Err(error()),
            },
            _ => Err(error()),
        }
    }

    /// A key of some fields, in any order.
    pub(crate) fn key(mut fields: Vec<(Box<str>, Value)>) -> Self {
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self::Key(fields.into())
    }

    /// The form of `fieldsV1`; the inverse of [`PathElement::parse`].
    pub fn serialize(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let members: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| {
                        format!("{}:{}", go_text::json(&Value::from(&**name)), go_text::json(value))
                    })
                    .collect();
                format!("k:{{{}}}", members.join(","))
            }
            Self::Value(value) => format!("v:{}", go_text::json(value)),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

impl fmt::Display for PathElement {
    /// The form of messages: `.spec`, `[name="main"]`, `[="a"]`, `[3]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                f.write_str("[")?;
                for (place, (name, value)) in fields.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={}", shown(value))?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={}]", shown(value)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A value as the real server shows it in a path.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Object(map) => map.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect(),
        Value::Number(number) if !number.is_i64() && !number.is_u64() => go_text::float(number),
        scalar => scalar.to_string(),
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for PathElement {}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => {
                compare_all(a.iter(), b.iter(), |(an, av), (bn, bv)| an.cmp(bn).then_with(|| compare(av, bv)))
            }
            (Self::Value(a), Self::Value(b)) => compare(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PathElement {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

/// The order of values: numbers, texts, booleans, lists, maps, null. Whole and broken numbers compare by size.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap_or(f64::NAN).total_cmp(&b.as_f64().unwrap_or(f64::NAN)),
        },
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => compare_all(a.iter(), b.iter(), compare),
        (Value::Object(a), Value::Object(b)) => {
            let sorted = |map: &serde_json::Map<String, Value>| {
                let mut members: Vec<(String, Value)> =
                    map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                members
            };
            compare_all(sorted(a).iter(), sorted(b).iter(), |(an, av), (bn, bv)| {
                an.cmp(bn).then_with(|| compare(av, bv))
            })
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// Element by element; the shorter first where one starts with the other.
fn compare_all<'a, T: 'a>(
    a: impl Iterator<Item = &'a T>,
    b: impl Iterator<Item = &'a T>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match compare(a, b) {
                Ordering::Equal => {}
                decided => return decided,
            },
        }
    }
}
