//! `gangplank apply` and `publish`: the Azure side of a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use gangplank_onboarding::access::Observed;
use gangplank_onboarding::chain::facts::{Credential, ManagedCluster};
use gangplank_onboarding::fleet::{FILE_NAME, Fleet};
use gangplank_onboarding::inventory::Unfound;
use gangplank_onboarding::names::{ClusterName, ResourceId};
use gangplank_onboarding::publish::Write;
use gangplank_onboarding::tree::edit::Tree as _;
use gangplank_onboarding::tree::members::{Member, member, members};
use gangplank_onboarding::tree::{Change, layout};
use gangplank_operator::apply as access;
use gangplank_operator::azure::Azure;
use gangplank_operator::publish as publishing;
use serde_json::Value;

use super::report::{Report, SecretReport};
use crate::args::{Apply, Publish};
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::files::DiskTree;
use crate::ui::Ui;

/// The clusters of a tree, matched with the AKS clusters of Azure.
pub(super) struct Clusters {
    /// Those that Azure has.
    pub(super) found: Vec<(ClusterName, ManagedCluster)>,
    /// Why the others were not found.
    pub(super) unfound: Vec<Unfound>,
}

/// The members of the tree that are named, or all.
pub(super) fn members_of(tree: &DiskTree, names: &[String]) -> Result<Vec<Member>, CliError> {
    if names.is_empty() {
        return Ok(members(&tree.fleet, tree));
    }
    let named = |name: &String| Ok(member(&tree.fleet, tree, name.parse()?));
    names.iter().map(named).collect()
}

pub(super) async fn find(tree: &DiskTree, azure: &Azure, members: &[Member]) -> Result<Clusters, CliError> {
    let inventory = azure.inventory(&tree.fleet, members).await?;
    let mut clusters = Clusters { found: Vec::new(), unfound: Vec::new() };
    for member in members {
        match inventory.find(member) {
            Ok(cluster) => clusters.found.push((member.name.clone(), cluster.clone())),
            Err(unfound) => clusters.unfound.push(unfound),
        }
    }
    Ok(clusters)
}

pub(super) fn ids(found: &[(ClusterName, ManagedCluster)]) -> Vec<(ClusterName, ResourceId)> {
    found.iter().map(|(name, cluster)| (name.clone(), cluster.resource_id.clone())).collect()
}

pub(super) fn warn(ui: &Ui, unfound: &[Unfound]) {
    for each in unfound {
        ui.say(format!("warning: {each}; {}", each.mend()));
    }
}

pub(crate) async fn apply(args: &Apply, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let azure = connect::azure(environment)?;
    let clusters = find(&tree, &azure, &members(&tree.fleet, &tree)).await?;
    warn(ui, &clusters.unfound);
    let location = location(&azure, &tree.fleet).await?;
    let done = std::sync::Mutex::new(Vec::new());
    let told = |action: &gangplank_onboarding::access::Action| {
        let line = action.describe(&tree.fleet);
        ui.say(&line);
        done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(line);
    };
    let stands = access::apply(&azure, &tree.fleet, &ids(&clusters.found), &location, &told).await?;
    let changes = fill_in(&tree, &stands)?;
    tree.enact(&changes)?;
    for change in &changes {
        ui.say(format!("wrote {}", change.path));
    }
    let access = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let report = Report::of_access(access);
    ui.data(args.format.output, &report, || report.text(""))?;
    Ok(Outcome::Done)
}

/// Where identities are made: where the vault's group is.
async fn location(azure: &Azure, fleet: &Fleet) -> Result<String, CliError> {
    use gangplank_azure as sdk;
    let id = &fleet.vault.resource_id;
    let subscription = sdk::SubscriptionId::parse(id.subscription())?;
    Ok(azure.arm().resource_group(&sdk::ResourceId::group(&subscription, id.group())).await?.location)
}

/// The ids of the identities, put where the tree still has placeholders or older ids: into gangplank.yaml and the manifests.
pub(crate) fn fill_in(tree: &DiskTree, stands: &Observed) -> Result<Vec<Change>, CliError> {
    let mut fleet = tree.fleet.clone();
    let mut text = tree.read(FILE_NAME).unwrap_or_default();
    let mut replaced: Vec<(String, String)> = Vec::new();
    let known = [
        ("argocd", &mut fleet.identities.argocd, &stands.argocd, "<ARGOCD_UMI_CLIENT_ID>"),
        ("secrets", &mut fleet.identities.secrets, &stands.secrets, "<UMI_CLIENT_ID>"),
    ];
    for (key, written, facts, placeholder) in known {
        let Some(facts) = facts else { continue };
        if written.client_id.as_ref() == Some(&facts.client_id)
            && written.object_id.as_ref() == Some(&facts.object_id)
        {
            continue;
        }
        let old = written.client_id.as_ref().map_or(placeholder.to_owned(), ToString::to_string);
        replaced.push((old, facts.client_id.to_string()));
        for (member, id) in [("clientId", facts.client_id.as_str()), ("objectId", facts.object_id.as_str())] {
            text = gangplank_yaml::edit::set(&text, &["identities", key, member], id)
                .context(|| format!("cannot write identities.{key}.{member} into {FILE_NAME}"))?;
        }
    }
    if replaced.is_empty() {
        return Ok(Vec::new());
    }
    let mut changes = vec![Change { path: FILE_NAME.to_owned(), text: Some(text) }];
    for path in layout::files(&fleet).into_keys().filter(|path| path.ends_with(".yaml") && path != FILE_NAME)
    {
        let Some(before) = tree.read(&path) else { continue };
        let after = replaced.iter().fold(before.clone(), |text, (old, new)| text.replace(old.as_str(), new));
        if after != before {
            changes.push(Change { path, text: Some(after) });
        }
    }
    Ok(changes)
}

