//! The change that makes a workload's pods new: one annotation, or one variable. Pure.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::decide::{Reload, Workload};

/// The field manager of what is written.
pub const FIELD_MANAGER: &str = "gangplank-reloader";

const ANNOTATION: &str = "reloader.stakater.com/last-reloaded-from";

/// How pods are made new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// An annotation of the pods: drifts for nobody, since only we own it.
    #[default]
    Annotations,
    /// A variable in the containers, as Reloader does by default.
    EnvironmentVariables,
}

/// Returns the object to apply by server-side apply.
pub fn patch(workload: &Workload, reload: &Reload, strategy: Strategy, now: Timestamp) -> Value {
    let template = match strategy {
        Strategy::Annotations => {
            let source = json!({
                "type": reload.change.kind.upper(),
                "name": reload.change.name,
                "namespace": reload.change.namespace,
                "hash": reload.change.hash,
                "containerRefs": reload.containers,
                "observedAt": now.as_second(),
            });
            json!({"metadata": {"annotations": {ANNOTATION: source.to_string()}}})
        }
        Strategy::EnvironmentVariables => {
            let variable = json!({"name": variable(reload), "value": reload.change.hash});
            let containers: Vec<Value> = reload
                .containers
                .iter()
                .take(1)
                .map(|name| json!({"name": name, "env": [variable]}))
                .collect();
            json!({"spec": {"containers": containers}})
        }
    };
    json!({
        "apiVersion": "apps/v1",
        "kind": workload.kind.as_str(),
        "metadata": {"name": workload.name, "namespace": workload.namespace},
        "spec": {"template": template},
    })
}

/// `STAKATER_<NAME>_<KIND>`: upper case, runs of other characters as one `_`.
fn variable(reload: &Reload) -> String {
    let mut name = String::new();
    for c in reload.change.name.to_uppercase().chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    format!("STAKATER_{name}_{}", reload.change.kind.upper())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::decide::{Change, ChangeKind, WorkloadKind};

    #[test]
    fn only_our_own_field_is_written() {
        let workload = Workload {
            kind: WorkloadKind::StatefulSet,
            namespace: "n".into(),
            name: "w".into(),
            annotations: BTreeMap::new(),
            template: serde_json::from_value(json!({})).unwrap(),
        };
        let change = Change {
            kind: ChangeKind::Secret,
            namespace: "n".into(),
            name: "my..secret".into(),
            hash: "h".into(),
            annotations: BTreeMap::new(),
        };
        let reload = Reload { change, containers: vec!["a".into()] };
        let object = |template: Value| {
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "w", "namespace": "n"},
                   "spec": {"template": template}})
        };
        let source = r#"{"containerRefs":["a"],"hash":"h","name":"my..secret","namespace":"n","observedAt":0,"type":"SECRET"}"#;
        let written = patch(&workload, &reload, Strategy::Annotations, Timestamp::UNIX_EPOCH);
        let text = written
            .pointer("/spec/template/metadata/annotations")
            .and_then(|a| a[ANNOTATION].as_str())
            .unwrap();
        let (got, expect): (Value, Value) =
            (serde_json::from_str(text).unwrap(), serde_json::from_str(source).unwrap());
        assert_eq!(got, expect);
        assert_eq!(
            patch(&workload, &reload, Strategy::EnvironmentVariables, Timestamp::UNIX_EPOCH),
            object(
                json!({"spec": {"containers": [{"name": "a", "env": [{"name": "STAKATER_MY_SECRET_SECRET", "value": "h"}]}]}})
            )
        );
    }
}
