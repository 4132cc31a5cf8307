//! Text to tokens, with the decisions of libyaml, which both go-yaml versions share.
//!
//! ```text
//! text ── cursor ──► scanner ──► token queue ──► parse
//!                      │  indents    [ [            a `:` found later inserts the KEY token
//!                      └─ simple keys │ possible ?  (and BLOCK-MAPPING-START) before the key
//! ```
//!
//! A simple key (`key:` without `?`) is known as a key only when its `:` is met, at most 1024 characters later on
//! the same line; until then its token waits in the queue.

mod cursor;
mod scalar;
mod tag;

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::error::{Error, Position};
use crate::node::{MAX_DEPTH, Style};
pub(crate) use cursor::forbidden_character;
use cursor::{Cursor, Mark};

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'a> {
    StreamEnd,
    VersionDirective { major: u32, minor: u32 },
    TagDirective { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    Tag { handle: String, suffix: String },
    Scalar { text: Cow<'a, str>, style: Style },
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) start: Position,
    pub(crate) end: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token: usize,
    mark: Mark,
}

/// How far behind its key a `:` may stand (YAML 1.2, 7.4.2).
const LONGEST_SIMPLE_KEY: u32 = 1024;

pub(crate) struct Scanner<'a> {
    cursor: Cursor<'a>,
    queue: VecDeque<Token<'a>>,
    /// Tokens handed out so far: the number of the token at the head of the queue.
    taken: usize,
    indent: i32,
    indents: Vec<i32>,
    /// One per flow level, and one for the block context.
    keys: Vec<SimpleKey>,
    /// Levels whose simple key is possible, outermost first.
    possible: VecDeque<usize>,
    key_allowed: bool,
    ended: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            cursor: Cursor::new(text),
            queue: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            possible: VecDeque::new(),
            key_allowed: true,
            ended: false,
        }
    }

    /// The next token, left in place.
    pub(crate) fn peek(&mut self) -> Result<&Token<'a>, Error> {
        self.fill()?;
        // `fill` leaves at least one token, and the stream's end is never taken.
        self.queue.front().ok_or_else(|| Error::new("the text ended too early", Position::default()))
    }

    /// Takes the token that `peek` showed.
    pub(crate) fn take(&mut self) -> Result<Token<'a>, Error> {
        self.fill()?;
        self.taken += 1;
        self.queue.pop_front().ok_or_else(|| Error::new("the text ended too early", Position::default()))
    }

    /// Scans until this many tokens wait, or the text ends.
    pub(crate) fn look_ahead(&mut self, tokens: usize) -> Result<(), Error> {
        self.fill()?;
        while self.queue.len() < tokens && !self.ended {
            self.fetch()?;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<(), Error> {
        loop {
            if !self.queue.is_empty() {
                let Some(&level) = self.possible.front() else { return Ok(()) };
                if self.keys[level].token != self.taken || !self.key_is_valid(level)? {
                    return Ok(());
                }
            }
            if self.ended {
                return Ok(());
            }
            self.fetch()?;
        }
    }

    fn fetch(&mut self) -> Result<(), Error> {
        self.skip_to_token();
        let column = self.column();
        self.unroll(column);
        let c = self.cursor.byte(0);
        let flow = self.flow();
        if self.cursor.at_end() {
            return self.fetch_end();
        }
        if column == 0 {
            if c == b'%' {
                return self.fetch_directive();
            }
            if self.cursor.document_indicator() {
                let kind = if c == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd };
                self.unroll(-1);
                self.remove_key()?;
                self.key_allowed = false;
                self.push_indicator(kind, 3);
                return Ok(());
            }
        }
        let blank_next = self.cursor.blank_or_end(1);
        match c {
            b'[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Kind::FlowMappingStart),
            b']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            b',' => {
                self.remove_key()?;
                self.key_allowed = true;
                self.push_indicator(Kind::FlowEntry, 1);
                Ok(())
            }
            b'-' if blank_next => self.fetch_block_entry(),
            b'?' if flow || blank_next => self.fetch_key(),
            b':' if flow || blank_next => self.fetch_value(),
            b'*' | b'&' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.scan_anchor(c == b'*')?;
                self.queue.push_back(token);
                Ok(())
            }
            b'!' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.scan_tag()?;
                self.queue.push_back(token);
                Ok(())
            }
            b'|' | b'>' if !flow => {
                self.remove_key()?;
                self.key_allowed = true;
                let token = self.scan_block_scalar(c == b'|')?;
                self.queue.push_back(token);
                Ok(())
            }
            b'\'' | b'"' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.scan_quoted(c == b'\'')?;
                self.queue.push_back(token);
                Ok(())
            }
            _ if self.plain_may_start(c) => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.scan_plain()?;
                self.queue.push_back(token);
                Ok(())
            }
            _ => Err(self.error(match c {
                b'\t' => "a tab can't indent: use spaces".to_owned(),
                b'`' | b'@' | b'%' => format!("{:?} can't begin a value: quote it", char::from(c)),
                _ => format!("{:?} can't begin a value here", self.cursor.current()),
            })),
        }
    }

    fn plain_may_start(&self, c: u8) -> bool {
        match c {
            b'-' => !matches!(self.cursor.byte(1), b' ' | b'\t'),
            b'?' | b':' => !self.flow() && !self.cursor.blank_or_end(1),
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' => false,
            _ => !self.cursor.blank_or_end(0),
        }
    }

    fn flow(&self) -> bool {
        self.keys.len() > 1
    }

    fn column(&self) -> i32 {
        i32::try_from(self.cursor.mark.column).unwrap_or(i32::MAX)
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(message, self.cursor.mark.position())
    }

    fn push_indicator(&mut self, kind: Kind<'a>, length: usize) {
        let start = self.cursor.mark.position();
        for _ in 0..length {
            self.cursor.skip();
        }
        self.queue.push_back(Token { kind, start, end: self.cursor.mark.at });
    }

    fn skip_to_token(&mut self) {
        loop {
            if self.cursor.mark.at == 0 {
                self.cursor.skip_byte_order_mark();
            }
            while self.cursor.byte(0) == b' '
                || (self.cursor.byte(0) == b'\t' && (self.flow() || !self.key_allowed))
            {
                self.cursor.skip();
            }
            if self.cursor.byte(0) == b'#' {
                self.cursor.skip_to_break();
            }
            if !self.cursor.is_break(0) {
                return;
            }
            self.cursor.skip_line();
            if !self.flow() {
                self.key_allowed = true;
            }
        }
    }

    fn key_is_valid(&mut self, level: usize) -> Result<bool, Error> {
        let key = self.keys[level];
        if !key.possible {
            return Ok(false);
        }
        let here = self.cursor.mark;
        if key.mark.line < here.line || key.mark.index + LONGEST_SIMPLE_KEY < here.index {
            if key.required {
                return Err(self.no_colon(key));
            }
            self.forget_key(level);
            return Ok(false);
        }
        Ok(true)
    }

    fn no_colon(&self, key: SimpleKey) -> Error {
        Error::new("a ':' is missing behind this key", key.mark.position())
            .within("noticed at the text", self.cursor.mark.position())
    }

    fn forget_key(&mut self, level: usize) {
        self.keys[level].possible = false;
        if self.possible.back() == Some(&level) {
            self.possible.pop_back();
        } else if self.possible.front() == Some(&level) {
            self.possible.pop_front();
        }
    }

    fn save_key(&mut self) -> Result<(), Error> {
        if self.key_allowed {
            let required = !self.flow() && self.indent == self.column();
            self.remove_key()?;
            let level = self.keys.len() - 1;
            let token = self.taken + self.queue.len();
            self.keys[level] = SimpleKey { possible: true, required, token, mark: self.cursor.mark };
            self.possible.push_back(level);
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Result<(), Error> {
        let level = self.keys.len() - 1;
        let key = self.keys[level];
        if key.possible {
            if key.required {
                return Err(self.no_colon(key));
            }
            self.forget_key(level);
        }
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind<'a>) -> Result<(), Error> {
        self.save_key()?;
        self.keys.push(SimpleKey::default());
        if self.keys.len() > MAX_DEPTH {
            return Err(self.error(format!("nested more than {MAX_DEPTH} levels deep")));
        }
        self.key_allowed = true;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind<'a>) -> Result<(), Error> {
        self.remove_key()?;
        if self.flow() {
            self.keys.pop();
        }
        self.key_allowed = false;
        self.push_indicator(kind, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Error> {
        if !self.flow() {
            if !self.key_allowed {
                return Err(self.error("a list item can't stand here"));
            }
            self.roll(self.column(), None, Kind::BlockSequenceStart, self.cursor.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.push_indicator(Kind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Error> {
        if !self.flow() {
            if !self.key_allowed {
                return Err(self.error("a mapping key can't stand here"));
            }
            self.roll(self.column(), None, Kind::BlockMappingStart, self.cursor.mark)?;
        }
        self.remove_key()?;
        self.key_allowed = !self.flow();
        self.push_indicator(Kind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Error> {
        let level = self.keys.len() - 1;
        if self.key_is_valid(level)? {
            let key = self.keys[level];
            let start = key.mark.position();
            self.queue.insert(key.token - self.taken, Token { kind: Kind::Key, start, end: key.mark.at });
            let column = i32::try_from(key.mark.column).unwrap_or(i32::MAX);
            self.roll(column, Some(key.token), Kind::BlockMappingStart, key.mark)?;
            self.forget_key(level);
            self.key_allowed = false;
        } else {
            if !self.flow() {
                if !self.key_allowed {
                    return Err(self.error("a ':' can't stand here: quote the text, or begin a new line"));
                }
                self.roll(self.column(), None, Kind::BlockMappingStart, self.cursor.mark)?;
            }
            self.key_allowed = !self.flow();
        }
        self.push_indicator(Kind::Value, 1);
        Ok(())
    }

    fn fetch_end(&mut self) -> Result<(), Error> {
        self.cursor.finish_line();
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let start = self.cursor.mark.position();
        self.queue.push_back(Token { kind: Kind::StreamEnd, start, end: start.offset });
        self.ended = true;
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Error> {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        let token = self.scan_directive()?;
        self.queue.push_back(token);
        Ok(())
    }

    /// Opens a block collection where the column is deeper than the current indentation. `before` is the number
    /// of the token that the collection's start goes in front of.
    fn roll(&mut self, column: i32, before: Option<usize>, kind: Kind<'a>, mark: Mark) -> Result<(), Error> {
        if self.flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            return Err(self.error(format!("nested more than {MAX_DEPTH} levels deep")));
        }
        let token = Token { kind, start: mark.position(), end: mark.at };
        match before {
            Some(number) => self.queue.insert(number - self.taken, token),
            None => self.queue.push_back(token),
        }
        Ok(())
    }

    fn unroll(&mut self, column: i32) {
        if self.flow() {
            return;
        }
        while self.indent > column {
            let start = self.cursor.mark.position();
            self.queue.push_back(Token { kind: Kind::BlockEnd, start, end: start.offset });
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }
}
