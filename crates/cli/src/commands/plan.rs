//! `gangplank plan`: what a change does on all planes, before it is done. Entra and Resource Manager, the vault, the hub's objects, Argo CD's
//! applications, the clusters.

use std::sync::Arc;

use gangplank_onboarding::access::decide;
use gangplank_onboarding::tree::members::members;
use gangplank_operator::apply::observe;
use gangplank_operator::observe::GitLook;
use gangplank_operator::{change, publish};

use super::azure::{credentials, find, ids, secrets, warn};
use super::build::DiskFiles;
use super::report::Report;
use crate::args::Plan;
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::files::DiskTree;
use crate::ui::Ui;

pub(crate) async fn run(args: &Plan, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let tree = DiskTree::open(&args.tree)?;
    let azure = connect::azure(environment)?;
    let clusters = find(&tree, &azure, &members(&tree.fleet, &tree)).await?;
    warn(ui, &clusters.unfound);
    let observed = observe(&azure, &tree.fleet, &ids(&clusters.found)).await?;
    let access = decide(&tree.fleet, &observed).iter().map(|action| action.describe(&tree.fleet)).collect();
    let vault = azure.vault(&tree.fleet.vault.url())?;
    let today = credentials(&azure, &clusters.found).await?;
    let vault = secrets(publish::plan(&vault, &today).await)?;

    let root = tree.root.canonicalize().context(|| format!("cannot find `{}`", tree.root.display()))?;
    let git = GitLook::new(connect::mirrors(environment).await?, gangplank_git::Access::default());
    let files = Arc::new(DiskFiles::default());
    let effects = change::of(&tree.fleet, files, &root.display().to_string(), &tree, &git).await?;
    let report = Report::of_plan(access, vault, &effects);
    ui.data(args.format.output, &report, || report.text("would "))?;
    Ok(Outcome::Done)
}
