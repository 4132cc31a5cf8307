//! Names that resources call each other by: when one changes, those that hold it follow.
//!
//! For every field that may hold a name ([`NameReference`](crate::config::NameReference)) the resources are sought that
//! had that name, are of the right kind, and can be seen from there. One left: its present name is written.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::config::{FieldSpec, OwnedGvk, TransformerConfig};
use crate::problem::Problem;
use crate::resource::{Gvk, Resource, Resources, Scope};
use crate::tree::{self, Node, Scalar};

/// Writes the present names into all fields that hold former ones.
pub(crate) fn fix(
    resources: &mut Resources,
    config: &TransformerConfig,
    scope: &Scope,
) -> Result<(), Problem> {
    // The fields are walked even where nothing was renamed: what can't be walked is an error all the same.
    let index = Index::new(resources.list());
    let by_kind = config.references_by_kind();
    let none = Vec::new();
    for at in 0..resources.list().len() {
        let resource = &resources.list()[at];
        if resource.is_empty() {
            continue;
        }
        let original = resource.original_id();
        let original = OwnedGvk {
            group: original.gvk.group.to_owned(),
            version: original.gvk.version.to_owned(),
            kind: original.gvk.kind.to_owned(),
        };
        check_subjects(resource)?;
        let of_kind = by_kind.get(original.kind.as_str()).unwrap_or(&none);
        let of_any = by_kind.get("").unwrap_or(&none);
        for (target, spec) in of_kind.iter().chain(of_any) {
            if !original.borrow().is_selected_by(&spec.gvk.borrow()) {
                continue;
            }
            let found = Referrer { resources, index: &index, scope, at, target, spec }.changes()?;
            write(resources, at, spec, found);
        }
    }
    Ok(())
}

/// Resources by the names that they had.
struct Index {
    by_former_name: HashMap<Box<str>, Vec<usize>>,
}

impl Index {
    fn new(resources: &[Resource]) -> Self {
        let mut by_former_name: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for (at, resource) in resources.iter().enumerate() {
            for previous in &resource.history().previous {
                let places = by_former_name.entry(previous.name.clone()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
        }
        Self { by_former_name }
    }
}

/// What to write at a node, found by walking in the order of the tree.
enum Change {
    Keep,
    Name(String),
    /// Into a mapping.
    NameAndNamespace(String, String),
}

struct Referrer<'r> {
    resources: &'r Resources,
    index: &'r Index,
    scope: &'r Scope,
    at: usize,
    target: &'r OwnedGvk,
    spec: &'r FieldSpec,
}

impl Referrer<'_> {
    fn resource(&self) -> &Resource {
        &self.resources.list()[self.at]
    }

    /// The changes at all places of the spec, and who is referred to.
    fn changes(&self) -> Result<Found, Problem> {
        let mut found = Found::default();
        if let Some(node) = &self.resource().node {
            self.walk(node, &self.spec.parts, &mut found)?;
        }
        Ok(found)
    }

    fn walk(&self, node: &Node, parts: &[String], found: &mut Found) -> Result<(), Problem> {
        let Some((part, rest)) = parts.split_first() else { return self.leaf(node, found) };
        match node {
            Node::Sequence(sequence) => {
                sequence.items.iter().try_for_each(|item| self.walk(item, parts, found))
            }
            Node::Mapping(mapping) => {
                let name = part.strip_suffix("[]").unwrap_or(part);
                mapping.get(name).map_or(Ok(()), |value| self.walk(value, rest, found))
            }
            Node::Scalar(_) if node.is_null() => Ok(()),
            Node::Scalar(scalar) => {
                let message = format!("the field {part:?} can't be in the scalar {:?}", scalar.text);
                Err(Problem::new(message, scalar.mark))
            }
        }
    }

    fn leaf(&self, node: &Node, found: &mut Found) -> Result<(), Problem> {
        match node {
            Node::Sequence(sequence) => {
                for item in &sequence.items {
                    match item {
                        Node::Sequence(_) => {
                            return Err(Problem::new("a list of names holds a list", item.mark()));
                        }
                        item => {
                            let change = self.change_of(item, found)?;
                            found.push(change);
                        }
                    }
                }
                Ok(())
            }
            node => {
                let change = self.change_of(node, found)?;
                found.push(change);
                Ok(())
            }
        }
    }

