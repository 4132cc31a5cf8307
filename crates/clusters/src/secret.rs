//! A cluster Secret, read exactly as Argo CD reads it, and what it would not tell.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;

use crate::certificates::{Authority, check_text, read_authority};
use crate::config::{ClusterConfig, LoginKind};
use crate::finding::Finding;

/// The label by which Argo CD finds its Secrets.
pub const SECRET_TYPE_LABEL: &str = "argocd.argoproj.io/secret-type";
/// The address of the cluster in which Argo CD itself runs.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";
/// Its name when no Secret gives another.
pub const IN_CLUSTER_NAME: &str = "in-cluster";

const SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";
const AUTO_LABEL: &str = "argocd.argoproj.io/auto-label-cluster-info";

/// A cluster as Argo CD sees it.
#[derive(Clone, Debug)]
pub struct ClusterSecret {
    /// The Secret's namespace.
    pub namespace: String,
    /// The Secret's name; Argo CD does not care.
    pub secret: String,
    /// The Secret's uid.
    pub uid: String,
    /// The Secret's resourceVersion.
    pub resource_version: String,
    /// The cluster's name, verbatim.
    pub name: String,
    /// The server URL, the cluster's identity: verbatim but for trailing slashes.
    pub server: String,
    /// The server URL as it stands in the Secret, which ApplicationSets are given.
    pub raw_server: String,
    /// How it is connected to.
    pub config: ClusterConfig,
    /// The authority's certificates, where `caData` holds any.
    pub authority: Option<Authority>,
    /// The namespaces that Argo CD is limited to; empty means all.
    pub namespaces: Vec<String>,
    /// Whether cluster-scoped objects are managed though `namespaces` is given.
    pub cluster_resources: bool,
    /// The shard that it is pinned to.
    pub shard: Option<i64>,
    /// The project that it is scoped to; empty when absent.
    pub project: String,
    /// The Secret's labels, which ApplicationSets select by and are given.
    pub labels: BTreeMap<String, String>,
    /// The Secret's annotations, which ApplicationSets are given.
    pub annotations: BTreeMap<String, String>,
    /// Whether applications on it are left alone.
    pub skip_reconcile: bool,
}

/// What was read: none where the cluster is invisible to Argo CD.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The cluster.
    pub cluster: Option<ClusterSecret>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Reads a Secret that carries the label `secret-type: cluster`.
pub fn read_cluster(secret: &Secret, now: Timestamp) -> Reading {
    let text = |key: &str| {
        let data = secret.data.as_ref().and_then(|data| data.get(key)).map(|bytes| bytes.0.as_slice());
        data.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let mut findings = Vec::new();
    let raw_server = text("server").unwrap_or_default();
    let name = text("name").unwrap_or_default();
    let server = raw_server.trim_end_matches('/').to_owned();
    check_server(&raw_server, &server, &mut findings);
    check_name(&name, &mut findings);
    let labels = secret.metadata.labels.clone().unwrap_or_default();
    let annotations = secret.metadata.annotations.clone().unwrap_or_default();
    if labels.get(AUTO_LABEL).is_some_and(|value| value == "true")
        && secret.metadata.owner_references.is_some()
    {
        findings.push(Finding::warning(
            "auto-label-on-owned-secret",
            AUTO_LABEL,
            "Argo CD writes the version label back, and the owner of this Secret reverts it at each refresh",
            "drop the label",
        ));
    }
    let config_text = text("config").unwrap_or_default();
    let config = match ClusterConfig::decode(config_text.as_bytes()) {
        Ok(config) => config,
        Err(cause) => {
            findings.push(ca_text(&config_text).and_then(|text| check_text(&text)).unwrap_or_else(|| {
                Finding::error(
                    "config-unreadable",
                    "config",
                    format!("{cause}: Argo CD skips the Secret with one line in its log, and the cluster stays invisible"),
                    "render the template with plain values: JSON without comments, trailing commas or line breaks in strings",
                )
            }));
            return Reading { cluster: None, findings };
        }
    };
    let (authority, certificate_findings) = read_authority(&config.tls.ca, now);
    findings.extend(certificate_findings);
    check_config(&config, &server, &mut findings);
    let shard = text("shard").and_then(|shard| {
        let parsed = shard.parse().ok();
        if parsed.is_none() {
            findings.push(Finding::warning(
                "shard-unreadable",
                "shard",
                "it is no decimal number, and is ignored",
                "give a number without white space, or drop it",
            ));
        }
        parsed
    });
    let namespaces: Vec<String> = text("namespaces")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|namespace| !namespace.is_empty())
        .map(str::to_owned)
        .collect();
    let cluster = ClusterSecret {
        namespace: secret.metadata.namespace.clone().unwrap_or_default(),
        secret: secret.metadata.name.clone().unwrap_or_default(),
        uid: secret.metadata.uid.clone().unwrap_or_default(),
        resource_version: secret.metadata.resource_version.clone().unwrap_or_default(),
        name,
        server,
        raw_server,
        config,
        authority,
        namespaces,
        cluster_resources: text("clusterResources").as_deref() == Some("true"),
        shard,
        project: text("project").unwrap_or_default(),
        skip_reconcile: annotations.get(SKIP_RECONCILE).is_some_and(|value| go_true(value)),
        labels,
        annotations,
    };
    Reading { cluster: Some(cluster), findings }
}

