//! Publishing: the CA and the URL of a cluster into the vault, and only where they differ from what stands there.

use crate::chain::facts::{Credential, PublishedFacts, VaultSecret};
use crate::names::{CaCertificate, CaError, ClusterName, ServerUrl, ServerUrlError, VaultSecretName};

/// Why a cluster's own values can't be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The CA is unusable.
    #[error("the kubeconfig of `{cluster}` has a CA that Argo CD can't use: {error}")]
    Ca {
        /// Which cluster.
        cluster: ClusterName,
        /// What is wrong.
        error: CaError,
    },
    /// The URL is unusable.
    #[error("the kubeconfig of `{cluster}` has a server that Argo CD can't use: {error}")]
    Url {
        /// Which cluster.
        cluster: ClusterName,
        /// What is wrong.
        error: ServerUrlError,
    },
}

/// Why a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is not there.
    Missing,
    /// It is there in deleted form, which blocks its name: recover it first.
    SoftDeleted,
    /// Its current version is disabled.
    Disabled,
    /// It holds something else.
    Differs,
}

impl Reason {
    /// The reason in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Missing => "missing",
            Reason::SoftDeleted => "soft-deleted, recovered first",
            Reason::Disabled => "disabled",
            Reason::Differs => "differs",
        }
    }
}

/// One secret to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its name.
    pub secret: VaultSecretName,
    /// Its new value.
    pub value: String,
    /// Why.
    pub reason: Reason,
}

/// What to write so that the vault holds what the cluster says today.
///
/// URLs are compared in their normal form: Terraform writes `https://name:443`, and gangplank must not fight it.
pub fn decide(
    cluster: &ClusterName,
    today: &Credential,
    vault: &PublishedFacts,
) -> Result<Vec<Write>, PublishError> {
    let ca = CaCertificate::parse(&today.ca)
        .map_err(|error| PublishError::Ca { cluster: cluster.clone(), error })?;
    let url: ServerUrl =
        today.server.parse().map_err(|error| PublishError::Url { cluster: cluster.clone(), error })?;
    let ca_stands = |stored: &str| stored == ca.encoded();
    let url_stands = |stored: &str| stored.parse::<ServerUrl>().as_ref() == Ok(&url);
    let ca = write(cluster.ca_secret(), &vault.ca, ca.encoded(), ca_stands);
    let url = write(cluster.url_secret(), &vault.url, url.as_str(), url_stands);
    Ok(ca.into_iter().chain(url).collect())
}

fn write(
    secret: VaultSecretName,
    stored: &VaultSecret,
    value: &str,
    stands: impl Fn(&str) -> bool,
) -> Option<Write> {
    let reason = match stored {
        VaultSecret::Value(stored) if stands(stored) => return None,
        VaultSecret::Value(_) => Reason::Differs,
        VaultSecret::Missing => Reason::Missing,
        VaultSecret::SoftDeleted => Reason::SoftDeleted,
        VaultSecret::Disabled => Reason::Disabled,
    };
    Some(Write { secret, value: value.to_owned(), reason })
}
