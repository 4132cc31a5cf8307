//! `secrets` reads vaults; the Azure client does it, with its shared logins, connections and limits.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use gangplank_azure as sdk;
use gangplank_secrets::ports::{
    AzureVaults, Identity, Refusal, ServiceAccountTokens, VaultAccess, VaultFailure, VaultFailureKind,
    VaultItem, VaultObject,
};
use secrecy::ExposeSecret as _;

use crate::azure::Azure;

/// Requests that a vault sees at once. A vault takes 4,000 in ten seconds.
const AT_ONCE: usize = 32;

/// The vaults of all stores, over the process's connections. A controller comes back by itself, so that no request and no login is
/// held up for long: logins and limits are apart from those of commands, which are patient.
#[derive(Debug, Clone)]
pub struct Vaults {
    tokens: sdk::Tokens,
    vaults: sdk::Vaults,
}

impl Vaults {
    /// Vaults over this client's connections.
    pub fn new(azure: &Azure) -> Self {
        let (transport, retry) = (azure.transport().clone(), sdk::RetryPolicy::brief());
        let tokens = sdk::Tokens::new(transport.clone(), sdk::Clock::system(), retry.clone());
        let vaults =
            sdk::Vaults::new(transport, tokens.clone(), sdk::VaultLimits { concurrent: AT_ONCE, retry });
        Vaults { tokens, vaults }
    }

    fn open(&self, access: &VaultAccess) -> Result<sdk::Vault, VaultFailure> {
        let url =
            sdk::VaultUrl::parse(&access.url).map_err(|error| failure(VaultFailureKind::Address, &error))?;
        let cloud = sdk::Cloud {
            vault_audience: access.audience.clone(),
            ..sdk::Cloud::public().with_authority(&access.authority)
        };
        Ok(self.vaults.open(&cloud, url, credential(&access.identity)?))
    }
}

/// A ServiceAccount's tokens as the Azure client asks for them.
#[derive(Debug)]
struct Tokens(Arc<dyn ServiceAccountTokens>);

impl sdk::AssertionSource for Tokens {
    fn assertion(&self) -> BoxFuture<'_, Result<sdk::Assertion, sdk::AssertionError>> {
        async {
            let token = self.0.token().await.map_err(|what| sdk::AssertionError { what, source: None })?;
            Ok(sdk::Assertion::new(token.expose_secret()))
        }
        .boxed()
    }
}

fn credential(identity: &Identity) -> Result<sdk::Credential, VaultFailure> {
    let name = |error: sdk::NameError| failure(VaultFailureKind::Login(Box::default()), &error);
    let tenant = |text: &str| sdk::TenantId::parse(text).map_err(name);
    let client = |text: &str| sdk::ClientId::parse(text).map_err(name);
    Ok(match identity {
        Identity::ServiceAccount { tenant: tenant_id, client_id, subject, tokens } => {
            sdk::Credential::Federated {
                tenant: tenant(tenant_id)?,
                client_id: client(client_id)?,
                subject: subject.clone(),
                source: Arc::new(Tokens(tokens.clone())),
            }
        }
        Identity::TokenFile { tenant: tenant_id, client_id, path } => sdk::Credential::Federated {
            tenant: tenant(tenant_id)?,
            client_id: client(client_id)?,
            subject: path.clone(),
            source: Arc::new(sdk::TokenFile(path.into())),
        },
        Identity::ClientSecret { tenant: tenant_id, client_id, secret } => sdk::Credential::ClientSecret {
            tenant: tenant(tenant_id)?,
            client_id: client(client_id)?,
            secret: secret.clone(),
        },
        Identity::ClientCertificate { tenant: tenant_id, client_id, pem } => {
            let certificate = sdk::ClientCertificate::from_pem(pem.expose_secret().as_bytes())
                .map_err(|error| failure(VaultFailureKind::Certificate, &error))?;
            sdk::Credential::ClientCertificate {
                tenant: tenant(tenant_id)?,
                client_id: client(client_id)?,
                certificate: Arc::new(certificate),
            }
        }
        Identity::Managed { client_id } => {
            sdk::Credential::ManagedIdentity { client_id: client_id.as_deref().map(client).transpose()? }
        }
    })
}

