//! ConfigMaps and Secrets from files, lines and literals.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kustomization::{At, GeneratorArgs, GeneratorOptions};
use crate::problem::Problem;
use crate::resource::{Behavior, Resource};
use crate::tree::{self, Mark, Node, Scalar, Style, Tag, key};

/// Reads the files that generators name.
pub(crate) trait ReadFile {
    /// The content of a file, and its number as a source.
    fn read(&self, path: &At) -> Result<(Arc<[u8]>, u32), Problem>;
}

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generated {
    ConfigMap,
    Secret,
}

impl Generated {
    fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

struct Pair {
    key: String,
    value: Vec<u8>,
    mark: Mark,
}

/// The options of a generator with those of the kustomization added.
pub(crate) fn merged_options(
    local: Option<&GeneratorOptions>,
    global: Option<&GeneratorOptions>,
) -> Option<GeneratorOptions> {
    let Some(global) = global else { return local.cloned() };
    let mut options = local.cloned().unwrap_or_default();
    let add = |mine: &mut Vec<(String, At)>, theirs: &[(String, At)]| {
        for (name, value) in theirs {
            if !mine.iter().any(|(mine, _)| mine == name) {
                mine.push((name.clone(), value.clone()));
            }
        }
        mine.sort_by(|a, b| a.0.cmp(&b.0));
    };
    add(&mut options.labels, &global.labels);
    add(&mut options.annotations, &global.annotations);
    options.disable_name_suffix_hash |= global.disable_name_suffix_hash;
    options.immutable |= global.immutable;
    Some(options)
}

/// Generates one resource. `source` is the file that holds the arguments.
pub(crate) fn generate(
    what: Generated,
    args: &GeneratorArgs,
    options: Option<&GeneratorOptions>,
    source: u32,
    files: &dyn ReadFile,
) -> Result<Resource, Problem> {
    let mark = Mark { source, line: args.line };
    if args.name.is_empty() {
        return Err(Problem::new(format!("a {} that is generated needs a name", what.kind()), mark));
    }
    let string = |text: &str| Node::Scalar(Arc::new(plain_string(text, mark)));
    let mut entries = vec![(key("apiVersion", mark), string("v1")), (key("kind", mark), string(what.kind()))];
    let mut metadata = vec![(key("name", mark), string(&args.name))];
    if !args.namespace.is_empty() {
        metadata.push((key("namespace", mark), string(&args.namespace)));
    }
    for (field, map) in
        [("labels", options.map(|o| &o.labels)), ("annotations", options.map(|o| &o.annotations))]
    {
        let map = map.filter(|map| !map.is_empty());
        if let Some(map) = map {
            let values = map
                .iter()
                .map(|(name, value)| {
                    let mark = Mark { source, line: value.at.line };
                    let value =
                        Scalar { style: Style::SingleQuoted, ..Scalar::string(value.text.as_str(), mark) };
                    (key(name, mark), Node::Scalar(Arc::new(value)))
                })
                .collect();
            metadata.push((key(field, mark), Node::mapping(values, mark)));
        }
    }
    entries.push((key("metadata", mark), Node::mapping(metadata, mark)));
    let pairs = pairs(what, args, source, files)?;
    match what {
        Generated::ConfigMap => {
            let (text, binary): (Vec<_>, Vec<_>) =
                pairs.into_iter().partition(|pair| std::str::from_utf8(&pair.value).is_ok());
            for (field, pairs) in [("data", text), ("binaryData", binary)] {
                if !pairs.is_empty() {
                    let values = pairs.iter().map(|pair| value_of(pair, field == "binaryData")).collect();
                    entries.push((key(field, mark), Node::mapping(values, mark)));
                }
            }
        }
        Generated::Secret => {
            let type_ = if args.type_.is_empty() { "Opaque" } else { &args.type_ };
            entries.push((key("type", mark), string(type_)));
            let values = pairs.iter().map(|pair| value_of(pair, true)).collect();
            entries.push((key("data", mark), Node::mapping(values, mark)));
        }
    }
    if options.is_some_and(|options| options.immutable) {
        let value = Node::Scalar(Arc::new(tree::typed("true", Tag::Bool, mark)));
        entries.push((key("immutable", mark), value));
    }
    let mut resource = Resource::new(Node::mapping(entries, mark));
    let history = resource.history_mut();
    history.generated = true;
    history.behavior = Behavior::from_name(&args.behavior);
    history.needs_hash = !options.is_some_and(|options| options.disable_name_suffix_hash);
    Ok(resource)
}

fn plain_string(text: &str, mark: Mark) -> Scalar {
    let style = if tree::tag_of(text) == Tag::Str { Style::Plain } else { Style::DoubleQuoted };
    Scalar { style, ..Scalar::string(text, mark) }
}

fn value_of(pair: &Pair, encode: bool) -> (Arc<Scalar>, Node) {
    let text =
        if encode { base64_lines(&pair.value) } else { String::from_utf8_lossy(&pair.value).into_owned() };
    let style = if text.contains('\n') { Style::Literal } else { Style::Plain };
    let value = Scalar { style, ..Scalar::string(text, pair.mark) };
    (key(&pair.key, pair.mark), Node::Scalar(Arc::new(value)))
}

/// Base64, in lines of 70 characters where there is more than one.
fn base64_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for at in (0..encoded.len()).step_by(LINE) {
        lines.push_str(&encoded[at..(at + LINE).min(encoded.len())]);
        lines.push('\n');
    }
    lines
}

