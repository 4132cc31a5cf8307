//! A tree, rendered and judged: each cluster's overlay for the link `declared`, and everything that the self-managing application
//! renders for `gangplank check`. Places are those of the files that said a value, not of the output.

use std::collections::{BTreeMap, BTreeSet};

use gangplank_kustomize::{Error, Rendered, RenderedResource, Renderer};
use gangplank_yaml::Dialect;

use super::edit::Tree;
use super::inspect::{self, Defect};
use crate::chain::facts::{Finding, OverlayFacts};
use crate::fleet::Fleet;
use crate::names::ClusterName;

/// Judges the overlays of `clusters`. The renderer's files are the tree's, with the tree's root at `root` (`/` or an absolute path).
pub fn overlays(
    renderer: &Renderer,
    root: &str,
    fleet: &Fleet,
    tree: &dyn Tree,
    clusters: &[ClusterName],
) -> BTreeMap<ClusterName, OverlayFacts> {
    let parent = fleet.paths.clusters();
    let listed = resources(tree, &parent);
    let parents_listed = resources(tree, &fleet.paths.argocd).contains("clusters");
    let shared = self_application(renderer, root, fleet);
    let judged = |cluster: &ClusterName| {
        let folder = format!("{parent}/{}", cluster.slug());
        let mut facts = OverlayFacts {
            folder: tree.read(&format!("{folder}/kustomization.yaml")).is_some(),
            listed: parents_listed && listed.contains(&cluster.slug()),
            findings: Vec::new(),
        };
        if facts.folder {
            facts.findings = overlay(renderer, root, fleet, cluster, &folder);
            facts.findings.extend(shared.iter().cloned());
        }
        (cluster.clone(), facts)
    };
    clusters.iter().map(judged).collect()
}

/// Judges everything: the overlay that the self-managing application renders, the overlays that nothing renders, the bootstrap.
pub fn whole(
    renderer: &Renderer,
    root: &str,
    fleet: &Fleet,
    tree: &dyn Tree,
    clusters: &[ClusterName],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let parent = fleet.paths.clusters();
    let listed = resources(tree, &parent);
    for cluster in clusters.iter().filter(|cluster| !listed.contains(&cluster.slug())) {
        findings.push(Finding {
            place: format!("{parent}/kustomization.yaml"),
            cause: format!("it does not list `{}`, so nothing renders that overlay", cluster.slug()),
            mend: format!("add `- {}` to its resources, or remove the folder", cluster.slug()),
        });
    }
    for folder in [&fleet.paths.argocd, &fleet.paths.bootstrap] {
        let rendered = match renderer.render(&absolute(root, folder)) {
            Ok(rendered) => rendered,
            Err(error) => {
                findings.push(failed(root, folder, &error));
                continue;
            }
        };
        for resource in &rendered.resources {
            let object = resource.to_json();
            let mut defects = inspect::object(fleet, &object);
            if is_self_application(fleet, &object) {
                defects = inspect::self_application(fleet, &object);
            }
            findings.extend(defects.iter().map(|defect| placed(root, &rendered, resource, defect)));
        }
    }
    for cluster in clusters {
        let folder = format!("{parent}/{}", cluster.slug());
        findings.extend(overlay(renderer, root, fleet, cluster, &folder));
    }
    // An overlay is rendered for itself and within the whole: what is wrong is said once.
    let mut said = BTreeSet::new();
    findings.retain(|finding| said.insert((finding.place.clone(), finding.cause.clone())));
    findings
}

fn overlay(
    renderer: &Renderer,
    root: &str,
    fleet: &Fleet,
    cluster: &ClusterName,
    folder: &str,
) -> Vec<Finding> {
    let rendered = match renderer.render(&absolute(root, folder)) {
        Ok(rendered) => rendered,
        Err(error) => return vec![failed(root, folder, &error)],
    };
    let Some(resource) = rendered.resources.iter().find(|resource| resource.kind() == "ExternalSecret")
    else {
        return vec![Finding {
            place: format!("{folder}/kustomization.yaml"),
            cause: "it renders no ExternalSecret".to_owned(),
            mend: format!("let its resources name the base `{}`", fleet.paths.cluster_base),
        }];
    };
    let defects = inspect::external_secret(cluster, fleet, &resource.to_json());
    defects.iter().map(|defect| placed(root, &rendered, resource, defect)).collect()
}

/// What is wrong with the application by which Argo CD manages itself, or why it can't be seen.
fn self_application(renderer: &Renderer, root: &str, fleet: &Fleet) -> Vec<Finding> {
    let rendered = match renderer.render(&absolute(root, &fleet.paths.argocd)) {
        Ok(rendered) => rendered,
        Err(error) => return vec![failed(root, &fleet.paths.argocd, &error)],
    };
    let applications = rendered.resources.iter().filter(|resource| resource.kind() == "Application");
    let judged = applications.flat_map(|resource| {
        let object = resource.to_json();
        let defects = if is_self_application(fleet, &object) {
            inspect::self_application(fleet, &object)
        } else {
            Vec::new()
        };
        defects.into_iter().map(|defect| placed(root, &rendered, resource, &defect)).collect::<Vec<_>>()
    });
    judged.collect()
}

fn is_self_application(fleet: &Fleet, object: &serde_json::Value) -> bool {
    object["kind"] == "Application"
        && object.pointer("/spec/source/path").is_some_and(|path| *path == *fleet.paths.argocd)
}

/// What a folder's kustomization lists; nothing where it can't be read, which rendering it will say.
fn resources(tree: &dyn Tree, folder: &str) -> BTreeSet<String> {
    let text = tree.read(&format!("{folder}/kustomization.yaml")).unwrap_or_default();
    let value = gangplank_yaml::to_json(&text, Dialect::SigsV2).unwrap_or_default();
    let listed = value["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |entry: &serde_json::Value| {
        Some(entry.as_str()?.trim_start_matches("./").trim_end_matches('/').to_owned())
    };
    listed.iter().filter_map(name).collect()
}

fn absolute(root: &str, folder: &str) -> String {
    format!("{}/{folder}", root.trim_end_matches('/'))
}

fn relative<'a>(root: &str, file: &'a str) -> &'a str {
    file.strip_prefix(root.trim_end_matches('/')).unwrap_or(file).trim_start_matches('/')
}

fn placed(root: &str, rendered: &Rendered, resource: &RenderedResource, defect: &Defect) -> Finding {
    let place = match rendered.provenance(resource, &defect.pointer) {
        Some(from) => format!("{}:{}", relative(root, &from.file), from.line),
        None => format!("{} `{}`", resource.kind(), resource.name()),
    };
    Finding { place, cause: defect.cause.clone(), mend: defect.mend.clone() }
}

fn failed(root: &str, folder: &str, error: &Error) -> Finding {
    let place = match &error.location {
        Some(location) if location.position.line > 0 => {
            format!("{}:{}", relative(root, &location.file), location.position.line)
        }
        Some(location) => relative(root, &location.file).to_owned(),
        None => folder.to_owned(),
    };
    Finding {
        place,
        cause: format!("it does not render: {}", error.cause),
        mend: error.mend.clone().unwrap_or_else(|| format!("`gangplank build {folder}` shows the place")),
    }
}
