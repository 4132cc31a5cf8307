//! Why a vault gave nothing.

use crate::entra::EntraError;
use crate::name::ObjectId;
use crate::transport::{Answer, TransportError};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// A failed act on a vault. Cheap to clone, since reads are shared. Holds no value of the vault's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VaultError {
    /// 404: there is no such object or version, or it is softly deleted.
    #[error("{object} does not exist in {vault}")]
    NotFound {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// The version is switched off.
    #[error("{object} in {vault} is disabled: enable the version, or read another")]
    Disabled {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// The caller has no role that allows it.
    #[error(
        "principal {} may not read or write {object} in {vault}: assign it a role like Key Vault Secrets User there",
        caller.as_ref().map_or("(unnamed)", ObjectId::as_str)
    )]
    ForbiddenByRbac {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
        /// Who was denied, by object id.
        caller: Option<ObjectId>,
        /// The data action that was denied.
        action: Option<String>,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// The caller's network is not let in.
    #[error("{vault} does not let this network in ({code}): use its private endpoint, or allow the address")]
    ForbiddenByNetwork {
        /// The vault's host.
        vault: String,
        /// The inner code: `ForbiddenByFirewall` or `ForbiddenByConnection`.
        code: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// Another kind of 403, such as an access policy.
    #[error("{vault} forbids {object} ({code}): {message}")]
    Forbidden {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
        /// The inner code, or the outer one.
        code: String,
        /// The vault's text.
        message: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// The name belongs to a softly deleted secret.
    #[error("{object} in {vault} is deleted but recoverable: recover or purge it")]
    SoftDeleted {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// A deletion or recovery is still settling.
    #[error("{object} in {vault} is still being deleted or recovered")]
    Settling {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// Too many requests.
    #[error("{vault} asks for fewer requests")]
    Throttled {
        /// The vault's host.
        vault: String,
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
        /// What the vault answered, for those who quote it; `None` where it was not even asked.
        answer: Option<Arc<Answer>>,
    },
    /// The token was refused, a new one too.
    #[error("{vault} refuses the token: {message}")]
    Unauthorized {
        /// The vault's host.
        vault: String,
        /// The vault's text.
        message: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// A fault of the vault's.
    #[error("{vault} answered with status {status}")]
    Unavailable {
        /// The vault's host.
        vault: String,
        /// The HTTP status.
        status: u16,
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// Any other refusal.
    #[error("{vault} refuses {object} with status {status} ({code}): {message}")]
    Refused {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
        /// The HTTP status.
        status: u16,
        /// The vault's code.
        code: String,
        /// The vault's text.
        message: String,
        /// What the vault answered, for those who quote it.
        answer: Arc<Answer>,
    },
    /// The name does not resolve.
    #[error("there is no vault {vault}: its name does not resolve")]
    NoSuchVault {
        /// The vault's host.
        vault: String,
        /// The resolver's error.
        #[source]
        source: TransportError,
    },
    /// No answer.
    #[error("{vault} can't be reached")]
    Transport {
        /// The vault's host.
        vault: String,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// No token for the vault.
    #[error("there is no login for {vault}")]
    Login {
        /// The vault's host.
        vault: String,
        /// Why.
        #[source]
        source: Box<EntraError>,
    },
    /// An answer that can't be read.
    #[error("the answer of {vault} on {object:?} can't be read")]
    Malformed {
        /// The vault's host.
        vault: String,
        /// The object's name.
        object: String,
    },
}

impl VaultError {
    /// Whether the same request may succeed later by itself.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Settling { .. }
            | Self::Transport { .. } => true,
            Self::Login { source, .. } => source.disposition() != crate::entra::Disposition::Fatal,
            _ => false,
        }
    }

    /// What the vault answered, where it answered.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::NotFound { answer, .. }
            | Self::Disabled { answer, .. }
            | Self::ForbiddenByRbac { answer, .. }
            | Self::ForbiddenByNetwork { answer, .. }
            | Self::Forbidden { answer, .. }
            | Self::SoftDeleted { answer, .. }
            | Self::Settling { answer, .. }
            | Self::Unauthorized { answer, .. }
            | Self::Unavailable { answer, .. }
            | Self::Refused { answer, .. } => Some(answer),
            Self::Throttled { answer, .. } => answer.as_deref(),
            Self::NoSuchVault { .. }
            | Self::Transport { .. }
            | Self::Login { .. }
            | Self::Malformed { .. } => None,
        }
    }

    /// How long the service wants us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Login { source, .. } => source.retry_after(),
            _ => None,
        }
    }
}

#[derive(Deserialize, Default)]
struct Body {
    error: Detail,
}

#[derive(Deserialize, Default)]
struct Detail {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    innererror: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(default)]
    code: String,
}

