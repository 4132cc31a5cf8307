//! Typed reading of YAML mappings, as Go's JSON decoder reads them: names match without regard to case, null is
//! nothing, and in a kustomization an unknown name is an error.

use gangplank_yaml::{self as yaml, Content, Dialect, Node, Number, Position, Resolved};

/// A value that is not what its field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecodeError {
    pub(crate) message: String,
    pub(crate) at: Position,
}

pub(crate) type Decoded<T> = Result<T, DecodeError>;

/// A text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct At {
    pub(crate) text: String,
    pub(crate) at: Position,
    /// The line in which the text itself begins: the one after `|`.
    pub(crate) first_line: u32,
}

/// Whether unknown names and scalars of another type are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A kustomization.
    Strict,
    /// The configuration of a transformer: unknown names are ignored, numbers are taken as texts.
    Lenient,
    /// Parts of it that Kustomize's types embed: unknown names are ignored, a text is a text.
    Typed,
}

/// The entries of a mapping that are still to be read.
pub(crate) struct Fields<'n> {
    entries: Vec<(&'n Node, &'n Node, bool)>,
    mode: Mode,
    what: String,
}

pub(crate) fn fail<T>(message: impl Into<String>, node: &Node) -> Decoded<T> {
    Err(DecodeError { message: message.into(), at: node.span.start })
}

fn is_null(node: &Node) -> bool {
    match &node.content {
        Content::Scalar { text, style } => {
            matches!(yaml::resolve(text, *style, node.tag.as_deref(), Dialect::SigsV2), Ok(Resolved::Null))
        }
        _ => false,
    }
}

impl<'n> Fields<'n> {
    /// Takes a mapping; `what` names it in messages. A null is a mapping of nothing.
    pub(crate) fn of(node: &'n Node, mode: Mode, what: &str) -> Decoded<Self> {
        let mut entries = Vec::new();
        match &node.content {
            Content::Mapping { .. } => collect(node, &mut entries)?,
            _ if is_null(node) => {}
            _ => return fail(format!("{what} is a mapping"), node),
        }
        // Where a key stands twice, the last one counts.
        let mut kept: Vec<(&Node, &Node, bool)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if key.tag.as_deref() == Some("!!binary") {
                return fail("a key can't be binary", key);
            }
            kept.retain(|(other, _, _)| other.as_text() != key.as_text());
            kept.push((key, value, false));
        }
        Ok(Self { entries: kept, mode, what: what.to_owned() })
    }

    /// The value of a field, `None` for null and for none. Upper and lower case are the same, and of several spellings
    /// the last in the order of bytes counts.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'n Node> {
        let mut found: Option<(&str, &'n Node)> = None;
        for (key, value, used) in &mut self.entries {
            let Some(key) = key.as_text().filter(|key| key.eq_ignore_ascii_case(name)) else { continue };
            *used = true;
            if !is_null(value) && found.is_none_or(|(other, _)| other < key) {
                found = Some((key, value));
            }
        }
        found.map(|(_, value)| value)
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn text(&mut self, name: &str) -> Decoded<Option<At>> {
        let mode = self.mode;
        self.take(name).map(|node| text(node, mode, name)).transpose()
    }

    /// A text of a type that others embed: never a number.
    pub(crate) fn exact(&mut self, name: &str) -> Decoded<String> {
        let mode = if self.mode == Mode::Strict { Mode::Strict } else { Mode::Typed };
        let text = self.take(name).map(|node| text(node, mode, name)).transpose()?;
        Ok(text.map(|at| at.text).unwrap_or_default())
    }

    /// A text without its place, empty where there is none.
    pub(crate) fn string(&mut self, name: &str) -> Decoded<String> {
        Ok(self.text(name)?.map(|at| at.text).unwrap_or_default())
    }

    pub(crate) fn bool(&mut self, name: &str) -> Decoded<bool> {
        let Some(node) = self.take(name) else { return Ok(false) };
        match scalar(node)? {
            Resolved::Bool(value) => Ok(value),
            _ => fail(format!("{name} is true or false"), node),
        }
    }

    pub(crate) fn int(&mut self, name: &str) -> Decoded<i64> {
        let Some(node) = self.take(name) else { return Ok(0) };
        match scalar(node)? {
            Resolved::Number(Number::Int(number)) => Ok(number),
            _ => fail(format!("{name} is a whole number"), node),
        }
    }

    /// A list of anything.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&'n Node) -> Decoded<T>,
    ) -> Decoded<Vec<T>> {
        let Some(node) = self.take(name) else { return Ok(Vec::new()) };
        match node.items() {
            Some(items) => items.iter().map(&mut read).collect(),
            None => fail(format!("{name} is a list"), node),
        }
    }

    pub(crate) fn texts(&mut self, name: &str) -> Decoded<Vec<At>> {
        let mode = self.mode;
        self.list(name, |node| text(node, mode, name))
    }

    pub(crate) fn strings(&mut self, name: &str) -> Decoded<Vec<String>> {
        Ok(self.texts(name)?.into_iter().map(|at| at.text).collect())
    }

    /// A mapping of texts, in the order of the keys' bytes.
    pub(crate) fn map(&mut self, name: &str) -> Decoded<Vec<(String, At)>> {
        let mode = self.mode;
        let Some(node) = self.take(name) else { return Ok(Vec::new()) };
        if !matches!(node.content, Content::Mapping { .. }) {
            return fail(format!("{name} is a mapping of texts"), node);
        }
        let fields = Self::of(node, mode, name)?;
        let mut map = Vec::with_capacity(fields.entries.len());
        for (key, value, _) in fields.entries {
            let key = key_text(key)?;
            let what = format!("{name}.{key}");
            let value = if is_null(value) { At::default() } else { text(value, mode, &what)? };
            map.push((key, value));
        }
        map.sort_by(|a: &(String, At), b| a.0.cmp(&b.0));
        Ok(map)
    }

    /// Ends the reading: a name that nobody asked for is an error in a kustomization.
    pub(crate) fn finish(self) -> Decoded<()> {
        if self.mode != Mode::Strict {
            return Ok(());
        }
        match self.entries.iter().find(|(_, _, used)| !used) {
            Some((key, _, _)) => {
                let name = key.as_text().unwrap_or("this key");
                fail(format!("{} has no field {name:?}", self.what), key)
            }
            None => Ok(()),
        }
    }
}

