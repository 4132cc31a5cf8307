//! Tokens to trees: the grammar, anchors and aliases, tags.
//!
//! Aliases are replaced by copies here. go-yaml refuses a text whose aliases make it much larger than it looks; the
//! same measure is applied while copying, so that a billion laughs cost no more than a few hundred thousand nodes.

use std::collections::HashMap;

use crate::error::{Error, Position};
use crate::node::{Content, MAX_DEPTH, Node, Span};
use crate::resolve::Dialect;
use crate::scan::{Kind, Scanner, Token, forbidden_character};

/// Reads one document after the other. A document is read only when it is asked for, so what stands behind the last
/// wanted one, and the token behind it, is never looked at. A document also ends where a line is indented less than its first: what follows is
/// then an error of the next one, and of nobody where only the first is wanted, as with go-yaml.
pub struct Documents<'a> {
    scanner: Scanner<'a>,
    first: bool,
    /// How many tokens behind a document must be such.
    ahead: usize,
    tags: HashMap<String, String>,
    anchors: HashMap<&'a str, Anchor>,
    nodes: usize,
    aliased: usize,
    failed: bool,
}

enum Anchor {
    /// The node is still being read: an alias to it would contain itself.
    Open,
    Known(Node, usize),
}

const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// The share of nodes that may come from aliases, by the number of nodes: go-yaml's measure.
fn allowed_alias_share(nodes: usize) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    #[expect(clippy::cast_precision_loss, reason = "a ratio of counts far below 2^52")]
    let nodes = nodes as f64;
    (0.99 - 0.89 * ((nodes - LOW) / (HIGH - LOW)).clamp(0.0, 1.0)).max(0.10)
}

impl<'a> Documents<'a> {
    /// Takes a text.
    ///
    /// # Errors
    /// The text contains a character that YAML forbids, or is larger than 4 GiB.
    pub fn new(text: &'a str) -> Result<Self, Error> {
        if u32::try_from(text.len()).is_err() {
            return Err(Error::new("the text is larger than 4 GiB", Position::default()));
        }
        if let Some(at) = forbidden_character(text) {
            let c = text[at..].chars().next().unwrap_or_default();
            let message = format!("the character U+{:04X} can't stand in YAML", u32::from(c));
            return Err(Error::new(message, crate::error::position(text, at)));
        }
        Ok(Self {
            scanner: Scanner::new(text),
            first: true,
            ahead: 1,
            tags: HashMap::new(),
            anchors: HashMap::new(),
            nodes: 0,
            aliased: 0,
            failed: false,
        })
    }

    /// The next document, `None` at the end.
    ///
    /// # Errors
    /// The text is no YAML, nests too deep, or its aliases swell it.
    pub fn next_document(&mut self) -> Result<Option<Node>, Error> {
        if !self.first {
            while matches!(self.scanner.peek()?.kind, Kind::DocumentEnd) {
                self.scanner.take()?;
            }
        }
        self.anchors.clear();
        self.tags.clear();
        let implicit = self.first;
        self.first = false;
        let mut explicit = false;
        match self.scanner.peek()?.kind {
            Kind::StreamEnd => return Ok(None),
            Kind::VersionDirective { .. } | Kind::TagDirective { .. } | Kind::DocumentStart => {
                self.directives()?;
                let start = self.scanner.take()?;
                explicit = true;
                if !matches!(start.kind, Kind::DocumentStart) {
                    return Err(Error::new("a document begins with '---' behind directives", start.start));
                }
            }
            _ if implicit => {}
            _ => {
                let at = self.scanner.peek()?.start;
                return Err(Error::new("the document ended above: is this line indented too little?", at));
            }
        }
        let token = self.scanner.peek()?;
        let root = match token.kind {
            Kind::VersionDirective { .. }
            | Kind::TagDirective { .. }
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd
                if explicit =>
            {
                Node::empty(token.start)
            }
            _ => self.node(true, false, 0)?,
        };
        // Little of what follows is looked at: the rest when the next document is asked for, and not before.
        self.scanner.look_ahead(self.ahead)?;
        if matches!(self.scanner.peek()?.kind, Kind::DocumentEnd) {
            self.scanner.take()?;
        }
        Ok(Some(root))
    }

