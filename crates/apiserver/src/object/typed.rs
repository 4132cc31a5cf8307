//! Decoding a body as Go decodes it into the struct of a kind: what does not fit, what is unknown, what stands twice.
//!
//! The walk follows the text, because findings are told in its order. Values of maps with free keys have the type of the
//! map's values; an element of a list has the path of the list in type errors, and its index in findings.

use std::fmt;

use gangplank_merge::schema::{Field, Node, Scalar};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::status::quote;

/// A field that is not taken as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    Unknown(String),
    Duplicate(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Unknown(path) => write!(f, "unknown field {}", quote(path)),
            Finding::Duplicate(path) => write!(f, "duplicate field {}", quote(path)),
        }
    }
}

/// A decoded body.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) value: Value,
    pub(crate) findings: Vec<Finding>,
    /// The first value of a wrong type, in Go's words.
    pub(crate) mistake: Option<String>,
}

/// Decodes JSON text as a value of the type at `node` (anything, where there is none), which Go calls `name`.
///
/// # Errors
/// The parser's own words, when the text is no JSON or nests too deep.
pub(crate) fn decode(bytes: &[u8], node: Option<Node<'_>>, name: &str) -> Result<Decoded, serde_json::Error> {
    let mut walk = Walk { findings: Vec::new(), mistake: None, go: Vec::new(), path: String::new() };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let place = Place { node, go_type: "", owner: name };
    let value = Seed { walk: &mut walk, place }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(Decoded { value, findings: walk.findings, mistake: walk.mistake })
}

struct Walk<'n> {
    findings: Vec<Finding>,
    mistake: Option<String>,
    /// Names of the fields down to here.
    go: Vec<&'n str>,
    path: String,
}

#[derive(Clone, Copy)]
struct Place<'n> {
    node: Option<Node<'n>>,
    go_type: &'n str,
    /// The struct that the innermost field belongs to.
    owner: &'n str,
}

impl Walk<'_> {
    fn wrong(&mut self, place: Place<'_>, found: &str) {
        let path = self.go.join(".");
        let kind = match expected(place) {
            // These read themselves, from simpler types.
            Expected::Time | Expected::MicroTime => "string".to_owned(),
            Expected::IntOrString => "int32".to_owned(),
            _ => place.go_type.trim_start_matches('*').replace("[]byte", "[]uint8"),
        };
        if path.is_empty() {
            self.say(format!(
                "json: cannot unmarshal {found} into Go value of type {}",
                go_root(place.owner)
            ));
        } else {
            let owner = place.owner;
            self.say(format!(
                "json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {kind}"
            ));
        }
    }

    fn say(&mut self, mistake: String) {
        self.mistake.get_or_insert(mistake);
    }
}

fn go_root(name: &str) -> String {
    format!("v1.{name}")
}

/// The last part of a definition's name: what Go calls the struct.
fn struct_name<'n>(node: Node<'n>) -> &'n str {
    node.ty().name.as_deref().and_then(|name| name.rsplit('.').next()).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Anything,
    Struct,
    Map,
    List,
    Bytes,
    Text,
    Integer,
    Float,
    Bool,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
}

fn expected(place: Place<'_>) -> Expected {
    let Some(node) = place.node else { return Expected::Anything };
    match struct_name(node) {
        "Time" => return Expected::Time,
        "MicroTime" => return Expected::MicroTime,
        "Quantity" => return Expected::Quantity,
        "IntOrString" => return Expected::IntOrString,
        "FieldsV1"
        | "RawExtension"
        | "JSON"
        | "JSONSchemaPropsOrArray"
        | "JSONSchemaPropsOrBool"
        | "JSONSchemaPropsOrStringArray"
        | "Patch" => return Expected::Anything,
        _ => {}
    }
    if place.go_type.trim_start_matches('*') == "[]byte" {
        return Expected::Bytes;
    }
    let (list, map) = (node.ty().list.as_ref(), node.ty().map.as_ref());
    match (node.ty().scalar, list, map) {
        (Some(scalar), None, None) => match scalar {
            Scalar::String => Expected::Text,
            Scalar::Integer => Expected::Integer,
            Scalar::Number => Expected::Float,
            Scalar::Boolean => Expected::Bool,
            Scalar::Untyped => Expected::Anything,
        },
        (None, Some(_), None) => Expected::List,
        (None, None, Some(map)) if map.fields.is_empty() => Expected::Map,
        (None, None, Some(_)) => Expected::Struct,
        _ => Expected::Anything,
    }
}

