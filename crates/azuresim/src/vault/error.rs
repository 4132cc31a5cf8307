//! Key Vault's errors.
//!
//! Source: Microsoft Learn, "Azure Key Vault REST API error codes". The order of the members is the service's, since
//! clients print the body as it stands.

use http::StatusCode;
use serde::Serialize;

use crate::{entra::challenge_claims, wire::Reply};

/// Why the vault refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VaultError {
    #[error("AKV10000: Request is missing a Bearer or PoP token")]
    TokenMissing,
    #[error("AKV10001: {0}")]
    TokenTime(String),
    #[error("AKV10001: {reason}")]
    Challenged { since: i64, reason: String },
    #[error("AKV10015: {0}")]
    TokenUnreadable(String),
    #[error("AKV10022: Invalid audience; expected {expected}, found {found}")]
    TokenAudience { expected: String, found: String },
    #[error("AKV10032: Invalid issuer; expected {0}")]
    TokenIssuer(String),
    #[error(
        "A {kind} with (name/id) {name} was not found in this key vault; if it was deleted lately it may be recovered"
    )]
    NotFound { kind: Object, name: String },
    #[error("Operation {operation} is not allowed on a disabled {kind}")]
    Disabled { kind: Object, operation: &'static str },
    #[error("{0}")]
    ForbiddenByRbac(String),
    #[error("{0}")]
    AccessDenied(String),
    #[error("Client address {0} is not authorized and the caller is not a trusted service")]
    ForbiddenByFirewall(String),
    #[error(
        "Public network access is disabled and the request is not from a trusted service or a private link"
    )]
    ForbiddenByConnection,
    #[error(
        "Secret {0} is currently in a deleted but recoverable state, and its name cannot be reused; recover or purge it first"
    )]
    DeletedButRecoverable(String),
    #[error("Secret {0} is currently being deleted and cannot be re-created; retry later")]
    BeingDeleted(String),
    #[error("Secret {0} is currently being recovered; retry later")]
    BeingRecovered(String),
    #[error("Secret {0} already exists")]
    Exists(String),
    #[error("Operation purge is not allowed because purge protection is enabled for this vault")]
    PurgeProtected,
    #[error("{0}")]
    BadParameter(String),
    #[error("Method {method} does not allow operation on {path}")]
    MethodNotAllowed { method: String, path: String },
    #[error("Request was not processed because too many requests were received. Reason: {0}")]
    Throttled(&'static str),
    #[error("There is no vault of this name; on Azure it would not resolve")]
    NoSuchVault,
}

/// What a vault holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Secret,
    Certificate,
    Key,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Object::Secret => "secret",
            Object::Certificate => "certificate",
            Object::Key => "key",
        })
    }
}

impl VaultError {
    fn shape(&self) -> (StatusCode, &'static str, Option<&'static str>) {
        use VaultError::*;
        match self {
            TokenMissing
            | TokenTime(_)
            | Challenged { .. }
            | TokenUnreadable(_)
            | TokenAudience { .. }
            | TokenIssuer(_) => (StatusCode::UNAUTHORIZED, "Unauthorized", None),
            NotFound { kind, .. } => {
                let code = match kind {
                    Object::Secret => "SecretNotFound",
                    Object::Certificate => "CertificateNotFound",
                    Object::Key => "KeyNotFound",
                };
                (StatusCode::NOT_FOUND, code, None)
            }
            Disabled { kind, .. } => {
                let inner = match kind {
                    Object::Secret => "SecretDisabled",
                    Object::Certificate => "CertificateDisabled",
                    Object::Key => "KeyDisabled",
                };
                (StatusCode::FORBIDDEN, "Forbidden", Some(inner))
            }
            ForbiddenByRbac(_) => (StatusCode::FORBIDDEN, "Forbidden", Some("ForbiddenByRbac")),
            AccessDenied(_) => (StatusCode::FORBIDDEN, "Forbidden", Some("AccessDenied")),
            ForbiddenByFirewall(_) => (StatusCode::FORBIDDEN, "Forbidden", Some("ForbiddenByFirewall")),
            ForbiddenByConnection => (StatusCode::FORBIDDEN, "Forbidden", Some("ForbiddenByConnection")),
            DeletedButRecoverable(_) => {
                (StatusCode::CONFLICT, "Conflict", Some("ObjectIsDeletedButRecoverable"))
            }
            BeingDeleted(_) => (StatusCode::CONFLICT, "Conflict", Some("ObjectIsBeingDeleted")),
            BeingRecovered(_) => (StatusCode::CONFLICT, "Conflict", Some("ObjectIsBeingRecovered")),
            Exists(_) => (StatusCode::CONFLICT, "Conflict", None),
            PurgeProtected => (StatusCode::FORBIDDEN, "Forbidden", None),
            BadParameter(_) => (StatusCode::BAD_REQUEST, "BadParameter", None),
            MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", None),
            Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "Throttled", None),
            NoSuchVault => (StatusCode::NOT_FOUND, "VaultNotFound", None),
        }
    }

    /// The answer; `challenge` is the `WWW-Authenticate` of a 401.
    pub(super) fn reply(&self, challenge: &str) -> Reply {
        #[derive(Serialize)]
        struct Body {
            error: Detail,
        }
        #[derive(Serialize)]
        struct Detail {
            code: &'static str,
            message: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            innererror: Option<Inner>,
        }
        #[derive(Serialize)]
        struct Inner {
            code: &'static str,
        }
        let (status, code, inner) = self.shape();
        let mut message = self.to_string();
        if !message.ends_with(['.', '\n']) {
            message.push('.');
        }
        let body = Body { error: Detail { code, message, innererror: inner.map(|code| Inner { code }) } };
        let reply = Reply::json(status, &body);
        match self {
            VaultError::Challenged { since, .. } => {
                let claims = challenge_claims(*since);
                let more = format!("{challenge}, error=\"insufficient_claims\", claims=\"{claims}\"");
                reply.header("www-authenticate", more)
            }
            _ if status == StatusCode::UNAUTHORIZED => reply.header("www-authenticate", challenge),
            _ => reply,
        }
    }
}
