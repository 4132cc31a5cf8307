//! Ownership through the scale subresource.
//!
//! A Scale is another kind with fields of its own, but `.spec.replicas` of it is a field of the object it scales. Who
//! writes one owns the other, so entries are carried over before a Scale is written and back afterwards. Entries that
//! come back have no time: the real server forgets it on the way.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field_set::FieldSet;
use super::managers::{self, Entry, ManagedFieldsError};
use super::path::PathElement;

const SCALE_VERSION: &str = "autoscaling/v1";

/// Where each API version of a kind has its replicas (`["spec", "replicas"]`); none for a version without a scale.
pub type ReplicasPaths = BTreeMap<String, Option<Vec<String>>>;

/// The managed fields of an object's Scale.
pub fn to_scale(managed: Option<&Value>, replicas: &ReplicasPaths) -> Result<Value, ManagedFieldsError> {
    let owners = managers::read(managed)?.into_iter().filter(|entry| owns_replicas(entry, replicas));
    let entries =
        owners.map(|entry| Entry { api_version: SCALE_VERSION.to_owned(), fields: in_scale(), ..entry });
    Ok(managers::write(entries.collect()))
}

/// The managed fields of an object whose Scale has been written. `api_version` is that of the object in the request.
pub fn from_scale(
    managed: Option<&Value>,
    scale: Option<&Value>,
    api_version: &str,
    replicas: &ReplicasPaths,
) -> Result<Value, ManagedFieldsError> {
    let mut of_scale = managers::read(scale)?;
    let mut out = Vec::new();
    for mut entry in managers::read(managed)? {
        if !replicas.contains_key(&entry.api_version) {
            continue;
        }
        if owns_replicas(&entry, replicas) {
            match of_scale.iter().position(|other| other.same_manager(&entry)) {
                Some(at) => drop(of_scale.swap_remove(at)),
                None => {
                    let path = path_in(&entry.api_version, replicas);
                    entry.fields = entry.fields.difference(&FieldSet::of_path(&path));
                }
            }
        }
        if !entry.fields.is_empty() {
            out.push(entry);
        }
    }
    let path = FieldSet::of_path(&path_in(api_version, replicas));
    let taken = of_scale.into_iter().filter(|entry| !entry.fields.intersection(&in_scale()).is_empty());
    out.extend(taken.map(|entry| Entry {
        api_version: api_version.to_owned(),
        fields: path.clone(),
        time: None,
        ..entry
    }));
    Ok(managers::write(out))
}

fn in_scale() -> FieldSet {
    FieldSet::of_fields(&[&["spec", "replicas"]])
}

fn path_in(api_version: &str, replicas: &ReplicasPaths) -> Vec<PathElement> {
    let names = replicas.get(api_version).and_then(Option::as_ref);
    names.into_iter().flatten().map(|name| PathElement::field(name)).collect()
}

fn owns_replicas(entry: &Entry, replicas: &ReplicasPaths) -> bool {
    entry.fields.has(&path_in(&entry.api_version, replicas))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ReplicasPaths, from_scale, to_scale};

    #[test]
    fn there_and_back() {
        let replicas = ReplicasPaths::from([(
            "apps/v1".to_owned(),
            Some(vec!["spec".to_owned(), "replicas".to_owned()]),
        )]);
        let entry = |manager: &str,
                     operation: &str,
                     api_version: &str,
                     subresource: &str,
                     fields: serde_json::Value| {
            let mut entry = json!({
                "manager": manager,
                "operation": operation,
                "apiVersion": api_version,
                "fieldsType": "FieldsV1",
                "fieldsV1": fields,
            });
            if !subresource.is_empty() {
                entry["subresource"] = json!(subresource);
            }
            entry
        };
        let both = json!({"f:spec": {"f:replicas": {}, "f:serviceName": {}}});
        let one = json!({"f:spec": {"f:replicas": {}}});
        let object = json!([entry("a", "Apply", "apps/v1", "", both.clone())]);
        let scale = to_scale(Some(&object), &replicas).expect("readable");
        assert_eq!(scale, json!([entry("a", "Apply", "autoscaling/v1", "", one.clone())]));
        // Shared by b, nothing is lost.
        let shared = json!([scale[0], entry("b", "Apply", "autoscaling/v1", "scale", one.clone())]);
        assert_eq!(
            from_scale(Some(&object), Some(&shared), "apps/v1", &replicas),
            Ok(json!([object[0], entry("b", "Apply", "apps/v1", "scale", one.clone())]))
        );
        // Taken by b, a keeps the rest.
        let taken = json!([entry("b", "Update", "autoscaling/v1", "scale", one.clone())]);
        assert_eq!(
            from_scale(Some(&object), Some(&taken), "apps/v1", &replicas),
            Ok(json!([
                entry("a", "Apply", "apps/v1", "", json!({"f:spec": {"f:serviceName": {}}})),
                entry("b", "Update", "apps/v1", "scale", one),
            ]))
        );
    }
}
