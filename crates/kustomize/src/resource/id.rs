//! Identities: group, version, kind, name and namespace, and which kinds have no namespace.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;

/// Group, version and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Gvk<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

impl<'a> Gvk<'a> {
    pub(crate) fn of(api_version: &'a str, kind: &'a str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group, version, kind }
    }

    /// Whether a selector picks this: an empty part of it picks anything.
    pub(crate) fn is_selected_by(&self, selector: &Gvk<'_>) -> bool {
        (selector.group.is_empty() || selector.group == self.group)
            && (selector.version.is_empty() || selector.version == self.version)
            && (selector.kind.is_empty() || selector.kind == self.kind)
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    fn is_in(&self, set: &HashSet<(&'static str, &'static str)>) -> bool {
        // The sets are keyed by `apiVersion`, which most of the time needs no joining.
        if self.group.is_empty() {
            set.contains(&(self.version, self.kind))
        } else {
            let joined = self.api_version();
            set.contains(&(joined.as_str(), self.kind))
        }
    }
}

impl fmt::Display for Gvk<'_> {
    /// As Kustomize writes it, and sorts by it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &'_ str, none: &'static str| {
            if text.is_empty() { none.to_owned() } else { text.to_owned() }
        };
        write!(
            f,
            "{}.{}.{}",
            or(self.kind, "[noKind]"),
            or(self.version, "[noVer]"),
            or(self.group, "[noGrp]")
        )
    }
}

/// An identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct ResId<'a> {
    pub(crate) gvk: Gvk<'a>,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
}

impl fmt::Display for ResId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "[noName]" } else { self.name };
        let namespace = if self.namespace.is_empty() { "[noNs]" } else { self.namespace };
        write!(f, "{}/{name}.{namespace}", self.gvk)
    }
}

/// A former identity. Group and version are always those of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreviousId {
    pub(crate) name: Box<str>,
    pub(crate) namespace: Box<str>,
    pub(crate) kind: Box<str>,
}

/// The namespace that resources without one are in, for comparisons.
const DEFAULT_NAMESPACE: &str = "default";
/// What stands in the place of a namespace for kinds that have none.
const NO_NAMESPACE: &str = "_non_namespaceable_";

type Kinds = HashSet<(&'static str, &'static str)>;

fn kinds(text: &'static str) -> Kinds {
    text.lines().filter_map(|line| line.split_once(' ')).collect()
}

/// Kinds of Kubernetes 1.21.2 that have no namespace.
static CLUSTER_SCOPED: LazyLock<Kinds> =
    LazyLock::new(|| kinds(include_str!("../../facts/cluster_scoped.txt")));
/// Kinds of Kubernetes 1.21.2 that have one.
static NAMESPACED: LazyLock<Kinds> = LazyLock::new(|| kinds(include_str!("../../facts/namespaced.txt")));

/// Which kinds have no namespace: the built-in table, and what a custom OpenAPI schema adds. A kind that neither knows
/// counts as namespaced.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// By `apiVersion` and kind: whether it has a namespace.
    pub(crate) custom: HashMap<(String, String), bool>,
}

impl Scope {
    pub(crate) fn is_cluster_scoped(&self, gvk: &Gvk<'_>) -> bool {
        if gvk.is_in(&CLUSTER_SCOPED) {
            return true;
        }
        !self.custom.is_empty()
            && !gvk.is_in(&NAMESPACED)
            && self.custom.get(&(gvk.api_version(), gvk.kind.to_owned())) == Some(&false)
    }

    /// The namespace for comparisons: empty and `default` are one, and kinds without a namespace share a mark.
    pub(crate) fn effective_namespace<'a>(&self, id: &ResId<'a>) -> &'a str {
        if self.is_cluster_scoped(&id.gvk) {
            NO_NAMESPACE
        } else if id.namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            id.namespace
        }
    }

    pub(crate) fn same(&self, a: &ResId<'_>, b: &ResId<'_>) -> bool {
        a.name == b.name && a.gvk == b.gvk && self.effective_namespace(a) == self.effective_namespace(b)
    }
}

/// Whether the built-in tables know a kind.
pub(crate) fn is_built_in(gvk: &Gvk<'_>) -> bool {
    gvk.is_in(&CLUSTER_SCOPED) || gvk.is_in(&NAMESPACED)
}
