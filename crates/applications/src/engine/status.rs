//! The status of an Application, as people and tools read it. Pure.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::application::Application;
use super::observe::{Condition, Observed};
use super::operation::OperationState;
use crate::health::{Health, HealthStatus, worst};
use crate::object::{at, text};

/// `Synced`, `OutOfSync` or `Unknown`.
pub(crate) fn sync_status(observed: &Observed) -> &'static str {
    if observed.has_fatal() {
        "Unknown"
    } else if observed.compared.iter().any(super::observe::Compared::differs) {
        "OutOfSync"
    } else {
        "Synced"
    }
}

/// The health of the whole; what it was where it can't be told now.
pub(crate) fn application_health(application: &Application, observed: &Observed) -> Health {
    if observed.has_fatal() {
        // Upstream keeps saying Healthy here; that a broken Application looks well has cost people their nights.
        return Health::new(HealthStatus::Unknown, "see conditions");
    }
    let is_self = |key: &crate::object::ObjectKey| {
        key.kind == "Application" && key.name == application.name && key.namespace == application.namespace
    };
    let parts = observed
        .compared
        .iter()
        .filter(|one| !one.hook && one.target.is_some() && !is_self(&one.key))
        .filter_map(|one| one.health.as_ref().map(|health| health.status));
    Health::new(worst(parts), "")
}

/// Builds the status anew from what was seen; times of what did not change are kept.
pub(crate) fn build(
    application: &Application,
    observed: &Observed,
    operation: Option<&OperationState>,
    errors: &[Condition],
    controller_namespace: &str,
    now: Timestamp,
) -> Value {
    let before = application.object.get("status").cloned().unwrap_or(Value::Null);
    let mut status = before.as_object().cloned().unwrap_or_default();
    let fatal = observed.has_fatal();
    let health = application_health(application, observed);
    let mut health_value = json!({"status": health.status.as_str()});
    if !health.message.is_empty() {
        health_value["message"] = health.message.clone().into();
    }
    let same_health = text(&before, &["health", "status"]) == health.status.as_str();
    let since = at(&before, &["health", "lastTransitionTime"]).filter(|_| same_health).cloned();
    health_value["lastTransitionTime"] = since.unwrap_or_else(|| seconds(now));
    status.insert("health".to_owned(), health_value);
    let spec = application.spec.as_ref().ok();
    let compared_to =
        spec.map_or(Value::Null, |spec| json!({"source": spec.source, "destination": spec.destination}));
    let revision =
        if observed.revision.is_empty() { text(&before, &["sync", "revision"]) } else { &observed.revision };
    status.insert(
        "sync".to_owned(),
        json!({"status": sync_status(observed), "revision": revision, "comparedTo": compared_to}),
    );
    if !fatal {
        status.insert("resources".to_owned(), resources(observed));
    }
    if !observed.source_type.is_empty() {
        status.insert("sourceType".to_owned(), observed.source_type.into());
    }
    status.insert("conditions".to_owned(), conditions(&before, observed, errors, now));
    status.insert("controllerNamespace".to_owned(), controller_namespace.into());
    if !fatal {
        status.insert("summary".to_owned(), summary(observed));
    }
    if let Some(operation) = operation {
        status.insert("operationState".to_owned(), serde_json::to_value(operation).unwrap_or(Value::Null));
    }
    let unchanged = before.as_object().is_some_and(|before| *before == status);
    if !unchanged {
        status.insert("reconciledAt".to_owned(), seconds(now));
    }
    Value::Object(status)
}

/// Adds a finished sync to the history, the oldest beyond the limit leaving.
pub(crate) fn add_history(status: &mut Value, operation: &OperationState, limit: usize) {
    let Some(result) = &operation.sync_result else { return };
    let Some(status) = status.as_object_mut() else { return };
    let history = status.entry("history").or_insert_with(|| json!([]));
    let Some(history) = history.as_array_mut() else { return };
    let id = history.last().and_then(|entry| entry["id"].as_i64()).map_or(0, |id| id + 1);
    history.push(json!({
        "id": id,
        "revision": result.revision,
        "deployStartedAt": seconds(operation.started_at),
        "deployedAt": operation.finished_at.map_or(Value::Null, seconds),
        "source": result.source,
        "initiatedBy": operation.operation.initiated_by,
    }));
    let excess = history.len().saturating_sub(limit);
    history.drain(..excess);
}

/// A time as Kubernetes writes it: whole seconds, UTC.
pub(crate) fn seconds(time: Timestamp) -> Value {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

fn resources(observed: &Observed) -> Value {
    let mut listed: Vec<&super::observe::Compared> = observed.compared.iter().collect();
    listed.sort_by(|a, b| a.key.cmp(&b.key));
    listed
        .into_iter()
        .map(|one| {
            let mut entry = Map::new();
            let mut put = |name: &str, value: &str| {
                if !value.is_empty() {
                    entry.insert(name.to_owned(), value.into());
                }
            };
            put("group", &one.key.group);
            put("version", &one.version);
            put("kind", &one.key.kind);
            put("namespace", &one.key.namespace);
            put("name", &one.key.name);
            if one.hook {
                entry.insert("hook".to_owned(), true.into());
            } else {
                entry.insert("status".to_owned(), if one.same { "Synced" } else { "OutOfSync" }.into());
            }
            if let Some(health) = &one.health {
                let mut value = json!({"status": health.status.as_str()});
                if !health.message.is_empty() {
                    value["message"] = health.message.clone().into();
                }
                entry.insert("health".to_owned(), value);
            }
            if one.requires_pruning() {
                entry.insert("requiresPruning".to_owned(), true.into());
            }
            if one.wave != 0 {
                entry.insert("syncWave".to_owned(), one.wave.into());
            }
            Value::Object(entry)
        })
        .collect()
}

fn conditions(before: &Value, observed: &Observed, errors: &[Condition], now: Timestamp) -> Value {
    let known = at(before, &["conditions"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let all = observed.conditions.iter().chain(errors);
    all.map(|condition| {
        let kind = condition.kind.as_str();
        let same = known
            .iter()
            .find(|known| text(known, &["type"]) == kind && text(known, &["message"]) == condition.message);
        same.cloned().unwrap_or_else(
            || json!({"type": kind, "message": condition.message, "lastTransitionTime": seconds(now)}),
        )
    })
    .collect()
}

fn summary(observed: &Observed) -> Value {
    let mut images = std::collections::BTreeSet::new();
    for live in observed.compared.iter().filter_map(|one| one.live.as_ref()) {
        for list in ["containers", "initContainers"] {
            let containers = live.pointer(&format!("/spec/template/spec/{list}")).and_then(Value::as_array);
            images.extend(
                containers.into_iter().flatten().map(|container| text(container, &["image"]).to_owned()),
            );
        }
    }
    images.remove("");
    if images.is_empty() { json!({}) } else { json!({"images": images}) }
}
