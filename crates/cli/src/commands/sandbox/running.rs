//! Sandboxes that run: found by what they left, asked through their doors.

use std::path::PathBuf;

use anstyle::Style;
use gangplank_sandbox::{Door, FaultEntry, Order, State};
use serde::Serialize;

use super::fault;
use crate::args::{Format, Which};
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::ui::{Table, Ui};

/// The variable by which a shell knows its sandbox.
const VARIABLE: &str = "GANGPLANK_SANDBOX";

/// The sandbox that is meant: the one named, that of this shell, or the newest that runs.
pub(super) fn find(which: &Which, environment: &Environment, ui: &Ui) -> Result<State, CliError> {
    let named = which.world.clone().or_else(|| environment.get(VARIABLE).map(PathBuf::from));
    if let Some(folder) = named {
        return State::read(&folder)
            .context(|| format!("`{}` is not the folder of a sandbox that runs", folder.display()));
    }
    let mut running = State::running(&std::env::temp_dir());
    let several = running.len();
    let newest = running.pop().ok_or_else(|| {
        CliError::new("no sandbox runs on this machine")
            .hint("start one in another shell: `gangplank sandbox`")
    })?;
    if several > 1 {
        let folder = newest.directory.display();
        ui.say(format!(
            "# {several} sandboxes run; this is the newest, `{folder}` (choose with --world DIR)"
        ));
    }
    Ok(newest)
}

/// Says where other sandboxes are: whoever starts a second one may have forgotten the first.
pub(super) fn tell_others(ui: &Ui) {
    for state in State::running(&std::env::temp_dir()) {
        ui.say(format!(
            "a sandbox runs already: process {}, proxy {}, folder `{}` (`gangplank sandbox stop` ends it); this one is beside it",
            state.process,
            state.proxy,
            state.directory.display()
        ));
    }
}

/// What is said of a sandbox that runs.
#[derive(Debug, Serialize)]
struct Status<'a> {
    process: u32,
    /// Seconds since the epoch.
    started: i64,
    directory: &'a PathBuf,
    proxy: String,
    tenant: &'a str,
    subscription: &'a str,
    vault: &'a str,
    hub: &'a str,
    clusters: Vec<&'a str>,
    faults: Vec<FaultEntry>,
}

/// Says where a sandbox is, and what is wrong in it.
pub(super) async fn status(state: &State, format: Format, ui: &Ui) -> Result<Outcome, CliError> {
    let facts = &state.facts;
    let status = Status {
        process: state.process,
        started: state.started,
        directory: &state.directory,
        proxy: state.proxy.to_string(),
        tenant: &facts.tenant_id,
        subscription: &facts.subscription_id,
        vault: &facts.vault.name,
        hub: &facts.hub.name,
        clusters: facts.clusters.iter().map(|cluster| cluster.name.as_str()).collect(),
        faults: Door::of(state)?.faults().await?,
    };
    ui.data(format.output, &status, || text(&status))?;
    Ok(Outcome::Done)
}

fn text(status: &Status<'_>) -> String {
    let mut table = Table::new(["sandbox", ""]);
    let count = status.clusters.len();
    let clusters = match (status.clusters.first(), status.clusters.last()) {
        (Some(first), Some(last)) if count > 1 => format!("{count}: {first} to {last}"),
        (Some(only), _) => (*only).to_owned(),
        _ => "none".to_owned(),
    };
    for (name, value) in [
        ("process", status.process.to_string()),
        ("folder", status.directory.display().to_string()),
        ("proxy", status.proxy.clone()),
        ("tenant", status.tenant.to_owned()),
        ("subscription", status.subscription.to_owned()),
        ("vault", status.vault.to_owned()),
        ("hub", status.hub.to_owned()),
        ("clusters", clusters),
    ] {
        table.row([(name.to_owned(), Style::new()), (value, Style::new())]);
    }
    format!("{}\n{}", table.render(), fault::table(&status.faults))
}

/// Tells, below what else is said, which faults are in force in this shell's sandbox, if it is in one.
pub(crate) async fn tell_faults(environment: &Environment, ui: &Ui) {
    // A status outside of a sandbox has nothing to tell; one that is gone tells itself otherwise.
    let state = environment.get(VARIABLE).and_then(|folder| State::read(&PathBuf::from(folder)).ok());
    let Some(door) = state.and_then(|state| Door::of(&state).ok()) else { return };
    let faults = door.faults().await.unwrap_or_default();
    if faults.iter().any(|entry| entry.in_force) {
        ui.say(format!(
            "faults in this sandbox (`gangplank sandbox fault clear` clears them):\n{}",
            fault::table(&faults)
        ));
    }
}

/// Hands an order to whoever runs the sandbox.
pub(super) async fn order(state: &State, order: Order, ui: &Ui) -> Result<Outcome, CliError> {
    let door = Door::of(state)?;
    let folder = state.directory.display();
    match order {
        Order::Reset => {
            door.reset().await?;
            ui.say(format!("the sandbox in `{folder}` starts anew"));
        }
        Order::Stop => {
            door.stop().await?;
            ui.say(format!("the sandbox in `{folder}` ends"));
        }
    }
    Ok(Outcome::Done)
}
