//! What can go wrong, with Go's texts, and without a value of the data in them.
//!
//! Go quotes values in some errors (`range can't iterate over s3cret`). A [`Message`] keeps such parts apart: shown, they
//! are replaced unless the same words stand in the template itself, so an error can go into an event or a log.

use std::fmt::{self, Display, Formatter};

/// The text could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}: {message}")]
pub struct ParseError {
    /// The template's name.
    pub name: String,
    /// Line of the token that was read last, from 1.
    pub line: usize,
    /// Go's words.
    pub message: String,
}

impl ParseError {
    pub(crate) fn new(name: &str, line: usize, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), line, message: message.into() }
    }
}

/// Where a template's execution failed, and why.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub struct ExecutionError {
    /// The name given to the parser.
    pub name: String,
    /// Line and column (both as Go counts them: from 1 and from 0), and the source of the node.
    pub place: Option<Place>,
    /// The template or definition that was being executed.
    pub executing: String,
    /// The reason.
    pub message: Message,
}

/// A node in the template's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// Bytes from the line's start.
    pub column: usize,
    /// The node's text in Go's normal form.
    pub node: String,
}

impl Display for ExecutionError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.place {
            None => write!(f, "template: {}: {}", self.name, self.message),
            Some(Place { line, column, node }) => write!(
                f,
                "template: {}:{line}:{column}: executing {} at <{node}>: {}",
                self.name,
                crate::format::quote::quoted(self.executing.as_bytes()),
                self.message
            ),
        }
    }
}

impl fmt::Debug for ExecutionError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// A reason in parts: words of the engine, and words that came from data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Message {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Words(String),
    Data(String),
}

impl Message {
    /// A message without data in it.
    pub fn new(words: impl Into<String>) -> Self {
        Self { parts: vec![Part::Words(words.into())] }
    }

    /// Adds words of the engine.
    #[must_use]
    pub fn words(mut self, words: impl Into<String>) -> Self {
        self.parts.push(Part::Words(words.into()));
        self
    }

    /// Adds what came from data.
    #[must_use]
    pub fn data(mut self, data: impl Into<String>) -> Self {
        self.parts.push(Part::Data(data.into()));
        self
    }

    /// Puts words before the message.
    #[must_use]
    pub fn after(mut self, words: impl Into<String>) -> Self {
        self.parts.insert(0, Part::Words(words.into()));
        self
    }

    /// Adds another message.
    #[must_use]
    pub fn followed_by(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Go's text, data and all. For comparison with Go only: it may hold a secret.
    pub fn exposed(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Words(text) | Part::Data(text) => text.as_str(),
            })
            .collect()
    }

    /// Treats data that stands word for word in the template as the template's own words.
    pub(crate) fn allow(mut self, template: &str) -> Self {
        for part in &mut self.parts {
            if let Part::Data(text) = part
                && template.contains(text.as_str())
            {
                *part = Part::Words(std::mem::take(text));
            }
        }
        self
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Words(text) => f.write_str(text),
            Part::Data(_) => f.write_str("(redacted)"),
        })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl From<&str> for Message {
    fn from(words: &str) -> Self {
        Self::new(words)
    }
}

impl From<String> for Message {
    fn from(words: String) -> Self {
        Self::new(words)
    }
}
