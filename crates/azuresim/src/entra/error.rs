//! Entra's errors: `AADSTS` codes with the OAuth error and the status that go with each.
//!
//! Source: Microsoft Learn, "Microsoft Entra authentication and authorization error codes". `invalid_client` is 401,
//! every other one 400 (RFC 6749, section 5.2).

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    cloud::Azure,
    wire::{Call, Reply, sentence},
};

/// Why no token is issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntraError {
    #[error("tenant '{0}' not found; check that the tenant id or domain is right and that this is its cloud")]
    TenantUnknown(String),
    #[error("the tenant identifier '{0}' is neither a GUID nor a domain name")]
    TenantMalformed(String),
    #[error("application with identifier '{client}' was not found in the directory '{tenant}'")]
    ClientUnknown { client: String, tenant: String },
    #[error("the request body must contain the following parameter: '{0}'")]
    FieldMissing(&'static str),
    #[error("the grant type '{0}' is not supported")]
    GrantUnsupported(String),
    #[error("the request body must contain 'client_assertion' or 'client_secret'")]
    CredentialMissing,
    #[error("invalid client secret provided for app '{0}'; it must be the secret's value, not its id")]
    SecretInvalid(String),
    #[error("the client secrets for app '{0}' have expired")]
    SecretExpired(String),
    #[error("client assertion failed its format or signature check: {0}")]
    AssertionInvalid(String),
    #[error("client assertion signed with a certificate failed validation: {0}")]
    CertificateAssertion(String),
    #[error(
        "no matching federated identity record found for presented assertion; issuer '{issuer}', subject '{subject}', \
         audience '{audience}'"
    )]
    NoCredential { issuer: String, subject: String, audience: String },
    #[error("no matching federated identity record found for presented assertion issuer '{0}'")]
    Issuer(String),
    #[error(
        "no matching federated identity record found for presented assertion issuer '{0}'; one differs in letter case \
         only, and the comparison is case-sensitive"
    )]
    IssuerCase(String),
    #[error("no matching federated identity record found for presented assertion subject '{0}'")]
    Subject(String),
    #[error(
        "no matching federated identity record found for presented assertion subject '{0}'; one differs in letter case \
         only, and the comparison is case-sensitive"
    )]
    SubjectCase(String),
    #[error("no matching federated identity record found for presented assertion audience '{0}'")]
    Audience(String),
    #[error("the keys of issuer '{issuer}' could not be fetched: {reason}")]
    IssuerUnreachable { issuer: String, reason: String },
    #[error(
        "client assertion is not within its valid time range; current time {now}, valid from {not_before} until {expires}"
    )]
    AssertionTime { now: Timestamp, not_before: String, expires: String },
    #[error("the scope '{0}' is not valid: it must be a resource with '/.default'")]
    ScopeNotDefault(String),
    #[error("the scope '{0}' is not valid: a token is for one resource")]
    ScopeManyResources(String),
    #[error("the resource principal named '{0}' was not found in the tenant")]
    ResourceUnknown(String),
    #[error("the authority host '{0}' is not one of this cloud's instances")]
    InstanceUnknown(String),
    #[error("the token could not be signed")]
    Signing,
}

impl EntraError {
    pub(super) fn code(&self) -> u32 {
        match self {
            EntraError::TenantUnknown(_) => 90002,
            EntraError::TenantMalformed(_) => 900_023,
            EntraError::ClientUnknown { .. } => 700_016,
            EntraError::FieldMissing(_) => 900_144,
            EntraError::GrantUnsupported(_) => 70003,
            EntraError::CredentialMissing => 7_000_218,
            EntraError::SecretInvalid(_) => 7_000_215,
            EntraError::SecretExpired(_) => 7_000_222,
            EntraError::AssertionInvalid(_) => 50013,
            EntraError::CertificateAssertion(_) => 700_027,
            EntraError::NoCredential { .. } => 70021,
            EntraError::Issuer(_) => 700_211,
            EntraError::IssuerCase(_) => 7_002_137,
            EntraError::Subject(_) => 700_213,
            EntraError::SubjectCase(_) => 7_002_138,
            EntraError::Audience(_) => 700_212,
            EntraError::IssuerUnreachable { .. } => 501_661,
            EntraError::AssertionTime { .. } => 700_024,
            EntraError::ScopeNotDefault(_) => 1_002_012,
            EntraError::ScopeManyResources(_) => 70011,
            EntraError::ResourceUnknown(_) => 500_011,
            EntraError::InstanceUnknown(_) => 50049,
            EntraError::Signing => 90033,
        }
    }

    fn oauth_error(&self) -> &'static str {
        match self {
            EntraError::TenantUnknown(_)
            | EntraError::TenantMalformed(_)
            | EntraError::FieldMissing(_)
            | EntraError::NoCredential { .. }
            | EntraError::IssuerUnreachable { .. } => "invalid_request",
            EntraError::ClientUnknown { .. } => "unauthorized_client",
            EntraError::GrantUnsupported(_) => "unsupported_grant_type",
            EntraError::AssertionInvalid(_) => "invalid_grant",
            EntraError::ScopeNotDefault(_) | EntraError::ScopeManyResources(_) => "invalid_scope",
            EntraError::ResourceUnknown(_) => "invalid_resource",
            EntraError::InstanceUnknown(_) => "invalid_instance",
            EntraError::Signing => "temporarily_unavailable",
            EntraError::CredentialMissing
            | EntraError::SecretInvalid(_)
            | EntraError::SecretExpired(_)
            | EntraError::CertificateAssertion(_)
            | EntraError::Issuer(_)
            | EntraError::IssuerCase(_)
            | EntraError::Subject(_)
            | EntraError::SubjectCase(_)
            | EntraError::Audience(_)
            | EntraError::AssertionTime { .. } => "invalid_client",
        }
    }

    fn status(&self) -> StatusCode {
        match self.oauth_error() {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer, with the ids by which support would find the request.
    pub(crate) fn reply(&self, azure: &Azure, call: &Call) -> Reply {
        #[derive(Serialize)]
        struct Body {
            error: &'static str,
            error_description: String,
            error_codes: [u32; 1],
            timestamp: String,
            trace_id: String,
            correlation_id: String,
            error_uri: String,
        }
        let code = self.code();
        let timestamp = azure.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let trace_id = azure.ids.next("trace", "").to_string();
        let correlation_id = call
            .header("client-request-id")
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or_else(|| azure.ids.next("correlation", ""))
            .to_string();
        let message = sentence(&self.to_string());
        let body = Body {
            error: self.oauth_error(),
            error_description: format!(
                "AADSTS{code}: {message} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
            ),
            error_codes: [code],
            timestamp,
            trace_id,
            correlation_id,
            error_uri: format!("{}/error?code={code}", azure.environment.url(&azure.environment.login)),
        };
        Reply::json(self.status(), &body)
    }
}
