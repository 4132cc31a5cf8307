//! Groups, versions and resources, in the old form and in the aggregated one.

use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::registry::{Resource, Scope, Subresource, api_version};
use crate::server::Server;

/// The groups in the order of their priority; those of custom resources follow by name.
const ORDER: [&str; 16] = [
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
];

/// `/api` in the old form.
pub(super) fn legacy_versions() -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}],
    })
}

fn rank(group: &str) -> (usize, String) {
    let known = ORDER.iter().position(|name| *name == group);
    (known.unwrap_or(ORDER.len()), group.to_owned())
}

/// A place in the order of versions.
type VersionRank = (u8, std::cmp::Reverse<(u64, u64)>, String);

/// Versions as Kubernetes prefers them: stable before beta before alpha, newer first.
pub(crate) fn version_rank(version: &str) -> VersionRank {
    let parse = || -> Option<(u8, u64, u64)> {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major = rest[..end].parse().ok()?;
        match &rest[end..] {
            "" => Some((0, major, 0)),
            tail => {
                let (level, number) = match (tail.strip_prefix("beta"), tail.strip_prefix("alpha")) {
                    (Some(number), _) => (1, number),
                    (_, Some(number)) => (2, number),
                    _ => return None,
                };
                Some((level, major, number.parse().ok()?))
            }
        }
    };
    match parse() {
        Some((level, major, minor)) => (level, std::cmp::Reverse((major, minor)), String::new()),
        None => (3, std::cmp::Reverse((0, 0)), version.to_owned()),
    }
}

/// Groups with their versions, all sorted.
fn groups(server: &Server) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for resource in server.catalog.all() {
        if resource.group.is_empty() {
            continue;
        }
        match groups.iter_mut().find(|(name, _)| *name == *resource.group) {
            Some((_, versions)) if !versions.iter().any(|version| *version == *resource.version) => {
                versions.push(resource.version.to_string());
            }
            Some(_) => {}
            None => groups.push((resource.group.to_string(), vec![resource.version.to_string()])),
        }
    }
    groups.sort_by_cached_key(|(name, _)| rank(name));
    for (_, versions) in &mut groups {
        versions.sort_by_cached_key(|version| version_rank(version));
    }
    groups
}

fn group_value(name: &str, versions: &[String]) -> Value {
    let entry = |version: &String| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({
        "name": name,
        "versions": versions.iter().map(entry).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(entry),
    })
}

