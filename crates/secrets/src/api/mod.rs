//! The kinds of group `external-secrets.io`, as they stand on the wire.
//!
//! Unknown fields are passed over, so that objects written for a later version still work. What is optional there is
//! optional here: defaults are the API server's business, except where an older definition has none.

pub mod cluster_external_secret;
pub mod condition;
pub mod duration;
pub mod external_secret;
pub mod store;

use kube::core::{ApiResource, GroupVersionKind};

/// The group of all kinds here.
pub const GROUP: &str = "external-secrets.io";

/// The version that is read and written.
pub const VERSION: &str = "v1";

/// `group/version`, as owner references have it.
pub const API_VERSION: &str = "external-secrets.io/v1";

/// The kind of a namespaced store.
pub const SECRET_STORE: &str = "SecretStore";

/// The kind of a store for all namespaces.
pub const CLUSTER_SECRET_STORE: &str = "ClusterSecretStore";

/// The kind that becomes a Secret.
pub const EXTERNAL_SECRET: &str = "ExternalSecret";

/// The kind that becomes ExternalSecrets.
pub const CLUSTER_EXTERNAL_SECRET: &str = "ClusterExternalSecret";

/// How the API server names a kind of this group.
pub fn resource(kind: &str) -> ApiResource {
    let plural = format!("{}s", kind.to_ascii_lowercase());
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, VERSION, kind), &plural)
}

/// A member that is absent, null, or there: Go treats the first two alike, and so must we.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    serde::Deserialize::deserialize(deserializer).map(Option::<T>::unwrap_or_default)
}
