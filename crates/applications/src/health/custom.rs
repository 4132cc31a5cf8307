//! Everything that is not a workload.

use serde_json::Value;

use super::{Health, HealthStatus};
use crate::object::{at, condition, text};

use HealthStatus::{Degraded, Healthy, Progressing, Unknown};

pub(super) fn claim(object: &Value) -> Health {
    match text(object, &["status", "phase"]) {
        "Bound" => Health::new(Healthy, ""),
        "Pending" | "" => Health::new(Progressing, ""),
        "Lost" => Health::new(Degraded, ""),
        _ => Health::new(Unknown, ""),
    }
}

fn has_load_balancer(object: &Value) -> bool {
    let ingress = at(object, &["status", "loadBalancer", "ingress"]);
    ingress.and_then(Value::as_array).is_some_and(|ingress| !ingress.is_empty())
}

pub(super) fn service(object: &Value) -> Option<Health> {
    if text(object, &["spec", "type"]) != "LoadBalancer" {
        return Some(Health::new(Healthy, ""));
    }
    Some(Health::new(if has_load_balancer(object) { Healthy } else { Progressing }, ""))
}

pub(super) fn ingress(object: &Value) -> Health {
    Health::new(if has_load_balancer(object) { Healthy } else { Progressing }, "")
}

pub(super) fn api_service(object: &Value) -> Health {
    match condition(object, "Available") {
        Some(available) => {
            let message = format!("{}: {}", text(available, &["reason"]), text(available, &["message"]));
            Health::new(if text(available, &["status"]) == "True" { Healthy } else { Progressing }, message)
        }
        None => Health::new(Progressing, "Waiting to be processed"),
    }
}

pub(super) fn autoscaler(object: &Value) -> Health {
    for (kind, bad) in [("AbleToScale", "False"), ("ScalingActive", "False")] {
        if let Some(failing) = condition(object, kind)
            && text(failing, &["status"]) == bad
            && matches!(
                text(failing, &["reason"]),
                "FailedGetScale" | "FailedUpdateScale" | "FailedGetResourceMetric" | "InvalidSelector"
            )
        {
            return Health::new(Degraded, text(failing, &["message"]));
        }
    }
    match condition(object, "AbleToScale") {
        Some(able) if text(able, &["status"]) == "True" => Health::new(Healthy, text(able, &["message"])),
        _ => Health::new(Progressing, "Waiting to Autoscale"),
    }
}

pub(super) fn definition(object: &Value) -> Health {
    let is = |kind: &str, status: &str| {
        condition(object, kind).filter(|condition| text(condition, &["status"]) == status)
    };
    if let Some(conflict) = is("NamesAccepted", "False").or_else(|| is("NonStructuralSchema", "True")) {
        Health::new(Degraded, text(conflict, &["message"]))
    } else if is("Established", "True").is_some() {
        Health::new(Healthy, "CRD is healthy")
    } else {
        Health::new(Progressing, "CRD is not established yet")
    }
}

/// The rule of External Secrets' and cert-manager's kinds: the condition `Ready` says it.
pub(super) fn by_ready(object: &Value) -> Health {
    match condition(object, "Ready") {
        Some(ready) => match text(ready, &["status"]) {
            "True" => Health::new(Healthy, text(ready, &["message"])),
            "False" => Health::new(Degraded, text(ready, &["message"])),
            _ => Health::new(Progressing, text(ready, &["message"])),
        },
        None => Health::new(Progressing, format!("Waiting for {} to become ready", text(object, &["kind"]))),
    }
}

/// An Application within an Application: its own health, so that waves of Applications gate.
pub(super) fn application(object: &Value) -> Health {
    let status = HealthStatus::parse(text(object, &["status", "health", "status"]));
    Health::new(status.unwrap_or(Progressing), text(object, &["status", "health", "message"]))
}
