//! `gangplank offboard`: step by step, each time from what is observed, until the receipt says that nothing is left.

use std::time::{Duration, Instant};

use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::offboard::{Declared, Left, Observed, Step, Trace, next, receipt};
use gangplank_onboarding::tree::edit;
use gangplank_onboarding::tree::members::{Member, member, members};
use gangplank_operator::observe::GitLook;
use gangplank_operator::offboard::{Planes, observe, withdraw};
use serde::Serialize;

use crate::args::Offboard;
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::files::DiskTree;
use crate::ui::{BAD, GOOD, Table, Ui, WAITING};

/// The pause between two looks while others work.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the same is taken away before it counts as coming back.
const WITHDRAWALS: usize = 5;

/// What is left, and what comes next.
#[derive(Debug, Serialize)]
struct Report {
    cluster: String,
    /// Whether nothing is left to do.
    done: bool,
    /// What comes next, where something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    traces: Vec<TraceView>,
}

#[derive(Debug, Serialize)]
struct TraceView {
    plane: &'static str,
    object: String,
    left: String,
}

pub(crate) async fn run(args: &Offboard, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let name: ClusterName = args.name.parse()?;
    let leave = Leave {
        args,
        ui,
        tree: DiskTree::open(&args.tree)?,
        planes: Planes {
            azure: connect::azure(environment)?,
            hub: connect::hub(&args.hub, environment).await?,
        },
        git: GitLook::new(connect::mirrors(environment).await?, gangplank_git::Access::default()),
        name,
    };
    let began = Instant::now();
    let mut told = String::new();
    let mut withdrawals = 0;
    let mut edited = None;
    loop {
        let observed = leave.look().await?;
        let step = next(&observed, args.purge);
        if args.dry_run {
            return leave.end(&observed, &step);
        }
        match &step {
            Step::MarkLeaving | Step::RemoveOverlay if edited.as_ref() != Some(&step) => {
                leave.edit(&step)?;
                edited = Some(step);
            }
            Step::Drain(left) | Step::Forget(left)
                if began.elapsed() < Duration::from_secs(args.patience) =>
            {
                let waits = format!("waiting for the hub to drop {}", left.join(", "));
                if waits != told {
                    ui.say(&waits);
                    told = waits;
                }
                tokio::time::sleep(PAUSE).await;
            }
            Step::Withdraw(all) if withdrawals < WITHDRAWALS => {
                for each in all {
                    ui.say(each.to_string());
                    withdraw(&leave.planes.azure, &leave.tree.fleet, each).await?;
                }
                withdrawals += 1;
            }
            // What was edited and is not seen in the working copy is for a person to look at.
            Step::MarkLeaving
            | Step::RemoveOverlay
            | Step::Restore
            | Step::Push
            | Step::Drain(_)
            | Step::Forget(_)
            | Step::Withdraw(_)
            | Step::Done => return leave.end(&observed, &step),
        }
    }
}

/// One cluster that leaves.
struct Leave<'a> {
    args: &'a Offboard,
    ui: &'a Ui,
    tree: DiskTree,
    planes: Planes,
    git: GitLook,
    name: ClusterName,
}

impl Leave<'_> {
    async fn look(&self) -> Result<Observed, CliError> {
        let fleet = &self.tree.fleet;
        let working = Declared::of(&members(fleet, &self.tree), &self.name);
        let mut member: Member = member(fleet, &self.tree, self.name.clone());
        member.resource_id = self.args.resource_id.clone().or(member.resource_id);
        Ok(observe(&self.planes, &self.git, fleet, &member, working).await?)
    }

    /// Edits the working copy.
    fn edit(&self, step: &Step) -> Result<(), CliError> {
        let fleet = &self.tree.fleet;
        let changes = match step {
            Step::MarkLeaving => edit::mark_leaving(fleet, &self.name, &self.tree),
            _ => edit::remove_cluster(fleet, &self.name, &self.tree),
        };
        let changes = changes.context(|| format!("cannot take `{}` off board", self.name))?;
        self.tree.enact(&changes)?;
        for change in &changes {
            let verb = if change.text.is_some() { "wrote" } else { "removed" };
            self.ui.say(format!("{verb} {}", change.path));
        }
        Ok(())
    }

    /// Prints what is left, and says what comes next.
    fn end(&self, observed: &Observed, step: &Step) -> Result<Outcome, CliError> {
        let traces = receipt(&self.name, observed);
        let report = Report {
            cluster: self.name.to_string(),
            done: *step == Step::Done,
            next: self.coming(step),
            traces: traces.iter().map(view).collect(),
        };
        self.ui.data(self.args.format.output, &report, || table(&traces))?;
        match &report.next {
            Some(next) => self.ui.say(format!("next: {next}")),
            None => {
                self.ui.say(format!("`{}` is off board: looked again everywhere, nothing is left", self.name))
            }
        }
        Ok(if report.done { Outcome::Done } else { Outcome::NotAboard })
    }

    fn coming(&self, step: &Step) -> Option<String> {
        let name = &self.name;
        let again = format!("then run `gangplank offboard {name}` again");
        Some(match step {
            Step::Done => return None,
            Step::MarkLeaving => "mark the overlay as leaving, so that Argo CD clears the cluster".to_owned(),
            Step::RemoveOverlay => "take the overlay out of the tree".to_owned(),
            Step::Push => format!("commit and push (or pull, where another did), {again}"),
            Step::Restore => format!(
                "put the overlay back (`git restore {}`): applications still run on the cluster, and would leave there \
                 what they made; {again}",
                self.tree.fleet.paths.clusters()
            ),
            Step::Drain(left) => format!(
                "end {}: an ApplicationSet has to leave out clusters with the label gangplank.dev/leaving, any other \
                 application is to be moved or deleted; {again}",
                left.join(", ")
            ),
            Step::Forget(left) => format!(
                "see why the hub keeps {}: the self-managing application has to prune it; {again}",
                left.join(", ")
            ),
            Step::Withdraw(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        })
    }
}

fn view(trace: &Trace) -> TraceView {
    TraceView { plane: trace.plane, object: trace.object.clone(), left: left(&trace.left) }
}

fn left(left: &Left) -> String {
    match left {
        Left::Nothing => "gone".to_owned(),
        Left::All => "there".to_owned(),
        Left::Recoverable(Some(until)) => format!("deleted, recoverable until {until}"),
        Left::Recoverable(None) => "deleted, recoverable".to_owned(),
    }
}

fn table(traces: &[Trace]) -> String {
    let mut table = Table::new(["plane", "what", "left"]);
    for trace in traces {
        let style = match trace.left {
            Left::Nothing => GOOD,
            Left::Recoverable(_) => WAITING,
            Left::All => BAD,
        };
        let plain = anstyle::Style::new();
        table.row([
            (trace.plane.to_owned(), plain),
            (trace.object.clone(), plain),
            (left(&trace.left), style),
        ]);
    }
    table.render()
}
