//! What a tree means when it is written: Kustomize prints every resource as YAML, reads that again, and prints the
//! values. Here both steps are one: a scalar's tag, quoting and text give its value.

use std::borrow::Cow;
use std::collections::HashSet;

use gangplank_yaml::{self as yaml, Dialect, Emit, Number, Resolved, Style, View};

use super::{Node, Scalar, Tag};
use crate::problem::Problem;

/// What a scalar means.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
}

impl Scalar {
    /// The tag that would stand before the text, since the text alone would be read as something else.
    fn written_tag(&self) -> Option<&str> {
        match &self.tag {
            Tag::None => None,
            Tag::Str if self.tagged => Some("!!str"),
            Tag::Str => None,
            tag if self.tagged => tag.name(),
            tag if super::parse::tag_of(&self.text) == *tag => None,
            tag => tag.name(),
        }
    }

    pub(super) fn meaning(&self) -> Result<Meaning<'_>, Problem> {
        let text = || Meaning::Text(Cow::Borrowed(&self.text));
        // The common case: read as a string, written as one.
        if self.tag == Tag::Str {
            return Ok(match self.style {
                Style::Folded => Meaning::Text(refold(&self.text)),
                _ => text(),
            });
        }
        let tag = self.written_tag();
        if tag == Some("!!binary") {
            let bytes = yaml::decode_base64(&self.text)
                .ok_or_else(|| self.error("!!binary is followed by no base64".to_owned()))?;
            return Ok(Meaning::Text(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())));
        }
        let style =
            if self.text.contains('\n') && self.style == Style::Plain { Style::Literal } else { self.style };
        let resolved =
            yaml::resolve(&self.text, style, tag, Dialect::GoV3).map_err(|message| self.error(message))?;
        Ok(match resolved {
            Resolved::Null => Meaning::Null,
            Resolved::Bool(value) => Meaning::Bool(value),
            Resolved::Number(Number::Float(number)) if !number.is_finite() => {
                return Err(self.error(format!("the output has no number {}: quote it", self.text)));
            }
            Resolved::Number(number) => Meaning::Number(number),
            Resolved::Timestamp(time) => Meaning::Text(Cow::Owned(time)),
            Resolved::Text | Resolved::Merge => text(),
        })
    }

    /// Whether it is a string, and is read as one again: a date is not, though it is printed as a text.
    fn is_written_as_string(&self) -> Result<bool, Problem> {
        let date = match &self.tag {
            Tag::Other(_) | Tag::Timestamp => true,
            Tag::None => self.style == Style::Plain && super::parse::tag_of(&self.text) == Tag::Timestamp,
            _ => false,
        };
        Ok(!date && matches!(self.meaning()?, Meaning::Text(_)))
    }

    /// The printer's reader takes no DEL and no C1 control characters, which JSON does not escape.
    fn check_characters(&self) -> Result<(), Problem> {
        let refused =
            |c: char| matches!(c, '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}');
        if self.text.bytes().all(|byte| byte < 0x7F) {
            return Ok(());
        }
        match self.text.chars().find(|c| refused(*c)) {
            Some(c) => Err(self.error(format!("the output can't hold the character U+{:04X}", u32::from(c)))),
            None => Ok(()),
        }
    }

    fn error(&self, message: String) -> Problem {
        Problem::new(message, self.mark)
    }
}

/// Checks that a tree can be written: keys are strings and stand once, numbers are finite, tags fit their texts.
///
/// # Errors
/// The first value that can't be written.
pub(crate) fn check(node: &Node) -> Result<(), Problem> {
    match node {
        Node::Scalar(scalar) if scalar.tag == Tag::Str => scalar.check_characters(),
        Node::Scalar(scalar) => {
            scalar.check_characters()?;
            scalar.meaning().map(|_| ())
        }
        Node::Sequence(sequence) => sequence.items.iter().try_for_each(check),
        Node::Mapping(mapping) => {
            let entries = &mapping.entries;
            let mut seen = HashSet::new();
            for (at, (key, value)) in entries.iter().enumerate() {
                if !key.is_written_as_string()? {
                    return Err(key.error(format!("the key {:?} is no string: quote it", key.text)));
                }
                // Comparing pairs is cheaper than hashing for the mappings that there are.
                let twice = if entries.len() <= 16 {
                    entries[..at].iter().any(|(other, _)| other.text == key.text)
                } else {
                    !seen.insert(&*key.text)
                };
                if twice {
                    return Err(key.error(format!("the key {:?} stands here twice", key.text)));
                }
                key.check_characters()?;
                check(value)?;
            }
            Ok(())
        }
    }
}

impl Emit for Node {
    /// Only for trees that [`check`] accepted: anything else shows as null.
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Scalar(scalar) => match scalar.meaning() {
                // The printer's reader folds a text at a next-line character, as at any line break in quotes.
                Ok(Meaning::Text(text)) if text.contains('\u{85}') => {
                    View::Text(Cow::Owned(folded_at_next_line(&text)))
                }
                Ok(Meaning::Text(text)) => View::Text(text),
                Ok(Meaning::Bool(value)) => View::Bool(value),
                Ok(Meaning::Number(number)) => View::Number(Cow::Owned(number.to_yaml().unwrap_or_default())),
                Ok(Meaning::Null) | Err(_) => View::Null,
            },
            Self::Sequence(sequence) => View::Sequence(&sequence.items),
            Self::Mapping(mapping) => {
                View::Mapping(mapping.written().map(|(key, value)| (&*key.text, value)).collect())
            }
        }
    }
}

