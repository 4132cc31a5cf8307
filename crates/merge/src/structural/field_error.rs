//! An error of a field, as the API names it in the causes of a Status.

use std::fmt;

use serde_json::Value;

use crate::go_text;

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It must be there.
    Required,
    /// Its value is not right.
    Invalid,
    /// Its value is of another type.
    TypeInvalid,
    /// Its value is none of those allowed.
    NotSupported,
    /// It is there twice.
    Duplicate,
    /// It must not be there.
    Forbidden,
    /// Its text is too long.
    TooLong,
    /// It has too many elements.
    TooMany,
}

impl Reason {
    /// The `reason` of a cause.
    pub fn cause(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Duplicate => "Duplicate value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }
}

/// An error of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path; `<nil>` for an error that has none.
    pub field: String,
    /// What is wrong.
    pub reason: Reason,
    /// The value as the message shows it; none where none is shown.
    pub shown: Option<String>,
    /// The rest of the message; may be empty.
    pub detail: String,
}

impl FieldError {
    /// An error that shows a value.
    pub fn new(reason: Reason, field: impl Into<String>, value: &Value, detail: impl Into<String>) -> Self {
        let shown = match value {
            Value::String(text) => go_text::quoted(text),
            Value::Number(number) if number.is_f64() => go_text::float(number),
            value => go_text::json(value),
        };
        Self { shown: Some(shown), ..Self::bare(reason, field, detail) }
    }

    /// An error that shows no value.
    pub fn bare(reason: Reason, field: impl Into<String>, detail: impl Into<String>) -> Self {
        let field = field.into();
        let field = if field.is_empty() { "<nil>".to_owned() } else { field };
        Self { field, reason, shown: None, detail: detail.into() }
    }

    /// The `message` of a cause.
    pub fn message(&self) -> String {
        let mut out = self.reason.words().to_owned();
        if let Some(shown) = &self.shown {
            out.push_str(": ");
            out.push_str(shown);
        }
        if !self.detail.is_empty() {
            out.push_str(": ");
            out.push_str(&self.detail);
        }
        out
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message())
    }
}