    fn change_of(&self, node: &Node, found: &mut Found) -> Result<Change, Problem> {
        match node {
            _ if node.is_null() => Ok(Change::Keep),
            Node::Scalar(scalar) => {
                let candidates = self.candidates(&scalar.text);
                let Some(at) = self.select(candidates, scalar, false)? else { return Ok(Change::Keep) };
                found.referred.push(at);
                let name = self.resources.list()[at].name();
                Ok(if *name == *scalar.text { Change::Keep } else { Change::Name(name.to_owned()) })
            }
            Node::Mapping(mapping) => {
                let Some(Node::Scalar(name)) = mapping.get("name") else {
                    return Err(Problem::new(
                        format!("{} leads to a mapping without a name", self.spec.path),
                        mapping.mark,
                    ));
                };
                let mut candidates = self.candidates(&name.text);
                if let Some(namespace) = mapping.get("namespace") {
                    self.keep_namespace(&mut candidates, namespace.text_or_empty());
                }
                let Some(at) = self.select(candidates, name, true)? else { return Ok(Change::Keep) };
                found.referred.push(at);
                let referred = &self.resources.list()[at];
                if *referred.name() == *name.text && referred.namespace().is_empty() {
                    return Ok(Change::Keep);
                }
                Ok(Change::NameAndNamespace(referred.name().to_owned(), referred.namespace().to_owned()))
            }
            Node::Sequence(_) => Ok(Change::Keep),
        }
    }

    /// The resources that had a name, and can be seen from here.
    fn candidates(&self, name: &str) -> Vec<usize> {
        let places = self.index.by_former_name.get(name).map_or(&[][..], Vec::as_slice);
        if places.is_empty() {
            return Vec::new();
        }
        let referrer = self.resource();
        let own = referrer.id();
        let everything = self.scope.is_cluster_scoped(&own.gvk);
        let bound = service_account_namespaces(referrer);
        let visible = |place: &&usize| {
            let id = self.resources.list()[**place].id();
            everything
                || self.scope.is_cluster_scoped(&id.gvk)
                || self.scope.effective_namespace(&id) == self.scope.effective_namespace(&own)
                || bound.contains(id.namespace)
        };
        places.iter().filter(visible).copied().collect()
    }

    /// Only those that were in a namespace, or, where none was there, are in it now.
    fn keep_namespace(&self, candidates: &mut Vec<usize>, namespace: &str) {
        if candidates.is_empty() {
            return;
        }
        let list = self.resources.list();
        // The groups are made of all that can be seen, not only of what has the name.
        let in_group = |original: bool, place: usize| {
            let id = if original { list[place].original_id() } else { list[place].id() };
            !self.scope.is_cluster_scoped(&id.gvk) && self.scope.effective_namespace(&id) == namespace
        };
        let referrer = self.resource();
        let own = referrer.id();
        let everything = self.scope.is_cluster_scoped(&own.gvk);
        let bound = service_account_namespaces(referrer);
        let any_original = list.iter().enumerate().any(|(place, one)| {
            let id = one.id();
            let visible = everything
                || self.scope.is_cluster_scoped(&id.gvk)
                || self.scope.effective_namespace(&id) == self.scope.effective_namespace(&own)
                || bound.contains(id.namespace);
            visible && in_group(true, place)
        });
        candidates.retain(|place| in_group(any_original, *place));
    }

    fn select(
        &self,
        mut candidates: Vec<usize>,
        name: &Scalar,
        with_namespace: bool,
    ) -> Result<Option<usize>, Problem> {
        let list = self.resources.list();
        let referrer = self.resource();
        let target = self.target.borrow();
        candidates.retain(|at| list[*at].previous_ids().any(|id| id.gvk.is_selected_by(&target)));
        if self.spec.path.ends_with("roleRef/name")
            && let Some(role) = role_of(referrer)
        {
            candidates.retain(|at| list[*at].previous_ids().any(|id| id.gvk.is_selected_by(&role)));
        }
        let own = referrer.id();
        if !self.scope.is_cluster_scoped(&own.gvk) {
            let namespace = self.scope.effective_namespace(&own);
            candidates.retain(|at| {
                let id = list[*at].id();
                self.scope.is_cluster_scoped(&id.gvk)
                    || id.gvk.kind == "ServiceAccount"
                    || self.scope.effective_namespace(&id) == namespace
            });
        }
        if let [one] = candidates[..] {
            return Ok(Some(one));
        }
        candidates.retain(|at| same_affixes(referrer, &list[*at], true));
        if candidates.len() > 1 {
            candidates.retain(|at| same_affixes(referrer, &list[*at], false));
        }
        let Some(first) = candidates.first().copied() else { return Ok(None) };
        let alike = candidates.iter().all(|at| {
            list[*at].name() == list[first].name()
                && (!with_namespace || list[*at].namespace() == list[first].namespace())
        });
        if alike {
            return Ok(Some(first));
        }
        let names: Vec<String> = candidates.iter().map(|at| list[*at].id().to_string()).collect();
        let message = format!("the name {:?} could mean any of {}", name.text, names.join(", "));
        Err(Problem::new(message, name.mark))
    }
}

