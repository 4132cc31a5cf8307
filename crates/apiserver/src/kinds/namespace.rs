//! Namespace.

use serde_json::{Value, json};

use super::fields::{object_at, text};
use crate::object::meta;
use crate::object::names::NameRule;
use crate::registry::{PLAIN, Strategy};

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const FINALIZER: &str = "kubernetes";

pub(crate) const NAMESPACE: Strategy = Strategy {
    name_rule: NameRule::Label,
    default,
    prepare_create,
    prepare_update,
    prepare_delete: |value, _| value["status"]["phase"] = "Terminating".into(),
    deletion_counts: false,
    fields: &[("status.phase", |namespace| text(&namespace["status"], "phase").to_owned())],
    ..PLAIN
};

/// The label by which selectors find a namespace: always its own name.
fn default(value: &mut Value) {
    let name = meta::text(value, "name").to_owned();
    if !name.is_empty() {
        object_at(&mut value["metadata"], "labels")[NAME_LABEL] = name.into();
    }
}

fn prepare_create(value: &mut Value) {
    // A generated name is known only now.
    default(value);
    value["status"] = json!({"phase": "Active"});
    let spec = object_at(value, "spec");
    match spec["finalizers"].as_array_mut() {
        Some(list) if list.iter().any(|finalizer| finalizer == FINALIZER) => {}
        Some(list) => list.push(FINALIZER.into()),
        None => spec["finalizers"] = json!([FINALIZER]),
    }
}

/// Finalizers have a path of their own.
fn prepare_update(new: &mut Value, old: &Value) {
    new["spec"] = old["spec"].clone();
}
