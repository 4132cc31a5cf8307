//! The environment of a sandbox in other programs: as lines for a shell, in a shell of its own, for one command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gangplank_sandbox::State;
use tokio::process::Command;

use crate::args::{Format, Output, Shell};
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::ui::Ui;

/// What the prompt of a shell in the sandbox begins with.
const PROMPT: &str = "(gangplank) ";

/// Everything that is to be set.
fn variables(state: &State) -> BTreeMap<String, String> {
    let mut variables = state.environment.clone();
    variables.insert("GANGPLANK_TREE".to_owned(), state.directory.join("platform").display().to_string());
    variables
}

/// The shell that a person uses, by its program's name.
fn usual(environment: &Environment) -> Shell {
    let program = environment.get("SHELL").map(Path::new).and_then(Path::file_stem);
    match program.and_then(|name| name.to_str()) {
        Some("fish") => Shell::Fish,
        Some("zsh") => Shell::Zsh,
        Some("pwsh" | "powershell") => Shell::Pwsh,
        _ => Shell::Bash,
    }
}

/// Prints the environment, as lines for a shell or as data.
pub(super) fn env(
    state: &State,
    shell: Option<Shell>,
    format: Format,
    environment: &Environment,
    ui: &Ui,
) -> Result<Outcome, CliError> {
    let variables = variables(state);
    match format.output {
        Output::Text => {
            let shell = shell.unwrap_or_else(|| usual(environment));
            ui.print_raw(lines(shell, &variables).as_bytes())?;
        }
        output => ui.data(output, &variables, String::new)?,
    }
    Ok(Outcome::Done)
}

fn lines(shell: Shell, variables: &BTreeMap<String, String>) -> String {
    let line = |(name, value): (&String, &String)| match shell {
        Shell::Bash | Shell::Zsh => format!("export {name}='{}'\n", value.replace('\'', "'\\''")),
        Shell::Fish => {
            format!("set -gx {name} '{}'\n", value.replace('\\', "\\\\").replace('\'', "\\'"))
        }
        Shell::Pwsh => format!("$env:{name} = '{}'\n", value.replace('\'', "''")),
    };
    variables.iter().map(line).collect()
}

/// Opens a shell in the sandbox, or runs a command there, and ends as it ends.
pub(super) async fn open(
    state: &State,
    shell: Option<Shell>,
    command: &[String],
    environment: &Environment,
    ui: &Ui,
) -> Result<Outcome, CliError> {
    let variables = variables(state);
    let (program, mut command) = match command.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments);
            (program.clone(), command)
        }
        None => {
            ui.say("this shell is in the sandbox: kubectl, az, terraform, git and gangplank meet it; `exit` leaves it");
            interactive(state, shell.unwrap_or_else(|| usual(environment)), &variables)?
        }
    };
    command.envs(&variables);
    let failed = || format!("cannot run `{program}`");
    let mut child = command.spawn().context(failed)?;
    loop {
        tokio::select! {
            status = child.wait() => {
                let code = status.context(failed)?.code().and_then(|code| u8::try_from(code).ok());
                return Ok(code.map_or(Outcome::Code(1), Outcome::Code));
            }
            // The terminal tells the whole group; what is to be done about it is the shell's business.
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// A shell whose prompt says where it is. What it reads at its start lies in the world's folder and goes with it.
fn interactive(
    state: &State,
    shell: Shell,
    variables: &BTreeMap<String, String>,
) -> Result<(String, Command), CliError> {
    // A person's own start-up file may set what is set here, so ours sets it once more.
    let own = |file: &str| format!("[ -f {file} ] && . {file}\n{}", lines(Shell::Bash, variables));
    let write = |name: &str, text: String| -> Result<PathBuf, CliError> {
        let folder = state.directory.join("shell");
        let path = folder.join(name);
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, text));
        written.context(|| format!("cannot write `{}`", path.display()))?;
        Ok(path)
    };
    let program = match shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
        Shell::Pwsh => "pwsh",
    };
    let mut command = Command::new(program);
    match shell {
        Shell::Bash => {
            let file = write("bashrc", format!("{}PS1='{PROMPT}'\"$PS1\"\n", own("~/.bashrc")))?;
            command.arg("--rcfile").arg(file).arg("-i");
        }
        Shell::Zsh => {
            let file = write(".zshrc", format!("{}PROMPT='{PROMPT}'\"$PROMPT\"\n", own("~/.zshrc")))?;
            command.arg("-i").env("ZDOTDIR", file.parent().unwrap_or(&state.directory));
        }
        Shell::Fish => {
            let prompt = format!(
                "functions --copy fish_prompt gangplank_outer_prompt; function fish_prompt; echo -n '{PROMPT}'; \
                 gangplank_outer_prompt; end"
            );
            command.args(["--init-command", &prompt]);
        }
        Shell::Pwsh => {
            let prompt = format!(
                "$gangplankOuterPrompt = $function:prompt; function global:prompt {{ '{PROMPT}' + (& $gangplankOuterPrompt) }}"
            );
            command.args(["-NoExit", "-Command", &prompt]);
        }
    }
    Ok((program.to_owned(), command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_as_each_shell_reads_them() {
        let variables = BTreeMap::from([("A".to_owned(), r"it's C:\here".to_owned())]);
        for (shell, expected) in [
            (Shell::Bash, "export A='it'\\''s C:\\here'\n"),
            (Shell::Zsh, "export A='it'\\''s C:\\here'\n"),
            (Shell::Fish, "set -gx A 'it\\'s C:\\\\here'\n"),
            (Shell::Pwsh, "$env:A = 'it''s C:\\here'\n"),
        ] {
            assert_eq!(lines(shell, &variables), expected, "{shell:?}");
        }
    }

    #[test]
    fn the_usual_shell_is_told_by_its_program() {
        for (program, expected) in [
            ("/usr/bin/fish", Shell::Fish),
            ("/bin/zsh", Shell::Zsh),
            ("/opt/pwsh", Shell::Pwsh),
            ("/bin/sh", Shell::Bash),
            ("", Shell::Bash),
        ] {
            let variables = BTreeMap::from([("SHELL".to_owned(), program.to_owned())]);
            assert_eq!(usual(&Environment::of(&variables)), expected, "{program}");
        }
    }
}