/// Reads a refusal into its variant.
pub(crate) fn refused(
    vault: &str,
    object: &str,
    response: &Response<Bytes>,
    retry_after: Option<Duration>,
) -> VaultError {
    let Detail { code, message, innererror } =
        serde_json::from_slice::<Body>(response.body()).unwrap_or_default().error;
    let answer = Arc::new(Answer::new(response, &code, &message));
    let inner = innererror.map(|inner| inner.code).filter(|code| !code.is_empty());
    let (vault, object) = (vault.to_owned(), object.to_owned());
    let message: String = message.chars().take(2_000).collect();
    match (response.status(), inner.as_deref()) {
        (StatusCode::NOT_FOUND, _) => VaultError::NotFound { vault, object, answer },
        (StatusCode::TOO_MANY_REQUESTS, _) => {
            VaultError::Throttled { vault, retry_after, answer: Some(answer) }
        }
        (StatusCode::UNAUTHORIZED, _) => VaultError::Unauthorized { vault, message, answer },
        (StatusCode::FORBIDDEN, Some("SecretDisabled" | "KeyDisabled" | "CertificateDisabled")) => {
            VaultError::Disabled { vault, object, answer }
        }
        (StatusCode::FORBIDDEN, Some("ForbiddenByRbac")) => VaultError::ForbiddenByRbac {
            vault,
            object,
            caller: between(&message, "oid=", ";").and_then(|oid| ObjectId::parse(oid).ok()),
            action: between(&message, "Action: '", "'").map(str::to_owned),
            answer,
        },
        (StatusCode::FORBIDDEN, Some(code @ ("ForbiddenByFirewall" | "ForbiddenByConnection"))) => {
            VaultError::ForbiddenByNetwork { vault, code: code.to_owned(), answer }
        }
        (StatusCode::FORBIDDEN, inner) => {
            VaultError::Forbidden { vault, object, code: inner.map_or(code, str::to_owned), message, answer }
        }
        (StatusCode::CONFLICT, Some("ObjectIsDeletedButRecoverable")) => {
            VaultError::SoftDeleted { vault, object, answer }
        }
        (StatusCode::CONFLICT, Some("ObjectIsBeingDeleted" | "ObjectIsBeingRecovered")) => {
            VaultError::Settling { vault, object, answer }
        }
        (status, _) if crate::backoff::is_passing(status) => {
            VaultError::Unavailable { vault, status: status.as_u16(), retry_after, answer }
        }
        (status, _) => VaultError::Refused { vault, object, status: status.as_u16(), code, message, answer },
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(rest.split_once(end).map_or(rest, |(found, _)| found).lines().next().unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_status_and_inner_code() {
        let check = |status: u16, body: &str, expect: &str| {
            let response =
                Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
            assert_eq!(refused("v.vault.azure.net", "a", &response, None).to_string(), expect);
        };
        let inner = |code: &str, message: &str| {
            format!(r#"{{"error":{{"code":"X","message":"{message}","innererror":{{"code":"{code}"}}}}}}"#)
        };
        check(404, "", "a does not exist in v.vault.azure.net");
        check(
            403,
            &inner("SecretDisabled", ""),
            "a in v.vault.azure.net is disabled: enable the version, or read another",
        );
        check(
            403,
            &inner(
                "ForbiddenByRbac",
                "Caller: appid=1;oid=a98fa280-e03f-5afa-8d8e-92d0a9c201e8;iss=x\\r\\nAction: 'y'",
            ),
            "principal a98fa280-e03f-5afa-8d8e-92d0a9c201e8 may not read or write a in v.vault.azure.net: \
             assign it a role like Key Vault Secrets User there",
        );
        check(
            403,
            r#"{"error":{"code":"Forbidden","message":"m"}}"#,
            "v.vault.azure.net forbids a (Forbidden): m",
        );
        check(
            409,
            &inner("ObjectIsDeletedButRecoverable", ""),
            "a in v.vault.azure.net is deleted but recoverable: recover or purge it",
        );
        check(
            409,
            &inner("ObjectIsBeingDeleted", ""),
            "a in v.vault.azure.net is still being deleted or recovered",
        );
        check(429, "", "v.vault.azure.net asks for fewer requests");
        check(503, "<html>", "v.vault.azure.net answered with status 503");
        check(
            400,
            r#"{"error":{"code":"BadParameter","message":"too long"}}"#,
            "v.vault.azure.net refuses a with status 400 (BadParameter): too long",
        );
    }
}
