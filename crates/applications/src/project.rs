//! What an AppProject permits.

use crate::glob::matches;
use crate::object::ObjectKey;
use crate::spec::{DestinationSpec, GroupKind, ProjectSpec};

/// Says why the project forbids the source; none when it is permitted. `!` before a pattern forbids what it matches.
pub(crate) fn check_source(project: &ProjectSpec, name: &str, repo_url: &str) -> Option<String> {
    let wanted = normalize(repo_url);
    permitted(&project.source_repos, |pattern| pattern == "*" || matches(&normalize(pattern), &wanted))
        .then_some(())
        .is_none()
        .then(|| {
            format!(
                "application repo {repo_url} is not permitted in project '{name}': add it to spec.sourceRepos"
            )
        })
}

fn normalize(url: &str) -> String {
    let url = url.trim().to_lowercase();
    url.strip_suffix(".git").unwrap_or(&url).to_owned()
}

/// A list of patterns permits what one of them matches and no `!pattern` does.
fn permitted(patterns: &[String], matched: impl Fn(&str) -> bool) -> bool {
    let forbidden = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(&matched);
    !forbidden && patterns.iter().filter(|pattern| !pattern.starts_with('!')).any(|pattern| matched(pattern))
}

/// Says why the project forbids a namespace on a cluster, given with both server and name; none when it is permitted.
pub(crate) fn check_destination(
    project: &ProjectSpec,
    name: &str,
    destination: &DestinationSpec,
) -> Option<String> {
    let field = |pattern: &str, value: &str| {
        let negated = pattern.strip_prefix('!');
        let hit = matches(negated.unwrap_or(pattern), value);
        (negated.is_some(), hit)
    };
    let mut allowed = false;
    for item in &project.destinations {
        let (server_denies, server) = if item.server.is_empty() {
            field(if item.name.is_empty() { "*" } else { &item.name }, &destination.name)
        } else {
            field(item.server.trim_end_matches('/'), destination.server.trim_end_matches('/'))
        };
        let (namespace_denies, namespace) = field(&item.namespace, &destination.namespace);
        match (server_denies, namespace_denies) {
            (false, false) => allowed |= server && namespace,
            (true, false) if server && namespace => return Some(forbidden(name, destination)),
            (false, true) if server && namespace => return Some(forbidden(name, destination)),
            _ => {}
        }
    }
    (!allowed).then(|| forbidden(name, destination))
}

fn forbidden(name: &str, destination: &DestinationSpec) -> String {
    format!(
        "application destination server '{}' (name '{}') and namespace '{}' do not match any of the allowed \
         destinations in project '{name}': add it to spec.destinations",
        destination.server, destination.name, destination.namespace
    )
}

/// Says why the project forbids managing an object; none when it is permitted.
pub(crate) fn check_object(
    project: &ProjectSpec,
    name: &str,
    key: &ObjectKey,
    namespaced: bool,
    destination: &DestinationSpec,
) -> Option<String> {
    let listed = |list: &[GroupKind]| {
        list.iter().any(|item| matches(&item.group, &key.group) && matches(&item.kind, &key.kind))
    };
    let kind = || format!("resource {}:{} is not permitted in project {name}", key.group, key.kind);
    if !namespaced {
        let white = project.cluster_resource_whitelist.as_deref().is_some_and(listed);
        return (!white || listed(&project.cluster_resource_blacklist)).then(kind);
    }
    let white = project.namespace_resource_whitelist.as_deref().is_none_or(listed);
    if !white || listed(&project.namespace_resource_blacklist) {
        return Some(kind());
    }
    let place = DestinationSpec { namespace: key.namespace.clone(), ..destination.clone() };
    check_destination(project, name, &place)
        .map(|_| format!("namespace {} is not permitted in project '{name}'", key.namespace))
}

/// The project `default` of a hub that has none: everything is permitted, as in a fresh Argo CD.
pub(crate) fn permissive() -> ProjectSpec {
    let all = || "*".to_owned();
    ProjectSpec {
        source_repos: vec![all()],
        destinations: vec![DestinationSpec { server: all(), name: String::new(), namespace: all() }],
        cluster_resource_whitelist: Some(vec![GroupKind { group: all(), kind: all() }]),
        ..ProjectSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(destinations: &[(&str, &str, &str)]) -> ProjectSpec {
        ProjectSpec {
            source_repos: vec!["https://h/org/*".into(), "!https://h/org/secret".into()],
            destinations: destinations
                .iter()
                .map(|(server, name, namespace)| DestinationSpec {
                    server: (*server).into(),
                    name: (*name).into(),
                    namespace: (*namespace).into(),
                })
                .collect(),
            ..ProjectSpec::default()
        }
    }

    #[test]
    fn sources() {
        for (url, expect) in [
            ("https://h/org/a.git", true),
            ("https://H/Org/a", true),
            ("https://h/org/secret", false),
            ("https://x", false),
        ] {
            assert_eq!(check_source(&project(&[]), "p", url).is_none(), expect, "{url}");
        }
    }

    #[test]
    fn destinations() {
        let at = |server: &str, name: &str, namespace: &str| DestinationSpec {
            server: server.into(),
            name: name.into(),
            namespace: namespace.into(),
        };
        let allowed = [("https://a", "", "team-*"), ("", "in-cluster", "*"), ("*", "", "!kube-system")];
        for (destination, expect) in [
            (at("https://a", "a", "team-x"), true),
            (at("https://a", "a", "other"), false),
            (at("https://hub", "in-cluster", "any"), true),
            (at("https://hub", "in-cluster", "kube-system"), false),
        ] {
            assert_eq!(
                check_destination(&project(&allowed), "p", &destination).is_none(),
                expect,
                "{destination:?}"
            );
        }
    }

    #[test]
    fn kinds() {
        let key = |group: &str, kind: &str| ObjectKey {
            group: group.into(),
            kind: kind.into(),
            namespace: "n".into(),
            name: "x".into(),
        };
        let destination = DestinationSpec { server: "https://a".into(), ..DestinationSpec::default() };
        let mut project = project(&[("*", "", "n")]);
        let allows = |project: &ProjectSpec, key: &ObjectKey, namespaced| {
            check_object(project, "p", key, namespaced, &destination).is_none()
        };
        assert!(allows(&project, &key("", "ConfigMap"), true));
        assert!(!allows(&project, &key("", "Namespace"), false));
        project.cluster_resource_whitelist =
            Some(vec![GroupKind { group: "*".into(), kind: "Name*".into() }]);
        assert!(allows(&project, &key("", "Namespace"), false));
        project.namespace_resource_blacklist =
            vec![GroupKind { group: String::new(), kind: "Secret".into() }];
        assert!(!allows(&project, &key("", "Secret"), true));
        assert!(allows(&permissive(), &key("rbac.authorization.k8s.io", "ClusterRole"), false));
    }
}
