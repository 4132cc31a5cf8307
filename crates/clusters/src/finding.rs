//! What is wrong with an object, as data: a stable code, the cause, the mend.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works now; will not always.
    Warning,
    /// Does not work.
    Error,
}

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable name of the rule, `kebab-case`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Which part of the object: a key of the Secret, or a path in its `config`.
    pub place: String,
    /// What is wrong and what it leads to.
    pub cause: String,
    /// What to do.
    pub mend: String,
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        place: &str,
        cause: impl Into<String>,
        mend: impl Into<String>,
    ) -> Finding {
        Finding { code, severity, place: place.to_owned(), cause: cause.into(), mend: mend.into() }
    }

    pub(crate) fn error(
        code: &'static str,
        place: &str,
        cause: impl Into<String>,
        mend: impl Into<String>,
    ) -> Finding {
        Finding::new(Severity::Error, code, place, cause, mend)
    }

    pub(crate) fn warning(
        code: &'static str,
        place: &str,
        cause: impl Into<String>,
        mend: impl Into<String>,
    ) -> Finding {
        Finding::new(Severity::Warning, code, place, cause, mend)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}; {}", self.code, self.place, self.cause, self.mend)
    }
}
