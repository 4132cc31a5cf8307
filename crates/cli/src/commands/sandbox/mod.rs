//! `gangplank sandbox`: the world, and gangplank in it.
//!
//! ```text
//!  World::start ─▶ clone ─▶ lay the tree down ─▶ apply ─▶ publish ─▶ (break) ─▶ push ─▶ controllers ─▶ look, look, look
//! ```
//!
//! From the second step on, everything goes through the same calls and over the same wire as against Azure: what is used of the
//! world is its environment, the variables that `gangplank sandbox env` prints.

mod hub;
mod tree;
mod watch;

use std::collections::BTreeMap;
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
use gangplank_sandbox::{Break, Options, Place, State, World, cluster_names};

use crate::args::{Sandbox, SandboxCommand};
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::files::DiskTree;
use crate::ui::Ui;

/// A cluster that exists, but that the tree does not have yet: for `gangplank cluster add` in a second shell.
const SPARE: &str = "aks-prd-we-spare";

pub(crate) async fn run(args: &Sandbox, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    match &args.command {
        Some(SandboxCommand::Env { world }) => env(world.as_deref(), ui),
        None if args.breaks.iter().any(|name| name == "list") => list_breaks(ui),
        None => tokio::select! {
            outcome = start(args, environment, ui) => outcome,
            () = super::interruption() => {
                Err(CliError::new("stopped before all was done; the sandbox and what it made are gone"))
            }
        },
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

/// Prints the environment of the world that runs, as lines for a shell.
fn env(world: Option<&std::path::Path>, ui: &Ui) -> Result<Outcome, CliError> {
    let state = match world {
        Some(folder) => State::read(folder)
            .context(|| format!("`{}` is not the folder of a sandbox that runs", folder.display()))?,
        None => {
            let mut running = State::running(&std::env::temp_dir());
            match running.len() {
                0 => {
                    return Err(CliError::new("no sandbox runs on this machine")
                        .hint("start one in another shell: `gangplank sandbox`"));
                }
                1 => {}
                several => ui.say(format!(
                    "# {several} sandboxes run; these are the lines of the newest, `{}` (choose with --world DIR)",
                    running.last().map(|state| state.directory.display().to_string()).unwrap_or_default()
                )),
            }
            running.pop().ok_or_else(|| CliError::new("no sandbox runs on this machine"))?
        }
    };
    let mut variables = state.environment.clone();
    variables.insert("GANGPLANK_TREE".to_owned(), state.directory.join("platform").display().to_string());
    ui.print_raw(shell_lines(&variables).as_bytes())?;
    Ok(Outcome::Done)
}

fn shell_lines(variables: &BTreeMap<String, String>) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\'', "'\\''"));
    variables.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect()
}

async fn start(args: &Sandbox, process: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let breaks =
        args.breaks.iter().map(|name| name.parse::<Break>()).collect::<Result<Vec<_>, _>>().map_err(
            |error| {
                CliError::usage(error.to_string())
                    .hint("`gangplank sandbox --break list` says what each does")
            },
        )?;
    let started = Instant::now();
    let count = usize::try_from(args.clusters).unwrap_or(usize::MAX);
    let names = cluster_names(count);
    let clusters = names.iter().map(|name| name.parse()).collect::<Result<Vec<ClusterName>, _>>()?;
    let mut world_clusters = names;
    world_clusters.push(SPARE.to_owned());
    let at_start = breaks.iter().copied().filter(|it| it.place() == Place::Start).collect();
    let options = Options {
        clusters: world_clusters,
        seed: args.seed,
        tenant_id: args.tenant,
        subscription_id: args.subscription,
        proxy_port: args.port,
        breaks: at_start,
        ..Options::default()
    };
    let world = World::start(options).await?;
    ui.say(format!(
        "the world is up: Azure, a hub and {} clusters behind {} ({:.1} s)",
        args.clusters,
        world.proxy(),
        started.elapsed().as_secs_f64()
    ));

    let environment = environment_in(&world, process);
    let azure = connect::azure(&environment)?;
    let tree = prepare(args, &world, &azure, &clusters, &environment, ui).await?;
    for each in breaks.iter().filter(|it| it.place() == Place::Azure) {
        world.break_after_apply(*each).await?;
    }
    for each in breaks.iter().filter(|it| it.place() == Place::Tree) {
        if let Some(first) = clusters.first() {
            tree::spoil(&tree, *each, first)?;
        }
    }
    tree::push(&tree, &world, &connect::git(&environment)).await?;
    ui.say(format!(
        "pushed the tree of `{}`; in a second shell: eval \"$(gangplank sandbox env)\", then kubectl, az, git, gangplank",
        tree.root.display()
    ));
    let outcome = watch::run(args, &world, &azure, &tree, &environment, started, ui).await?;
    world.shutdown().await?;
    Ok(outcome)
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
