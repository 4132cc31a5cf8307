//! The one way in which controllers write: server-side apply under their own name, status only when it changed.

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions, PropagationPolicy};
use kube::discovery::ApiResource;
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thiserror::Error;

/// The name under which a controller owns fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldManager(pub &'static str);

/// Whether a write was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The server was asked and holds the new state.
    Written,
    /// Nothing differed, nothing was sent.
    Unchanged,
}

/// A write that the API server did not take.
#[derive(Debug, Error)]
pub enum EnactError {
    /// Server-side apply failed.
    #[error("failed to apply {object}")]
    Apply {
        /// `Kind namespace/name`.
        object: String,
        /// What the API server or the connection said.
        source: Box<kube::Error>,
    },
    /// The status subresource could not be written.
    #[error("failed to write the status of {object}")]
    Status {
        /// `Kind namespace/name`.
        object: String,
        /// What the API server or the connection said.
        source: Box<kube::Error>,
    },
    /// Deletion failed for a reason other than absence.
    #[error("failed to delete {object}")]
    Delete {
        /// `Kind namespace/name`.
        object: String,
        /// What the API server or the connection said.
        source: Box<kube::Error>,
    },
}

impl EnactError {
    /// The HTTP status of the API server's refusal; none when it was not reached.
    pub fn status_code(&self) -> Option<u16> {
        let (EnactError::Apply { source, .. }
        | EnactError::Status { source, .. }
        | EnactError::Delete { source, .. }) = self;
        match source.as_ref() {
            kube::Error::Api(status) => Some(status.code),
            _ => None,
        }
    }
}

/// Applies `object` by server-side apply and returns what the server then holds.
///
/// Conflicts are taken over (`force`): a controller is the authority on the fields that it sends.
pub async fn apply<K, O>(api: &Api<K>, manager: FieldManager, name: &str, object: &O) -> Result<K, EnactError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
    O: Serialize + std::fmt::Debug,
{
    api.patch(name, &PatchParams::apply(manager.0).force(), &Patch::Apply(object))
        .await
        .map_err(|source| EnactError::Apply { object: describe(api, name), source: Box::new(source) })
}

/// Applies an object whose type is known only at run time; `namespace` is ignored for cluster-scoped kinds (pass none).
pub async fn apply_dynamic(
    client: &Client,
    manager: FieldManager,
    resource: &ApiResource,
    namespace: Option<&str>,
    name: &str,
    object: &Value,
) -> Result<DynamicObject, EnactError> {
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    };
    apply(&api, manager, name, object).await
}

/// Writes `wanted` as the status of `name` when it differs from `current`, by a merge patch of the status subresource.
///
/// Fields that stand in `current` and not in `wanted` are removed. An object that is gone needs no status.
pub async fn update_status<K>(
    api: &Api<K>,
    name: &str,
    current: Option<&Value>,
    wanted: &Value,
) -> Result<Change, EnactError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let empty = json!({});
    let Some(difference) = merge_patch(current.unwrap_or(&empty), wanted) else {
        return Ok(Change::Unchanged);
    };
    let patch = json!({ "status": difference });
    match api.patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => Ok(Change::Written),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Change::Unchanged),
        Err(source) => Err(EnactError::Status { object: describe(api, name), source: Box::new(source) }),
    }
}

/// Deletes `name`, only if it still has `uid` when one is given; absence is success.
pub async fn delete<K>(
    api: &Api<K>,
    name: &str,
    uid: Option<&str>,
    propagation: PropagationPolicy,
) -> Result<Change, EnactError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let parameters = DeleteParams {
        propagation_policy: Some(propagation),
        preconditions: uid.map(|uid| Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
        ..DeleteParams::default()
    };
    match api.delete(name, &parameters).await {
        Ok(_) => Ok(Change::Written),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Change::Unchanged),
        Err(source) => Err(EnactError::Delete { object: describe(api, name), source: Box::new(source) }),
    }
}

fn describe<K: Resource>(api: &Api<K>, name: &str) -> String {
    format!("{}/{name}", api.resource_url().trim_start_matches('/'))
}

/// Returns the JSON merge patch that makes `wanted` of `current`; none when they are equal.
pub fn merge_patch(current: &Value, wanted: &Value) -> Option<Value> {
    let (Value::Object(have), Value::Object(want)) = (current, wanted) else {
        return (current != wanted).then(|| wanted.clone());
    };
    let mut patch = serde_json::Map::new();
    for key in have.keys().filter(|key| !want.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in want {
        match have.get(key) {
            Some(present) => {
                if let Some(difference) = merge_patch(present, value) {
                    patch.insert(key.clone(), difference);
                }
            }
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(current: Value, wanted: Value, expect: Option<Value>) {
        assert_eq!(merge_patch(&current, &wanted), expect);
    }

    #[test]
    fn patch_holds_only_what_differs() {
        check(json!({"a": 1}), json!({"a": 1}), None);
        check(json!({}), json!({"a": {"b": 1}}), Some(json!({"a": {"b": 1}})));
        check(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1}}), Some(json!({"a": {"c": null}})));
        check(json!({"a": [1]}), json!({"a": [1, 2]}), Some(json!({"a": [1, 2]})));
        check(json!({"a": "x"}), json!({"a": {"b": 1}}), Some(json!({"a": {"b": 1}})));
        check(json!({"a": 1}), json!({}), Some(json!({"a": null})));
    }
}
