//! Tokens for clusters: a service account's assertion exchanged for an Entra token, once for all clusters.
//!
//! ```text
//!   (login, service account) ──▶ TokenRequest on the hub ──▶ TokenExchange (port) ──▶ kept until it runs out
//! ```
//!
//! All AKS clusters share one audience, so one token a pair of identity and service account serves the whole fleet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::failure::{Failure, Hop};
use crate::identity::{ASSERTION_AUDIENCE, AzureLogin};

/// A token is renewed this long before it runs out.
const EARLY: SignedDuration = SignedDuration::from_secs(300);
/// A token younger than this is not thrown away because a cluster refused it: the cluster is at fault, and a thousand of
/// those must not ask Entra a thousand times.
const YOUNG: Duration = Duration::from_secs(60);
/// For this long a failed exchange answers for all who ask: a thousand clusters must not ask Entra a thousand times.
const FAILED_FOR: Duration = Duration::from_secs(5);

/// An access token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// The token.
    pub token: SecretString,
    /// When it runs out.
    pub expires: Timestamp,
}

/// Why Entra gave no token.
#[derive(Clone, Debug)]
pub enum ExchangeError {
    /// Entra answered, and refused.
    Refused {
        /// The AADSTS number; none where the answer had none.
        code: Option<u32>,
        /// What it said, without tokens.
        message: String,
    },
    /// Entra could not be asked.
    Unreachable {
        /// What failed.
        message: String,
    },
}

/// The port to Entra: exchanges a federated assertion for an access token.
pub trait TokenExchange: Send + Sync {
    /// Exchanges `assertion` for a token of `login`'s scope.
    fn exchange(
        &self,
        login: &AzureLogin,
        assertion: SecretString,
    ) -> BoxFuture<'_, Result<AccessToken, ExchangeError>>;
}

/// The tokens of the process; clones share them.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Client,
    namespace: String,
    exchange: Arc<dyn TokenExchange>,
    slots: SyncMutex<HashMap<Key, Arc<Mutex<Slot>>>>,
}

type Key = (AzureLogin, String);

#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    Token(AccessToken, Instant),
    Failed(Failure, Instant),
}

impl Tokens {
    /// Creates an empty store that asks `hub` for assertions of service accounts in `namespace`.
    pub fn new(hub: Client, namespace: &str, exchange: Arc<dyn TokenExchange>) -> Tokens {
        let inner = Inner { hub, namespace: namespace.to_owned(), exchange, slots: SyncMutex::default() };
        Tokens { inner: Arc::new(inner) }
    }

    /// Returns a token of `login` by the assertion of `service_account`; all who ask at once wait for one exchange.
    pub async fn get(&self, login: &AzureLogin, service_account: &str) -> Result<AccessToken, Failure> {
        let slot = self.slot(login, service_account);
        let mut slot = slot.lock().await;
        match &*slot {
            Slot::Token(token, _) if Timestamp::now() + EARLY < token.expires => return Ok(token.clone()),
            Slot::Failed(failure, at) if at.elapsed() < FAILED_FOR => return Err(failure.clone()),
            _ => {}
        }
        let result = self.fetch(login, service_account).await;
        *slot = match &result {
            Ok(token) => Slot::Token(token.clone(), Instant::now()),
            Err(failure) => Slot::Failed(failure.clone(), Instant::now()),
        };
        result
    }

    /// Forgets the token that a cluster refused, so that the next is a fresh one; a fresh one stays.
    pub async fn forget(&self, login: &AzureLogin, service_account: &str) {
        let slot = self.slot(login, service_account);
        let mut slot = slot.lock().await;
        if matches!(&*slot, Slot::Token(_, since) if since.elapsed() >= YOUNG) {
            *slot = Slot::Empty;
        }
    }

    fn slot(&self, login: &AzureLogin, service_account: &str) -> Arc<Mutex<Slot>> {
        let mut slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry((login.clone(), service_account.to_owned())).or_default().clone()
    }

    async fn fetch(&self, login: &AzureLogin, service_account: &str) -> Result<AccessToken, Failure> {
        let Inner { hub, namespace, exchange, .. } = &*self.inner;
        let assertion = assertion(hub, namespace, service_account)
            .await
            .map_err(|failure| failure.of(service_account))?;
        exchange.exchange(login, assertion).await.map_err(|error| {
            let subject = format!("system:serviceaccount:{namespace}:{service_account}");
            explain(&error, login, &subject).of(service_account)
        })
    }
}

