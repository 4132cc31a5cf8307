//! From a template's text to its tree: [`lexer`], [`parser`], [`ast`], and [`literal`]s.

pub(crate) mod ast;
pub(crate) mod lexer;
pub(crate) mod literal;
pub(crate) mod parser;