#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    changed: bool,
    referred: Vec<usize>,
}

impl Found {
    fn push(&mut self, change: Change) {
        self.changed |= !matches!(change, Change::Keep);
        self.changes.push(change);
    }
}

fn write(resources: &mut Resources, at: usize, spec: &FieldSpec, found: Found) {
    for place in found.referred {
        resources.contents_mut()[place].history_mut().referred_to = true;
    }
    if !found.changed {
        return;
    }
    // A reference may stand in the resource's own identity.
    let list = resources.list_mut();
    let mut changes = found.changes.into_iter();
    if let Some(node) = &mut list[at].node {
        write_at(node, &spec.parts, &mut changes);
    }
}

fn write_at(node: &mut Node, parts: &[String], changes: &mut impl Iterator<Item = Change>) {
    let Some((part, rest)) = parts.split_first() else {
        match node {
            Node::Sequence(sequence) => {
                for item in &mut Arc::make_mut(sequence).items {
                    write_change(item, changes.next());
                }
            }
            node => write_change(node, changes.next()),
        }
        return;
    };
    match node {
        Node::Sequence(sequence) => {
            for item in &mut Arc::make_mut(sequence).items {
                write_at(item, parts, changes);
            }
        }
        Node::Mapping(_) => {
            let name = part.strip_suffix("[]").unwrap_or(part);
            if let Some(value) = node.get_mut(name) {
                write_at(value, rest, changes);
            }
        }
        Node::Scalar(_) => {}
    }
}

fn write_change(node: &mut Node, change: Option<Change>) {
    match (change, node) {
        (Some(Change::Name(name)), Node::Scalar(old)) => {
            let mark = old.mark;
            let mut node = Node::Scalar(Arc::clone(old));
            if tree::set_scalar(&mut node, Scalar::untyped(name, mark)).is_ok()
                && let Node::Scalar(new) = node
            {
                *old = new;
            }
        }
        (Some(Change::NameAndNamespace(name, namespace)), Node::Mapping(mapping)) => {
            let mapping = Arc::make_mut(mapping);
            for (field, text) in [("name", name), ("namespace", namespace)] {
                if !text.is_empty() {
                    let mark = mapping.get(field).map_or(mapping.mark, Node::mark);
                    let value = Node::Scalar(Arc::new(Scalar::untyped(text, mark)));
                    tree::set_field(mapping, field, Some(value), false);
                }
            }
        }
        _ => {}
    }
}

/// Whoever a RoleBinding binds is a mapping, and a ServiceAccount's namespace is a text.
fn check_subjects(resource: &Resource) -> Result<(), Problem> {
    if resource.kind() != "RoleBinding" {
        return Ok(());
    }
    for subject in resource.get("subjects").and_then(Node::items).unwrap_or_default() {
        if !matches!(subject, Node::Mapping(_)) {
            return Err(Problem::new("a subject of a RoleBinding is a mapping", subject.mark()));
        }
        if let Some(namespace) = subject.get("namespace")
            && subject.get("kind").and_then(Node::text) == Some("ServiceAccount")
            && (namespace.is_null() || namespace.text().is_none())
        {
            return Err(Problem::new("the namespace of a ServiceAccount is a text", namespace.mark()));
        }
    }
    Ok(())
}

/// The namespaces of the ServiceAccounts that a RoleBinding binds.
fn service_account_namespaces(resource: &Resource) -> HashSet<&str> {
    if resource.kind() != "RoleBinding" {
        return HashSet::new();
    }
    let subjects = resource.get("subjects").and_then(Node::items).unwrap_or_default();
    subjects
        .iter()
        .filter(|subject| subject.get("kind").and_then(Node::text) == Some("ServiceAccount"))
        .filter_map(|subject| subject.get("namespace").and_then(Node::text))
        .collect()
}

fn role_of(resource: &Resource) -> Option<Gvk<'_>> {
    let role = resource.get("roleRef")?;
    Some(Gvk { group: role.get("apiGroup")?.text()?, version: "", kind: role.get("kind")?.text()? })
}

/// Whether two resources got the same prefixes and suffixes last.
fn same_affixes(a: &Resource, b: &Resource, allow_empty: bool) -> bool {
    let (a, b) = (a.history(), b.history());
    let same = |a: &[Box<str>], b: &[Box<str>]| {
        let shorter = a.len().min(b.len());
        (allow_empty && shorter == 0)
            || (a[a.len() - shorter..] == b[b.len() - shorter..] && (shorter > 0 || a.len() == b.len()))
    };
    same(&a.prefixes, &b.prefixes) && same(&a.suffixes, &b.suffixes)
}
