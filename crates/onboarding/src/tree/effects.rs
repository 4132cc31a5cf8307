//! What a change of the tree does once it is pushed: to the hub's objects, to Argo CD's applications, to the clusters.
//!
//! Both trees are rendered, and the objects compared: so it holds however the change was written. Fields are named, never shown: a value may
//! be a secret.

use std::collections::{BTreeMap, BTreeSet};

use gangplank_kustomize::Rendered;
use serde_json::Value;

use super::members::Member;
use crate::names::ClusterName;

/// A tree, as far as Argo CD sees it.
pub struct Sight {
    /// The clusters that it has overlays for.
    pub members: Vec<Member>,
    /// What the self-managing application renders.
    pub hub: Rendered,
    /// What every cluster's bootstrap application renders.
    pub bootstrap: Rendered,
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Create,
    /// Fields of it differ.
    Change,
    /// It is not rendered any more; Argo CD prunes it.
    Delete,
}

impl Fate {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Create => "create",
            Fate::Change => "change",
            Fate::Delete => "delete",
        }
    }
}

/// One object that the change touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// What becomes of it.
    pub fate: Fate,
    /// Kind, namespace and name.
    pub object: String,
    /// The fields that differ, as JSON pointers; of a changed object only.
    pub fields: Vec<String>,
}

/// What becomes of applications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationChange {
    /// The self-managing application has this many objects to sync.
    SyncSelf(usize),
    /// A cluster gets its bootstrap application, with this many objects.
    Bootstrap(ClusterName, usize),
    /// The bootstrap application of a cluster ends, and its objects are pruned.
    Clear(ClusterName),
    /// The bootstrap application of a cluster is dropped, and its objects stay on the cluster.
    Orphan(ClusterName),
    /// So many bootstrap applications have this many objects to sync.
    SyncBootstraps(usize, usize),
}

/// Everything that a change does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// On the hub.
    pub hub: Vec<ObjectChange>,
    /// On every cluster that has the bootstrap already.
    pub clusters: Vec<ObjectChange>,
    /// To Argo CD's applications.
    pub applications: Vec<ApplicationChange>,
}

/// What comes of `after` taking the place of `before`; `None` where nothing was pushed yet.
pub fn effects(before: Option<&Sight>, after: &Sight) -> Effects {
    let hub = objects(before.map(|sight| &sight.hub), &after.hub);
    let names = |sight: &Sight, leaving: bool| -> BTreeSet<ClusterName> {
        let members = sight.members.iter().filter(|member| member.leaving == leaving);
        members.map(|member| member.name.clone()).collect()
    };
    // Those that left before have nothing to sync or to lose any more.
    let stayed = before.map(|sight| names(sight, false)).unwrap_or_default();
    let (staying, leaving) = (names(after, false), names(after, true));
    let mut applications = Vec::new();
    if !hub.is_empty() {
        applications.push(ApplicationChange::SyncSelf(hub.len()));
    }
    let size = after.bootstrap.resources.len();
    let come = staying.difference(&stayed).cloned();
    applications.extend(come.map(|name| ApplicationChange::Bootstrap(name, size)));
    applications.extend(stayed.intersection(&leaving).cloned().map(ApplicationChange::Clear));
    let gone = stayed.iter().filter(|name| !staying.contains(name) && !leaving.contains(name));
    applications.extend(gone.cloned().map(ApplicationChange::Orphan));
    let clusters = match before {
        Some(before) => objects(Some(&before.bootstrap), &after.bootstrap),
        None => Vec::new(),
    };
    let kept = stayed.intersection(&staying).count();
    if kept > 0 && !clusters.is_empty() {
        applications.push(ApplicationChange::SyncBootstraps(kept, clusters.len()));
    }
    Effects { hub, clusters, applications }
}

fn objects(before: Option<&Rendered>, after: &Rendered) -> Vec<ObjectChange> {
    let by_identity = |rendered: &Rendered| -> BTreeMap<String, Value> {
        rendered
            .resources
            .iter()
            .map(|resource| {
                let name = match resource.namespace() {
                    "" => resource.name().to_owned(),
                    namespace => format!("{namespace}/{}", resource.name()),
                };
                (format!("{} {name}", resource.kind()), resource.to_json())
            })
            .collect()
    };
    let (before, after) = (before.map(by_identity).unwrap_or_default(), by_identity(after));
    let mut changes = Vec::new();
    for (object, value) in &after {
        let (fate, fields) = match before.get(object) {
            None => (Fate::Create, Vec::new()),
            Some(old) if old == value => continue,
            Some(old) => (Fate::Change, fields(old, value)),
        };
        changes.push(ObjectChange { fate, object: object.clone(), fields });
    }
    let gone = before.keys().filter(|object| !after.contains_key(*object));
    changes.extend(gone.map(|object| ObjectChange {
        fate: Fate::Delete,
        object: object.clone(),
        fields: Vec::new(),
    }));
    changes
}

/// The places at which two values differ.
fn fields(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differences(old, new, &mut String::new(), &mut found);
    found
}

fn differences(old: &Value, new: &Value, at: &mut String, found: &mut Vec<String>) {
    let mut inside = |key: &str, old: &Value, new: &Value| {
        let length = at.len();
        at.push('/');
        at.push_str(&key.replace('~', "~0").replace('/', "~1"));
        differences(old, new, at, found);
        at.truncate(length);
    };
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let null = Value::Null;
                inside(key, old.get(key).unwrap_or(&null), new.get(key).unwrap_or(&null));
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                inside(&index.to_string(), old, new);
            }
        }
        _ => found.push(at.clone()),
    }
}
