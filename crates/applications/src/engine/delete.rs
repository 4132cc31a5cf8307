//! The end of an Application: its objects first, the last wave first, then its finalizers.
//!
//! Where the destination is not known any more, its objects can't be reached and are left behind; the Application goes.
//! Where it is known and can't be reached, the Application stays until it can: nothing is lost by a broken network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::PropagationPolicy;
use serde_json::{Value, json};

use super::application::Application;
use super::observe::{Condition, ConditionKind};
use super::{EnactError, Engine, Writer, deletion_options};
use crate::annotations::{Effective, wave};
use crate::cluster::{Kind, KindError, delete, read};
use crate::object::{ObjectKey, is_deleting, text};
use crate::ports::DestinationError;
use gangplank_runtime::EventType;

const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
const FINALIZERS: [&str; 3] =
    [FINALIZER, "pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io"];

/// How long until objects that are on their way out are looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long until a destination that failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(10);

fn is_ours(finalizer: &str) -> bool {
    FINALIZERS.iter().any(|ours| {
        finalizer == *ours || finalizer.strip_prefix(ours).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Deletes what is left of the Application's objects, or lets it go.
pub(super) async fn cascade(engine: &Engine, application: &Application) -> Result<Duration, EnactError> {
    let ours: Vec<&str> =
        application.finalizers().into_iter().filter(|finalizer| is_ours(finalizer)).collect();
    if ours.is_empty() {
        return Ok(engine.options.resync);
    }
    let writer = Writer { engine, application, written: application.object.clone() };
    let cascades = ours.iter().any(|finalizer| finalizer.starts_with(FINALIZER));
    if cascades {
        match remaining(engine, application).await {
            Ok(Remaining::None) => {}
            Ok(Remaining::OnTheirWay) => return Ok(LOOK_AGAIN),
            Ok(Remaining::Unapproved(key)) => {
                let message = format!("waiting for deletion confirmation of {key}");
                return fail(application, writer, &message).await;
            }
            Err(message) => return fail(application, writer, &message).await,
        }
    }
    let kept: Vec<&str> =
        application.finalizers().into_iter().filter(|finalizer| !is_ours(finalizer)).collect();
    let version = text(&application.object, &["metadata", "resourceVersion"]);
    // With the version, so that a finalizer that somebody adds meanwhile is not lost.
    let patch = json!({"metadata": {"finalizers": kept, "resourceVersion": version}});
    writer.patch(&patch).await?;
    Ok(engine.options.resync)
}

async fn fail(
    application: &Application,
    mut writer: Writer<'_>,
    message: &str,
) -> Result<Duration, EnactError> {
    let condition = Condition::new(ConditionKind::DeletionError, message);
    let mut status = application.object.get("status").cloned().unwrap_or_else(|| json!({}));
    let known =
        crate::object::at(&status, &["conditions"]).and_then(Value::as_array).cloned().unwrap_or_default();
    if !known.iter().any(|known| text(known, &["message"]) == message) {
        status["conditions"] = json!([{
            "type": condition.kind.as_str(),
            "message": condition.message,
            "lastTransitionTime": super::status::seconds(Timestamp::now()),
        }]);
        writer.write(status, false).await?;
        writer.event(EventType::Warning, "DeletionError", message).await;
    }
    Ok(TRY_AGAIN)
}

enum Remaining {
    None,
    OnTheirWay,
    Unapproved(ObjectKey),
}

async fn remaining(engine: &Engine, application: &Application) -> Result<Remaining, String> {
    let Ok(spec) = &application.spec else { return Ok(Remaining::None) };
    let destination = match engine.destinations.resolve(&spec.destination.server, &spec.destination.name) {
        Ok(destination) => destination,
        Err(DestinationError::Unresolvable(_)) => return Ok(Remaining::None),
        Err(DestinationError::Unusable(message)) => return Err(message),
    };
    let kinds = engine.kinds(&destination.server);
    let mut known: BTreeMap<ObjectKey, Kind> = BTreeMap::new();
    for (version, key) in application.inventory() {
        let api_version = if key.group.is_empty() { version } else { format!("{}/{version}", key.group) };
        match kinds.get(&destination.client, &api_version, &key.kind).await {
            Ok(kind) => {
                known.insert(key, kind);
            }
            Err(KindError::NotServed) => {}
            Err(KindError::Failed(reason)) => {
                return Err(format!("cluster {} can't be asked: {reason}", destination.server));
            }
        }
    }
    let live = read(&destination.client, &known).await.map_err(|error| error.to_string())?;
    let tracker = application.tracker(&engine.options.namespace, &spec.destination.namespace);
    let options = deletion_options(application);
    let is_self = |key: &ObjectKey| {
        key.kind == "Application" && key.name == application.name && key.namespace == application.namespace
    };
    let doomed: Vec<(&ObjectKey, &Arc<Value>)> = live
        .iter()
        .filter(|(key, object)| tracker.owns(object) && !is_self(key))
        .filter(|(_, object)| !Effective::new(object, &options).is("Delete", "false"))
        .collect();
    let Some(last) = doomed.iter().map(|(_, object)| wave(object)).max() else { return Ok(Remaining::None) };
    let approved = crate::sync::is_approved(&application.object);
    let background = application.finalizers().iter().any(|finalizer| finalizer.ends_with("/background"));
    let propagation =
        || if background { PropagationPolicy::Background } else { PropagationPolicy::Foreground };
    for (key, object) in doomed.into_iter().filter(|(_, object)| wave(object) == last && !is_deleting(object))
    {
        if !approved && Effective::new(object, &options).is("Delete", "confirm") {
            return Ok(Remaining::Unapproved(key.clone()));
        }
        let Some(kind) = known.get(key) else { continue };
        let uid = text(object, &["metadata", "uid"]);
        delete(&destination.client, kind, key, (!uid.is_empty()).then_some(uid), propagation())
            .await
            .map_err(|message| format!("failed to delete {key}: {message}"))?;
    }
    Ok(Remaining::OnTheirWay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_argo_cds_finalizers_are_ours() {
        for (finalizer, expect) in [
            ("resources-finalizer.argocd.argoproj.io", true),
            ("resources-finalizer.argocd.argoproj.io/background", true),
            ("post-delete-finalizer.argocd.argoproj.io/cleanup", true),
            ("resources-finalizer.argocd.argoproj.io.example.com", false),
            ("foregroundDeletion", false),
        ] {
            assert_eq!(is_ours(finalizer), expect, "{finalizer}");
        }
    }
}