fn folded_at_next_line(text: &str) -> String {
    let mut json = String::new();
    super::go_json_string(text, &mut json);
    match yaml::parse_first(&json) {
        Ok(node) => node.as_text().unwrap_or(text).to_owned(),
        Err(_) => text.to_owned(),
    }
}

/// A tree as kyaml writes it into a text: keys in their order.
pub(crate) fn kyaml_text(node: &Node) -> String {
    // The writers differ in order, and in folding, which a short value does not show.
    let mut out = String::new();
    write_kyaml(node, 0, &mut out);
    out
}

fn write_kyaml(node: &Node, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match node {
        Node::Mapping(mapping) if !mapping.entries.is_empty() => {
            for (at, (key, value)) in mapping.entries.iter().enumerate() {
                if at > 0 || indent == 0 || out.ends_with('\n') {
                    out.push_str(&pad);
                }
                out.push_str(yaml::emit(&Node::Scalar(key.clone())).trim_end());
                out.push(':');
                write_value(value, indent, indent + 2, out);
            }
        }
        Node::Sequence(sequence) if !sequence.items.is_empty() => {
            for (at, item) in sequence.items.iter().enumerate() {
                if at > 0 || indent == 0 || out.ends_with('\n') {
                    out.push_str(&pad);
                }
                out.push_str("- ");
                match item {
                    Node::Scalar(_) => out.push_str(&scalar_line(item)),
                    other => write_kyaml(other, indent + 2, out),
                }
            }
        }
        other => out.push_str(&scalar_line(other)),
    }
}

fn write_value(value: &Node, sequence_indent: usize, indent: usize, out: &mut String) {
    match value {
        Node::Mapping(mapping) if !mapping.entries.is_empty() => {
            out.push('\n');
            write_kyaml(value, indent, out);
        }
        Node::Sequence(sequence) if !sequence.items.is_empty() => {
            out.push('\n');
            write_kyaml(value, sequence_indent, out);
        }
        other => {
            out.push(' ');
            out.push_str(&scalar_line(other));
        }
    }
}

fn scalar_line(node: &Node) -> String {
    let quoted = |quote: char, text: &str| match quote {
        '\'' => format!("'{}'\n", text.replace('\'', "''")),
        _ => {
            let mut out = String::new();
            super::go_json_string(text, &mut out);
            out.push('\n');
            out
        }
    };
    match node {
        Node::Scalar(scalar) if scalar.style == Style::SingleQuoted => quoted('\'', &scalar.text),
        Node::Scalar(scalar) if scalar.style == Style::DoubleQuoted => quoted('"', &scalar.text),
        // A string that looks like something else gets quotes.
        Node::Scalar(scalar) if scalar.tag == Tag::Str && super::parse::tag_of(&scalar.text) != Tag::Str => {
            quoted('"', &scalar.text)
        }
        Node::Scalar(scalar) if scalar.style == Style::Plain && !scalar.text.contains('\n') => {
            format!("{}\n", scalar.text)
        }
        other => yaml::emit(other),
    }
}

/// The string that a scalar is, its text where it is something else.
pub(crate) fn string_value(scalar: &Scalar) -> String {
    match scalar.meaning() {
        Ok(Meaning::Text(text)) => text.into_owned(),
        _ => scalar.text.to_string(),
    }
}

/// A folded text as it comes out of being written as `>` by go-yaml v3 and read again. Its writer puts an empty line
/// before more-indented lines, which its reader then counts, so such a text gains newlines.
fn refold(text: &str) -> Cow<'_, str> {
    let body = text.trim_end_matches('\n');
    let plain = !body.contains('\n') && !text.starts_with([' ', '\n']) && text.len() - body.len() <= 1;
    if plain || text.is_empty() || text.contains(" \n") || text.ends_with(' ') {
        return Cow::Borrowed(text);
    }
    let mut written = String::from("k: >");
    if text.starts_with([' ', '\n']) {
        written.push('2');
    }
    match text.len() - body.len() {
        0 => written.push('-'),
        1 if text.len() > 1 => {}
        _ => written.push('+'),
    }
    written.push('\n');
    let first = text.chars().find(|c| *c != '\n');
    let blank_first = matches!(first, None | Some(' ' | '\t'));
    let (mut breaks, mut leading_spaces) = (true, true);
    for c in text.chars() {
        if c == '\n' {
            if !breaks && !leading_spaces && !blank_first {
                written.push('\n');
            }
            written.push('\n');
            breaks = true;
        } else {
            if breaks {
                written.push_str("  ");
                leading_spaces = matches!(c, ' ' | '\t');
            }
            written.push(c);
            breaks = false;
        }
    }
    match yaml::parse_first(&written) {
        Ok(node) => match node.get("k").and_then(yaml::Node::as_text) {
            Some(read) => Cow::Owned(read.to_owned()),
            None => Cow::Borrowed(text),
        },
        Err(_) => Cow::Borrowed(text),
    }
}
