//! The Common Expression Language, as far as rules of custom resources use it.
//!
//! ```text
//!   text ──▶ lexer ──▶ parser ──▶ Expr ──▶ check (types, against a schema) ──▶ eval (against objects)
//! ```
//!
//! Expressions are parsed and checked once, with a definition, and evaluated for every object. What one can cost at most is
//! estimated when it is checked. Evaluation is bounded: it has no loops but those over values at hand, and every step
//! counts against a budget. Errors have the real server's words where they can be known: what a parser generator says of
//! broken syntax is followed for the common cases.
//!
//! Known functions: the standard library, and Kubernetes' for strings, lists, regular expressions, quantities, optional
//! values, addresses, versions and named formats.

mod ast;
mod check;
mod convert;
mod cost;
mod eval;
mod functions;
mod lexer;
mod library;
mod lists;
mod named_formats;
mod net;
mod overloads;
mod parser;
mod quantity;
mod semver;
mod text_format;
mod time;
mod types;
mod url;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use ast::Expr;
pub(crate) use check::{Scope, check};
pub(crate) use convert::{decoded_base64, duration, timestamp};
pub(crate) use cost::{Extent, estimate};
pub(crate) use eval::{Budget, Patterns, Variables, eval};
pub(crate) use parser::parse;
pub(crate) use types::{Declared, Ty};
pub(crate) use value::{Shape, Val};

/// What is wrong with an expression, and where: a place in its text, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    at: usize,
    message: String,
}

impl Issue {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// Issues as the real server shows them: each with its line, and a mark below the place.
pub(crate) fn shown(issues: &[Issue], text: &str) -> String {
    let mut out = Vec::new();
    for issue in issues {
        let before: Vec<char> = text.chars().take(issue.at).collect();
        let line = before.iter().filter(|c| **c == '\n').count();
        let column = before.iter().rev().take_while(|c| **c != '\n').count();
        let snippet = text.split('\n').nth(line).unwrap_or("");
        out.push(format!(
            "ERROR: <input>:{}:{}: {}\n | {snippet}\n | {}^",
            line + 1,
            column + 1,
            issue.message,
            ".".repeat(column)
        ));
    }
    out.join("\n")
}

/// The name by which an expression refers to a field: words of the language and characters that can't stand in a name are
/// written out. None for a name that can't be referred to.
pub(crate) fn escaped_field(name: &str) -> Option<String> {
    const WORDS: [&str; 17] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
    ];
    const MORE: [&str; 4] = ["return", "var", "void", "while"];
    if WORDS.contains(&name) || MORE.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/".contains(c)) {
        return None;
    }
    let out = name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__");
    Some(out.replace('/', "__slash__"))
}
