//! ResourceQuota and LimitRange: kept, and held against Pods by admission.

use serde_json::{Value, json};

use super::fields::{elements, object_at, text};
use crate::object::quantity;
use crate::registry::{PLAIN, Strategy};

pub(crate) const RESOURCE_QUOTA: Strategy = Strategy {
    delete_answers_object: true,
    default: |value| canonical(object_at(value, "spec"), "hard"),
    prepare_create: |value| value["status"] = json!({}),
    ..PLAIN
};

pub(crate) const LIMIT_RANGE: Strategy =
    Strategy { create_on_update: true, default: default_limits, ..PLAIN };

/// Writes the amounts of a map as Go writes them.
fn canonical(value: &mut Value, member: &str) {
    for (_, amount) in value.get_mut(member).and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(text) = amount.as_str().and_then(quantity::canonical) {
            *amount = text.into();
        }
    }
}

/// What a Container is limited to is what it is given and what it asks for, where nothing is said.
fn default_limits(value: &mut Value) {
    for item in elements(object_at(value, "spec"), "limits") {
        for member in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
            canonical(item, member);
        }
        if text(item, "type") != "Container" {
            continue;
        }
        for (target, source) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")]
        {
            let Some(amounts) = item[source].as_object().cloned() else { continue };
            let target = object_at(item, target);
            for (name, amount) in amounts {
                super::fields::default(target, &name, amount);
            }
        }
    }
}
