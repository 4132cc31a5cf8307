//! `clusters` asks for tokens of AKS; Entra gives them.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use gangplank_azure as sdk;
use gangplank_clusters::{AccessToken, AzureLogin, ExchangeError, TokenExchange};
use secrecy::{ExposeSecret as _, SecretString};

/// Exchanges assertions at Entra.
#[derive(Debug, Clone)]
pub struct EntraExchange {
    transport: sdk::Transport,
}

impl EntraExchange {
    /// Exchanges over this transport.
    pub fn new(transport: sdk::Transport) -> Self {
        EntraExchange { transport }
    }
}

/// An assertion that is at hand already.
#[derive(Debug)]
struct AtHand(sdk::Assertion);

impl sdk::AssertionSource for AtHand {
    fn assertion(&self) -> BoxFuture<'_, Result<sdk::Assertion, sdk::AssertionError>> {
        std::future::ready(Ok(self.0.clone())).boxed()
    }
}

impl TokenExchange for EntraExchange {
    fn exchange(
        &self,
        login: &AzureLogin,
        assertion: SecretString,
    ) -> BoxFuture<'_, Result<AccessToken, ExchangeError>> {
        let login = login.clone();
        async move {
            let malformed =
                |error: sdk::NameError| ExchangeError::Refused { code: None, message: error.to_string() };
            let credential = sdk::Credential::Federated {
                tenant: sdk::TenantId::parse(&login.tenant_id).map_err(malformed)?,
                client_id: sdk::ClientId::parse(&login.client_id).map_err(malformed)?,
                subject: String::new(),
                source: Arc::new(AtHand(sdk::Assertion::new(assertion.expose_secret()))),
            };
            let audience = login.scope.strip_suffix("/.default").unwrap_or(&login.scope);
            // The controller keeps the token itself, by subject; a cache of its own for each exchange shares nothing.
            let tokens =
                sdk::Tokens::new(self.transport.clone(), sdk::Clock::system(), sdk::RetryPolicy::brief());
            let token = tokens
                .get(&login.authority_host, &credential, &sdk::Scope::of_audience(audience))
                .await
                .map_err(|error| match error.disposition() {
                    sdk::Disposition::Always if error.code().is_none() => {
                        ExchangeError::Unreachable { message: error.to_string() }
                    }
                    _ => ExchangeError::Refused { code: error.code(), message: error.to_string() },
                })?;
            Ok(AccessToken { token: SecretString::from(token.expose()), expires: token.expires_at() })
        }
        .boxed()
    }
}
