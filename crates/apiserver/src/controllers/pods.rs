//! Pods without nodes: what admission adds to them, and the mode in which they pretend to run.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::object::time;
use crate::server::Server;
use crate::status::{Answer, Status};
use crate::store::{Change, Event};
use crate::verbs::{Call, system_write};

/// Gives a new Pod its ServiceAccount, and lets the webhooks change it.
pub(super) fn admit(call: &Call<'_>, pod: &mut Value) -> Answer<()> {
    let namespace = &call.place.namespace;
    let named = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default().to_owned();
    let name = if named.is_empty() { "default".to_owned() } else { named };
    pod["spec"]["serviceAccountName"] = name.as_str().into();
    pod["spec"]["serviceAccount"] = name.as_str().into();
    let account = call
        .server
        .store
        .get("/serviceaccounts", &format!("{namespace}/{name}"))
        .map(|object| object.value());
    for mutator in &call.server.controllers.mutators {
        mutator.mutate(pod, account.as_ref(), namespace).map_err(|why| {
            let pod_name = pod["metadata"]["name"].as_str().unwrap_or_default();
            Status::forbidden("", "pods", pod_name, &why)
        })?;
    }
    Ok(())
}

/// A Pod that is on no node goes at once; one on a node takes its time.
pub(super) fn grace_period(pod: &Value, asked: Option<i64>) -> i64 {
    let on_node = !pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if !on_node || ended {
        return 0;
    }
    asked.or_else(|| pod["spec"]["terminationGracePeriodSeconds"].as_i64()).unwrap_or(30).max(0)
}

/// In the mode that runs Pods, a new one is Running and Ready.
pub(super) fn look(server: &Arc<Server>, event: &Event) {
    if !server.controllers.runs || event.change != Change::Added {
        return;
    }
    let Some(system) = super::system(server, "", "pods") else { return };
    let now = time::write(server.now());
    system_write(system, &event.object.key, |old| {
        let mut new = old?.clone();
        let containers = new["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let statuses: Vec<Value> = containers
            .iter()
            .map(|container| {
                json!({
                    "name": container["name"],
                    "image": container["image"],
                    "imageID": "",
                    "ready": true,
                    "started": true,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": now}},
                })
            })
            .collect();
        let conditions: Vec<Value> =
            ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
                .iter()
                .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": now}))
                .collect();
        new["status"]["phase"] = "Running".into();
        new["status"]["startTime"] = now.as_str().into();
        new["status"]["conditions"] = conditions.into();
        new["status"]["containerStatuses"] = statuses.into();
        Some(new)
    });
}