async fn assertion(hub: &Client, namespace: &str, service_account: &str) -> Result<SecretString, Failure> {
    let accounts: Api<ServiceAccount> = Api::namespaced(hub.clone(), namespace);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            audiences: vec![ASSERTION_AUDIENCE.to_owned()],
            expiration_seconds: Some(3600),
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    };
    match accounts.create_token_request(service_account, &PostParams::default(), &request).await {
        Ok(response) => match response.status {
            Some(status) => Ok(status.token.into()),
            None => Err(Failure::new(
                Hop::Login,
                "assertion-refused",
                "the hub answered the token request without a token",
                "check the hub's API server",
            )),
        },
        Err(kube::Error::Api(status)) if status.code == 404 => Err(Failure::new(
            Hop::Login,
            "service-account-missing",
            format!("the hub has no service account {namespace}/{service_account}"),
            "create it, or name the one that Argo CD runs with",
        )),
        Err(kube::Error::Api(status)) if status.code == 403 => Err(Failure::new(
            Hop::Login,
            "assertion-refused",
            format!("the hub does not let gangplank request tokens for {namespace}/{service_account}"),
            "grant create on serviceaccounts/token",
        )),
        Err(error) => Err(Failure::new(
            Hop::Login,
            "assertion-refused",
            format!("the hub gave no token for {namespace}/{service_account}: {error}"),
            "check the hub's API server",
        )),
    }
}

/// Says what an answer of Entra means for this login.
fn explain(error: &ExchangeError, login: &AzureLogin, subject: &str) -> Failure {
    let (code, message) = match error {
        ExchangeError::Unreachable { message } => {
            return Failure::new(
                Hop::Login,
                "entra-unreachable",
                format!("{} could not be asked: {message}", login.authority_host),
                "check the network and the proxy between the hub and Entra",
            );
        }
        ExchangeError::Refused { code, message } => (code.unwrap_or_default(), message),
    };
    let client = &login.client_id;
    let (name, mend) = match code {
        70021 | 700213 => (
            "no-federated-credential",
            format!(
                "add a federated credential for {subject} to the identity {client} (a new one takes up to a minute to work)"
            ),
        ),
        7002137 | 7002138 => (
            "federated-credential-nearly",
            format!(
                "correct the federated credential of {client}: upper and lower case must be exactly {subject}"
            ),
        ),
        700211 => (
            "federated-issuer",
            format!(
                "correct the issuer in the federated credential of {client}: it must be the hub's, with its trailing slash"
            ),
        ),
        700212 => (
            "federated-audience",
            format!("set the audience of the federated credential to {ASSERTION_AUDIENCE}"),
        ),
        700016 => (
            "client-id-unknown",
            format!("{client} is no client id of tenant {}: is it the object id?", login.tenant_id),
        ),
        90002 | 900023 => ("tenant-unknown", format!("correct the tenant id {}", login.tenant_id)),
        50166 | 501661 | 90061 => {
            ("issuer-unreadable", "Entra could not read the hub's issuer; it is tried again".to_owned())
        }
        700024 | 50013 => {
            ("assertion-invalid", "check the hub's clock and its issuer's keys; it is tried again".to_owned())
        }
        _ => ("entra-refused", "see the message of Entra".to_owned()),
    };
    Failure::new(Hop::Login, name, format!("Entra gave no token: {message}"), mend)
}

/// Returns the ExecCredential that `argocd-k8s-auth azure` prints for `token`.
pub fn exec_credential(token: &AccessToken) -> serde_json::Value {
    use secrecy::ExposeSecret;
    json!({
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "spec": {"interactive": false},
        "status": {
            "expirationTimestamp": token.expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "token": token.token.expose_secret(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_mend() {
        let login = AzureLogin {
            authority_host: "https://login/".into(),
            tenant_id: "tenant".into(),
            client_id: "client".into(),
            scope: "scope".into(),
        };
        for (code, expect) in [
            (Some(70021), "no-federated-credential"),
            (Some(700213), "no-federated-credential"),
            (Some(7002138), "federated-credential-nearly"),
            (Some(700211), "federated-issuer"),
            (Some(700016), "client-id-unknown"),
            (None, "entra-refused"),
        ] {
            let error = ExchangeError::Refused { code, message: "AADSTS".into() };
            assert_eq!(explain(&error, &login, "system:serviceaccount:argocd:a").code, expect, "{code:?}");
        }
    }

    #[test]
    fn the_exec_credential_is_what_client_go_reads() {
        let token = AccessToken { token: "t".into(), expires: Timestamp::UNIX_EPOCH };
        assert_eq!(
            exec_credential(&token),
            json!({
                "kind": "ExecCredential",
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "spec": {"interactive": false},
                "status": {"expirationTimestamp": "1970-01-01T00:00:00Z", "token": "t"},
            })
        );
    }
}