pub(super) async fn credentials(
    azure: &Azure,
    clusters: &[(ClusterName, ManagedCluster)],
) -> Result<Vec<(ClusterName, Credential)>, CliError> {
    let mut found = Vec::with_capacity(clusters.len());
    for (name, credential) in azure.credentials(clusters).await {
        let credential =
            credential.context(|| format!("cannot read the kubeconfig of `{name}` from Azure"))?;
        found.push((name, credential));
    }
    Ok(found)
}

pub(crate) async fn publish(args: &Publish, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let azure = connect::azure(environment)?;
    let members = members_of(&tree, &args.names)?;
    let today = match &args.terraform_outputs {
        Some(path) => {
            from_terraform(path, &members.into_iter().map(|member| member.name).collect::<Vec<_>>())?
        }
        None => {
            let clusters = find(&tree, &azure, &members).await?;
            if let (false, [first, ..]) = (args.names.is_empty(), clusters.unfound.as_slice()) {
                return Err(CliError::new(first.to_string()).hint(first.mend()));
            }
            warn(ui, &clusters.unfound);
            credentials(&azure, &clusters.found).await?
        }
    };
    let vault = azure.vault(&tree.fleet.vault.url())?;
    let vault = secrets(publishing::publish(&vault, &today).await)?;
    if args.refresh {
        let hub = connect::hub(&args.hub, environment).await?;
        let written: BTreeSet<&str> = vault.iter().map(|secret| secret.cluster.as_str()).collect();
        for (name, _) in today.iter().filter(|(name, _)| written.contains(name.as_str())) {
            let asked = publishing::refresh(&hub, &tree.fleet.hub.namespace, name, jiff::Timestamp::now());
            if asked.await.context(|| format!("cannot ask the hub to take the values of `{name}`"))? {
                ui.say(format!("asked the hub to take the values of {name} now"));
            }
        }
    }
    let report = Report::of_vault(vault);
    ui.data(args.format.output, &report, || report.text(""))?;
    Ok(Outcome::Done)
}

/// What was written, or the first failure with how many there were: those that succeeded stay.
pub(super) fn secrets(
    results: Vec<(ClusterName, Result<Vec<Write>, publishing::Error>)>,
) -> Result<Vec<SecretReport>, CliError> {
    let mut reports = Vec::new();
    let mut failures = Vec::new();
    for (cluster, result) in results {
        match result {
            Ok(writes) => reports.extend(writes.into_iter().map(|write| SecretReport {
                cluster: cluster.to_string(),
                secret: write.secret.to_string(),
                reason: write.reason.as_str(),
            })),
            Err(error) => failures.push(error),
        }
    }
    let count = failures.len();
    match failures.into_iter().next() {
        Some(first) => Err(CliError::from(first).hint(format!(
            "{count} clusters could not be published, {} secrets were; run it again when the cause is mended",
            reports.len()
        ))),
        None => Ok(reports),
    }
}

/// The outputs of seed 1.1, for one cluster (`cluster_ca_certificate`, `aks_cluster_api_server_url`) or for several
/// (`clusters`, a map by name of `ca_certificate` and `server_url`).
fn from_terraform(
    path: &std::path::Path,
    names: &[ClusterName],
) -> Result<Vec<(ClusterName, Credential)>, CliError> {
    let what = || format!("cannot read Terraform's outputs from `{}`", path.display());
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context(what)?;
        text
    } else {
        std::fs::read_to_string(path).context(what)?
    };
    let outputs: BTreeMap<String, Value> = serde_json::from_str(&text).context(what)?;
    let value = |name: &str| outputs.get(name).map(|output| &output["value"]);
    let credential = |ca: Option<&Value>, server: Option<&Value>| {
        Some(Credential { ca: ca?.as_str()?.to_owned(), server: server?.as_str()?.to_owned() })
    };
    let several = value("clusters").and_then(Value::as_object);
    names
        .iter()
        .map(|name| {
            let found = match several {
                Some(clusters) => clusters
                    .get(name.as_str())
                    .and_then(|it| credential(it.get("ca_certificate"), it.get("server_url"))),
                None if names.len() == 1 => {
                    credential(value("cluster_ca_certificate"), value("aks_cluster_api_server_url"))
                }
                None => None,
            };
            found.map(|credential| (name.clone(), credential)).ok_or_else(|| {
                CliError::new(format!("Terraform's outputs have no CA and URL of `{name}`")).hint(
                    "give the output of `terraform output -json` with `cluster_ca_certificate` and \
                     `aks_cluster_api_server_url` for one cluster, or a map `clusters` for several",
                )
            })
        })
        .collect()
}
