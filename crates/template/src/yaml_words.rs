//! What Go's YAML reader says of a text that is no YAML, for errors that stand in events and in rendered text.
//!
//! Our own reader explains better, but those who look for `mapping values are not allowed` must find it.

use gangplank_yaml::Error;

/// Who notices an error in libyaml: its scanner counts lines from one, its parser from zero.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Scanner,
    Parser,
    /// After reading: without a line.
    Composer,
}

/// Beginnings of our messages, and Go's words for them.
const WORDS: &[(&str, &str, Stage)] = &[
    ("a ':' can't stand here", "mapping values are not allowed in this context", Stage::Scanner),
    ("a mapping key can't stand here", "mapping keys are not allowed in this context", Stage::Scanner),
    ("a ':' is missing behind this key", "could not find expected ':'", Stage::Scanner),
    ("a tab can't indent", "found character that cannot start any token", Stage::Scanner),
    ("the text is no YAML", "found character that cannot start any token", Stage::Scanner),
    ("the closing quote is missing", "found unexpected end of stream", Stage::Scanner),
    ("a document marker stands inside", "found unexpected document indicator", Stage::Scanner),
    ("this escape is unknown", "found unknown escape character", Stage::Scanner),
    ("this escape takes", "did not find expected hexdecimal number", Stage::Scanner),
    ("only a comment may follow", "did not find expected comment or line break", Stage::Scanner),
    ("the directive %", "could not find expected directive name", Stage::Scanner),
    ("a list item can't stand here: is it", "did not find expected node content", Stage::Parser),
    (
        "a list item can't stand here",
        "block sequence entries are not allowed in this context",
        Stage::Scanner,
    ),
    ("a '-' is expected", "did not find expected '-' indicator", Stage::Parser),
    ("a key is expected", "did not find expected key", Stage::Parser),
    ("a ',' or ']' is expected", "did not find expected ',' or ']'", Stage::Parser),
    ("a ',' or '}' is expected", "did not find expected ',' or '}'", Stage::Parser),
    ("a value is expected", "did not find expected node content", Stage::Parser),
    ("the document ended above", "did not find expected <document start>", Stage::Parser),
    ("the aliases swell", "document contains excessive aliasing", Stage::Composer),
];

/// Go's error of reading YAML into JSON.
pub(crate) fn conversion_error(error: &Error) -> String {
    let reason = if error.message.starts_with("JSON has no number") {
        let sign = if error.message.contains("-.") { "-" } else { "+" };
        let value = if error.message.to_lowercase().contains("nan") {
            "NaN".to_owned()
        } else {
            format!("{sign}Inf")
        };
        format!("json: unsupported value: {value}")
    } else {
        format!("yaml: {}", words(error))
    };
    format!("error converting YAML to JSON: {reason}")
}

fn words(error: &Error) -> String {
    if let Some(anchor) = error.message.strip_prefix("no anchor &") {
        return format!("unknown anchor '{}' referenced", anchor.split(' ').next().unwrap_or_default());
    }
    let known = WORDS.iter().find(|(ours, ..)| error.message.starts_with(ours));
    let Some((_, theirs, stage)) = known else {
        return format!("line {}: {}", error.at.line, error.message);
    };
    let line = match stage {
        Stage::Scanner if error.at.line > 1 => error.at.line,
        Stage::Parser if error.at.line > 1 => error.at.line - 1,
        Stage::Parser => error.context.map_or(0, |(_, since)| since.line.saturating_sub(1)),
        Stage::Scanner | Stage::Composer => 0,
    };
    if line == 0 { (*theirs).to_owned() } else { format!("line {line}: {theirs}") }
}