/// `/apis` in the old form.
pub(super) fn group_list(server: &Server) -> Value {
    let all: Vec<Value> = groups(server).iter().map(|(name, versions)| group_value(name, versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
}

/// `/apis/GROUP`.
pub(super) fn group(server: &Server, name: &str) -> Option<Value> {
    let (_, versions) = groups(server).into_iter().find(|(group, _)| group == name)?;
    let mut value = group_value(name, &versions);
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    Some(value)
}

/// The paths that `/` tells.
pub(super) fn paths(server: &Server) -> Vec<String> {
    let mut paths =
        vec!["/.well-known/openid-configuration".to_owned(), "/api".into(), "/api/v1".into(), "/apis".into()];
    for (name, versions) in groups(server) {
        paths.push(format!("/apis/{name}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{name}/{version}")));
    }
    for path in ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/openid/v1/jwks", "/readyz", "/version"]
    {
        paths.push(path.to_owned());
    }
    paths.sort();
    paths
}

fn served(server: &Server, group: &str, version: &str) -> Vec<Arc<Resource>> {
    let all = server.catalog.all().into_iter();
    let mut found: Vec<_> =
        all.filter(|resource| resource.group == group && resource.version == version).collect();
    found.sort_by(|a, b| a.plural.cmp(&b.plural));
    found
}

/// Custom resources list their verbs in the order in which they were programmed.
fn verbs(resource: &Resource) -> Vec<&'static str> {
    if resource.custom.is_some() {
        return vec!["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    }
    resource.verbs.to_vec()
}

/// A hash by which clients notice that a kind is stored otherwise.
fn storage_hash(resource: &Resource) -> String {
    use base64::Engine as _;
    let digest = Sha256::digest(format!("{}/{}/{}", resource.group, resource.version, resource.kind));
    base64::engine::general_purpose::STANDARD.encode(&digest[..8])
}

/// `/api/v1` and `/apis/GROUP/VERSION`; `None` where nobody serves it.
pub(super) fn resource_list(server: &Server, group: &str, version: &str) -> Option<Value> {
    let resources = served(server, group, version);
    if resources.is_empty() {
        return None;
    }
    let mut rows = Vec::new();
    for resource in &resources {
        let mut row = json!({
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced(),
            "kind": resource.kind,
            "verbs": verbs(resource),
        });
        if !resource.short_names.is_empty() {
            row["shortNames"] = json!(resource.short_names);
        }
        if !resource.categories.is_empty() {
            row["categories"] = json!(resource.categories);
        }
        if resource.verbs.contains(&"list") && resource.plural != "componentstatuses" {
            row["storageVersionHash"] = storage_hash(resource).into();
        }
        rows.push(row);
        let mut subresources: Vec<&Subresource> = resource.subresources.iter().collect();
        if resource.custom.is_none() {
            subresources.sort_by_key(|subresource| subresource.name);
        }
        rows.extend(subresources.into_iter().map(|subresource| subresource_row(resource, subresource)));
    }
    let mut list = json!({
        "kind": "APIResourceList",
        "groupVersion": api_version(group, version),
        "resources": rows,
    });
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Some(list)
}

fn subresource_row(resource: &Resource, subresource: &Subresource) -> Value {
    let mut row = json!({
        "name": format!("{}/{}", resource.plural, subresource.name),
        "singularName": "",
        "namespaced": resource.namespaced(),
        "kind": resource.kind,
        "verbs": subresource.verbs,
    });
    if let Some((group, version, kind)) = subresource.kind {
        row["kind"] = kind.into();
        if (group, version) != (&*resource.group, &*resource.version) {
            row["group"] = group.into();
            row["version"] = version.into();
        }
    }
    row
}

fn response_kind(resource: &Resource, subresource: Option<&Subresource>) -> Value {
    match subresource.and_then(|subresource| subresource.kind) {
        Some((group, version, kind)) if !group.is_empty() => {
            json!({"group": group, "version": version, "kind": kind})
        }
        Some((_, _, kind)) => json!({"group": "", "version": "", "kind": kind}),
        // Built-in kinds say neither group nor version: those of the list are meant.
        None if resource.custom.is_none() => json!({"group": "", "version": "", "kind": resource.kind}),
        None => json!({"group": resource.group, "version": resource.version, "kind": resource.kind}),
    }
}

/// `/api` or `/apis` in the aggregated form.
pub(super) fn aggregated(server: &Server, core: bool) -> Value {
    let all = if core { vec![(String::new(), vec!["v1".to_owned()])] } else { groups(server) };
    let items: Vec<Value> = all
        .into_iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> =
                versions.iter().map(|version| aggregated_version(server, &group, version)).collect();
            let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn aggregated_version(server: &Server, group: &str, version: &str) -> Value {
    let resources: Vec<Value> = served(server, group, version)
        .iter()
        .map(|resource| {
            let mut row = json!({
                "resource": resource.plural,
                "responseKind": response_kind(resource, None),
                "scope": if resource.scope == Scope::Namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": resource.singular,
                "verbs": verbs(resource),
            });
            if !resource.short_names.is_empty() {
                row["shortNames"] = json!(resource.short_names);
            }
            if !resource.categories.is_empty() {
                row["categories"] = json!(resource.categories);
            }
            let mut subresources: Vec<&Subresource> = resource.subresources.iter().collect();
            if resource.custom.is_none() {
                subresources.sort_by_key(|subresource| subresource.name);
            }
            if !subresources.is_empty() {
                let rows = subresources.into_iter().map(|subresource| {
                    json!({
                        "subresource": subresource.name,
                        "responseKind": response_kind(resource, Some(subresource)),
                        "verbs": subresource.verbs,
                    })
                });
                row["subresources"] = rows.collect();
            }
            row
        })
        .collect();
    json!({"version": version, "resources": resources, "freshness": "Current"})
}
