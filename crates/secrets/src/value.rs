//! Fetched values: bytes that are never printed, and are wiped when they go.

use gangplank_template::pipeline::Data;
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroize;

/// One secret value, any bytes. `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecretValue(Vec<u8>);

/// Values by key, as a Secret holds them.
pub type SecretData = BTreeMap<String, SecretValue>;

impl SecretValue {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, where they are UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

/// Fetched values as the template engine takes them; it keeps none of them.
pub(crate) fn plain(data: SecretData) -> Data {
    data.into_iter().map(|(key, mut value)| (key, std::mem::take(&mut value.0))).collect()
}

/// What the template engine gave, as secret values.
pub(crate) fn secret(data: Data) -> SecretData {
    data.into_iter().map(|(key, value)| (key, SecretValue(value))).collect()
}

impl AsRef<[u8]> for SecretValue {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SecretValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for SecretValue {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<&str> for SecretValue {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for SecretValue {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl Drop for SecretValue {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretValue({} bytes)", self.0.len())
    }
}
