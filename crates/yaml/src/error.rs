//! Where a text is wrong, and a picture of the place.
//!
//! Every file error of gangplank is shown in the same way: the file, the line and column (both counted from 1,
//! columns in characters), the lines around, and a mark below the character.

use std::fmt::{self, Write as _};

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Byte offset from the start of the text.
    pub offset: u32,
    /// Line, from 1. Zero means that the place is unknown.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text that is no YAML, or YAML that a dialect can't hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in lower case, without the place.
    pub message: String,
    /// Where it was noticed.
    pub at: Position,
    /// What was being read, and where that began.
    pub context: Option<(&'static str, Position)>,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>, at: Position) -> Self {
        Self { message: message.into(), at, context: None }
    }

    pub(crate) fn within(mut self, what: &'static str, since: Position) -> Self {
        self.context = Some((what, since));
        self
    }

    /// The error with the lines around it, as [`snippet`] draws them.
    pub fn render(&self, file: &str, text: &str) -> String {
        let mut out = format!("{}\n{}", self.message, snippet(file, text, self.at, ""));
        if let Some((what, since)) = &self.context
            && since.line != self.at.line
        {
            let _ = write!(out, "\n  = {what}, which began at {since}");
        }
        out
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)?;
        if let Some((what, since)) = &self.context {
            write!(f, " ({what} that began at {since})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Longest stretch of one line that a snippet shows: a minified file must not flood the terminal.
const WIDEST: usize = 120;

/// Draws the place `at` in `text` with two lines before and one after it:
///
/// ```text
///   --> overlays/prd/kustomization.yaml:3:3
///    |
///  1 | namePrefix: prd-
///  2 | resources:
///  3 | - ../../base
///    |   ^ no such folder
/// ```
///
/// `label` stands beside the mark and may be empty. The last line has no newline.
pub fn snippet(file: &str, text: &str, at: Position, label: &str) -> String {
    if at.line == 0 {
        return format!("  --> {file}");
    }
    let mut out = format!("  --> {file}:{}:{}", at.line, at.column);
    let wanted = at.line as usize;
    let from = wanted.saturating_sub(2).max(1);
    let width = (wanted + 1).to_string().len();
    let _ = write!(out, "\n {:width$} |", "");
    for (index, line) in text.split('\n').enumerate().skip(from - 1).take(wanted + 2 - from) {
        let number = index + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        // A long line is shown from a little before the mark on.
        let column = (at.column as usize).saturating_sub(1);
        let skip = if number == wanted && column > WIDEST - 20 { column - (WIDEST - 20) } else { 0 };
        let shown: String = line
            .chars()
            .skip(skip)
            .take(WIDEST)
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        if number == wanted + 1 && shown.trim().is_empty() {
            break;
        }
        let _ = write!(out, "\n {number:width$} | {}", shown.trim_end());
        if number == wanted {
            let pad = column - skip;
            let _ = write!(out, "\n {:width$} | {:pad$}^", "", "");
            if !label.is_empty() {
                let _ = write!(out, " {label}");
            }
        }
    }
    out
}

/// The position of a byte offset in a text; the end of the text for an offset beyond it.
pub fn position(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Position {
        offset: u32::try_from(offset).unwrap_or(u32::MAX),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(before[start..].chars().count() + 1).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_marks_the_character() {
        let text = "resources:\n- a.yaml\n- ü: b: c\n- d\n";
        let at = position(text, text.find(": b").expect("there") + 3);
        assert_eq!(
            snippet("k.yaml", text, at, "here"),
            "  --> k.yaml:3:7\n   |\n 1 | resources:\n 2 | - a.yaml\n 3 | - ü: b: c\n   |       ^ here\n 4 | - d"
        );
    }

    #[test]
    fn a_long_line_is_cut() {
        let text = format!("{}x", "a".repeat(5000));
        let at = position(&text, 5000);
        assert!(snippet("k", &text, at, "").len() < 400);
    }
}
