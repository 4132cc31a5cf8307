//! Resources for every line of Kustomize's tables: names that refer, labels, vars and images at the paths that it knows.

use super::random::Random;
use super::trees::{NAMES, Tree};

const FACTS: &str = include_str!("../../../facts/field_specs.txt");

/// A line of the tables: who has the field, and what the field refers to where it is a name.
struct Line {
    section: &'static str,
    gvk: [&'static str; 3],
    path: &'static str,
}

fn lines() -> Vec<Line> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in FACTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let [group, version, kind, path] = line.split('|').collect::<Vec<_>>()[..] {
            lines.push(Line { section, gvk: [group, version, kind], path: path.trim_start_matches('+') });
        }
    }
    lines
}

/// An `apiVersion` for a line that may leave group or version open.
fn api_version(random: &mut Random, [group, version, kind]: [&'static str; 3]) -> &'static str {
    let version = if version.is_empty() { "v1" } else { version };
    if !group.is_empty() {
        return format!("{group}/{version}").leak();
    }
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps/v1",
        "CronJob" | "Job" => "batch/v1",
        "Ingress" => "networking.k8s.io/v1",
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => {
            random.one(&["rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"])
        }
        _ => version,
    }
}

impl Tree<'_> {
    /// One resource that has the field of a line, or that such a field may name.
    pub(super) fn object(&mut self) -> String {
        let lines = lines();
        let line = self.random.pick(&lines);
        let target = line.section.strip_prefix("nameReference ");
        if let Some(target) = target
            && self.random.chance(50)
        {
            let gvk: Vec<&'static str> = target.split('|').collect();
            return self.with_field([gvk[0], gvk[1], gvk[2]], None);
        }
        let kind = if line.gvk[2].is_empty() { "Widget" } else { line.gvk[2] };
        let leaf = self.leaf(line.section, line.path);
        self.with_field([line.gvk[0], line.gvk[1], kind], Some((line.path, leaf)))
    }

    fn leaf(&mut self, section: &str, path: &str) -> String {
        let name = self.random.one(NAMES);
        if section.starts_with("nameReference") {
            return match self.random.below(8) {
                0 => format!("[{name}, other]"),
                1 => format!("{{name: {name}}}"),
                2 if path == "subjects" => format!("[{{kind: ServiceAccount, name: {name}, namespace: ns}}]"),
                3 if path == "subjects" => format!("{{kind: ServiceAccount, name: {name}}}"),
                4 => format!("\"{name}\""),
                5 => "null".to_owned(),
                _ => name.to_owned(),
            };
        }
        match section {
            "images" => self.random.one(&["nginx:1", "nginx", "redis@sha256:ab", "host/nginx:2"]).to_owned(),
            "replicas" => self.random.one(&["1", "\"2\"", "null"]).to_owned(),
            "varReference" => self
                .random
                .one(&["$(V)", "\"$(V)-x\"", "[a, $(V)]", "{a: $(V), b: $$(V)}", "$(NONE)"])
                .to_owned(),
            "namespace" | "namePrefix" | "nameSuffix" => name.to_owned(),
            _ => self.random.one(&["{app: web}", "{}", "null", "{app: \"1\", t: one}"]).to_owned(),
        }
    }

    fn with_field(&mut self, gvk: [&'static str; 3], field: Option<(&'static str, String)>) -> String {
        let name = self.random.one(NAMES);
        let version = api_version(self.random, gvk);
        let kind = if gvk[2].is_empty() { "Widget" } else { gvk[2] };
        let mut text = format!("apiVersion: {version}\nkind: {kind}\n");
        match &field {
            Some((path, leaf)) if path.starts_with("metadata/") => {
                let (_, rest) = path.split_once('/').unwrap_or(("", path));
                if *path == "metadata/name" {
                    text.push_str(&format!("metadata:\n  name: {name}\n"));
                } else {
                    text.push_str(&format!("metadata:\n  name: {name}\n"));
                    text.push_str(&self.at_path(&rest.split('/').collect::<Vec<_>>(), leaf, 2));
                }
            }
            Some((path, leaf)) => {
                text.push_str(&self.metadata(name));
                text.push_str(&self.at_path(&path.split('/').collect::<Vec<_>>(), leaf, 0));
            }
            None => text.push_str(&self.metadata(name)),
        }
        self.made.push((version, kind, name));
        text
    }

    /// A path as YAML: each part a mapping, and now and then a list of mappings.
    fn at_path(&mut self, parts: &[&str], leaf: &str, indent: usize) -> String {
        let Some((part, rest)) = parts.split_first() else { return String::new() };
        let pad = " ".repeat(indent);
        let (part, is_list) = part.strip_suffix("[]").map_or((*part, false), |part| (part, true));
        let part = part.replace('\\', "");
        if rest.is_empty() {
            return format!("{pad}{part}: {leaf}\n");
        }
        let plural = part.ends_with('s')
            && part != "metadata"
            && !matches!(&*part, "status" | "labels" | "annotations");
        if is_list || (plural && self.random.chance(90)) || self.random.chance(3) {
            let inner = self.at_path(rest, leaf, indent + 2);
            let mut item = inner.clone();
            item.replace_range(indent..indent + 1, "-");
            let mut text = format!("{pad}{part}:\n{item}");
            if self.random.chance(30) {
                text.push_str(&format!("{pad}- name: plain\n"));
            }
            return text;
        }
        format!("{pad}{part}:\n{}", self.at_path(rest, leaf, indent + 2))
    }
}
