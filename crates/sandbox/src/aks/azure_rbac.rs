//! What a Kubernetes request is called in Azure: the data action and the scope that a role must grant.
//!
//! The names are those that AKS' authorization webhook asks Azure for. Pure: who holds an action is Azure's answer.

/// The provider's prefix of every data action of a cluster.
const PREFIX: &str = "Microsoft.ContainerService/managedClusters";

/// A request to an API server, as far as authorization looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    /// Something of a kind.
    Resource {
        /// The verb, as Kubernetes names it.
        verb: &'a str,
        /// The API group; empty for the core group.
        group: &'a str,
        /// The resource, in the plural.
        resource: &'a str,
        /// The part of it, or empty.
        subresource: &'a str,
        /// The namespace, or empty.
        namespace: &'a str,
    },
    /// A path that is no kind's, as `/version`.
    Path {
        /// The verb.
        verb: &'a str,
        /// The path, with its slash.
        path: &'a str,
    },
}

impl Asked<'_> {
    /// The data action that a role must grant.
    pub(crate) fn data_action(&self) -> String {
        match self {
            Asked::Resource { group, resource, subresource, verb, .. } => {
                let group = if group.is_empty() { String::new() } else { format!("{group}/") };
                // Running a command in a pod is an action of its own; other subresources go with their resource.
                if *resource == "pods" && *subresource == "exec" {
                    return format!("{PREFIX}/pods/exec/action");
                }
                format!("{PREFIX}/{group}{resource}/{}", action(verb))
            }
            Asked::Path { path, verb } => {
                let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
                format!("{PREFIX}/{first}/{}", action(verb))
            }
        }
    }

    /// The scope at which it must be granted: the cluster, or a namespace of it.
    pub(crate) fn scope(&self, cluster_id: &str) -> String {
        match self {
            Asked::Resource { namespace, .. } if !namespace.is_empty() => {
                format!("{cluster_id}/namespaces/{namespace}")
            }
            _ => cluster_id.to_owned(),
        }
    }
}

fn action(verb: &str) -> String {
    match verb {
        "get" | "list" | "watch" => "read".to_owned(),
        "create" | "update" | "patch" => "write".to_owned(),
        "delete" | "deletecollection" => "delete".to_owned(),
        // `bind`, `escalate`, `impersonate`, `use`, `approve`, `sign`, …
        other => format!("{other}/action"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, action: &str, scope: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let asked = match words[..] {
            [verb, path] if path.starts_with('/') => Asked::Path { verb, path },
            [verb, kind] | [verb, kind, _] => {
                let (kind, subresource) = kind.split_once(':').unwrap_or((kind, ""));
                let (group, resource) = kind.split_once('/').unwrap_or(("", kind));
                let namespace = words.get(2).copied().unwrap_or_default();
                Asked::Resource { verb, group, resource, subresource, namespace }
            }
            _ => panic!("{line}"),
        };
        assert_eq!(
            asked.data_action(),
            format!("Microsoft.ContainerService/managedClusters/{action}"),
            "{line}"
        );
        assert_eq!(asked.scope("/ID"), scope, "{line}");
    }

    #[test]
    fn requests_have_their_names_in_azure() {
        check("list pods argocd", "pods/read", "/ID/namespaces/argocd");
        check("watch pods", "pods/read", "/ID");
        check("patch apps/deployments argocd", "apps/deployments/write", "/ID/namespaces/argocd");
        check("update apps/deployments:status a", "apps/deployments/write", "/ID/namespaces/a");
        check("deletecollection secrets a", "secrets/delete", "/ID/namespaces/a");
        check("create pods:exec a", "pods/exec/action", "/ID/namespaces/a");
        check(
            "escalate rbac.authorization.k8s.io/clusterroles",
            "rbac.authorization.k8s.io/clusterroles/escalate/action",
            "/ID",
        );
        check("impersonate users", "users/impersonate/action", "/ID");
        check("get /version", "version/read", "/ID");
        check("get /apis/apps/v1", "apis/read", "/ID");
        check("get /", "/read", "/ID");
    }
}
