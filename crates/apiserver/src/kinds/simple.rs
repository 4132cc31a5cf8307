//! Kinds that add a word or two.

use serde_json::{Value, json};

use super::fields::{default, default_text, elements, list, non_negative, object_at, text};
use super::pod_template;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

/// A change of what is wanted counts.
pub(crate) const COUNTED: Strategy = Strategy { counts_generation: true, ..PLAIN };

/// A volume waits for a claim.
pub(crate) const VOLUME: Strategy = Strategy {
    delete_answers_object: true,
    default: |value| {
        let spec = object_at(value, "spec");
        default_text(spec, "persistentVolumeReclaimPolicy", "Retain");
        default_text(spec, "volumeMode", "Filesystem");
        if let Some(path) = spec.get_mut("hostPath").filter(|path| path.is_object()) {
            default(path, "type", "");
        }
    },
    prepare_create: |value| value["status"] = json!({"phase": "Pending"}),
    ..PLAIN
};

pub(crate) const POD_TEMPLATE: Strategy = Strategy {
    counts_generation: true,
    delete_answers_object: true,
    default: pod_template::default_template,
    ..PLAIN
};

pub(crate) const REPLICATION_CONTROLLER: Strategy = Strategy {
    counts_generation: true,
    default: |value| {
        let spec = object_at(value, "spec");
        default(spec, "replicas", 1);
        pod_template::default_template(spec);
        let labels = spec["template"]["metadata"]["labels"].clone();
        if !labels.is_null() {
            default(spec, "selector", labels.clone());
            default(object_at(value, "metadata"), "labels", labels);
        }
    },
    prepare_create: |value| value["status"] = json!({"replicas": 0}),
    fields: &[("status.replicas", |set| set["status"]["replicas"].as_i64().unwrap_or(0).to_string())],
    ..PLAIN
};

/// An autoscaler that is told nothing looks at the processor.
pub(crate) const POD_AUTOSCALER: Strategy = Strategy {
    default: |value| {
        let spec = object_at(value, "spec");
        default(spec, "minReplicas", 1);
        if list(spec, "metrics").next().is_none() {
            spec["metrics"] = json!([{
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }]);
        }
    },
    prepare_create: |value| value["status"] = json!({"desiredReplicas": 0, "currentMetrics": null}),
    ..PLAIN
};

pub(crate) const CONTROLLER_REVISION: Strategy = Strategy {
    validate: |value, _, errors| {
        non_negative(value, "revision", "", errors);
        if value["data"].is_null() {
            errors.push(FieldError::required("data", "data is mandatory"));
        } else if !value["data"].is_object() {
            errors.push(FieldError::required("data", "data must be a valid JSON object"));
        }
    },
    ..PLAIN
};

pub(crate) const ENDPOINTS: Strategy = Strategy {
    create_on_update: true,
    deprecation: Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
    default: |value| {
        for subset in elements(value, "subsets") {
            for port in elements(subset, "ports") {
                default_text(port, "protocol", "TCP");
            }
        }
    },
    ..PLAIN
};

pub(crate) const NODE: Strategy = Strategy {
    fields: &[("spec.unschedulable", |node| (node["spec"]["unschedulable"] == true).to_string())],
    ..PLAIN
};

pub(crate) const VOLUME_CLAIM: Strategy = Strategy {
    delete_answers_object: true,
    default: |value| default_text(object_at(value, "spec"), "volumeMode", "Filesystem"),
    prepare_create: |value| value["status"] = json!({"phase": "Pending"}),
    ..PLAIN
};

pub(crate) const STORAGE_CLASS: Strategy = Strategy {
    delete_answers_object: true,
    default: |value| {
        default_text(value, "reclaimPolicy", "Delete");
        default_text(value, "volumeBindingMode", "Immediate");
    },
    ..PLAIN
};

pub(crate) const PRIORITY_CLASS: Strategy = Strategy {
    counts_generation: true,
    default: |value| default_text(value, "preemptionPolicy", "PreemptLowerPriority"),
    ..PLAIN
};

pub(crate) const WEBHOOKS: Strategy =
    Strategy { counts_generation: true, needs_version: true, default: default_webhooks, ..PLAIN };

/// Policies of admission: stored, never asked.
pub(crate) const ADMISSION_POLICY: Strategy =
    Strategy { counts_generation: true, needs_version: true, ..PLAIN };

pub(crate) const RUNTIME_CLASS: Strategy = Strategy { create_on_update: true, needs_version: true, ..PLAIN };

fn default_webhooks(value: &mut Value) {
    let mutating = text(value, "kind").starts_with("Mutating");
    for webhook in elements(value, "webhooks") {
        default_text(webhook, "failurePolicy", "Fail");
        default_text(webhook, "matchPolicy", "Equivalent");
        object_at(webhook, "namespaceSelector");
        object_at(webhook, "objectSelector");
        default(webhook, "timeoutSeconds", 10);
        if mutating {
            default_text(webhook, "reinvocationPolicy", "Never");
        }
        let service = webhook.pointer_mut("/clientConfig/service").filter(|service| service.is_object());
        if let Some(service) = service {
            default(service, "port", 443);
        }
        for rule in elements(webhook, "rules") {
            default_text(rule, "scope", "*");
        }
    }
}

pub(crate) const API_SERVICE: Strategy = Strategy {
    default: |value| {
        if let Some(service) = value.pointer_mut("/spec/service").filter(|service| service.is_object()) {
            default(service, "port", 443);
        }
    },
    needs_version: true,
    ..PLAIN
};
