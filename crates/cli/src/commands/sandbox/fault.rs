//! `gangplank sandbox fault`, and files of faults.

use std::collections::BTreeMap;
use std::path::Path;

use anstyle::Style;
use gangplank_sandbox::{Door, Fault, FaultEntry, FaultKind};
use gangplank_yaml::Node;
use serde::Serialize;

use super::running;
use crate::args::{FaultCommand, Output};
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::ui::{self, Table, Ui};

pub(super) async fn run(
    command: &FaultCommand,
    environment: &Environment,
    ui: &Ui,
) -> Result<Outcome, CliError> {
    match command {
        FaultCommand::Add { which, kind, settings, format } => {
            let words = std::iter::once(kind).chain(settings).map(String::as_str);
            let fault = Fault::from_words(words).map_err(|error| {
                CliError::usage(error.to_string()).hint("`gangplank sandbox fault kinds` lists what there is")
            })?;
            let entry = Door::of(&running::find(which, environment, ui)?)?.add_fault(&fault).await?;
            ui.data(format.output, &entry, || told(&entry))?;
        }
        FaultCommand::List { which, format } => {
            let faults = Door::of(&running::find(which, environment, ui)?)?.faults().await?;
            ui.data(format.output, &faults, || table(&faults))?;
        }
        FaultCommand::Clear { which, id, format } => {
            let cleared = Door::of(&running::find(which, environment, ui)?)?.clear_faults(*id).await?;
            ui.data(format.output, &cleared, || match cleared.len() {
                1 => "1 fault is gone\n".to_owned(),
                count => format!("{count} faults are gone\n"),
            })?;
        }
        FaultCommand::Kinds { format } => kinds(format.output, ui)?,
    }
    Ok(Outcome::Done)
}

fn told(entry: &FaultEntry) -> String {
    let FaultEntry { id, fault, in_force, .. } = entry;
    match in_force {
        true => format!("fault {id} is in force: {fault}\n"),
        false => format!("fault {id} is done: {fault}\n"),
    }
}

/// The faults of a world, for people.
pub(super) fn table(faults: &[FaultEntry]) -> String {
    if faults.is_empty() {
        return "no faults\n".to_owned();
    }
    let mut table = Table::new(["id", "state", "hits", "fault"]);
    for FaultEntry { id, fault, in_force, hits } in faults {
        let (state, style) = if *in_force { ("in force", ui::WAITING) } else { ("done", Style::new()) };
        let hits = if fault.kind().is_about_requests() { hits.to_string() } else { "-".to_owned() };
        table.row([
            (id.to_string(), Style::new()),
            (state.to_owned(), style),
            (hits, Style::new()),
            (fault.to_string(), Style::new()),
        ]);
    }
    table.render()
}

/// A kind of faults, for programs.
#[derive(Debug, Serialize)]
struct Kind {
    fault: &'static str,
    description: &'static str,
    required: &'static [&'static str],
    settings: Vec<&'static str>,
}

fn kinds(output: Output, ui: &Ui) -> Result<(), CliError> {
    let kinds: Vec<Kind> = FaultKind::ALL
        .iter()
        .map(|kind| Kind {
            fault: kind.name(),
            description: kind.description(),
            required: kind.required(),
            settings: kind.settings(),
        })
        .collect();
    ui.data(output, &kinds, || {
        let mut table = Table::new(["fault", "settings", "what happens"]);
        for Kind { fault, description, required, settings } in &kinds {
            let optional = settings.iter().filter(|setting| !required.contains(setting));
            let settings =
                required.iter().map(|it| (*it).to_owned()).chain(optional.map(|it| format!("[{it}]")));
            let settings = settings.collect::<Vec<_>>().join(" ");
            let plain = Style::new();
            table.row([((*fault).to_owned(), plain), (settings, plain), ((*description).to_owned(), plain)]);
        }
        table.render()
    })
}

/// Reads a file of faults: a YAML list of mappings, each with its kind under `fault` and its settings beside it.
pub(super) fn read(path: &Path) -> Result<Vec<Fault>, CliError> {
    let file = path.display().to_string();
    let failed = || format!("cannot read the faults in `{file}`");
    let text = std::fs::read_to_string(path).context(failed)?;
    let list = gangplank_yaml::parse_first(&text)
        .map_err(|error| CliError::new(format!("`{file}` is no YAML: {}", error.render(&file, &text))))?;
    let form = "a file of faults is a list, each with its kind under `fault` and its settings beside it, as `- fault: latency`";
    let items = list.items().ok_or_else(|| wrong(&file, &list, form))?;
    items.iter().map(|item| read_one(&file, item, form)).collect()
}

fn read_one(file: &str, item: &Node, form: &str) -> Result<Fault, CliError> {
    let entries = item.entries().ok_or_else(|| wrong(file, item, form))?;
    let mut settings = BTreeMap::new();
    for (key, value) in entries {
        // The text as written: `503` and `0.5` are settings, whatever type YAML makes of them.
        let (Some(name), Some(value)) = (key.as_text(), value.as_text()) else {
            return Err(wrong(file, value, "the settings of a fault are plain values"));
        };
        settings.insert(name.to_owned(), value.to_owned());
    }
    Fault::try_from(settings).map_err(|error| wrong(file, item, &error.to_string()))
}

fn wrong(file: &str, node: &Node, reason: &str) -> CliError {
    let at = node.span.start;
    CliError::usage(format!("{file}:{}:{}: {reason}", at.line, at.column))
        .hint("`gangplank sandbox fault kinds` lists what there is")
}
