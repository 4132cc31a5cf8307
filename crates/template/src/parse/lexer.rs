//! Cuts a template's text into tokens.
//!
//! The lexer owns everything that depends on single characters: delimiters, trim markers, comments, quoting. The parser
//! sees tokens with their byte offset and line. Rules and texts of errors are those of Go's `text/template/parse`.

use std::borrow::Cow;

use crate::unicode;

/// What a token is. Keywords carry their own kinds; everything else is told apart by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Bool,
    /// A printable ASCII character with no meaning of its own, such as a comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    End,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParenthesis,
    Number,
    Pipe,
    RawString,
    RightDelimiter,
    RightParenthesis,
    Space,
    String,
    Text,
    Variable,
    Dot,
    Keyword(Keyword),
}

/// The words that are no function names. `Nil` is among them because Go treats it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

fn keyword(word: &str) -> Option<Keyword> {
    Some(match word {
        "block" => Keyword::Block,
        "break" => Keyword::Break,
        "continue" => Keyword::Continue,
        "define" => Keyword::Define,
        "else" => Keyword::Else,
        "end" => Keyword::End,
        "if" => Keyword::If,
        "nil" => Keyword::Nil,
        "range" => Keyword::Range,
        "template" => Keyword::Template,
        "with" => Keyword::With,
        _ => return None,
    })
}

/// A piece of the text. `text` is the source as written, or the message of an error.
#[derive(Clone, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    /// Byte offset in the template's text.
    pub(crate) position: usize,
    /// Line of the token's start, counted from 1.
    pub(crate) line: usize,
    pub(crate) text: Cow<'t, str>,
}

impl Token<'_> {
    /// How an error names the token: long ones are cut after ten characters.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Error => self.text.to_string(),
            Kind::Keyword(_) | Kind::Dot => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let head: String = self.text.chars().take(10).collect();
                format!("{}...", crate::format::quote::quoted(head.as_bytes()))
            }
            _ => crate::format::quote::quoted(self.text.as_bytes()),
        }
    }
}

/// The marks around an action, `{{` and `}}` unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// Opens an action.
    pub left: String,
    /// Closes an action.
    pub right: String,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self { left: "{{".to_owned(), right: "}}".to_owned() }
    }
}

const LEFT_COMMENT: &str = "/*";
const RIGHT_COMMENT: &str = "*/";
/// A trim marker is a minus and the space that keeps it apart from a number.
const TRIM_MARKER: usize = 2;

pub(crate) struct Lexer<'t> {
    input: &'t str,
    delimiters: &'t Delimiters,
    position: usize,
    start: usize,
    line: usize,
    start_line: usize,
    parentheses: usize,
    inside_action: bool,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || unicode::is_letter(c) || unicode::is_digit(c)
}

fn has_left_trim_marker(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some('-') && characters.next().is_some_and(is_space)
}

fn has_right_trim_marker(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_space) && characters.next() == Some('-')
}

fn trim_start(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_space).len()
}

