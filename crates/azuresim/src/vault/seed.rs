//! What a vault holds, given from inside: the start of a world, or a test's own contents.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::Value;

use super::{
    KeyVault,
    error::VaultError,
    objects::{Certificate, Key, Objects},
    secret::{Secret, Version},
    secrets::{Moment, Secrets},
};
use crate::cloud::Azure;

/// One version of a secret.
#[derive(Clone, Debug)]
pub struct SecretSeed {
    /// Its id, 32 hexadecimal digits; none for a new one.
    pub version: Option<String>,
    /// Its value.
    pub value: SecretString,
    /// Whether it may be read.
    pub enabled: bool,
    /// Its content type.
    pub content_type: Option<String>,
    /// Its tags; none for no member `tags` at all.
    pub tags: Option<BTreeMap<String, String>>,
    /// Unix seconds of its end.
    pub expires: Option<i64>,
    /// Unix seconds of its begin.
    pub not_before: Option<i64>,
}

impl SecretSeed {
    /// An enabled version with nothing but a value.
    pub fn new(value: impl Into<String>) -> Self {
        SecretSeed {
            version: None,
            value: SecretString::from(value.into()),
            enabled: true,
            content_type: None,
            tags: None,
            expires: None,
            not_before: None,
        }
    }
}

/// A certificate's public part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSeed {
    /// Its version; none for a new one.
    pub version: Option<String>,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A key's public part.
#[derive(Clone, Debug, PartialEq)]
pub struct KeySeed {
    /// Its version; none for a new one.
    pub version: Option<String>,
    /// The JSON web key; a `kid` of its own is kept.
    pub jwk: Value,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Everything that a vault holds.
#[derive(Clone, Debug, Default)]
pub struct VaultContents {
    /// Versions by name, oldest first.
    pub secrets: BTreeMap<String, Vec<SecretSeed>>,
    /// Certificates by name.
    pub certificates: BTreeMap<String, CertificateSeed>,
    /// Keys by name.
    pub keys: BTreeMap<String, KeySeed>,
    /// Names of secrets that are deleted and can be recovered.
    pub deleted: Vec<String>,
}

impl KeyVault {
    /// Puts `contents` in place of all that the vault held. False if there is no such vault.
    pub(crate) fn fill(&self, azure: &Azure, vault: &str, contents: VaultContents) -> bool {
        let key = vault.to_ascii_lowercase();
        let now = azure.now();
        let created = now.as_second();
        let id = |kind: &str, name: &str, given: Option<String>| {
            given.unwrap_or_else(|| {
                azure.ids.next(kind, &format!("{key}/{}", name.to_ascii_lowercase())).simple().to_string()
            })
        };
        let mut state = self.write();
        let Some(vault) = state.live.get_mut(&key) else { return false };
        let mut secrets = Secrets::default();
        for (name, versions) in contents.secrets {
            let mut versions = versions.into_iter().map(|seed| {
                let id = id("secret", &name, seed.version.clone());
                version(id, seed, created)
            });
            let Some(oldest) = versions.next() else { continue };
            let mut secret = Secret::new(name.clone(), oldest);
            versions.for_each(|version| secret.push(version));
            secrets.place(secret);
        }
        let at = Moment { now, settled: now, retention_days: vault.settings.retention_days };
        for name in contents.deleted {
            secrets.place_deleted(&name, id("secret", &name, None), at);
        }
        let certificates = contents.certificates.into_iter().map(|(name, seed)| {
            let version = id("certificate", &name, seed.version);
            (
                name.to_ascii_lowercase(),
                Certificate { name, version, der: seed.der, tags: seed.tags, created },
            )
        });
        let certificates = certificates.collect();
        let keys = contents.keys.into_iter().map(|(name, seed)| {
            let version = id("key", &name, seed.version);
            (name.to_ascii_lowercase(), Key { name, version, jwk: seed.jwk, tags: seed.tags, created })
        });
        vault.objects = Objects { certificates, keys: keys.collect() };
        vault.secrets = secrets;
        true
    }

    /// Adds a version as a client would, permissions aside. Gives its id.
    pub(crate) fn set_secret(
        &self,
        azure: &Azure,
        vault: &str,
        name: &str,
        seed: SecretSeed,
    ) -> Result<String, VaultError> {
        let key = vault.to_ascii_lowercase();
        let now = azure.now();
        let given = seed.version.clone();
        let id = given.unwrap_or_else(|| {
            azure.ids.next("secret", &format!("{key}/{}", name.to_ascii_lowercase())).simple().to_string()
        });
        let mut state = self.write();
        let vault = state.live.get_mut(&key).ok_or(VaultError::NoSuchVault)?;
        let at = Moment { now, settled: now, retention_days: vault.settings.retention_days };
        let (_, version) = vault.secrets.set(name, id, seed.into(), at)?;
        Ok(version.id.clone())
    }
}

fn version(id: String, seed: SecretSeed, created: i64) -> Version {
    Version {
        id,
        value: seed.value,
        content_type: seed.content_type,
        tags: seed.tags,
        enabled: seed.enabled,
        expires: seed.expires,
        not_before: seed.not_before,
        created,
        updated: created,
    }
}
