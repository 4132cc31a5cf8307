//! Who logs in, and with what proof.

pub(crate) mod azure_cli;
mod certificate;
mod federated;

pub use azure_cli::{AzureCli, ProcessError};
pub use certificate::{ClientCertificate, ClientCertificateError};
pub use federated::{Assertion, AssertionError, AssertionSource, TokenFile};

use crate::name::{ClientId, TenantId};
use secrecy::{ExposeSecret, SecretString};
use std::fmt::Write;
use std::sync::Arc;

/// An identity with its proof. Cheap to clone; `Debug` shows no proof.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Workload identity: another issuer's token is exchanged for Entra's.
    Federated {
        /// The identity's tenant.
        tenant: TenantId,
        /// The identity's client id.
        client_id: ClientId,
        /// Whose token is exchanged, as `argocd/argocd-server`: two subjects never share a login.
        subject: String,
        /// Where the token to exchange comes from.
        source: Arc<dyn AssertionSource>,
    },
    /// A service principal's secret.
    ClientSecret {
        /// The application's tenant.
        tenant: TenantId,
        /// The application's client id.
        client_id: ClientId,
        /// Its secret.
        secret: SecretString,
    },
    /// A service principal's certificate.
    ClientCertificate {
        /// The application's tenant.
        tenant: TenantId,
        /// The application's client id.
        client_id: ClientId,
        /// Its certificate with the key.
        certificate: Arc<ClientCertificate>,
    },
    /// The managed identity of the machine (IMDS).
    ManagedIdentity {
        /// A user-assigned identity; `None` is the system's own.
        client_id: Option<ClientId>,
    },
    /// The person who is logged in with `az`.
    AzureCli {
        /// Another tenant than the default one.
        tenant: Option<TenantId>,
        /// How to run `az`.
        process: Arc<dyn AzureCli>,
    },
}

impl Credential {
    /// What tells two identities apart in the token cache. A changed secret is another identity; it appears as a
    /// digest only.
    pub(crate) fn cache_key(&self) -> String {
        match self {
            Self::Federated { tenant, client_id, subject, .. } => {
                format!("federated {tenant} {client_id} {subject}")
            }
            Self::ClientSecret { tenant, client_id, secret } => {
                format!("secret {tenant} {client_id} {}", digest(secret.expose_secret().as_bytes()))
            }
            Self::ClientCertificate { tenant, client_id, certificate } => {
                format!("certificate {tenant} {client_id} {}", digest(certificate.der()))
            }
            Self::ManagedIdentity { client_id } => {
                format!("managed {}", client_id.as_ref().map_or("", ClientId::as_str))
            }
            Self::AzureCli { tenant, .. } => format!("az {}", tenant.as_ref().map_or("", TenantId::as_str)),
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().iter().fold(
        String::new(),
        |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        },
    )
}
