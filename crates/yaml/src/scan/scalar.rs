//! Scalars: plain, quoted, literal and folded.

use std::borrow::Cow;

use crate::error::Error;
use crate::node::Style;

use super::cursor::Mark;
use super::{Kind, Scanner, Token};

/// What stands between two words or lines of a scalar, not yet decided on.
#[derive(Default)]
struct Gap {
    blanks: String,
    first_break: String,
    more_breaks: String,
    /// Whether a line break was met, after which blanks are indentation.
    broken: bool,
}

impl Gap {
    /// Joins the words: one break folds to a space, several lose the first, blanks on a line stay.
    fn close(&mut self, into: &mut String) {
        if self.broken {
            if self.first_break == "\n" {
                if self.more_breaks.is_empty() {
                    into.push(' ');
                } else {
                    into.push_str(&self.more_breaks);
                }
            } else {
                into.push_str(&self.first_break);
                into.push_str(&self.more_breaks);
            }
            self.first_break.clear();
            self.more_breaks.clear();
            self.broken = false;
        } else {
            into.push_str(&self.blanks);
        }
        self.blanks.clear();
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_plain(&mut self) -> Result<Token<'a>, Error> {
        let begin = self.cursor.mark;
        let indent = self.indent + 1;
        let flow = self.flow();
        // The text as long as it is one stretch of the input, else what has been put together.
        let mut text: Cow<'a, str> = Cow::Borrowed("");
        let mut end = begin;
        let mut gap = Gap::default();
        let mut ended_by_line = false;
        loop {
            if self.cursor.document_indicator() || self.cursor.byte(0) == b'#' {
                break;
            }
            let word = self.cursor.mark;
            while !self.cursor.blank_or_end(0) {
                let byte = self.cursor.byte(0);
                if (byte == b':' && self.cursor.blank_or_end(1))
                    || (flow && matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}'))
                {
                    break;
                }
                self.cursor.skip();
            }
            if self.cursor.mark.at > word.at {
                let piece = self.cursor.slice_from(word);
                let on_one_line = !gap.broken && matches!(text, Cow::Borrowed(_));
                if on_one_line {
                    text = Cow::Borrowed(self.cursor.slice_from(begin));
                    gap.blanks.clear();
                } else {
                    let own = text.to_mut();
                    gap.close(own);
                    own.push_str(piece);
                }
                ended_by_line = false;
                end = self.cursor.mark;
            }
            if !self.cursor.is_blank() && !self.cursor.is_break(0) {
                break;
            }
            while self.cursor.is_blank() || self.cursor.is_break(0) {
                if self.cursor.is_blank() {
                    if gap.broken && self.column() < indent && self.cursor.byte(0) == b'\t' {
                        return Err(self
                            .error("a tab can't indent: use spaces")
                            .within("while reading a text", begin.position()));
                    }
                    if !gap.broken {
                        gap.blanks.push(char::from(self.cursor.byte(0)));
                    }
                    self.cursor.skip();
                } else {
                    self.gap_line(&mut gap);
                    ended_by_line = true;
                }
            }
            if !flow && self.column() < indent {
                break;
            }
        }
        if ended_by_line {
            self.key_allowed = true;
        }
        let kind = Kind::Scalar { text, style: Style::Plain };
        Ok(Token { kind, start: begin.position(), end: end.at })
    }

    fn gap_line(&mut self, gap: &mut Gap) {
        if gap.broken {
            self.cursor.read_line(&mut gap.more_breaks);
        } else {
            gap.blanks.clear();
            self.cursor.read_line(&mut gap.first_break);
            gap.broken = true;
        }
    }

