//! Entra: logins for tokens.
//!
//! [`Entra`] makes one login; [`Tokens`] shares logins among all who need the same token.

mod cache;
mod error;
mod managed_identity;
mod refusal;
mod token;

pub use cache::Tokens;
pub use error::EntraError;
pub use refusal::Disposition;
pub use token::{AccessToken, Scope};

use crate::backoff;
use crate::clock::Clock;
use crate::credential::{Assertion, ClientCertificate};
use crate::encode;
use crate::name::{ClientId, TenantId};
use crate::transport::{Answer, Transport};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use refusal::Refusal;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::sync::Arc;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One cloud's token service.
#[derive(Debug, Clone)]
pub(crate) struct Entra {
    pub(crate) transport: Transport,
    pub(crate) authority: String,
    pub(crate) clock: Clock,
}

impl Entra {
    /// The federated login: a token that another issuer signed (a ServiceAccount's) for one of Entra's.
    pub(crate) async fn exchange(
        &self,
        tenant: &TenantId,
        client_id: &ClientId,
        assertion: &Assertion,
        scope: &Scope,
    ) -> Result<AccessToken, EntraError> {
        let form = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.expose())];
        self.login(tenant, client_id, scope, &form).await
    }

    /// The login of an application by its secret.
    pub(crate) async fn client_secret(
        &self,
        tenant: &TenantId,
        client_id: &ClientId,
        secret: &SecretString,
        scope: &Scope,
    ) -> Result<AccessToken, EntraError> {
        self.login(tenant, client_id, scope, &[("client_secret", secret.expose_secret())]).await
    }

    /// The login of an application by its certificate: an assertion that it signs itself.
    pub(crate) async fn client_certificate(
        &self,
        tenant: &TenantId,
        client_id: &ClientId,
        certificate: &ClientCertificate,
        scope: &Scope,
    ) -> Result<AccessToken, EntraError> {
        let audience = self.token_url(tenant);
        let assertion = certificate.assertion(client_id, &audience, self.clock.now());
        let assertion = assertion.map_err(EntraError::Certificate)?;
        let form = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.expose())];
        self.login(tenant, client_id, scope, &form).await
    }

    fn token_url(&self, tenant: &TenantId) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.authority)
    }

    async fn login(
        &self,
        tenant: &TenantId,
        client_id: &ClientId,
        scope: &Scope,
        proof: &[(&str, &str)],
    ) -> Result<AccessToken, EntraError> {
        let mut form = vec![
            ("client_id", client_id.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", scope.as_str()),
        ];
        form.extend_from_slice(proof);
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.token_url(tenant))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .header("client-request-id", uuid::Uuid::new_v4().to_string())
            .body(Bytes::from(encode::form(&form)))
            .map_err(|_| EntraError::Malformed { what: "its address can't be asked" })?;
        let response = self.transport.send(request).await.map_err(EntraError::Transport)?;
        self.read(tenant, client_id, &response)
    }

    fn read(
        &self,
        tenant: &TenantId,
        client_id: &ClientId,
        response: &Response<Bytes>,
    ) -> Result<AccessToken, EntraError> {
        let now = self.clock.now();
        if response.status() == StatusCode::OK {
            let answer: Granted = serde_json::from_slice(response.body())
                .map_err(|_| EntraError::Malformed { what: "its answer is no token response" })?;
            return Ok(AccessToken::new(answer.access_token, now, answer.expires_in));
        }
        let retry_after = backoff::retry_after(response, now);
        let refusal = Refusal::read(response.body());
        let (code, message) = refusal
            .as_ref()
            .map_or(("", ""), |refusal| (refusal.error.as_str(), refusal.description.as_str()));
        let answer = Arc::new(Answer::new(response, code, message));
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            return Err(EntraError::Throttled { retry_after, answer });
        }
        match refusal {
            Some(refusal) => Err(EntraError::Refused {
                tenant: tenant.clone(),
                client_id: client_id.clone(),
                code: refusal.code,
                error: refusal.error,
                description: refusal.description,
                answer,
            }),
            None => Err(EntraError::Status { status: response.status().as_u16(), retry_after, answer }),
        }
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u64,
}