    fn directives(&mut self) -> Result<(), Error> {
        let mut version = false;
        loop {
            let at = self.scanner.peek()?.start;
            match &self.scanner.peek()?.kind {
                Kind::VersionDirective { major, minor } => {
                    if version || *major != 1 || *minor > 2 {
                        return Err(Error::new("only one directive %YAML 1.1 or 1.2 is understood", at));
                    }
                    version = true;
                }
                Kind::TagDirective { handle, prefix } => {
                    if self.tags.insert(handle.clone(), prefix.clone()).is_some() {
                        return Err(Error::new("this tag handle is declared twice", at));
                    }
                }
                _ => return Ok(()),
            }
            self.scanner.take()?;
        }
    }

    fn count(&mut self, nodes: usize, aliased: bool, at: Position) -> Result<(), Error> {
        self.nodes += nodes;
        if aliased {
            self.aliased += nodes;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio of counts far below 2^52")]
        let share = self.aliased as f64 / self.nodes.max(1) as f64;
        if self.aliased > 100 && self.nodes > 1000 && share > allowed_alias_share(self.nodes) {
            return Err(Error::new("the aliases swell this document beyond measure", at));
        }
        Ok(())
    }

    fn node(&mut self, block: bool, indentless: bool, depth: usize) -> Result<Node, Error> {
        let at = self.scanner.peek()?.start;
        if depth > MAX_DEPTH {
            return Err(Error::new(format!("nested more than {MAX_DEPTH} levels deep"), at));
        }
        if let Kind::Alias(name) = self.scanner.peek()?.kind {
            return self.alias(name, at);
        }
        let (mut anchor, mut tag) = (None, None);
        loop {
            match &self.scanner.peek()?.kind {
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(*name),
                Kind::Tag { handle, suffix } if tag.is_none() => tag = Some((handle.clone(), suffix.clone())),
                _ => break,
            }
            self.scanner.take()?;
        }
        let bare = anchor.is_none() && tag.is_none();
        let tag = match tag {
            Some((handle, suffix)) => self.resolve_tag(&handle, &suffix, at)?,
            None => None,
        };
        if let Some(name) = anchor {
            self.anchors.insert(name, Anchor::Open);
        }
        let before = self.nodes;
        self.count(1, false, at)?;
        let mut node = self.content(block, indentless, depth, bare)?;
        if !bare {
            node.span.start = at;
        }
        node.tag = tag;
        if let Some(name) = anchor {
            self.anchors.insert(name, Anchor::Known(node.clone(), self.nodes - before));
        }
        Ok(node)
    }

    fn alias(&mut self, name: &'a str, at: Position) -> Result<Node, Error> {
        self.scanner.take()?;
        match self.anchors.get(name) {
            None => Err(Error::new(format!("no anchor &{name} stands above this alias"), at)),
            Some(Anchor::Open) => {
                Err(Error::new(format!("the alias *{name} stands inside of its own anchor"), at))
            }
            Some(Anchor::Known(_, size)) => {
                let size = *size;
                self.count(size, true, at)?;
                match self.anchors.get(name) {
                    Some(Anchor::Known(node, _)) => Ok(node.clone()),
                    _ => Ok(Node::empty(at)),
                }
            }
        }
    }

    fn resolve_tag(&self, handle: &str, suffix: &str, at: Position) -> Result<Option<Box<str>>, Error> {
        let long = match handle {
            "" => suffix.to_owned(),
            _ => match self.tags.get(handle) {
                Some(prefix) => format!("{prefix}{suffix}"),
                None if handle == "!" => format!("!{suffix}"),
                None if handle == "!!" => format!("{YAML_TAGS}{suffix}"),
                None => return Err(Error::new(format!("the tag handle {handle} is not declared"), at)),
            },
        };
        Ok(match long.strip_prefix(YAML_TAGS) {
            // The lone `!` asks for no particular type.
            None if long == "!" => None,
            None => Some(long.into_boxed_str()),
            Some(short) => Some(format!("!!{short}").into_boxed_str()),
        })
    }

    fn content(&mut self, block: bool, indentless: bool, depth: usize, bare: bool) -> Result<Node, Error> {
        let token = self.scanner.peek()?;
        let at = token.start;
        match token.kind {
            Kind::BlockEntry if indentless => self.indentless_sequence(depth),
            Kind::Scalar { .. } => {
                let token = self.scanner.take()?;
                let span = Span { start: token.start, end: token.end };
                match token.kind {
                    Kind::Scalar { text, style } => {
                        let content = Content::Scalar { text: text.into_owned(), style };
                        Ok(Node { content, span, tag: None })
                    }
                    _ => Ok(Node::empty(at)),
                }
            }
            Kind::FlowSequenceStart => self.flow_sequence(depth),
            Kind::FlowMappingStart => self.flow_mapping(depth),
            Kind::BlockSequenceStart if block => self.block_sequence(depth),
            Kind::BlockMappingStart if block => self.block_mapping(depth),
            _ if !bare => Ok(Node::empty(at)),
            _ => {
                let message = match token.kind {
                    Kind::BlockEntry => "a list item can't stand here: is it indented wrongly?",
                    Kind::StreamEnd => "the text ends in the middle of a value",
                    Kind::FlowSequenceEnd | Kind::FlowMappingEnd => {
                        "nothing is open that this bracket closes"
                    }
                    _ => "a value is expected here",
                };
                Err(Error::new(message, at))
            }
        }
    }

    fn block_sequence(&mut self, depth: usize) -> Result<Node, Error> {
        let start = self.scanner.take()?.start;
        let mut items = Vec::new();
        loop {
            let token = self.scanner.take()?;
            match token.kind {
                Kind::BlockEntry => items.push(self.block_item(&token, depth, false)?),
                Kind::BlockEnd => return Ok(sequence(items, false, start, token.start.offset)),
                _ => {
                    return Err(Error::new(
                        "a '-' is expected here: is this line indented wrongly?",
                        token.start,
                    )
                    .within("in the list", start));
                }
            }
        }
    }

    fn indentless_sequence(&mut self, depth: usize) -> Result<Node, Error> {
        let start = self.scanner.peek()?.start;
        let mut items = Vec::new();
        while matches!(self.scanner.peek()?.kind, Kind::BlockEntry) {
            let token = self.scanner.take()?;
            items.push(self.block_item(&token, depth, true)?);
        }
        let end = self.scanner.peek()?.start.offset;
        Ok(sequence(items, false, start, end))
    }

    fn block_item(&mut self, entry: &Token<'a>, depth: usize, indentless: bool) -> Result<Node, Error> {
        match self.scanner.peek()?.kind {
            Kind::BlockEntry | Kind::BlockEnd => Ok(self.empty_after(entry)),
            Kind::Key | Kind::Value if indentless => Ok(self.empty_after(entry)),
            _ => self.node(true, false, depth + 1),
        }
    }

    /// The empty node that an indicator without a value stands for.
    fn empty_after(&self, indicator: &Token<'a>) -> Node {
        let length = indicator.end - indicator.start.offset;
        Node::empty(Position {
            offset: indicator.end,
            line: indicator.start.line,
            column: indicator.start.column + length,
        })
    }

    fn block_mapping(&mut self, depth: usize) -> Result<Node, Error> {
        let start = self.scanner.take()?.start;
        let mut entries = Vec::new();
        loop {
            let token = self.scanner.take()?;
            match token.kind {
                Kind::Key => {
                    let key = match self.scanner.peek()?.kind {
                        Kind::Key | Kind::Value | Kind::BlockEnd => self.empty_after(&token),
                        _ => self.node(true, true, depth + 1)?,
                    };
                    let value = self.block_value(depth, &key)?;
                    entries.push((key, value));
                }
                Kind::BlockEnd => return Ok(mapping(entries, false, start, token.start.offset)),
                _ => {
                    return Err(Error::new(
                        "a key is expected here: is this line indented wrongly?",
                        token.start,
                    )
                    .within("in the mapping", start));
                }
            }
        }
    }

    fn block_value(&mut self, depth: usize, key: &Node) -> Result<Node, Error> {
        if !matches!(self.scanner.peek()?.kind, Kind::Value) {
            return Ok(Node::empty(key.span.start));
        }
        let token = self.scanner.take()?;
        match self.scanner.peek()?.kind {
            Kind::Key | Kind::Value | Kind::BlockEnd => Ok(self.empty_after(&token)),
            _ => self.node(true, true, depth + 1),
        }
    }

    fn flow_sequence(&mut self, depth: usize) -> Result<Node, Error> {
        let start = self.scanner.take()?.start;
        let mut items = Vec::new();
        loop {
            if !items.is_empty() && !matches!(self.scanner.peek()?.kind, Kind::FlowSequenceEnd) {
                let token = self.scanner.take()?;
                if !matches!(token.kind, Kind::FlowEntry) {
                    return Err(
                        Error::new("a ',' or ']' is expected here", token.start).within("in the list", start)
                    );
                }
            }
            match self.scanner.peek()?.kind {
                Kind::FlowSequenceEnd => {
                    let end = self.scanner.take()?.end;
                    return Ok(sequence(items, true, start, end));
                }
                Kind::Key => items.push(self.flow_pair(depth)?),
                _ => items.push(self.node(false, false, depth + 1)?),
            }
        }
    }

    /// `[key: value]`: a mapping of one entry without braces.
    fn flow_pair(&mut self, depth: usize) -> Result<Node, Error> {
        let token = self.scanner.take()?;
        let key = match self.scanner.peek()?.kind {
            Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd => self.empty_after(&token),
            _ => self.node(false, false, depth + 1)?,
        };
        let mut value = self.empty_after(&token);
        if matches!(self.scanner.peek()?.kind, Kind::Value) {
            let colon = self.scanner.take()?;
            value = match self.scanner.peek()?.kind {
                Kind::FlowEntry | Kind::FlowSequenceEnd => self.empty_after(&colon),
                _ => self.node(false, false, depth + 1)?,
            };
        }
        let end = value.span.end;
        self.count(1, false, token.start)?;
        Ok(mapping(vec![(key, value)], true, token.start, end))
    }

    fn flow_mapping(&mut self, depth: usize) -> Result<Node, Error> {
        let start = self.scanner.take()?.start;
        let mut entries = Vec::new();
        loop {
            if !entries.is_empty() && !matches!(self.scanner.peek()?.kind, Kind::FlowMappingEnd) {
                let token = self.scanner.take()?;
                if !matches!(token.kind, Kind::FlowEntry) {
                    let error = Error::new("a ',' or '}' is expected here", token.start);
                    return Err(error.within("in the mapping", start));
                }
            }
            match self.scanner.peek()?.kind {
                Kind::FlowMappingEnd => {
                    let end = self.scanner.take()?.end;
                    return Ok(mapping(entries, true, start, end));
                }
                Kind::Key => {
                    let token = self.scanner.take()?;
                    let key = match self.scanner.peek()?.kind {
                        Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd => self.empty_after(&token),
                        _ => self.node(false, false, depth + 1)?,
                    };
                    let mut value = Node::empty(key.span.start);
                    if matches!(self.scanner.peek()?.kind, Kind::Value) {
                        let colon = self.scanner.take()?;
                        value = match self.scanner.peek()?.kind {
                            Kind::FlowEntry | Kind::FlowMappingEnd => self.empty_after(&colon),
                            _ => self.node(false, false, depth + 1)?,
                        };
                    }
                    entries.push((key, value));
                }
                _ => {
                    let key = self.node(false, false, depth + 1)?;
                    let value = Node::empty(key.span.start);
                    entries.push((key, value));
                }
            }
        }
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Node, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.next_document().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

fn sequence(items: Vec<Node>, flow: bool, start: Position, end: u32) -> Node {
    Node { content: Content::Sequence { items, flow }, span: Span { start, end }, tag: None }
}

fn mapping(entries: Vec<(Node, Node)>, flow: bool, start: Position, end: u32) -> Node {
    Node { content: Content::Mapping { entries, flow }, span: Span { start, end }, tag: None }
}

/// All documents of a text.
///
/// # Errors
/// As [`Documents::next_document`], for the first that fails.
pub fn parse(text: &str) -> Result<Vec<Node>, Error> {
    Documents::new(text)?.collect()
}

/// The first document of a text, an empty scalar where there is none. What follows it is not read.
///
/// # Errors
/// As [`Documents::next_document`].
pub fn parse_first(text: &str) -> Result<Node, Error> {
    parse_first_as(text, Dialect::SigsV2)
}

/// [`parse_first`], for a text of this dialect: go-yaml's third version looks two tokens further behind the document,
/// and so finds more of what is indented wrongly there.
///
/// # Errors
/// As [`Documents::next_document`].
pub fn parse_first_as(text: &str, dialect: Dialect) -> Result<Node, Error> {
    let mut documents = Documents::new(text)?;
    documents.ahead = match dialect {
        Dialect::GoV3 => 3,
        Dialect::SigsV2 => 1,
    };
    let document = documents.next_document()?;
    Ok(document.unwrap_or_else(|| Node::empty(Position { offset: 0, line: 1, column: 1 })))
}
