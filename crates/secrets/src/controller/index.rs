//! What the watches have seen, kept small: an object as its JSON text without managedFields, a Secret as its state.
//!
//! Writes of our own are entered at once, so that a reconciliation never works on a status that it wrote itself
//! before; an older event of the watch does not undo that.

use super::queue::Name;
use crate::api::external_secret::{ExternalSecretSpec, ExternalSecretStatus, StoreRef};
use crate::api::store::{StoreKind, StoreSpec, StoreStatus};
use crate::decide::refresh::TargetState;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DynamicObject;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An object as its text.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    json: Arc<str>,
    version: u64,
    /// Changes with all that a reconciliation looks at, but not with status.
    pub(crate) shape: u64,
}

impl Text {
    fn of(object: &DynamicObject) -> Self {
        let mut metadata = object.metadata.clone();
        metadata.managed_fields = None;
        let shape = shape(&metadata);
        let mut value = json!({ "metadata": metadata });
        for part in ["spec", "status"] {
            if let Some(part_value) = object.data.get(part) {
                value[part] = part_value.clone();
            }
        }
        Self { json: value.to_string().into(), version: version(&metadata), shape }
    }

    /// Reads it.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.json)
    }
}

/// Resource versions are numbers that grow; one that is none counts as the newest.
fn version(metadata: &ObjectMeta) -> u64 {
    metadata.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(u64::MAX)
}

fn shape(metadata: &ObjectMeta) -> u64 {
    let mut hasher = DefaultHasher::new();
    metadata.uid.hash(&mut hasher);
    metadata.generation.hash(&mut hasher);
    metadata.labels.hash(&mut hasher);
    metadata.annotations.hash(&mut hasher);
    metadata.finalizers.hash(&mut hasher);
    metadata.deletion_timestamp.is_some().hash(&mut hasher);
    hasher.finish()
}

/// An ExternalSecret as it is read for a reconciliation.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExternalSecret {
    pub(crate) metadata: ObjectMeta,
    #[serde(default)]
    pub(crate) spec: ExternalSecretSpec,
    #[serde(default)]
    pub(crate) status: Option<ExternalSecretStatus>,
}

/// A store as it is read for a reconciliation.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Store {
    pub(crate) metadata: ObjectMeta,
    #[serde(default)]
    pub(crate) spec: StoreSpec,
    #[serde(default)]
    pub(crate) status: Option<StoreStatus>,
}

/// What is kept of a managed Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretState {
    pub(crate) uid: String,
    pub(crate) version: String,
    pub(crate) target: TargetState,
}

#[derive(Debug)]
struct Known {
    text: Text,
    target: Arc<Name>,
    stores: Vec<Arc<Name>>,
}

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    external_secrets: HashMap<Arc<Name>, Known>,
    by_target: HashMap<Arc<Name>, Vec<Arc<Name>>>,
    by_store: HashMap<Arc<Name>, HashSet<Arc<Name>>>,
    stores: HashMap<Arc<Name>, Text>,
    cluster_external_secrets: HashMap<Arc<Name>, Text>,
    secrets: HashMap<Arc<Name>, SecretState>,
    namespaces: HashMap<String, BTreeMap<String, String>>,
}

/// What an event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Something that a reconciliation looks at; `new` where it was not there.
    Changed { new: bool },
    /// Only its status, or nothing.
    Same,
}

fn name_of(object: &ObjectMeta) -> Arc<Name> {
    Name::new(object.namespace.as_deref().unwrap_or_default(), object.name.as_deref().unwrap_or_default())
}

fn enter(map: &mut HashMap<Arc<Name>, Text>, object: &DynamicObject) -> (Arc<Name>, Seen) {
    let (name, text) = (name_of(&object.metadata), Text::of(object));
    let former = map.get(&name);
    let seen = match former {
        Some(former) if former.version > text.version && former.version != u64::MAX => {
            return (name, Seen::Same);
        }
        Some(former) if former.shape == text.shape => Seen::Same,
        former => Seen::Changed { new: former.is_none() },
    };
    map.insert(Arc::clone(&name), text);
    (name, seen)
}

