//! A resource on its way through a build: its tree, and what Kustomize has to remember about it.
//!
//! Kustomize keeps a resource's former names, its prefixes and the like in annotations, and parses them again at every
//! question. Here they are fields. What can be seen of the difference is kept: a JSON patch finds an `annotations`
//! mapping where there is history, and a patch that removes all annotations removes the history too.

mod id;
mod set;

use std::sync::Arc;

pub(crate) use id::{Gvk, PreviousId, ResId, Scope, is_built_in};
pub(crate) use set::{Duplicate, Resources};

use crate::tree::{self, Mark, Node, Scalar};

/// How a generated resource joins one that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// What was done to a resource's identity. Empty for most resources, and then not allocated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Former identities, oldest first.
    pub(crate) previous: Vec<PreviousId>,
    pub(crate) prefixes: Vec<Box<str>>,
    pub(crate) suffixes: Vec<Box<str>>,
    pub(crate) behavior: Behavior,
    /// The name is to get a hash of the content.
    pub(crate) needs_hash: bool,
    /// Something refers to it by name, which counts as a trace.
    pub(crate) referred_to: bool,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
    /// Made by a generator, which leaves a trace even before anything changed.
    pub(crate) generated: bool,
    pub(crate) from_helm: bool,
    /// Name or kind were gone when they were to be remembered.
    pub(crate) lost_identity: bool,
}

/// Where a resource came from and what changed it, as `buildMetadata` prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lineage {
    pub(crate) origin: Option<Arc<crate::origin::Origin>>,
    pub(crate) transformations: Vec<Arc<crate::origin::Origin>>,
}

/// A resource.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The tree; `None` once a patch has deleted it.
    pub(crate) node: Option<Node>,
    history: Option<Box<History>>,
    pub(crate) lineage: Option<Box<Lineage>>,
    /// Names of the vars that read a field of it.
    pub(crate) vars: Vec<Arc<str>>,
    /// Some of its scalars may be linked.
    pub(crate) linked: bool,
}

static NO_HISTORY: History = History {
    previous: Vec::new(),
    prefixes: Vec::new(),
    suffixes: Vec::new(),
    behavior: Behavior::Unspecified,
    needs_hash: false,
    referred_to: false,
    allow_name_change: false,
    allow_kind_change: false,
    generated: false,
    from_helm: false,
    lost_identity: false,
};

impl Resource {
    pub(crate) fn new(node: Node) -> Self {
        Self { node: Some(node), history: None, lineage: None, vars: Vec::new(), linked: false }
    }

    pub(crate) fn history(&self) -> &History {
        self.history.as_deref().unwrap_or(&NO_HISTORY)
    }

    pub(crate) fn history_mut(&mut self) -> &mut History {
        self.history.get_or_insert_default()
    }

    pub(crate) fn set_history(&mut self, history: Option<History>) {
        self.history = history.map(Box::new);
    }

    /// Whether Kustomize's copy would carry annotations of its own.
    pub(crate) fn has_traces(&self) -> bool {
        self.history.as_deref().is_some_and(|history| *history != NO_HISTORY)
            || self.lineage.as_deref().is_some_and(|lineage| lineage.origin.is_some())
    }

    /// Kustomize's own annotations make an `annotations` for others to be set in. It goes at the end where it is empty.
    pub(crate) fn show_annotations(&mut self) {
        if self.has_traces()
            && let Some(node) = &mut self.node
            && tree::lookup(node, &["metadata", "annotations"]).is_none()
        {
            let mark = node.mark();
            // A metadata that is no mapping has no place for them.
            let _ = tree::lookup_create(node, &["metadata", "annotations"], mark);
        }
    }

    /// What has changed it, as an annotation.
    pub(crate) fn transformations(&self) -> String {
        let transformations = self.lineage.as_ref().map_or(&[][..], |lineage| &lineage.transformations);
        if transformations.is_empty() {
            return String::new();
        }
        crate::origin::transformations(transformations.iter().map(AsRef::as_ref))
    }

