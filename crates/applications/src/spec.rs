//! An Application and an AppProject as people write them, as far as the engine reads them.
//!
//! Reading is as lenient as the API server's schema: what is absent has its default, what is unknown is ignored. What
//! the engine does not do is kept as raw JSON, so that it can be refused by name and is never silently left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `spec` of an Application.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationSpec {
    /// Where to.
    pub destination: DestinationSpec,
    /// The AppProject that permits it.
    pub project: String,
    /// From where.
    pub source: Option<SourceSpec>,
    /// From where, several; not understood.
    pub sources: Option<Value>,
    /// The source hydrator; not understood.
    pub source_hydrator: Option<Value>,
    /// How to sync.
    pub sync_policy: Option<SyncPolicy>,
    /// Which differences do not count.
    pub ignore_differences: Vec<IgnoreDifference>,
    /// How many entries of history are kept; 10 when absent.
    pub revision_history_limit: Option<usize>,
}

/// `spec.destination`: a namespace on a cluster that is given by URL or by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DestinationSpec {
    /// The cluster's server URL.
    pub server: String,
    /// The cluster's name.
    pub name: String,
    /// The namespace for objects that name none.
    pub namespace: String,
}

/// `spec.source`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SourceSpec {
    /// The repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// The directory in it.
    pub path: String,
    /// Branch, tag or commit; `HEAD` when empty.
    pub target_revision: String,
    /// A Helm chart; not understood.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub chart: String,
    /// Helm settings; not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<Value>,
    /// Kustomize settings, laid over the kustomization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<Value>,
    /// Settings for a directory of plain manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectorySpec>,
    /// A config management plugin; not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Value>,
}

/// `spec.source.directory`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectorySpec {
    /// Whether directories below are read as well.
    pub recurse: bool,
    /// A glob of files to leave out.
    pub exclude: String,
    /// A glob of files to read, and no others.
    pub include: String,
    /// Jsonnet settings; not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jsonnet: Option<Value>,
}

/// `spec.syncPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncPolicy {
    /// Automatic syncs; absent means none.
    pub automated: Option<Automated>,
    /// `Key=value` options.
    pub sync_options: Vec<String>,
    /// What to do when a sync failed.
    pub retry: Option<Retry>,
    /// Labels and annotations of a namespace that the sync creates.
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
}

/// `spec.syncPolicy.automated`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Automated {
    /// Whether what is no longer desired is deleted.
    pub prune: Option<bool>,
    /// Whether changes in the cluster are reverted.
    pub self_heal: Option<bool>,
    /// Whether a sync may delete everything.
    pub allow_empty: Option<bool>,
    /// Off, whatever else is said.
    pub enabled: Option<bool>,
}

/// `spec.syncPolicy.retry`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Retry {
    /// How often; negative without end.
    pub limit: i64,
    /// How long between.
    pub backoff: Option<RetryBackoff>,
}

/// `spec.syncPolicy.retry.backoff`: Go durations (`5s`, `3m`; a bare number is seconds).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryBackoff {
    /// The first pause.
    pub duration: String,
    /// What each further one is multiplied by.
    pub factor: Option<i64>,
    /// The longest.
    pub max_duration: String,
}

/// `spec.syncPolicy.managedNamespaceMetadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ManagedNamespaceMetadata {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// One entry of `spec.ignoreDifferences`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IgnoreDifference {
    /// The group; `*` for all.
    pub group: String,
    /// The kind; `*` for all.
    pub kind: String,
    /// The name; empty for all.
    pub name: String,
    /// The namespace; empty for all.
    pub namespace: String,
    /// Which fields, as JSON pointers.
    pub json_pointers: Vec<String>,
    /// Which fields, as jq paths; not understood.
    pub jq_path_expressions: Vec<String>,
    /// Which fields, by their managers.
    pub managed_fields_managers: Vec<String>,
}

/// `spec` of an AppProject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectSpec {
    /// The repositories that may be used, with `*`.
    pub source_repos: Vec<String>,
    /// The destinations that may be used, with `*`.
    pub destinations: Vec<DestinationSpec>,
    /// The namespaces besides Argo CD's whose Applications may use the project.
    pub source_namespaces: Vec<String>,
    /// The cluster-scoped kinds that may be managed; none when absent.
    pub cluster_resource_whitelist: Option<Vec<GroupKind>>,
    /// The cluster-scoped kinds that may not.
    pub cluster_resource_blacklist: Vec<GroupKind>,
    /// The namespaced kinds that may be managed; all when absent.
    pub namespace_resource_whitelist: Option<Vec<GroupKind>>,
    /// The namespaced kinds that may not.
    pub namespace_resource_blacklist: Vec<GroupKind>,
}

