//! ClusterExternalSecret: the same ExternalSecret in many namespaces.

use super::duration::GoDuration;
use super::or_default;
use super::store::Selector;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `spec` of a ClusterExternalSecret.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterExternalSecretSpec {
    /// The spec of the ExternalSecrets, passed on.
    #[serde(deserialize_with = "or_default")]
    pub external_secret_spec: Value,
    /// Their name; the object's own where it is empty.
    #[serde(deserialize_with = "or_default")]
    pub external_secret_name: String,
    /// Their metadata.
    #[serde(deserialize_with = "or_default")]
    pub external_secret_metadata: Metadata,
    /// Namespaces by labels (the older, single form).
    pub namespace_selector: Option<Selector>,
    /// Namespaces by labels: one selector is enough.
    #[serde(deserialize_with = "or_default")]
    pub namespace_selectors: Vec<Selector>,
    /// Namespaces by name.
    #[serde(deserialize_with = "or_default")]
    pub namespaces: Vec<String>,
    /// Time between two looks.
    pub refresh_time: Option<GoDuration>,
}

/// Labels and annotations to put.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Labels.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
}

/// `status` of a ClusterExternalSecret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterExternalSecretStatus {
    /// The name under which the ExternalSecrets were made.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "or_default")]
    pub external_secret_name: String,
    /// Namespaces in which it could not be made.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub failed_namespaces: Vec<FailedNamespace>,
    /// Namespaces in which it stands.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub provisioned_namespaces: Vec<String>,
    /// Ready or not: without reason and time, as ESO has them.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub conditions: Vec<super::condition::Condition>,
}

/// A namespace with what stood in the way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FailedNamespace {
    /// Its name.
    pub namespace: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}
