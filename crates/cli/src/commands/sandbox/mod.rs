//! `gangplank sandbox`: the world, and gangplank in it.
//!
//! ```text
//!  World::start ─▶ clone ─▶ lay the tree down ─▶ apply ─▶ publish ─▶ (break) ─▶ push ─▶ controllers ─▶ look, look, look
//! ```
//!
//! From the second step on, everything goes through the same calls and over the same wire as against Azure: what is used of the
//! world is its environment, the variables that `gangplank sandbox env` prints. The other subcommands speak to a world that runs
//! (`running` finds it) through its door.

mod fault;
mod hub;
mod running;
mod shell;
mod tree;
mod watch;

pub(super) use running::tell_faults;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gangplank_onboarding::access::Observed;
use gangplank_onboarding::chain::facts::Credential;
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::edit;
use gangplank_onboarding::tree::members::Member;
use gangplank_onboarding::tree::overlay::ClusterOverlay;
use gangplank_operator::azure::Azure;
use gangplank_operator::{apply, publish};
use gangplank_sandbox::{Break, Fault, Options, Order, Place, World, cluster_names};

use crate::args::{Sandbox, SandboxCommand};
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Outcome};
use crate::files::DiskTree;
use crate::ui::Ui;

/// A cluster that exists, but that the tree does not have yet: for `gangplank cluster add` in a second shell.
const SPARE: &str = "aks-prd-we-spare";

pub(crate) async fn run(args: &Sandbox, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    match &args.command {
        Some(SandboxCommand::Env { which, shell, format }) => {
            shell::env(&running::find(which, environment, ui)?, *shell, *format, environment, ui)
        }
        Some(SandboxCommand::Shell { which, shell, command }) => {
            shell::open(&running::find(which, environment, ui)?, *shell, command, environment, ui).await
        }
        Some(SandboxCommand::Status { which, format }) => {
            running::status(&running::find(which, environment, ui)?, *format, ui).await
        }
        Some(SandboxCommand::Fault(command)) => fault::run(command, environment, ui).await,
        Some(SandboxCommand::Reset { which }) => {
            running::order(&running::find(which, environment, ui)?, Order::Reset, ui).await
        }
        Some(SandboxCommand::Stop { which }) => {
            running::order(&running::find(which, environment, ui)?, Order::Stop, ui).await
        }
        None if args.breaks.iter().any(|name| name == "list") => list_breaks(ui),
        None => start(args, environment, ui).await,
    }
}

fn list_breaks(ui: &Ui) -> Result<Outcome, CliError> {
    let mut table = crate::ui::Table::new(["break", "what is wrong then"]);
    for each in Break::ALL {
        table.row([(each.name(), anstyle::Style::new()), (each.description(), anstyle::Style::new())]);
    }
    ui.print(table.render())?;
    Ok(Outcome::Done)
}

/// How a world ended.
enum Ended {
    /// All was done.
    Outcome(Outcome),
    /// Another process of its owner asked for it.
    Ordered(Order),
    /// The person or the system asked for it.
    Interrupted,
}

/// What is to happen in every world of one command: a world that is reset begins with it again.
struct Plan {
    clusters: Vec<ClusterName>,
    breaks: Vec<Break>,
    faults: Vec<Fault>,
    options: Options,
}

impl Plan {
    fn of(args: &Sandbox) -> Result<Plan, CliError> {
        let breaks = args.breaks.iter().map(|name| name.parse::<Break>()).collect::<Result<Vec<_>, _>>();
        let breaks = breaks.map_err(|error| {
            CliError::usage(error.to_string()).hint("`gangplank sandbox --break list` says what each does")
        })?;
        let faults = args.faults.as_deref().map(fault::read).transpose()?.unwrap_or_default();
        let mut names = cluster_names(usize::try_from(args.clusters).unwrap_or(usize::MAX));
        let clusters = names.iter().map(|name| name.parse()).collect::<Result<Vec<ClusterName>, _>>()?;
        if !args.bare {
            names.push(SPARE.to_owned());
        }
        let options = Options {
            clusters: names,
            seed: args.seed,
            tenant_id: args.tenant,
            subscription_id: args.subscription,
            proxy_port: args.port,
            breaks: breaks.iter().copied().filter(|it| it.place() == Place::Start).collect(),
            ..Options::default()
        };
        Ok(Plan { clusters, breaks, faults, options })
    }
}

async fn start(args: &Sandbox, process: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let plan = Plan::of(args)?;
    let early = || CliError::new("stopped before all was done; the sandbox and what it made are gone");
    running::tell_others(ui);
    let mut options = plan.options.clone();
    loop {
        let started = Instant::now();
        let world = tokio::select! {
            world = World::start(options.clone()) => world?,
            () = super::interruption() => return Err(early()),
        };
        let ended = live(args, &plan, &world, process, started, ui).await;
        // The next one, should there be one, is found where this one was.
        options.directory = Some(world.directory().to_owned());
        options.proxy_port = world.proxy().port();
        options.git_port = world.git().address().port();
        world.shutdown().await?;
        match ended? {
            Ended::Outcome(outcome) => return Ok(outcome),
            Ended::Interrupted if args.exit => return Err(early()),
            Ended::Interrupted | Ended::Ordered(Order::Stop) => {
                ui.say("the sandbox has ended, and what it made is gone");
                return Ok(Outcome::Done);
            }
            Ended::Ordered(Order::Reset) => {
                ui.say("the sandbox starts anew");
                if let Some(root) = &args.directory {
                    let aside = tree::set_aside(root)?;
                    ui.say(format!("the working copy of before is in `{}`", aside.display()));
                }
            }
        }
    }
}

