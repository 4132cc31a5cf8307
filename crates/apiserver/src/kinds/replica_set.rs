//! ReplicaSet.

use serde_json::{Value, json};

use super::counts::Counts;
use super::fields::{default, non_negative, object_at};
use super::pod_template;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const REPLICA_SET: Strategy = Strategy {
    counts_generation: true,
    default: default_replica_set,
    prepare_create: |value| value["status"] = json!({"replicas": 0}),
    validate,
    validate_status: |value, _, errors| COUNTS.check(&value["status"], errors),
    ..PLAIN
};

const COUNTS: Counts = Counts {
    numbers: &[
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
        "terminatingReplicas",
    ],
    parts: &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    ready: "readyReplicas",
};

fn default_replica_set(value: &mut Value) {
    let spec = object_at(value, "spec");
    default(spec, "replicas", 1);
    pod_template::default_template(spec);
}

fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    non_negative(spec, "replicas", "spec", errors);
    non_negative(spec, "minReadySeconds", "spec", errors);
    pod_template::validate_workload(spec, "deployment", errors);
    pod_template::restarts_always(spec, errors);
    if let Some(old) = old
        && spec["selector"] != old["spec"]["selector"]
    {
        let shown = pod_template::shown_selector(&spec["selector"]);
        errors.push(FieldError::invalid_raw("spec.selector", &shown, "field is immutable"));
    }
}
