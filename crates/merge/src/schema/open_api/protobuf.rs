//! The v2 document in the binary form that Go clients ask for (`openapi.v2.Document` of gnostic).
//!
//! Argo CD and older kubectls read nothing else. A message is a sequence of numbered members; the numbers are those of
//! gnostic's `OpenAPIv2.proto`. Extensions are YAML texts there, for which JSON does.

use serde_json::{Map, Value};

/// Encodes a v2 document.
pub fn encode(document: &Value) -> Vec<u8> {
    let mut out = Message::default();
    out.text(1, document.get("swagger"));
    if let Some(info) = document.get("info") {
        let mut message = Message::default();
        message.text(1, info.get("title"));
        message.text(2, info.get("version"));
        out.message(2, &message);
    }
    let mut paths = Message::default();
    for (path, item) in members(document.get("paths")) {
        paths.named(2, path, &path_item(item));
    }
    out.message(8, &paths);
    let mut definitions = Message::default();
    for (name, definition) in members(document.get("definitions")) {
        definitions.named(1, name, &schema(definition));
    }
    out.message(9, &definitions);
    out.bytes
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn path_item(item: &Value) -> Message {
    let mut out = Message::default();
    for (number, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
        if let Some(operation) = item.get(method) {
            out.message(number, &self::operation(operation));
        }
    }
    for parameter in elements(item.get("parameters")) {
        out.message(9, &self::parameter(parameter));
    }
    out
}

fn operation(operation: &Value) -> Message {
    let mut out = Message::default();
    out.text(5, operation.get("operationId"));
    for consumed in elements(operation.get("consumes")) {
        out.text(7, Some(consumed));
    }
    for parameter in elements(operation.get("parameters")) {
        out.message(8, &self::parameter(parameter));
    }
    let mut responses = Message::default();
    for (code, response) in members(operation.get("responses")) {
        let mut answer = Message::default();
        answer.text(1, response.get("description"));
        if let Some(body) = response.get("schema") {
            answer.message(2, &Message::of(1, &schema(body)));
        }
        responses.named(1, code, &Message::of(1, &answer));
    }
    out.message(9, &responses);
    out.extensions(13, operation);
    out
}

/// A parameter of the body, the query or the path, in its wrappings.
fn parameter(parameter: &Value) -> Message {
    let place = parameter.get("in").and_then(Value::as_str).unwrap_or("");
    let mut inner = Message::default();
    let inner = match place {
        "body" => {
            inner.text(2, parameter.get("name"));
            inner.text(3, parameter.get("in"));
            inner.flag(4, parameter.get("required"));
            if let Some(body) = parameter.get("schema") {
                inner.message(5, &schema(body));
            }
            Message::of(1, &inner)
        }
        place => {
            inner.flag(1, parameter.get("required"));
            inner.text(2, parameter.get("in"));
            inner.text(4, parameter.get("name"));
            let (kind, unique, number) = if place == "query" { (6, 20, 3) } else { (5, 18, 4) };
            inner.text(kind, parameter.get("type"));
            inner.flag(unique, parameter.get("uniqueItems"));
            Message::of(2, &Message::of(number, &inner))
        }
    };
    Message::of(1, &inner)
}

fn schema(schema: &Value) -> Message {
    let mut out = Message::default();
    for (number, name) in [(1, "$ref"), (2, "format"), (3, "title"), (4, "description"), (13, "pattern")] {
        out.text(number, schema.get(name));
    }
    for (number, name) in [(6, "multipleOf"), (7, "maximum"), (9, "minimum")] {
        out.double(number, schema.get(name));
    }
    for (number, name) in [(8, "exclusiveMaximum"), (10, "exclusiveMinimum"), (16, "uniqueItems")] {
        out.flag(number, schema.get(name));
    }
    for (number, name) in [
        (11, "maxLength"),
        (12, "minLength"),
        (14, "maxItems"),
        (15, "minItems"),
        (17, "maxProperties"),
        (18, "minProperties"),
    ] {
        out.int(number, schema.get(name));
    }
    for required in elements(schema.get("required")) {
        out.text(19, Some(required));
    }
    for allowed in elements(schema.get("enum")) {
        out.message(20, &any(allowed));
    }
    match schema.get("additionalProperties") {
        Some(flag @ Value::Bool(_)) => {
            let mut inner = Message::default();
            inner.flag(2, Some(flag));
            out.message(21, &inner);
        }
        Some(inner @ Value::Object(_)) => out.message(21, &Message::of(1, &self::schema(inner))),
        _ => {}
    }
    if let Some(kind) = schema.get("type") {
        let mut inner = Message::default();
        inner.text(1, Some(kind));
        out.message(22, &inner);
    }
    if let Some(items) = schema.get("items") {
        out.message(23, &Message::of(1, &self::schema(items)));
    }
    if schema.get("properties").is_some() {
        let mut inner = Message::default();
        for (name, property) in members(schema.get("properties")) {
            inner.named(1, name, &self::schema(property));
        }
        out.message(25, &inner);
    }
    out.extensions(31, schema);
    out
}

/// A value of any kind: its YAML.
fn any(value: &Value) -> Message {
    let mut out = Message::default();
    out.text(2, Some(&Value::from(format!("{value}\n"))));
    out
}

/// A message while it is written.
#[derive(Default)]
struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// A message with a single member.
    fn of(number: u64, inner: &Message) -> Self {
        let mut out = Self::default();
        out.message(number, inner);
        out
    }

    fn varint(&mut self, mut value: u64) {
        loop {
            let low = u8::try_from(value & 0x7f).unwrap_or(0);
            value >>= 7;
            if value == 0 {
                self.bytes.push(low);
                return;
            }
            self.bytes.push(low | 0x80);
        }
    }

    fn length_delimited(&mut self, number: u64, bytes: &[u8]) {
        self.varint((number << 3) | 2);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn message(&mut self, number: u64, inner: &Message) {
        self.length_delimited(number, &inner.bytes);
    }

    /// A member that is a pair of a name and a message.
    fn named(&mut self, number: u64, name: &str, value: &Message) {
        let mut pair = Self::default();
        pair.length_delimited(1, name.as_bytes());
        pair.message(2, value);
        self.message(number, &pair);
    }

    fn text(&mut self, number: u64, value: Option<&Value>) {
        if let Some(text) = value.and_then(Value::as_str).filter(|text| !text.is_empty()) {
            self.length_delimited(number, text.as_bytes());
        }
    }

    fn flag(&mut self, number: u64, value: Option<&Value>) {
        if value == Some(&Value::Bool(true)) {
            self.varint(number << 3);
            self.varint(1);
        }
    }

    fn int(&mut self, number: u64, value: Option<&Value>) {
        if let Some(value) = value.and_then(Value::as_u64).filter(|value| *value > 0) {
            self.varint(number << 3);
            self.varint(value);
        }
    }

    fn double(&mut self, number: u64, value: Option<&Value>) {
        if let Some(value) = value.and_then(Value::as_f64).filter(|value| *value != 0.0) {
            self.varint((number << 3) | 1);
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn extensions(&mut self, number: u64, value: &Value) {
        for (name, value) in members(Some(value)).filter(|(name, _)| name.starts_with("x-")) {
            self.named(number, name, &any(value));
        }
    }
}
