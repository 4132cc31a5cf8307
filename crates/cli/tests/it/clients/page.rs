//! The pages of the documentation, as scripts.

use std::path::Path;

/// A step of a page: what a reader types, and what they are shown then, if the page says.
pub(crate) struct Step {
    pub(crate) commands: String,
    pub(crate) shown: Option<String>,
}

/// The steps of a page: its `sh` blocks, each with the `text` block that comes next before another one does.
pub(crate) fn steps(name: &str) -> Vec<Step> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/clients").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut steps: Vec<Step> = Vec::new();
    for (language, block) in blocks(&text) {
        match language {
            "sh" => steps.push(Step { commands: block, shown: None }),
            "text" => steps.last_mut().expect("a text block follows a command").shown = Some(block),
            _ => {}
        }
    }
    assert!(!steps.is_empty(), "{} has no commands", path.display());
    steps
}

/// The fenced blocks of a page, with their languages.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        open = match (open.take(), line.strip_prefix("```")) {
            (None, Some(language)) => Some((language, String::new())),
            (None, None) => None,
            (Some(block), Some(_)) => {
                blocks.push(block);
                None
            }
            (Some((language, block)), None) => Some((language, block + line + "\n")),
        };
    }
    blocks
}

/// Whether what was printed is what the page shows: line by line, where `…` stands for any part of a line, and a line of nothing but `…` for any
/// number of lines.
pub(crate) fn equal(shown: &str, printed: &str) -> bool {
    let lines =
        |text: &'_ str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    let (shown, printed) = (lines(shown), lines(printed));
    match_lines(&shown, &printed)
}

fn match_lines(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=printed.len()).any(|skipped| match_lines(rest, &printed[skipped..]))
        }
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, others)| match_line(first, line) && match_lines(rest, others)),
    }
}

fn match_line(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| match_line(after, &rest[at..]))
        }),
    }
}

#[test]
fn dots_stand_for_what_differs() {
    for (shown, printed, expected) in [
        ("a\nb\n", "a\nb", true),
        ("a\n", "a\nb\n", false),
        ("id: …-…\n", "id: 1-2\n", true),
        ("id: …!\n", "id: 1-2\n", false),
        ("…\nlast\n", "one\ntwo\nlast\n", true),
        ("…\nlast\n", "last\nnot\n", false),
        ("…", "", true),
    ] {
        assert_eq!(equal(shown, printed), expected, "{shown:?} {printed:?}");
    }
}
