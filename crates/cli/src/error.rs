//! Errors at the edge: what failed, why, what to do, and with which exit code.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | it could not be done |
//! | 2 | the command line is wrong (clap's own) |
//! | 3 | it was looked at, and something is not as it should be: a broken chain, a defect |

use std::error::Error as StdError;
use std::process::ExitCode;

/// How a command ended that could be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// Something that was looked at is not as it should be.
    NotAboard,
    /// A program that was run in our place ended with this code.
    Code(u8),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::NotAboard => ExitCode::from(3),
            Outcome::Code(code) => ExitCode::from(code),
        }
    }
}

/// A command could not be carried out.
#[derive(Debug)]
pub(crate) struct CliError {
    /// What failed, on which object.
    pub(crate) what: String,
    /// Why, from the outside to the inside.
    pub(crate) causes: Vec<String>,
    /// What to do.
    pub(crate) hint: Option<String>,
    usage: bool,
}

impl CliError {
    /// Something failed, for a reason that is already in the text.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        CliError { what: what.into(), causes: Vec::new(), hint: None, usage: false }
    }

    /// The command line asks for something that there is not.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        CliError { usage: true, ..Self::new(what) }
    }

    /// With what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What failed and why, as one line for another error's text.
    pub(crate) fn in_one_line(&self) -> String {
        std::iter::once(&self.what).chain(&self.causes).map(String::as_str).collect::<Vec<_>>().join(": ")
    }

    /// The code with which the process ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.usage { 2 } else { 1 })
    }
}

impl<E: StdError> From<E> for CliError {
    fn from(error: E) -> Self {
        let causes = std::iter::successors(error.source(), |source| StdError::source(*source))
            .map(ToString::to_string);
        CliError { causes: causes.collect(), ..CliError::new(error.to_string()) }
    }
}

/// Says on what an error happened.
pub(crate) trait Context<T> {
    /// Puts `what` before the error; the error becomes its cause.
    fn context(self, what: impl FnOnce() -> String) -> Result<T, CliError>;
}

impl<T, E: StdError> Context<T> for Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, CliError> {
        self.map_err(|error| {
            let CliError { what: cause, mut causes, hint, usage } = CliError::from(error);
            causes.insert(0, cause);
            CliError { what: what(), causes, hint, usage }
        })
    }
}