    /// The annotations in which Kustomize notes what is known here as history.
    pub(crate) fn traces(&self) -> Vec<(&'static str, String)> {
        let history = self.history();
        let list = |texts: &mut dyn Iterator<Item = &str>| texts.collect::<Vec<_>>().join(",");
        let previous = &history.previous;
        let enabled = |set: bool| if set { "enabled" } else { "" }.to_owned();
        let behavior = if history.generated { history.behavior.name() } else { "" };
        let origin = self.lineage.as_ref().and_then(|lineage| lineage.origin.as_ref());
        let mut traces = vec![
            ("internal.config.kubernetes.io/previousNames", list(&mut previous.iter().map(|id| &*id.name))),
            (
                "internal.config.kubernetes.io/previousNamespaces",
                list(&mut previous.iter().map(|id| &*id.namespace)),
            ),
            ("internal.config.kubernetes.io/previousKinds", list(&mut previous.iter().map(|id| &*id.kind))),
            (
                "internal.config.kubernetes.io/prefixes",
                list(&mut history.prefixes.iter().map(|text| &**text)),
            ),
            (
                "internal.config.kubernetes.io/suffixes",
                list(&mut history.suffixes.iter().map(|text| &**text)),
            ),
            ("internal.config.kubernetes.io/generatorBehavior", behavior.to_owned()),
            ("internal.config.kubernetes.io/needsHashSuffix", enabled(history.needs_hash)),
            ("config.kubernetes.io/origin", origin.map_or_else(String::new, |origin| origin.annotation())),
        ];
        traces.extend([
            ("internal.config.kubernetes.io/allowNameChange", enabled(history.allow_name_change)),
            ("internal.config.kubernetes.io/allowKindChange", enabled(history.allow_kind_change)),
            ("alpha.config.kubernetes.io/transformations", self.transformations()),
        ]);
        traces.retain(|(_, text)| !text.is_empty());
        traces
    }

    pub(crate) fn forget_history(&mut self) {
        self.history = None;
        self.lineage = None;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.node.as_ref().is_none_or(Node::is_null_or_empty)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.node.as_ref().and_then(|node| node.get(key))
    }

    pub(crate) fn kind(&self) -> &str {
        self.get("kind").map_or("", Node::text_or_empty)
    }

    pub(crate) fn api_version(&self) -> &str {
        self.get("apiVersion").map_or("", Node::text_or_empty)
    }

    fn metadata(&self) -> Option<&Node> {
        self.get("metadata").filter(|node| !node.is_null_or_empty())
    }

    fn metadata_text(&self, key: &str) -> &str {
        self.metadata()
            .and_then(|metadata| metadata.get(key))
            .filter(|node| !node.is_null_or_empty())
            .map_or("", Node::text_or_empty)
    }

    pub(crate) fn name(&self) -> &str {
        self.metadata_text("name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.metadata_text("namespace")
    }

    pub(crate) fn gvk(&self) -> Gvk<'_> {
        Gvk::of(self.api_version(), self.kind())
    }

