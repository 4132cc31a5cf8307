//! Values decoded by a strategy, and the check for null bytes.

use super::Data;
use crate::encode::{self, DecodeError};

/// How a value is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decoding {
    /// Not at all.
    #[default]
    None,
    /// Base64 in the standard alphabet, padded.
    Base64,
    /// Base64 in the alphabet for URLs, padded.
    Base64Url,
    /// The first of the two that reads it, else not at all. Any word of four letters gets decoded.
    Auto,
}

/// A value that the strategy can't decode, or a strategy that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodingError {
    /// In Go's words.
    #[error("{0}")]
    Base64(String),
    /// With the key of the value.
    #[error("failure decoding key {key}: {reason}")]
    Key {
        /// The key.
        key: String,
        /// Go's words.
        reason: String,
    },
    /// No such strategy.
    #[error("decoding strategy {0} is not supported")]
    Unknown(String),
    /// [`refuse_null_bytes`] found one.
    #[error(
        "fetched secret value for key {} contains null bytes; use a text-safe format such as PEM/base64 or leave \
         nullBytePolicy unset for intentional binary data",
        crate::format::quote::quoted(.0.as_bytes())
    )]
    NullByte(String),
}

impl From<DecodeError> for DecodingError {
    fn from(error: DecodeError) -> Self {
        Self::Base64(error.to_string())
    }
}

impl Decoding {
    /// Reads the strategy of a manifest; empty means [`Decoding::None`].
    ///
    /// # Errors
    /// [`DecodingError::Unknown`]
    pub fn from_name(name: &str) -> Result<Self, DecodingError> {
        match name {
            "" | "None" => Ok(Self::None),
            "Base64" => Ok(Self::Base64),
            "Base64URL" => Ok(Self::Base64Url),
            "Auto" => Ok(Self::Auto),
            other => Err(DecodingError::Unknown(other.to_owned())),
        }
    }
}

/// Decodes one value.
///
/// # Errors
/// [`DecodingError::Base64`]
pub fn decode(decoding: Decoding, value: Vec<u8>) -> Result<Vec<u8>, DecodingError> {
    Ok(match decoding {
        Decoding::None => value,
        Decoding::Base64 => encode::decode_base64(&value, false)?,
        Decoding::Base64Url => encode::decode_base64(&value, true)?,
        Decoding::Auto => encode::decode_base64(&value, false)
            .or_else(|_| encode::decode_base64(&value, true))
            .unwrap_or(value),
    })
}

/// Decodes all values.
///
/// # Errors
/// [`DecodingError::Key`] for the first key, in order, whose value can't be decoded.
pub fn decode_all(decoding: Decoding, data: Data) -> Result<Data, DecodingError> {
    let decoded = data.into_iter().map(|(key, value)| match decode(decoding, value) {
        Ok(value) => Ok((key, value)),
        Err(error) => Err(DecodingError::Key { key, reason: error.to_string() }),
    });
    decoded.collect()
}

/// Refuses a value with a null byte.
///
/// # Errors
/// [`DecodingError::NullByte`] with the key given.
pub fn refuse_null_bytes(key: &str, value: &[u8]) -> Result<(), DecodingError> {
    if value.contains(&0) { Err(DecodingError::NullByte(key.to_owned())) } else { Ok(()) }
}
