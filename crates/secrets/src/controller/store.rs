//! One store: can its provider be opened, does it validate, and what does its status say.

use super::index::Store;
use super::meters::Metered;
use super::queue::Name;
use super::worker::Next;
use super::write::is_conflict;
use super::{Context, api_text, stamp};
use crate::api;
use crate::api::condition::Condition;
use crate::api::store::{StoreKind, StoreStatus};
use crate::provider::{self, Opened, Opening, ProviderError, Validation};
use gangplank_runtime::EventType;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Api, Patch, PatchParams};
use kube::core::DynamicObject;
use serde_json::json;
use std::time::Duration;

/// The time between two checks where stores are many.
const CHECK_SPACING: Duration = Duration::from_millis(200);

/// What a store turned out to be.
struct Verdict {
    ready: bool,
    reason: &'static str,
    message: &'static str,
    /// What the event says.
    note: String,
}

/// Reconciles one store.
pub(crate) async fn reconcile(context: &Context, name: &Name) -> Next {
    let Some(text) = context.index().store(name) else { return Next::After(None) };
    let kind = if name.namespace.is_empty() { StoreKind::ClusterSecretStore } else { StoreKind::SecretStore };
    let store = match text.read::<Store>() {
        Ok(store) => store,
        Err(error) => {
            tracing::warn!(store = %name.name, %error, "a store can't be read");
            return Next::After(None);
        }
    };
    if !context.serves(&store) || store.metadata.deletion_timestamp.is_some() {
        return Next::After(None);
    }
    let verdict = judge(context, kind, name, &store).await;
    let written = write(context, kind, name, &store, &verdict).await;
    if let Err(next) = written {
        return next;
    }
    if verdict.ready { Next::After(Some(interval(context, &store))) } else { Next::Retry(None) }
}

fn interval(context: &Context, store: &Store) -> Duration {
    let own = store.spec.refresh_interval.as_ref().and_then(|interval| interval.read().ok()).flatten();
    let spread = CHECK_SPACING * u32::try_from(context.index().store_count()).unwrap_or(u32::MAX);
    own.unwrap_or(context.options().store_interval.max(spread))
}

async fn judge(context: &Context, kind: StoreKind, name: &Name, store: &Store) -> Verdict {
    let valid = || Verdict {
        ready: true,
        reason: "Valid",
        message: "store validated",
        note: "store validated".to_owned(),
    };
    let invalid = |message: &'static str, error: &ProviderError| Verdict {
        ready: false,
        reason: "InvalidProviderConfig",
        message,
        note: error.text().to_owned(),
    };
    if let Some(Err(error)) = store.spec.refresh_interval.as_ref().map(|interval| interval.read()) {
        return invalid(
            "unable to validate store",
            &ProviderError::failed(format!("spec.refreshInterval: {error}")),
        );
    }
    let namespace = Some(name.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let opening = Opening { kind, spec: &store.spec, namespace, proven: false };
    let provider = match provider::open(context, &opening).await {
        Ok(Opened::Provider(provider)) => provider,
        Ok(Opened::Referent) => return valid(),
        Err(error) => return invalid("unable to create client", &error),
    };
    match provider.validate().await {
        Ok(Validation::Ready) => valid(),
        Ok(Validation::Unknown(note)) => Verdict {
            ready: true,
            reason: "ValidationUnknown",
            message: "could not determine validation status",
            note,
        },
        Err(error) => invalid("unable to validate store", &error),
    }
}

/// Writes status and event, where something changed.
async fn write(
    context: &Context,
    kind: StoreKind,
    name: &Name,
    store: &Store,
    verdict: &Verdict,
) -> Result<(), Next> {
    let former = store.status.clone().unwrap_or_default();
    let now = stamp(Timestamp::now());
    let condition =
        Condition::ready(&former.conditions, &now, verdict.ready, verdict.reason, verdict.message);
    let metered = match kind {
        StoreKind::SecretStore => Metered::SecretStore,
        StoreKind::ClusterSecretStore => Metered::ClusterSecretStore,
    };
    context.meters().condition(metered, &name.namespace, &name.name, &condition);
    // A store that turns not Ready keeps its capabilities.
    let capabilities = if verdict.ready { Some("ReadWrite".to_owned()) } else { former.capabilities.clone() };
    let status = StoreStatus { conditions: vec![condition], capabilities };
    let changed = status != former;
    if changed || !verdict.ready {
        let event = if verdict.ready { EventType::Normal } else { EventType::Warning };
        context.event(reference(kind, name, store), event, verdict.reason, verdict.note.clone());
    }
    if !changed {
        return Ok(());
    }
    let resource = api::resource(kind.as_str());
    let client = context.client().clone();
    let api: Api<DynamicObject> = match kind {
        StoreKind::SecretStore => Api::namespaced_with(client, &name.namespace, &resource),
        StoreKind::ClusterSecretStore => Api::all_with(client, &resource),
    };
    // The uid guards against a store that was deleted and made again meanwhile.
    let patch = json!({ "metadata": { "uid": store.metadata.uid }, "status": status });
    match api.patch_status(&name.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(written) => {
            super::watch::store_written(context, &written);
            Ok(())
        }
        Err(error) if super::write::is_not_found(&error) => Err(Next::After(None)),
        Err(error) if is_conflict(&error) => Err(Next::Again),
        Err(error) => {
            tracing::warn!(store = %name.name, error = %api_text(&error), "status not written");
            Err(Next::Retry(None))
        }
    }
}

fn reference(kind: StoreKind, name: &Name, store: &Store) -> ObjectReference {
    ObjectReference {
        api_version: Some(api::API_VERSION.to_owned()),
        kind: Some(kind.to_string()),
        namespace: Some(name.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        name: Some(name.name.clone()),
        uid: store.metadata.uid.clone(),
        resource_version: store.metadata.resource_version.clone(),
        ..ObjectReference::default()
    }
}
