//! The order of the output: as loaded, or by kind ("legacy"), which is the default.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::resource::{Gvk, ResId, Resource};

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

fn ranks<'a>(
    first: impl ExactSizeIterator<Item = &'a str>,
    last: impl Iterator<Item = &'a str>,
) -> HashMap<&'a str, i32> {
    let count = i32::try_from(first.len()).unwrap_or(i32::MAX);
    let mut ranks: HashMap<&str, i32> = first.zip(-count..).collect();
    ranks.extend(last.zip(1..));
    ranks
}

/// A kind's place in the default order; zero for kinds that are not in it.
pub(crate) fn default_rank(kind: &str) -> i32 {
    let place =
        |list: &[&str]| list.iter().position(|name| *name == kind).and_then(|at| i32::try_from(at).ok());
    let first = i32::try_from(FIRST.len()).unwrap_or(0);
    place(&FIRST).map(|at| at - first).or_else(|| place(&LAST).map(|at| at + 1)).unwrap_or(0)
}

/// `sortOptions.legacySortOptions`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LegacyOptions {
    pub(crate) first: Vec<String>,
    pub(crate) last: Vec<String>,
}

/// The legacy order.
pub(crate) struct Legacy<'o> {
    ranks: HashMap<&'o str, i32>,
}

impl<'o> Legacy<'o> {
    pub(crate) fn new(options: Option<&'o LegacyOptions>) -> Self {
        let ranks = match options {
            Some(options) => {
                ranks(options.first.iter().map(String::as_str), options.last.iter().map(String::as_str))
            }
            None => ranks(FIRST.into_iter(), LAST.into_iter()),
        };
        Self { ranks }
    }

    pub(crate) fn compare(&self, a: &ResId<'_>, b: &ResId<'_>) -> Ordering {
        compare(a, b, &self.ranks)
    }
}

/// Sorts by kind, then by identity, each compared bytewise.
pub(crate) fn legacy(resources: &mut [Resource], options: Option<&LegacyOptions>) {
    let order = Legacy::new(options);
    resources.sort_by(|a, b| order.compare(&a.id(), &b.id()));
}

fn compare(a: &ResId<'_>, b: &ResId<'_>, ranks: &HashMap<&str, i32>) -> Ordering {
    if a.gvk == b.gvk {
        // The kind's own text is the same.
        return compare_parts(
            [(a.namespace, "~X"), (a.name, "~N")],
            [(b.namespace, "~X"), (b.name, "~N")],
            b'|',
        );
    }
    let rank = |gvk: &Gvk<'_>| ranks.get(gvk.kind).copied().unwrap_or(0);
    let order = rank(&a.gvk).cmp(&rank(&b.gvk));
    if order != Ordering::Equal {
        return order;
    }
    let parts = |gvk: &Gvk<'_>| -> [(String, &'static str); 3] {
        [(gvk.group.to_owned(), "~G"), (gvk.version.to_owned(), "~V"), (gvk.kind.to_owned(), "~K")]
    };
    let (x, y) = (parts(&a.gvk), parts(&b.gvk));
    let order = compare_parts(
        [(&x[0].0, x[0].1), (&x[1].0, x[1].1), (&x[2].0, x[2].1)],
        [(&y[0].0, y[0].1), (&y[1].0, y[1].1), (&y[2].0, y[2].1)],
        b'_',
    );
    let namespaces = a.gvk.kind == "Namespace" && b.gvk.kind == "Namespace";
    if namespaces && (a.gvk.group.is_empty() || b.gvk.group.is_empty()) { order.reverse() } else { order }
}

/// Compares two texts as if their parts were joined, without joining them.
fn compare_parts<const N: usize>(a: [(&str, &str); N], b: [(&str, &str); N], joint: u8) -> Ordering {
    fn bytes<'p, const N: usize>(parts: [(&'p str, &'p str); N], joint: u8) -> impl Iterator<Item = u8> + 'p {
        parts.into_iter().enumerate().flat_map(move |(at, (text, none))| {
            let text = if text.is_empty() { none } else { text };
            let joint = (at > 0).then_some(joint);
            joint.into_iter().chain(text.bytes())
        })
    }
    bytes(a, joint).cmp(bytes(b, joint))
}