/// A kind, each part with `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GroupKind {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

impl ApplicationSpec {
    /// The automated policy, where it is on.
    pub fn automated(&self) -> Option<&Automated> {
        let automated = self.sync_policy.as_ref()?.automated.as_ref()?;
        (automated.enabled != Some(false)).then_some(automated)
    }

    /// The list of sync options.
    pub fn sync_options(&self) -> &[String] {
        self.sync_policy.as_ref().map(|policy| policy.sync_options.as_slice()).unwrap_or_default()
    }

    /// Says what the engine does not do with this Application; the text names the field.
    pub fn unsupported(&self) -> Option<String> {
        let several =
            self.sources.as_ref().and_then(Value::as_array).is_some_and(|sources| !sources.is_empty());
        if several {
            return Some(
                "spec.sources: several sources are not supported by gangplank; use spec.source".to_owned(),
            );
        }
        if self.source_hydrator.is_some() {
            return Some("spec.sourceHydrator is not supported by gangplank".to_owned());
        }
        let source = self.source.as_ref()?;
        if !source.chart.is_empty() || source.helm.is_some() {
            return Some("spec.source.chart and helm are not supported by gangplank; render the chart into the repository".to_owned());
        }
        if source.plugin.is_some() {
            return Some("spec.source.plugin is not supported by gangplank".to_owned());
        }
        if source.directory.as_ref().is_some_and(|directory| {
            directory
                .jsonnet
                .as_ref()
                .is_some_and(|jsonnet| jsonnet.as_object().is_none_or(|jsonnet| !jsonnet.is_empty()))
        }) {
            return Some("spec.source.directory.jsonnet is not supported by gangplank".to_owned());
        }
        None
    }
}

/// Reads a Go duration; a bare number is seconds. None where it is neither.
pub(crate) fn go_duration(text: &str) -> Option<std::time::Duration> {
    use std::time::Duration;
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text;
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, length) = match rest {
            r if r.starts_with("ms") => (0.001, 2),
            r if r.starts_with("us") => (0.000_001, 2),
            r if r.starts_with("ns") => (0.000_000_001, 2),
            r if r.starts_with('h') => (3600.0, 1),
            r if r.starts_with('m') => (60.0, 1),
            r if r.starts_with('s') => (1.0, 1),
            _ => return None,
        };
        total += number * unit;
        rest = &rest[length..];
    }
    (!text.is_empty() && total.is_finite()).then(|| Duration::try_from_secs_f64(total).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn reads_the_seeds_application() {
        let spec: ApplicationSpec = serde_json::from_value(json!({
            "destination": {"namespace": "argocd", "name": "in-cluster"},
            "project": "default",
            "source": {"path": "manifests/overlays/prd", "repoURL": "https://h/r", "targetRevision": "main"},
            "syncPolicy": {"automated": {"selfHeal": true, "prune": true}, "syncOptions": ["PruneLast=true"]},
            "revisionHistoryLimit": 3,
        }))
        .unwrap();
        assert_eq!(spec.automated().and_then(|automated| automated.prune), Some(true));
        assert_eq!(spec.sync_options(), ["PruneLast=true"]);
        assert_eq!(spec.unsupported(), None);
    }

    #[test]
    fn what_is_not_done_is_named() {
        for (spec, expect) in [
            (json!({"sources": [{}]}), "spec.sources"),
            (json!({"source": {"chart": "x"}}), "spec.source.chart"),
            (json!({"source": {"helm": {}}}), "spec.source.chart"),
            (json!({"source": {"plugin": {}}}), "spec.source.plugin"),
        ] {
            let spec: ApplicationSpec = serde_json::from_value(spec).unwrap();
            assert!(spec.unsupported().is_some_and(|text| text.starts_with(expect)), "{spec:?}");
        }
    }

    #[test]
    fn durations_are_gos() {
        for (text, expect) in [
            ("5s", Some(Duration::from_secs(5))),
            ("1m30s", Some(Duration::from_secs(90))),
            ("1.5h", Some(Duration::from_secs(5400))),
            ("100ms", Some(Duration::from_millis(100))),
            ("7", Some(Duration::from_secs(7))),
            ("", None),
            ("x", None),
            ("5", Some(Duration::from_secs(5))),
        ] {
            assert_eq!(go_duration(text), expect, "{text}");
        }
    }
}
