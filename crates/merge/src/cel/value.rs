//! Values while they are evaluated.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use serde_json::Value;

use super::library::Special;
use super::quantity::Quantity;

/// What a JSON value is to an expression: its schema, outside of this module.
pub(crate) trait Shape {
    /// The value of a scalar, by its type and format; lists and maps stay as they are.
    fn scalar<'v>(&'v self, value: &'v Value) -> Val<'v>;
    /// The shape of the elements of a list.
    fn items(&self) -> Option<&dyn Shape>;
    /// The shape of what stands under a key, and the key, by the name an expression uses.
    fn member(&self, object: &Value, name: &str) -> Option<(String, &dyn Shape)>;
    /// Whether the value is a map whose keys are data, not fields.
    fn is_map(&self) -> bool;
    /// Whether the order of a list means nothing.
    fn is_set(&self) -> bool;
}

/// A value.
#[derive(Clone)]
pub(crate) enum Val<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Cow<'v, str>),
    Bytes(Rc<[u8]>),
    /// Nanoseconds.
    Duration(i64),
    /// Seconds since 1970 and nanoseconds.
    Timestamp(i64, u32),
    /// A type by its name.
    Type(&'static str),
    Quantity(Quantity),
    /// A value of another type of Kubernetes.
    Special(Special),
    List(Rc<[Val<'v>]>),
    Map(Rc<[(Val<'v>, Val<'v>)]>),
    Optional(Option<Rc<Val<'v>>>),
    /// A list, map or object of JSON, with its schema where it has one.
    Json(&'v Value, Option<&'v dyn Shape>),
}

impl<'v> Val<'v> {
    /// A JSON value by its schema; without one by what it looks like.
    pub(crate) fn of_json(value: &'v Value, shape: Option<&'v dyn Shape>) -> Self {
        match (value, shape) {
            (Value::Null, _) => Self::Null,
            (Value::Array(_) | Value::Object(_), shape) => Self::Json(value, shape),
            (scalar, Some(shape)) => shape.scalar(scalar),
            (scalar, None) => Self::plain(scalar),
        }
    }

    /// A scalar by what it looks like.
    pub(crate) fn plain(value: &'v Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(value) => Self::Int(value),
                None => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            _ => Self::Null,
        }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    pub(super) fn list(elements: Vec<Val<'v>>) -> Self {
        Self::List(elements.into())
    }

    /// The name of the value's type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(..) => "google.protobuf.Timestamp",
            Self::Type(_) => "type",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Special(special) => special.type_name(),
            Self::List(_) | Self::Json(Value::Array(_), _) => "list",
            Self::Map(_) => "map",
            Self::Json(_, Some(shape)) if !shape.is_map() => "object",
            Self::Json(..) => "map",
            Self::Optional(_) => "optional_type",
        }
    }

    /// How much there is to read in a value, in scalars and characters: at most as much as is asked for. Lists may hold one
    /// list many times, so that this can be far more than is held in memory.
    pub(super) fn weight(&self, most: usize) -> usize {
        let all = |inner: &mut dyn Iterator<Item = &Val<'v>>| {
            let mut sum = 1_usize;
            for value in inner {
                if sum >= most {
                    break;
                }
                sum = sum.saturating_add(value.weight(most - sum));
            }
            sum
        };
        match self {
            Self::Text(text) => text.len() + 1,
            Self::Bytes(bytes) => bytes.len() + 1,
            Self::List(elements) => all(&mut elements.iter()),
            Self::Map(entries) => all(&mut entries.iter().flat_map(|(key, value)| [key, value])),
            Self::Optional(Some(inner)) => inner.weight(most).saturating_add(1),
            Self::Json(json, _) => weight_of_json(json),
            _ => 1,
        }
    }

    /// The elements of a list; none for anything else.
    pub(super) fn elements(&self) -> Option<Vec<Val<'v>>> {
        match self {
            Self::List(elements) => Some(elements.to_vec()),
            Self::Json(Value::Array(elements), shape) => {
                let items = shape.and_then(Shape::items);
                Some(elements.iter().map(|element| Val::of_json(element, items)).collect())
            }
            _ => None,
        }
    }

    /// How many elements, entries, characters or bytes there are.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.chars().count()),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::List(elements) => Some(elements.len()),
            Self::Map(entries) => Some(entries.len()),
            Self::Json(Value::Array(elements), _) => Some(elements.len()),
            Self::Json(Value::Object(members), _) => Some(members.len()),
            _ => None,
        }
    }

    /// The keys of a map.
    pub(super) fn keys(&self) -> Option<Vec<Val<'v>>> {
        match self {
            Self::Map(entries) => Some(entries.iter().map(|(key, _)| key.clone()).collect()),
            Self::Json(Value::Object(members), _) => {
                Some(members.keys().map(|key| Self::Text(Cow::Borrowed(key.as_str()))).collect())
            }
            _ => None,
        }
    }

    /// What stands under a key of a map.
    pub(super) fn at_key(&self, key: &Val<'_>) -> Option<Val<'v>> {
        match (self, key) {
            (Self::Map(entries), key) => {
                entries.iter().find(|(known, _)| known.equals(key)).map(|(_, value)| value.clone())
            }
            (Self::Json(object @ Value::Object(members), shape), Val::Text(key)) => {
                let value = members.get(key.as_ref())?;
                let inner = shape.and_then(|shape| shape.member(object, key)).map(|(_, inner)| inner);
                Some(Val::of_json(value, inner))
            }
            _ => None,
        }
    }

    /// The value of a field by the name an expression uses; none where it is not set.
    pub(super) fn field(&self, name: &str) -> Option<Val<'v>> {
        match self {
            Self::Json(object @ Value::Object(members), Some(shape)) => {
                let (key, inner) = shape.member(object, name)?;
                members.get(&key).map(|value| Val::of_json(value, Some(inner)))
            }
            map => map.at_key(&Val::text(name)),
        }
    }

    /// Whether two values are the same: numbers by size, sets in any order, different types never.
    pub(super) fn equals(&self, other: &Val<'_>) -> bool {
        match (self, other) {
            (Val::Null, Val::Null) => true,
            (Val::Text(a), Val::Text(b)) => a == b,
            (Val::Bytes(a), Val::Bytes(b)) => a == b,
            (Val::Type(a), Val::Type(b)) => a == b,
            (Val::Quantity(a), Val::Quantity(b)) => a.compare(b).is_eq(),
            (Val::Special(a), Val::Special(b)) => a.equals(b),
            (Val::Optional(None), Val::Optional(None)) => true,
            (Val::Optional(Some(a)), Val::Optional(Some(b))) => a.equals(b),
            _ => match (self.elements(), other.elements()) {
                (Some(a), Some(b)) => {
                    let set = matches!(self, Val::Json(_, Some(shape)) if shape.is_set())
                        || matches!(other, Val::Json(_, Some(shape)) if shape.is_set());
                    a.len() == b.len()
                        && if set {
                            a.iter().all(|one| b.iter().any(|other| one.equals(other)))
                        } else {
                            a.iter().zip(&b).all(|(one, other)| one.equals(other))
                        }
                }
                (None, None) => match (self.keys(), other.keys()) {
                    (Some(a), Some(b)) => {
                        a.len() == b.len()
                            && a.iter().all(|key| match (self.at_key(key), other.at_key(key)) {
                                (Some(one), Some(other)) => one.equals(&other),
                                _ => false,
                            })
                    }
                    (None, None) => self.order(other) == Some(Ordering::Equal),
                    _ => false,
                },
                _ => false,
            },
        }
    }

    /// The order of two values, where they have one.
    pub(super) fn order(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
            (Val::Int(a), Val::Int(b)) => Some(a.cmp(b)),
            (Val::Uint(a), Val::Uint(b)) => Some(a.cmp(b)),
            (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
            (Val::Bytes(a), Val::Bytes(b)) => Some(a.cmp(b)),
            (Val::Duration(a), Val::Duration(b)) => Some(a.cmp(b)),
            (Val::Timestamp(a, an), Val::Timestamp(b, bn)) => Some((a, an).cmp(&(b, bn))),
            (Val::Int(a), Val::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Val::Uint(a), Val::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            _ => self.as_number()?.partial_cmp(&other.as_number()?),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of different kinds are compared as floats")]
    fn as_number(&self) -> Option<f64> {
        match self {
            Val::Int(value) => Some(*value as f64),
            Val::Uint(value) => Some(*value as f64),
            Val::Double(value) => Some(*value),
            _ => None,
        }
    }
}

fn weight_of_json(json: &Value) -> usize {
    match json {
        Value::String(text) => text.len() + 1,
        Value::Array(elements) => elements.iter().map(weight_of_json).sum::<usize>() + 1,
        Value::Object(members) => {
            members.iter().map(|(key, value)| key.len() + weight_of_json(value)).sum::<usize>() + 1
        }
        _ => 1,
    }
}
