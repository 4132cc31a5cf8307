//! Azure Resource Manager ids. Azure returns them in whatever case it likes, so they compare without regard to it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text is no resource id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no Azure resource id: it must have the form \
     /subscriptions/ID/resourceGroups/GROUP/providers/NAMESPACE/TYPE/NAME"
)]
pub struct ResourceIdError(String);

/// The id of a resource within a resource group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId(String);

impl ResourceId {
    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, index: usize) -> &str {
        // Parsed: the eight parts are there.
        self.0.split('/').nth(index).unwrap_or_default()
    }

    /// The subscription's id.
    pub fn subscription(&self) -> &str {
        self.part(2)
    }

    /// The resource group's name.
    pub fn group(&self) -> &str {
        self.part(4)
    }

    /// The provider's namespace and the type, as in `Microsoft.KeyVault/vaults`.
    pub fn kind(&self) -> String {
        format!("{}/{}", self.part(6), self.part(7))
    }

    /// The resource's own name.
    pub fn name(&self) -> &str {
        self.part(8)
    }
}

impl FromStr for ResourceId {
    type Err = ResourceIdError;

    fn from_str(text: &str) -> Result<Self, ResourceIdError> {
        let parts: Vec<&str> = text.split('/').collect();
        let shaped = parts.len() >= 9
            && parts[0].is_empty()
            && parts[1..].iter().all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
            && parts[1].eq_ignore_ascii_case("subscriptions")
            && parts[3].eq_ignore_ascii_case("resourcegroups")
            && parts[5].eq_ignore_ascii_case("providers");
        if shaped { Ok(ResourceId(text.to_owned())) } else { Err(ResourceIdError(text.to_owned())) }
    }
}

impl TryFrom<String> for ResourceId {
    type Error = ResourceIdError;

    fn try_from(text: String) -> Result<Self, ResourceIdError> {
        text.parse()
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> String {
        id.0
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
