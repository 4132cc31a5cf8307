//! `gangplank build`: what `kustomize build` prints.

mod disk;
mod helm;
mod remote;
mod watch;
mod write;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use gangplank_kustomize::{LoadRestriction, Options, Order, Rendered, Renderer};

use crate::args::tools::{Build, LoadRestrictor, Reorder};
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::ui::Ui;
pub(crate) use disk::DiskFiles;

pub(crate) fn run(args: &Build, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let mut options = options();
    options.restriction = match args.load_restrictor {
        LoadRestrictor::RootOnly => LoadRestriction::RootOnly,
        LoadRestrictor::None => LoadRestriction::None,
    };
    options.order = match args.reorder {
        Some(Reorder::Legacy) => Order::Legacy,
        Some(Reorder::None) => Order::None,
        None => Order::Unspecified,
    };
    if args.enable_helm {
        options.helm = Some(Arc::new(helm::HelmCommand::new(args.helm_command.clone())));
    }
    if !args.offline {
        options.remote = Arc::new(remote::Network::new(environment));
    }
    let directory = if Path::new(&args.directory).exists() {
        absolute(Path::new(&args.directory))?
    } else {
        args.directory.clone()
    };
    if args.watch {
        return watch::watch(options, &directory, args.output.as_deref(), ui);
    }
    let rendered =
        Renderer::new(options).render(&directory).map_err(|error| CliError::new(error.render()))?;
    deliver(&rendered, args.output.as_deref(), ui)?;
    Ok(Outcome::Done)
}

/// Warns, and prints or writes.
fn deliver(rendered: &Rendered, output: Option<&Path>, ui: &Ui) -> Result<(), CliError> {
    for warning in &rendered.warnings {
        ui.say(warning);
    }
    match output {
        Some(path) => write::to(path, rendered),
        None => print(rendered),
    }
}

/// Prints piece by piece, so that a large fleet is never in memory as text.
fn print(rendered: &Rendered) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let mut result = Ok(());
    rendered.write_yaml(|piece| {
        if result.is_ok() {
            result = out.write_all(piece.as_bytes());
        }
    });
    match result.and_then(|()| out.flush()) {
        // A reader that has seen enough (`| head`) is no error of ours.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// A renderer over this machine's files, without a network.
pub(super) fn renderer() -> Renderer {
    Renderer::new(options())
}

fn options() -> Options {
    let mut options = Options::new(Arc::new(DiskFiles::default()));
    options.threads = std::thread::available_parallelism().map_or(1, usize::from);
    options
}

/// What a folder renders.
pub(super) fn render(folder: &Path) -> Result<String, CliError> {
    let rendered = renderer().render(&absolute(folder)?).map_err(|error| CliError::new(error.render()))?;
    Ok(rendered.to_yaml())
}

fn absolute(folder: &Path) -> Result<String, CliError> {
    let folder = folder.canonicalize().context(|| format!("cannot find `{}`", folder.display()))?;
    Ok(folder.display().to_string())
}