/// Go's `strconv.ParseBool`, true only.
fn go_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// Returns the text of `caData` even where the JSON around it can't be read.
fn ca_text(config: &str) -> Option<String> {
    let at = config.find("\"caData\"")? + "\"caData\"".len();
    let value = config[at..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    Some(value[..value.find('"')?].to_owned())
}

fn check_server(raw: &str, server: &str, findings: &mut Vec<Finding>) {
    let mut error =
        |code, cause: &str, mend: &str| findings.push(Finding::error(code, "server", cause, mend));
    if raw.is_empty() {
        error("server-missing", "it is empty, and it is the cluster's identity", "give the API server's URL");
    } else if raw.chars().any(|c| c.is_control() || c.is_whitespace()) {
        error(
            "server-whitespace",
            "it holds white space, such as a trailing line break: Argo CD lists the cluster but can't reach it",
            "trim the value in the template: {{ .serverUrl | trim }}",
        );
    } else if !server.starts_with("https://") && !server.starts_with("http://") {
        error("server-scheme", "it does not begin with https://", "give the API server's URL");
    } else if raw != server {
        findings.push(Finding::warning(
            "server-trailing-slash",
            "server",
            "it ends in a slash: when the Secret is deleted, Argo CD keeps the cluster until it restarts",
            "drop the slash",
        ));
    }
}

fn check_name(name: &str, findings: &mut Vec<Finding>) {
    if name.is_empty() {
        findings.push(Finding::warning(
            "name-missing",
            "name",
            "it is empty: no Application can name the cluster",
            "give the cluster's name",
        ));
    } else if name.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/') {
        findings.push(Finding::warning(
            "name-characters",
            "name",
            "it holds white space or a slash, which Argo CD takes verbatim",
            "trim it, and use letters, digits and dashes",
        ));
    }
}

fn check_config(config: &ClusterConfig, server: &str, findings: &mut Vec<Finding>) {
    if config.tls.insecure && !config.tls.ca.is_empty() {
        findings.push(Finding::error(
            "insecure-with-ca",
            "config.tlsClientConfig",
            "insecure and caData are given together, which Argo CD's client refuses",
            "drop insecure",
        ));
    }
    if config.login() == LoginKind::Anonymous && server != IN_CLUSTER_SERVER {
        findings.push(Finding::warning(
            "anonymous",
            "config",
            "it holds no login that Argo CD knows; a misspelt key is ignored without a word",
            "check the spelling of execProviderConfig, bearerToken, username",
        ));
    }
    if let Some(exec) = &config.exec {
        let place = "config.execProviderConfig";
        match exec.api_version.as_str() {
            "client.authentication.k8s.io/v1beta1" => {}
            other if is_azure_login(&exec.command, &exec.args) => findings.push(Finding::error(
                "exec-api-version",
                place,
                format!("apiVersion is {other:?}, and argocd-k8s-auth answers in client.authentication.k8s.io/v1beta1"),
                "set apiVersion to client.authentication.k8s.io/v1beta1",
            )),
            _ => {}
        }
        if exec.env.contains_key("AZURE_FEDERATED_TOKEN_FILE") {
            findings.push(Finding::warning(
                "token-file-pinned",
                "config.execProviderConfig.env.AZURE_FEDERATED_TOKEN_FILE",
                "it overrides the path that the workload identity webhook injects, which moved with webhook 1.6",
                "drop it, and let the webhook give it",
            ));
        }
    }
}

/// Whether a command is Argo CD's Azure login.
pub(crate) fn is_azure_login(command: &str, args: &[String]) -> bool {
    let program = command.rsplit('/').next().unwrap_or(command);
    match program {
        "argocd-k8s-auth" => args.first().is_some_and(|first| first == "azure"),
        "gangplank" => args.len() >= 2 && args[0] == "auth" && args[1] == "azure",
        _ => false,
    }
}

/// Returns what is wrong with clusters taken together, each with the uid of the Secret it is about.
pub fn check_fleet<'a>(clusters: impl IntoIterator<Item = &'a ClusterSecret>) -> Vec<(String, Finding)> {
    let mut by_server: BTreeMap<&str, Vec<&ClusterSecret>> = BTreeMap::new();
    let mut by_name: BTreeMap<&str, Vec<&ClusterSecret>> = BTreeMap::new();
    for cluster in clusters {
        by_server.entry(&cluster.server).or_default().push(cluster);
        if !cluster.name.is_empty() {
            by_name.entry(&cluster.name).or_default().push(cluster);
        }
    }
    let others = |group: &[&ClusterSecret], one: &ClusterSecret| {
        let names: Vec<&str> =
            group.iter().filter(|other| other.uid != one.uid).map(|other| other.secret.as_str()).collect();
        names.join(", ")
    };
    let mut findings = Vec::new();
    for group in by_server.values().filter(|group| group.len() > 1) {
        for one in group {
            findings.push((
                one.uid.clone(),
                Finding::error(
                    "server-twice",
                    "server",
                    format!(
                        "the same URL stands in {}; Argo CD uses either, unpredictably",
                        others(group, one)
                    ),
                    "delete one of them",
                ),
            ));
        }
    }
    for group in by_name.values().filter(|group| group.len() > 1) {
        for one in group {
            findings.push((
                one.uid.clone(),
                Finding::error(
                    "name-twice",
                    "name",
                    format!("the same name stands in {}; no Application can use it", others(group, one)),
                    "rename one of them",
                ),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests;
