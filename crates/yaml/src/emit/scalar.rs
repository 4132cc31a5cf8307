//! Strings: the choice of a style, and the styles.

use super::analyze::{Analysis, is_break, is_printable, would_change};
use super::{INDENT, Writer};

/// A text breaks at a space behind this column.
const BEST_WIDTH: usize = 80;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

fn choose(text: &str, analysis: &Analysis, key: bool) -> Style {
    let mut style = if text.contains('\n') {
        Style::Literal
    } else if would_change(text) {
        Style::Double
    } else {
        Style::Plain
    };
    if key && analysis.multiline {
        style = Style::Double;
    }
    if style == Style::Plain && (!analysis.plain || (text.is_empty() && key)) {
        style = Style::Single;
    }
    if style == Style::Single && !analysis.single {
        style = Style::Double;
    }
    if style == Style::Literal && (!analysis.block || key) {
        style = Style::Double;
    }
    style
}

/// The style in which go-yaml writes a string that stands in no key.
pub fn preferred_style(text: &str) -> crate::node::Style {
    use crate::node::Style as Node;
    match choose(text, &super::analyze::analyze(text), false) {
        Style::Plain => Node::Plain,
        Style::Single => Node::SingleQuoted,
        Style::Double => Node::DoubleQuoted,
        Style::Literal => Node::Literal,
    }
}

impl Writer<'_> {
    pub(super) fn text(&mut self, text: &str, analysis: &Analysis, key: bool) {
        let outer = self.indent;
        self.indent = if self.indent < 0 { INDENT } else { self.indent + INDENT };
        match choose(text, analysis, key) {
            Style::Plain => self.plain(text, !key),
            Style::Single => self.single(text, !key),
            Style::Double => self.double(text, !key),
            Style::Literal => self.literal(text),
        }
        self.indent = outer;
    }

    fn plain(&mut self, text: &str, fold: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        if text.is_ascii() && (!fold || self.column + text.len() <= BEST_WIDTH) {
            self.out.push_str(text);
            self.column += text.len();
        } else {
            // A plain text begins and ends with no blank and holds no break.
            self.folded(text, fold, |_, _| {});
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn single(&mut self, text: &str, fold: bool) {
        self.indicator("'", true, false);
        self.folded(text, fold, |writer, c| {
            if c == '\'' {
                writer.put('\'');
            }
        });
        self.indicator("'", false, false);
    }

    /// The body of a plain or single-quoted text; `before` writes what an escaped character needs in front.
    fn folded(&mut self, text: &str, fold: bool, before: impl Fn(&mut Self, char)) {
        let (mut spaces, mut breaks) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' {
                let inside = at > 0 && next.is_some_and(|next| next != ' ');
                if fold && !spaces && self.column > BEST_WIDTH && inside {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.put_break();
                }
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                before(self, c);
                self.put(c);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
    }

    fn write_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    fn double(&mut self, text: &str, fold: bool) {
        self.indicator("\"", true, false);
        // go-yaml asks whether the text begins with a byte order mark, at every character.
        let marked = text.starts_with('\u{FEFF}');
        let mut spaces = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.escape(c);
                spaces = false;
            } else if c == ' ' {
                let next = chars.peek().map(|(_, next)| *next);
                if fold && !spaces && self.column > BEST_WIDTH && at > 0 && next.is_some() {
                    self.write_indent();
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(c);
                spaces = false;
            }
        }
        self.indicator("\"", false, false);
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0B' => 'v',
            '\x0C' => 'f',
            '\r' => 'r',
            '\x1B' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{A0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(c);
                let text = match code {
                    0..=0xFF => format!("\\x{code:02X}"),
                    0x100..=0xFFFF => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                self.out.push_str(&text);
                self.column += text.len();
                return;
            }
        };
        self.put('\\');
        self.put(short);
    }

    fn literal(&mut self, text: &str) {
        self.indicator("|", true, false);
        let mut hints = String::new();
        if text.starts_with([' ', '\n']) || text.starts_with(is_break) {
            hints.push('2');
        }
        let mut backwards = text.chars().rev();
        match (backwards.next().is_some_and(is_break), backwards.next()) {
            (false, _) => hints.push('-'),
            (true, None) => hints.push('+'),
            (true, Some(before)) if is_break(before) => hints.push('+'),
            (true, Some(_)) => {}
        }
        self.indicator(&hints, false, false);
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.write_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent();
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
        }
    }
}
