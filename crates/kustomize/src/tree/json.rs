//! Trees through JSON: what a JSON patch does to a resource, and what generators hash.

use std::sync::Arc;

use gangplank_yaml::{Number, preferred_style};
use serde_json::Value;

use super::output::Meaning;
use super::{Link, Mapping, Mark, Node, Scalar, Sequence, Style, Tag};
use crate::problem::Problem;

/// A number that went through a Go `float64`: its text and type as go-yaml writes and reads them back.
fn float(number: f64, mark: Mark) -> Scalar {
    let text = gangplank_yaml::go_float(number);
    let tag = super::parse::tag_of(&text);
    Scalar { text: text.into(), tag, style: Style::Plain, tagged: false, mark, link: Link::NONE }
}

#[expect(clippy::cast_precision_loss, reason = "Go's decoder loses the same digits")]
fn as_float(number: Number) -> f64 {
    match number {
        Number::Int(number) => number as f64,
        Number::Uint(number) => number as f64,
        Number::Float(number) => number,
    }
}

fn string(text: &str, mark: Mark) -> Scalar {
    Scalar {
        text: text.into(),
        tag: Tag::Str,
        style: preferred_style(text),
        tagged: false,
        mark,
        link: Link::NONE,
    }
}

/// A key that is a string, whatever it looks like.
pub(crate) fn json_key(name: &str, mark: Mark) -> Arc<Scalar> {
    Arc::new(string(name, mark))
}

/// A JSON value as a tree, all of one mark.
pub(crate) fn from_json(value: &Value, mark: Mark) -> Node {
    let scalar = |text: &str, tag| {
        Node::Scalar(Arc::new(Scalar {
            text: text.into(),
            tag,
            style: Style::Plain,
            tagged: false,
            mark,
            link: Link::NONE,
        }))
    };
    match value {
        Value::Null => scalar("null", Tag::Null),
        Value::Bool(true) => scalar("true", Tag::Bool),
        Value::Bool(false) => scalar("false", Tag::Bool),
        Value::Number(number) => Node::Scalar(Arc::new(float(number.as_f64().unwrap_or(0.0), mark))),
        Value::String(text) => Node::Scalar(Arc::new(string(text, mark))),
        Value::Array(items) => Node::sequence(items.iter().map(|item| from_json(item, mark)).collect(), mark),
        Value::Object(map) => Node::mapping(
            map.iter().map(|(name, value)| (json_key(name, mark), from_json(value, mark))).collect(),
            mark,
        ),
    }
}

/// A tree after Kustomize turned it into JSON and back: values decided, numbers as floats, quoting as needed. What needs
/// no change stays shared.
///
/// # Errors
/// A value that JSON can't hold.
pub(crate) fn canonical(node: &Node) -> Result<Node, Problem> {
    Ok(changed(node)?.unwrap_or_else(|| node.clone()))
}

/// The canonical form of a node that is not in it yet.
fn changed(node: &Node) -> Result<Option<Node>, Problem> {
    match node {
        Node::Scalar(scalar) => changed_scalar(scalar),
        Node::Sequence(sequence) => {
            let mut copy: Option<Arc<Sequence>> = None;
            for (at, item) in sequence.items.iter().enumerate() {
                if let Some(item) = changed(item)? {
                    Arc::make_mut(copy.get_or_insert_with(|| Arc::clone(sequence))).items[at] = item;
                }
            }
            Ok(copy.map(Node::Sequence))
        }
        Node::Mapping(mapping) => {
            let mut copy: Option<Arc<Mapping>> = None;
            if mapping.written().count() < mapping.entries.len() {
                let entries = mapping.written().cloned().collect();
                copy = Some(Arc::new(Mapping { entries, mark: mapping.mark }));
            }
            let mapping = &copy.clone().unwrap_or_else(|| Arc::clone(mapping));
            for (at, (_, value)) in mapping.entries.iter().enumerate() {
                if let Some(value) = changed(value)? {
                    Arc::make_mut(copy.get_or_insert_with(|| Arc::clone(mapping))).entries[at].1 = value;
                }
            }
            Ok(copy.map(Node::Mapping))
        }
    }
}

fn changed_scalar(scalar: &Scalar) -> Result<Option<Node>, Problem> {
    // One kind of quotes is as good as another: both keep a string a string.
    let settled = scalar.tag == Tag::Str
        && scalar.link.is_none()
        && !scalar.tagged
        && scalar.style != Style::Folded
        && (scalar.style == Style::Plain) == (preferred_style(&scalar.text) == Style::Plain);
    if settled {
        return Ok(None);
    }
    let mark = scalar.mark;
    Ok(Some(match scalar.meaning()? {
        Meaning::Null => Node::null(mark),
        Meaning::Bool(value) => {
            let text = if value { "true" } else { "false" };
            Node::Scalar(Arc::new(Scalar {
                text: text.into(),
                tag: Tag::Bool,
                style: Style::Plain,
                tagged: false,
                link: Link::NONE,
                mark,
            }))
        }
        Meaning::Number(number) => Node::Scalar(Arc::new(float(as_float(number), mark))),
        Meaning::Text(text) => Node::Scalar(Arc::new(string(&text, mark))),
    }))
}

/// A tree as Go's `json.Marshal` writes a map: keys sorted bytewise, and `<`, `>`, `&`, U+2028 and U+2029 escaped.
/// Only for trees that [`check`](super::check) accepted.
pub(crate) fn go_json(node: &Node, out: &mut String) {
    write_json(node, false, out);
}

/// As [`go_json`], with integers in full: what Kustomize writes of a resource it has just read.
pub(crate) fn exact_json(node: &Node, out: &mut String) {
    write_json(node, true, out);
}

fn write_json(node: &Node, exact: bool, out: &mut String) {
    match node {
        Node::Scalar(scalar) => match scalar.meaning() {
            Ok(Meaning::Bool(value)) => out.push_str(if value { "true" } else { "false" }),
            Ok(Meaning::Number(number)) if exact => out.push_str(&number.to_json().unwrap_or_default()),
            // The values went through a Go interface: floats.
            Ok(Meaning::Number(number)) => {
                out.push_str(&Number::Float(as_float(number)).to_json().unwrap_or_default());
            }
            Ok(Meaning::Text(text)) => go_json_string(&text, out),
            Ok(Meaning::Null) | Err(_) => out.push_str("null"),
        },
        Node::Sequence(sequence) => {
            out.push('[');
            for (at, item) in sequence.items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(item, exact, out);
            }
            out.push(']');
        }
        Node::Mapping(mapping) => {
            let mut entries: Vec<(&str, &Node)> =
                mapping.written().map(|(name, value)| (&*name.text, value)).collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (at, (name, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                go_json_string(name, out);
                out.push(':');
                write_json(value, exact, out);
            }
            out.push('}');
        }
    }
}

/// A string as Go's `encoding/json` writes it.
pub(crate) fn go_json_string(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0C' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1F' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
