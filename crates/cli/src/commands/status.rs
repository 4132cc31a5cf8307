//! `gangplank status` and `explain`: the chain as it is now, looked at from here, whoever runs the controllers.

use std::sync::Arc;
use std::time::Duration;

use gangplank_clusters::{Clusters, ReachIndex};
use gangplank_onboarding::chain::Chain;
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::members::{Member, member};
use gangplank_operator::azure::Azure;
use gangplank_operator::observe::{GitLook, Observer, prove_once};
use gangplank_operator::ports::EntraExchange;

use crate::args::{Explain, Status, fleet};
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Outcome};
use crate::files::DiskTree;
use crate::ui::{self, ChainView, Ui};

/// How long the proof of reach of a whole fleet may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn status(args: &Status, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let members = super::azure::members_of(&tree, &args.names)?;
    let chains = look(&tree, &members, &args.hub, environment, ui).await?;
    let views: Vec<ChainView> = chains.iter().map(|chain| ChainView::new(chain, |_| None)).collect();
    ui.data(args.format.output, &views, || ui::fleet_table(&chains))?;
    super::sandbox::tell_faults(environment, ui).await;
    Ok(outcome(&chains))
}

pub(crate) async fn explain(args: &Explain, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let name: ClusterName = args.name.parse()?;
    let member = member(&tree.fleet, &tree, name);
    let chains = look(&tree, &[member], &args.hub, environment, ui).await?;
    let views: Vec<ChainView> = chains.iter().map(|chain| ChainView::new(chain, |_| None)).collect();
    ui.data(args.format.output, &views, || chains.iter().map(ui::explain).collect())?;
    Ok(outcome(&chains))
}

fn outcome(chains: &[Chain]) -> Outcome {
    if chains.iter().all(Chain::is_aboard) { Outcome::Done } else { Outcome::NotAboard }
}

async fn look(
    tree: &DiskTree,
    members: &[Member],
    hub: &fleet::Hub,
    environment: &Environment,
    ui: &Ui,
) -> Result<Vec<Chain>, CliError> {
    let azure = connect::azure(environment)?;
    let hub = connect::hub(hub, environment).await?;
    let reach = prove(tree, members.len(), &azure, hub.clone(), environment, ui).await?;
    let git = GitLook::new(connect::mirrors(environment).await?, gangplank_git::Access::default());
    Ok(Observer::new(tree.fleet.clone(), azure, hub, git, reach).look(members).await)
}

async fn prove(
    tree: &DiskTree,
    clusters: usize,
    azure: &Azure,
    hub: kube::Client,
    environment: &Environment,
    ui: &Ui,
) -> Result<ReachIndex, CliError> {
    ui.say(format!("looking at {clusters} clusters: Azure, the vault, the hub, Git, and the way to each"));
    let exchange = Arc::new(EntraExchange::new(azure.transport().clone()));
    let prover =
        Clusters::new(hub, exchange, connect::cluster_options(&tree.fleet.hub.namespace, environment)?);
    prove_once(&prover, clusters, PATIENCE).await;
    Ok(prover.reach)
}
