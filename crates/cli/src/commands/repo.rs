//! `gangplank repo …`: repository overlays in the working copy.

use gangplank_onboarding::tree::edit;
use gangplank_onboarding::tree::overlay::{RepositoryOverlay, RepositoryType};

use crate::args::repo::{RepoAdd, RepoCommand, RepoList, RepoRemove};
use crate::error::{CliError, Outcome};
use crate::files::DiskTree;
use crate::ui::{Table, Ui};

pub(crate) fn run(command: &RepoCommand, ui: &Ui) -> Result<Outcome, CliError> {
    match command {
        RepoCommand::Add(args) => add(args, ui),
        RepoCommand::List(args) => list(args, ui),
        RepoCommand::Remove(args) => remove(args, ui),
    }
}

fn add(args: &RepoAdd, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let kind = if args.repository { RepositoryType::Repository } else { RepositoryType::Credentials };
    let mut overlay = RepositoryOverlay::new(&args.url, kind)
        .map_err(|error| CliError::from(error).hint("give the folder a name with --name"))?;
    if let Some(name) = &args.name {
        overlay.username = format!("{name}-username").parse()?;
        overlay.password = format!("{name}-password").parse()?;
        overlay.name = name.clone();
    }
    if let Some(username) = &args.username {
        overlay.username = username.parse()?;
    }
    if let Some(password) = &args.password {
        overlay.password = password.parse()?;
    }
    let changes = edit::add_repository(&tree.fleet, &overlay, &tree)?;
    tree.enact(&changes)?;
    for change in &changes {
        ui.say(format!("wrote {}", change.path));
    }
    ui.say(format!(
        "next: put user name and password into the vault secrets `{}` and `{}`, then commit and push",
        overlay.username, overlay.password
    ));
    Ok(Outcome::Done)
}

fn list(args: &RepoList, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let repositories = edit::overlays(&tree.fleet.paths.repositories(), &tree);
    ui.data(args.format.output, &repositories, || {
        let mut table = Table::new(["repository"]);
        for name in &repositories {
            table.row([(name.as_str(), anstyle::Style::new())]);
        }
        table.render()
    })?;
    Ok(Outcome::Done)
}

fn remove(args: &RepoRemove, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let changes = edit::remove_repository(&tree.fleet, &args.name, &tree)?;
    tree.enact(&changes)?;
    for change in &changes {
        ui.say(format!("{} {}", if change.text.is_some() { "wrote" } else { "removed" }, change.path));
    }
    Ok(Outcome::Done)
}
