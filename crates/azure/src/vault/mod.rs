//! Key Vault's data plane.
//!
//! ```text
//!   Vaults ── open(url, credential) ──► Vault ── gate ──► token ──► request
//!     │ per host: gate (concurrency, Retry-After) and challenge        │ 401: learn the challenge, log in anew, once
//!                                                                      │ 429, 5xx: the retry policy
//! ```
//!
//! Invariants: a vault sees at most [`VaultLimits::concurrent`] requests of this process at once, whoever makes them;
//! after a `Retry-After` nobody asks it earlier; a caller is never held longer than the retry policy's longest pause
//! a time, but gets [`VaultError::Throttled`] with the wait that the vault wished.

mod challenge;
mod client;
mod error;
mod gate;
mod model;
mod url;

pub use error::VaultError;
pub use model::{Attributes, Certificate, DeletedSecret, Key, NewSecret, Secret, SecretItem, SecretUpdate};
pub use url::{VaultUrl, VaultUrlError};

use crate::backoff::RetryPolicy;
use crate::cloud::Cloud;
use crate::credential::Credential;
use crate::entra::Tokens;
use crate::transport::Transport;
use client::Method;
pub(crate) use client::bearer;
use gate::Gates;
use model::{Bundle, CertificateBundle, DeletedBundle, Item, KeyBundle, Page};
use std::sync::Arc;

/// How hard a vault is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultLimits {
    /// Requests under way to one vault at once.
    pub concurrent: usize,
    /// How hiccups are waited out within one call.
    pub retry: RetryPolicy,
}

/// All vaults that a process talks to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vaults {
    transport: Transport,
    tokens: Tokens,
    limits: Arc<VaultLimits>,
    gates: Arc<Gates>,
}

impl Vaults {
    /// Vaults over a transport, with the logins of `tokens`.
    pub fn new(transport: Transport, tokens: Tokens, limits: VaultLimits) -> Self {
        let gates = Arc::new(Gates::new(limits.concurrent));
        Self { transport, tokens, limits: Arc::new(limits), gates }
    }

    /// A vault as seen by one identity. Makes no request.
    pub fn open(&self, cloud: &Cloud, url: VaultUrl, credential: Credential) -> Vault {
        let gate = self.gates.of(url.host());
        Vault {
            transport: self.transport.clone(),
            tokens: self.tokens.clone(),
            limits: Arc::clone(&self.limits),
            gate,
            cloud: cloud.clone(),
            url,
            credential,
        }
    }
}

/// One vault as seen by one identity. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vault {
    transport: Transport,
    tokens: Tokens,
    limits: Arc<VaultLimits>,
    gate: Arc<gate::Gate>,
    cloud: Cloud,
    url: VaultUrl,
    credential: Credential,
}

impl Vault {
    /// Where it is.
    pub fn url(&self) -> &VaultUrl {
        &self.url
    }

    /// A secret's value: of a version, or the current one.
    pub async fn secret(&self, name: &str, version: Option<&str>) -> Result<Secret, VaultError> {
        let bundle: Bundle = self.read("secrets", name, version).await?;
        bundle.into_secret().ok_or_else(|| self.malformed(name))
    }

    /// A certificate's public part: of a version, or the current one.
    pub async fn certificate(&self, name: &str, version: Option<&str>) -> Result<Certificate, VaultError> {
        let bundle: CertificateBundle = self.read("certificates", name, version).await?;
        bundle.into_certificate().ok_or_else(|| self.malformed(name))
    }

    /// A key's public part: of a version, or the current one.
    pub async fn key(&self, name: &str, version: Option<&str>) -> Result<Key, VaultError> {
        let bundle: KeyBundle = self.read("keys", name, version).await?;
        Ok(bundle.into_key())
    }

    /// Every secret's properties, without values, in the vault's order.
    pub async fn secrets(&self) -> Result<Vec<SecretItem>, VaultError> {
        self.list("/secrets", "").await
    }

