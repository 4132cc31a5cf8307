//! Deployment.

use serde_json::Value;

use super::counts::{Counts, not_decremented};
use super::fields::{default, default_text, int_or_percent, non_negative, object_at, text};
use super::pod_template;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const DEPLOYMENT: Strategy = Strategy {
    counts_generation: true,
    default: default_deployment,
    prepare_create: |value| value["status"] = serde_json::json!({}),
    validate,
    validate_status,
    ..PLAIN
};

const COUNTS: Counts = Counts {
    numbers: &[
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    ],
    parts: &["updatedReplicas", "readyReplicas", "availableReplicas"],
    ready: "readyReplicas",
};

fn validate_status(value: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    COUNTS.check(&value["status"], errors);
    not_decremented(value, old, errors);
}

fn default_deployment(value: &mut Value) {
    let spec = object_at(value, "spec");
    default(spec, "replicas", 1);
    let strategy = object_at(spec, "strategy");
    default_text(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        let rolling = object_at(strategy, "rollingUpdate");
        default(rolling, "maxUnavailable", "25%");
        default(rolling, "maxSurge", "25%");
    } else if let Some(members) = strategy.as_object_mut()
        && members.get("rollingUpdate").is_some_and(Value::is_null)
    {
        members.remove("rollingUpdate");
    }
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "progressDeadlineSeconds", 600);
    pod_template::default_template(spec);
}

fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    non_negative(spec, "replicas", "spec", errors);
    pod_template::validate_workload(spec, "deployment", errors);
    pod_template::restarts_always(spec, errors);
    strategy(&spec["strategy"], errors);
    for member in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        non_negative(spec, member, "spec", errors);
    }
    let (deadline, ready) =
        (spec["progressDeadlineSeconds"].as_i64(), spec["minReadySeconds"].as_i64().unwrap_or(0));
    if let Some(deadline) = deadline.filter(|deadline| *deadline >= 0 && *deadline <= ready) {
        let why = "must be greater than minReadySeconds";
        errors.push(FieldError::invalid("spec.progressDeadlineSeconds", &deadline.into(), why));
    }
    if let Some(old) = old
        && spec["selector"] != old["spec"]["selector"]
    {
        let shown = pod_template::shown_selector(&spec["selector"]);
        errors.push(FieldError::invalid_raw("spec.selector", &shown, "field is immutable"));
    }
}

fn zero(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text == "0%",
        _ => false,
    }
}

fn strategy(strategy: &Value, errors: &mut Vec<FieldError>) {
    let rolling = &strategy["rollingUpdate"];
    match text(strategy, "type") {
        "Recreate" => {
            if !rolling.is_null() {
                let why = "may not be specified when strategy `type` is 'Recreate'";
                errors.push(FieldError::forbidden("spec.strategy.rollingUpdate", why));
            }
        }
        "RollingUpdate" => {
            let field = |member: &str| format!("spec.strategy.rollingUpdate.{member}");
            int_or_percent(&rolling["maxUnavailable"], &field("maxUnavailable"), errors);
            int_or_percent(&rolling["maxSurge"], &field("maxSurge"), errors);
            if zero(&rolling["maxUnavailable"]) && zero(&rolling["maxSurge"]) {
                let why = "may not be 0 when `maxSurge` is 0";
                errors.push(FieldError::invalid(field("maxUnavailable"), &rolling["maxUnavailable"], why));
            }
        }
        other => {
            let shown = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", Value::from(other));
            let message =
                format!("Unsupported value: {shown}: supported values: \"Recreate\", \"RollingUpdate\"");
            errors.push(FieldError::other("spec.strategy", "FieldValueNotSupported", message));
        }
    }
}
