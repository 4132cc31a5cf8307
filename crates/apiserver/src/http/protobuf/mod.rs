//! Bodies in Kubernetes' binary form, which Go's typed clients send: read into the JSON that they stand for.
//!
//! ```text
//!   "k8s\0" ‖ Unknown { typeMeta { apiVersion, kind }, raw } ──▶ messages.txt (field numbers) ──▶ JSON
//! ```
//!
//! Of answers only refusals are written in it, for those who read nothing else; all others read JSON as well.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::status::Status;

/// What a body in this form says it is.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

const MAGIC: &[u8] = b"k8s\0";

/// What nests deeper than this is not one of the kinds.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, Copy)]
enum Form {
    Text,
    Bytes,
    Bool,
    Int32,
    Int64,
    Quantity,
    IntOrText,
    Time,
    MicroTime,
    /// Bytes that are JSON themselves.
    Raw,
    /// A message with a list of texts.
    Texts,
    Message(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Many {
    One,
    List,
    Map,
}

#[derive(Debug)]
struct Field {
    number: u64,
    /// `.` where the members of the message belong to the object around it.
    name: &'static str,
    many: Many,
    form: Form,
}

type Messages = HashMap<&'static str, Vec<Field>>;

static MESSAGES: LazyLock<Messages> = LazyLock::new(|| {
    include_str!("messages.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (name, fields) = line.split_once(": ")?;
            Some((name, fields.split(", ").filter_map(field).collect()))
        })
        .collect()
});

fn field(text: &'static str) -> Option<Field> {
    let mut words = text.split(' ');
    let (number, name, mut form) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    let many = match form {
        "list" => Many::List,
        "map" => Many::Map,
        _ => Many::One,
    };
    if many != Many::One {
        form = words.next()?;
    }
    let form = match form {
        "string" => Form::Text,
        "bytes" => Form::Bytes,
        "bool" => Form::Bool,
        "int32" => Form::Int32,
        "int64" => Form::Int64,
        "quantity" => Form::Quantity,
        "int-or-string" => Form::IntOrText,
        "time" => Form::Time,
        "micro-time" => Form::MicroTime,
        "raw" => Form::Raw,
        "texts" => Form::Texts,
        _ => Form::Message(form),
    };
    Some(Field { number, name, many, form })
}

/// What stands at a field on the wire.
#[derive(Debug, Clone, Copy)]
enum Wire<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

impl<'b> Wire<'b> {
    fn number(self) -> Result<u64, String> {
        match self {
            Wire::Number(number) => Ok(number),
            Wire::Bytes(_) => Err("proto: wrong wireType = 2".to_owned()),
        }
    }

    fn bytes(self) -> Result<&'b [u8], String> {
        match self {
            Wire::Bytes(bytes) => Ok(bytes),
            Wire::Number(_) => Err("proto: wrong wireType = 0".to_owned()),
        }
    }

    fn text(self) -> Result<String, String> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    /// A signed number: negative ones are sent as if they had 64 bits.
    fn signed(self) -> Result<i64, String> {
        Ok(i64::from_ne_bytes(self.number()?.to_ne_bytes()))
    }
}

/// The fields of a message, one after the other.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or("unexpected EOF")?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("proto: integer overflow".to_owned())
    }

    fn take(&mut self, length: u64) -> Result<&'b [u8], String> {
        let length =
            usize::try_from(length).map_err(|_| "proto: negative length found during unmarshaling")?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or("unexpected EOF")?;
        self.0 = rest;
        Ok(taken)
    }

    fn next(&mut self) -> Result<Option<(u64, Wire<'b>)>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Bytes(self.take(8)?),
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Bytes(self.take(4)?),
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok(Some((tag >> 3, wire)))
    }
}

fn value(form: Form, wire: Wire<'_>, depth: usize) -> Result<Value, String> {
    Ok(match form {
        Form::Text => wire.text()?.into(),
        Form::Bytes => STANDARD.encode(wire.bytes()?).into(),
        Form::Bool => (wire.number()? != 0).into(),
        Form::Int32 | Form::Int64 => wire.signed()?.into(),
        Form::Quantity => only(wire, 1, Wire::text)?.unwrap_or_else(|| "0".to_owned()).into(),
        Form::IntOrText => int_or_text(wire.bytes()?)?,
        Form::Time => time(wire.bytes()?, false)?,
        Form::MicroTime => time(wire.bytes()?, true)?,
        Form::Raw => {
            let raw = only(wire, 1, Wire::bytes)?.unwrap_or_default();
            if raw.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(raw).map_err(|e| e.to_string())?
            }
        }
        Form::Texts => {
            let mut list = Vec::new();
            let mut fields = Fields(wire.bytes()?);
            while let Some((_, wire)) = fields.next()? {
                list.push(Value::from(wire.text()?));
            }
            list.into()
        }
        Form::Message(name) => {
            let mut map = Map::new();
            message(name, wire.bytes()?, &mut map, depth + 1)?;
            map.into()
        }
    })
}

