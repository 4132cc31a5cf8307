//! Ingress, NetworkPolicy, EndpointSlice, PodDisruptionBudget.

use serde_json::{Value, json};

use super::fields::{default_text, elements, list, object_at, text};
use crate::registry::{PLAIN, Strategy};
use crate::status::{FieldError, element};

pub(crate) const INGRESS: Strategy = Strategy {
    counts_generation: true,
    prepare_create: |value| value["status"] = json!({"loadBalancer": {}}),
    validate: validate_ingress,
    ..PLAIN
};

pub(crate) const NETWORK_POLICY: Strategy =
    Strategy { counts_generation: true, default: default_network_policy, ..PLAIN };

pub(crate) const ENDPOINT_SLICE: Strategy = Strategy {
    counts_generation: true,
    default: |value| {
        for port in elements(value, "ports") {
            super::fields::default(port, "name", "");
            default_text(port, "protocol", "TCP");
        }
    },
    ..PLAIN
};

pub(crate) const DISRUPTION_BUDGET: Strategy = Strategy {
    counts_generation: true,
    needs_version: true,
    prepare_create: |value| {
        value["status"] =
            json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0});
    },
    validate: |value, _, errors| {
        let spec = &value["spec"];
        if !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null() {
            let why = "minAvailable and maxUnavailable cannot be both set";
            errors.push(FieldError::invalid_raw("spec", "{}", why));
        }
        super::fields::int_or_percent(&spec["minAvailable"], "spec.minAvailable", errors);
        super::fields::int_or_percent(&spec["maxUnavailable"], "spec.maxUnavailable", errors);
        super::fields::selector(&spec["selector"], "spec.selector", errors);
    },
    validate_status: |value, _, errors| {
        let status = &value["status"];
        conditions(status, errors);
        for member in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
            super::fields::non_negative(status, member, "status", errors);
        }
    },
    ..PLAIN
};

/// Mistakes of conditions of the common form.
fn conditions(status: &Value, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, condition) in list(status, "conditions").enumerate() {
        let at = |member: &str| format!("{}.{member}", element("status.conditions", index));
        let kind = text(condition, "type");
        if seen.contains(&kind) {
            errors.push(FieldError::duplicate(at("type"), &kind.into()));
        }
        seen.push(kind);
        super::fields::each(errors, &at("type"), kind, crate::object::names::qualified(kind));
        let (holds, known) = (text(condition, "status"), ["False", "True", "Unknown"]);
        if !known.contains(&holds) {
            errors.push(FieldError::not_supported(at("status"), holds, &known));
        }
        for member in ["lastTransitionTime", "reason"] {
            if text(condition, member).is_empty() {
                errors.push(FieldError::required(at(member), ""));
            }
        }
    }
}

fn default_network_policy(value: &mut Value) {
    let spec = object_at(value, "spec");
    for direction in ["ingress", "egress"] {
        for rule in elements(spec, direction) {
            for port in elements(rule, "ports") {
                default_text(port, "protocol", "TCP");
            }
        }
    }
    if spec["policyTypes"].is_null() {
        let egress = list(spec, "egress").next().is_some();
        spec["policyTypes"] = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    }
}

fn validate_ingress(value: &Value, _: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    if list(spec, "rules").next().is_none() && spec["defaultBackend"].is_null() {
        let why = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid_raw("spec", "[]", why));
    }
    for (index, rule) in list(spec, "rules").enumerate() {
        for (number, path) in list(&rule["http"], "paths").enumerate() {
            let at = element(&format!("{}.http.paths", element("spec.rules", index)), number);
            let kind = text(path, "pathType");
            let kinds = ["Exact", "ImplementationSpecific", "Prefix"];
            if kind.is_empty() {
                errors.push(FieldError::required(format!("{at}.pathType"), "pathType must be specified"));
            } else if !kinds.contains(&kind) {
                errors.push(FieldError::not_supported(format!("{at}.pathType"), kind, &kinds));
            } else if kind != "ImplementationSpecific" && !text(path, "path").starts_with('/') {
                errors.push(FieldError::invalid_text(
                    format!("{at}.path"),
                    text(path, "path"),
                    "must be an absolute path",
                ));
            }
        }
    }
}
