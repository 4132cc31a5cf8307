//! Directives, anchors, aliases and tags.

use crate::error::Error;

use super::cursor::Mark;
use super::{Kind, Scanner, Token};

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl<'a> Scanner<'a> {
    pub(super) fn scan_anchor(&mut self, alias: bool) -> Result<Token<'a>, Error> {
        let begin = self.cursor.mark;
        self.cursor.skip();
        let start = self.cursor.mark;
        while is_word(self.cursor.byte(0)) {
            self.cursor.skip();
        }
        let name = self.cursor.slice_from(start);
        let closed = self.cursor.blank_or_end(0)
            || matches!(self.cursor.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !closed {
            let what = if alias { "an alias" } else { "an anchor" };
            return Err(self
                .error(format!("the name of {what} is made of letters, digits, '-' and '_'"))
                .within("while reading it", begin.position()));
        }
        let kind = if alias { Kind::Alias(name) } else { Kind::Anchor(name) };
        Ok(Token { kind, start: begin.position(), end: self.cursor.mark.at })
    }

    pub(super) fn scan_tag(&mut self) -> Result<Token<'a>, Error> {
        let begin = self.cursor.mark;
        let (handle, suffix) = if self.cursor.byte(1) == b'<' {
            self.cursor.skip();
            self.cursor.skip();
            let suffix = self.scan_uri(String::new(), false, begin)?;
            if self.cursor.byte(0) != b'>' {
                return Err(self.tag_error("a verbatim tag ends with '>'", begin));
            }
            self.cursor.skip();
            (String::new(), suffix)
        } else {
            let handle = self.scan_handle(false, begin)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.scan_uri(String::new(), false, begin)?;
                (handle, suffix)
            } else {
                let suffix = self.scan_uri(handle[1..].to_owned(), true, begin)?;
                // The lone `!` has no handle.
                if suffix.is_empty() { (suffix, "!".to_owned()) } else { ("!".to_owned(), suffix) }
            }
        };
        if !self.cursor.blank_or_end(0) {
            return Err(self.tag_error("a tag ends with a space or the line", begin));
        }
        Ok(Token { kind: Kind::Tag { handle, suffix }, start: begin.position(), end: self.cursor.mark.at })
    }

    fn tag_error(&self, message: &str, begin: Mark) -> Error {
        self.error(message).within("while reading a tag", begin.position())
    }

    fn scan_handle(&mut self, directive: bool, begin: Mark) -> Result<String, Error> {
        if self.cursor.byte(0) != b'!' {
            return Err(self.tag_error("a tag's handle begins with '!'", begin));
        }
        let start = self.cursor.mark;
        self.cursor.skip();
        while is_word(self.cursor.byte(0)) {
            self.cursor.skip();
        }
        if self.cursor.byte(0) == b'!' {
            self.cursor.skip();
        } else if directive && self.cursor.slice_from(start) != "!" {
            return Err(self.tag_error("a tag's handle ends with '!'", begin));
        }
        Ok(self.cursor.slice_from(start).to_owned())
    }

    /// The rest of a tag; `head` is what was already read of it, `found` whether that is enough for a tag.
    fn scan_uri(&mut self, head: String, found: bool, begin: Mark) -> Result<String, Error> {
        let mut uri = head.into_bytes();
        let mut found = found || !uri.is_empty();
        loop {
            let byte = self.cursor.byte(0);
            if byte == b'%' {
                self.scan_escape(&mut uri, begin)?;
            } else if is_word(byte) || (byte != 0 && b";/?:@&=+$,.!~*'()[]".contains(&byte)) {
                uri.push(byte);
                self.cursor.skip();
            } else {
                break;
            }
            found = true;
        }
        if !found {
            return Err(self.tag_error("the tag is empty", begin));
        }
        String::from_utf8(uri).map_err(|_| self.tag_error("the escapes of a tag are no UTF-8", begin))
    }

    fn scan_escape(&mut self, uri: &mut Vec<u8>, begin: Mark) -> Result<(), Error> {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (hex(self.cursor.byte(1)), hex(self.cursor.byte(2))) {
            (Some(high), Some(low)) => uri.push(high << 4 | low),
            _ => return Err(self.tag_error("'%' in a tag takes two hexadecimal digits", begin)),
        }
        for _ in 0..3 {
            self.cursor.skip();
        }
        Ok(())
    }

    pub(super) fn scan_directive(&mut self) -> Result<Token<'a>, Error> {
        let begin = self.cursor.mark;
        self.cursor.skip();
        let start = self.cursor.mark;
        while is_word(self.cursor.byte(0)) {
            self.cursor.skip();
        }
        let name = self.cursor.slice_from(start);
        let kind = match name {
            "YAML" if self.cursor.blank_or_end(0) => {
                self.skip_blanks();
                let major = self.scan_version_number(begin)?;
                if self.cursor.byte(0) != b'.' {
                    return Err(self.error("a version is two numbers with a '.' between them"));
                }
                self.cursor.skip();
                let minor = self.scan_version_number(begin)?;
                Kind::VersionDirective { major, minor }
            }
            "TAG" if self.cursor.blank_or_end(0) => {
                self.skip_blanks();
                let handle = self.scan_handle(true, begin)?;
                if !self.cursor.is_blank() {
                    return Err(self.tag_error("a space is missing between handle and prefix", begin));
                }
                self.skip_blanks();
                let prefix = self.scan_uri(String::new(), false, begin)?;
                Kind::TagDirective { handle, prefix }
            }
            _ => return Err(Error::new(format!("the directive %{name} is unknown"), begin.position())),
        };
        let end = self.cursor.mark.at;
        self.skip_blanks();
        if self.cursor.byte(0) == b'#' {
            self.cursor.skip_to_break();
        }
        if !self.cursor.break_or_end() {
            return Err(self.error("a directive ends with its line"));
        }
        self.cursor.skip_line();
        Ok(Token { kind, start: begin.position(), end })
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.cursor.is_blank() {
            self.cursor.skip();
        }
    }

    fn scan_version_number(&mut self, begin: Mark) -> Result<u32, Error> {
        let start = self.cursor.mark;
        while self.cursor.byte(0).is_ascii_digit() {
            self.cursor.skip();
        }
        let digits = self.cursor.slice_from(start);
        if digits.is_empty() || digits.len() > 2 {
            return Err(self
                .error("a version number has one or two digits")
                .within("while reading a directive", begin.position()));
        }
        Ok(digits.bytes().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }
}
