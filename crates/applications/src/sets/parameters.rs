//! The sets of parameters that generators give. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::spec::{ClustersGenerator, GitDirectory, GitGenerator, ListGenerator};
use super::template::render_text;
use crate::glob::matches;
use crate::ports::ClusterFacts;

/// Parameters, nested; the simple templates see them by their paths, joined with dots.
pub(super) type Parameters = Map<String, Value>;

/// One set a cluster that the selector matches. The hub itself is given only where nothing is selected, since it has no
/// labels unless a Secret gives it some.
pub(super) fn of_clusters(
    generator: &ClustersGenerator,
    clusters: &[ClusterFacts],
    go: bool,
) -> Result<Vec<Parameters>, String> {
    let mut sets: BTreeMap<&str, Parameters> = BTreeMap::new();
    for cluster in clusters {
        if !generator.selector.is_empty() && !generator.selector.matches(&cluster.labels) {
            continue;
        }
        let mut parameters = Map::new();
        parameters.insert("name".to_owned(), cluster.name.clone().into());
        parameters.insert("nameNormalized".to_owned(), normalized(&cluster.name).into());
        parameters.insert("server".to_owned(), cluster.server.clone().into());
        parameters.insert("project".to_owned(), cluster.project.clone().into());
        parameters.insert(
            "metadata".to_owned(),
            json!({"labels": cluster.labels, "annotations": cluster.annotations}),
        );
        add_values(&mut parameters, &generator.values, go)?;
        // Of clusters with the same name one is kept, as upstream does.
        sets.insert(&cluster.name, parameters);
    }
    Ok(sets.into_values().collect())
}

/// One set an element.
pub(super) fn of_list(generator: &ListGenerator) -> Result<Vec<Parameters>, String> {
    let elements = generator.elements.iter();
    elements
        .map(|element| {
            element
                .as_object()
                .cloned()
                .ok_or_else(|| "spec.generators.list: an element is no object".to_owned())
        })
        .collect()
}

/// One set a directory that is matched and not excluded; `directories` are all of the tree.
pub(super) fn of_directories(
    generator: &GitGenerator,
    directories: &[String],
    go: bool,
) -> Result<Vec<Parameters>, String> {
    let hit = |directory: &str, exclude: bool| {
        let patterns =
            generator.directories.iter().filter(|pattern: &&GitDirectory| pattern.exclude == exclude);
        patterns.into_iter().any(|pattern| segments_match(&pattern.path, directory))
    };
    let chosen = directories.iter().filter(|directory| hit(directory, false) && !hit(directory, true));
    chosen
        .map(|directory| {
            let segments: Vec<&str> = directory.split('/').collect();
            let basename = segments.last().copied().unwrap_or_default();
            let mut parameters = Map::new();
            let path = if go {
                json!({
                    "path": directory, "basename": basename, "basenameNormalized": normalized(basename), "segments": segments,
                })
            } else {
                // The simple templates know `path` itself and what lies below it.
                let mut flat = json!({"": directory, "basename": basename, "basenameNormalized": normalized(basename)});
                for (index, segment) in segments.iter().enumerate() {
                    flat[index.to_string()] = (*segment).into();
                }
                flat
            };
            parameters.insert("path".to_owned(), path);
            add_values(&mut parameters, &generator.values, go)?;
            Ok(parameters)
        })
        .collect()
}

fn add_values(
    parameters: &mut Parameters,
    values: &BTreeMap<String, String>,
    go: bool,
) -> Result<(), String> {
    if values.is_empty() {
        return Ok(());
    }
    let mut rendered = Map::new();
    for (name, value) in values {
        rendered.insert(name.clone(), render_text(value, parameters, go, &[])?.into());
    }
    parameters.insert("values".to_owned(), Value::Object(rendered));
    Ok(())
}

/// A `*` stays within one part of a path.
fn segments_match(pattern: &str, directory: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.trim_matches('/').split('/'), directory.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (Some("**"), Some(_)) => return true,
            (Some(pattern), Some(part)) if matches(pattern, part) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// A name that may be a part of an object's name: lower case, at most 253 characters, others than `[a-z0-9.-]` as `-`.
fn normalized(name: &str) -> String {
    let lower = name.to_lowercase();
    let plain: String = lower
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-' { c } else { '-' })
        .collect();
    plain.chars().take(253).collect::<String>().trim_matches(|c| c == '-' || c == '.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(name: &str, environment: &str) -> ClusterFacts {
        ClusterFacts {
            name: name.into(),
            server: format!("https://{name}"),
            labels: BTreeMap::from([("env".to_owned(), environment.to_owned())]),
            ..ClusterFacts::default()
        }
    }

    #[test]
    fn clusters_are_selected_and_bring_values() {
        let generator: ClustersGenerator = serde_json::from_value(json!({
            "selector": {"matchLabels": {"env": "prd"}}, "values": {"branch": "release-{{name}}"},
        }))
        .unwrap();
        let sets = of_clusters(&generator, &[cluster("Aks_B", "prd"), cluster("c", "dev")], false).unwrap();
        assert_eq!(
            sets,
            [json!({
                "name": "Aks_B", "nameNormalized": "aks-b", "server": "https://Aks_B", "project": "",
                "metadata": {"labels": {"env": "prd"}, "annotations": {}},
                "values": {"branch": "release-Aks_B"},
            })
            .as_object()
            .cloned()
            .unwrap()]
        );
    }

    #[test]
    fn directories_are_matched_part_by_part() {
        let generator: GitGenerator = serde_json::from_value(json!({
            "directories": [{"path": "apps/*"}, {"path": "apps/skip*", "exclude": true}],
        }))
        .unwrap();
        let all: Vec<String> =
            ["apps", "apps/a", "apps/a/b", "apps/skipped", "other/c"].map(str::to_owned).to_vec();
        let sets = of_directories(&generator, &all, true).unwrap();
        let paths: Vec<&str> = sets.iter().filter_map(|set| set["path"]["path"].as_str()).collect();
        assert_eq!(paths, ["apps/a"]);
    }
}
