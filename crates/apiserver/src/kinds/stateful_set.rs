//! StatefulSet.

use serde_json::{Value, json};

use super::counts::{Counts, not_decremented};
use super::fields::{default, default_text, each, elements, non_negative, object_at, text};
use super::pod_template;
use crate::object::names;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const STATEFUL_SET: Strategy = Strategy {
    counts_generation: true,
    default: default_stateful_set,
    prepare_create: |value| value["status"] = json!({"replicas": 0, "availableReplicas": 0}),
    validate,
    validate_status,
    ..PLAIN
};

const COUNTS: Counts = Counts {
    numbers: &[
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount",
    ],
    parts: &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    ready: "status.readyReplicas",
};

fn validate_status(value: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    COUNTS.check(&value["status"], errors);
    not_decremented(value, old, errors);
}

fn default_stateful_set(value: &mut Value) {
    let spec = object_at(value, "spec");
    default_text(spec, "podManagementPolicy", "OrderedReady");
    let strategy = object_at(spec, "updateStrategy");
    if text(strategy, "type").is_empty() {
        strategy["type"] = "RollingUpdate".into();
    }
    if text(strategy, "type") == "RollingUpdate" {
        default(object_at(strategy, "rollingUpdate"), "partition", 0);
    }
    let retention = object_at(spec, "persistentVolumeClaimRetentionPolicy");
    default_text(retention, "whenDeleted", "Retain");
    default_text(retention, "whenScaled", "Retain");
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    pod_template::default_template(spec);
    for claim in elements(spec, "volumeClaimTemplates") {
        claim["apiVersion"] = "v1".into();
        claim["kind"] = "PersistentVolumeClaim".into();
        default_text(object_at(claim, "spec"), "volumeMode", "Filesystem");
        claim["status"] = json!({"phase": "Pending"});
    }
}

/// What may change in a StatefulSet once it is there.
const MUTABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    let policy = text(spec, "podManagementPolicy");
    if !matches!(policy, "OrderedReady" | "Parallel") {
        let why = "must be 'OrderedReady' or 'Parallel'";
        errors.push(FieldError::invalid_text("spec.podManagementPolicy", policy, why));
    }
    let strategy = &spec["updateStrategy"];
    match text(strategy, "type") {
        "RollingUpdate" => {
            let rolling = &strategy["rollingUpdate"];
            non_negative(rolling, "partition", "spec.updateStrategy.rollingUpdate", errors);
        }
        "OnDelete" => {
            if !strategy["rollingUpdate"].is_null() {
                let why = "only allowed for updateStrategy 'RollingUpdate'";
                errors.push(FieldError::invalid(
                    "spec.updateStrategy.rollingUpdate",
                    &strategy["rollingUpdate"],
                    why,
                ));
            }
        }
        other => {
            let shown = format!(
                "{{\"Type\":{},\"RollingUpdate\":{}}}",
                Value::from(other),
                strategy["rollingUpdate"]
            );
            let why = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(FieldError::invalid_raw("spec.updateStrategy", &shown, why));
        }
    }
    let retention = &spec["persistentVolumeClaimRetentionPolicy"];
    for member in ["whenDeleted", "whenScaled"] {
        let (policy, policies) = (text(retention, member), ["Delete", "Retain"]);
        if !policies.contains(&policy) {
            let field = format!("spec.persistentVolumeClaimRetentionPolicy.{member}");
            errors.push(FieldError::not_supported(field, policy, &policies));
        }
    }
    for member in ["replicas", "minReadySeconds"] {
        non_negative(spec, member, "spec", errors);
    }
    non_negative(&spec["ordinals"], "start", "spec.ordinals", errors);
    let service = text(spec, "serviceName");
    if !service.is_empty() {
        each(errors, "spec.serviceName", service, names::label(service));
    }
    pod_template::validate_workload(spec, "statefulset", errors);
    pod_template::restarts_always(spec, errors);
    if let Some(old) = old {
        let without = |spec: &Value| {
            let mut spec = spec.clone();
            if let Some(members) = spec.as_object_mut() {
                members.retain(|member, _| !MUTABLE.contains(&member.as_str()));
            }
            spec
        };
        if without(spec) != without(&old["spec"]) {
            let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                       'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                       'minReadySeconds' are forbidden";
            errors.push(FieldError::forbidden("spec", why));
        }
    }
}