fn trim_end(text: &str) -> usize {
    text.len() - text.trim_end_matches(is_space).len()
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(input: &'t str, delimiters: &'t Delimiters) -> Self {
        Self {
            input,
            delimiters,
            position: 0,
            start: 0,
            line: 1,
            start_line: 1,
            parentheses: 0,
            inside_action: false,
        }
    }

    /// The next token; [`Kind::End`] for ever once the text is used up or an error was given.
    pub(crate) fn next_token(&mut self) -> Token<'t> {
        if self.inside_action { self.inside_action() } else { self.text() }
    }

    fn rest(&self) -> &'t str {
        &self.input[self.position..]
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.position += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn token(&mut self, kind: Kind) -> Token<'t> {
        let token = Token {
            kind,
            position: self.start,
            line: self.start_line,
            text: Cow::Borrowed(&self.input[self.start..self.position]),
        };
        self.start = self.position;
        self.start_line = self.line;
        token
    }

    /// Leaves out what was passed over without [`Self::next`], so that its lines still count.
    fn ignore(&mut self) {
        self.line += count_lines(&self.input[self.start..self.position]);
        self.start = self.position;
        self.start_line = self.line;
    }

    fn error(&mut self, message: impl Into<String>) -> Token<'t> {
        let token = Token {
            kind: Kind::Error,
            position: self.start,
            line: self.start_line,
            text: Cow::Owned(message.into()),
        };
        self.input = "";
        self.position = 0;
        self.start = 0;
        self.inside_action = false;
        token
    }

    fn text(&mut self) -> Token<'t> {
        loop {
            let Some(length) = self.rest().find(&self.delimiters.left) else {
                self.position = self.input.len();
                if self.position > self.start {
                    self.line += count_lines(&self.input[self.start..]);
                    return self.token(Kind::Text);
                }
                return self.token(Kind::End);
            };
            if length > 0 {
                self.position += length;
                let after = &self.input[self.position + self.delimiters.left.len()..];
                let trimmed = if has_left_trim_marker(after) {
                    trim_end(&self.input[self.start..self.position])
                } else {
                    0
                };
                self.position -= trimmed;
                self.line += count_lines(&self.input[self.start..self.position]);
                let text = self.token(Kind::Text);
                self.position += trimmed;
                self.ignore();
                if !text.text.is_empty() {
                    return text;
                }
            }
            if let Some(token) = self.left_delimiter() {
                return token;
            }
        }
    }

    /// Passes the delimiter; none where a comment was skipped.
    fn left_delimiter(&mut self) -> Option<Token<'t>> {
        self.position += self.delimiters.left.len();
        let marker = if has_left_trim_marker(self.rest()) { TRIM_MARKER } else { 0 };
        if self.rest()[marker..].starts_with(LEFT_COMMENT) {
            self.position += marker;
            self.ignore();
            return self.comment();
        }
        let token = self.token(Kind::LeftDelimiter);
        self.inside_action = true;
        self.position += marker;
        self.ignore();
        self.parentheses = 0;
        Some(token)
    }

    fn comment(&mut self) -> Option<Token<'t>> {
        self.position += LEFT_COMMENT.len();
        let Some(length) = self.rest().find(RIGHT_COMMENT) else {
            return Some(self.error("unclosed comment"));
        };
        self.position += length + RIGHT_COMMENT.len();
        let (at_delimiter, trim) = self.at_right_delimiter();
        if !at_delimiter {
            return Some(self.error("comment ends before closing delimiter"));
        }
        if trim {
            self.position += TRIM_MARKER;
        }
        self.position += self.delimiters.right.len();
        if trim {
            self.position += trim_start(self.rest());
        }
        self.ignore();
        None
    }

    fn at_right_delimiter(&self) -> (bool, bool) {
        let rest = self.rest();
        if has_right_trim_marker(rest) && rest[TRIM_MARKER..].starts_with(&self.delimiters.right) {
            return (true, true);
        }
        (rest.starts_with(&self.delimiters.right), false)
    }

    fn right_delimiter(&mut self) -> Token<'t> {
        let (_, trim) = self.at_right_delimiter();
        if trim {
            self.position += TRIM_MARKER;
            self.ignore();
        }
        self.position += self.delimiters.right.len();
        let token = self.token(Kind::RightDelimiter);
        if trim {
            self.position += trim_start(self.rest());
            self.ignore();
        }
        self.inside_action = false;
        token
    }

    fn inside_action(&mut self) -> Token<'t> {
        if self.at_right_delimiter().0 {
            if self.parentheses == 0 {
                return self.right_delimiter();
            }
            return self.error("unclosed left paren");
        }
        let Some(c) = self.peek() else {
            return self.error("unclosed action");
        };
        if is_space(c) {
            return self.space();
        }
        if c.is_ascii_digit() || matches!(c, '+' | '-') {
            return self.number();
        }
        if is_alphanumeric(c) {
            return self.identifier();
        }
        self.next();
        match c {
            '=' => self.token(Kind::Assign),
            ':' if self.next() == Some('=') => self.token(Kind::Declare),
            ':' => self.error("expected :="),
            '|' => self.token(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant"),
            '`' => self.raw_quoted(),
            '$' => self.field_or_variable(Kind::Variable, Kind::Variable),
            '.' if self.peek().is_some_and(|next| next.is_ascii_digit()) => {
                self.position = self.start;
                self.number()
            }
            // Go looks at the byte after the dot only where there is one, so a dot at the very end is a number.
            '.' if self.rest().is_empty() => {
                self.position = self.start;
                self.number()
            }
            '.' => self.field_or_variable(Kind::Field, Kind::Dot),
            '(' => {
                self.parentheses += 1;
                self.token(Kind::LeftParenthesis)
            }
            ')' if self.parentheses == 0 => self.error("unexpected right paren"),
            ')' => {
                self.parentheses -= 1;
                self.token(Kind::RightParenthesis)
            }
            '\u{21}'..='\u{7e}' => self.token(Kind::Char),
            other => self.error(format!("unrecognized character in action: {}", unicode_name(Some(other)))),
        }
    }

    fn space(&mut self) -> Token<'t> {
        let mut count = 0;
        let mut last = self.position;
        while self.peek().is_some_and(is_space) {
            last = self.position;
            self.next();
            count += 1;
        }
        // The last space may belong to a closing delimiter with a trim marker.
        let tail = &self.input[last..];
        if has_right_trim_marker(tail) && tail[TRIM_MARKER..].starts_with(&self.delimiters.right) {
            self.line -= count_lines(&self.input[last..self.position]);
            self.position = last;
            if count == 1 {
                return self.right_delimiter();
            }
        }
        self.token(Kind::Space)
    }

    fn identifier(&mut self) -> Token<'t> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if !self.at_terminator() {
            return self.bad_character();
        }
        match &self.input[self.start..self.position] {
            "true" | "false" => self.token(Kind::Bool),
            word => match keyword(word) {
                Some(keyword) => self.token(Kind::Keyword(keyword)),
                None => self.token(Kind::Identifier),
            },
        }
    }

    fn field_or_variable(&mut self, kind: Kind, alone: Kind) -> Token<'t> {
        if self.at_terminator() {
            return self.token(alone);
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.token(kind)
    }

    fn bad_character(&mut self) -> Token<'t> {
        let message = format!("bad character {}", unicode_name(self.peek()));
        self.error(message)
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) if is_space(c) => true,
            Some(_) => self.rest().starts_with(&self.delimiters.right),
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Token<'t> {
        loop {
            match self.next() {
                Some('\\') => match self.next() {
                    None | Some('\n') => return self.error(unterminated),
                    Some(_) => {}
                },
                None | Some('\n') => return self.error(unterminated),
                Some(c) if c == quote => return self.token(kind),
                Some(_) => {}
            }
        }
    }

    fn raw_quoted(&mut self) -> Token<'t> {
        loop {
            match self.next() {
                None => return self.error("unterminated raw quoted string"),
                Some('`') => return self.token(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Token<'t> {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some('+' | '-')) {
            // A complex constant has no spaces and ends in an i.
            if !self.scan_number() || !self.input[..self.position].ends_with('i') {
                return self.bad_number();
            }
            return self.token(Kind::Complex);
        }
        self.token(Kind::Number)
    }

    fn bad_number(&mut self) -> Token<'t> {
        let text = crate::format::quote::quoted(&self.input.as_bytes()[self.start..self.position]);
        self.error(format!("bad number syntax: {text}"))
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| valid.contains(c));
        if accepted {
            self.next();
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    /// Takes what looks like a number. Wrong ones are left for the parser to refuse.
    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        let exponent = match digits.len() {
            11 => "eE",
            23 => "pP",
            _ => "",
        };
        if self.accept(exponent) {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

fn count_lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Go's `%#U`: the code point and, if it can be shown, the character. The end of the text counts as -1.
fn unicode_name(c: Option<char>) -> String {
    match c {
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
        Some(c) if unicode::is_print(c) => format!("U+{:04X} '{c}'", u32::from(c)),
        Some(c) => format!("U+{:04X}", u32::from(c)),
    }
}
