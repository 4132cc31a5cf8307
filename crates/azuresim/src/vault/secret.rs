//! Secrets as data: versions, attributes, and the JSON in which they are shown.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{error::VaultError, settings::Settings};

/// The largest value, in bytes.
const MOST_BYTES: usize = 25_600;

/// One version of a secret. Times are Unix seconds.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) value: SecretString,
    pub(super) content_type: Option<String>,
    pub(super) tags: Option<BTreeMap<String, String>>,
    pub(super) enabled: bool,
    pub(super) expires: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) created: i64,
    pub(super) updated: i64,
}

/// A secret with its versions, of which there is at least one.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    /// With the letter case of its creation.
    pub(super) name: String,
    /// Oldest first.
    older: Vec<Version>,
    newest: Version,
}

impl Secret {
    pub(super) fn new(name: String, version: Version) -> Self {
        Secret { name, older: Vec::new(), newest: version }
    }

    /// Adds a version, which is then the newest.
    pub(super) fn push(&mut self, version: Version) {
        self.older.push(std::mem::replace(&mut self.newest, version));
    }

    pub(super) fn newest(&self) -> &Version {
        &self.newest
    }

    /// All versions, oldest first.
    pub(super) fn versions(&self) -> impl Iterator<Item = &Version> {
        self.older.iter().chain([&self.newest])
    }

    /// The version of this id, or the newest.
    pub(super) fn version(&self, id: Option<&str>) -> Option<&Version> {
        match id {
            Some(id) => self.versions().find(|version| version.id.eq_ignore_ascii_case(id)),
            None => Some(&self.newest),
        }
    }

    /// The same, to be changed.
    pub(super) fn version_mut(&mut self, id: Option<&str>) -> Option<&mut Version> {
        match id {
            Some(id) => {
                let mut versions = self.older.iter_mut().chain([&mut self.newest]);
                versions.find(|version| version.id.eq_ignore_ascii_case(id))
            }
            None => Some(&mut self.newest),
        }
    }
}

/// The body of a set or an update.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecretBody {
    pub(super) value: Option<SecretString>,
    pub(super) content_type: Option<String>,
    pub(super) tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) attributes: Option<AttributesBody>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct AttributesBody {
    pub(super) enabled: Option<bool>,
    pub(super) exp: Option<i64>,
    pub(super) nbf: Option<i64>,
}

impl From<super::SecretSeed> for SecretBody {
    fn from(seed: super::SecretSeed) -> Self {
        SecretBody {
            value: Some(seed.value),
            content_type: seed.content_type,
            tags: seed.tags,
            attributes: Some(AttributesBody {
                enabled: Some(seed.enabled),
                exp: seed.expires,
                nbf: seed.not_before,
            }),
        }
    }
}

impl SecretBody {
    /// The limits of Key Vault: sizes, numbers, and times in the right order.
    pub(super) fn check(&self) -> Result<(), VaultError> {
        let bad = |message: &str| Err(VaultError::BadParameter(message.to_owned()));
        if self.value.as_ref().is_some_and(|value| value.expose_secret().len() > MOST_BYTES) {
            return bad("The secret value is longer than 25600 bytes");
        }
        if self.content_type.as_ref().is_some_and(|it| it.chars().count() > 255) {
            return bad("The content type is longer than 255 characters");
        }
        if let Some(tags) = &self.tags {
            if tags.len() > 15 {
                return bad("A secret may have at most 15 tags");
            }
            if tags.iter().any(|(name, value)| name.chars().count() > 256 || value.chars().count() > 256) {
                return bad("The name and the value of a tag may have at most 256 characters");
            }
        }
        let attributes = self.attributes.as_ref();
        if let Some((nbf, exp)) = attributes.and_then(|it| Some((it.nbf?, it.exp?)))
            && nbf > exp
        {
            return bad("The attribute nbf must not be later than exp");
        }
        Ok(())
    }
}

/// 1 to 127 letters, digits or hyphens.
pub(super) fn check_name(name: &str) -> Result<(), VaultError> {
    let legal = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if legal && (1..=127).contains(&name.len()) {
        return Ok(());
    }
    let rule = "names have 1 to 127 letters, digits or hyphens";
    Err(VaultError::BadParameter(format!("The request URI contains an invalid name: {name}; {rule}")))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attributes {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    created: i64,
    updated: i64,
    recovery_level: &'static str,
    recoverable_days: i64,
}

impl Attributes {
    pub(super) fn new(settings: &Settings, version: &Version) -> Self {
        Attributes {
            enabled: version.enabled,
            nbf: version.not_before,
            exp: version.expires,
            created: version.created,
            updated: version.updated,
            recovery_level: settings.recovery_level(),
            recoverable_days: settings.retention_days,
        }
    }

    /// Of an object that has been as it is since `created`.
    pub(super) fn unchanged(settings: &Settings, created: i64) -> Self {
        Attributes {
            enabled: true,
            nbf: None,
            exp: None,
            created,
            updated: created,
            recovery_level: settings.recovery_level(),
            recoverable_days: settings.retention_days,
        }
    }
}

/// A secret as answers show it. The value is borrowed for the moment of writing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bundle<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    id: String,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_purge_date: Option<i64>,
}

/// Where a vault's objects are: its settings and its address.
pub(super) struct Place<'a> {
    pub(super) settings: &'a Settings,
    /// `https://name.vault.azure.net`
    pub(super) base: String,
}

impl<'a> Bundle<'a> {
    /// With its value.
    pub(super) fn whole(place: &Place<'_>, name: &str, version: &'a Version) -> Self {
        Bundle { value: Some(version.value.expose_secret()), ..Self::without_value(place, name, version) }
    }

    /// Without its value, the version in its id.
    pub(super) fn without_value(place: &Place<'_>, name: &str, version: &'a Version) -> Self {
        Bundle {
            value: None,
            content_type: version.content_type.as_deref(),
            id: format!("{}/secrets/{name}/{}", place.base, version.id),
            attributes: Attributes::new(place.settings, version),
            tags: version.tags.as_ref(),
            recovery_id: None,
            deleted_date: None,
            scheduled_purge_date: None,
        }
    }

    /// As lists of secrets show it: no version in its id.
    pub(super) fn listed(place: &Place<'_>, name: &str, version: &'a Version) -> Self {
        Bundle { id: format!("{}/secrets/{name}", place.base), ..Self::without_value(place, name, version) }
    }

    /// With what is special to a deleted secret.
    pub(super) fn deleted(self, place: &Place<'_>, name: &str, deleted: i64, purge: i64) -> Self {
        Bundle {
            recovery_id: Some(format!("{}/deletedsecrets/{name}", place.base)),
            deleted_date: Some(deleted),
            scheduled_purge_date: Some(purge),
            ..self
        }
    }
}
