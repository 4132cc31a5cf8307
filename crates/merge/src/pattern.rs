//! Patterns in Go's syntax (RE2), matched by Rust's engine.
//!
//! Both engines are linear and nearly of one syntax. What differs is translated: Go's `\d`, `\w`, `\s`, `\b` are ASCII, its
//! classes know neither nesting nor operators, and `\z`, `\Q…\E` are its own.

use regex::Regex;

/// A pattern and what it compiles to; none for one that Go would refuse as well.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: Box<str>,
    compiled: Option<Regex>,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), compiled: compile(text).ok() }
    }

    /// Whether a text has a part that matches. A pattern that can't be compiled matches nothing.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.compiled.as_ref().is_some_and(|compiled| compiled.is_match(text))
    }
}

/// Compiles a pattern of Go's syntax.
pub(crate) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&translated(pattern))
}

/// A compile error in Go's words, as far as they are the same: what is wrong and the pattern.
pub(crate) fn go_error(pattern: &str, error: &regex::Error) -> String {
    let text = error.to_string();
    let words = [
        ("unclosed group", "missing closing )"),
        ("unopened group", "unexpected )"),
        ("unclosed character class", "missing closing ]"),
        ("repetition operator missing expression", "missing argument to repetition operator"),
        ("look-around", "invalid or unsupported Perl syntax"),
        ("unrecognized escape sequence", "invalid escape sequence"),
        ("invalid character class range", "invalid character class range"),
    ];
    let what =
        words.iter().find(|(ours, _)| text.contains(ours)).map_or("invalid regular expression", |(_, go)| go);
    let part = match what {
        "missing argument to repetition operator" => pattern.get(..1).unwrap_or(pattern),
        "missing closing ]" => pattern.find('[').map_or(pattern, |at| &pattern[at..]),
        "invalid or unsupported Perl syntax" => {
            pattern.find("(?").and_then(|at| pattern.get(at..at + 3)).unwrap_or(pattern)
        }
        _ => pattern,
    };
    format!("error parsing regexp: {what}: `{part}`")
}

fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    // Inside a class, and whether it has begun (a first `]` is literal).
    let mut class: Option<bool> = None;
    while let Some(c) = rest.next() {
        match (c, class) {
            ('\\', _) => escaped(rest.next(), &mut rest, class.is_some(), &mut out),
            ('[', None) => {
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                class = Some(false);
                continue;
            }
            ('[', Some(_)) if rest.peek() == Some(&':') => {
                // A named class such as [:alpha:] is the same in both.
                out.push('[');
                for c in rest.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            (']', Some(false)) => out.push_str("\\]"),
            (']', Some(true)) => {
                out.push(']');
                class = None;
                continue;
            }
            ('[' | '&' | '~', Some(_)) => {
                out.push('\\');
                out.push(c);
            }
            (c, _) => out.push(c),
        }
        class = class.map(|_| true);
    }
    out
}

fn escaped(
    c: Option<char>,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    in_class: bool,
    out: &mut String,
) {
    match c {
        Some('d') => out.push_str("[0-9]"),
        Some('D') => out.push_str("[^0-9]"),
        Some('w') => out.push_str("[0-9A-Za-z_]"),
        Some('W') => out.push_str("[^0-9A-Za-z_]"),
        Some('s') => out.push_str("[\\t\\n\\f\\r ]"),
        Some('S') => out.push_str("[^\\t\\n\\f\\r ]"),
        Some(boundary @ ('b' | 'B')) if !in_class => {
            out.push_str("(?-u:\\");
            out.push(boundary);
            out.push(')');
        }
        Some('Q') if !in_class => {
            let mut literal: String = rest.by_ref().collect();
            let after = literal.find("\\E").map(|at| literal.split_off(at));
            out.push_str(&regex::escape(&literal));
            if let Some(after) = after {
                out.push_str(&translated(&after["\\E".len()..]));
            }
        }
        Some(other) => {
            out.push('\\');
            out.push(other);
        }
        None => out.push('\\'),
    }
}
