//! The `gangplank` command.
//!
//! ```text
//!  main ─▶ args (clap) ─▶ commands/<area> ─▶ operator, sandbox, onboarding
//!              environment as a value ▲          │
//!                                     └── ui ◀───┘  data to stdout, talk to stderr
//! ```
//!
//! Invariants: this crate alone prints, reads arguments and environment, and decides the exit code. Nothing here knows how
//! Azure or Kubernetes speak.

mod args;
mod commands;
mod connect;
mod environment;
mod error;
mod files;
mod logging;
mod ui;

use std::process::ExitCode;

use clap::Parser as _;

/// Controllers and servers allocate many small objects on several threads, which is what the system's allocator is worst at: a third of the
/// time of a large sandbox went there, and what was freed did not come back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One provider for all TLS; installed first, since building any client would otherwise have to guess.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let arguments = args::Arguments::parse();
    let ui = ui::Ui::new(&arguments.global);
    logging::start(&arguments.global);
    match commands::run(arguments, &ui) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            ui.error(&error);
            error.exit_code()
        }
    }
}
