//! `fake`: values that stand in the store itself, for tests and first steps.

use super::{Opened, Provider, ProviderError, Validation, property};
use crate::api::external_secret::{Find, RemoteRef};
use crate::api::or_default;
use crate::value::{self, SecretData, SecretValue};
use futures::FutureExt;
use futures::future::BoxFuture;
use gangplank_template::pipeline;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    #[serde(deserialize_with = "or_default")]
    data: Vec<Entry>,
    validation_result: Option<u8>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    key: String,
    #[serde(deserialize_with = "or_default")]
    value: String,
    #[serde(deserialize_with = "or_default")]
    version: String,
}

pub(super) fn open(config: &Value) -> Result<Opened, ProviderError> {
    let config: Config = serde_json::from_value(config.clone())
        .map_err(|error| ProviderError::failed(format!("invalid fake provider: {error}")))?;
    Ok(Opened::Provider(Arc::new(Fake(config))))
}

struct Fake(Config);

impl Fake {
    fn value(&self, reference: &RemoteRef) -> Result<SecretValue, ProviderError> {
        let entry = self
            .0
            .data
            .iter()
            .rev()
            .find(|entry| entry.key == reference.key && entry.version == reference.version);
        let entry = entry.ok_or(ProviderError::Missing)?;
        property::of_value(&SecretValue::from(entry.value.as_str()), &reference.property, &reference.key)
    }
}

impl Provider for Fake {
    fn get<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretValue, ProviderError>> {
        async move { self.value(reference) }.boxed()
    }

    fn get_map<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretData, ProviderError>> {
        async move {
            let value = self.value(reference)?;
            let members = pipeline::json_object(value.expose())
                .map_err(|error| ProviderError::failed(error.to_string()))?;
            Ok(value::secret(members))
        }
        .boxed()
    }

    fn find<'a>(&'a self, find: &'a Find) -> BoxFuture<'a, Result<SecretData, ProviderError>> {
        async move {
            let Some(name) = &find.name else { return Ok(SecretData::new()) };
            let pattern = super::pattern(&name.regexp)?;
            let fitting = self.0.data.iter().filter(|entry| pattern.is_match(&entry.key));
            Ok(fitting.map(|entry| (entry.key.clone(), SecretValue::from(entry.value.as_str()))).collect())
        }
        .boxed()
    }

    fn validate(&self) -> BoxFuture<'_, Result<Validation, ProviderError>> {
        async {
            match self.0.validation_result {
                None | Some(0) => Ok(Validation::Ready),
                Some(1) => Ok(Validation::Unknown("the fake store says so".to_owned())),
                Some(_) => Err(ProviderError::failed("the fake store says so")),
            }
        }
        .boxed()
    }
}
