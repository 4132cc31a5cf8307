//! The resources of a build, in the order of loading; no two have one identity.

use std::collections::HashSet;

use super::{ResId, Resource, Scope};

/// Two resources with one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duplicate {
    /// The identity.
    pub(crate) id: String,
    /// The place of the resource that came first.
    pub(crate) first: crate::tree::Mark,
    pub(crate) second: crate::tree::Mark,
}

/// Resources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resources {
    list: Vec<Resource>,
    /// The identities, until something may have changed them.
    ids: Option<HashSet<Box<str>>>,
}

fn id_key(id: &ResId<'_>, scope: &Scope) -> Box<str> {
    let gvk = id.gvk;
    let parts = [gvk.group, gvk.version, gvk.kind, id.name, scope.effective_namespace(id)];
    parts.join("\0").into_boxed_str()
}

impl Resources {
    pub(crate) fn list(&self) -> &[Resource] {
        &self.list
    }

    /// The resources, to be changed.
    pub(crate) fn list_mut(&mut self) -> &mut Vec<Resource> {
        self.ids = None;
        &mut self.list
    }

    /// The resources, to be changed in ways that leave their identities alone.
    pub(crate) fn contents_mut(&mut self) -> &mut [Resource] {
        &mut self.list
    }

    pub(crate) fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Appends a resource that no other has the identity of.
    pub(crate) fn append(&mut self, resource: Resource, scope: &Scope) -> Result<(), Duplicate> {
        if self.ids.is_none() {
            self.ids = Some(self.list.iter().map(|one| id_key(&one.id(), scope)).collect());
        }
        let key = id_key(&resource.id(), scope);
        if self.ids.as_mut().is_some_and(|ids| !ids.insert(key)) {
            return Err(self.duplicate(&resource, scope));
        }
        self.list.push(resource);
        Ok(())
    }

    pub(crate) fn append_all(&mut self, more: Vec<Resource>, scope: &Scope) -> Result<(), Duplicate> {
        self.list.reserve(more.len());
        more.into_iter().try_for_each(|resource| self.append(resource, scope))
    }

    /// Whether all identities differ; the first one that does not. Nothing is done where nothing has changed.
    pub(crate) fn check_unique(&mut self, scope: &Scope) -> Result<(), Duplicate> {
        if self.ids.is_some() {
            return Ok(());
        }
        let mut ids = HashSet::with_capacity(self.list.len());
        for resource in &self.list {
            if !ids.insert(id_key(&resource.id(), scope)) {
                return Err(self.duplicate(resource, scope));
            }
        }
        self.ids = Some(ids);
        Ok(())
    }

    fn duplicate(&self, resource: &Resource, scope: &Scope) -> Duplicate {
        let id = resource.id();
        let mark = |one: &Resource| one.node.as_ref().map_or_else(Default::default, crate::tree::Node::mark);
        let first =
            self.list.iter().find(|one| scope.same(&one.id(), &id)).map_or_else(Default::default, mark);
        Duplicate { id: id.to_string(), first, second: mark(resource) }
    }

    /// The places of the resources that have or had an identity.
    pub(crate) fn find_any(&self, matches: impl Fn(&ResId<'_>) -> bool) -> Vec<usize> {
        let found = |resource: &Resource| !resource.is_empty() && resource.all_ids().any(|id| matches(&id));
        self.list.iter().enumerate().filter(|(_, resource)| found(resource)).map(|(at, _)| at).collect()
    }
}