    pub(super) fn scan_quoted(&mut self, single: bool) -> Result<Token<'a>, Error> {
        let begin = self.cursor.mark;
        let quote = if single { b'\'' } else { b'"' };
        let style = if single { Style::SingleQuoted } else { Style::DoubleQuoted };
        self.cursor.skip();
        let mut text = String::new();
        let mut gap = Gap::default();
        loop {
            if self.cursor.document_indicator() {
                return Err(self
                    .error("a document marker stands inside of quotes: a closing quote is missing")
                    .within("while reading a quoted text", begin.position()));
            }
            if self.cursor.at_end() {
                return Err(Error::new("the closing quote is missing", begin.position()));
            }
            let mut word = self.cursor.mark;
            while !self.cursor.blank_or_end(0) {
                let byte = self.cursor.byte(0);
                if byte == quote {
                    if single && self.cursor.byte(1) == b'\'' {
                        text.push_str(self.cursor.slice_from(word));
                        text.push('\'');
                        self.cursor.skip();
                        self.cursor.skip();
                        word = self.cursor.mark;
                        continue;
                    }
                    break;
                }
                if !single && byte == b'\\' {
                    text.push_str(self.cursor.slice_from(word));
                    if self.cursor.is_break(1) {
                        self.cursor.skip();
                        self.cursor.skip_line();
                        word = self.cursor.mark;
                        // The break itself is nothing, those behind it count.
                        gap.broken = true;
                        break;
                    }
                    self.scan_escape_sequence(&mut text, begin)?;
                    word = self.cursor.mark;
                    continue;
                }
                self.cursor.skip();
            }
            text.push_str(self.cursor.slice_from(word));
            if self.cursor.byte(0) == quote {
                break;
            }
            while self.cursor.is_blank() || self.cursor.is_break(0) {
                if self.cursor.is_blank() {
                    if !gap.broken {
                        gap.blanks.push(char::from(self.cursor.byte(0)));
                    }
                    self.cursor.skip();
                } else {
                    self.gap_line(&mut gap);
                }
            }
            gap.close(&mut text);
        }
        self.cursor.skip();
        let kind = Kind::Scalar { text: Cow::Owned(text), style };
        Ok(Token { kind, start: begin.position(), end: self.cursor.mark.at })
    }

    fn scan_escape_sequence(&mut self, text: &mut String, begin: Mark) -> Result<(), Error> {
        let escape = self.cursor.byte(1);
        let (plain, digits) = match escape {
            b'0' => ('\0', 0),
            b'a' => ('\x07', 0),
            b'b' => ('\x08', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\x0B', 0),
            b'f' => ('\x0C', 0),
            b'r' => ('\r', 0),
            b'e' => ('\x1B', 0),
            b' ' => (' ', 0),
            b'"' => ('"', 0),
            b'\'' => ('\'', 0),
            b'\\' => ('\\', 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{A0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => {
                return Err(self
                    .error("this escape is unknown: a backslash in double quotes is written twice")
                    .within("while reading a quoted text", begin.position()));
            }
        };
        self.cursor.skip();
        self.cursor.skip();
        if digits == 0 {
            text.push(plain);
            return Ok(());
        }
        let mut code: u32 = 0;
        for _ in 0..digits {
            let Some(digit) = char::from(self.cursor.byte(0)).to_digit(16) else {
                return Err(self.error(format!("this escape takes {digits} hexadecimal digits")));
            };
            code = code.wrapping_shl(4) | digit;
            self.cursor.skip();
        }
        match char::from_u32(code) {
            Some(c) => text.push(c),
            None => return Err(self.error("this escape is no Unicode character (a surrogate, or too large)")),
        }
        Ok(())
    }

    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Result<Token<'a>, Error> {
        let begin = self.cursor.mark;
        self.cursor.skip();
        let (keep, increment) = self.scan_block_header(begin)?;
        self.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.skip_to_break();
        }
        if !self.cursor.break_or_end() {
            return Err(self
                .error("only a comment may follow '|' or '>' on its line")
                .within("while reading a block text", begin.position()));
        }
        self.cursor.skip_line();

        let mut indent = increment.map_or(0, |increment| self.indent.max(0) + increment);
        let mut text = String::new();
        let mut first_break = String::new();
        let mut breaks = String::new();
        let mut after_blank = false;
        let mut end = self.cursor.mark;
        self.scan_block_breaks(&mut indent, &mut breaks, begin, &mut end)?;
        while self.column() == indent && !self.cursor.at_end() {
            let blank = self.cursor.is_blank();
            if !literal && !after_blank && !blank && first_break == "\n" {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(&first_break);
            }
            first_break.clear();
            text.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            let line = self.cursor.mark;
            self.cursor.skip_to_break();
            text.push_str(self.cursor.slice_from(line));
            end = self.cursor.mark;
            self.cursor.read_line(&mut first_break);
            self.scan_block_breaks(&mut indent, &mut breaks, begin, &mut end)?;
        }
        if keep >= 0 {
            text.push_str(&first_break);
        }
        if keep > 0 {
            text.push_str(&breaks);
        }
        let style = if literal { Style::Literal } else { Style::Folded };
        let kind = Kind::Scalar { text: Cow::Owned(text), style };
        Ok(Token { kind, start: begin.position(), end: end.at })
    }

    /// What to keep of the last line breaks (`-` none, nothing the first, `+` all), and the explicit indentation.
    fn scan_block_header(&mut self, begin: Mark) -> Result<(i8, Option<i32>), Error> {
        let (mut keep, mut increment) = (None, None);
        for _ in 0..2 {
            match self.cursor.byte(0) {
                b'+' if keep.is_none() => keep = Some(1),
                b'-' if keep.is_none() => keep = Some(-1),
                b'0' if increment.is_none() => {
                    return Err(self
                        .error("an indentation of 0 can't be")
                        .within("while reading a block text", begin.position()));
                }
                digit @ b'1'..=b'9' if increment.is_none() => increment = Some(i32::from(digit - b'0')),
                _ => break,
            }
            self.cursor.skip();
        }
        Ok((keep.unwrap_or(0), increment))
    }

    fn scan_block_breaks(
        &mut self,
        indent: &mut i32,
        breaks: &mut String,
        begin: Mark,
        end: &mut Mark,
    ) -> Result<(), Error> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.cursor.byte(0) == b' ' {
                self.cursor.skip();
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.cursor.byte(0) == b'\t' {
                return Err(self
                    .error("a tab can't indent: use spaces")
                    .within("while reading a block text", begin.position()));
            }
            if !self.cursor.is_break(0) {
                break;
            }
            self.cursor.read_line(breaks);
            *end = self.cursor.mark;
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}