    /// The identity that it has now.
    pub(crate) fn id(&self) -> ResId<'_> {
        ResId { gvk: self.gvk(), name: self.name(), namespace: self.namespace() }
    }

    /// The identity that it had when it was loaded.
    pub(crate) fn original_id(&self) -> ResId<'_> {
        self.history().previous.first().map_or_else(|| self.id(), |previous| self.former_id(previous))
    }

    fn former_id<'r>(&'r self, previous: &'r PreviousId) -> ResId<'r> {
        ResId {
            gvk: Gvk::of(self.api_version(), &previous.kind),
            name: &previous.name,
            namespace: &previous.namespace,
        }
    }

    /// The former identities, oldest first.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = ResId<'_>> {
        self.history().previous.iter().map(|previous| self.former_id(previous))
    }

    /// The former identities and the one of now.
    pub(crate) fn all_ids(&self) -> impl Iterator<Item = ResId<'_>> {
        self.previous_ids().chain(std::iter::once(self.id()))
    }

    /// Remembers the identity that it has now, before that changes.
    pub(crate) fn store_previous_id(&mut self, scope: &Scope) {
        let id = self.id();
        // A patch may have taken name or kind away. Kustomize can't go on from there.
        if id.name.is_empty() || id.gvk.kind.is_empty() {
            self.history_mut().lost_identity = true;
            return;
        }
        let previous = PreviousId {
            name: id.name.into(),
            namespace: scope.effective_namespace(&id).into(),
            kind: id.gvk.kind.into(),
        };
        self.history_mut().previous.push(previous);
    }

    /// The entries of `metadata.labels` or `metadata.annotations`, as texts.
    pub(crate) fn metadata_map(&self, field: &str) -> Vec<(&str, &str)> {
        self.metadata()
            .and_then(|metadata| metadata.get(field))
            .and_then(Node::entries)
            .map_or_else(Vec::new, |entries| {
                entries.iter().map(|(key, value)| (&*key.text, value.text_or_empty())).collect()
            })
    }

    pub(crate) fn metadata_entry(&self, field: &str, key: &str) -> Option<&str> {
        self.metadata()
            .and_then(|metadata| metadata.get(field))
            .and_then(|map| map.get(key))
            .map(Node::text_or_empty)
    }

    pub(crate) fn set_name(&mut self, name: &str, mark: Mark) {
        self.set_metadata("name", name, mark);
    }

    pub(crate) fn set_kind(&mut self, kind: &str) {
        if let Some(Node::Mapping(mapping)) = &mut self.node {
            let mark = mapping.get("kind").map_or(mapping.mark, Node::mark);
            let value = Node::Scalar(Arc::new(Scalar::untyped(kind, mark)));
            tree::set_field(Arc::make_mut(mapping), "kind", Some(value), false);
        }
    }

    pub(crate) fn set_api_version(&mut self, version: &str) {
        if let Some(Node::Mapping(mapping)) = &mut self.node {
            let mark = mapping.get("apiVersion").map_or(mapping.mark, Node::mark);
            let value = Node::Scalar(Arc::new(Scalar::untyped(version, mark)));
            tree::set_field(Arc::make_mut(mapping), "apiVersion", Some(value), false);
        }
    }

    /// Sets the namespace; an empty one removes the field.
    pub(crate) fn set_namespace(&mut self, namespace: &str, mark: Mark) {
        if !namespace.is_empty() {
            self.set_metadata("namespace", namespace, mark);
        } else if self.get("metadata").is_some_and(|metadata| metadata.get("namespace").is_some())
            && let Some(Node::Mapping(metadata)) =
                self.node.as_mut().and_then(|node| node.get_mut("metadata"))
        {
            tree::clear(Arc::make_mut(metadata), "namespace");
        }
    }

    fn set_metadata(&mut self, field: &str, text: &str, mark: Mark) {
        let Some(node) = &mut self.node else { return };
        let unchanged = tree::lookup(node, &["metadata", field])
            .is_some_and(|old| matches!(old, Node::Scalar(old) if &*old.text == text && old.is_string()));
        if unchanged {
            return;
        }
        if let Ok(metadata) = tree::lookup_create(node, &["metadata"], mark) {
            let mark = metadata.get(field).map_or(mark, Node::mark);
            let value = Node::Scalar(Arc::new(Scalar::untyped(text, mark)));
            tree::set_field(metadata, field, Some(value), false);
        }
    }

    /// Replaces labels or annotations by strings, sorted; none at all removes the field.
    pub(crate) fn set_metadata_map(&mut self, field: &str, mut entries: Vec<(String, String, Mark)>) {
        let Some(node) = &mut self.node else { return };
        let mark = node.mark();
        let Ok(metadata) = tree::lookup_create(node, &["metadata"], mark) else { return };
        let place = metadata.index(field);
        let old = tree::clear(metadata, field);
        if entries.is_empty() {
            return;
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let mark = old.map_or(mark, |old| old.mark());
        let entries = entries
            .into_iter()
            .map(|(key, text, mark)| (tree::key(&key, mark), Node::string(text, mark)))
            .collect();
        let entry = (tree::key(field, mark), Node::mapping(entries, mark));
        metadata.entries.insert(place.unwrap_or(metadata.entries.len()), entry);
    }

    /// The last thing that happens to every resource: annotations become strings, and none at all is no field.
    pub(crate) fn normalize_annotations(&mut self) {
        let Some(node) = &self.node else { return };
        if tree::lookup(node, &["metadata"]).is_none() {
            // Kustomize looks for annotations in a metadata that it makes.
            if let Some(node) = &mut self.node
                && node.get("metadata").is_none()
            {
                let mark = node.mark();
                let _ = tree::lookup_create(node, &["metadata"], mark);
            }
            return;
        }
        let Some(annotations) = tree::lookup(node, &["metadata", "annotations"]) else { return };
        let clean = annotations.entries().is_some_and(|entries| {
            !entries.is_empty()
                && entries.iter().enumerate().all(|(at, (key, value))| {
                    matches!(value, Node::Scalar(value) if value.tag == tree::Tag::Str
                        && value.style != tree::Style::Folded && !value.tagged)
                        && !entries[..at].iter().any(|(other, _)| other.text == key.text)
                })
        });
        if clean {
            return;
        }
        let mut strings: Vec<(String, String, Mark)> = Vec::new();
        let mut add = |key: &str, value: &Node| {
            strings.retain(|(name, _, _)| name != key);
            strings.push((key.to_owned(), value.text_or_empty().to_owned(), value.mark()));
        };
        match annotations {
            Node::Mapping(mapping) => mapping.entries.iter().for_each(|(key, value)| add(&key.text, value)),
            // Kustomize takes the items of a list for keys and values in turn, and fails where one is left over.
            Node::Sequence(list) if list.items.len() % 2 == 0 => {
                list.items.chunks_exact(2).for_each(|pair| add(pair[0].text_or_empty(), &pair[1]));
            }
            Node::Sequence(_) => return,
            Node::Scalar(_) => {}
        }
        self.set_metadata_map("annotations", strings);
    }
}
