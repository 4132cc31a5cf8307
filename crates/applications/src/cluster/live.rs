//! Reads live objects: one list for many of a kind and namespace, single reads for few.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::{FutureExt, StreamExt, TryStreamExt};
use kube::Client;
use kube::api::ListParams;
use serde_json::Value;
use thiserror::Error;

use super::kinds::Kind;
use super::{explain, to_value};
use crate::object::ObjectKey;

/// From how many objects of a kind and namespace on a list is cheaper.
const LIST_FROM: usize = 4;
/// How many objects a page holds.
const PAGE: u32 = 500;
/// How many reads are under way at once.
const AT_ONCE: usize = 16;

/// Why live objects can't be read.
#[derive(Debug, Error)]
#[error("failed to read {what} from the cluster: {reason}")]
pub(crate) struct LiveError {
    /// Kind and namespace, or the object.
    pub(crate) what: String,
    /// What the API server or the connection said.
    pub(crate) reason: String,
}

/// Reads the live objects of `keys`; those that do not exist are absent from the answer.
pub(crate) async fn read(
    client: &Client,
    keys: &BTreeMap<ObjectKey, Kind>,
) -> Result<BTreeMap<ObjectKey, Arc<Value>>, LiveError> {
    let mut groups: BTreeMap<_, Vec<(&ObjectKey, &Kind)>> = BTreeMap::new();
    for (key, kind) in keys {
        let group = (kind.resource.api_version.clone(), key.kind.clone(), key.namespace.clone());
        groups.entry(group).or_default().push((key, kind));
    }
    // Boxed: the closure's borrowed argument would otherwise have to hold for every lifetime.
    let reads: Vec<_> = groups.into_values().map(|group| read_group(client, group).boxed()).collect();
    let found: Vec<Vec<(ObjectKey, Arc<Value>)>> =
        futures::stream::iter(reads).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn read_group(
    client: &Client,
    group: Vec<(&ObjectKey, &Kind)>,
) -> Result<Vec<(ObjectKey, Arc<Value>)>, LiveError> {
    if group.len() >= LIST_FROM {
        return list(client, &group).await;
    }
    let mut found = Vec::new();
    for (key, kind) in group {
        let read = kind.api(client, &key.namespace).get_opt(&key.name).await;
        let read = read.map_err(|error| LiveError { what: key.to_string(), reason: explain(&error) })?;
        found.extend(read.map(|object| (key.clone(), Arc::new(to_value(object)))));
    }
    Ok(found)
}

async fn list(
    client: &Client,
    group: &[(&ObjectKey, &Kind)],
) -> Result<Vec<(ObjectKey, Arc<Value>)>, LiveError> {
    let Some((first, kind)) = group.first() else { return Ok(Vec::new()) };
    let wanted: HashSet<&str> = group.iter().map(|(key, _)| key.name.as_str()).collect();
    let api = kind.api(client, &first.namespace);
    let mut found = Vec::new();
    let mut parameters = ListParams::default().limit(PAGE);
    loop {
        let page = api.list(&parameters).await.map_err(|error| LiveError {
            what: format!("{} in {:?}", kind.resource.plural, first.namespace),
            reason: explain(&error),
        })?;
        for mut object in page.items {
            let Some(name) = object.metadata.name.clone() else { continue };
            if wanted.contains(name.as_str()) {
                // Items of a list may come without their type.
                object.types.get_or_insert_with(|| kube::api::TypeMeta {
                    api_version: kind.resource.api_version.clone(),
                    kind: kind.resource.kind.clone(),
                });
                found.push((ObjectKey { name, ..(*first).clone() }, Arc::new(to_value(object))));
            }
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters = parameters.continue_token(&token),
            None => return Ok(found),
        }
    }
}
