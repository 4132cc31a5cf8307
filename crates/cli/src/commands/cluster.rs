//! `gangplank cluster …`: overlays in the working copy. A commit and a push bring them aboard.

use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::edit::{self, Tree as _};
use gangplank_onboarding::tree::overlay::ClusterOverlay;
use serde::Serialize;

use crate::args::cluster::{ClusterAdd, ClusterCommand, ClusterList, ClusterRemove, ClusterShow};
use crate::error::{CliError, Context as _, Outcome};
use crate::files::DiskTree;
use crate::ui::{Table, Ui};

pub(crate) fn run(command: &ClusterCommand, ui: &Ui) -> Result<Outcome, CliError> {
    match command {
        ClusterCommand::Add(args) => add(args, ui),
        ClusterCommand::List(args) => list(args, ui),
        ClusterCommand::Show(args) => show(args, ui),
        ClusterCommand::Remove(args) => remove(args, ui),
    }
}

fn add(args: &ClusterAdd, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    if args.resource_id.is_some() && args.names.len() > 1 {
        return Err(CliError::usage("--resource-id is of one cluster, but several are named"));
    }
    let resource_id = args.resource_id.as_deref().map(str::parse).transpose()?;
    // All names are judged before the first overlay is written.
    let names = args.names.iter().map(|name| name.parse::<ClusterName>()).collect::<Result<Vec<_>, _>>()?;
    for name in names {
        let overlay = ClusterOverlay {
            resource_id: resource_id.clone(),
            labels: args.label.iter().cloned().collect(),
            annotations: args.annotation.iter().cloned().collect(),
            project: args.project.clone(),
            namespaces: args.namespace.clone(),
            shard: args.shard,
            ..ClusterOverlay::new(name)
        };
        let changes = edit::add_cluster(&tree.fleet, &overlay, &tree)?;
        tree.enact(&changes)?;
        for change in &changes {
            ui.say(format!("wrote {}", change.path));
        }
    }
    ui.say("next: `gangplank apply`, `gangplank publish`, then commit and push");
    Ok(Outcome::Done)
}

/// A cluster of the tree, as `cluster list` prints it.
#[derive(Debug, Serialize)]
struct Listed {
    folder: String,
    listed: bool,
}

fn list(args: &ClusterList, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let parent = tree.fleet.paths.clusters();
    let resources = super::cluster::resources(&tree, &parent)?;
    let folders = edit::overlays(&parent, &tree);
    let clusters: Vec<Listed> =
        folders.into_iter().map(|folder| Listed { listed: resources.contains(&folder), folder }).collect();
    ui.data(args.format.output, &clusters, || {
        let mut table = Table::new(["cluster", "listed"]);
        for cluster in &clusters {
            let listed = if cluster.listed { ("yes", crate::ui::GOOD) } else { ("no", crate::ui::BAD) };
            table.row([(cluster.folder.as_str(), anstyle::Style::new()), listed]);
        }
        table.render()
    })?;
    Ok(Outcome::Done)
}

/// What the kustomization of a folder lists under `resources`.
pub(super) fn resources(tree: &DiskTree, folder: &str) -> Result<Vec<String>, CliError> {
    let path = format!("{folder}/kustomization.yaml");
    let text = tree.read(&path).ok_or_else(|| {
        CliError::new(format!("the tree has no `{path}`")).hint("write the tree first with `gangplank init`")
    })?;
    let value = gangplank_yaml::to_json(&text, gangplank_yaml::Dialect::SigsV2)
        .map_err(|error| CliError::new(error.render(&path, &text)))?;
    let listed = value["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(listed
        .iter()
        .filter_map(|entry| entry.as_str())
        .map(|entry| entry.trim_end_matches('/').to_owned())
        .collect())
}

fn show(args: &ClusterShow, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let name: ClusterName = args.name.parse()?;
    let folder = format!("{}/{}", tree.fleet.paths.clusters(), name.slug());
    if tree.list(&folder).is_empty() {
        return Err(CliError::new(format!("the tree has no overlay `{folder}`"))
            .hint("`gangplank cluster list` shows which there are"));
    }
    let text = super::build::render(&tree.root.join(folder))?;
    ui.print_raw(text.as_bytes())?;
    Ok(Outcome::Done)
}

fn remove(args: &ClusterRemove, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let name: ClusterName = args.name.parse().context(|| "cannot remove the cluster".to_owned())?;
    let changes = edit::remove_cluster(&tree.fleet, &name, &tree)?;
    tree.enact(&changes)?;
    for change in &changes {
        ui.say(format!("{} {}", if change.text.is_some() { "wrote" } else { "removed" }, change.path));
    }
    ui.say(format!(
        "next: commit and push; Argo CD then forgets the cluster, and what it made there stays: `gangplank offboard {name}` \
         does it without residue"
    ));
    Ok(Outcome::Done)
}