/// A world from its start until its end is asked for.
async fn live(
    args: &Sandbox,
    plan: &Plan,
    world: &World,
    process: &Environment,
    started: Instant,
    ui: &Ui,
) -> Result<Ended, CliError> {
    // Asked for once: a signal that comes between two waits must not be lost.
    let mut end = std::pin::pin!(async {
        tokio::select! {
            order = world.ordered() => Ended::Ordered(order),
            () = super::interruption() => Ended::Interrupted,
        }
    });
    ui.say(format!(
        "the world is up: Azure, a hub and {} clusters behind {} ({:.1} s)",
        args.clusters,
        world.proxy(),
        started.elapsed().as_secs_f64()
    ));
    for fault in &plan.faults {
        world.add_fault(fault.clone()).await?;
    }
    if args.bare {
        ui.say("nothing is in it; in a second shell: gangplank sandbox shell");
        return Ok(end.await);
    }
    let environment = environment_in(world, process);
    let azure = connect::azure(&environment)?;
    let tree = tokio::select! {
        tree = lay(args, plan, world, &azure, &environment, ui) => tree?,
        ended = &mut end => return Ok(ended),
    };
    watch::run(args, world, &azure, &tree, &environment, started, end, ui).await
}

/// The tree, the Azure side and the vault, with what is to be broken broken; pushed.
async fn lay(
    args: &Sandbox,
    plan: &Plan,
    world: &World,
    azure: &Azure,
    environment: &Environment,
    ui: &Ui,
) -> Result<DiskTree, CliError> {
    let Plan { clusters, breaks, .. } = plan;
    let tree = prepare(args, world, azure, clusters, environment, ui).await?;
    for each in breaks.iter().filter(|it| it.place() == Place::Azure) {
        world.break_after_apply(*each).await?;
    }
    for each in breaks.iter().filter(|it| it.place() == Place::Tree) {
        if let Some(first) = clusters.first() {
            tree::spoil(&tree, *each, first)?;
        }
    }
    tree::push(&tree, world, &connect::git(environment)).await?;
    ui.say(format!(
        "pushed the tree of `{}`; in a second shell: gangplank sandbox shell, then kubectl, az, git, gangplank",
        tree.root.display()
    ));
    Ok(tree)
}

/// What a second shell would have set, over what this process has.
fn environment_in(world: &World, process: &Environment) -> Environment {
    let mut variables = process.all().clone();
    variables.extend(world.environment().clone());
    Environment::of(&variables)
}

/// The tree on disk, the Azure side, the vault: what a person does before the push.
async fn prepare(
    args: &Sandbox,
    world: &World,
    azure: &Azure,
    clusters: &[ClusterName],
    environment: &Environment,
    ui: &Ui,
) -> Result<DiskTree, CliError> {
    let root = args.directory.clone().unwrap_or_else(|| world.directory().join("platform"));
    tree::clone(&root, world, &connect::git(environment)).await?;
    let fleet = tree::fleet(world)?;

    let (stands, changes) = bring(world, azure, &fleet, clusters).await?;
    ui.say(changes);
    tree::lay_down(&root, world, fleet, clusters, &stands)
}

/// The Azure side of clusters: what `gangplank apply` and `gangplank publish` do. Says what changed.
async fn bring(
    world: &World,
    azure: &Azure,
    fleet: &Fleet,
    clusters: &[ClusterName],
) -> Result<(Observed, String), CliError> {
    let members: Vec<Member> = clusters.iter().cloned().map(Member::by_name).collect();
    let inventory = azure.inventory(fleet, &members).await?;
    let found: Vec<_> = members
        .iter()
        .filter_map(|member| Some((member.name.clone(), inventory.find(member).ok()?.clone())))
        .collect();
    let ids: Vec<_> =
        found.iter().map(|(name, cluster)| (name.clone(), cluster.resource_id.clone())).collect();
    let done = AtomicUsize::new(0);
    let told = |_: &_| {
        done.fetch_add(1, Ordering::Relaxed);
    };
    let stands = apply::apply(azure, fleet, &ids, &world.facts().location, &told).await?;
    let today: Vec<(ClusterName, Credential)> = azure
        .credentials(&found)
        .await
        .into_iter()
        .map(|(name, credential)| Ok((name, credential?)))
        .collect::<Result<_, CliError>>()?;
    let vault = azure.vault(&fleet.vault.url())?;
    let mut secrets = 0;
    for (_, written) in publish::publish(&vault, &today).await {
        secrets += written?.len();
    }
    Ok((stands, format!("applied {} changes to Azure, published {secrets} secrets", done.into_inner())))
}

/// Brings the spare cluster aboard, as a person would in a second shell: add, apply, publish, commit, push.
async fn one_more(
    world: &World,
    azure: &Azure,
    tree: &DiskTree,
    environment: &Environment,
) -> Result<(), CliError> {
    let spare: ClusterName = SPARE.parse()?;
    tree.enact(&edit::add_cluster(&tree.fleet, &ClusterOverlay::new(spare.clone()), tree)?)?;
    bring(world, azure, &tree.fleet, &[spare]).await?;
    tree::push(tree, world, &connect::git(environment)).await
}
