//! One overlay: the seed's text (4.3, 5.2) with the names filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::names::{ClusterName, NameError, ResourceId, VaultSecretName};

/// The annotation that says which AKS cluster an overlay is for.
pub const RESOURCE_ID: &str = "gangplank.dev/resource-id";

/// What a cluster's overlay says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterOverlay {
    /// The cluster.
    pub name: ClusterName,
    /// The AKS resource, where it is not found by name.
    pub resource_id: Option<ResourceId>,
    /// Labels of the cluster Secret, for ApplicationSets.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the cluster Secret, for ApplicationSets.
    pub annotations: BTreeMap<String, String>,
    /// The Argo CD project that the cluster belongs to.
    pub project: Option<String>,
    /// The namespaces that Argo CD manages on it; empty for all.
    pub namespaces: Vec<String>,
    /// The application controller shard.
    pub shard: Option<u32>,
}

impl ClusterOverlay {
    /// An overlay that says no more than the seed's.
    pub fn new(name: ClusterName) -> Self {
        ClusterOverlay {
            name,
            resource_id: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            project: None,
            namespaces: Vec::new(),
            shard: None,
        }
    }

    /// The text of its `kustomization.yaml`. `base` is the path of the cluster base from the overlay's folder.
    pub fn text(&self, base: &str) -> String {
        let name = &self.name;
        let mut patch = Operations::default();
        patch.replace("/metadata/name", &name.external_secret());
        patch.replace("/spec/target/name", &name.secret());
        patch.replace("/spec/target/template/data/name", name.as_str());
        patch.replace("/spec/data/0/remoteRef/key", &format!("secret/{}", name.ca_secret()));
        patch.replace("/spec/data/1/remoteRef/key", &format!("secret/{}", name.url_secret()));
        if let Some(id) = &self.resource_id {
            patch.add_map(
                "/metadata/annotations",
                &BTreeMap::from([(RESOURCE_ID.to_owned(), id.to_string())]),
            );
        }
        for (key, value) in &self.labels {
            patch.add(&format!("/spec/target/template/metadata/labels/{}", escaped(key)), value);
        }
        if !self.annotations.is_empty() {
            patch.add_map("/spec/target/template/metadata/annotations", &self.annotations);
        }
        if let Some(project) = &self.project {
            patch.add("/spec/target/template/data/project", project);
        }
        if !self.namespaces.is_empty() {
            patch.add("/spec/target/template/data/namespaces", &self.namespaces.join(","));
        }
        if let Some(shard) = self.shard {
            patch.add("/spec/target/template/data/shard", &shard.to_string());
        }
        kustomization(base, &patch)
    }
}

/// How Argo CD uses the credentials of a repository Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryType {
    /// A template for all repositories whose URL begins with its URL.
    Credentials,
    /// One repository.
    Repository,
}

impl RepositoryType {
    /// The value of the label `argocd.argoproj.io/secret-type`.
    pub fn label(self) -> &'static str {
        match self {
            RepositoryType::Credentials => "repo-creds",
            RepositoryType::Repository => "repository",
        }
    }
}

/// What a repository's overlay says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryOverlay {
    /// The name of its folder, and the first part of its objects' names.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// How the credentials are used.
    pub kind: RepositoryType,
    /// The vault secret with the user name.
    pub username: VaultSecretName,
    /// The vault secret with the password or token.
    pub password: VaultSecretName,
}

impl RepositoryOverlay {
    /// An overlay for the repository at `url`, named after its last path segment, whose credentials the vault holds as
    /// `<name>-username` and `<name>-password`.
    pub fn new(url: &str, kind: RepositoryType) -> Result<Self, NameError> {
        let last = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
        let name: String = last
            .trim_end_matches(".git")
            .to_ascii_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let name = name.trim_matches('-').to_owned();
        let username = format!("{name}-username").parse()?;
        let password = format!("{name}-password").parse()?;
        if name.is_empty() {
            return Err(NameError::VaultSecret(url.to_owned()));
        }
        Ok(RepositoryOverlay { name, url: url.to_owned(), kind, username, password })
    }

    /// The text of its `kustomization.yaml`. `base` is the path of the repository base from the overlay's folder.
    pub fn text(&self, base: &str) -> String {
        let name = &self.name;
        let mut patch = Operations::default();
        patch.replace("/metadata/name", &format!("{name}-external-secret"));
        patch.replace("/spec/target/name", &format!("{name}-secret"));
        patch.replace("/spec/target/template/data/url", &self.url);
        patch.replace("/spec/data/0/remoteRef/key", self.password.as_str());
        patch.replace("/spec/data/1/remoteRef/key", self.username.as_str());
        if self.kind == RepositoryType::Repository {
            patch.replace(
                &format!(
                    "/spec/target/template/metadata/labels/{}",
                    escaped("argocd.argoproj.io/secret-type")
                ),
                self.kind.label(),
            );
        }
        kustomization(base, &patch)
    }
}

/// The path from one folder of the tree to another, both relative to the root.
pub fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = to.split('/').filter(|part| !part.is_empty()).collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

fn kustomization(base: &str, patch: &Operations) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\nresources:\n- {base}\n\npatches:\n\
         - target:\n    kind: ExternalSecret\n  patch: |-\n{}",
        patch.text
    )
}

/// The operations of a JSON patch in the seed's YAML form.
#[derive(Default)]
struct Operations {
    text: String,
}

impl Operations {
    fn replace(&mut self, path: &str, value: &str) {
        self.operation("replace", path, value);
    }

    fn add(&mut self, path: &str, value: &str) {
        self.operation("add", path, value);
    }

    fn operation(&mut self, operation: &str, path: &str, value: &str) {
        // Writing to a String can't fail.
        let _ =
            writeln!(self.text, "    - op: {operation}\n      path: {path}\n      value: {}", scalar(value));
    }

    fn add_map(&mut self, path: &str, values: &BTreeMap<String, String>) {
        let _ = writeln!(self.text, "    - op: add\n      path: {path}\n      value:");
        for (key, value) in values {
            let _ = writeln!(self.text, "        {}: {}", scalar(key), scalar(value));
        }
    }
}

/// A scalar as YAML: plain where nothing could read it as something else than this text, quoted otherwise.
fn scalar(text: &str) -> String {
    let plain_start = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = plain_start
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@'))
        && !text.ends_with(':')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    // JSON's strings are YAML's double-quoted ones.
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
