//! Adopts objects that were made by `kubectl apply` without server-side apply.
//!
//! Their fields belong to another manager, so that a field which is no longer desired would stay for ever. Before the first
//! apply, that manager's fields are made ours, as Argo CD's client-side apply migration does. Pure.

use serde_json::{Map, Value, json};

use crate::FIELD_MANAGER;
use crate::object::{at, text};

/// The manager of `kubectl apply` without `--server-side`.
const CLIENT_SIDE: &str = "kubectl-client-side-apply";

/// Returns the patch that makes the fields of client-side apply ours; none where there are none.
pub(super) fn migration(live: &Value) -> Option<Value> {
    let entries = at(live, &["metadata", "managedFields"])?.as_array()?;
    let is_client_side = |entry: &&Value| {
        text(entry, &["manager"]) == CLIENT_SIDE && text(entry, &["operation"]) == "Update" && is_whole(entry)
    };
    let is_ours = |entry: &&Value| {
        text(entry, &["manager"]) == FIELD_MANAGER
            && text(entry, &["operation"]) == "Apply"
            && is_whole(entry)
    };
    let old = entries.iter().find(is_client_side)?;
    let version = text(entries.iter().find(is_ours).unwrap_or(old), &["apiVersion"]).to_owned();
    let mut fields = Map::new();
    for entry in entries.iter().filter(|entry| is_client_side(entry) || is_ours(entry)) {
        if let Some(Value::Object(more)) = entry.get("fieldsV1") {
            unite(&mut fields, more);
        }
    }
    let mut migrated: Vec<Value> =
        entries.iter().filter(|entry| !is_client_side(entry) && !is_ours(entry)).cloned().collect();
    migrated.push(json!({
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }));
    // With the version, so that what others own meanwhile is not taken from them.
    let version = text(live, &["metadata", "resourceVersion"]);
    Some(json!({"metadata": {"managedFields": migrated, "resourceVersion": version}}))
}

fn is_whole(entry: &Value) -> bool {
    text(entry, &["subresource"]).is_empty()
}

fn unite(fields: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (path, below) in more {
        let place = fields.entry(path).or_insert_with(|| Value::Object(Map::new()));
        if let (Value::Object(place), Value::Object(below)) = (place, below) {
            unite(place, below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn live(entries: &[Value]) -> Value {
        json!({"metadata": {"resourceVersion": "7", "managedFields": entries}})
    }

    #[test]
    fn fields_of_client_side_apply_become_ours() {
        let other = entry("controller", "Update", json!({"f:status": {}}));
        let old = entry(CLIENT_SIDE, "Update", json!({"f:data": {".": {}, "f:a": {}}}));
        let ours = entry(FIELD_MANAGER, "Apply", json!({"f:data": {"f:b": {}}}));
        let united = entry(FIELD_MANAGER, "Apply", json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}}));
        assert_eq!(
            migration(&live(&[other.clone(), old, ours.clone()])),
            Some(json!({"metadata": {"managedFields": [other.clone(), united], "resourceVersion": "7"}}))
        );
        assert_eq!(migration(&live(&[other, ours])), None);
        assert_eq!(migration(&json!({})), None);
    }
}
