//! Certificates and keys, read-only: what a secrets operator may fetch beside secrets.

use std::collections::BTreeMap;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL},
};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::{
    error::{Object, VaultError},
    secret::{Attributes, Place},
};

/// A certificate: its public part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) der: Vec<u8>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created: i64,
}

/// A key: its public part, as a JSON web key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) jwk: Value,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created: i64,
}

/// The certificates and keys of one vault, by name in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) certificates: BTreeMap<String, Certificate>,
    pub(super) keys: BTreeMap<String, Key>,
}

impl Objects {
    pub(super) fn certificate(
        &self,
        place: &Place<'_>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Value, VaultError> {
        let found = self.certificates.get(&name.to_ascii_lowercase());
        let found =
            found.filter(|it| version.is_none_or(|version| version.eq_ignore_ascii_case(&it.version)));
        let found = found.ok_or_else(|| not_found(Object::Certificate, name))?;
        let path = format!("{}/{}", found.name, found.version);
        let mut document = listed_certificate(place, found);
        document["id"] = json!(format!("{}/certificates/{path}", place.base));
        document["kid"] = json!(format!("{}/keys/{path}", place.base));
        document["sid"] = json!(format!("{}/secrets/{path}", place.base));
        document["cer"] = json!(BASE64.encode(&found.der));
        Ok(document)
    }

    pub(super) fn certificates(&self, place: &Place<'_>) -> Vec<Value> {
        self.certificates.values().map(|it| listed_certificate(place, it)).collect()
    }

    pub(super) fn key(
        &self,
        place: &Place<'_>,
        name: &str,
        version: Option<&str>,
    ) -> Result<Value, VaultError> {
        let found = self.keys.get(&name.to_ascii_lowercase());
        let found =
            found.filter(|it| version.is_none_or(|version| version.eq_ignore_ascii_case(&it.version)));
        let found = found.ok_or_else(|| not_found(Object::Key, name))?;
        let mut jwk = found.jwk.clone();
        if let Some(members) = jwk.as_object_mut() {
            let own = || json!(format!("{}/keys/{}/{}", place.base, found.name, found.version));
            members.entry("kid").or_insert_with(own);
        }
        let attributes = Attributes::unchanged(place.settings, found.created);
        Ok(json!({"key": jwk, "attributes": attributes, "tags": found.tags}))
    }

    pub(super) fn keys(&self, place: &Place<'_>) -> Vec<Value> {
        self.keys
            .values()
            .map(|it| {
                json!({
                    "kid": format!("{}/keys/{}", place.base, it.name),
                    "attributes": Attributes::unchanged(place.settings, it.created),
                    "tags": it.tags,
                })
            })
            .collect()
    }
}

fn listed_certificate(place: &Place<'_>, certificate: &Certificate) -> Value {
    json!({
        "id": format!("{}/certificates/{}", place.base, certificate.name),
        "x5t": BASE64URL.encode(Sha1::digest(&certificate.der)),
        "attributes": Attributes::unchanged(place.settings, certificate.created),
        "tags": certificate.tags,
    })
}

fn not_found(kind: Object, name: &str) -> VaultError {
    VaultError::NotFound { kind, name: name.to_owned() }
}
