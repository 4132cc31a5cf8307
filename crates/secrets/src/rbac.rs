//! What the operator must be allowed to do, and nothing more.
//!
//! The rules stand here, beside the code that needs them; [`manifest`] makes the manifest of them that is kept as
//! `rbac.yaml`. The tests run the operator with exactly these rights, and fail where one is missing or not used.

use std::fmt::Write;

/// Verbs on resources of one API group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The API group; empty is the core.
    pub group: &'static str,
    /// The resources.
    pub resources: &'static [&'static str],
    /// The verbs.
    pub verbs: &'static [&'static str],
    /// What for.
    pub why: &'static str,
}

/// The rights in all namespaces that the operator works in.
pub const RULES: &[Rule] = &[
    Rule {
        group: "external-secrets.io",
        resources: &["externalsecrets", "clusterexternalsecrets"],
        verbs: &["list", "watch", "patch"],
        why: "watched; the finalizer is put on by patch",
    },
    Rule {
        group: "external-secrets.io",
        resources: &["externalsecrets"],
        verbs: &["get", "create", "update", "delete"],
        why: "made from a ClusterExternalSecret",
    },
    Rule {
        group: "external-secrets.io",
        resources: &["secretstores", "clustersecretstores"],
        verbs: &["list", "watch"],
        why: "watched",
    },
    Rule {
        group: "external-secrets.io",
        resources: &["externalsecrets/status", "clusterexternalsecrets/status"],
        verbs: &["update"],
        why: "conditions, refresh time",
    },
    Rule {
        group: "external-secrets.io",
        resources: &["secretstores/status", "clustersecretstores/status"],
        verbs: &["patch"],
        why: "conditions, capabilities",
    },
    Rule {
        group: "external-secrets.io",
        resources: &["externalsecrets/finalizers", "clusterexternalsecrets/finalizers"],
        verbs: &["update"],
        why: "owner references that block deletion, where admission asks for this right",
    },
    Rule {
        group: "generators.external-secrets.io",
        resources: &["fakes"],
        verbs: &["get"],
        why: "the fake generator's values",
    },
    Rule {
        group: "",
        resources: &["secrets"],
        verbs: &["get", "list", "watch", "create", "update", "patch", "delete"],
        why: "the Secrets that are made, logins of stores, templates",
    },
    Rule { group: "", resources: &["configmaps"], verbs: &["get"], why: "templates" },
    Rule {
        group: "",
        resources: &["serviceaccounts"],
        verbs: &["get"],
        why: "the identity that a store's ServiceAccount is annotated with",
    },
    Rule { group: "", resources: &["serviceaccounts/token"], verbs: &["create"], why: "workload identity" },
    Rule {
        group: "",
        resources: &["namespaces"],
        verbs: &["list", "watch"],
        why: "conditions and selectors",
    },
    Rule {
        group: "apps",
        resources: &["deployments", "statefulsets"],
        verbs: &["list"],
        why: "whether External Secrets itself runs",
    },
    Rule { group: "events.k8s.io", resources: &["events"], verbs: &["create", "patch"], why: "events" },
];

/// The rights in the operator's own namespace.
pub const OWN_NAMESPACE_RULES: &[Rule] = &[Rule {
    group: "coordination.k8s.io",
    resources: &["leases"],
    verbs: &["get", "create", "update", "patch"],
    why: "leader election",
}];

/// ServiceAccount, roles and bindings as YAML, for the operator called `name` in `namespace`.
pub fn manifest(name: &str, namespace: &str) -> String {
    let list = |items: &[&str]| items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ");
    let rules = |rules: &[Rule]| {
        rules.iter().fold(String::new(), |mut text, rule| {
            // Writing to a String can't fail.
            let _ = writeln!(
                text,
                "  # {}\n  - apiGroups: [\"{}\"]\n    resources: [{}]\n    verbs: [{}]",
                rule.why,
                rule.group,
                list(rule.resources),
                list(rule.verbs)
            );
            text
        })
    };
    let head = |version: &str, kind: &str, namespaced: bool| {
        let place = if namespaced { format!("\n  namespace: {namespace}") } else { String::new() };
        format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}{place}\n")
    };
    let rbac = "rbac.authorization.k8s.io";
    let version = format!("{rbac}/v1");
    let binding = |kind: &str| {
        format!(
            "roleRef:\n  apiGroup: {rbac}\n  kind: {kind}\n  name: {name}\nsubjects:\n  - kind: ServiceAccount\n    \
             name: {name}\n    namespace: {namespace}\n"
        )
    };
    [
        head("v1", "ServiceAccount", true),
        format!("{}rules:\n{}", head(&version, "ClusterRole", false), rules(RULES)),
        format!("{}{}", head(&version, "ClusterRoleBinding", false), binding("ClusterRole")),
        format!("{}rules:\n{}", head(&version, "Role", true), rules(OWN_NAMESPACE_RULES)),
        format!("{}{}", head(&version, "RoleBinding", true), binding("Role")),
    ]
    .join("---\n")
}

#[cfg(test)]
mod tests {
    use super::manifest;

    #[test]
    fn the_kept_manifest_is_the_one_that_the_rules_make() {
        let kept = include_str!("../rbac.yaml");
        let made = manifest("gangplank-secrets", "external-secrets");
        assert!(kept == made, "rbac.yaml is outdated; it should be:\n{made}");
    }
}
