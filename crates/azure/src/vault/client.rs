//! One request to a vault: turn, token, challenge, retries.

use super::Vault;
use super::challenge::Challenge;
use super::error::{VaultError, refused};
use super::url::VaultUrl;
use crate::backoff::{is_passing, retry_after, spread};
use crate::encode;
use crate::entra::AccessToken;
use crate::transport::header;
use bytes::Bytes;
pub(crate) use http::Method;
use http::{Request, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Accepted by every vault, and by every emulator.
const API_VERSION: &str = "7.4";

/// No vault holds so many pages of 25: a link that goes round is cut off here.
const MOST_PAGES: usize = 10_000;

/// A path of encoded segments.
pub(crate) fn path(segments: &[&str]) -> String {
    segments.iter().fold(String::new(), |path, segment| format!("{path}/{}", encode::component(segment)))
}

/// Walks a paged list.
pub(crate) struct Next {
    path: Option<String>,
    pages: usize,
}

impl Next {
    pub(crate) fn first(path: &str) -> Self {
        Self { path: Some(path.to_owned()), pages: 0 }
    }

    pub(crate) fn take(&mut self) -> Option<String> {
        self.pages += 1;
        self.path.take()
    }

    /// Takes the page's link; `Err` where it leads to another host, or where there is no end.
    pub(crate) fn follow(&mut self, vault: &VaultUrl, link: Option<&str>) -> Result<(), ()> {
        self.path = match link.filter(|link| !link.is_empty()) {
            None => None,
            Some(_) if self.pages >= MOST_PAGES => return Err(()),
            Some(link) => Some(vault.local_part(link).ok_or(())?.to_owned()),
        };
        Ok(())
    }
}

impl Vault {
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        object: &str,
        body: Option<SecretString>,
    ) -> Result<T, VaultError> {
        let response = self.request(method, path, object, body).await?;
        serde_json::from_slice(response.body()).map_err(|_| self.malformed(object))
    }

    pub(crate) fn malformed(&self, object: &str) -> VaultError {
        VaultError::Malformed { vault: self.url.host().to_owned(), object: object.to_owned() }
    }

    /// Sends a request until it is answered with success, a refusal, or the retries are used up.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        object: &str,
        body: Option<SecretString>,
    ) -> Result<Response<Bytes>, VaultError> {
        let mut retry = 0;
        let mut challenged = false;
        loop {
            let scope =
                self.gate.challenge().map_or_else(|| self.cloud.vault_scope(), |challenge| challenge.scope);
            let token = self.tokens.get(&self.cloud.authority, &self.credential, &scope).await;
            let token = token.map_err(|source| VaultError::Login {
                vault: self.url.host().to_owned(),
                source: Box::new(source),
            })?;
            let answer = self.attempt(&method, path, &token, body.as_ref()).await;
            let (error, wished) = match answer {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED && !challenged => {
                    challenged = true;
                    self.tokens.forget(&token);
                    let challenge = header(&response, header::WWW_AUTHENTICATE.as_str());
                    if let Some(challenge) =
                        challenge.and_then(|text| Challenge::read(text, &self.url, &self.cloud))
                    {
                        self.gate.learn(challenge);
                    }
                    continue;
                }
                Ok(response) => {
                    let wished = retry_after(&response, self.tokens.clock().now());
                    if let Some(wished) = wished.filter(|_| is_passing(response.status())) {
                        self.gate.close_for(wished);
                    }
                    (refused(self.url.host(), object, &response, wished), wished)
                }
                Err(Attempt::Closed(wished)) => {
                    return Err(VaultError::Throttled {
                        vault: self.url.host().to_owned(),
                        retry_after: Some(wished),
                        answer: None,
                    });
                }
                Err(Attempt::Failed(error)) => (error, None),
            };
            let passing = error.is_passing();
            match self.limits.retry.pause(retry, wished, spread()).filter(|_| passing) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
            retry += 1;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        path: &str,
        token: &AccessToken,
        body: Option<&SecretString>,
    ) -> Result<Response<Bytes>, Attempt> {
        let query = if path.contains("api-version=") { String::new() } else { query(path) };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}{query}", self.url.origin()))
            .header(
                header::AUTHORIZATION,
                bearer(token).ok_or_else(|| Attempt::Failed(self.malformed("token")))?,
            )
            .header(header::ACCEPT, "application/json")
            .header("x-ms-client-request-id", uuid::Uuid::new_v4().to_string());
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Bytes::copy_from_slice(body.expose_secret().as_bytes())),
            None => request.body(Bytes::new()),
        };
        let request = request.map_err(|_| Attempt::Failed(self.malformed(path)))?;
        let _turn = self.gate.enter(self.limits.retry.longest_pause).await.map_err(Attempt::Closed)?;
        self.transport.send(request).await.map_err(|source| {
            let vault = self.url.host().to_owned();
            Attempt::Failed(if source.is_unknown_host() {
                VaultError::NoSuchVault { vault, source }
            } else {
                VaultError::Transport { vault, source }
            })
        })
    }
}

enum Attempt {
    /// The vault wished a longer pause than a caller may be held.
    Closed(Duration),
    Failed(VaultError),
}

fn query(path: &str) -> String {
    format!("{}api-version={API_VERSION}", if path.contains('?') { '&' } else { '?' })
}

/// An `Authorization` value that HTTP libraries do not print.
pub(crate) fn bearer(token: &AccessToken) -> Option<http::HeaderValue> {
    let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}
