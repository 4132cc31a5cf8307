//! Values to text, byte for byte as `sigs.k8s.io/yaml` (go-yaml v2) writes them.
//!
//! The output is a function of the value alone: keys in natural order, lists not indented below their key, quotes
//! only where needed, `|` for texts with newlines, plain and quoted texts folded at 80 columns.
//!
//! Anything that can show itself as a [`View`] can be written: JSON values, and the trees of other crates.

mod analyze;
mod order;
mod scalar;

use std::borrow::Cow;

pub use order::compare;
pub use scalar::preferred_style;

use analyze::analyze;
use serde_json::Value;

use crate::number::Number;

/// What a value is, to be written.
#[derive(Debug)]
pub enum View<'a, V> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its text ([`Number::to_yaml`]).
    Number(Cow<'a, str>),
    /// A string.
    Text(Cow<'a, str>),
    /// A list.
    Sequence(&'a [V]),
    /// A mapping, in any order.
    Mapping(Vec<(&'a str, &'a V)>),
}

/// A value that can be written.
pub trait Emit: Sized {
    /// What it is.
    fn view(&self) -> View<'_, Self>;
}

impl Emit for Value {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Null => View::Null,
            Self::Bool(value) => View::Bool(*value),
            Self::Number(number) => {
                let number = match (number.as_i64(), number.as_u64(), number.as_f64()) {
                    (Some(number), _, _) => Number::Int(number),
                    (_, Some(number), _) => Number::Uint(number),
                    (_, _, number) => Number::Float(number.unwrap_or(0.0)),
                };
                View::Number(Cow::Owned(number.to_yaml().unwrap_or_default()))
            }
            Self::String(text) => View::Text(Cow::Borrowed(text)),
            Self::Array(items) => View::Sequence(items),
            Self::Object(map) => {
                View::Mapping(map.iter().map(|(key, value)| (key.as_str(), value)).collect())
            }
        }
    }
}

/// Writes a value as one document that ends in a newline.
pub fn emit<V: Emit>(value: &V) -> String {
    let mut out = String::new();
    emit_into(value, &mut out);
    out
}

/// Appends a value to a text, as [`emit`] writes it. The text must be empty or end in a newline.
pub fn emit_into<V: Emit>(value: &V, out: &mut String) {
    let mut writer = Writer { out, column: 0, indent: -1, whitespace: true, indention: true };
    writer.node(value, Place::Root);
    writer.indent = 0;
    writer.write_indent();
}

/// Where a node stands, which decides how a list is indented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Value,
}

/// The names of the fields are libyaml's: `whitespace` says that a blank was just written, `indention` that nothing
/// but indentation and indicators stand on this line.
struct Writer<'o> {
    out: &'o mut String,
    column: usize,
    indent: isize,
    whitespace: bool,
    indention: bool,
}

const INDENT: isize = 2;

impl Writer<'_> {
    fn node<V: Emit>(&mut self, value: &V, place: Place) {
        match value.view() {
            View::Null => self.word("null"),
            View::Bool(true) => self.word("true"),
            View::Bool(false) => self.word("false"),
            View::Number(text) => self.word(&text),
            View::Text(text) => self.text(&text, &analyze(&text), false),
            View::Sequence([]) => self.word("[]"),
            View::Sequence(items) => self.sequence(items, place),
            View::Mapping(entries) if entries.is_empty() => self.word("{}"),
            View::Mapping(entries) => self.mapping(entries),
        }
    }

    fn sequence<V: Emit>(&mut self, items: &[V], place: Place) {
        let outer = self.indent;
        if place != Place::Value || self.indention {
            self.deepen();
        }
        for item in items {
            self.write_indent();
            self.indicator("-", true, true);
            self.node(item, Place::Item);
        }
        self.indent = outer;
    }

    fn mapping<V: Emit>(&mut self, mut entries: Vec<(&str, &V)>) {
        order::sort(&mut entries);
        let outer = self.indent;
        self.deepen();
        for (key, value) in entries {
            self.write_indent();
            let analysis = analyze(key);
            if !analysis.multiline && key.len() <= LONGEST_SIMPLE_KEY {
                self.text(key, &analysis, true);
                self.indicator(":", false, false);
            } else {
                self.indicator("?", true, true);
                self.text(key, &analysis, false);
                self.write_indent();
                self.indicator(":", true, true);
            }
            self.node(value, Place::Value);
        }
        self.indent = outer;
    }

    fn deepen(&mut self) {
        self.indent = if self.indent < 0 { 0 } else { self.indent + INDENT };
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn write_indent(&mut self) {
        let indent = usize::try_from(self.indent).unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, needs_blank: bool, indents: bool) {
        if needs_blank && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention &= indents;
    }

    /// A text that needs no look at.
    fn word(&mut self, text: &str) {
        self.indicator(text, true, false);
    }
}

/// A key up to this many bytes stands before its `:`, a longer one behind a `?`.
const LONGEST_SIMPLE_KEY: usize = 128;
