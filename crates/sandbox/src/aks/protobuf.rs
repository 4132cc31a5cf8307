//! Requests in Kubernetes' protobuf form, turned into JSON.
//!
//! Clients in Go send built-in kinds so (`kubectl create token`, `auth whoami`, every controller-runtime), and take JSON
//! for an answer. The body is an envelope that names the kind, with the object inside; which field has which number
//! stands in a table that `protobuf/extract.py` makes from the Go types.
//!
//! Bounded: nothing is decoded that is not in the bytes, and objects nest only so deep.

mod table;
mod wire;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use table::{Field, Kind};
use wire::{Fields, Item};

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// The first bytes of each body.
const MAGIC: &[u8] = b"k8s\0";

/// So deep may messages nest; the deepest built-in kinds need a dozen.
const DEPTH: usize = 64;

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    /// The bytes are no message, or not the one they should be.
    #[error("the protobuf body is malformed: {0}")]
    Malformed(&'static str),
    /// The kind is none of the table's.
    #[error("the kind {kind} of {api_version} has no protobuf form here")]
    UnknownKind {
        /// As the envelope says.
        api_version: String,
        /// As the envelope says.
        kind: String,
    },
}

/// Reads a whole body: the object that it holds, with `apiVersion` and `kind`.
pub(crate) fn to_json(body: &[u8]) -> Result<Value, ProtobufError> {
    let body = body.strip_prefix(MAGIC).ok_or(ProtobufError::Malformed("it does not begin with k8s"))?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for item in Fields::of(body) {
        match item? {
            (1, Item::Bytes(meta)) => {
                for item in Fields::of(meta) {
                    match item? {
                        (1, Item::Bytes(bytes)) => api_version = text(bytes)?,
                        (2, Item::Bytes(bytes)) => kind = text(bytes)?,
                        _ => {}
                    }
                }
            }
            (2, Item::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let fields = table::of_kind(&api_version, &kind)
        .ok_or_else(|| ProtobufError::UnknownKind { api_version: api_version.clone(), kind: kind.clone() })?;
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    message(raw, fields, &mut object, DEPTH)?;
    Ok(Value::Object(object))
}

/// Reads a message's fields into an object. What the table doesn't know is passed over, as in JSON.
fn message(
    bytes: &[u8],
    fields: &[Field],
    into: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), ProtobufError> {
    let depth = depth.checked_sub(1).ok_or(ProtobufError::Malformed("it nests too deep"))?;
    for item in Fields::of(bytes) {
        let (number, item) = item?;
        let Some(field) = fields.iter().find(|field| field.number == number) else { continue };
        match (&field.kind, item) {
            (Kind::Message(name), Item::Bytes(bytes)) if field.name == table::INLINE => {
                message(bytes, table::message(name), into, depth)?;
            }
            (Kind::List(kind), item) => {
                let list = into.entry(field.name).or_insert_with(|| json!([]));
                let Value::Array(list) = list else { continue };
                match item {
                    // Numbers may come packed into one item.
                    Item::Bytes(bytes) if **kind == Kind::Int => {
                        for number in wire::packed(bytes) {
                            list.push(number?.into());
                        }
                    }
                    item => list.push(value(kind, item, depth)?),
                }
            }
            (Kind::Map(kind), Item::Bytes(bytes)) => {
                let (key, value) = entry(bytes, kind, depth)?;
                let map = into.entry(field.name).or_insert_with(|| json!({}));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
            (kind, item) => {
                let value = value(kind, item, depth)?;
                if !(field.drop_zero && is_zero(&value)) {
                    into.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    Ok(())
}

/// Reads one entry of a map: its key is field 1, its value field 2, and each may be left out where it is empty.
fn entry(bytes: &[u8], kind: &Kind, depth: usize) -> Result<(String, Value), ProtobufError> {
    let (mut key, mut found) = (String::new(), None);
    for item in Fields::of(bytes) {
        match item? {
            (1, Item::Bytes(bytes)) => key = text(bytes)?,
            (2, item) => found = Some(value(kind, item, depth)?),
            _ => {}
        }
    }
    let found = match found {
        Some(found) => found,
        None => value(kind, Item::Bytes(&[]), depth)?,
    };
    Ok((key, found))
}

fn value(kind: &Kind, item: Item<'_>, depth: usize) -> Result<Value, ProtobufError> {
    Ok(match (kind, item) {
        (Kind::Bool, Item::Number(number)) => (number != 0).into(),
        (Kind::Int, Item::Number(number)) => number.into(),
        (Kind::String, Item::Bytes(bytes)) => text(bytes)?.into(),
        (Kind::Bytes, Item::Bytes(bytes)) => base64(bytes).into(),
        (Kind::Time, Item::Bytes(bytes)) => time(bytes, "%Y-%m-%dT%H:%M:%SZ")?,
        (Kind::MicroTime, Item::Bytes(bytes)) => time(bytes, "%Y-%m-%dT%H:%M:%S.%6fZ")?,
        (Kind::Quantity, Item::Bytes(bytes)) => match first(bytes, 1)? {
            Some(Item::Bytes(bytes)) => text(bytes)?.into(),
            _ => "0".into(),
        },
        (Kind::IntOrString, Item::Bytes(bytes)) => int_or_string(bytes)?,
        (Kind::Json, Item::Bytes(bytes)) => match first(bytes, 1)? {
            Some(Item::Bytes(raw)) if !raw.is_empty() => serde_json::from_slice(raw)
                .map_err(|_| ProtobufError::Malformed("an embedded object is no JSON"))?,
            _ => Value::Null,
        },
        (Kind::Items, Item::Bytes(bytes)) => {
            let mut items = Vec::new();
            for item in Fields::of(bytes) {
                if let (1, Item::Bytes(bytes)) = item? {
                    items.push(Value::from(text(bytes)?));
                }
            }
            items.into()
        }
        (Kind::Message(name), Item::Bytes(bytes)) => {
            let mut object = Map::new();
            message(bytes, table::message(name), &mut object, depth)?;
            Value::Object(object)
        }
        // An empty value in a map comes as no bytes at all.
        (Kind::Bool, Item::Bytes([])) => false.into(),
        (Kind::Int, Item::Bytes([])) => 0.into(),
        _ => return Err(ProtobufError::Malformed("a field is not of its kind")),
    })
}

fn time(bytes: &[u8], format: &str) -> Result<Value, ProtobufError> {
    let number = |wanted| {
        Ok::<_, ProtobufError>(match first(bytes, wanted)? {
            Some(Item::Number(number)) => Some(number),
            _ => None,
        })
    };
    // No time at all is written as an empty message.
    let Some(seconds) = number(1)? else { return Ok(Value::Null) };
    let nanoseconds = i32::try_from(number(2)?.unwrap_or(0)).unwrap_or(0);
    let time = Timestamp::new(seconds, nanoseconds)
        .map_err(|_| ProtobufError::Malformed("a time is out of range"))?;
    Ok(time.strftime(format).to_string().into())
}

fn int_or_string(bytes: &[u8]) -> Result<Value, ProtobufError> {
    let is_text = matches!(first(bytes, 1)?, Some(Item::Number(1)));
    Ok(match first(bytes, if is_text { 3 } else { 2 })? {
        Some(Item::Bytes(bytes)) => text(bytes)?.into(),
        Some(Item::Number(number)) => number.into(),
        None if is_text => "".into(),
        None => 0.into(),
    })
}

/// The first field of this number.
fn first(bytes: &[u8], wanted: u64) -> Result<Option<Item<'_>>, ProtobufError> {
    for item in Fields::of(bytes) {
        let (number, item) = item?;
        if number == wanted {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

fn text(bytes: &[u8]) -> Result<String, ProtobufError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ProtobufError::Malformed("a text is not UTF-8"))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests;
