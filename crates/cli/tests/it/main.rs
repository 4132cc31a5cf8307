//! The command from the outside: arguments in; exit code, stdout and stderr out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod real_hub;
mod reference;
mod tree;
mod worlds;