    /// The properties of every version of a secret.
    pub async fn versions(&self, name: &str) -> Result<Vec<SecretItem>, VaultError> {
        self.list(&client::path(&["secrets", name, "versions"]), name).await
    }

    /// Writes a new version, even where the value is the present one.
    pub async fn set_secret(&self, name: &str, new: &NewSecret) -> Result<Secret, VaultError> {
        let path = client::path(&["secrets", name]);
        let bundle: Bundle = self.call(Method::PUT, &path, name, Some(new.body())).await?;
        bundle.into_secret().ok_or_else(|| self.malformed(name))
    }

    /// Changes a version's attributes, content type or tags.
    pub async fn update_secret(
        &self,
        name: &str,
        version: &str,
        change: &SecretUpdate,
    ) -> Result<SecretItem, VaultError> {
        let path = client::path(&["secrets", name, version]);
        let item: Item = self.call(Method::PATCH, &path, name, Some(change.body())).await?;
        item.into_item().ok_or_else(|| self.malformed(name))
    }

    /// Deletes a secret softly: its name stays taken until it is purged.
    pub async fn delete_secret(&self, name: &str) -> Result<DeletedSecret, VaultError> {
        let path = client::path(&["secrets", name]);
        let bundle: DeletedBundle = self.call(Method::DELETE, &path, name, None).await?;
        bundle.into_deleted().ok_or_else(|| self.malformed(name))
    }

    /// A softly deleted secret; not found until its deletion has settled.
    pub async fn deleted_secret(&self, name: &str) -> Result<DeletedSecret, VaultError> {
        let path = client::path(&["deletedsecrets", name]);
        let bundle: DeletedBundle = self.call(Method::GET, &path, name, None).await?;
        bundle.into_deleted().ok_or_else(|| self.malformed(name))
    }

    /// All softly deleted secrets.
    pub async fn deleted_secrets(&self) -> Result<Vec<DeletedSecret>, VaultError> {
        let mut found = Vec::new();
        let mut next = client::Next::first("/deletedsecrets");
        while let Some(page) = self.page::<DeletedBundle>(&mut next, "").await? {
            for bundle in page {
                found.push(bundle.into_deleted().ok_or_else(|| self.malformed(""))?);
            }
        }
        Ok(found)
    }

    /// Brings a softly deleted secret back.
    pub async fn recover_secret(&self, name: &str) -> Result<SecretItem, VaultError> {
        let path = client::path(&["deletedsecrets", name, "recover"]);
        let item: Item = self.call(Method::POST, &path, name, None).await?;
        item.into_item().ok_or_else(|| self.malformed(name))
    }

    /// Deletes a softly deleted secret for good, and frees its name.
    pub async fn purge_secret(&self, name: &str) -> Result<(), VaultError> {
        self.request(Method::DELETE, &client::path(&["deletedsecrets", name]), name, None).await.map(|_| ())
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        kind: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<T, VaultError> {
        // The current version has an empty last segment: that is how every client of Microsoft's asks for it.
        let path = client::path(&[kind, name, version.unwrap_or_default()]);
        self.call(Method::GET, &path, name, None).await
    }

    async fn list(&self, path: &str, object: &str) -> Result<Vec<SecretItem>, VaultError> {
        let mut found = Vec::new();
        let mut next = client::Next::first(path);
        while let Some(page) = self.page::<Item>(&mut next, object).await? {
            for item in page {
                found.push(item.into_item().ok_or_else(|| self.malformed(object))?);
            }
        }
        Ok(found)
    }

    async fn page<T: serde::de::DeserializeOwned>(
        &self,
        next: &mut client::Next,
        object: &str,
    ) -> Result<Option<Vec<T>>, VaultError> {
        let Some(path) = next.take() else { return Ok(None) };
        let page: Page<T> = self.call(Method::GET, &path, object, None).await?;
        next.follow(&self.url, page.next_link.as_deref()).map_err(|()| self.malformed(object))?;
        Ok(Some(page.value))
    }
}
