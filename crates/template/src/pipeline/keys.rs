//! Keys of a Secret: made valid, made back, checked.

use std::sync::LazyLock;

use regex::Regex;

use super::Data;
use crate::unicode;

/// Longest key that Kubernetes takes, in bytes.
const LONGEST: usize = 253;

/// What becomes of characters that a key may not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conversion {
    /// An underscore for each.
    #[default]
    Default,
    /// `_U1f600_`: the code point in hexadecimal.
    Unicode,
}

impl Conversion {
    /// Reads the strategy of a manifest; empty means [`Conversion::Default`]. None for unknown names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "" | "Default" => Some(Self::Default),
            "Unicode" => Some(Self::Unicode),
            _ => None,
        }
    }
}

/// A key that can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Two keys became one.
    #[error("secret name collision during conversion: {0}")]
    Collision(String),
    /// Longer than 253 bytes; the text holds its start.
    #[error("key has length {length} but max is 253: (following is truncated): {start}")]
    TooLong {
        /// Bytes.
        length: usize,
        /// What fits.
        start: String,
    },
    /// A character that is no letter, number, `-`, `.` or `_`.
    #[error("key has invalid character {character}, only alphanumeric, '-', '.' and '_' are allowed: {key}")]
    Invalid {
        /// The first such character.
        character: char,
        /// The whole key.
        key: String,
    },
}

/// Letters and numbers of all scripts count as valid here; the API server refuses those beyond ASCII later.
fn is_valid(c: char) -> bool {
    unicode::is_letter(c) || unicode::is_number(c) || matches!(c, '-' | '.' | '_')
}

fn with_keys(data: Data, change: impl Fn(&str) -> String) -> Result<Data, KeyError> {
    let mut out = Data::new();
    for (key, value) in data {
        let key = change(&key);
        if out.contains_key(&key) {
            return Err(KeyError::Collision(key));
        }
        out.insert(key, value);
    }
    Ok(out)
}

/// Makes every key valid.
///
/// # Errors
/// [`KeyError::Collision`]
pub fn convert_keys(conversion: Conversion, data: Data) -> Result<Data, KeyError> {
    with_keys(data, |key| {
        let mut out = String::with_capacity(key.len());
        for c in key.chars() {
            match conversion {
                _ if is_valid(c) => out.push(c),
                Conversion::Default => out.push('_'),
                Conversion::Unicode => out.push_str(&format!("_U{:04x}_", u32::from(c))),
            }
        }
        out
    })
}

#[expect(clippy::unwrap_used, reason = "the pattern is a constant")]
static ENCODED: LazyLock<Regex> = LazyLock::new(|| Regex::new("_U([0-9a-fA-F]{4,5})_").unwrap());

/// Undoes [`Conversion::Unicode`].
///
/// # Errors
/// [`KeyError::Collision`]
pub fn reverse_keys(data: Data) -> Result<Data, KeyError> {
    with_keys(data, |key| {
        let decoded = ENCODED.replace_all(key, |captures: &regex::Captures<'_>| {
            let code = u32::from_str_radix(&captures[1], 16).ok().and_then(char::from_u32);
            code.unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
        });
        decoded.into_owned()
    })
}

/// Drops the empty key, and refuses keys that a Secret can't have.
///
/// # Errors
/// [`KeyError::TooLong`], [`KeyError::Invalid`]
pub fn validate_keys(data: &mut Data) -> Result<(), KeyError> {
    data.remove("");
    for key in data.keys() {
        if key.len() > LONGEST {
            let start = String::from_utf8_lossy(&key.as_bytes()[..LONGEST]).into_owned();
            return Err(KeyError::TooLong { length: key.len(), start });
        }
        if let Some(character) = key.chars().find(|c| !is_valid(*c)) {
            return Err(KeyError::Invalid { character, key: key.clone() });
        }
    }
    Ok(())
}
