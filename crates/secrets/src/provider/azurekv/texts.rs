//! Failures in the words of ESO's two Azure SDKs: people and alerts look for them.

use crate::controller::reads::ObjectKind;
use crate::ports::{Identity, Refusal, VaultAccess, VaultFailure, VaultFailureKind};
use crate::provider::{ProviderError, json};
use serde_json::Value;

/// What was tried.
pub(super) struct Operation {
    /// The SDK's name of the call.
    pub(super) call: &'static str,
    /// The path below the vault.
    pub(super) path: String,
}

impl From<&str> for Operation {
    fn from(_: &str) -> Self {
        Self { call: "", path: String::new() }
    }
}

/// The operation that reads an object.
pub(super) fn operation(kind: ObjectKind, name: &str) -> Operation {
    let (call, folder) = match kind {
        ObjectKind::Secret => ("GetSecret", "secrets"),
        ObjectKind::Certificate => ("GetCertificate", "certificates"),
        ObjectKind::Key => ("GetKey", "keys"),
    };
    Operation { call, path: format!("/{folder}/{name}/") }
}

/// A failure as a provider's error. Only a 404 is "missing".
pub(super) fn failed(
    failure: &VaultFailure,
    operation: impl Into<Operation>,
    access: &VaultAccess,
    sdk: bool,
) -> ProviderError {
    let operation = operation.into();
    let text = match &failure.kind {
        VaultFailureKind::Refused(refusal) if refusal.status == 404 => return ProviderError::Missing,
        VaultFailureKind::Refused(refusal) if sdk => newer(refusal, &operation, access),
        VaultFailureKind::Refused(refusal) => older(refusal, &operation),
        VaultFailureKind::Login(refusal) if !refusal.body.is_empty() => login(refusal, access),
        VaultFailureKind::Address => format!(
            "keyvault.BaseClient#{}: Failure preparing request: StatusCode=0 -- Original Error: autorest: No scheme \
             detected in URL {}",
            operation.call, access.url
        ),
        VaultFailureKind::Certificate => {
            format!("failed to get oauth token from certificate auth: {}", failure.text)
        }
        VaultFailureKind::Login(_) | VaultFailureKind::Unreachable => failure.text.clone(),
    };
    ProviderError::Failed { text, retry_after: failure.retry_after }
}

fn login(refusal: &Refusal, access: &VaultAccess) -> String {
    let tenant = match &access.identity {
        Identity::ServiceAccount { tenant, .. }
        | Identity::TokenFile { tenant, .. }
        | Identity::ClientSecret { tenant, .. }
        | Identity::ClientCertificate { tenant, .. } => tenant.as_str(),
        Identity::Managed { .. } => "",
    };
    format!(
        "http call({}/{tenant}/oauth2/v2.0/token)(POST) error: reply status code was {}:\n{}",
        access.authority, refusal.status, refusal.body
    )
}

/// go-autorest's words.
fn older(refusal: &Refusal, operation: &Operation) -> String {
    let head = format!(
        "keyvault.BaseClient#{}: Failure responding to request: StatusCode={} -- Original Error: autorest/azure: ",
        operation.call, refusal.status
    );
    let inner = serde_json::from_str::<Value>(&refusal.body);
    match inner {
        Ok(body) => {
            let inner = body.pointer("/error/innererror").map(|inner| format!(" InnerError={inner}"));
            format!(
                "{head}Service returned an error. Status={} Code=\"{}\" Message=\"{}\"{}",
                refusal.status,
                refusal.code,
                refusal.message,
                inner.unwrap_or_default()
            )
        }
        Err(_) => {
            let first = refusal.body.chars().next().unwrap_or_default();
            format!(
                "{head}error response cannot be parsed: {{\"{}\" '\\x00' '\\x00'}} error: invalid character '{first}' \
                 looking for beginning of value",
                refusal.body
            )
        }
    }
}

/// azcore's words.
fn newer(refusal: &Refusal, operation: &Operation, access: &VaultAccess) -> String {
    let line = "-".repeat(80);
    let status = http_reason(refusal.status);
    let body = json::indented(&refusal.body);
    let code = if refusal.code.is_empty() {
        "ERROR CODE UNAVAILABLE".to_owned()
    } else {
        format!("ERROR CODE: {}", refusal.code)
    };
    format!(
        "GET {}{}\n{line}\nRESPONSE {}: {} {status}\n{code}\n{line}\n{body}\n{line}\n",
        access.url.trim_end_matches('/'),
        operation.path,
        refusal.status,
        refusal.status,
    )
}

/// The reason phrase that Go's HTTP client shows.
fn http_reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
