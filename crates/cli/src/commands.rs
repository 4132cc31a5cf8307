//! What each command does: arguments in, work by the libraries, words and data out.

mod apiserver;
mod auth;
mod azure;
mod build;
mod check;
mod cluster;
mod completions;
mod init;
mod offboard;
mod plan;
mod repo;
mod report;
mod run;
mod sandbox;
mod status;

use std::future::Future;

use crate::args::{Arguments, Command};
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::ui::Ui;

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: Arguments, ui: &Ui) -> Result<Outcome, CliError> {
    let environment = Environment::of_process();
    match arguments.command {
        Command::Init(args) => init::run(&args, ui),
        Command::Cluster(command) => cluster::run(&command, ui),
        Command::Repo(command) => repo::run(&command, ui),
        Command::Build(args) => build::run(&args, &environment, ui),
        Command::Check(args) => check::run(&args, ui),
        Command::Crds => crds(ui),
        Command::Completions(args) => completions::run(&args, ui),
        Command::Plan(args) => wait(plan::run(&args, &environment, ui)),
        Command::Apply(args) => wait(azure::apply(&args, &environment, ui)),
        Command::Publish(args) => wait(azure::publish(&args, &environment, ui)),
        Command::Status(args) => wait(status::status(&args, &environment, ui)),
        Command::Explain(args) => wait(status::explain(&args, &environment, ui)),
        Command::Offboard(args) => wait(offboard::run(&args, &environment, ui)),
        Command::Sandbox(args) => wait(sandbox::run(&args, &environment, ui)),
        Command::Run(args) => wait(run::run(&args, &environment, ui)),
        Command::Apiserver(args) => wait(apiserver::run(&args, ui)),
        Command::Auth(command) => wait(auth::run(&command, &environment, ui)),
    }
}

/// Prints the CRDs as one stream of YAML documents.
fn crds(ui: &Ui) -> Result<Outcome, CliError> {
    let documents = gangplank_operator::install::definitions()?;
    let documents: Vec<String> = documents.iter().map(gangplank_yaml::emit).collect();
    ui.print_raw(documents.join("---\n").as_bytes())?;
    Ok(Outcome::Done)
}

/// Ends when the person or the system wants the process to end.
async fn interruption() {
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// Runs asynchronous work to its end.
fn wait(work: impl Future<Output = Result<Outcome, CliError>>) -> Result<Outcome, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context(|| "cannot start the runtime".to_owned())?;
    runtime.block_on(work)
}