/// The entries of a mapping with merge keys carried out: later entries win.
fn collect<'n>(node: &'n Node, into: &mut Vec<(&'n Node, &'n Node)>) -> Decoded<()> {
    for (key, value) in node.entries().unwrap_or_default() {
        if !yaml::is_merge(key, Dialect::SigsV2) {
            into.push((key, value));
            continue;
        }
        match &value.content {
            Content::Mapping { .. } => collect(value, into)?,
            Content::Sequence { items, .. } => {
                for item in items.iter().rev() {
                    collect(item, into)?;
                }
            }
            Content::Scalar { .. } => return fail("'<<' takes a mapping or a list of mappings", value),
        }
    }
    Ok(())
}

fn key_text(key: &Node) -> Decoded<String> {
    match scalar(key)? {
        Resolved::Text | Resolved::Timestamp(_) | Resolved::Merge => {
            Ok(key.as_text().unwrap_or_default().to_owned())
        }
        Resolved::Bool(value) => Ok(value.to_string()),
        Resolved::Number(number) => Ok(number.to_yaml().unwrap_or_default()),
        Resolved::Null => fail("null can't be a key", key),
    }
}

fn scalar(node: &Node) -> Decoded<Resolved> {
    match &node.content {
        Content::Scalar { text, style } => yaml::resolve(text, *style, node.tag.as_deref(), Dialect::SigsV2)
            .map_err(|message| DecodeError { message, at: node.span.start }),
        Content::Sequence { .. } => fail("a text is expected here, not a list", node),
        Content::Mapping { .. } => fail("a text is expected here, not a mapping", node),
    }
}

/// A text. YAML 1.1 decides: `yes` and `1.0` are none, unless the mode takes them so.
pub(crate) fn text(node: &Node, mode: Mode, what: &str) -> Decoded<At> {
    let written = node.as_text().unwrap_or_default();
    let text = match scalar(node)? {
        Resolved::Text | Resolved::Timestamp(_) | Resolved::Merge => written.to_owned(),
        Resolved::Null => String::new(),
        Resolved::Bool(value) if mode == Mode::Lenient => value.to_string(),
        Resolved::Number(number) if mode == Mode::Lenient => number.to_yaml().unwrap_or_default(),
        Resolved::Bool(_) => {
            return fail(format!("{what} is a text, and {written} is read as a boolean: quote it"), node);
        }
        Resolved::Number(_) => {
            return fail(format!("{what} is a text, and {written} is read as a number: quote it"), node);
        }
    };
    let block =
        matches!(node.content, Content::Scalar { style: yaml::Style::Literal | yaml::Style::Folded, .. });
    let first_line = node.span.start.line + u32::from(block);
    Ok(At { text, at: node.span.start, first_line })
}