impl AzureVaults for Vaults {
    fn login<'a>(&'a self, access: &'a VaultAccess, proven: bool) -> BoxFuture<'a, Result<(), VaultFailure>> {
        async move {
            let scope = sdk::Scope::of_audience(&access.audience);
            let (authority, credential) = (&access.authority, credential(&access.identity)?);
            let token = match proven {
                true => self.tokens.prove(authority, &credential, &scope).await,
                false => self.tokens.get(authority, &credential, &scope).await,
            };
            token.map(|_| ()).map_err(|error| login_failure(&error))
        }
        .boxed()
    }

    fn secret<'a>(
        &'a self,
        access: &'a VaultAccess,
        name: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>> {
        async move {
            let secret = self
                .open(access)?
                .secret(name, some(version))
                .await
                .map_err(|error| vault_failure(&error))?;
            Ok(object(secret.value.expose_secret().as_bytes().to_vec(), secret.tags, secret.attributes))
        }
        .boxed()
    }

    fn certificate<'a>(
        &'a self,
        access: &'a VaultAccess,
        name: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>> {
        async move {
            let certificate = self
                .open(access)?
                .certificate(name, some(version))
                .await
                .map_err(|error| vault_failure(&error))?;
            Ok(object(certificate.cer, certificate.tags, certificate.attributes))
        }
        .boxed()
    }

    fn key<'a>(
        &'a self,
        access: &'a VaultAccess,
        name: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>> {
        async move {
            let key =
                self.open(access)?.key(name, some(version)).await.map_err(|error| vault_failure(&error))?;
            Ok(object(key.jwk.to_string().into_bytes(), key.tags, key.attributes))
        }
        .boxed()
    }

    fn list<'a>(&'a self, access: &'a VaultAccess) -> BoxFuture<'a, Result<Vec<VaultItem>, VaultFailure>> {
        async move {
            let items = self.open(access)?.secrets().await.map_err(|error| vault_failure(&error))?;
            let item = |it: sdk::SecretItem| VaultItem {
                name: it.name,
                enabled: it.attributes.enabled,
                tags: it.tags,
            };
            Ok(items.into_iter().map(item).collect())
        }
        .boxed()
    }
}

fn some(version: &str) -> Option<&str> {
    (!version.is_empty()).then_some(version)
}

fn object(
    value: Vec<u8>,
    tags: std::collections::BTreeMap<String, String>,
    attributes: sdk::Attributes,
) -> VaultObject {
    let sdk::Attributes { created, updated, expires, not_before, .. } = attributes;
    VaultObject { value: value.into(), tags, created, updated, expires, not_before }
}

fn failure(kind: VaultFailureKind, error: &dyn std::error::Error) -> VaultFailure {
    VaultFailure { kind, text: error.to_string(), retry_after: None }
}

fn refusal(answer: &sdk::Answer) -> Box<Refusal> {
    let sdk::Answer { status, code, message, body, .. } = answer.clone();
    Box::new(Refusal { status, code, message, body })
}

fn vault_failure(error: &sdk::VaultError) -> VaultFailure {
    if let sdk::VaultError::Login { source, .. } = error {
        return login_failure(source);
    }
    let kind = match error.answer() {
        Some(answer) => VaultFailureKind::Refused(refusal(answer)),
        None => VaultFailureKind::Unreachable,
    };
    VaultFailure { retry_after: error.retry_after(), ..failure(kind, error) }
}

fn login_failure(error: &sdk::EntraError) -> VaultFailure {
    let kind = match (error, error.answer()) {
        (sdk::EntraError::Certificate(_), _) => VaultFailureKind::Certificate,
        (_, Some(answer)) => VaultFailureKind::Login(refusal(answer)),
        _ => VaultFailureKind::Unreachable,
    };
    let text = match error.mend() {
        Some(mend) => format!("{error}; {mend}"),
        None => error.to_string(),
    };
    VaultFailure { kind, text, retry_after: error.retry_after() }
}
