//! The life of secrets: set, deleted, recovered, purged, as a state machine of time.
//!
//! ```text
//!         set            delete             (settling)
//!  none ──────▶ live ──────────▶ being deleted ──────▶ deleted ──purge──▶ being purged ──▶ none
//!                 ▲                                        │
//!                 └──────── being recovered ◀──recover─────┘
//! ```
//!
//! A name in any state but `none` and `live` can't be set: 409. Times are Unix seconds for what is shown, and
//! [`Timestamp`]s for what settles.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    error::{Object, VaultError},
    secret::{Secret, SecretBody, Version, check_name},
};

const DAY: i64 = 86_400;

/// A deleted secret.
#[derive(Clone, Debug)]
pub(super) struct Deleted {
    pub(super) secret: Secret,
    pub(super) deleted: i64,
    pub(super) purge: i64,
    settled: Timestamp,
}

/// The secrets of one vault, by name in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    live: BTreeMap<String, Secret>,
    deleted: BTreeMap<String, Deleted>,
    /// Until when a recovery isn't settled.
    recovering: BTreeMap<String, Timestamp>,
    /// Until when a purge isn't settled.
    purging: BTreeMap<String, Timestamp>,
}

/// When a transition that begins now is settled, and what the vault keeps deleted secrets for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) settled: Timestamp,
    pub(super) retention_days: i64,
}

impl Secrets {
    /// Adds a version. The name may be new; if it is known, the letter case of its creation stays.
    pub(super) fn set(
        &mut self,
        name: &str,
        version: String,
        body: SecretBody,
        at: Moment,
    ) -> Result<(&str, &Version), VaultError> {
        check_name(name)?;
        body.check()?;
        let Some(value) = body.value else {
            return Err(VaultError::BadParameter("The request has no value".into()));
        };
        self.check_free(name, at.now)?;
        let attributes = body.attributes.unwrap_or_default();
        let seconds = at.now.as_second();
        let version = Version {
            id: version,
            value,
            content_type: body.content_type,
            tags: body.tags,
            enabled: attributes.enabled.unwrap_or(true),
            expires: attributes.exp,
            not_before: attributes.nbf,
            created: seconds,
            updated: seconds,
        };
        let secret = match self.live.entry(name.to_ascii_lowercase()) {
            Entry::Vacant(entry) => entry.insert(Secret::new(name.to_owned(), version)),
            Entry::Occupied(entry) => {
                let secret = entry.into_mut();
                secret.push(version);
                secret
            }
        };
        Ok((&secret.name, secret.newest()))
    }

    /// Fails while the name is taken by a secret that is deleted or on its way.
    fn check_free(&mut self, name: &str, now: Timestamp) -> Result<(), VaultError> {
        self.expire(now);
        let key = name.to_ascii_lowercase();
        if self.purging.contains_key(&key) {
            return Err(VaultError::BeingDeleted(name.to_owned()));
        }
        if self.recovering.contains_key(&key) {
            return Err(VaultError::BeingRecovered(name.to_owned()));
        }
        match self.deleted.get(&key) {
            Some(deleted) if now < deleted.settled => Err(VaultError::BeingDeleted(name.to_owned())),
            Some(_) => Err(VaultError::DeletedButRecoverable(name.to_owned())),
            None => Ok(()),
        }
    }

    /// Forgets what time has done: settled transitions, and deleted secrets whose retention is over.
    fn expire(&mut self, now: Timestamp) {
        self.recovering.retain(|_, until| now < *until);
        self.purging.retain(|_, until| now < *until);
        self.deleted.retain(|_, deleted| now.as_second() < deleted.purge);
    }

    fn is_recovering(&self, key: &str, now: Timestamp) -> bool {
        self.recovering.get(key).is_some_and(|until| now < *until)
    }

    /// A live secret.
    pub(super) fn get(&self, name: &str, now: Timestamp) -> Result<&Secret, VaultError> {
        check_name(name)?;
        let key = name.to_ascii_lowercase();
        let found = self.live.get(&key).filter(|_| !self.is_recovering(&key, now));
        found.ok_or_else(|| not_found(name))
    }

    /// A version of a live secret whose value may be read.
    pub(super) fn read(
        &self,
        name: &str,
        version: Option<&str>,
        now: Timestamp,
    ) -> Result<(&str, &Version), VaultError> {
        let secret = self.get(name, now)?;
        let found = secret.version(version).ok_or_else(|| not_found(name))?;
        if found.enabled {
            Ok((&secret.name, found))
        } else {
            Err(VaultError::Disabled { kind: Object::Secret, operation: "get" })
        }
    }

    /// All live secrets, by name.
    pub(super) fn list(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        self.live.iter().filter(move |(key, _)| !self.is_recovering(key, now)).map(|(_, secret)| secret)
    }

