//! Why Resource Manager did not do it.

use super::client::passes;
use crate::entra::{Disposition, EntraError};
use crate::name::ObjectId;
use crate::transport::TransportError;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use std::time::Duration;

/// A failed act on a resource. `object` is the resource's id, or says what was listed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ArmError {
    /// There is no such resource, group or subscription.
    #[error("{object} does not exist ({code})")]
    NotFound {
        /// The resource.
        object: String,
        /// Azure's code, as `ResourceGroupNotFound`.
        code: String,
    },
    /// The caller may not.
    #[error(
        "principal {} may not do {} on {object}: assign it a role that allows it, or wait some minutes for a new one",
        caller.as_ref().map_or("(unnamed)", ObjectId::as_str), action.as_deref().unwrap_or("this")
    )]
    AuthorizationFailed {
        /// The resource.
        object: String,
        /// Who was denied, by object id.
        caller: Option<ObjectId>,
        /// The action that was denied.
        action: Option<String>,
    },
    /// The principal of a role assignment is unknown: just created, or a client id in the place of an object id.
    #[error(
        "Azure finds no principal for the role assignment on {object}: give the object id (principalId), not the \
         client id; if the identity is new, wait"
    )]
    PrincipalNotFound {
        /// The scope.
        object: String,
    },
    /// The same assignment stands under another name.
    #[error("the role is already assigned on {object} under another name")]
    RoleAssignmentExists {
        /// The scope.
        object: String,
    },
    /// An assignment of this name stands for another principal, role or scope.
    #[error("role assignment {object} belongs to another principal or role: delete it first")]
    RoleAssignmentUpdateNotPermitted {
        /// The assignment.
        object: String,
    },
    /// Another write is under way.
    #[error("another operation on {object} is under way ({code})")]
    Busy {
        /// The resource.
        object: String,
        /// Azure's code.
        code: String,
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// Too many requests.
    #[error("Resource Manager asks for fewer requests on {object}")]
    Throttled {
        /// The resource.
        object: String,
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// A fault of Azure's.
    #[error("Resource Manager answered with status {status} on {object}")]
    Unavailable {
        /// The resource.
        object: String,
        /// The HTTP status.
        status: u16,
        /// How long to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// The token was refused, a new one too.
    #[error("Resource Manager refuses the token for {object}: {message}")]
    Unauthorized {
        /// The resource.
        object: String,
        /// Azure's text.
        message: String,
    },
    /// Any other refusal: a policy, a lock, a wrong value.
    #[error("Resource Manager refuses {object} with status {status} ({code}): {message}")]
    Refused {
        /// The resource.
        object: String,
        /// The HTTP status.
        status: u16,
        /// Azure's code.
        code: String,
        /// Azure's text.
        message: String,
    },
    /// A long-running operation ended badly.
    #[error("the operation on {object} ended as {status} ({code}): {message}")]
    OperationFailed {
        /// The resource.
        object: String,
        /// `Failed` or `Canceled`.
        status: String,
        /// Azure's code.
        code: String,
        /// Azure's text.
        message: String,
    },
    /// A long-running operation did not end in time.
    #[error("the operation on {object} does not end: look at it in the portal")]
    OperationUnfinished {
        /// The resource.
        object: String,
    },
    /// A link in an answer leads to another host.
    #[error("the answer on {object} links to another host, {link}")]
    ForeignLink {
        /// The resource.
        object: String,
        /// The link.
        link: String,
    },
    /// An answer that can't be read.
    #[error("the answer on {object} can't be used: {what}")]
    Malformed {
        /// The resource.
        object: String,
        /// What is wrong.
        what: &'static str,
    },
    /// No answer.
    #[error("Resource Manager can't be reached for {object}")]
    Transport {
        /// The resource.
        object: String,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// No token.
    #[error("there is no login for {object}")]
    Login {
        /// The resource.
        object: String,
        /// Why.
        #[source]
        source: Box<EntraError>,
    },
}

impl ArmError {
    /// Whether the same request may succeed later by itself.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Transport { .. } => true,
            Self::Login { source, .. } => source.disposition() != Disposition::Fatal,
            _ => false,
        }
    }

    /// How long Azure wants us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. }
            | Self::Throttled { retry_after, .. }
            | Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Login { source, .. } => source.retry_after(),
            _ => None,
        }
    }

    /// Whether the resource is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

#[derive(Deserialize, Default)]
struct Body {
    error: Detail,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    code: String,
    message: String,
}

/// Reads a refusal into its variant.
pub(super) fn refused(object: &str, response: &Response<Bytes>, retry_after: Option<Duration>) -> ArmError {
    let Detail { code, message } = serde_json::from_slice::<Body>(response.body()).unwrap_or_default().error;
    let message: String = message.chars().take(2_000).collect();
    let object = object.to_owned();
    match (response.status(), code.as_str()) {
        (StatusCode::NOT_FOUND, _) => ArmError::NotFound { object, code },
        (StatusCode::FORBIDDEN, "AuthorizationFailed" | "LinkedAuthorizationFailed") => {
            ArmError::AuthorizationFailed {
                object,
                caller: quoted_after(&message, "object id '").and_then(|oid| ObjectId::parse(oid).ok()),
                action: quoted_after(&message, "action '").map(str::to_owned),
            }
        }
        (StatusCode::BAD_REQUEST, "PrincipalNotFound") => ArmError::PrincipalNotFound { object },
        (StatusCode::BAD_REQUEST, "RoleAssignmentUpdateNotPermitted") => {
            ArmError::RoleAssignmentUpdateNotPermitted { object }
        }
        (StatusCode::CONFLICT, "RoleAssignmentExists") => ArmError::RoleAssignmentExists { object },
        (
            StatusCode::CONFLICT,
            "AnotherOperationInProgress"
            | "OperationNotAllowed"
            | "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
        ) => ArmError::Busy { object, code, retry_after },
        (StatusCode::TOO_MANY_REQUESTS, _) => ArmError::Throttled { object, retry_after },
        (StatusCode::UNAUTHORIZED, _) => ArmError::Unauthorized { object, message },
        (status, _) if passes(status) => {
            ArmError::Unavailable { object, status: status.as_u16(), retry_after }
        }
        (status, _) => ArmError::Refused { object, status: status.as_u16(), code, message },
    }
}

fn quoted_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text[text.find(start)? + start.len()..].split_once('\'').map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_status_and_code() {
        let check = |status: u16, code: &str, message: &str, expect: &str| {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#);
            let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
            assert_eq!(refused("/x", &response, None).to_string(), expect);
        };
        check(404, "ResourceGroupNotFound", "", "/x does not exist (ResourceGroupNotFound)");
        check(
            403,
            "AuthorizationFailed",
            "The client 'c' with object id 'a98fa280-e03f-5afa-8d8e-92d0a9c201e8' does not have authorization to \
             perform action 'Microsoft.A/b/write' over scope '/x'",
            "principal a98fa280-e03f-5afa-8d8e-92d0a9c201e8 may not do Microsoft.A/b/write on /x: assign it a role \
             that allows it, or wait some minutes for a new one",
        );
        check(409, "RoleAssignmentExists", "", "the role is already assigned on /x under another name");
        check(
            409,
            "AnotherOperationInProgress",
            "",
            "another operation on /x is under way (AnotherOperationInProgress)",
        );
        check(409, "ScopeLocked", "m", "Resource Manager refuses /x with status 409 (ScopeLocked): m");
        check(429, "Throttled", "", "Resource Manager asks for fewer requests on /x");
        check(503, "", "", "Resource Manager answered with status 503 on /x");
    }
}
