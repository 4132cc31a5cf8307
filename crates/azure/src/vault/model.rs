//! What a vault holds, as callers see it and as the wire has it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The attributes that secrets, keys and certificates share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// Whether it can be read.
    pub enabled: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When its attributes or value last changed.
    pub updated: Option<Timestamp>,
    /// When it is meant to end; the vault serves it beyond.
    pub expires: Option<Timestamp>,
    /// When it is meant to begin; the vault serves it before.
    pub not_before: Option<Timestamp>,
    /// What deletion means, as `Recoverable+Purgeable`.
    pub recovery_level: Option<String>,
}

/// A secret's version with its value. `Debug` does not show the value.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The secret's name.
    pub name: String,
    /// This version, 32 hexadecimal digits.
    pub version: String,
    /// The value.
    pub value: SecretString,
    /// What the value is said to be.
    pub content_type: Option<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A secret without its value, as lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretItem {
    /// The secret's name.
    pub name: String,
    /// The version, where the list is of versions.
    pub version: Option<String>,
    /// What the value is said to be.
    pub content_type: Option<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// Its attributes.
    pub attributes: Attributes,
    /// Whether it stands behind a certificate.
    pub managed: bool,
}

/// A softly deleted secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedSecret {
    /// The secret's name.
    pub name: String,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// When the vault purges it by itself.
    pub scheduled_purge: Option<Timestamp>,
}

/// A certificate's public part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate in DER.
    pub cer: Vec<u8>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A key's public part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The JSON Web Key.
    pub jwk: serde_json::Value,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A value to write. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// The value, at most 25,600 bytes.
    pub value: SecretString,
    /// What the value is.
    pub content_type: Option<String>,
    /// Free labels, at most 15.
    pub tags: BTreeMap<String, String>,
}

/// What to change of a version; `None` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretUpdate {
    /// Whether it can be read.
    pub enabled: Option<bool>,
    /// What the value is.
    pub content_type: Option<String>,
    /// All labels anew.
    pub tags: Option<BTreeMap<String, String>>,
}

impl NewSecret {
    pub(super) fn body(&self) -> SecretString {
        #[derive(Serialize)]
        struct Body<'a> {
            value: &'a str,
            #[serde(rename = "contentType", skip_serializing_if = "Option::is_none")]
            content_type: Option<&'a str>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            tags: &'a BTreeMap<String, String>,
        }
        json(&Body {
            value: self.value.expose_secret(),
            content_type: self.content_type.as_deref(),
            tags: &self.tags,
        })
    }
}

impl SecretUpdate {
    pub(super) fn body(&self) -> SecretString {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            attributes: Option<Enabled>,
            #[serde(rename = "contentType", skip_serializing_if = "Option::is_none")]
            content_type: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            tags: Option<&'a BTreeMap<String, String>>,
        }
        #[derive(Serialize)]
        struct Enabled {
            enabled: bool,
        }
        json(&Body {
            attributes: self.enabled.map(|enabled| Enabled { enabled }),
            content_type: self.content_type.as_deref(),
            tags: self.tags.as_ref(),
        })
    }
}

fn json(body: &impl Serialize) -> SecretString {
    // Maps of strings always serialize.
    SecretString::from(serde_json::to_string(body).unwrap_or_default())
}

#[derive(Deserialize)]
pub(super) struct Page<T> {
    #[serde(default = "Vec::new")]
    pub(super) value: Vec<T>,
    #[serde(rename = "nextLink")]
    pub(super) next_link: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WireAttributes {
    enabled: Option<bool>,
    created: Option<i64>,
    updated: Option<i64>,
    exp: Option<i64>,
    nbf: Option<i64>,
    #[serde(rename = "recoveryLevel")]
    recovery_level: Option<String>,
}

impl WireAttributes {
    fn read(self) -> Attributes {
        Attributes {
            enabled: self.enabled.unwrap_or(true),
            created: time(self.created),
            updated: time(self.updated),
            expires: time(self.exp),
            not_before: time(self.nbf),
            recovery_level: self.recovery_level,
        }
    }
}

fn time(seconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_second(seconds?).ok()
}

type Tags = Option<BTreeMap<String, String>>;

#[derive(Deserialize)]
pub(super) struct Bundle {
    value: Option<SecretString>,
    #[serde(flatten)]
    item: Item,
}

#[derive(Deserialize)]
pub(super) struct Item {
    id: String,
    #[serde(rename = "contentType")]
    content_type: Option<String>,
    tags: Tags,
    #[serde(default)]
    attributes: WireAttributes,
    managed: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct DeletedBundle {
    id: String,
    #[serde(rename = "deletedDate")]
    deleted: Option<i64>,
    #[serde(rename = "scheduledPurgeDate")]
    scheduled_purge: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct CertificateBundle {
    cer: String,
    tags: Tags,
    #[serde(default)]
    attributes: WireAttributes,
}

#[derive(Deserialize)]
pub(super) struct KeyBundle {
    key: serde_json::Value,
    tags: Tags,
    #[serde(default)]
    attributes: WireAttributes,
}

/// Splits `https://host/secrets/NAME[/VERSION]`.
fn name_and_version(id: &str) -> Option<(String, Option<String>)> {
    let mut segments = id.split("://").nth(1)?.split('/').skip(2);
    let name = segments.next().filter(|name| !name.is_empty())?.to_owned();
    Some((name, segments.next().filter(|version| !version.is_empty()).map(str::to_owned)))
}

impl Bundle {
    pub(super) fn into_secret(self) -> Option<Secret> {
        let item = self.item.into_item()?;
        Some(Secret {
            name: item.name,
            version: item.version.unwrap_or_default(),
            value: self.value?,
            content_type: item.content_type,
            tags: item.tags,
            attributes: item.attributes,
        })
    }
}

impl Item {
    pub(super) fn into_item(self) -> Option<SecretItem> {
        let (name, version) = name_and_version(&self.id)?;
        Some(SecretItem {
            name,
            version,
            content_type: self.content_type,
            tags: self.tags.unwrap_or_default(),
            attributes: self.attributes.read(),
            managed: self.managed.unwrap_or_default(),
        })
    }
}

impl DeletedBundle {
    pub(super) fn into_deleted(self) -> Option<DeletedSecret> {
        let (name, _) = name_and_version(&self.id)?;
        Some(DeletedSecret { name, deleted: time(self.deleted), scheduled_purge: time(self.scheduled_purge) })
    }
}

impl CertificateBundle {
    pub(super) fn into_certificate(self) -> Option<Certificate> {
        // Documented as base64url, seen as plain base64.
        let cer = STANDARD
            .decode(&self.cer)
            .or_else(|_| URL_SAFE_NO_PAD.decode(self.cer.trim_end_matches('=')))
            .ok()?;
        Some(Certificate { cer, tags: self.tags.unwrap_or_default(), attributes: self.attributes.read() })
    }
}

impl KeyBundle {
    pub(super) fn into_key(self) -> Key {
        Key { jwk: self.key, tags: self.tags.unwrap_or_default(), attributes: self.attributes.read() }
    }
}
