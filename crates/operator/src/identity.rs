//! Tokens of the hub's ServiceAccounts, to be exchanged at Entra: what a pod's projected volume would hold, by TokenRequest.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use gangplank_azure::{Assertion, AssertionError, AssertionSource};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Client;
use kube::api::{Api, PostParams};

/// A ServiceAccount whose tokens Entra exchanges.
#[derive(Clone)]
pub struct ServiceAccountToken {
    client: Client,
    namespace: String,
    name: String,
    audience: String,
}

impl fmt::Debug for ServiceAccountToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAccountToken({}/{})", self.namespace, self.name)
    }
}

impl ServiceAccountToken {
    /// The tokens of `namespace/name` for one audience.
    pub fn new(client: Client, namespace: &str, name: &str, audience: &str) -> Self {
        ServiceAccountToken {
            client,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            audience: audience.to_owned(),
        }
    }
}

impl AssertionSource for ServiceAccountToken {
    fn assertion(&self) -> BoxFuture<'_, Result<Assertion, AssertionError>> {
        async {
            let failed = |source: Option<kube::Error>| AssertionError {
                what: format!("cannot get a token of the ServiceAccount {}/{}", self.namespace, self.name),
                source: source.map(|source| Arc::new(source) as Arc<dyn std::error::Error + Send + Sync>),
            };
            let spec =
                TokenRequestSpec { audiences: vec![self.audience.clone()], ..TokenRequestSpec::default() };
            let request = TokenRequest { spec, ..TokenRequest::default() };
            let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.namespace);
            let answer = api
                .create_token_request(&self.name, &PostParams::default(), &request)
                .await
                .map_err(|error| failed(Some(error)))?;
            let status = answer.status.ok_or_else(|| failed(None))?;
            Ok(Assertion::new(&status.token))
        }
        .boxed()
    }
}
