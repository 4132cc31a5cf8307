//! Tokens of another issuer, to be exchanged for Entra's.

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A signed token of a Kubernetes API server (or any issuer that the identity trusts).
#[derive(Debug, Clone)]
pub struct Assertion(SecretString);

impl Assertion {
    /// Wraps a token; the surrounding white space that files end with is no part of it.
    pub fn new(token: &str) -> Self {
        Self(SecretString::from(token.trim()))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Why there is no token to exchange. Cheap to clone, since it is handed to all who waited for the login.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct AssertionError {
    /// What failed, on which object.
    pub what: String,
    /// Why.
    #[source]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// Gives the token to exchange; asked once a login, so that a TokenRequest is made only when it is needed.
pub trait AssertionSource: Send + Sync + fmt::Debug {
    /// A valid token.
    fn assertion(&self) -> BoxFuture<'_, Result<Assertion, AssertionError>>;
}

/// The projected token of a pod (`AZURE_FEDERATED_TOKEN_FILE`), read anew for each login since the kubelet renews it.
#[derive(Debug, Clone)]
pub struct TokenFile(pub PathBuf);

impl AssertionSource for TokenFile {
    fn assertion(&self) -> BoxFuture<'_, Result<Assertion, AssertionError>> {
        async {
            let text = tokio::fs::read_to_string(&self.0).await.map_err(|source| AssertionError {
                what: format!("token file {} can't be read", self.0.display()),
                source: Some(Arc::new(source)),
            })?;
            Ok(Assertion::new(&text))
        }
        .boxed()
    }
}
