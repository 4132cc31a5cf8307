//! The instance metadata service (IMDS): tokens for a machine's managed identity.
//!
//! It speaks plain HTTP on a link-local address by design, and writes its numbers as JSON strings.

use super::error::EntraError;
use super::token::{AccessToken, Scope};
use crate::backoff;
use crate::clock::Clock;
use crate::encode;
use crate::name::ClientId;
use crate::transport::{Answer, Transport};
use bytes::Bytes;
use http::{Request, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use std::sync::Arc;

const ADDRESS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// Asks for a token of the machine's own identity, or of the user-assigned one with this client id.
pub(crate) async fn login(
    transport: &Transport,
    clock: &Clock,
    client_id: Option<&ClientId>,
    scope: &Scope,
) -> Result<AccessToken, EntraError> {
    let mut query = vec![("api-version", "2018-02-01"), ("resource", scope.audience())];
    if let Some(client_id) = client_id {
        query.push(("client_id", client_id.as_str()));
    }
    let request = Request::builder()
        .uri(format!("{ADDRESS}?{}", encode::form(&query)))
        .header("Metadata", "true")
        .body(Bytes::new())
        .map_err(|_| EntraError::Malformed { what: "its address can't be asked" })?;
    let response = transport.send(request).await.map_err(EntraError::Transport)?;
    let now = clock.now();
    match response.status() {
        StatusCode::OK => {
            let granted: Granted = serde_json::from_slice(response.body()).map_err(|_| {
                EntraError::Malformed { what: "the metadata service's answer is no token response" }
            })?;
            let lifetime = granted
                .expires_in
                .seconds()
                .ok_or(EntraError::Malformed { what: "the metadata service says no number in expires_in" })?;
            Ok(AccessToken::new(granted.access_token, now, lifetime))
        }
        StatusCode::BAD_REQUEST => {
            let refused: Option<Refused> = serde_json::from_slice(response.body()).ok();
            let description =
                refused.map_or_else(|| "invalid request".to_owned(), |refused| refused.error_description);
            Err(EntraError::NoManagedIdentity { client_id: client_id.cloned(), description })
        }
        status => {
            // 404 and 410 are said to pass while the service starts or restarts.
            let passing = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
            let status = if passing { StatusCode::SERVICE_UNAVAILABLE } else { status };
            Err(EntraError::Status {
                status: status.as_u16(),
                retry_after: backoff::retry_after(&response, now),
                answer: Arc::new(Answer::new(&response, "", "")),
            })
        }
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: Number,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(u64),
}

impl Number {
    fn seconds(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
        }
    }
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    error_description: String,
}
