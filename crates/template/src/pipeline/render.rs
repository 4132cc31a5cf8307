//! Templates of one scope rendered into entries.

use super::decoding::{self, Decoding, DecodingError};
use super::{Data, target};
use crate::error::{ExecutionError, ParseError};
use crate::limits::Environment;
use crate::template::Options;
use crate::value::Value;

/// What a rendered template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The value of the template's key.
    Values,
    /// A YAML map of keys and values.
    KeysAndValues,
}

impl Scope {
    /// Reads `templateAs` of a manifest.
    ///
    /// # Errors
    /// [`RenderError::UnknownScope`]
    pub fn from_name(name: &str) -> Result<Self, RenderError> {
        match name {
            "Values" => Ok(Self::Values),
            "KeysAndValues" => Ok(Self::KeysAndValues),
            other => Err(RenderError::UnknownScope(other.to_owned())),
        }
    }
}

/// A template that could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The text is no template.
    #[error("unable to execute template at key {key}: unable to parse template at key {key}: {error}")]
    Parse {
        /// Key of the template.
        key: String,
        /// Go's words.
        error: ParseError,
    },
    /// The execution failed.
    #[error("unable to execute template at key {key}: unable to execute template at key {key}: {error}")]
    Execute {
        /// Key of the template.
        key: String,
        /// Go's words, without values.
        error: Box<ExecutionError>,
    },
    /// What came out is no map of texts.
    #[error("could not unmarshal template to 'map[string][]byte': {0}")]
    NoMap(String),
    /// A rendered value can't be decoded.
    #[error("failed to decode rendered template value for key {key}: {error}")]
    Decode {
        /// The entry's key.
        key: String,
        /// Why.
        error: DecodingError,
    },
    /// No such scope.
    #[error("unknown scope '{0}': expected 'Values' or 'KeysAndValues'")]
    UnknownScope(String),
}

/// Renders every template with `root` as its dot and gives the entries, decoded. With [`Scope::KeysAndValues`] templates go
/// by their text, and of equal keys the later template's stays.
///
/// # Errors
/// The first template, by key, that fails.
pub fn render(
    templates: &Data,
    scope: Scope,
    decoding: Decoding,
    root: &Value,
    options: &Options,
    environment: &mut Environment,
) -> Result<Data, RenderError> {
    let mut entries = Data::new();
    for (key, template) in templates {
        let text = String::from_utf8_lossy(template);
        let name = match scope {
            Scope::Values => key.as_str(),
            Scope::KeysAndValues => &text,
        };
        let template =
            options.parse(name, &text).map_err(|error| RenderError::Parse { key: name.to_owned(), error })?;
        let rendered = template
            .render_in(root, environment)
            .map_err(|error| RenderError::Execute { key: name.to_owned(), error: error.into() })?;
        match scope {
            Scope::Values => {
                entries.insert(key.clone(), rendered);
            }
            Scope::KeysAndValues => entries.extend(target::text_map(&rendered).map_err(RenderError::NoMap)?),
        }
    }
    let decoded = entries.into_iter().map(|(key, value)| match decoding::decode(decoding, value) {
        Ok(value) => Ok((key, value)),
        Err(error) => Err(RenderError::Decode { key, error }),
    });
    decoded.collect()
}
