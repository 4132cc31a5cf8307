//! Lease.

use serde_json::Value;

use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const LEASE: Strategy =
    Strategy { create_on_update: true, needs_version: true, validate, ..PLAIN };

fn validate(value: &Value, _: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    if let Some(seconds) = spec["leaseDurationSeconds"].as_i64().filter(|seconds| *seconds <= 0) {
        errors.push(FieldError::invalid(
            "spec.leaseDurationSeconds",
            &seconds.into(),
            "must be greater than 0",
        ));
    }
    super::fields::non_negative(spec, "leaseTransitions", "spec", errors);
    let (strategy, preferred) = (&spec["strategy"], &spec["preferredHolder"]);
    if !preferred.is_null() && strategy.is_null() {
        let why = "may only be specified if `strategy` is defined";
        errors.push(FieldError::forbidden("spec.preferredHolder", why));
    }
}
