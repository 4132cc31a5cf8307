//! From rendered objects to what is desired in a certain destination. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::application::Application;
use crate::annotations::{HOOK, SyncOptions};
use crate::compare::normalize;
use crate::object::{ObjectKey, annotate, object_at, text};
use crate::spec::ApplicationSpec;
use crate::tracking::Tracker;

/// Whether the kind of an object has namespaces; none where the cluster does not serve it (yet).
pub(crate) type Scope<'a> = dyn Fn(&str, &str) -> Option<bool> + 'a;

/// Brings rendered objects into the form in which they are to stand in the destination.
pub(crate) fn desired(
    rendered: &[Arc<Value>],
    spec: &ApplicationSpec,
    tracker: &Tracker,
    scope: &Scope<'_>,
) -> Vec<Arc<Value>> {
    let defined = scopes_of_definitions(rendered);
    let mut objects: Vec<Arc<Value>> = Vec::with_capacity(rendered.len());
    for object in rendered {
        let mut object = Value::clone(object);
        normalize(&mut object);
        let api_version = text(&object, &["apiVersion"]).to_owned();
        let kind = text(&object, &["kind"]).to_owned();
        let group = api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
        let namespaced = scope(&api_version, &kind).or_else(|| defined.get(&(group, kind)).copied());
        let own = text(&object, &["metadata", "namespace"]).to_owned();
        if let Some(metadata) = object_at(&mut object, &["metadata"]) {
            if namespaced == Some(false) {
                metadata.remove("namespace");
            } else if own.is_empty() && !spec.destination.namespace.is_empty() {
                metadata.insert("namespace".to_owned(), spec.destination.namespace.clone().into());
            }
        }
        tracker.stamp(&mut object);
        objects.push(Arc::new(object));
    }
    objects.extend(namespace_to_create(spec, &objects));
    objects
}

/// Names hooks that leave their name to be generated: after the commit and the sync's start, as Argo CD does.
pub(crate) fn name_hooks(objects: &mut [Arc<Value>], revision: &str, started: i64) {
    for object in objects {
        let generated = text(object, &["metadata", "generateName"]);
        if !text(object, &["metadata", "name"]).is_empty() || generated.is_empty() {
            continue;
        }
        let phase =
            crate::object::annotation(object, HOOK).unwrap_or("sync").to_lowercase().replace(',', "-");
        let short: String = revision.chars().take(7).collect();
        let name = format!("{generated}{short}-{phase}-{started}");
        let mut named = Value::clone(object);
        if let Some(metadata) = object_at(&mut named, &["metadata"]) {
            metadata.insert("name".to_owned(), name.into());
            metadata.remove("generateName");
        }
        *object = Arc::new(named);
    }
}

/// The scopes of kinds that the same sync defines.
fn scopes_of_definitions(rendered: &[Arc<Value>]) -> BTreeMap<(String, String), bool> {
    let definitions = rendered.iter().filter(|object| text(object, &["kind"]) == "CustomResourceDefinition");
    definitions
        .map(|object| {
            let group = text(object, &["spec", "group"]).to_owned();
            let kind = text(object, &["spec", "names", "kind"]).to_owned();
            ((group, kind), text(object, &["spec", "scope"]) != "Cluster")
        })
        .collect()
}

/// The namespace that `CreateNamespace=true` asks for, untracked, unless the objects hold it themselves.
fn namespace_to_create(spec: &ApplicationSpec, objects: &[Arc<Value>]) -> Option<Arc<Value>> {
    let name = &spec.destination.namespace;
    if name.is_empty() || !SyncOptions::from_list(spec.sync_options()).is("CreateNamespace", "true") {
        return None;
    }
    let key = ObjectKey {
        group: String::new(),
        kind: "Namespace".to_owned(),
        namespace: String::new(),
        name: name.clone(),
    };
    if objects.iter().any(|object| ObjectKey::of(object) == key) {
        return None;
    }
    let mut namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let metadata = spec.sync_policy.as_ref().and_then(|policy| policy.managed_namespace_metadata.as_ref());
    if let Some(metadata) = metadata {
        if !metadata.labels.is_empty() {
            namespace["metadata"]["labels"] = json!(metadata.labels);
        }
        for (name, value) in &metadata.annotations {
            annotate(&mut namespace, name, value);
        }
    }
    Some(Arc::new(namespace))
}

/// Whether an object is the namespace that the sync creates on the side: needed, and no part of the Application.
pub(crate) fn is_side_namespace(application: &Application, object: &Value) -> bool {
    text(object, &["kind"]) == "Namespace"
        && crate::object::annotation(object, crate::annotations::TRACKING_ID).is_none()
        && application
            .spec
            .as_ref()
            .is_ok_and(|spec| spec.destination.namespace == text(object, &["metadata", "name"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(value: Value) -> ApplicationSpec {
        serde_json::from_value(value).unwrap()
    }

    /// `ns/name` of each desired object, with its tracking id's part after the first colon.
    #[track_caller]
    fn check(spec_value: Value, rendered: Vec<Value>, expect: &[&str]) {
        let rendered: Vec<Arc<Value>> = rendered.into_iter().map(Arc::new).collect();
        let tracker = Tracker::new("argocd", "argocd", "app", "dest");
        let scope = |api_version: &str, kind: &str| match (api_version, kind) {
            ("v1", "Namespace") => Some(false),
            ("v1", _) => Some(true),
            _ => None,
        };
        let objects = desired(&rendered, &spec(spec_value), &tracker, &scope);
        let lines: Vec<String> = objects
            .iter()
            .map(|object| {
                let id = crate::object::annotation(object, crate::annotations::TRACKING_ID).unwrap_or("-");
                format!("{} {id}", ObjectKey::of(object))
            })
            .collect();
        assert_eq!(lines, expect);
    }

    fn object(api_version: &str, kind: &str, namespace: &str) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": namespace}})
    }

    #[test]
    fn namespaces_are_filled_in_or_dropped() {
        check(
            json!({"destination": {"namespace": "dest"}}),
            vec![
                object("v1", "ConfigMap", ""),
                object("v1", "ConfigMap", "own"),
                object("v1", "Namespace", "wrong"),
            ],
            &[
                "ConfigMap dest/x app:/ConfigMap:dest/x",
                "ConfigMap own/x app:/ConfigMap:own/x",
                "Namespace x app:/Namespace:dest/x",
            ],
        );
    }

    #[test]
    fn kinds_of_the_same_sync_have_the_scope_of_their_definition() {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {"group": "example.com", "names": {"kind": "Widget"}, "scope": "Cluster"},
        });
        check(
            json!({}),
            vec![definition, object("example.com/v1", "Widget", "wrong")],
            &[
                "apiextensions.k8s.io/CustomResourceDefinition widgets.example.com -",
                "example.com/Widget x app:example.com/Widget:dest/x",
            ],
        );
    }

    #[test]
    fn the_namespace_is_created_on_the_side() {
        let asked = json!({
            "destination": {"namespace": "dest"},
            "syncPolicy": {"syncOptions": ["CreateNamespace=true"], "managedNamespaceMetadata": {"labels": {"a": "b"}}},
        });
        check(asked, vec![], &["Namespace dest -"]);
    }

    #[test]
    fn generated_names_tell_the_sync() {
        let hook =
            json!({"kind": "Job", "metadata": {"generateName": "h-", "annotations": {HOOK: "PreSync"}}});
        let mut objects = [Arc::new(hook)];
        name_hooks(&mut objects, "0123456789", 42);
        assert_eq!(text(&objects[0], &["metadata", "name"]), "h-0123456-presync-42");
    }
}
