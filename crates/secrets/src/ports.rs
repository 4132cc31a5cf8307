//! What this controller needs from outside, as traits of its own: it knows no Azure client.

use crate::value::SecretValue;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Whom a vault sees, and where it is. Equal identities share logins.
#[derive(Debug, Clone)]
pub struct VaultAccess {
    /// The vault's address as the store has it.
    pub url: String,
    /// Where Entra answers, without a trailing slash.
    pub authority: String,
    /// The audience of the vault's tokens, as `https://vault.azure.net`.
    pub audience: String,
    /// Who logs in.
    pub identity: Identity,
}

/// Who logs in, and with what proof.
#[derive(Debug, Clone)]
pub enum Identity {
    /// A Kubernetes ServiceAccount's token is exchanged.
    ServiceAccount {
        /// The identity's tenant.
        tenant: String,
        /// The identity's client id.
        client_id: String,
        /// Whose token: `namespace/name`, with further audiences. Two subjects never share a login.
        subject: String,
        /// Gives the token; asked once a login.
        tokens: Arc<dyn ServiceAccountTokens>,
    },
    /// The controller's own workload identity: the token in this file is exchanged.
    TokenFile {
        /// The identity's tenant.
        tenant: String,
        /// The identity's client id.
        client_id: String,
        /// The projected token.
        path: String,
    },
    /// A service principal's secret.
    ClientSecret {
        /// The application's tenant.
        tenant: String,
        /// The application's client id.
        client_id: String,
        /// Its secret.
        secret: SecretString,
    },
    /// A service principal's certificate.
    ClientCertificate {
        /// The application's tenant.
        tenant: String,
        /// The application's client id.
        client_id: String,
        /// Certificate and RSA key in PEM.
        pem: SecretString,
    },
    /// The machine's managed identity.
    Managed {
        /// A user-assigned one; `None` is the system's own.
        client_id: Option<String>,
    },
}

/// Tokens of a ServiceAccount, by TokenRequest.
pub trait ServiceAccountTokens: Send + Sync + fmt::Debug {
    /// A token for the exchange; the error is the API server's text.
    fn token(&self) -> BoxFuture<'_, Result<SecretString, String>>;
}

/// Key Vaults, with logins, connections and limits that all objects share.
///
/// The implementation shares one login an identity and scope, bounds the requests to one vault, and honours
/// `Retry-After`; this controller shares reads of the same object.
pub trait AzureVaults: Send + Sync {
    /// Logs in without asking the vault: what a store's validation is worth. `proven` asks for a login of this moment, which a
    /// shared one does not give.
    fn login<'a>(&'a self, access: &'a VaultAccess, proven: bool) -> BoxFuture<'a, Result<(), VaultFailure>>;
    /// A secret's value and properties; an empty version is the current one.
    fn secret<'a>(
        &'a self,
        access: &'a VaultAccess,
        name: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>>;
    /// A certificate in DER.
    fn certificate<'a>(
        &'a self,
        access: &'a VaultAccess,
        name: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>>;
    /// A key as JSON Web Key.
    fn key<'a>(
        &'a self,
        access: &'a VaultAccess,
        name: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>>;
    /// All secrets without their values.
    fn list<'a>(&'a self, access: &'a VaultAccess) -> BoxFuture<'a, Result<Vec<VaultItem>, VaultFailure>>;
}

/// One object of a vault.
#[derive(Debug, Clone)]
pub struct VaultObject {
    /// The secret's value, the certificate's DER, the key's JSON.
    pub value: SecretValue,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it last changed.
    pub updated: Option<Timestamp>,
    /// When it is meant to end.
    pub expires: Option<Timestamp>,
    /// When it is meant to begin.
    pub not_before: Option<Timestamp>,
}

/// One secret of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultItem {
    /// Its name.
    pub name: String,
    /// Whether it can be read.
    pub enabled: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A failed act, with what is needed to word it as ESO does. Holds no secret.
#[derive(Debug, Clone)]
pub struct VaultFailure {
    /// What failed.
    pub kind: VaultFailureKind,
    /// A sentence with cause and mend.
    pub text: String,
    /// How long the service wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultFailureKind {
    /// The vault refused.
    Refused(Box<Refusal>),
    /// The login was refused.
    Login(Box<Refusal>),
    /// The vault's address is none.
    Address,
    /// A certificate that can't log in.
    Certificate,
    /// No answer, or one that can't be read.
    Unreachable,
}

/// A refusal as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The service's code.
    pub code: String,
    /// The service's text.
    pub message: String,
    /// The body.
    pub body: String,
}

/// Everything from outside. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// Key Vaults.
    pub vaults: Arc<dyn AzureVaults>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
