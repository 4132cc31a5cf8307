//! Nobody may hand out more than they hold: roles and bindings are checked against the writer's own rules.

use serde_json::Value;

use super::rbac::{role, visit_rules};
use super::rules::{Rule, path_matches};
use super::{Attributes, MASTERS, User};
use crate::server::{Server, allowed};
use crate::status::{Answer, Status};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Refuses a role or binding that grants more than its writer holds. `old` is the stored state, where there is one: a
/// change of neither rules nor subjects needs nothing.
pub(crate) fn check_escalation(
    server: &Server,
    user: &User,
    plural: &str,
    namespace: &str,
    new: &Value,
    old: Option<&Value>,
) -> Answer<()> {
    if user.groups.iter().any(|group| group == MASTERS) || unchanged(new, old) {
        return Ok(());
    }
    let name = new["metadata"]["name"].as_str().unwrap_or_default();
    let may = |verb: &str, resource: &str, name: &str| {
        let act = Attributes {
            verb,
            resource_request: true,
            group: GROUP,
            version: "v1",
            resource,
            subresource: "",
            namespace,
            name,
            path: "",
        };
        allowed(server, user, &act)
    };
    let wanted = match plural {
        "roles" | "clusterroles" => {
            if may("escalate", plural, name) {
                return Ok(());
            }
            if !new["aggregationRule"].is_null() && !holds_everything(server, user) {
                let why = "must have cluster-admin privileges to use the aggregationRule";
                return Err(Status::forbidden(GROUP, plural, name, why));
            }
            Rule::all_of(new)
        }
        _ => {
            let kind = new["roleRef"]["kind"].as_str().unwrap_or_default();
            let bound = new["roleRef"]["name"].as_str().unwrap_or_default();
            let resource = if kind == "ClusterRole" { "clusterroles" } else { "roles" };
            if may("bind", resource, bound) {
                return Ok(());
            }
            let Some(rules) = role(server, kind, namespace, bound) else {
                return Err(Status::not_found(GROUP, plural, bound));
            };
            rules.as_ref().clone()
        }
    };
    let missing = uncovered(server, user, namespace, &wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let groups = user.groups.iter().map(|group| crate::status::quote(group)).collect::<Vec<_>>().join(" ");
    let lines = missing.iter().map(shown).collect::<Vec<_>>().join("\n");
    let why = format!(
        "user {} (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{lines}",
        crate::status::quote(&user.name)
    );
    Err(Status::forbidden(GROUP, plural, name, &why))
}

/// Only finalizers and owner references may change unseen; a label is enough for the full check.
fn unchanged(new: &Value, old: Option<&Value>) -> bool {
    let Some(old) = old else { return false };
    let without = |value: &Value| {
        let mut value = value.clone();
        if let Some(metadata) = value["metadata"].as_object_mut() {
            for member in ["finalizers", "ownerReferences", "managedFields", "resourceVersion"] {
                metadata.remove(member);
            }
        }
        value
    };
    without(new) == without(old)
}

fn holds_everything(server: &Server, user: &User) -> bool {
    let everything = [
        Rule { verbs: star(), groups: star(), resources: star(), ..Rule::default() },
        Rule { verbs: star(), paths: star(), ..Rule::default() },
    ];
    uncovered(server, user, "", &everything).is_empty()
}

fn star() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Rules broken down into their smallest parts.
fn atoms(rules: &[Rule]) -> Vec<Rule> {
    let mut out = Vec::new();
    for rule in rules {
        let names: Vec<Vec<String>> = if rule.names.is_empty() {
            vec![Vec::new()]
        } else {
            rule.names.iter().map(|name| vec![name.clone()]).collect()
        };
        for verb in &rule.verbs {
            for group in &rule.groups {
                for resource in &rule.resources {
                    for names in &names {
                        out.push(Rule {
                            verbs: vec![verb.clone()],
                            groups: vec![group.clone()],
                            resources: vec![resource.clone()],
                            names: names.clone(),
                            paths: Vec::new(),
                        });
                    }
                }
            }
            for path in &rule.paths {
                out.push(Rule { verbs: vec![verb.clone()], paths: vec![path.clone()], ..Rule::default() });
            }
        }
    }
    out
}

fn uncovered(server: &Server, user: &User, namespace: &str, wanted: &[Rule]) -> Vec<Rule> {
    let mut missing = atoms(wanted);
    visit_rules(server, user, namespace, |own| {
        missing.retain(|atom| !covers(own, atom));
        missing.is_empty()
    });
    compact(missing)
}

fn has(list: &[String], wanted: &[String]) -> bool {
    list.iter().any(|entry| entry == "*") || wanted.iter().all(|word| list.contains(word))
}

fn covers(own: &Rule, atom: &Rule) -> bool {
    if !has(&own.verbs, &atom.verbs) {
        return false;
    }
    if !atom.paths.is_empty() {
        return atom
            .paths
            .iter()
            .all(|path| own.paths.iter().any(|entry| entry == path || path_matches(entry, path)));
    }
    let resource_covered = atom.resources.iter().all(|resource| {
        own.resources.iter().any(|entry| {
            entry == "*"
                || entry == resource
                || resource.split_once('/').is_some_and(|(_, sub)| entry.strip_prefix("*/") == Some(sub))
        })
    });
    let names = own.names.is_empty()
        || (!atom.names.is_empty() && atom.names.iter().all(|name| own.names.contains(name)));
    has(&own.groups, &atom.groups) && resource_covered && names
}

/// Joins atoms that differ only in their verb, and sorts as the message is sorted.
fn compact(atoms: Vec<Rule>) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for atom in atoms {
        let same = |rule: &&mut Rule| {
            rule.groups == atom.groups
                && rule.resources == atom.resources
                && rule.names == atom.names
                && rule.paths == atom.paths
        };
        match out.iter_mut().find(same) {
            Some(rule) => rule.verbs.extend(atom.verbs),
            None => out.push(atom),
        }
    }
    out.sort_by_key(shown);
    out
}

fn shown(rule: &Rule) -> String {
    let list =
        |words: &[String]| words.iter().map(|word| crate::status::quote(word)).collect::<Vec<_>>().join(" ");
    let mut parts = Vec::new();
    for (name, words) in [
        ("APIGroups", &rule.groups),
        ("Resources", &rule.resources),
        ("ResourceNames", &rule.names),
        ("NonResourceURLs", &rule.paths),
        ("Verbs", &rule.verbs),
    ] {
        if !words.is_empty() {
            let words = list(words);
            parts.push(format!("{name}:[{words}]"));
        }
    }
    format!("{{{}}}", parts.join(", "))
}
