//! The sandbox while it runs: controllers, the chain shown live, the summary.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gangplank_git::Access;
use gangplank_onboarding::chain::{Chain, Link};
use gangplank_onboarding::names::ClusterName;
use gangplank_operator::azure::Azure;
use gangplank_operator::observe::{GitLook, Observer};
use gangplank_operator::run::{Controller, Controllers, Options};
use gangplank_runtime::Shutdown;
use gangplank_sandbox::World;
use serde::Serialize;

use super::{Ended, hub};
use crate::args::{Output, Sandbox};
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Outcome};
use crate::files::DiskTree;
use crate::ui::{ChainView, Live, Ui};

/// The pause between two looks, at least; looking itself may take longer.
const PAUSE: Duration = Duration::from_millis(200);

/// How long after a change the fleet counts as moving.
const MOVING: Duration = Duration::from_secs(10);

/// Where nothing is broken and nothing changes, so many times the patience pass before it is given up: it may only be slow.
const STANDSTILL: u32 = 24;

/// How long the controllers may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// The one object of `--output json`.
#[derive(Debug, Serialize)]
struct Report {
    clusters: Vec<ChainView>,
    aboard: usize,
    seconds: f64,
    /// From the decision to bring one more cluster aboard until it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    one_more_seconds: Option<f64>,
    /// The memory of the whole process: the world, and gangplank in it.
    resident_bytes: u64,
    /// As much of it as there was before the first controller started: the world without what came aboard since.
    world_bytes: u64,
}

/// When each link of each cluster held, in seconds from the start.
#[derive(Debug, Default)]
struct Times {
    held: BTreeMap<(ClusterName, usize), f64>,
    /// How many clusters there were at the first look that saw any.
    first: usize,
}

impl Times {
    fn note(&mut self, chains: &[Chain], seconds: f64) {
        if self.first == 0 {
            self.first = chains.len();
        }
        for chain in chains {
            for (index, _) in chain.verdicts.iter().enumerate().filter(|(_, verdict)| verdict.holds()) {
                self.held.entry((chain.cluster.clone(), index)).or_insert(seconds);
            }
        }
    }

    fn get(&self, cluster: &ClusterName, index: usize) -> Option<f64> {
        self.held.get(&(cluster.clone(), index)).copied().map(rounded)
    }

    fn first_count(&self) -> usize {
        self.first
    }
}

/// Runs the controllers and shows the chain, until the clusters are aboard (with `--exit`) or the person stops it.
#[expect(clippy::too_many_arguments, reason = "each is another part of the world that is watched")]
pub(super) async fn run(
    args: &Sandbox,
    world: &World,
    azure: &Azure,
    tree: &DiskTree,
    environment: &Environment,
    started: Instant,
    end: impl Future<Output = Ended>,
    ui: &Ui,
) -> Result<Ended, CliError> {
    let world_bytes = resident_bytes();
    let client = connect::client(Some(&world.facts().hub.kubeconfig), None, environment).await?;
    let mut end = std::pin::pin!(end);
    tokio::select! {
        prepared = hub::prepare(&client, tree) => prepared?,
        ended = &mut end => return Ok(ended),
    }
    let mirrors = connect::mirrors(environment).await?;
    let options = Options {
        enable: Controller::ALL.into_iter().collect(),
        namespace: tree.fleet.hub.namespace.clone(),
        // The workloads of Argo CD that stand on this hub are only stored: nothing of it runs.
        beside_others: true,
        workload_identity: connect::workload_identity(environment),
        clusters: connect::cluster_options(&tree.fleet.hub.namespace, environment)?,
    };
    let shutdown = Shutdown::new();
    let controllers = Controllers::new(client.clone(), azure, mirrors.clone(), options, shutdown.clone());
    let running = tokio::spawn(controllers.clone().run());
    let pushes = {
        let (mut changes, controllers) = (world.git().changes(), controllers.clone());
        let facts = world.facts();
        let repositories = [facts.platform_repository.clone(), facts.team_repository.clone()];
        tokio::spawn(async move {
            while let Ok(change) = changes.recv().await {
                let names = |url: &&String| url.ends_with(&format!("/{}.git", change.repository));
                repositories.iter().filter(names).for_each(|url| controllers.pushed(url));
            }
        })
    };
    let git = GitLook::new(mirrors, Access::default());
    let mut observer =
        Observer::new(tree.fleet.clone(), azure.clone(), client, git, controllers.reach().clone());
    let show = Show { args, world, azure, tree, environment, started, world_bytes };
    let outcome = tokio::select! {
        outcome = show.run(&mut observer, ui) => outcome.map(Ended::Outcome),
        ended = end => Ok(ended),
    };
    pushes.abort();
    shutdown.trigger();
    shutdown.finished(ENDING).await;
    // Controllers that were told to end while they began may wait for what does not come any more.
    let abort = running.abort_handle();
    match tokio::time::timeout(ENDING, running).await {
        Ok(Ok(Err(error))) => return Err(error.into()),
        Ok(_) => {}
        Err(_) => abort.abort(),
    }
    outcome
}

