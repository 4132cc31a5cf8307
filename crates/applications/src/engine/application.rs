//! An Application object taken apart: what it says, and what was said about it before.

use kube::api::DynamicObject;
use serde_json::Value;

use super::operation::{Operation, OperationState};
use crate::object::{at, text};
use crate::spec::ApplicationSpec;
use crate::tracking::Tracker;

/// One Application, read once a reconciliation.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The object as it is.
    pub(crate) object: Value,
    /// The spec, or why it can't be read.
    pub(crate) spec: Result<ApplicationSpec, String>,
    /// A sync that somebody asked for.
    pub(crate) requested: Option<Operation>,
    /// The last sync, which may be running.
    pub(crate) operation_state: Option<OperationState>,
}

impl Application {
    pub(crate) fn read(object: &DynamicObject) -> Application {
        let object = serde_json::to_value(object).unwrap_or(Value::Null);
        let spec = object.get("spec").cloned().unwrap_or(Value::Null);
        let decoded = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
        Application {
            namespace: text(&object, &["metadata", "namespace"]).to_owned(),
            name: text(&object, &["metadata", "name"]).to_owned(),
            spec: serde_json::from_value(spec).map_err(|error| format!("spec can't be read: {error}")),
            requested: decoded(object.get("operation"))
                .map(|operation| serde_json::from_value(operation).unwrap_or_default()),
            operation_state: decoded(at(&object, &["status", "operationState"]))
                .and_then(|state| serde_json::from_value(state).ok()),
            object,
        }
    }

    /// Who tracks this Application's objects.
    pub(crate) fn tracker(&self, home: &str, destination_namespace: &str) -> Tracker {
        Tracker::new(home, &self.namespace, &self.name, destination_namespace)
    }

    /// What the last reconciliations knew to be deployed: kinds and names, to be looked for when no longer desired.
    pub(crate) fn inventory(&self) -> Vec<(String, crate::object::ObjectKey)> {
        let listed =
            [&["status", "resources"][..], &["status", "operationState", "syncResult", "resources"][..]];
        let entries = listed.iter().filter_map(|path| at(&self.object, path)?.as_array()).flatten();
        entries
            .map(|entry| {
                let key = crate::object::ObjectKey {
                    group: text(entry, &["group"]).to_owned(),
                    kind: text(entry, &["kind"]).to_owned(),
                    namespace: text(entry, &["namespace"]).to_owned(),
                    name: text(entry, &["name"]).to_owned(),
                };
                (text(entry, &["version"]).to_owned(), key)
            })
            .filter(|(version, key)| !version.is_empty() && !key.kind.is_empty() && !key.name.is_empty())
            .collect()
    }

    /// The finalizers that stand on it.
    pub(crate) fn finalizers(&self) -> Vec<&str> {
        let finalizers = at(&self.object, &["metadata", "finalizers"]).and_then(Value::as_array);
        finalizers.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}
