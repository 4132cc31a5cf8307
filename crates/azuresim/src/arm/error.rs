//! Resource Manager's errors: one variant for each act that can fail, with the code and status that clients read.

use http::StatusCode;
use serde::Serialize;

use crate::{
    entra::challenge_claims,
    wire::{Reply, sentence},
};

/// Why Resource Manager refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmError {
    /// No token was presented.
    #[error("authentication failed: the 'Authorization' header is missing")]
    AuthenticationFailed,
    /// The token can't be believed, is for another audience or from another tenant.
    #[error("the access token is invalid: {0}")]
    InvalidAuthenticationToken(String),
    /// The token is from another tenant.
    #[error(
        "the access token is from the wrong issuer; it must be of the tenant that the subscription belongs to"
    )]
    InvalidAuthenticationTokenTenant,
    /// The token's time is over.
    #[error("the access token has expired; get a new one")]
    ExpiredAuthenticationToken,
    /// The client can answer a claims challenge, and gets one: for a token of this time (Unix seconds) or later.
    #[error("continuous access evaluation asks for a fresh access token")]
    ClaimsChallenge {
        /// The time.
        since: i64,
    },
    /// No role assignment allows it.
    #[error(
        "the client '{app_id}' with object id '{object_id}' does not have authorization to perform action '{action}' \
         over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials"
    )]
    AuthorizationFailed {
        /// Application id of the caller.
        app_id: String,
        /// Object id of the caller.
        object_id: String,
        /// What was to be done.
        action: String,
        /// Where.
        scope: String,
    },
    /// The caller may do it here, but not at another resource that the request names.
    #[error(
        "the client '{app_id}' with object id '{object_id}' has permission at this scope, but does not have permission \
         to perform action '{action}' on the linked scope '{scope}'"
    )]
    LinkedAuthorizationFailed {
        /// Application id of the caller.
        app_id: String,
        /// Object id of the caller.
        object_id: String,
        /// What was to be done there.
        action: String,
        /// The linked scope.
        scope: String,
    },
    /// A lock stops it.
    #[error(
        "the scope '{scope}' cannot perform this operation because it is locked by '{lock}'; remove the lock first"
    )]
    ScopeLocked {
        /// Where something was to be done.
        scope: String,
        /// The id of the lock.
        lock: String,
    },
    /// The query has no `api-version`.
    #[error("the api-version query parameter (?api-version=) is required for all requests")]
    MissingApiVersionParameter,
    /// The `api-version` is no version.
    #[error("the api-version '{0}' is invalid; it must be a date, as 2024-11-30, perhaps with -preview")]
    InvalidApiVersionParameter(String),
    /// The provider has no such type, or not in this version.
    #[error("no registered resource provider found for type '{0}'")]
    NoRegisteredProviderFound(String),
    /// The path is of no known form.
    #[error("no route for the path '{0}'")]
    InvalidResourcePath(String),
    /// The method is not one that this resource takes.
    #[error("the method '{method}' is not supported for '{what}'")]
    MethodNotAllowed {
        /// The method.
        method: String,
        /// The type it was sent to.
        what: String,
    },
    /// There is no such subscription in the tenant.
    #[error("the subscription '{0}' could not be found")]
    SubscriptionNotFound(String),
    /// There is no such resource group.
    #[error("resource group '{0}' could not be found")]
    ResourceGroupNotFound(String),
    /// There is no such resource.
    #[error("the resource '{0}' was not found")]
    ResourceNotFound(String),
    /// The resource that this one would belong to doesn't exist.
    #[error("can not perform requested operation on nested resource; parent resource '{0}' not found")]
    ParentResourceNotFound(String),
    /// The body is no JSON of the expected shape.
    #[error("the request content was invalid and could not be deserialized: {0}")]
    InvalidRequestContent(String),
    /// The name breaks the type's rules.
    #[error("the name '{name}' is not valid: {rule}")]
    InvalidName {
        /// The name.
        name: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A property is missing, or is what it must not be.
    #[error("{0}")]
    BadRequest(String),
    /// A property can't be changed once it is set.
    #[error("changing property '{0}' is not allowed")]
    PropertyChangeNotAllowed(&'static str),
    /// The resource exists in another region.
    #[error("'{name}' already exists in location '{location}'; a resource can't move to another one")]
    InvalidResourceLocation {
        /// The resource.
        name: String,
        /// Where it is.
        location: String,
    },
    /// A resource is busy with a former request.
    #[error("an operation ({operation}) is in progress on '{id}'; try again when it has ended")]
    OperationNotAllowed {
        /// The resource.
        id: String,
        /// What it is busy with.
        operation: String,
    },
    /// Two writes of federated credentials under one identity at once.
    #[error(
        "too many concurrent writes of federated identity credentials under identity '{0}'; write one after another"
    )]
    ConcurrentFederatedIdentityCredentialsWrites(String),
    /// The identity has as many federated credentials as it may.
    #[error("identity '{0}' already has 20 federated identity credentials, which is the most")]
    TooManyFederatedIdentityCredentials(String),
    /// Another federated credential of the identity has this issuer and subject.
    #[error(
        "issuer and subject combination already exists for identity, in federated identity credential '{0}'"
    )]
    FederatedIdentityCredentialExists(String),
    /// The region has no federated credentials.
    #[error("federated identity credentials are not supported in location '{0}'")]
    UnsupportedRegion(String),
    /// The principal is not in the directory, or not yet.
    #[error(
        "principal {0} does not exist in the directory; check that it is the object id, not the application id. A new \
         principal may need some minutes; state its principalType to skip this check"
    )]
    PrincipalNotFound(String),
    /// The principal id is no GUID.
    #[error("the principal id '{0}' is not valid; principal ids must be GUIDs")]
    InvalidPrincipalId(String),
    /// The principal is of another type than stated.
    #[error("the principal '{principal}' has type '{actual}', but the request states '{stated}'")]
    UnmatchedPrincipalType {
        /// The principal.
        principal: String,
        /// What the directory says.
        actual: &'static str,
        /// What the request says.
        stated: String,
    },
    /// The role definition doesn't exist.
    #[error("the role definition '{0}' does not exist")]
    RoleDefinitionDoesNotExist(String),
    /// A built-in role can't be changed, and a role in use can't be deleted.
    #[error("the role definition '{id}' can't be changed: {reason}")]
    RoleDefinitionUpdateNotPermitted {
        /// The role.
        id: String,
        /// Why not.
        reason: &'static str,
    },
    /// Another assignment gives this principal this role at this scope.
    #[error("the role assignment already exists; the id of the existing role assignment is {0}")]
    RoleAssignmentExists(String),
    /// An assignment keeps its principal, role and scope.
    #[error(
        "tenant id, application id, principal id, role definition id and scope are not allowed to be updated"
    )]
    RoleAssignmentUpdateNotPermitted,
    /// The subscription has as many assignments as it may.
    #[error("no more role assignments can be created; the limit is {0}")]
    RoleAssignmentLimitExceeded(usize),
    /// The vault's name is taken.
    #[error("the vault name '{0}' is already in use; vault names are globally unique")]
    VaultAlreadyExists(String),
    /// A deleted vault of this name can be recovered.
    #[error("a vault '{0}' exists in deleted state; recover or purge it")]
    VaultSoftDeleted(String),
    /// The deleted vault is protected.
    #[error("the deleted vault '{0}' has purge protection; it goes when its retention is over")]
    PurgeProtected(String),
    /// The query is not understood.
    #[error("the query is not valid: {0}")]
    InvalidQuery(String),
    /// Too many requests.
    #[error("number of requests exceeded the limit; try again in {retry_after} seconds")]
    TooManyRequests {
        /// The code: `TooManyRequests`, `Throttled`, or `SubscriptionRequestsThrottled`.
        code: &'static str,
        /// Seconds until a request has a chance.
        retry_after: String,
    },
    /// The backend that runs clusters failed.
    #[error("the cluster's API server could not be managed: {0}")]
    ClusterBackend(String),
}

