//! From a reference to a value: type and name, property, tags.

use super::{KeyVault, texts};
use crate::api::external_secret::{Find, MetadataPolicy, RemoteRef};
use crate::controller::reads::ObjectKind;
use crate::ports::VaultObject;
use crate::provider::{ProviderError, json, property};
use crate::value::{self, SecretData, SecretValue};
use gangplank_template::pipeline;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The order in which the older SDK writes a key's members.
const JWK_MEMBERS: [&str; 16] =
    ["kid", "kty", "key_ops", "n", "e", "d", "dp", "dq", "qi", "p", "q", "k", "key_hsm", "crv", "x", "y"];

/// Splits `remoteRef.key`: no slash is a secret; else type and name, and further parts are dropped.
pub(super) fn kind_and_name(key: &str) -> Result<(ObjectKind, &str), ProviderError> {
    let mut parts = key.split('/');
    let first = parts.next().unwrap_or_default();
    let Some(name) = parts.next() else { return Ok((ObjectKind::Secret, first)) };
    match first {
        "secret" => Ok((ObjectKind::Secret, name)),
        "cert" => Ok((ObjectKind::Certificate, name)),
        "key" => Ok((ObjectKind::Key, name)),
        _ => Err(ProviderError::failed(format!("unknown Azure Keyvault object Type for {name}"))),
    }
}

impl KeyVault {
    async fn object(
        &self,
        kind: ObjectKind,
        name: &str,
        version: &str,
    ) -> Result<Arc<VaultObject>, ProviderError> {
        let read =
            self.context.reads().object(self.context.ports(), &self.access, &self.key, kind, name, version);
        read.await
            .map_err(|failure| texts::failed(&failure, texts::operation(kind, name), &self.access, self.sdk))
    }

    pub(super) async fn read_value(&self, reference: &RemoteRef) -> Result<SecretValue, ProviderError> {
        let (kind, name) = kind_and_name(&reference.key)?;
        let object = self.object(kind, name, &reference.version).await?;
        if reference.metadata_policy == MetadataPolicy::Fetch {
            return tag(&self.tags(&object), &reference.property);
        }
        match kind {
            ObjectKind::Certificate => Ok(object.value.clone()),
            ObjectKind::Key if !self.sdk => {
                let jwk = json::in_order(&object.value, &JWK_MEMBERS).unwrap_or_else(|| object.value.clone());
                property::of_value(&jwk, &reference.property, &reference.key)
            }
            ObjectKind::Secret | ObjectKind::Key => {
                property::of_value(&object.value, &reference.property, &reference.key)
            }
        }
    }

    pub(super) async fn read_map(&self, reference: &RemoteRef) -> Result<SecretData, ProviderError> {
        let (kind, name) = kind_and_name(&reference.key)?;
        match kind {
            ObjectKind::Certificate => {
                return Err(ProviderError::failed("cannot get use dataFrom to get certificate secret"));
            }
            ObjectKind::Key => {
                return Err(ProviderError::failed("cannot get use dataFrom to get key secret"));
            }
            ObjectKind::Secret => {}
        }
        if reference.metadata_policy == MetadataPolicy::Fetch {
            let object = self.object(kind, name, &reference.version).await?;
            return tag_map(&self.tags(&object), name, &reference.property);
        }
        let value = self.read_value(reference).await?;
        let members = pipeline::json_object(value.expose())
            .map_err(|error| ProviderError::failed(error.to_string()))?;
        Ok(value::secret(members))
    }

    pub(super) async fn read_all(&self, find: &Find) -> Result<SecretData, ProviderError> {
        let pattern = match &find.name {
            // An invalid pattern matches nothing, silently.
            Some(name) => match regex::Regex::new(&name.regexp) {
                Ok(pattern) => Some(pattern),
                Err(_) => return Ok(SecretData::new()),
            },
            None => None,
        };
        let items = self.context.reads().list(self.context.ports(), &self.access, &self.key).await;
        let items = items.map_err(|failure| {
            let operation = texts::Operation { call: "GetSecrets", path: "/secrets".to_owned() };
            texts::failed(&failure, operation, &self.access, self.sdk)
        })?;
        let mut found = SecretData::new();
        for item in items.iter() {
            let fits = item.enabled
                && find.tags.iter().all(|(tag, value)| item.tags.get(tag) == Some(value))
                && pattern.as_ref().is_none_or(|pattern| pattern.is_match(&item.name));
            if fits {
                let object = self.object(ObjectKind::Secret, &item.name, "").await?;
                found.insert(item.name.clone(), object.value.clone());
            }
        }
        Ok(found)
    }

    /// The tags, on the older path with the attributes as pseudo tags.
    fn tags(&self, object: &VaultObject) -> BTreeMap<String, String> {
        let mut tags = object.tags.clone();
        if !self.sdk {
            let mut attribute = |name: &str, at: Option<Timestamp>| {
                if let Some(at) = at {
                    tags.insert(format!("attribute.{name}"), at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                }
            };
            attribute("expires", object.expires);
            attribute("created", object.created);
            attribute("updated", object.updated);
            attribute("notBefore", object.not_before);
        }
        tags
    }
}

/// One tag, a path into a tag's JSON, or all tags as JSON.
fn tag(tags: &BTreeMap<String, String>, property: &str) -> Result<SecretValue, ProviderError> {
    if property.is_empty() {
        return Ok(json::of_strings(tags).into());
    }
    if let Some(value) = tags.get(property) {
        return Ok(value.as_str().into());
    }
    let nested = property.split_once('.').and_then(|(name, path)| Some((tags.get(name)?, path)));
    let Some((value, path)) = nested else {
        return Err(ProviderError::failed(format!("tag {property} does not exist")));
    };
    let whole = SecretValue::from(value.as_str());
    property::of_value(&whole, path, property)
}

/// All tags as keys `<name>_<tag>`; JSON objects of strings are flattened.
fn tag_map(tags: &BTreeMap<String, String>, name: &str, property: &str) -> Result<SecretData, ProviderError> {
    let mut found = SecretData::new();
    if !property.is_empty() {
        let value = tag(tags, property)?;
        let flat = value.text().and_then(json::object_of_strings).is_some();
        found.insert(format!("{name}_{property}"), if flat { SecretValue::default() } else { value });
        return Ok(found);
    }
    for (tag, value) in tags {
        match json::object_of_strings(value) {
            Some(members) => {
                for (member, value) in members {
                    found.insert(format!("{name}_{tag}_{member}"), value.into());
                }
            }
            None => {
                found.insert(format!("{name}_{tag}"), value.as_str().into());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_into_type_and_name_and_the_rest_is_dropped() {
        let check = |key: &str, expect: Result<(ObjectKind, &str), &str>| {
            let expect = expect.map_err(|text| ProviderError::failed(text.to_owned()));
            assert_eq!(kind_and_name(key), expect, "{key}");
        };
        check("a", Ok((ObjectKind::Secret, "a")));
        check("secret/a/b", Ok((ObjectKind::Secret, "a")));
        check("cert/a", Ok((ObjectKind::Certificate, "a")));
        check("key/a", Ok((ObjectKind::Key, "a")));
        for bad in ["/a", "blob/a", "Secret/a"] {
            check(bad, Err("unknown Azure Keyvault object Type for a"));
        }
    }
}
