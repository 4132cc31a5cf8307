//! The login of the person at the terminal, through `az account get-access-token`.

use crate::clock::Clock;
use crate::entra::{AccessToken, EntraError, Scope};
use crate::name::TenantId;
use futures::future::BoxFuture;
use secrecy::SecretString;
use serde::Deserialize;
use std::fmt;

/// Why `az` gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct ProcessError(
    /// What it wrote, or why it did not start.
    pub String,
);

/// Runs `az`. The command line gives the real one; this crate starts no process.
pub trait AzureCli: Send + Sync + fmt::Debug {
    /// Runs `az` with these arguments and gives what it printed.
    fn run<'a>(&'a self, arguments: &'a [String]) -> BoxFuture<'a, Result<SecretString, ProcessError>>;
}

/// Without an expiry in its answer `az` gives no promise; five minutes is what it guarantees.
const GUARANTEED_SECONDS: u64 = 300;

pub(crate) async fn login(
    process: &dyn AzureCli,
    clock: &Clock,
    tenant: Option<&TenantId>,
    scope: &Scope,
) -> Result<AccessToken, EntraError> {
    let mut arguments: Vec<String> =
        ["account", "get-access-token", "--output", "json", "--scope", scope.as_str()]
            .map(str::to_owned)
            .into();
    if let Some(tenant) = tenant {
        arguments.extend(["--tenant".to_owned(), tenant.to_string()]);
    }
    let printed = process.run(&arguments).await.map_err(EntraError::AzureCli)?;
    let granted: Granted = serde_json::from_str(secrecy::ExposeSecret::expose_secret(&printed))
        .map_err(|_| EntraError::Malformed { what: "az printed no token" })?;
    let now = clock.now();
    let left = granted.expires_on.and_then(|at| u64::try_from(at - now.as_second()).ok());
    Ok(AccessToken::new(granted.access_token, now, left.unwrap_or(GUARANTEED_SECONDS)))
}

#[derive(Deserialize)]
struct Granted {
    #[serde(rename = "accessToken")]
    access_token: SecretString,
    expires_on: Option<i64>,
}