/// What the loop needs beside the observer.
struct Show<'a> {
    args: &'a Sandbox,
    world: &'a World,
    azure: &'a Azure,
    tree: &'a DiskTree,
    environment: &'a Environment,
    started: Instant,
    /// The memory before the first controller started.
    world_bytes: u64,
}

impl Show<'_> {
    async fn run(&self, observer: &mut Observer, ui: &Ui) -> Result<Outcome, CliError> {
        let patience = Duration::from_secs(self.args.patience);
        let mut live = Live::new(ui);
        let mut times = Times::default();
        let mut last: Vec<Chain> = Vec::new();
        let mut changed = Instant::now();
        let mut one_more: Option<Instant> = None;
        loop {
            let began = Instant::now();
            let members = observer.members().await;
            let chains = observer.look(&members).await;
            let seconds = self.started.elapsed().as_secs_f64();
            times.note(&chains, seconds);
            live.show(&chains, seconds);
            if chains != last {
                changed = Instant::now();
                last = chains;
            }
            let aboard = !last.is_empty() && last.iter().all(Chain::is_aboard);
            if aboard && self.args.one_more && one_more.is_none() {
                one_more = Some(Instant::now());
                super::one_more(self.world, self.azure, self.tree, self.environment).await?;
                continue;
            }
            let settled = !last.is_empty() && last.iter().all(|chain| chain.is_aboard() || chain.is_broken());
            let given_up =
                settled && changed.elapsed() >= patience || changed.elapsed() >= STANDSTILL * patience;
            // One more is aboard only when the tree has it.
            let complete = aboard && (!self.args.one_more || last.len() > times.first_count());
            if self.args.exit && (complete || given_up && !aboard) {
                let one_more = one_more.map(|since| since.elapsed().as_secs_f64());
                return self.finish(&last, &times, one_more, ui);
            }
            // While something moves it is looked at again at once; a fleet at rest is not worth half a core.
            let moving = changed.elapsed() < MOVING;
            tokio::time::sleep(if moving { PAUSE } else { PAUSE.max(began.elapsed()) }).await;
        }
    }

    fn finish(
        &self,
        chains: &[Chain],
        times: &Times,
        one_more: Option<f64>,
        ui: &Ui,
    ) -> Result<Outcome, CliError> {
        let seconds = self.started.elapsed().as_secs_f64();
        let clusters: Vec<ChainView> = chains
            .iter()
            .map(|chain| ChainView::new(chain, |index| times.get(&chain.cluster, index)))
            .collect();
        let aboard = chains.iter().filter(|chain| chain.is_aboard()).count();
        let resident_bytes = resident_bytes();
        let report = Report {
            clusters,
            aboard,
            seconds: rounded(seconds),
            one_more_seconds: one_more.map(rounded),
            resident_bytes,
            world_bytes: self.world_bytes,
        };
        match self.args.format.output {
            // The table stands above already; what it does not say is the time.
            Output::Text => ui.print(summary(chains, times, &report))?,
            output => ui.data(output, &report, String::new)?,
        }
        Ok(if aboard == chains.len() && aboard > 0 { Outcome::Done } else { Outcome::NotAboard })
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// For each link: when the last cluster got there; then the slowest cluster, and the total.
fn summary(chains: &[Chain], times: &Times, report: &Report) -> String {
    let mut text = String::new();
    if report.aboard < chains.len() {
        text.push_str(&crate::ui::fleet_table(chains));
        text.push('\n');
    }
    for (index, link) in Link::ALL.into_iter().enumerate() {
        let held: Vec<(f64, &ClusterName)> = chains
            .iter()
            .filter_map(|chain| Some((times.get(&chain.cluster, index)?, &chain.cluster)))
            .collect();
        if let Some((slowest, name)) = held.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
            text.push_str(&format!(
                "{:<13} {:>4} clusters, the last after {slowest:.2} s ({name})\n",
                link.name(),
                held.len()
            ));
        }
    }
    text.push_str(&format!(
        "\n{} of {} clusters aboard in {:.2} s",
        report.aboard,
        chains.len(),
        report.seconds
    ));
    if let Some(seconds) = report.one_more_seconds {
        text.push_str(&format!(", the last one {seconds:.2} s after its commit began"));
    }
    text.push_str(&format!("; {} MiB resident\n", report.resident_bytes >> 20));
    text
}

/// The memory of this process, which is the whole world and gangplank in it. 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}