    /// Changes attributes, content type and tags of a version; its value stays.
    pub(super) fn update(
        &mut self,
        name: &str,
        version: Option<&str>,
        body: SecretBody,
        now: Timestamp,
    ) -> Result<(String, &Version), VaultError> {
        body.check()?;
        self.get(name, now)?;
        let missing = || not_found(name);
        let secret = self.live.get_mut(&name.to_ascii_lowercase()).ok_or_else(missing)?;
        let name = secret.name.clone();
        let found = secret.version_mut(version).ok_or_else(missing)?;
        let attributes = body.attributes.unwrap_or_default();
        found.enabled = attributes.enabled.unwrap_or(found.enabled);
        found.expires = attributes.exp.or(found.expires);
        found.not_before = attributes.nbf.or(found.not_before);
        found.content_type = body.content_type.or(found.content_type.take());
        found.tags = body.tags.or(found.tags.take());
        found.updated = now.as_second();
        Ok((name, found))
    }

    /// Moves a secret with all its versions to the deleted ones.
    pub(super) fn delete(&mut self, name: &str, at: Moment) -> Result<&Deleted, VaultError> {
        self.expire(at.now);
        self.get(name, at.now)?;
        let key = name.to_ascii_lowercase();
        let secret = self.live.remove(&key).ok_or_else(|| not_found(name))?;
        let seconds = at.now.as_second();
        let purge = seconds.saturating_add(at.retention_days.saturating_mul(DAY));
        let deleted = Deleted { secret, deleted: seconds, purge, settled: at.settled };
        Ok(self.deleted.entry(key).insert_entry(deleted).into_mut())
    }

    /// A deleted secret, once its deletion has settled.
    pub(super) fn deleted(&self, name: &str, now: Timestamp) -> Result<&Deleted, VaultError> {
        check_name(name)?;
        let found = self.deleted.get(&name.to_ascii_lowercase());
        found.filter(|it| it.settled <= now && now.as_second() < it.purge).ok_or_else(|| not_found(name))
    }

    /// All deleted secrets, by name.
    pub(super) fn list_deleted(&self, now: Timestamp) -> impl Iterator<Item = &Deleted> {
        self.deleted.values().filter(move |it| it.settled <= now && now.as_second() < it.purge)
    }

    /// Brings a deleted secret back with all its versions.
    pub(super) fn recover(&mut self, name: &str, at: Moment) -> Result<&Secret, VaultError> {
        self.deleted(name, at.now)?;
        let key = name.to_ascii_lowercase();
        let deleted = self.deleted.remove(&key).ok_or_else(|| not_found(name))?;
        if at.now < at.settled {
            self.recovering.insert(key.clone(), at.settled);
        }
        Ok(self.live.entry(key).insert_entry(deleted.secret).into_mut())
    }

    /// Takes a deleted secret away for good.
    pub(super) fn purge(&mut self, name: &str, at: Moment) -> Result<(), VaultError> {
        self.deleted(name, at.now)?;
        let key = name.to_ascii_lowercase();
        self.deleted.remove(&key);
        if at.now < at.settled {
            self.purging.insert(key, at.settled);
        }
        Ok(())
    }

    /// Puts a backed-up secret back under its old name and versions.
    pub(super) fn restore(&mut self, secret: Secret, now: Timestamp) -> Result<&Secret, VaultError> {
        self.check_free(&secret.name, now)?;
        let key = secret.name.to_ascii_lowercase();
        if self.live.contains_key(&key) {
            return Err(VaultError::Exists(secret.name));
        }
        Ok(self.live.entry(key).insert_entry(secret).into_mut())
    }

    /// Puts secrets in place without asking, for a world that is laid down from inside.
    pub(super) fn place(&mut self, secret: Secret) {
        let key = secret.name.to_ascii_lowercase();
        self.deleted.remove(&key);
        self.live.insert(key, secret);
    }

    /// Puts a deleted secret in place without asking. It has one version.
    pub(super) fn place_deleted(&mut self, name: &str, version: String, at: Moment) {
        let seconds = at.now.as_second();
        let version = Version {
            id: version,
            value: SecretString::default(),
            content_type: None,
            tags: None,
            enabled: true,
            expires: None,
            not_before: None,
            created: seconds,
            updated: seconds,
        };
        let secret = Secret::new(name.to_owned(), version);
        let purge = seconds.saturating_add(at.retention_days.saturating_mul(DAY));
        let deleted = Deleted { secret, deleted: seconds, purge, settled: at.now };
        self.live.remove(&name.to_ascii_lowercase());
        self.deleted.insert(name.to_ascii_lowercase(), deleted);
    }
}

fn not_found(name: &str) -> VaultError {
    VaultError::NotFound { kind: Object::Secret, name: name.to_owned() }
}