impl ArmError {
    /// The `code` of the error body.
    pub fn code(&self) -> &'static str {
        use ArmError::*;
        match self {
            AuthenticationFailed => "AuthenticationFailed",
            InvalidAuthenticationToken(_) | ClaimsChallenge { .. } => "InvalidAuthenticationToken",
            InvalidAuthenticationTokenTenant => "InvalidAuthenticationTokenTenant",
            ExpiredAuthenticationToken => "ExpiredAuthenticationToken",
            AuthorizationFailed { .. } => "AuthorizationFailed",
            LinkedAuthorizationFailed { .. } => "LinkedAuthorizationFailed",
            ScopeLocked { .. } => "ScopeLocked",
            MissingApiVersionParameter => "MissingApiVersionParameter",
            InvalidApiVersionParameter(_) => "InvalidApiVersionParameter",
            NoRegisteredProviderFound(_) => "NoRegisteredProviderFound",
            InvalidResourcePath(_) => "InvalidResourcePath",
            MethodNotAllowed { .. } => "HttpMethodNotSupported",
            SubscriptionNotFound(_) => "SubscriptionNotFound",
            ResourceGroupNotFound(_) => "ResourceGroupNotFound",
            ResourceNotFound(_) => "ResourceNotFound",
            ParentResourceNotFound(_) => "ParentResourceNotFound",
            InvalidRequestContent(_) => "InvalidRequestContent",
            InvalidName { .. } => "InvalidParameter",
            BadRequest(_) | TooManyFederatedIdentityCredentials(_) => "BadRequest",
            PropertyChangeNotAllowed(_) => "PropertyChangeNotAllowed",
            InvalidResourceLocation { .. } => "InvalidResourceLocation",
            OperationNotAllowed { .. } => "OperationNotAllowed",
            ConcurrentFederatedIdentityCredentialsWrites(_) => {
                "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"
            }
            FederatedIdentityCredentialExists(_) => "Conflict",
            UnsupportedRegion(_) => "MethodNotAllowed",
            PrincipalNotFound(_) => "PrincipalNotFound",
            InvalidPrincipalId(_) => "InvalidPrincipalId",
            UnmatchedPrincipalType { .. } => "UnmatchedPrincipalType",
            RoleDefinitionDoesNotExist(_) => "RoleDefinitionDoesNotExist",
            RoleDefinitionUpdateNotPermitted { .. } => "RoleDefinitionUpdateNotPermitted",
            RoleAssignmentExists(_) => "RoleAssignmentExists",
            RoleAssignmentUpdateNotPermitted => "RoleAssignmentUpdateNotPermitted",
            RoleAssignmentLimitExceeded(_) => "RoleAssignmentLimitExceeded",
            VaultAlreadyExists(_) => "VaultAlreadyExists",
            VaultSoftDeleted(_) => "ConflictError",
            PurgeProtected(_) => "PurgeProtected",
            InvalidQuery(_) => "InvalidQuery",
            TooManyRequests { code, .. } => code,
            ClusterBackend(_) => "InternalOperationError",
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        use ArmError::*;
        match self {
            AuthenticationFailed
            | InvalidAuthenticationToken(_)
            | InvalidAuthenticationTokenTenant
            | ClaimsChallenge { .. }
            | ExpiredAuthenticationToken => StatusCode::UNAUTHORIZED,
            AuthorizationFailed { .. } | LinkedAuthorizationFailed { .. } => StatusCode::FORBIDDEN,
            InvalidResourcePath(_)
            | SubscriptionNotFound(_)
            | ResourceGroupNotFound(_)
            | ResourceNotFound(_)
            | ParentResourceNotFound(_) => StatusCode::NOT_FOUND,
            MethodNotAllowed { .. } | UnsupportedRegion(_) => StatusCode::METHOD_NOT_ALLOWED,
            InvalidResourceLocation { .. }
            | ScopeLocked { .. }
            | OperationNotAllowed { .. }
            | ConcurrentFederatedIdentityCredentialsWrites(_)
            | FederatedIdentityCredentialExists(_)
            | RoleAssignmentExists(_)
            | VaultAlreadyExists(_)
            | VaultSoftDeleted(_)
            | PurgeProtected(_) => StatusCode::CONFLICT,
            TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            ClusterBackend(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer; `login` is the authority that a 401 points to.
    pub(crate) fn reply(&self, login: &str) -> Reply {
        let body = ErrorBody::new(self.code(), &self.to_string());
        let reply = Reply::json(self.status(), &body).header("x-ms-failure-cause", "gateway");
        match self {
            ArmError::TooManyRequests { retry_after, .. } => reply.header("retry-after", retry_after),
            ArmError::ClaimsChallenge { since } => reply.header(
                "www-authenticate",
                format!(
                    "Bearer authorization_uri=\"{login}\", error=\"insufficient_claims\", claims=\"{}\"",
                    challenge_claims(*since)
                ),
            ),
            _ if self.status() == StatusCode::UNAUTHORIZED => reply.header(
                "www-authenticate",
                format!("Bearer authorization_uri=\"{login}\", error=\"invalid_token\", error_description=\"{self}\""),
            ),
            _ => reply,
        }
    }
}

/// `{"error": {"code", "message"}}`.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    error: ErrorDetail<'a>,
}

#[derive(Serialize)]
struct ErrorDetail<'a> {
    code: &'a str,
    message: String,
}

impl<'a> ErrorBody<'a> {
    pub(crate) fn new(code: &'a str, message: &str) -> Self {
        ErrorBody { error: ErrorDetail { code, message: sentence(message) } }
    }
}
