//! Generation, checks of the tree, peers.
//!
//! `cargo xtask peers [NAME...]` builds and installs what tests meet in reality; `cargo xtask clients` runs the tests with real clients and
//! writes the table of `docs/clients.md`; `cargo xtask openapi` writes the table of built-in kinds of `gangplank-merge`.

use std::path::Path;
use std::process::ExitCode;

mod bench;
mod clients;
mod openapi;
mod peers;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for the terminal")]
fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["openapi"] => openapi::generate(&root.join("crates/merge/src/schema/builtin.json")),
        ["bench"] => bench::run(&root, |line| eprintln!("{line}")),
        ["bench", "secrets", arguments @ ..] => {
            bench::secrets::run(&root, arguments, |line| eprintln!("{line}"))
        }
        ["clients"] => clients::run(&root, None, |line| eprintln!("{line}")),
        ["clients", filter] => clients::run(&root, Some(filter), |line| eprintln!("{line}")),
        ["peers", names @ ..] => peers::install(&root, names, |line| eprintln!("{line}")),
        other => {
            Err(format!("no task {other:?}; the tasks are: bench, bench secrets, clients, openapi, peers"))
        }
    };
    match outcome {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
