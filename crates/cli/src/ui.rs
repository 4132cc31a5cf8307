//! How gangplank talks: data to stdout, everything else to stderr. Colour only where it is wanted, and never the only carrier of a
//! meaning.

mod chain;
mod live;
mod table;

use std::io::{self, IsTerminal as _, Write as _};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::args::{Colour, Global, Output};
use crate::error::CliError;

pub(crate) use chain::{ChainView, explain, fleet_table};
pub(crate) use live::Live;
pub(crate) use table::Table;

/// What went wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is fine.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is not there yet.
pub(crate) const WAITING: Style = AnsiColor::Yellow.on_default();
/// What matters less.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// What to do.
pub(crate) const MEND: Style = AnsiColor::Cyan.on_default();

/// The terminal.
#[derive(Debug)]
pub(crate) struct Ui {
    quiet: bool,
}

impl Ui {
    /// Sets up output as the arguments ask for it.
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Colour::Auto => {}
            Colour::Always => ColorChoice::Always.write_global(),
            Colour::Never => ColorChoice::Never.write_global(),
        }
        Ui { quiet: global.quiet }
    }

    /// Whether a person watches stderr, so that lines may be drawn over.
    pub(crate) fn is_watched(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Says how the work goes, on stderr.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            // Nobody is left to tell that stderr is closed.
            let _ = writeln!(anstream::stderr(), "{}", text.as_ref());
        }
    }

    /// Prints data for people, on stdout.
    pub(crate) fn print(&self, text: impl AsRef<str>) -> Result<(), CliError> {
        finish(anstream::stdout().write_all(text.as_ref().as_bytes()))
    }

    /// Prints bytes as they are, on stdout.
    pub(crate) fn print_raw(&self, bytes: &[u8]) -> Result<(), CliError> {
        finish(io::stdout().write_all(bytes))
    }

    /// Prints a value as JSON or YAML; `text` makes the form for people.
    pub(crate) fn data<T: Serialize>(
        &self,
        output: Output,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), CliError> {
        match output {
            Output::Text => self.print(text()),
            Output::Json => {
                let mut json = serde_json::to_string_pretty(value)?;
                json.push('\n');
                self.print_raw(json.as_bytes())
            }
            Output::Yaml => self.print_raw(gangplank_yaml::emit(&serde_json::to_value(value)?).as_bytes()),
        }
    }

    /// Prints an error: what, why, what to do.
    pub(crate) fn error(&self, error: &CliError) {
        let mut out = anstream::stderr();
        let _ = writeln!(out, "{BAD}error:{BAD:#} {}", error.what);
        for cause in &error.causes {
            let _ = writeln!(out, "  {QUIET}because{QUIET:#} {cause}");
        }
        if let Some(hint) = &error.hint {
            let _ = writeln!(out, "\n{MEND}hint:{MEND:#} {hint}");
        }
    }
}

/// A reader that has seen enough (`| head`) is no error of ours.
fn finish(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CliError::new(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
