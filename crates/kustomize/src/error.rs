//! Why a build failed: what, where, what led there, and what to do.

use std::fmt::{self, Write as _};
use std::ops::Deref;

use gangplank_yaml::{Position, snippet};

use crate::loader::LoadError;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// The file's path or address.
    pub file: String,
    /// The line and column; line zero where only the file is known, column zero where only the line is.
    pub position: Position,
    /// The file's text, for a picture of the place.
    pub text: Option<std::sync::Arc<[u8]>>,
}

/// What a build was doing when it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// A file or a directory could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A directory has no kustomization file, or more than one.
    #[error("{0}")]
    NoKustomization(String),
    /// A file is no YAML.
    #[error("this is no YAML: {0}")]
    Yaml(String),
    /// A kustomization says something that it can't.
    #[error("{0}")]
    Kustomization(String),
    /// A resource is none, or two have one identity.
    #[error("{0}")]
    Resource(String),
    /// A generator has nothing to generate from.
    #[error("{0}")]
    Generator(String),
    /// A patch, a label, a replacement, any transformer could not do its work.
    #[error("{0}")]
    Transformer(String),
    /// A name refers to several resources, or a var to none.
    #[error("{0}")]
    Reference(String),
    /// A plugin that is not built in, or Helm without leave.
    #[error("{0}")]
    Plugin(String),
    /// A resource holds a value that YAML or JSON can't.
    #[error("{0}")]
    Output(String),
    /// The build would not end, or grow beyond measure.
    #[error("{0}")]
    Limit(String),
}

/// What is known of a failed build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What failed.
    pub cause: Cause,
    /// Where.
    pub location: Option<Location>,
    /// The kustomizations that led there, innermost first.
    pub through: Vec<String>,
    /// What would mend it, where that is known.
    pub mend: Option<String>,
}

/// A failed build: its [`Report`], on the heap.
///
/// `Display` says it in one line; [`render`](Self::render) draws the place too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Report>);

impl Deref for Error {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

impl Error {
    pub(crate) fn new(cause: Cause) -> Self {
        Self(Box::new(Report { cause, location: None, through: Vec::new(), mend: None }))
    }

    pub(crate) fn at(mut self, location: Location) -> Self {
        self.0.location.get_or_insert(location);
        self
    }

    pub(crate) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.0.mend.get_or_insert(mend.into());
        self
    }

    pub(crate) fn through(mut self, file: impl Into<String>) -> Self {
        self.0.through.push(file.into());
        self
    }

    /// The error as people like to read it: the message, the place with the lines around, what led there, the mend.
    pub fn render(&self) -> String {
        let mut out = self.cause.to_string();
        if let Cause::Load(LoadError::Remote { error, .. }) = &self.cause {
            let _ = write!(out, ": {error}");
        }
        if let Some(location) = &self.location {
            let text = location.text.as_deref().and_then(|text| std::str::from_utf8(text).ok());
            match text {
                Some(text) if location.position.line > 0 => {
                    let mut position = location.position;
                    if position.column == 0 {
                        position.column = first_column(text, position.line);
                    }
                    let _ = write!(out, "\n{}", snippet(&location.file, text, position, ""));
                }
                _ if location.position.line > 0 => {
                    let _ = write!(out, "\n  --> {}:{}", location.file, location.position.line);
                }
                _ => {
                    let _ = write!(out, "\n  --> {}", location.file);
                }
            }
        }
        for file in &self.through {
            let _ = write!(out, "\n  = named by {file}");
        }
        if let Some(mend) = &self.mend {
            let _ = write!(out, "\n  = mend: {mend}");
        }
        out
    }
}

fn first_column(text: &str, line: u32) -> u32 {
    let line = text.lines().nth(line as usize - 1).unwrap_or_default();
    let blanks = line.chars().take_while(|c| c.is_whitespace()).count();
    u32::try_from(blanks + 1).unwrap_or(1)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{}", location.file)?;
            if location.position.line > 0 {
                write!(f, ":{}", location.position.line)?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.cause)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.cause)
    }
}
