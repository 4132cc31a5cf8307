//! Pod.

use serde_json::{Value, json};

use super::fields::{default, object_at, text};
use super::pod_template;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const POD: Strategy = Strategy {
    delete_answers_object: true,
    graceful: true,
    counts_generation: true,
    default: default_pod,
    prepare_create,
    validate,
    fields: &[
        ("spec.nodeName", |pod| text(&pod["spec"], "nodeName").to_owned()),
        ("spec.restartPolicy", |pod| text(&pod["spec"], "restartPolicy").to_owned()),
        ("spec.schedulerName", |pod| text(&pod["spec"], "schedulerName").to_owned()),
        ("spec.serviceAccountName", |pod| text(&pod["spec"], "serviceAccountName").to_owned()),
        ("spec.hostNetwork", |pod| (pod["spec"]["hostNetwork"] == true).to_string()),
        ("status.phase", |pod| text(&pod["status"], "phase").to_owned()),
        ("status.podIP", |pod| text(&pod["status"], "podIP").to_owned()),
        ("status.nominatedNodeName", |pod| text(&pod["status"], "nominatedNodeName").to_owned()),
    ],
    ..PLAIN
};

fn default_pod(value: &mut Value) {
    let spec = object_at(value, "spec");
    pod_template::default_spec(spec);
    pod_template::request_limits(spec);
    default(spec, "enableServiceLinks", true);
}

/// How much a Pod is spared when a node runs out of something.
fn quality(spec: &Value) -> &'static str {
    let containers =
        || ["containers", "initContainers"].into_iter().flat_map(|member| super::fields::list(spec, member));
    let amounts = |member: &str| {
        containers().filter(|c| c["resources"][member].as_object().is_some_and(|map| !map.is_empty())).count()
    };
    if amounts("limits") == 0 && amounts("requests") == 0 {
        return "BestEffort";
    }
    let guaranteed = containers().all(|container| {
        let resources = &container["resources"];
        ["cpu", "memory"].iter().all(|name| {
            resources["limits"].get(*name).is_some()
                && resources["limits"].get(*name) == resources["requests"].get(*name)
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

fn prepare_create(value: &mut Value) {
    value["status"] = json!({"phase": "Pending", "qosClass": quality(&value["spec"])});
}

fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    pod_template::validate_spec(&value["spec"], "spec", errors);
    let Some(old) = old else { return };
    // Images, deadlines and tolerations may change; nothing else may.
    let mutable = |spec: &Value| {
        let mut spec = spec.clone();
        for member in ["containers", "initContainers"] {
            for container in super::fields::elements(&mut spec, member) {
                container["image"] = Value::Null;
            }
        }
        for member in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            if let Some(members) = spec.as_object_mut() {
                members.remove(member);
            }
        }
        spec
    };
    if mutable(&value["spec"]) != mutable(&old["spec"]) {
        let why = "pod updates may not change fields other than \
                   `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                   `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow \
                   it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden("spec", why));
    }
}
