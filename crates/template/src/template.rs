//! A template: text that was parsed once and can be rendered many times.

use crate::error::{ExecutionError, ParseError};
use crate::exec;
use crate::functions::Functions;
use crate::limits::{Environment, Limits};
use crate::parse::lexer::Delimiters;
use crate::parse::parser::{self, Trees};
use crate::value::Value;

/// What `.x` gives where a map has no `x`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, which prints as `<no value>`.
    #[default]
    Default,
    /// The zero of the map's elements.
    Zero,
    /// An error; what External Secrets uses.
    Error,
}

/// How to parse a template, and how it will run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The functions that it may call.
    pub functions: Functions,
    /// What opens and closes an action.
    pub delimiters: Delimiters,
    /// What becomes of missing keys.
    pub missing_key: MissingKey,
    /// What it may cost.
    pub limits: Limits,
}

impl Default for Options {
    /// As External Secrets runs the templates of an ExternalSecret: all its functions, missing keys are errors.
    fn default() -> Self {
        Self {
            functions: Functions::external_secrets(),
            delimiters: Delimiters::default(),
            missing_key: MissingKey::Error,
            limits: Limits::default(),
        }
    }
}

impl Options {
    /// Parses a text. The name stands in errors, and is what `{{ template "NAME" }}` calls the whole text.
    ///
    /// # Errors
    /// Go's, with the line; and where nesting is deeper than the limits allow.
    pub fn parse(&self, name: &str, text: &str) -> Result<Template, ParseError> {
        let trees = parser::parse(name, text, &self.delimiters, &self.functions, self.limits.depth)?;
        Ok(Template {
            name: name.to_owned(),
            text: text.into(),
            trees,
            missing_key: self.missing_key,
            limits: self.limits,
        })
    }
}

/// A parsed template. It can be shared between threads; values belong to one rendering.
#[derive(Debug)]
pub struct Template {
    pub(crate) name: String,
    pub(crate) text: Box<str>,
    pub(crate) trees: Trees,
    pub(crate) missing_key: MissingKey,
    pub(crate) limits: Limits,
}

impl Template {
    /// Parses a text with the default [`Options`].
    ///
    /// # Errors
    /// See [`Options::parse`].
    pub fn parse(name: &str, text: &str) -> Result<Self, ParseError> {
        Options::default().parse(name, text)
    }

    /// Renders without clock and randomness.
    ///
    /// # Errors
    /// See [`Self::render_in`].
    pub fn render(&self, root: &Value) -> Result<Vec<u8>, ExecutionError> {
        self.render_in(root, &mut Environment::none())
    }

    /// Renders with `root` as the dot.
    ///
    /// # Errors
    /// Go's, with line, column and node; or where a limit is reached. The error holds no value of the root.
    pub fn render_in(&self, root: &Value, environment: &mut Environment) -> Result<Vec<u8>, ExecutionError> {
        exec::execute(self, root, environment)
    }
}
