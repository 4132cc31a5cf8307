//! The resources of all subscriptions, and what is under way with them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    clusters::Cluster,
    identities::Identity,
    locks::Locks,
    operations::{Operations, Work},
    path::{Kind, group_of, name_of},
    vaults::{DeletedVault, Vault},
};

/// A resource or a resource group.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// The id with the letter case of its creation.
    pub(super) id: String,
    pub(super) location: String,
    pub(super) tags: Option<Map<String, Value>>,
    pub(super) body: Body,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Group { deleting: bool },
    Cluster(Box<Cluster>),
    Identity(Identity),
    Vault(Vault),
}

impl Resource {
    pub(super) fn name(&self) -> &str {
        name_of(&self.id)
    }

    /// None for a resource group.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.body {
            Body::Group { .. } => None,
            Body::Cluster(_) => Some(Kind::Cluster),
            Body::Identity(_) => Some(Kind::Identity),
            Body::Vault(_) => Some(Kind::Vault),
        }
    }

    pub(super) fn cluster(&self) -> Option<&Cluster> {
        match &self.body {
            Body::Cluster(cluster) => Some(cluster),
            _ => None,
        }
    }

    pub(super) fn identity(&self) -> Option<&Identity> {
        match &self.body {
            Body::Identity(identity) => Some(identity),
            _ => None,
        }
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Store {
    resources: BTreeMap<String, Resource>,
    pub(super) operations: Operations,
    pub(super) locks: Locks,
    /// By name in lower case.
    pub(super) deleted_vaults: BTreeMap<String, DeletedVault>,
}

impl Store {
    pub(super) fn get(&self, id: &str) -> Option<&Resource> {
        self.resources.get(&id.to_ascii_lowercase())
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Resource> {
        self.resources.get_mut(&id.to_ascii_lowercase())
    }

    pub(super) fn insert(&mut self, resource: Resource) {
        self.resources.insert(resource.id.to_ascii_lowercase(), resource);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Resource> {
        self.resources.remove(&id.to_ascii_lowercase())
    }

    /// What lies under `id`, itself not included.
    pub(super) fn under(&self, id: &str) -> impl Iterator<Item = &Resource> {
        let prefix = format!("{}/", id.to_ascii_lowercase().trim_end_matches('/'));
        let rest = self.resources.range(prefix.clone()..);
        rest.take_while(move |(key, _)| key.starts_with(&prefix)).map(|(_, resource)| resource)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// The group that a resource id lies in, if it exists.
    pub(super) fn group_exists(&self, id: &str) -> bool {
        let Some(group) = group_of(id) else { return false };
        let end = id
            .to_ascii_lowercase()
            .find("/resourcegroups/")
            .map(|at| at + "/resourcegroups/".len() + group.len());
        end.and_then(|end| id.get(..end)).is_some_and(|group| self.get(group).is_some())
    }

    /// Forgets the deleted vaults whose retention is over by `now`, and gives their names.
    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<String> {
        self.deleted_vaults.extract_if(.., |_, deleted| deleted.is_over(now)).map(|(name, _)| name).collect()
    }

    /// Takes every operation that has ended by `now` to its end, and gives the resources that are gone by it.
    pub(super) fn settle(&mut self, now: Timestamp) -> Vec<Resource> {
        let mut removed = Vec::new();
        for (subject, work, outcome) in self.operations.ended(now) {
            let failure = outcome.err();
            match work {
                Work::Delete if failure.is_none() => {
                    let under: Vec<String> =
                        self.under(&subject).map(|resource| resource.id.clone()).collect();
                    removed.extend(under.iter().chain([&subject]).filter_map(|id| self.remove(id)));
                }
                Work::Delete | Work::Write | Work::Power { .. } => {
                    let Some(resource) = self.get_mut(&subject) else { continue };
                    match &mut resource.body {
                        Body::Cluster(cluster) => {
                            cluster.busy = None;
                            if let Work::Power { running } = work
                                && failure.is_none()
                            {
                                cluster.running = running;
                            }
                            cluster.failure = failure;
                        }
                        Body::Group { deleting } => *deleting = false,
                        Body::Identity(_) | Body::Vault(_) => {}
                    }
                }
            }
        }
        removed
    }
}
