//! DaemonSet.

use serde_json::{Value, json};

use super::fields::{default, default_text, int_or_percent, non_negative, object_at, text};
use super::pod_template;
use crate::object::meta;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const DAEMON_SET: Strategy = Strategy {
    counts_generation: true,
    default: default_daemon_set,
    prepare_create: |value| {
        object_at(object_at(value, "metadata"), "annotations")[TEMPLATE_GENERATION] = "1".into();
        value["status"] = json!({
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        });
    },
    prepare_update,
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
    // Who leaves it out has none, until the server says how it is.
    let annotations = object_at(object_at(value, "metadata"), "annotations");
    default(annotations, TEMPLATE_GENERATION, "0");
    let spec = object_at(value, "spec");
    pod_template::default_template(spec);
}

/// Stands for a field that is no more: how often the template has changed.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn prepare_update(new: &mut Value, old: &Value) {
    let before = old["metadata"]["annotations"][TEMPLATE_GENERATION].as_str();
    let before: i64 = before.and_then(|text| text.parse().ok()).unwrap_or(1);
    let changed = new["spec"]["template"] != old["spec"]["template"];
    let annotations = object_at(object_at(new, "metadata"), "annotations");
    annotations[TEMPLATE_GENERATION] = (before + i64::from(changed)).to_string().into();
}

fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    let (selector, template) = (&spec["selector"], &spec["template"]);
    let labels = &template["metadata"]["labels"];
    if !selector.is_null() && !super::fields::selector(selector, "spec.selector", errors) {
        return;
    }
    if selector.is_null() || !crate::object::selector::Labels::of(selector).matches_map(labels) {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid("spec.template.metadata.labels", labels, why));
    }
    if selector.as_object().is_some_and(|members| members.is_empty()) {
        errors.push(FieldError::invalid_raw(
            "spec.selector",
            "{}",
            "empty selector is invalid for daemonset",
        ));
    }
    errors.extend(meta::labels(labels, "spec.template.labels"));
    pod_template::validate_spec(&template["spec"], "spec.template.spec", errors);
    pod_template::restarts_always(spec, errors);
    non_negative(spec, "minReadySeconds", "spec", errors);
    strategy(&spec["updateStrategy"], errors);
    non_negative(spec, "revisionHistoryLimit", "spec", errors);
    if let Some(old) = old
        && *selector != old["spec"]["selector"]
    {
        let shown = pod_template::shown_selector(selector);
        errors.push(FieldError::invalid_raw("spec.selector", &shown, "field is immutable"));
    }
}

fn strategy(strategy: &Value, errors: &mut Vec<FieldError>) {
    let rolling = &strategy["rollingUpdate"];
    match text(strategy, "type") {
        "OnDelete" => {}
        "RollingUpdate" => {
            let field = |member: &str| format!("spec.updateStrategy.rollingUpdate.{member}");
            int_or_percent(&rolling["maxUnavailable"], &field("maxUnavailable"), errors);
            int_or_percent(&rolling["maxSurge"], &field("maxSurge"), errors);
            match (zero(&rolling["maxUnavailable"]), zero(&rolling["maxSurge"])) {
                (false, false) => {
                    let why = "may not be set when maxUnavailable is non-zero";
                    errors.push(FieldError::invalid(field("maxSurge"), &rolling["maxSurge"], why));
                }
                (true, true) => {
                    let why = "cannot be 0 when maxSurge is 0";
                    errors.push(FieldError::required(field("maxUnavailable"), why));
                }
                _ => {}
            }
        }
        other => {
            let shown = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", Value::from(other));
            let message =
                format!("Unsupported value: {shown}: supported values: \"RollingUpdate\", \"OnDelete\"");
            errors.push(FieldError::other("spec.updateStrategy", "FieldValueNotSupported", message));
        }
    }
}

/// Whether a number or a share is none.
fn zero(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.trim_end_matches('%').parse() == Ok(0),
        _ => true,
    }
}
