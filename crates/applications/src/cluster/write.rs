//! The writes of a sync: server-side apply, replace, delete.

use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use serde_json::Value;

use super::kinds::Kind;
use super::migration::migration;
use super::{explain, to_value};
use crate::FIELD_MANAGER;
use crate::annotations::Effective;
use crate::object::{ObjectKey, text};

/// What a write left in the cluster.
#[derive(Debug)]
pub(crate) struct Applied {
    /// For people: `configmap/a serverside-applied`.
    pub(crate) message: String,
    /// The object as it is now.
    pub(crate) object: Value,
}

/// Returns what an apply would make of the object, without doing it.
pub(crate) async fn dry_run(client: &Client, kind: &Kind, target: &Value) -> Result<Value, kube::Error> {
    let key = ObjectKey::of(target);
    let parameters = PatchParams { dry_run: true, ..PatchParams::apply(FIELD_MANAGER).force() };
    let object =
        kind.api(client, &key.namespace).patch(&key.name, &parameters, &Patch::Apply(target)).await?;
    Ok(to_value(object))
}

/// Applies an object as its options say. The error is what the API server said.
pub(crate) async fn apply(
    client: &Client,
    kind: &Kind,
    target: &Value,
    live: Option<&Value>,
    options: &Effective<'_>,
) -> Result<Applied, String> {
    let outcome = if options.is("Replace", "true") {
        replace(client, kind, target, live).await
    } else {
        if !options.is("ClientSideApplyMigration", "false")
            && let Some(patch) = live.and_then(migration)
        {
            migrate(client, kind, &ObjectKey::of(target), &patch).await;
        }
        server_side(client, kind, target).await
    };
    match outcome {
        Ok(applied) => Ok(applied),
        Err(kube::Error::Api(status)) if options.is("Force", "true") && matches!(status.code, 409 | 422) => {
            recreate(client, kind, target).await.map_err(|error| explain(&error))
        }
        Err(error) => Err(explain(&error)),
    }
}

/// Makes an adopted object's fields ours. Where that fails the object is applied all the same, and keeps what it has.
async fn migrate(client: &Client, kind: &Kind, key: &ObjectKey, patch: &Value) {
    let api = kind.api(client, &key.namespace);
    if let Err(error) = api.patch(&key.name, &PatchParams::default(), &Patch::Merge(patch)).await {
        tracing::info!(object = %key, error = explain(&error), "fields of client-side apply not migrated");
    }
}

async fn server_side(client: &Client, kind: &Kind, target: &Value) -> Result<Applied, kube::Error> {
    let key = ObjectKey::of(target);
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let object =
        kind.api(client, &key.namespace).patch(&key.name, &parameters, &Patch::Apply(target)).await?;
    Ok(done(kind, &key, "serverside-applied", to_value(object)))
}

async fn replace(
    client: &Client,
    kind: &Kind,
    target: &Value,
    live: Option<&Value>,
) -> Result<Applied, kube::Error> {
    let key = ObjectKey::of(target);
    let api = kind.api(client, &key.namespace);
    let mut target = target.clone();
    let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    let Some(live) = live else {
        let object = api.create(&parameters, &decode(&target)?).await?;
        return Ok(done(kind, &key, "created", to_value(object)));
    };
    if let Some(metadata) = target.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".to_owned(), text(live, &["metadata", "resourceVersion"]).into());
    }
    let object = api.replace(&key.name, &parameters, &decode(&target)?).await?;
    Ok(done(kind, &key, "replaced", to_value(object)))
}

async fn recreate(client: &Client, kind: &Kind, target: &Value) -> Result<Applied, kube::Error> {
    let key = ObjectKey::of(target);
    let api = kind.api(client, &key.namespace);
    delete_one(client, kind, &key, None, PropagationPolicy::Foreground).await?;
    let parameters = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
    let object = api.create(&parameters, &decode(target)?).await?;
    Ok(done(kind, &key, "recreated", to_value(object)))
}

fn decode(target: &Value) -> Result<kube::api::DynamicObject, kube::Error> {
    serde_json::from_value(target.clone()).map_err(kube::Error::SerdeError)
}

fn done(kind: &Kind, key: &ObjectKey, verb: &str, object: Value) -> Applied {
    let group = if key.group.is_empty() { String::new() } else { format!(".{}", key.group) };
    Applied {
        message: format!("{}{group}/{} {verb}", key.kind.to_lowercase(), key.name),
        object: with_type(kind, object),
    }
}

fn with_type(kind: &Kind, mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.entry("apiVersion").or_insert_with(|| kind.resource.api_version.clone().into());
        map.entry("kind").or_insert_with(|| kind.resource.kind.clone().into());
    }
    object
}

/// Deletes an object if it still is the one that was seen; absence is success.
pub(crate) async fn delete(
    client: &Client,
    kind: &Kind,
    key: &ObjectKey,
    uid: Option<&str>,
    propagation: PropagationPolicy,
) -> Result<(), String> {
    delete_one(client, kind, key, uid, propagation).await.map_err(|error| explain(&error))
}

async fn delete_one(
    client: &Client,
    kind: &Kind,
    key: &ObjectKey,
    uid: Option<&str>,
    propagation: PropagationPolicy,
) -> Result<(), kube::Error> {
    let parameters = DeleteParams {
        propagation_policy: Some(propagation),
        preconditions: uid.map(|uid| Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
        ..DeleteParams::default()
    };
    match kind.api(client, &key.namespace).delete(&key.name, &parameters).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}