/// Keys and values: first of env files, then literals, then files. No key may come twice.
fn pairs(
    what: Generated,
    args: &GeneratorArgs,
    source: u32,
    files: &dyn ReadFile,
) -> Result<Vec<Pair>, Problem> {
    let mut pairs: Vec<Pair> = Vec::new();
    for env in &args.envs {
        let (content, number) = files.read(env)?;
        env_pairs(&content, number, &mut pairs)?;
    }
    for literal in &args.literals {
        let mark = Mark { source, line: literal.at.line };
        let (name, value) =
            literal.text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                Problem::new(format!("the literal {:?} is no key=value", literal.text), mark)
            })?;
        pairs.push(Pair { key: name.to_owned(), value: unquoted(value).into(), mark });
    }
    for file in &args.files {
        let mark = Mark { source, line: file.at.line };
        let (name, path) = file_source(&file.text).map_err(|message| Problem::new(message, mark))?;
        let (content, number) = files.read(&At { text: path.to_owned(), ..file.clone() })?;
        let mark = Mark { source: number, line: 1 };
        pairs.push(Pair { key: name.to_owned(), value: content.to_vec(), mark });
    }
    pairs.sort_by(|a, b| a.key.cmp(&b.key));
    match pairs.windows(2).find(|pair| pair[0].key == pair[1].key) {
        Some(twice) => {
            let message =
                format!("the key {:?} of the {} {:?} comes twice", twice[0].key, what.kind(), args.name);
            Err(Problem::new(message, Mark { source, line: args.line }))
        }
        None => Ok(pairs),
    }
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if value.len() >= 2 && value.starts_with(quote) && value.ends_with(quote) {
            return &value[1..value.len() - 1];
        }
    }
    value
}

/// `key=path`, or a path whose last name is the key.
fn file_source(text: &str) -> Result<(&str, &str), String> {
    match text.split_once('=') {
        None => {
            let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or(text);
            Ok((if name.is_empty() { "/" } else { name }, text))
        }
        Some((_, path)) if path.contains('=') => Err(format!("{text:?} has more than one '='")),
        Some(("", _)) => Err(format!("{text:?} has no key before the '='")),
        Some((_, "")) => Err(format!("{text:?} has no path behind the '='")),
        Some((name, path)) => Ok((name, path)),
    }
}

/// Longest line of an env file: Go's scanner ends at one that is longer, without a word.
const LONGEST_LINE: usize = 64 * 1024;

fn env_pairs(content: &[u8], source: u32, pairs: &mut Vec<Pair>) -> Result<(), Problem> {
    let mut lines = content.split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        if lines.peek().is_none() && line.is_empty() || line.len() >= LONGEST_LINE {
            break;
        }
        let mark = Mark { source, line: u32::try_from(at + 1).unwrap_or(u32::MAX) };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line)
            .map_err(|_| Problem::new("this line is no UTF-8 text".to_owned(), mark))?;
        let line = if at == 0 { line.strip_prefix('\u{FEFF}').unwrap_or(line) } else { line };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        if !name.is_empty() {
            pairs.push(Pair { key: name.to_owned(), value: value.as_bytes().to_vec(), mark });
        }
    }
    Ok(())
}
