//! The annotations that `buildMetadata` asks for: where a resource came from, and what changed it.

use crate::files::clean;
use crate::remote::GitReference;

/// Which annotations are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct BuildMetadata {
    pub(crate) origins: bool,
    pub(crate) transformations: bool,
    pub(crate) managed_by: bool,
    /// Anything was asked for, even what Kustomize does not know.
    pub(crate) tracks: bool,
}

impl BuildMetadata {
    pub(crate) fn of(options: &[String]) -> Self {
        let asked = |name: &str| options.iter().any(|option| option == name);
        Self {
            origins: asked("originAnnotations"),
            transformations: asked("transformerAnnotations"),
            managed_by: asked("managedByLabel"),
            tracks: !options.is_empty(),
        }
    }
}

/// Where something came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub(crate) struct Origin {
    pub(crate) path: String,
    pub(crate) repo: String,
    pub(crate) revision: String,
    pub(crate) configured_in: String,
    /// `apiVersion`, `kind`, `name`, `namespace` of the configuration.
    pub(crate) configured_by: [String; 4],
}

impl Origin {
    /// The origin of something that is named in a kustomization of this origin.
    pub(crate) fn append(&self, path: &str) -> Self {
        let mut origin = self.clone();
        if let Some(reference) = GitReference::parse(path) {
            origin.repo = reference.repository;
            origin.revision = reference.revision.unwrap_or_default();
            origin.path = reference.path;
            return origin;
        }
        origin.path = joined(&self.path, path);
        origin
    }

    /// The origin of what a generator or a transformer made.
    pub(crate) fn configured(&self, file: &str, by: [String; 4]) -> Self {
        Self {
            path: String::new(),
            repo: self.repo.clone(),
            revision: self.revision.clone(),
            configured_in: joined(&self.path, file),
            configured_by: by,
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let fields = [
            ("path", &self.path),
            ("repo", &self.repo),
            ("ref", &self.revision),
            ("configuredIn", &self.configured_in),
        ];
        let line = |name: &str, text: &str| {
            let value = serde_json::Value::String(text.to_owned());
            format!("{name}: {}", gangplank_yaml::emit(&value).trim_end())
        };
        lines.extend(fields.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| line(name, text)));
        let names = ["apiVersion", "kind", "name", "namespace"];
        let by: Vec<String> = names
            .iter()
            .zip(&self.configured_by)
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| format!("  {}", line(name, text)))
            .collect();
        if !by.is_empty() {
            lines.push("configuredBy:".to_owned());
            lines.extend(by);
        }
        lines
    }

    /// The text of `config.kubernetes.io/origin`.
    pub(crate) fn annotation(&self) -> String {
        let lines = self.lines();
        if lines.is_empty() { "{}\n".to_owned() } else { format!("{}\n", lines.join("\n")) }
    }
}

/// The text of `alpha.config.kubernetes.io/transformations`.
pub(crate) fn transformations<'o>(origins: impl Iterator<Item = &'o Origin>) -> String {
    let mut out = String::new();
    for origin in origins {
        for (at, line) in origin.lines().iter().enumerate() {
            out.push_str(if at == 0 { "- " } else { "  " });
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Joins relative paths, keeping `..` that lead out.
fn joined(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if directory.starts_with('/') || (directory.is_empty() && path.starts_with('/')) {
        clean(&joined)
    } else {
        joined
    }
}