/// The one field of a message that is asked for.
fn only<'b, T>(
    wire: Wire<'b>,
    wanted: u64,
    read: impl Fn(Wire<'b>) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let mut fields = Fields(wire.bytes()?);
    let mut found = None;
    while let Some((number, wire)) = fields.next()? {
        if number == wanted {
            found = Some(read(wire)?);
        }
    }
    Ok(found)
}

fn int_or_text(bytes: &[u8]) -> Result<Value, String> {
    let (mut fields, mut is_text, mut number, mut text) = (Fields(bytes), false, 0, String::new());
    while let Some((which, wire)) = fields.next()? {
        match which {
            1 => is_text = wire.number()? == 1,
            2 => number = wire.signed()?,
            3 => text = wire.text()?,
            _ => {}
        }
    }
    Ok(if is_text { text.into() } else { number.into() })
}

fn time(bytes: &[u8], micro: bool) -> Result<Value, String> {
    let (mut fields, mut seconds, mut nanos) = (Fields(bytes), 0, 0);
    while let Some((which, wire)) = fields.next()? {
        match which {
            1 => seconds = wire.signed()?,
            2 => nanos = wire.signed()?,
            _ => {}
        }
    }
    if seconds == 0 && nanos == 0 {
        return Ok(Value::Null);
    }
    let time = i32::try_from(nanos).ok().and_then(|nanos| jiff::Timestamp::new(seconds, nanos).ok());
    let time = time.ok_or("proto: time out of range")?;
    Ok(if micro { crate::object::time::write_micro(time) } else { crate::object::time::write(time) }.into())
}

fn message(name: &str, bytes: &[u8], out: &mut Map<String, Value>, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err("proto: nested too deeply".to_owned());
    }
    let known = MESSAGES.get(name).map_or(&[][..], Vec::as_slice);
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        let Some(field) = known.iter().find(|field| field.number == number) else { continue };
        match field.many {
            Many::One if field.name == "." => {
                if let Form::Message(name) = field.form {
                    message(name, wire.bytes()?, out, depth + 1)?;
                }
            }
            Many::One => {
                out.insert(field.name.to_owned(), value(field.form, wire, depth)?);
            }
            Many::List => {
                let item = value(field.form, wire, depth)?;
                if let Value::Array(list) = out.entry(field.name).or_insert_with(|| Value::Array(Vec::new()))
                {
                    list.push(item);
                }
            }
            Many::Map => {
                let key = only(wire, 1, Wire::text)?.unwrap_or_default();
                let item = only(wire, 2, |wire| value(field.form, wire, depth))?;
                if let Value::Object(map) = out.entry(field.name).or_insert_with(|| Value::Object(Map::new()))
                {
                    map.insert(key, item.unwrap_or_else(|| "".into()));
                }
            }
        }
    }
    Ok(())
}

/// The message of a kind.
fn name(group: &str, version: &str, kind: &str) -> String {
    // Options are of every group.
    if kind == "DeleteOptions" {
        return "meta.v1.DeleteOptions".to_owned();
    }
    let package = match group.split('.').next().unwrap_or_default() {
        "" => "core",
        first => first,
    };
    format!("{package}.{version}.{kind}")
}

fn put_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A refusal in the binary form.
pub(crate) fn refusal(status: &Status) -> Vec<u8> {
    let mut raw = Vec::new();
    // The metadata of a list: three empty texts.
    put_bytes(&mut raw, 1, &[0x0a, 0, 0x12, 0, 0x1a, 0]);
    put_bytes(&mut raw, 2, b"Failure");
    put_bytes(&mut raw, 3, status.message.as_bytes());
    put_bytes(&mut raw, 4, status.reason.unwrap_or_default().as_bytes());
    raw.push(6 << 3);
    put_number(&mut raw, status.code.into());
    let mut out = MAGIC.to_vec();
    put_bytes(&mut out, 1, b"\x0a\x02v1\x12\x06Status");
    put_bytes(&mut out, 2, &raw);
    put_bytes(&mut out, 3, b"");
    put_bytes(&mut out, 4, b"");
    out
}

/// The JSON that a body stands for.
///
/// # Errors
/// What is wrong with the body.
pub(crate) fn read(body: &[u8]) -> Result<Value, String> {
    let body = body
        .strip_prefix(MAGIC)
        .ok_or("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    let mut fields = Fields(body);
    while let Some((number, wire)) = fields.next()? {
        match number {
            1 => {
                api_version = only(wire, 1, Wire::text)?.unwrap_or_default();
                kind = only(wire, 2, Wire::text)?.unwrap_or_default();
            }
            2 => raw = wire.bytes()?,
            _ => {}
        }
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let mut map = Map::new();
    message(&name(group, version, &kind), raw, &mut map, 0)?;
    map.insert("apiVersion".to_owned(), api_version.into());
    map.insert("kind".to_owned(), kind.into());
    Ok(map.into())
}
