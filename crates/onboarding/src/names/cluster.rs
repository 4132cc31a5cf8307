//! A cluster's name, and the names that follow from it in the vault and in Kubernetes (seed 1.2 and 4.3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name that AKS takes.
const LONGEST_CLUSTER: usize = 63;
/// The longest name that Key Vault takes.
const LONGEST_SECRET: usize = 127;

/// A name that Azure or Kubernetes would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Azure does not allow a managed cluster of this name.
    #[error(
        "`{0}` is no name for an AKS cluster: 1 to 63 letters, digits, hyphens and underscores, a letter or digit at both ends"
    )]
    Cluster(String),
    /// Key Vault does not allow a secret of this name.
    #[error("`{0}` is no name for a Key Vault secret: 1 to 127 letters, digits and hyphens")]
    VaultSecret(String),
}

/// The name of an AKS cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterName(String);

impl ClusterName {
    /// The name as Azure has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name where only lower-case letters, digits and hyphens are allowed: in Kubernetes, and in the vault. AKS also
    /// allows underscores and capitals; two clusters whose names differ in nothing else collide, which the fleet refuses.
    pub fn slug(&self) -> String {
        self.0.to_ascii_lowercase().replace('_', "-")
    }

    /// The vault secret that holds the CA certificate.
    pub fn ca_secret(&self) -> VaultSecretName {
        VaultSecretName(format!("{}-ca-cert", self.slug()))
    }

    /// The vault secret that holds the API server's URL.
    pub fn url_secret(&self) -> VaultSecretName {
        VaultSecretName(format!("{}-server-url", self.slug()))
    }

    /// The ExternalSecret of the overlay.
    pub fn external_secret(&self) -> String {
        format!("{}-cluster-external-secret", self.slug())
    }

    /// The Secret that Argo CD discovers.
    pub fn secret(&self) -> String {
        format!("{}-cluster-secret", self.slug())
    }
}

impl FromStr for ClusterName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let bytes = text.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        let fits = bytes.len() <= LONGEST_CLUSTER
            && ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if fits { Ok(ClusterName(text.to_owned())) } else { Err(NameError::Cluster(text.to_owned())) }
    }
}

impl TryFrom<String> for ClusterName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<ClusterName> for String {
    fn from(name: ClusterName) -> String {
        name.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a secret in Key Vault, which knows no case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VaultSecretName(String);

impl VaultSecretName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VaultSecretName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = (1..=LONGEST_SECRET).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(VaultSecretName(text.to_owned())) } else { Err(NameError::VaultSecret(text.to_owned())) }
    }
}

impl fmt::Display for VaultSecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
