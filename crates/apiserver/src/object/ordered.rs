//! JSON in the order in which Go writes it: the fields of a struct as they are declared, the keys of a map sorted.
//!
//! The order means nothing to a parser, but people read it, messages quote it, and clients number what they find in it.

use gangplank_merge::schema::{Node, Schema, builtin};
use serde_json::{Map, Value};

fn put(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    let mut serializer = serde_json::Serializer::with_formatter(out, GoNumbers);
    // Writing to memory does not fail, and JSON values have no keys that are not text.
    let _ = value.serialize(&mut serializer);
}

/// Floats as Go's encoder writes them: whole ones without a fraction, an exponent below 1e-6 and from 1e21.
struct GoNumbers;

impl serde_json::ser::Formatter for GoNumbers {
    fn write_f64<W: ?Sized + std::io::Write>(&mut self, writer: &mut W, value: f64) -> std::io::Result<()> {
        let size = value.abs();
        if value == 0.0 || (1e-6..1e21).contains(&size) {
            return write!(writer, "{value}");
        }
        let text = format!("{value:e}");
        // Rust leaves out the sign of a positive exponent, Go writes it.
        match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => write!(writer, "{digits}e+{exponent}"),
            _ => writer.write_all(text.as_bytes()),
        }
    }
}

/// The members of an object in their order.
fn members<'v, 'n>(
    map: &'v Map<String, Value>,
    node: Option<Node<'n>>,
) -> Vec<(&'v String, &'v Value, Option<Node<'n>>)> {
    let Some((node, fields)) = node.and_then(|node| Some((node, node.ty().map.as_ref()?))) else {
        return map.iter().map(|(key, value)| (key, value, None)).collect();
    };
    if fields.fields.is_empty() {
        return map.iter().map(|(key, value)| (key, value, node.values(fields))).collect();
    }
    let mut all: Vec<_> = map
        .iter()
        .map(|(key, value)| {
            let place = fields.fields.get_index_of(key.as_str());
            (place.unwrap_or(usize::MAX), key, value, place.and_then(|_| node.under(fields, key)))
        })
        .collect();
    all.sort_by_key(|(place, ..)| *place);
    all.into_iter().map(|(_, key, value, node)| (key, value, node)).collect()
}

/// Writes a value of the type at `node`.
pub(crate) fn write(out: &mut Vec<u8>, value: &Value, node: Option<Node<'_>>) {
    match value {
        Value::Object(map) => {
            out.push(b'{');
            for (index, (key, value, node)) in members(map, node).into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                put(out, key);
                out.push(b':');
                write(out, value, node);
            }
            out.push(b'}');
        }
        Value::Array(list) => {
            let items = node.and_then(|node| Some(node.items(node.ty().list.as_ref()?)));
            out.push(b'[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(out, value, items);
            }
            out.push(b']');
        }
        other => put(out, other),
    }
}

/// Writes the members of an object after `kind` and `apiVersion`, ending in `}`.
pub(crate) fn write_rest(value: &Value, schema: Option<&Schema>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let empty = Map::new();
    let map = value.as_object().unwrap_or(&empty);
    let mut first = true;
    for (key, value, node) in members(map, schema.map(Schema::root)) {
        if key == "kind" || key == "apiVersion" {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        put(&mut out, key);
        out.push(b':');
        write(&mut out, value, node);
    }
    out.push(b'}');
    out.shrink_to_fit();
    out
}

/// A whole object, ordered by the kind that it says it is; keys are sorted where that kind is not built in.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let text = |member: &str| value.get(member).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    let kind = text("kind");
    let schema = match kind {
        // Status is of every group.
        "Status" => builtin().kind("", "v1", "Status"),
        "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" => None,
        _ => builtin().kind(group, version, kind),
    };
    let mut out = Vec::with_capacity(512);
    write(&mut out, value, schema.as_ref().map(Schema::root));
    out
}

/// Which objects of a document a patch has taken apart: those are written with sorted keys.
#[derive(Debug, Default)]
pub(crate) struct Touched(std::collections::BTreeMap<String, Touched>);

impl Touched {
    /// Marks the object at a path, and those on the way.
    pub(crate) fn mark<'p>(&mut self, path: impl Iterator<Item = &'p str>) {
        let mut at = self;
        for part in path {
            at = at.0.entry(part.to_owned()).or_default();
        }
    }

    /// The text of a document, ordered like a struct where the patch left it alone.
    pub(crate) fn text(&self, value: &Value, node: Option<Node<'_>>) -> String {
        let mut out = Vec::new();
        self.write(&mut out, value, node);
        String::from_utf8(out).unwrap_or_default()
    }

    fn write(&self, out: &mut Vec<u8>, value: &Value, node: Option<Node<'_>>) {
        let under = |key: &str| {
            let node = node?;
            node.under(node.ty().map.as_ref()?, key)
        };
        match value {
            Value::Object(map) => {
                out.push(b'{');
                for (index, (key, value)) in map.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    put(out, key);
                    out.push(b':');
                    match self.0.get(key) {
                        Some(touched) => touched.write(out, value, under(key)),
                        None => write(out, value, under(key)),
                    }
                }
                out.push(b'}');
            }
            Value::Array(list) => {
                let items = node.and_then(|node| Some(node.items(node.ty().list.as_ref()?)));
                out.push(b'[');
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    match self.0.get(&index.to_string()) {
                        Some(touched) => touched.write(out, value, items),
                        None => write(out, value, items),
                    }
                }
                out.push(b']');
            }
            other => put(out, other),
        }
    }
}

/// A value as Go's `%v` prints it.
pub(crate) fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(go_value).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let parts = map.iter().map(|(key, value)| format!("{key}:{}", go_value(value)));
            format!("map[{}]", parts.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn floats_are_written_as_go_does() {
        let value = json!([1.0, 1.5, -0.0, 1e20, 1e21, 1.5e300, 1e-6, 1e-7, 3]);
        let expect = "[1,1.5,-0,100000000000000000000,1e+21,1.5e+300,0.000001,1e-7,3]";
        assert_eq!(String::from_utf8(bytes(&value)).unwrap(), expect);
    }

    #[test]
    fn structs_keep_their_order_and_maps_are_sorted() {
        let value = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "2", "a": "1"},
            "metadata": {"uid": "u", "name": "n", "labels": {"z": "", "y": ""}},
        });
        let text = String::from_utf8(bytes(&value)).unwrap();
        let expect = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n","uid":"u","labels":{"y":"","z":""}},"data":{"a":"1","b":"2"}}"#;
        assert_eq!(text, expect);
        let mut touched = Touched::default();
        touched.mark(["metadata"].into_iter());
        let schema = builtin().kind("", "v1", "ConfigMap").unwrap();
        let text = touched.text(&value, Some(schema.root()));
        assert!(text.contains(r#""metadata":{"labels":{"y":"","z":""},"name":"n","uid":"u"}"#), "{text}");
    }
}
