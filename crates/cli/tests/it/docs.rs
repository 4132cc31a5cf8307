//! The page of the sandbox: each of its commands is run in a sandbox, and prints what the page shows.

use std::path::Path;
use std::process::Command;

use crate::sandbox::Sandbox;

/// A command of the page and the lines that it is to print.
struct Shown {
    command: String,
    printed: Vec<String>,
}

/// The commands of the `console` blocks, in their order.
fn commands(page: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), shown.last_mut()) {
                (Some(command), _) => shown.push(Shown { command: command.to_owned(), printed: Vec::new() }),
                (None, Some(last)) => last.printed.push(line.to_owned()),
                (None, None) => panic!("output without a command: {line}"),
            },
            (false, _) => {}
        }
    }
    shown
}

/// Whether a printed line is the shown one, in which `…` stands for any text.
fn is_as_shown(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let Some(last) = shown.contains('…').then(|| shown.rsplit('…').next().unwrap_or_default()) else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    last.is_empty() || printed.ends_with(last)
}

#[test]
fn every_command_of_the_page_prints_what_it_shows() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sandbox.md");
    let page = std::fs::read_to_string(page).unwrap();
    let sandbox = Sandbox::start(&[]);
    let programs = Path::new(env!("CARGO_BIN_EXE_gangplank")).parent().unwrap().to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let commands = commands(&page);
    assert!(commands.len() >= 12, "{}", commands.len());
    for Shown { command, printed } in commands {
        let output = Command::new("sh")
            .arg("-c")
            .arg(&command)
            .env_clear()
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("TMPDIR", sandbox.worlds())
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines: Vec<&str> = stdout.lines().collect();
        let same = lines.len() == printed.len()
            && lines.iter().zip(&printed).all(|(line, shown)| is_as_shown(shown, line));
        assert!(same, "$ {command}\n{stdout}{}", String::from_utf8_lossy(&output.stderr));
    }
    sandbox.leaves_nothing(0);
}

#[test]
fn dots_stand_for_any_text() {
    for (shown, printed, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a…", "ab", true),
        ("a…c", "abc", true),
        ("a…c", "abd", false),
        ("…b…", "abc", true),
        ("…x…", "abc", false),
    ] {
        assert_eq!(is_as_shown(shown, printed), expected, "{shown} {printed}");
    }
}