impl Index {
    /// Enters an ExternalSecret, from a watch or from the answer to a write.
    pub(crate) fn enter_external_secret(&mut self, object: &DynamicObject) -> (Arc<Name>, Seen) {
        let (name, text) = (name_of(&object.metadata), Text::of(object));
        let former = self.external_secrets.get(&name);
        let seen = match former {
            Some(former) if former.text.version > text.version && former.text.version != u64::MAX => {
                return (name, Seen::Same);
            }
            Some(former) if former.text.shape == text.shape => Seen::Same,
            former => Seen::Changed { new: former.is_none() },
        };
        if seen == Seen::Same
            && let Some(former) = self.external_secrets.get_mut(&name)
        {
            former.text = text;
            return (name, seen);
        }
        self.forget(&name);
        let target =
            object.data.pointer("/spec/target/name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let target = target.map_or_else(|| Arc::clone(&name), |target| Name::new(&name.namespace, target));
        self.by_target.entry(Arc::clone(&target)).or_default().push(Arc::clone(&name));
        let stores: Vec<Arc<Name>> =
            stores_in(&object.data, &name.namespace).map(|store| self.interned(store)).collect();
        for store in &stores {
            self.by_store.entry(Arc::clone(store)).or_default().insert(Arc::clone(&name));
        }
        self.external_secrets.insert(Arc::clone(&name), Known { text, target, stores });
        (name, seen)
    }

    /// One name for all who refer to a store.
    fn interned(&self, store: Name) -> Arc<Name> {
        self.by_store
            .get_key_value(&store)
            .map_or_else(|| Arc::new(store), |(present, _)| Arc::clone(present))
    }

    /// Takes an ExternalSecret out of the maps that lead to it.
    fn forget(&mut self, name: &Arc<Name>) {
        let Some(known) = self.external_secrets.remove(name) else { return };
        if let Some(makers) = self.by_target.get_mut(&known.target) {
            makers.retain(|maker| maker != name);
            if makers.is_empty() {
                self.by_target.remove(&known.target);
            }
        }
        for store in &known.stores {
            if let Some(users) = self.by_store.get_mut(store) {
                users.remove(name);
                if users.is_empty() {
                    self.by_store.remove(store);
                }
            }
        }
    }

    pub(crate) fn leave_external_secret(&mut self, metadata: &ObjectMeta) -> Arc<Name> {
        let name = name_of(metadata);
        self.forget(&name);
        name
    }

    /// The ExternalSecrets that refer to a store.
    pub(crate) fn users_of(&self, store: &Name) -> Vec<Arc<Name>> {
        self.by_store.get(store).into_iter().flatten().cloned().collect()
    }

    pub(crate) fn external_secret(&self, name: &Name) -> Option<Text> {
        self.external_secrets.get(name).map(|known| known.text.clone())
    }

    /// The ExternalSecrets that make this Secret.
    pub(crate) fn makers_of(&self, secret: &Name) -> Vec<Arc<Name>> {
        self.by_target.get(secret).cloned().unwrap_or_default()
    }

    pub(crate) fn enter_store(&mut self, object: &DynamicObject) -> (Arc<Name>, Seen) {
        enter(&mut self.stores, object)
    }

    pub(crate) fn leave_store(&mut self, metadata: &ObjectMeta) -> Arc<Name> {
        let name = name_of(metadata);
        self.stores.remove(&name);
        name
    }

    pub(crate) fn store(&self, name: &Name) -> Option<Text> {
        self.stores.get(name).cloned()
    }

    pub(crate) fn store_count(&self) -> usize {
        self.stores.len()
    }

    /// The store that a reference of an object in `namespace` means.
    pub(crate) fn store_of(&self, reference: &StoreRef, namespace: &str) -> Option<Text> {
        self.stores.get(&*store_name(reference, namespace)).cloned()
    }

    pub(crate) fn enter_cluster_external_secret(&mut self, object: &DynamicObject) -> (Arc<Name>, Seen) {
        enter(&mut self.cluster_external_secrets, object)
    }

    pub(crate) fn leave_cluster_external_secret(&mut self, metadata: &ObjectMeta) -> Arc<Name> {
        let name = name_of(metadata);
        self.cluster_external_secrets.remove(&name);
        name
    }

    pub(crate) fn cluster_external_secret(&self, name: &Name) -> Option<Text> {
        self.cluster_external_secrets.get(name).cloned()
    }

    pub(crate) fn cluster_external_secret_names(&self) -> Vec<Arc<Name>> {
        self.cluster_external_secrets.keys().cloned().collect()
    }

    /// Enters a managed Secret's state; says whether it is news.
    pub(crate) fn enter_secret(&mut self, name: &Arc<Name>, state: SecretState) -> bool {
        let number = |version: &str| version.parse::<u64>().ok();
        if let Some(former) = self.secrets.get(name) {
            let older =
                number(&former.version).zip(number(&state.version)).is_some_and(|(old, new)| new < old);
            if *former == state || (older && former.uid == state.uid) {
                return false;
            }
        }
        self.secrets.insert(Arc::clone(name), state);
        true
    }

    pub(crate) fn leave_secret(&mut self, name: &Name) -> bool {
        self.secrets.remove(name).is_some()
    }

    pub(crate) fn secret(&self, name: &Name) -> Option<SecretState> {
        self.secrets.get(name).cloned()
    }

    pub(crate) fn enter_namespace(&mut self, name: &str, labels: BTreeMap<String, String>) -> bool {
        self.namespaces.insert(name.to_owned(), labels.clone()).as_ref() != Some(&labels)
    }

    pub(crate) fn leave_namespace(&mut self, name: &str) {
        self.namespaces.remove(name);
    }

    pub(crate) fn namespace_labels(&self, name: &str) -> Option<BTreeMap<String, String>> {
        self.namespaces.get(name).cloned()
    }

    pub(crate) fn namespaces(&self) -> Vec<(String, BTreeMap<String, String>)> {
        self.namespaces.iter().map(|(name, labels)| (name.clone(), labels.clone())).collect()
    }

    /// After a watch began anew: what it did not show is gone. Gives the names of what went.
    pub(crate) fn keep_only(&mut self, kind: Watched, shown: &HashSet<Arc<Name>>) -> Vec<Arc<Name>> {
        fn gone<V>(map: &HashMap<Arc<Name>, V>, shown: &HashSet<Arc<Name>>) -> Vec<Arc<Name>> {
            map.keys().filter(|name| !shown.contains(*name)).cloned().collect()
        }
        match kind {
            Watched::ExternalSecrets => {
                let gone = gone(&self.external_secrets, shown);
                for name in &gone {
                    self.forget(name);
                }
                gone
            }
            Watched::Stores(kind) => {
                let is_kind =
                    |name: &Arc<Name>| name.namespace.is_empty() == (kind == StoreKind::ClusterSecretStore);
                let gone: Vec<Arc<Name>> = gone(&self.stores, shown).into_iter().filter(is_kind).collect();
                for name in &gone {
                    self.stores.remove(name);
                }
                gone
            }
            Watched::ClusterExternalSecrets => {
                let gone = gone(&self.cluster_external_secrets, shown);
                for name in &gone {
                    self.cluster_external_secrets.remove(name);
                }
                gone
            }
            Watched::Secrets => {
                let gone = gone(&self.secrets, shown);
                for name in &gone {
                    self.secrets.remove(name);
                }
                gone
            }
            Watched::Namespaces => {
                self.namespaces.retain(|name, _| shown.contains(&*Name::new("", name)));
                Vec::new()
            }
        }
    }
}

/// Under which name a store is kept: a ClusterSecretStore without namespace.
pub(crate) fn store_name(reference: &StoreRef, namespace: &str) -> Arc<Name> {
    match reference.kind {
        StoreKind::SecretStore => Name::new(namespace, &reference.name),
        StoreKind::ClusterSecretStore => Name::new("", &reference.name),
    }
}

/// The stores that an ExternalSecret's JSON refers to.
fn stores_in<'a>(object: &'a Value, namespace: &'a str) -> impl Iterator<Item = Name> + 'a {
    let spec = &object["spec"];
    let entries = ["data", "dataFrom"].into_iter().filter_map(|part| spec[part].as_array()).flatten();
    let named = entries.filter_map(|entry| entry.pointer("/sourceRef/storeRef"));
    std::iter::once(&spec["secretStoreRef"]).chain(named).filter_map(move |reference| {
        let name = reference["name"].as_str()?.to_owned();
        let is_cluster = reference["kind"] == StoreKind::ClusterSecretStore.as_str();
        Some(Name { namespace: if is_cluster { String::new() } else { namespace.to_owned() }, name })
    })
}

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    ExternalSecrets,
    Stores(StoreKind),
    ClusterExternalSecrets,
    Secrets,
    Namespaces,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(version: u64, generation: i64, target: &str) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"namespace": "ns", "name": "es", "uid": "u", "generation": generation,
                "resourceVersion": version.to_string(), "managedFields": [{"manager": "kubectl"}]},
            "spec": {"target": {"name": target}, "secretStoreRef": {"name": "one"},
                "dataFrom": [{"sourceRef": {"storeRef": {"name": "all", "kind": "ClusterSecretStore"}}}]}, "status": {"refreshTime": version.to_string()},
        }))
        .unwrap()
    }

    #[test]
    fn an_older_event_does_not_undo_a_write_and_status_is_no_change() {
        let mut index = Index::default();
        let check = |index: &mut Index, version, generation, target, expect| {
            assert_eq!(index.enter_external_secret(&object(version, generation, target)).1, expect);
        };
        check(&mut index, 5, 1, "one", Seen::Changed { new: true });
        check(&mut index, 7, 1, "one", Seen::Same);
        check(&mut index, 6, 2, "two", Seen::Same);
        let read: ExternalSecret = index.external_secret(&Name::new("ns", "es")).unwrap().read().unwrap();
        assert_eq!(read.status.unwrap().refresh_time.as_deref(), Some("7"));
        assert_eq!(read.metadata.managed_fields, None);
        check(&mut index, 8, 2, "two", Seen::Changed { new: false });
        let users =
            |index: &Index, namespace: &str, name: &str| index.users_of(&Name::new(namespace, name)).len();
        assert_eq!(
            (users(&index, "ns", "one"), users(&index, "", "all"), users(&index, "", "one")),
            (1, 1, 0)
        );
        assert_eq!(index.makers_of(&Name::new("ns", "one")), []);
        assert_eq!(index.makers_of(&Name::new("ns", "two")), [Name::new("ns", "es")]);
        let gone = index.keep_only(Watched::ExternalSecrets, &HashSet::new());
        assert_eq!((gone.len(), index.makers_of(&Name::new("ns", "two")).len()), (1, 0));
    }
}
