//! Reads what `templateFrom` refers to.

use super::{Context, api_text};
use crate::api::external_secret::Template;
use crate::decide::content::{Sources, references};
use crate::decide::secret::values;
use crate::value::{SecretData, SecretValue};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::Api;

/// Reads each ConfigMap and Secret once. What can't be read is kept as its error, which counts when it is its turn.
pub(crate) async fn sources(context: &Context, namespace: &str, template: &Template) -> Sources {
    let (config_maps, secrets) = references(template);
    let mut sources = Sources::default();
    for name in config_maps {
        if !sources.config_maps.contains_key(name) {
            let api: Api<ConfigMap> = Api::namespaced(context.client().clone(), namespace);
            let read = api.get(name).await.map_err(|error| api_text(&error));
            sources.config_maps.insert(name.to_owned(), read.map(config_map_values));
        }
    }
    for name in secrets {
        if !sources.secrets.contains_key(name) {
            let api: Api<Secret> = Api::namespaced(context.client().clone(), namespace);
            let read = api.get(name).await.map_err(|error| api_text(&error));
            sources.secrets.insert(name.to_owned(), read.map(|secret| values(&secret)));
        }
    }
    sources
}

/// Texts only: binary data of a ConfigMap is not read.
fn config_map_values(config_map: ConfigMap) -> SecretData {
    let data = config_map.data.unwrap_or_default();
    data.into_iter().map(|(key, value)| (key, SecretValue::from(value))).collect()
}
