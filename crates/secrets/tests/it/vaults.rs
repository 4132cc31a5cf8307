//! The Key Vault port over gangplank's own Azure client.

use futures::FutureExt;
use futures::future::BoxFuture;
use gangplank_azure::{
    Answer, Assertion, AssertionError, AssertionSource, ClientCertificate, ClientId, Cloud, Credential,
    EntraError, TenantId, TokenFile, Tokens, Vault, VaultError, VaultUrl, Vaults,
};
use gangplank_secrets::ports::{
    AzureVaults, Identity, Refusal, ServiceAccountTokens, VaultAccess, VaultFailure, VaultFailureKind,
    VaultItem, VaultObject,
};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::sync::Arc;

pub(crate) struct Azure {
    pub(crate) tokens: Tokens,
    pub(crate) vaults: Vaults,
}

#[derive(Debug)]
struct Account(Arc<dyn ServiceAccountTokens>);

impl AssertionSource for Account {
    fn assertion(&self) -> BoxFuture<'_, Result<Assertion, AssertionError>> {
        async {
            let token = self.0.token().await.map_err(|what| AssertionError { what, source: None })?;
            Ok(Assertion::new(token.expose_secret()))
        }
        .boxed()
    }
}

/// The vault of the recordings made everything at one time, and changed it 100 seconds later.
fn recorded(at: Option<Timestamp>, later: i64) -> Option<Timestamp> {
    at.and_then(|_| Timestamp::from_second(1_700_000_000 + later).ok())
}

fn failure(kind: VaultFailureKind, text: String) -> VaultFailure {
    VaultFailure { kind, text, retry_after: None }
}

fn credential(identity: &Identity) -> Result<Credential, VaultFailure> {
    let wrong = |error: &dyn std::fmt::Display| failure(VaultFailureKind::Unreachable, error.to_string());
    let tenant = |text: &str| TenantId::parse(text).map_err(|error| wrong(&error));
    let client = |text: &str| ClientId::parse(text).map_err(|error| wrong(&error));
    Ok(match identity {
        Identity::ServiceAccount { tenant: t, client_id, subject, tokens } => Credential::Federated {
            tenant: tenant(t)?,
            client_id: client(client_id)?,
            subject: subject.clone(),
            source: Arc::new(Account(Arc::clone(tokens))),
        },
        Identity::TokenFile { tenant: t, client_id, path } => Credential::Federated {
            tenant: tenant(t)?,
            client_id: client(client_id)?,
            subject: path.clone(),
            source: Arc::new(TokenFile(path.into())),
        },
        Identity::ClientSecret { tenant: t, client_id, secret } => Credential::ClientSecret {
            tenant: tenant(t)?,
            client_id: client(client_id)?,
            secret: secret.clone(),
        },
        Identity::ClientCertificate { tenant: t, client_id, pem } => Credential::ClientCertificate {
            tenant: tenant(t)?,
            client_id: client(client_id)?,
            certificate: Arc::new(
                ClientCertificate::from_pem(pem.expose_secret().as_bytes())
                    .map_err(|error| failure(VaultFailureKind::Certificate, error.to_string()))?,
            ),
        },
        Identity::Managed { client_id } => {
            Credential::ManagedIdentity { client_id: client_id.as_deref().map(client).transpose()? }
        }
    })
}

fn refusal(answer: &Answer) -> Box<Refusal> {
    Box::new(Refusal {
        status: answer.status,
        code: answer.code.clone(),
        message: answer.message.clone(),
        body: answer.body.clone(),
    })
}

fn login_failure(error: &EntraError) -> VaultFailure {
    VaultFailure {
        kind: error
            .answer()
            .map_or(VaultFailureKind::Unreachable, |answer| VaultFailureKind::Login(refusal(answer))),
        text: error.to_string(),
        retry_after: error.retry_after(),
    }
}

fn vault_failure(error: &VaultError) -> VaultFailure {
    if let VaultError::Login { source, .. } = error {
        return login_failure(source);
    }
    VaultFailure {
        kind: error
            .answer()
            .map_or(VaultFailureKind::Unreachable, |answer| VaultFailureKind::Refused(refusal(answer))),
        text: error.to_string(),
        retry_after: error.retry_after(),
    }
}

impl Azure {
    fn open(&self, access: &VaultAccess) -> Result<Vault, VaultFailure> {
        let url = VaultUrl::parse(&access.url)
            .map_err(|error| failure(VaultFailureKind::Address, error.to_string()))?;
        let cloud = Cloud { vault_audience: access.audience.clone(), ..Cloud::public() };
        Ok(self.vaults.open(&cloud.with_authority(&access.authority), url, credential(&access.identity)?))
    }
}

impl AzureVaults for Azure {
    fn login<'a>(&'a self, access: &'a VaultAccess, proven: bool) -> BoxFuture<'a, Result<(), VaultFailure>> {
        async move {
            let scope = gangplank_azure::Scope::of_audience(&access.audience);
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
                .secret(name, Some(version))
                .await
                .map_err(|error| vault_failure(&error))?;
            let attributes = secret.attributes;
            Ok(VaultObject {
                value: secret.value.expose_secret().into(),
                tags: secret.tags,
                created: recorded(attributes.created, 0),
                updated: recorded(attributes.updated, 100),
                expires: attributes.expires,
                not_before: attributes.not_before,
            })
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
            let read = self.open(access)?.certificate(name, Some(version)).await;
            let certificate = read.map_err(|error| vault_failure(&error))?;
            let attributes = certificate.attributes;
            Ok(VaultObject {
                value: certificate.cer.into(),
                tags: certificate.tags,
                created: recorded(attributes.created, 0),
                updated: recorded(attributes.updated, 100),
                expires: attributes.expires,
                not_before: attributes.not_before,
            })
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
                self.open(access)?.key(name, Some(version)).await.map_err(|error| vault_failure(&error))?;
            let attributes = key.attributes;
            Ok(VaultObject {
                value: key.jwk.to_string().into(),
                tags: key.tags,
                created: recorded(attributes.created, 0),
                updated: recorded(attributes.updated, 100),
                expires: attributes.expires,
                not_before: attributes.not_before,
            })
        }
        .boxed()
    }

    fn list<'a>(&'a self, access: &'a VaultAccess) -> BoxFuture<'a, Result<Vec<VaultItem>, VaultFailure>> {
        async move {
            let items = self.open(access)?.secrets().await.map_err(|error| vault_failure(&error))?;
            let item = |item: gangplank_azure::SecretItem| VaultItem {
                name: item.name,
                enabled: item.attributes.enabled,
                tags: item.tags,
            };
            Ok(items.into_iter().map(item).collect())
        }
        .boxed()
    }
}
