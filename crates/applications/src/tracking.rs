//! Which objects belong to which Application: the annotation `tracking-id`.
//!
//! The id is `<application>:<group>/<Kind>:<namespace>/<name>`. One that does not describe the object that carries it
//! (a copy made by another controller) makes nobody its owner. An object with an owner reference is never managed.

use serde_json::Value;

use crate::annotations::TRACKING_ID;
use crate::object::{ObjectKey, annotate, annotation, at};

/// Who tracks: an Application and the namespace that it deploys to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracker {
    name: String,
    namespace: String,
}

impl Tracker {
    /// The tracker of an Application; `home` is Argo CD's own namespace.
    pub fn new(home: &str, namespace: &str, name: &str, destination_namespace: &str) -> Tracker {
        let name = if namespace == home { name.to_owned() } else { format!("{namespace}_{name}") };
        Tracker { name, namespace: destination_namespace.to_owned() }
    }

    /// The id for an object.
    pub fn id(&self, key: &ObjectKey) -> String {
        // Cluster-scoped objects bear the destination's namespace.
        let namespace = if key.namespace.is_empty() { &self.namespace } else { &key.namespace };
        format!("{}:{}/{}:{namespace}/{}", self.name, key.group, key.kind, key.name)
    }

    /// Puts the id on a desired object; definitions of kinds get none, so that they are never pruned.
    pub fn stamp(&self, object: &mut Value) {
        let key = ObjectKey::of(object);
        if key.kind != "CustomResourceDefinition" {
            annotate(object, TRACKING_ID, &self.id(&key));
        }
    }

    /// Whether a live object is this Application's to prune.
    pub fn owns(&self, object: &Value) -> bool {
        let owned = at(object, &["metadata", "ownerReferences"])
            .and_then(Value::as_array)
            .is_some_and(|owners| !owners.is_empty());
        !owned && annotation(object, TRACKING_ID) == Some(self.id(&ObjectKey::of(object)).as_str())
    }

    /// Returns the name of another Application whose id the live object carries.
    pub fn other_owner<'a>(&self, object: &'a Value) -> Option<&'a str> {
        let id = annotation(object, TRACKING_ID)?;
        let (name, rest) = id.split_once(':')?;
        let key = ObjectKey::of(object);
        let describes_itself = rest.starts_with(&format!("{}/{}:", key.group, key.kind))
            && rest.ends_with(&format!("/{}", key.name));
        (name != self.name && describes_itself).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_argo_cds() {
        let tracker = Tracker::new("argocd", "argocd", "argocd", "argocd");
        let mut secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "argocd"}});
        tracker.stamp(&mut secret);
        assert_eq!(annotation(&secret, TRACKING_ID), Some("argocd:/Secret:argocd/x"));
        assert!(tracker.owns(&secret));
        let mut role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}});
        Tracker::new("argocd", "team", "a", "dest").stamp(&mut role);
        assert_eq!(
            annotation(&role, TRACKING_ID),
            Some("team_a:rbac.authorization.k8s.io/ClusterRole:dest/r")
        );
        assert_eq!(tracker.other_owner(&role), Some("team_a"));
    }

    #[test]
    fn copies_owned_objects_and_definitions_are_nobodys() {
        let tracker = Tracker::new("argocd", "argocd", "a", "n");
        let mut copy =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "n"}});
        tracker.stamp(&mut copy);
        copy["metadata"]["name"] = json!("y");
        assert!(!tracker.owns(&copy));
        copy["metadata"]["name"] = json!("x");
        copy["metadata"]["ownerReferences"] = json!([{"kind": "ExternalSecret"}]);
        assert!(!tracker.owns(&copy));
        let mut definition = json!({"kind": "CustomResourceDefinition", "metadata": {"name": "x"}});
        tracker.stamp(&mut definition);
        assert_eq!(annotation(&definition, TRACKING_ID), None);
    }
}
