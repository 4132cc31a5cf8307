//! Kinds that add a word or two.

use serde_json::{Value, json};

use super::fields::{default, default_text, elements, object_at, text};
use crate::registry::{PLAIN, Strategy};

/// A change of what is wanted counts.
pub(crate) const COUNTED: Strategy = Strategy { counts_generation: true, ..PLAIN };

/// A deletion answers what was deleted.
pub(crate) const ANSWERS_OBJECT: Strategy = Strategy { delete_answers_object: true, ..PLAIN };

/// Nothing at all.
pub(crate) const PLAIN_APPS: Strategy = PLAIN;

pub(crate) const ENDPOINTS: Strategy = Strategy { create_on_update: true, ..PLAIN };

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
    Strategy { counts_generation: true, default: default_webhooks, ..PLAIN };

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
    ..PLAIN
};
