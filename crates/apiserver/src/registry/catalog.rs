//! Which kinds one server serves: the built-in ones and those that its definitions add.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{BUILT_IN, Resource};

/// The kinds of one server.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Custom kinds by group, version, plural.
    custom: RwLock<BTreeMap<(String, String, String), Arc<Resource>>>,
}

/// What a group, version and plural lead to.
#[derive(Debug)]
pub(crate) enum Found {
    Resource(Arc<Resource>),
    /// The group version is served, this resource of it is not.
    NoResource,
    /// Nobody serves the group version.
    NoGroupVersion,
}

impl Catalog {
    /// Finds a resource.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Found {
        let mut known = false;
        for resource in BUILT_IN.iter() {
            if resource.group == group && resource.version == version {
                if resource.plural == plural {
                    return Found::Resource(resource.clone());
                }
                known = true;
            }
        }
        if known {
            return Found::NoResource;
        }
        let custom = self.custom.read().unwrap_or_else(PoisonError::into_inner);
        let key = (group.to_owned(), version.to_owned(), plural.to_owned());
        match custom.get(&key) {
            Some(resource) => Found::Resource(resource.clone()),
            None if custom.keys().any(|(g, v, _)| g == group && v == version) => Found::NoResource,
            None => Found::NoGroupVersion,
        }
    }

    /// Whether any version of the group is served.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        BUILT_IN.iter().any(|resource| resource.group == group)
            || self.custom.read().unwrap_or_else(PoisonError::into_inner).keys().any(|(g, _, _)| g == group)
    }

    /// The resource of a kind.
    pub(crate) fn of_kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        self.all().into_iter().find(|resource| resource.kind == kind && resource.api_version() == api_version)
    }

    /// The first resource whose objects are in a collection.
    pub(crate) fn of_collection(&self, collection: &str) -> Option<Arc<Resource>> {
        self.all().into_iter().find(|resource| &*resource.collection == collection)
    }

    /// All resources: built-in ones, then custom ones by group, version and name.
    pub(crate) fn all(&self) -> Vec<Arc<Resource>> {
        let custom = self.custom.read().unwrap_or_else(PoisonError::into_inner);
        BUILT_IN.iter().chain(custom.values()).cloned().collect()
    }

    /// Replaces what a definition contributes.
    pub(crate) fn replace(&self, group: &str, plural: &str, resources: Vec<Arc<Resource>>) {
        let mut custom = self.custom.write().unwrap_or_else(PoisonError::into_inner);
        custom.retain(|(g, _, p), _| !(g == group && p == plural));
        for resource in resources {
            let key = (resource.group.to_string(), resource.version.to_string(), resource.plural.to_string());
            custom.insert(key, resource);
        }
    }
}
