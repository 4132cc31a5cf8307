//! What the real server's YAML reader says of a text that is none.

use gangplank_yaml::Error;

/// Beginnings of our messages, the words of the real reader, and whether its scanner says them (it counts lines from one;
/// its parser from zero).
const WORDS: [(&str, &str, bool); 12] = [
    ("a ':' can't stand here", "mapping values are not allowed in this context", true),
    ("a ':' is missing behind this key", "could not find expected ':'", true),
    ("a tab can't indent", "found character that cannot start any token", true),
    ("the text is no YAML", "found character that cannot start any token", true),
    ("the closing quote is missing", "found unexpected end of stream", true),
    ("this escape is unknown", "found unknown escape character", true),
    ("a list item can't stand here", "block sequence entries are not allowed in this context", true),
    ("a '-' is expected", "did not find expected '-' indicator", false),
    ("a key is expected", "did not find expected key", false),
    ("a ',' or ']' is expected", "did not find expected ',' or ']'", false),
    ("a ',' or '}' is expected", "did not find expected ',' or '}'", false),
    ("a value is expected", "did not find expected node content", false),
];

/// The error in the words of the real server.
pub(crate) fn words(error: &Error) -> String {
    let line = error.at.line;
    let known = WORDS.iter().find(|(ours, ..)| error.message.starts_with(ours));
    let Some((_, theirs, scanner)) = known else { return format!("yaml: line {line}: {}", error.message) };
    let shown = match (scanner, line) {
        (true, 0 | 1) => 0,
        (true, line) => line,
        (false, 0 | 1) => error.context.map_or(0, |(_, since)| since.line.saturating_sub(1)),
        (false, line) => line - 1,
    };
    if shown == 0 { format!("yaml: {theirs}") } else { format!("yaml: line {shown}: {theirs}") }
}
