//! Policy rules: what they cover.

use serde_json::Value;

use super::{Attributes, User};

/// One rule of a role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) paths: Vec<String>,
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn holds(list: &[String], word: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == word)
}

impl Rule {
    /// The rules of a role object.
    pub(crate) fn all_of(role: &Value) -> Vec<Rule> {
        let rules = role["rules"].as_array().into_iter().flatten();
        rules
            .map(|rule| Rule {
                verbs: texts(&rule["verbs"]),
                groups: texts(&rule["apiGroups"]),
                resources: texts(&rule["resources"]),
                names: texts(&rule["resourceNames"]),
                paths: texts(&rule["nonResourceURLs"]),
            })
            .collect()
    }

    /// Whether the rule allows an act.
    pub(crate) fn allows(&self, act: &Attributes<'_>) -> bool {
        if !holds(&self.verbs, act.verb) {
            return false;
        }
        if !act.resource_request {
            return self.paths.iter().any(|path| path_matches(path, act.path));
        }
        holds(&self.groups, act.group)
            && self.covers_resource(act.resource, act.subresource)
            && (self.names.is_empty() || self.names.iter().any(|name| name == act.name))
    }

    fn covers_resource(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|entry| match entry.split_once('/') {
            _ if entry == "*" => true,
            None => subresource.is_empty() && entry == resource,
            Some(("*", sub)) => !subresource.is_empty() && sub == subresource,
            Some((base, sub)) => !subresource.is_empty() && base == resource && sub == subresource,
        })
    }
}

/// Whether a `nonResourceURLs` entry covers a path: itself, or what begins as it does before a final `*`.
pub(crate) fn path_matches(entry: &str, path: &str) -> bool {
    entry == path || entry.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
}

/// The role that a binding gives, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) kind: String,
    pub(crate) role: String,
    subjects: Vec<Subject>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

impl Binding {
    /// Reads a RoleBinding or ClusterRoleBinding.
    pub(crate) fn of(object: &Value) -> Binding {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let role = &object["roleRef"];
        let subjects = object["subjects"].as_array().into_iter().flatten();
        Binding {
            kind: text(role, "kind"),
            role: text(role, "name"),
            subjects: subjects
                .map(|subject| Subject {
                    kind: text(subject, "kind"),
                    name: text(subject, "name"),
                    namespace: text(subject, "namespace"),
                })
                .collect(),
        }
    }

    /// Whether it is for this user; `namespace` is the binding's own.
    pub(crate) fn is_for(&self, user: &User, namespace: &str) -> bool {
        self.subjects.iter().any(|subject| match subject.kind.as_str() {
            "User" => subject.name == user.name,
            "Group" => user.groups.contains(&subject.name),
            "ServiceAccount" => {
                let of = if subject.namespace.is_empty() { namespace } else { &subject.namespace };
                let rest = user.name.strip_prefix("system:serviceaccount:");
                rest.and_then(|rest| rest.split_once(':'))
                    .is_some_and(|(n, name)| n == of && name == subject.name)
                    && !of.is_empty()
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act<'a>(verb: &'a str, resource: &'a str, subresource: &'a str, name: &'a str) -> Attributes<'a> {
        Attributes {
            verb,
            resource_request: true,
            group: "",
            version: "v1",
            resource,
            subresource,
            namespace: "n",
            name,
            path: "",
        }
    }

    #[test]
    fn what_rules_cover() {
        let rule = |resources: &[&str], names: &[&str]| Rule {
            verbs: vec!["get".into()],
            groups: vec!["".into()],
            resources: resources.iter().map(|r| (*r).into()).collect(),
            names: names.iter().map(|n| (*n).into()).collect(),
            paths: Vec::new(),
        };
        assert!(rule(&["pods"], &[]).allows(&act("get", "pods", "", "x")));
        assert!(!rule(&["pods"], &[]).allows(&act("get", "pods", "log", "x")));
        assert!(rule(&["pods/log"], &[]).allows(&act("get", "pods", "log", "x")));
        assert!(rule(&["*/log"], &[]).allows(&act("get", "pods", "log", "x")));
        assert!(rule(&["*"], &[]).allows(&act("get", "pods", "log", "x")));
        assert!(!rule(&["pods"], &["y"]).allows(&act("get", "pods", "", "x")));
        assert!(!rule(&["pods"], &[]).allows(&act("list", "pods", "", "")));
        assert!(path_matches("/healthz/*", "/healthz/ping"));
        assert!(!path_matches("/healthz/*", "/healthz"));
    }
}
