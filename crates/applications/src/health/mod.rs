//! The health of an object, told from the object alone, as Argo CD tells it.

mod custom;
mod workloads;

use serde_json::Value;

use crate::annotations::{HOOK, IGNORE_HEALTH};
use crate::object::{annotation, group_version, is_deleting, text};

/// Health, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// As it should be.
    Healthy,
    /// Stopped on purpose.
    Suspended,
    /// On its way.
    Progressing,
    /// Not there.
    Missing,
    /// Failed, or stuck.
    Degraded,
    /// Can't be told.
    Unknown,
}

impl HealthStatus {
    /// Its name in the status.
    pub fn as_str(self) -> &'static str {
        match self {
            HealthStatus::Healthy => "Healthy",
            HealthStatus::Suspended => "Suspended",
            HealthStatus::Progressing => "Progressing",
            HealthStatus::Missing => "Missing",
            HealthStatus::Degraded => "Degraded",
            HealthStatus::Unknown => "Unknown",
        }
    }

    /// Reads its name.
    pub fn parse(text: &str) -> Option<HealthStatus> {
        use HealthStatus::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};
        [Healthy, Suspended, Progressing, Missing, Degraded, Unknown]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// Health with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The status.
    pub status: HealthStatus,
    /// Why; may be empty.
    pub message: String,
}

impl Health {
    /// Joins status and reason.
    pub fn new(status: HealthStatus, message: impl Into<String>) -> Health {
        Health { status, message: message.into() }
    }
}

/// Returns the health of a live object; none for kinds that have no health, such as a ConfigMap.
pub fn health(object: &Value) -> Option<Health> {
    if annotation(object, IGNORE_HEALTH) == Some("true") {
        return None;
    }
    let (group, _) = group_version(object);
    let kind = text(object, &["kind"]);
    if is_deleting(object) && annotation(object, HOOK).is_none_or(str::is_empty) {
        return Some(Health::new(HealthStatus::Progressing, "Pending deletion"));
    }
    match (group, kind) {
        ("apps", "Deployment") => Some(workloads::deployment(object)),
        ("apps", "StatefulSet") => Some(workloads::stateful_set(object)),
        ("apps", "DaemonSet") => Some(workloads::daemon_set(object)),
        ("apps", "ReplicaSet") => Some(workloads::replica_set(object)),
        ("", "Pod") => Some(workloads::pod(object)),
        ("batch", "Job") => Some(workloads::job(object)),
        ("", "PersistentVolumeClaim") => Some(custom::claim(object)),
        ("", "Service") => custom::service(object),
        ("networking.k8s.io" | "extensions", "Ingress") => Some(custom::ingress(object)),
        ("apiregistration.k8s.io", "APIService") => Some(custom::api_service(object)),
        ("autoscaling", "HorizontalPodAutoscaler") => Some(custom::autoscaler(object)),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Some(custom::definition(object)),
        (
            "external-secrets.io",
            "ExternalSecret" | "SecretStore" | "ClusterSecretStore" | "ClusterExternalSecret" | "PushSecret",
        ) => Some(custom::by_ready(object)),
        ("cert-manager.io", "Certificate" | "Issuer" | "ClusterIssuer") => Some(custom::by_ready(object)),
        ("argoproj.io", "Application") => Some(custom::application(object)),
        _ => None,
    }
}

/// Returns the health of a whole from the healths of its parts: the worst; `Missing` counts only where all are.
pub fn worst(parts: impl IntoIterator<Item = HealthStatus>) -> HealthStatus {
    let mut worst = HealthStatus::Healthy;
    let (mut any, mut all_missing) = (false, true);
    for part in parts {
        any = true;
        if part != HealthStatus::Missing {
            all_missing = false;
            worst = worst.max(part);
        }
    }
    if any && all_missing { HealthStatus::Missing } else { worst }
}

#[cfg(test)]
mod tests;