struct Seed<'w, 'n> {
    walk: &'w mut Walk<'n>,
    place: Place<'n>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seed<'_, '_> {
    fn scalar(self, value: Value, found: &str, fits: &[Expected]) -> Value {
        let expected = expected(self.place);
        if expected != Expected::Anything && !fits.contains(&expected) {
            self.walk.wrong(self.place, found);
            return Value::Null;
        }
        value
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(self.scalar(value.into(), "bool", &[Expected::Bool]))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        self.number(value.into(), &value.to_string())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        self.number(value.into(), &value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let text = gangplank_yaml::json_float(value).unwrap_or_default();
        let number = serde_json::Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        self.number(number.into(), &text)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        match expected(self.place) {
            Expected::Time => self.time(value, false),
            Expected::MicroTime => self.time(value, true),
            Expected::Bytes => {
                if let Err(mistake) = check_base64(value) {
                    self.walk.say(mistake);
                }
                // Newlines are allowed and do not survive.
                Ok(value.replace(['\n', '\r'], "").into())
            }
            Expected::Quantity => {
                if crate::object::quantity::parse(value).is_none() {
                    self.walk.say(crate::object::quantity::MALFORMED.to_owned());
                }
                Ok(value.into())
            }
            _ => Ok(self.scalar(value.into(), "string", &[Expected::Text, Expected::IntOrString])),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let place = self.place;
        let kind = expected(place);
        let mut fits = true;
        if !matches!(kind, Expected::Anything | Expected::List) {
            self.walk.wrong(place, "array");
            fits = false;
        }
        let items =
            place.node.filter(|_| fits).and_then(|node| node.ty().list.as_ref().map(|list| node.items(list)));
        let go_type = place.go_type.trim_start_matches('*').strip_prefix("[]").unwrap_or("");
        let mut out = Vec::new();
        let length = self.walk.path.len();
        loop {
            self.walk.path.push_str(&format!("[{}]", out.len()));
            let seed =
                Seed { walk: &mut *self.walk, place: Place { node: items, go_type, owner: place.owner } };
            let next = access.next_element_seed(seed)?;
            self.walk.path.truncate(length);
            match next {
                // What is null in a list of Go's texts is empty.
                Some(Value::Null) if go_type == "string" => out.push("".into()),
                Some(value) => out.push(value),
                None => break,
            }
        }
        Ok(if fits { Value::Array(out) } else { Value::Null })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let place = self.place;
        let kind = expected(place);
        let fits = matches!(kind, Expected::Anything | Expected::Struct | Expected::Map);
        if !fits {
            self.walk.wrong(place, "object");
        }
        let node = place.node.filter(|_| fits && kind != Expected::Anything);
        let owner = node.filter(|_| kind == Expected::Struct).map_or(place.owner, struct_name);
        let owner = if owner.is_empty() { place.owner } else { owner };
        let mut out = Map::new();
        let length = self.walk.path.len();
        while let Some(key) = access.next_key::<String>()? {
            if length > 0 {
                self.walk.path.push('.');
            }
            self.walk.path.push_str(&key);
            let known = node
                .and_then(|node| node.ty().map.as_ref())
                .and_then(|map| map.fields.get_key_value(key.as_str()));
            if out.contains_key(&key) {
                let path = self.walk.path.clone();
                self.walk.findings.push(Finding::Duplicate(path));
            }
            let value = match (kind, known) {
                (Expected::Struct, Some((name, field))) => {
                    let place =
                        Place { node: node.map(|node| node.of_field(field)), go_type: go_of(field), owner };
                    self.walk.go.push(name);
                    let value = access.next_value_seed(Seed { walk: &mut *self.walk, place });
                    self.walk.go.pop();
                    Some(value?)
                }
                (Expected::Struct, None) => {
                    let path = self.walk.path.clone();
                    self.walk.findings.push(Finding::Unknown(path));
                    access.next_value::<serde::de::IgnoredAny>()?;
                    None
                }
                _ => {
                    let inner = node.and_then(|node| node.values(node.ty().map.as_ref()?));
                    let go_type = map_value(place.go_type);
                    let place = Place { node: inner, go_type, owner };
                    Some(access.next_value_seed(Seed { walk: &mut *self.walk, place })?)
                }
            };
            self.walk.path.truncate(length);
            if let Some(value) = value {
                out.insert(key, value);
            }
        }
        Ok(if fits { Value::Object(out) } else { Value::Null })
    }
}

fn go_of(field: &Field) -> &str {
    &field.go_type
}

fn map_value(go_type: &str) -> &str {
    go_type
        .trim_start_matches('*')
        .strip_prefix("map[")
        .and_then(|rest| rest.split_once(']'))
        .map_or("", |(_, v)| v)
}

impl Seed<'_, '_> {
    fn number<E>(self, value: Value, text: &str) -> Result<Value, E> {
        let kind = expected(self.place);
        match kind {
            Expected::Integer => {
                let whole = value.as_i64();
                let narrow = self.place.go_type.trim_start_matches('*').ends_with("int32");
                let fits = whole.is_some_and(|number| !narrow || i32::try_from(number).is_ok());
                if !fits {
                    self.walk.wrong(self.place, &format!("number {text}"));
                    return Ok(Value::Null);
                }
                Ok(value)
            }
            // A quantity may be a number; it is kept as text.
            Expected::Quantity => Ok(text.into()),
            Expected::IntOrString if value.as_i64().is_none_or(|number| i32::try_from(number).is_err()) => {
                self.walk.wrong(self.place, &format!("number {text}"));
                Ok(Value::Null)
            }
            Expected::Time | Expected::MicroTime => {
                let place = Place { go_type: "string", ..self.place };
                self.walk.wrong(place, "number");
                Ok(Value::Null)
            }
            _ => Ok(self.scalar(value, "number", &[Expected::Float, Expected::IntOrString])),
        }
    }

    fn time<E>(self, text: &str, micro: bool) -> Result<Value, E> {
        match crate::object::time::read(text, micro) {
            Ok(written) => Ok(written.into()),
            Err(mistake) => {
                self.walk.say(mistake);
                Ok(Value::Null)
            }
        }
    }
}

/// Checks standard base64 with padding as Go does; newlines may stand anywhere.
fn check_base64(text: &str) -> Result<(), String> {
    let illegal = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let bytes = text.as_bytes();
    let mut digits = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\n' | b'\r' => {}
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => digits += 1,
            b'=' => {
                let missing = match digits % 4 {
                    2 => 2,
                    3 => 1,
                    _ => return illegal(at),
                };
                let mut seen = 1;
                let mut next = at + 1;
                while seen < missing {
                    match bytes.get(next) {
                        Some(b'\n' | b'\r') => next += 1,
                        Some(b'=') => {
                            seen += 1;
                            next += 1;
                        }
                        Some(_) => return illegal(next),
                        None => return illegal(bytes.len()),
                    }
                }
                return match bytes[next..].iter().position(|b| !matches!(b, b'\n' | b'\r')) {
                    Some(rest) => illegal(next + rest),
                    None => Ok(()),
                };
            }
            _ => return illegal(at),
        }
        at += 1;
    }
    // Go names the place where the last, incomplete group of four begins.
    if digits.is_multiple_of(4) { Ok(()) } else { illegal(digits / 4 * 4) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gangplank_merge::schema::builtin;

    fn check(kind: (&str, &str), body: &str, expect: &str) {
        let schema = builtin().kind(kind.0, "v1", kind.1).unwrap();
        let decoded = decode(body.as_bytes(), Some(schema.root()), kind.1).unwrap();
        let findings = decoded.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        assert_eq!(decoded.mistake.unwrap_or(findings), expect, "{body}");
    }

    #[test]
    fn what_go_says() {
        let map = ("", "ConfigMap");
        check(map, r#"{"data":{"a":"1"}}"#, "");
        check(
            map,
            r#"{"data":{"a":1}}"#,
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        );
        check(
            map,
            r#"{"metadata":{"labels":["a"]}}"#,
            "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        );
        check(
            map,
            r#"{"metadata":"x"}"#,
            "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
        );
        check(
            ("apps", "StatefulSet"),
            r#"{"spec":{"replicas":1.5}}"#,
            "json: cannot unmarshal number 1.5 into Go struct field StatefulSetSpec.spec.replicas of type int32",
        );
        check(
            map,
            r#"{"metadata":{"colour":1},"data":{"a":"1","a":"2"},"extra":1}"#,
            r#"unknown field "metadata.colour", duplicate field "data.a", unknown field "extra""#,
        );
        check(("", "Secret"), r#"{"data":{"a":"%%"}}"#, "illegal base64 data at input byte 0");
        check(("", "Secret"), r#"{"data":{"a":"YQ=="}}"#, "");
    }
}
