//! Why a login failed.

use super::refusal::{Disposition, known};
use crate::credential::{AssertionError, ClientCertificateError, ProcessError};
use crate::name::{ClientId, TenantId};
use crate::transport::{Answer, TransportError};
use std::sync::Arc;
use std::time::Duration;

/// A login that gave no token. Cheap to clone: all who waited for the same login get it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EntraError {
    /// Entra said no, with a code.
    #[error("Entra refused the login of client {client_id} in tenant {tenant}: {description}")]
    Refused {
        /// The tenant that was asked.
        tenant: TenantId,
        /// Who asked.
        client_id: ClientId,
        /// The AADSTS code, where the answer has one.
        code: Option<u32>,
        /// The OAuth error, as `invalid_client`.
        error: String,
        /// Entra's text without trace ids.
        description: String,
        /// What Entra answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// Too many logins.
    #[error("Entra asks for fewer logins")]
    Throttled {
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
        /// What it answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// A status that is no OAuth answer.
    #[error("Entra answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
        /// What it answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// An answer that can't be read.
    #[error("the token service can't be used: {what}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
    },
    /// No answer.
    #[error("the token service can't be reached")]
    Transport(#[source] TransportError),
    /// The token to exchange could not be had.
    #[error("there is no token to exchange")]
    Assertion(#[source] AssertionError),
    /// The certificate can't sign.
    #[error("the client certificate can't be used")]
    Certificate(#[source] ClientCertificateError),
    /// The machine has no such managed identity.
    #[error("this machine has no managed identity {}: {description}", client_id.as_ref().map_or("of its own", ClientId::as_str))]
    NoManagedIdentity {
        /// The identity asked for; `None` is the system's own.
        client_id: Option<ClientId>,
        /// What the metadata service says.
        description: String,
    },
    /// `az` gave no token.
    #[error("az gave no token: run `az login`")]
    AzureCli(#[source] ProcessError),
}

impl EntraError {
    /// The AADSTS code, where Entra named one.
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => *code,
            _ => None,
        }
    }

    /// What the token service answered, where it answered.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Refused { answer, .. } | Self::Throttled { answer, .. } | Self::Status { answer, .. } => {
                Some(answer)
            }
            _ => None,
        }
    }

    /// Whether, and when, the same login can succeed without anyone changing anything.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Refused { code, .. } => {
                code.and_then(known).map_or(Disposition::Fatal, |known| known.disposition)
            }
            Self::Throttled { .. } | Self::Transport(_) => Disposition::Always,
            Self::Status { status, .. } if *status >= 500 || *status == 408 => Disposition::Always,
            Self::Assertion(_) | Self::AzureCli(_) => Disposition::Always,
            Self::Status { .. }
            | Self::Malformed { .. }
            | Self::Certificate(_)
            | Self::NoManagedIdentity { .. } => Disposition::Fatal,
        }
    }

    /// What is wrong, in terms of the chain from cluster to Argo CD.
    pub fn cause(&self) -> Option<&'static str> {
        self.code().and_then(known).map(|known| known.cause)
    }

    /// What to do about it.
    pub fn mend(&self) -> Option<&'static str> {
        self.code().and_then(known).map(|known| known.mend)
    }

    /// How long the service wants us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } | Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
