//! `gangplank completions SHELL`

use clap::CommandFactory as _;

use crate::args::{Arguments, Completions};
use crate::error::{CliError, Outcome};
use crate::ui::Ui;

pub(crate) fn run(args: &Completions, ui: &Ui) -> Result<Outcome, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "gangplank", &mut script);
    ui.print_raw(&script)?;
    Ok(Outcome::Done)
}
