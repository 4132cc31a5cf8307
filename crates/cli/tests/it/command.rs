//! Runs the binary.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

/// A command on the built binary, with an environment of its own: nothing of the machine's Azure, proxy or kubeconfig.
pub(crate) fn gangplank(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangplank"));
    command.args(arguments).env_clear().env("NO_COLOR", "1");
    for passed in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(passed) {
            command.env(passed, value);
        }
    }
    command
}

/// Exit code, stdout and stderr as one text, with the folder's name taken out.
pub(crate) fn told(output: &Output, folder: &Path) -> String {
    let mut text =
        format!("exit code: {}\n", output.status.code().map_or("none".to_owned(), |code| code.to_string()));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let said = String::from_utf8_lossy(bytes).replace(&folder.display().to_string(), "DIR");
        writeln!(text, "--- {name}\n{said}").unwrap();
    }
    text
}
