//! A place in the text and the questions that the scanner asks there.

use crate::error::Position;

/// A place: byte offset, and index, line and column in characters from zero.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) at: u32,
    pub(super) index: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Mark {
    pub(super) fn position(self) -> Position {
        Position { offset: self.at, line: self.line + 1, column: self.column + 1 }
    }
}

/// Walks over a text. Beyond its end every byte reads as zero, which no valid text contains.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    bytes: &'a [u8],
    pub(super) mark: Mark,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), mark: Mark::default() }
    }

    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.mark.at as usize + ahead).copied().unwrap_or(0)
    }

    pub(super) fn at_end(&self) -> bool {
        self.mark.at as usize >= self.bytes.len()
    }

    pub(super) fn current(&self) -> char {
        self.text[self.mark.at as usize..].chars().next().unwrap_or('\0')
    }

    /// Length of the line break at this place: YAML 1.1 counts CR, LF, CRLF, NEL, LS and PS.
    fn break_length(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\n' => 1,
            b'\r' => 1 + usize::from(self.byte(ahead + 1) == b'\n'),
            0xC2 if self.byte(ahead + 1) == 0x85 => 2,
            0xE2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    pub(super) fn is_break(&self, ahead: usize) -> bool {
        self.break_length(ahead) > 0
    }

    pub(super) fn is_blank(&self) -> bool {
        matches!(self.byte(0), b' ' | b'\t')
    }

    pub(super) fn break_or_end(&self) -> bool {
        self.is_break(0) || self.at_end()
    }

    /// Blank, line break or the end.
    pub(super) fn blank_or_end(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t' | 0) || self.is_break(ahead)
    }

    /// Whether `---` or `...` stands here alone.
    pub(super) fn document_indicator(&self) -> bool {
        let rest = &self.bytes[self.mark.at as usize..];
        self.mark.column == 0
            && (rest.starts_with(b"---") || rest.starts_with(b"..."))
            && self.blank_or_end(3)
    }

    /// One character on, which is no line break.
    pub(super) fn skip(&mut self) {
        self.mark.at += match self.byte(0) {
            0 if self.at_end() => return,
            0..=0x7F => 1,
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        self.mark.index += 1;
        self.mark.column += 1;
    }

    pub(super) fn skip_byte_order_mark(&mut self) {
        if self.bytes[self.mark.at as usize..].starts_with(b"\xEF\xBB\xBF") {
            self.mark.at += 3;
            self.mark.index += 1;
        }
    }

    pub(super) fn skip_to_break(&mut self) {
        while !self.break_or_end() {
            self.skip();
        }
    }

    /// Over a line break.
    pub(super) fn skip_line(&mut self) {
        let length = self.break_length(0);
        if length > 0 {
            self.mark.at += u32::try_from(length).unwrap_or(0);
            self.mark.index += 1;
            self.mark.line += 1;
            self.mark.column = 0;
        }
    }

    /// Over a line break, which is appended as it counts: a newline, but LS and PS stay themselves.
    pub(super) fn read_line(&mut self, into: &mut String) {
        match self.byte(0) {
            0xE2 if self.is_break(0) => into.push(self.current()),
            _ if self.is_break(0) => into.push('\n'),
            _ => {}
        }
        self.skip_line();
    }

    /// The end of the text counts as the end of its line.
    pub(super) fn finish_line(&mut self) {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
    }

    pub(super) fn slice_from(&self, start: Mark) -> &'a str {
        &self.text[start.at as usize..self.mark.at as usize]
    }
}

/// The first character that no YAML text may contain, as an offset.
pub(crate) fn forbidden_character(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if (0x20..0x7F).contains(&byte) || matches!(byte, b'\n' | b'\t' | b'\r') {
            at += 1;
            continue;
        }
        let allowed = match byte {
            0xC2 => bytes[at + 1] == 0x85 || bytes[at + 1] >= 0xA0,
            0xEF => !(bytes[at + 1] == 0xBF && bytes[at + 2] >= 0xBE),
            _ => byte >= 0x80,
        };
        if !allowed {
            return Some(at);
        }
        at += match byte {
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
    }
    None
}
