//! The four kinds of GUID that the chain passes around, each a type of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text is no GUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: it must be a GUID such as 11111111-2222-3333-4444-555555555555")]
pub struct GuidError {
    what: &'static str,
    text: String,
}

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The GUID in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = GuidError;

            fn from_str(text: &str) -> Result<Self, GuidError> {
                match uuid::Uuid::try_parse(text) {
                    // Uuid also reads braces, URNs and forms without hyphens; Azure does not.
                    Ok(guid) if text.len() == 36 => Ok($name(guid.to_string())),
                    _ => Err(GuidError { what: $what, text: text.to_owned() }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = GuidError;

            fn try_from(text: String) -> Result<Self, GuidError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(guid: $name) -> String {
                guid.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

guid!(
    /// The Entra tenant.
    TenantId,
    "tenant id"
);
guid!(
    /// The subscription that holds a resource.
    SubscriptionId,
    "subscription id"
);
guid!(
    /// The application id of an identity: what logs in, what a ServiceAccount's annotation names. Never a role's principal.
    ClientId,
    "client id"
);
guid!(
    /// The object id (`principalId`) of an identity: what roles are given to, and the token's `oid`. Never logs in.
    ObjectId,
    "object id"
);
