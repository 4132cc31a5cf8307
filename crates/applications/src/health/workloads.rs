//! Pods and what makes pods.

use serde_json::Value;

use super::{Health, HealthStatus};
use crate::object::{at, condition, number, text};

use HealthStatus::{Degraded, Healthy, Progressing, Suspended, Unknown};

fn replicas(object: &Value) -> i64 {
    at(object, &["spec", "replicas"]).and_then(Value::as_i64).unwrap_or(1)
}

fn is_observed(object: &Value) -> bool {
    number(object, &["metadata", "generation"]) <= number(object, &["status", "observedGeneration"])
}

fn waiting(what: &str, have: i64, want: i64) -> Health {
    Health::new(Progressing, format!("Waiting for rollout to finish: {have} of {want} {what}"))
}

pub(super) fn deployment(object: &Value) -> Health {
    if at(object, &["spec", "paused"]).and_then(Value::as_bool) == Some(true) {
        return Health::new(Suspended, "Deployment is paused");
    }
    if !is_observed(object) {
        return Health::new(
            Progressing,
            "Waiting for rollout to finish: observed deployment generation less than desired generation",
        );
    }
    if condition(object, "Progressing")
        .is_some_and(|condition| text(condition, &["reason"]) == "ProgressDeadlineExceeded")
    {
        let name = text(object, &["metadata", "name"]);
        return Health::new(Degraded, format!("Deployment {name:?} exceeded its progress deadline"));
    }
    let want = replicas(object);
    let updated = number(object, &["status", "updatedReplicas"]);
    let total = number(object, &["status", "replicas"]);
    let available = number(object, &["status", "availableReplicas"]);
    if updated < want {
        waiting("new replicas have been updated", updated, want)
    } else if total > updated {
        Health::new(
            Progressing,
            format!(
                "Waiting for rollout to finish: {} old replicas are pending termination",
                total - updated
            ),
        )
    } else if available < updated {
        waiting("updated replicas are available", available, updated)
    } else {
        Health::new(Healthy, "")
    }
}

pub(super) fn stateful_set(object: &Value) -> Health {
    if !is_observed(object) || number(object, &["status", "observedGeneration"]) == 0 {
        return Health::new(Progressing, "Waiting for statefulset spec update to be observed");
    }
    let want = replicas(object);
    let ready = number(object, &["status", "readyReplicas"]);
    if ready < want {
        return Health::new(Progressing, format!("Waiting for {} pods to be ready", want - ready));
    }
    let strategy = text(object, &["spec", "updateStrategy", "type"]);
    if strategy == "OnDelete" {
        return Health::new(Healthy, "");
    }
    let partition = number(object, &["spec", "updateStrategy", "rollingUpdate", "partition"]);
    let updated = number(object, &["status", "updatedReplicas"]);
    if partition > 0 {
        let new = want - partition;
        return if updated < new {
            waiting("new pods have been updated", updated, new)
        } else {
            Health::new(Healthy, "")
        };
    }
    let (current, update) =
        (text(object, &["status", "currentRevision"]), text(object, &["status", "updateRevision"]));
    if current != update {
        return Health::new(
            Progressing,
            format!("waiting for statefulset rolling update to complete {updated} pods at revision {update}"),
        );
    }
    Health::new(Healthy, "")
}

pub(super) fn daemon_set(object: &Value) -> Health {
    if !is_observed(object) {
        return Health::new(
            Progressing,
            "Waiting for rollout to finish: observed daemon set generation less than desired generation",
        );
    }
    if text(object, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return Health::new(Healthy, "");
    }
    let want = number(object, &["status", "desiredNumberScheduled"]);
    let updated = number(object, &["status", "updatedNumberScheduled"]);
    let available = number(object, &["status", "numberAvailable"]);
    if updated < want {
        waiting("new pods have been updated", updated, want)
    } else if available < want {
        waiting("updated pods are available", available, want)
    } else {
        Health::new(Healthy, "")
    }
}

pub(super) fn replica_set(object: &Value) -> Health {
    if !is_observed(object) {
        return Health::new(
            Progressing,
            "Waiting for rollout to finish: observed replica set generation less than desired generation",
        );
    }
    if let Some(failure) = condition(object, "ReplicaFailure")
        && text(failure, &["status"]) == "True"
    {
        return Health::new(Degraded, text(failure, &["message"]));
    }
    let (available, want) = (number(object, &["status", "availableReplicas"]), replicas(object));
    if available < want {
        waiting("new replicas are available", available, want)
    } else {
        Health::new(Healthy, "")
    }
}

pub(super) fn pod(object: &Value) -> Health {
    let statuses = |field: &str| {
        at(object, &["status", field]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    };
    let always = matches!(text(object, &["spec", "restartPolicy"]), "Always" | "");
    if always {
        let stuck = statuses("initContainerStatuses").iter().chain(statuses("containerStatuses")).find_map(
            |status| {
                let waiting = at(status, &["state", "waiting"])?;
                let reason = text(waiting, &["reason"]);
                let bad =
                    reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff");
                bad.then(|| text(waiting, &["message"]).to_owned())
            },
        );
        if let Some(message) = stuck {
            return Health::new(Degraded, message);
        }
    }
    let message = text(object, &["status", "message"]).to_owned();
    match text(object, &["status", "phase"]) {
        "Pending" => Health::new(Progressing, message),
        "Succeeded" => Health::new(Healthy, message),
        "Failed" => Health::new(Degraded, message),
        "Running" if always => {
            let ready = condition(object, "Ready").is_some_and(|ready| text(ready, &["status"]) == "True");
            if ready {
                return Health::new(Healthy, message);
            }
            let restarted = statuses("containerStatuses")
                .iter()
                .any(|status| at(status, &["lastState", "terminated"]).is_some());
            Health::new(if restarted { Degraded } else { Progressing }, message)
        }
        "Running" => Health::new(Progressing, message),
        _ => Health::new(Unknown, message),
    }
}

pub(super) fn job(object: &Value) -> Health {
    let is_true =
        |kind: &str| condition(object, kind).filter(|condition| text(condition, &["status"]) == "True");
    if let Some(failed) = is_true("Failed") {
        Health::new(Degraded, text(failed, &["message"]))
    } else if let Some(complete) = is_true("Complete") {
        Health::new(Healthy, text(complete, &["message"]))
    } else if is_true("Suspended").is_some() {
        Health::new(Suspended, "Job is suspended")
    } else {
        Health::new(Progressing, "")
    }
}
