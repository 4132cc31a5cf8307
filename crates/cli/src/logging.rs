//! Logs, on stderr. Commands are quiet by default; `-v` tells what they do, `GANGPLANK_LOG` chooses finely.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::args::Global;

/// Starts logging for the process.
pub(crate) fn start(global: &Global) {
    let default = match (global.quiet, global.verbose) {
        // What fails is said by the command itself; the client's own lines would only say it first and worse.
        (true, _) | (false, 0) => "error,kube_client=off,kube_runtime=off",
        (false, 1) => "info",
        (false, _) => "debug,hyper=info,h2=info,rustls=info,tower=info",
    };
    let filter = EnvFilter::try_from_env("GANGPLANK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
