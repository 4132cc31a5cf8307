//! The tree of a parsed template. Displaying a node gives Go's text of it, which errors quote.

use std::fmt::{self, Display, Formatter};

use super::literal::Number;
use crate::functions::Function;

/// A node that an error can point at.
pub(crate) trait Located: Display {
    /// Byte offset in the template's text.
    fn position(&self) -> usize;
}

#[derive(Debug)]
pub(crate) struct List {
    pub(crate) nodes: Vec<Node>,
}

impl List {
    /// Whether the list holds nothing but space, so that a later definition of the same name may replace it.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
    }
}

#[derive(Debug)]
pub(crate) enum Node {
    Text(Box<str>),
    Action(Action),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(Invocation),
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) position: usize,
    pub(crate) pipe: Pipe,
}

/// `if`, `with` or `range`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) list: List,
    pub(crate) otherwise: Option<List>,
}

#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) position: usize,
    pub(crate) name: String,
    pub(crate) pipe: Option<Pipe>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) position: usize,
    /// `=` rather than `:=`.
    pub(crate) assigns: bool,
    pub(crate) declarations: Vec<String>,
    pub(crate) commands: Vec<Command>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) position: usize,
    pub(crate) arguments: Vec<Operand>,
}

/// A space-separated part of a command.
#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) position: usize,
    pub(crate) term: Term,
}

#[derive(Debug)]
pub(crate) enum Term {
    Bool(bool),
    Dot,
    Nil,
    Number(Number),
    /// The text with its quotes, and what it means.
    Text {
        quoted: String,
        value: Vec<u8>,
    },
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`; the name keeps its dollar.
    Variable {
        name: String,
        fields: Vec<String>,
    },
    Function(Function),
    /// A function or a parenthesised pipeline, followed by fields.
    Chain {
        base: Box<Operand>,
        fields: Vec<String>,
    },
    Pipe(Box<Pipe>),
}

impl Located for Action {
    fn position(&self) -> usize {
        self.position
    }
}

impl Located for Invocation {
    fn position(&self) -> usize {
        self.position
    }
}

impl Located for Pipe {
    fn position(&self) -> usize {
        self.position
    }
}

impl Located for Command {
    fn position(&self) -> usize {
        self.position
    }
}

impl Located for Operand {
    fn position(&self) -> usize {
        self.position
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{{}}}}}", self.pipe)
    }
}

impl Display for Invocation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", crate::format::quote::quoted(self.name.as_bytes()))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

impl Display for Pipe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.declarations.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.declarations.join(", "))?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            command.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, argument) in self.arguments.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match &argument.term {
                Term::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => argument.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Bool(value) => value.fmt(f),
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Number(number) => f.write_str(&number.text),
            Term::Text { quoted, .. } => f.write_str(quoted),
            Term::Field(fields) => write_fields(f, fields),
            Term::Variable { name, fields } => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            Term::Function(function) => f.write_str(function.name),
            Term::Chain { base, fields } => {
                match &base.term {
                    Term::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => base.fmt(f)?,
                }
                write_fields(f, fields)
            }
            Term::Pipe(pipe) => pipe.fmt(f),
        }
    }
}

fn write_fields(f: &mut Formatter<'_>, fields: &[String]) -> fmt::Result {
    fields.iter().try_for_each(|field| write!(f, ".{field}"))
}
