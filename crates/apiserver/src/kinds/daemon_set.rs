//! DaemonSet.

use serde_json::{Value, json};

use super::fields::{default, default_text, non_negative, object_at, text};
use super::pod_template;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const DAEMON_SET: Strategy = Strategy {
    counts_generation: true,
    default: default_daemon_set,
    prepare_create: |value| {
        value["status"] = json!({
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        });
    },
    validate,
    ..PLAIN
};

fn default_daemon_set(value: &mut Value) {
    let spec = object_at(value, "spec");
    let strategy = object_at(spec, "updateStrategy");
    default_text(strategy, "type", "RollingUpdate");
    if text(strategy, "type") == "RollingUpdate" {
        let rolling = object_at(strategy, "rollingUpdate");
        default(rolling, "maxUnavailable", 1);
        default(rolling, "maxSurge", 0);
    }
    default(spec, "revisionHistoryLimit", 10);
    // Written into the object when it is converted; it stands for a field that is no more.
    let annotations = object_at(object_at(value, "metadata"), "annotations");
    default(annotations, "deprecated.daemonset.template.generation", "1");
    let spec = object_at(value, "spec");
    pod_template::default_template(spec);
}

fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    pod_template::validate_workload(spec, errors);
    pod_template::restarts_always(spec, errors);
    non_negative(spec, "minReadySeconds", "spec", errors);
    non_negative(spec, "revisionHistoryLimit", "spec", errors);
    if let Some(old) = old
        && spec["selector"] != old["spec"]["selector"]
    {
        let shown = pod_template::shown_selector(&spec["selector"]);
        errors.push(FieldError::invalid_raw("spec.selector", &shown, "field is immutable"));
    }
}
