//! Builds the tree of a template and of those that it defines.
//!
//! The grammar, the look-ahead of three tokens and the texts of errors are Go's: an error's line is the line of the
//! token that was read last, so the order in which tokens are read matters here and is kept.

use std::collections::HashMap;

use super::ast::{Action, Branch, Command, Invocation, List, Node, Operand, Pipe, Term};
use super::lexer::{Delimiters, Keyword, Kind, Lexer, Token};
use super::literal::{self, Number};
use crate::error::ParseError;
use crate::functions::Functions;

type Result<T> = std::result::Result<T, ParseError>;

/// The trees of one text by name.
pub(crate) type Trees = HashMap<String, List>;

/// What ends a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    End,
    Else,
}

impl Closing {
    fn describe(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// A node, or what ends the list that it would have stood in.
enum Part {
    Node(Node),
    Closing(Closing),
}

pub(crate) struct Parser<'t> {
    name: &'t str,
    lexer: Lexer<'t>,
    functions: &'t Functions,
    /// Nesting of actions and parentheses that is still allowed; guards the stack of parser and executor.
    depth: usize,
    deepest: usize,
    tokens: [Token<'t>; 3],
    waiting: usize,
    trees: Trees,
    scope: Scope,
}

/// What each definition has of its own.
struct Scope {
    variables: Vec<String>,
    ranges: usize,
    action_line: usize,
}

impl Scope {
    fn new() -> Self {
        Self { variables: vec!["$".to_owned()], ranges: 0, action_line: 0 }
    }
}

/// Parses a text into trees by name; the text itself has the template's name.
pub(crate) fn parse<'t>(
    name: &'t str,
    text: &'t str,
    delimiters: &'t Delimiters,
    functions: &'t Functions,
    deepest: usize,
) -> Result<Trees> {
    let nothing = || Token { kind: Kind::End, position: 0, line: 0, text: "".into() };
    let mut parser = Parser {
        name,
        lexer: Lexer::new(text, delimiters),
        functions,
        depth: 0,
        deepest,
        tokens: [nothing(), nothing(), nothing()],
        waiting: 0,
        trees: Trees::new(),
        scope: Scope::new(),
    };
    parser.whole_text()?;
    Ok(parser.trees)
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Token<'t> {
        if self.waiting > 0 {
            self.waiting -= 1;
        } else {
            self.tokens[0] = self.lexer.next_token();
        }
        self.tokens[self.waiting].clone()
    }

    fn back_up(&mut self) {
        self.waiting += 1;
    }

    /// Backs up two tokens; the second is still in its place.
    fn back_up_two(&mut self, first: Token<'t>) {
        self.tokens[1] = first;
        self.waiting = 2;
    }

    fn back_up_three(&mut self, first: Token<'t>, second: Token<'t>) {
        self.tokens[1] = second;
        self.tokens[2] = first;
        self.waiting = 3;
    }

    fn peek(&mut self) -> &Token<'t> {
        if self.waiting == 0 {
            self.tokens[0] = self.lexer.next_token();
            self.waiting = 1;
        }
        &self.tokens[self.waiting - 1]
    }

    fn next_after_space(&mut self) -> Token<'t> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_after_space(&mut self) -> Token<'t> {
        let token = self.next_after_space();
        self.back_up();
        token
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        Err(ParseError::new(self.name, self.tokens[0].line, message))
    }

    fn unexpected<T>(&self, token: &Token<'t>, context: &str) -> Result<T> {
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {} in {context}", token.describe()));
        }
        let started = self.scope.action_line;
        if started == 0 || started == token.line {
            return self.error(token.text.to_string());
        }
        // "unclosed action started at", not "unclosed action in action started at".
        let joint = if token.text.ends_with(" action") { "" } else { " in action" };
        self.error(format!("{}{joint} started at {}:{started}", token.text, self.name))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token<'t>> {
        let token = self.next_after_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= self.deepest {
            return self.error("max expression depth exceeded");
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn add(&mut self, name: &str, tree: List) -> Result<()> {
        match self.trees.get(name) {
            Some(present) if !present.is_empty() => {
                if tree.is_empty() {
                    return Ok(());
                }
                let name = crate::format::quote::quoted(name.as_bytes());
                self.error(format!("template: multiple definition of template {name}"))
            }
            _ => {
                self.trees.insert(name.to_owned(), tree);
                Ok(())
            }
        }
    }

    fn whole_text(&mut self) -> Result<()> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::End {
            if self.peek().kind == Kind::LeftDelimiter {
                let delimiter = self.next();
                if self.next_after_space().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.back_up_two(delimiter);
            }
            match self.text_or_action()? {
                Part::Node(node) => nodes.push(node),
                Part::Closing(closing) => return self.error(format!("unexpected {}", closing.describe())),
            }
        }
        self.add(self.name, List { nodes })
    }

    fn definition(&mut self) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let token = self.next_after_space();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelimiter, CONTEXT)?;
        let (list, closing) = self.nested(Self::list)?;
        if closing != Closing::End {
            return self.error(format!("unexpected {} in {CONTEXT}", closing.describe()));
        }
        self.add(&name, list)?;
        self.scope = outer;
        Ok(())
    }

    fn list(&mut self) -> Result<(List, Closing)> {
        let mut nodes = Vec::new();
        while self.peek_after_space().kind != Kind::End {
            match self.text_or_action()? {
                Part::Node(node) => nodes.push(node),
                Part::Closing(closing) => return Ok((List { nodes }, closing)),
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Result<Part> {
        let token = self.next_after_space();
        match token.kind {
            Kind::Text => Ok(Part::Node(Node::Text(token.text.as_ref().into()))),
            Kind::LeftDelimiter => {
                self.scope.action_line = token.line;
                let part = self.action();
                self.scope.action_line = 0;
                part
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Result<Part> {
        let token = self.next_after_space();
        let node = match token.kind {
            Kind::Keyword(Keyword::Block) => self.nested(Self::block)?,
            Kind::Keyword(Keyword::Break) => self.loop_control("{{break}}", Node::Break)?,
            Kind::Keyword(Keyword::Continue) => self.loop_control("{{continue}}", Node::Continue)?,
            Kind::Keyword(Keyword::Else) => {
                // "else if" and "else with" leave the second word to whoever opened the first.
                let next = self.peek_after_space().kind;
                if !matches!(next, Kind::Keyword(Keyword::If | Keyword::With)) {
                    self.expect(Kind::RightDelimiter, "else")?;
                }
                return Ok(Part::Closing(Closing::Else));
            }
            Kind::Keyword(Keyword::End) => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Part::Closing(Closing::End));
            }
            Kind::Keyword(Keyword::If) => self.nested(|parser| parser.branch(Keyword::If))?,
            Kind::Keyword(Keyword::Range) => self.nested(|parser| parser.branch(Keyword::Range))?,
            Kind::Keyword(Keyword::With) => self.nested(|parser| parser.branch(Keyword::With))?,
            Kind::Keyword(Keyword::Template) => self.invocation()?,
            _ => {
                self.back_up();
                let position = self.peek().position;
                // Variables persist until the enclosing end.
                let pipe = self.pipeline("command", Kind::RightDelimiter)?;
                Node::Action(Action { position, pipe })
            }
        };
        Ok(Part::Node(node))
    }

    fn loop_control(&mut self, context: &str, node: Node) -> Result<Node> {
        let token = self.next_after_space();
        if token.kind != Kind::RightDelimiter {
            return self.unexpected(&token, context);
        }
        if self.scope.ranges == 0 {
            return self.error(format!("{context} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn branch(&mut self, keyword: Keyword) -> Result<Node> {
        let context = match keyword {
            Keyword::Range => "range",
            Keyword::With => "with",
            _ => "if",
        };
        let variables = self.scope.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelimiter)?;
        let is_range = usize::from(keyword == Keyword::Range);
        self.scope.ranges += is_range;
        let (list, closing) = self.list()?;
        self.scope.ranges -= is_range;
        let otherwise = match closing {
            Closing::End => None,
            Closing::Else => Some(self.otherwise(keyword)?),
        };
        self.scope.variables.truncate(variables);
        let branch = Branch { pipe, list, otherwise };
        Ok(match keyword {
            Keyword::Range => Node::Range(branch),
            Keyword::With => Node::With(branch),
            _ => Node::If(branch),
        })
    }

    fn otherwise(&mut self, keyword: Keyword) -> Result<List> {
        let next = self.peek().kind;
        if keyword != Keyword::Range && next == Kind::Keyword(keyword) {
            self.next();
            // The end of the inner one ends the outer one too.
            let inner = self.nested(|parser| parser.branch(keyword))?;
            return Ok(List { nodes: vec![inner] });
        }
        let (list, closing) = self.list()?;
        match closing {
            Closing::End => Ok(list),
            Closing::Else => self.error(format!("expected end; found {}", closing.describe())),
        }
    }

    fn block(&mut self) -> Result<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_after_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelimiter)?;
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let (list, closing) = self.list()?;
        if closing != Closing::End {
            return self.error(format!("unexpected {} in {CONTEXT}", closing.describe()));
        }
        self.add(&name, list)?;
        self.scope = outer;
        Ok(Node::Template(Invocation { position: token.position, name, pipe: Some(pipe) }))
    }

    fn invocation(&mut self) -> Result<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_after_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = if self.next_after_space().kind == Kind::RightDelimiter {
            None
        } else {
            self.back_up();
            Some(self.pipeline(CONTEXT, Kind::RightDelimiter)?)
        };
        Ok(Node::Template(Invocation { position: token.position, name, pipe }))
    }

    fn template_name(&mut self, token: &Token<'t>, context: &str) -> Result<String> {
        match token.kind {
            Kind::String | Kind::RawString => {
                let name = self.unquoted(token)?;
                Ok(String::from_utf8_lossy(&name).into_owned())
            }
            _ => self.unexpected(token, context),
        }
    }

    fn unquoted(&self, token: &Token<'t>) -> Result<Vec<u8>> {
        match literal::unquote(&token.text) {
            Some(text) => Ok(text),
            None => self.error("invalid syntax"),
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        let position = self.peek_after_space().position;
        let mut pipe = Pipe { position, assigns: false, declarations: Vec::new(), commands: Vec::new() };
        self.declarations(context, &mut pipe)?;
        loop {
            let token = self.next_after_space();
            match token.kind {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Keyword(Keyword::Nil)
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParenthesis => {
                    self.back_up();
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
    }

    fn declarations(&mut self, context: &str, pipe: &mut Pipe) -> Result<()> {
        loop {
            let variable = self.peek_after_space();
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            self.next();
            // Spaces are tokens: whether "$x foo" declares is known only after three of them.
            let adjacent = self.peek().clone();
            let next = self.peek_after_space();
            let is_comma = next.kind == Kind::Char && next.text == ",";
            if !is_comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                if adjacent.kind == Kind::Space {
                    self.back_up_three(variable, adjacent);
                } else {
                    self.back_up_two(variable);
                }
                return Ok(());
            }
            self.next_after_space();
            let name = variable.text.into_owned();
            self.scope.variables.push(name.clone());
            pipe.declarations.push(name);
            if !is_comma {
                pipe.assigns = next.kind == Kind::Assign;
                return Ok(());
            }
            if context != "range" || pipe.declarations.len() > 1 {
                return self.error(format!("too many declarations in {context}"));
            }
            let follows = self.peek_after_space().kind;
            if !matches!(follows, Kind::Variable | Kind::RightDelimiter | Kind::RightParenthesis) {
                return self.error("range can only initialize variables");
            }
        }
    }

    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Result<()> {
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        let not_executable = pipe.commands.iter().skip(1).position(|command| {
            let first = command.arguments.first().map(|operand| &operand.term);
            matches!(first, Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text { .. }))
        });
        match not_executable {
            Some(index) => self.error(format!("non executable command in pipeline stage {}", index + 2)),
            None => Ok(()),
        }
    }

    fn command(&mut self) -> Result<Command> {
        let position = self.peek_after_space().position;
        let mut arguments = Vec::new();
        loop {
            self.peek_after_space();
            if let Some(operand) = self.operand()? {
                arguments.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelimiter | Kind::RightParenthesis => self.back_up(),
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if arguments.is_empty() {
            return self.error("empty command");
        }
        Ok(Command { position, arguments })
    }

    fn operand(&mut self) -> Result<Option<Operand>> {
        let Some(operand) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(operand));
        }
        let position = self.peek().position;
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            fields.push(self.next().text[1..].to_owned());
        }
        let term = match operand.term {
            Term::Field(mut before) => {
                before.append(&mut fields);
                Term::Field(before)
            }
            Term::Variable { name, fields: mut before } => {
                before.append(&mut fields);
                Term::Variable { name, fields: before }
            }
            Term::Bool(_) | Term::Text { .. } | Term::Number(_) | Term::Nil | Term::Dot => {
                let text = crate::format::quote::quoted(operand.to_string().as_bytes());
                return self.error(format!("unexpected . after term {text}"));
            }
            _ => Term::Chain { base: Box::new(operand), fields },
        };
        Ok(Some(Operand { position, term }))
    }

    fn term(&mut self) -> Result<Option<Operand>> {
        let token = self.next_after_space();
        let term = match token.kind {
            Kind::Identifier => match self.functions.get(&token.text) {
                Some(function) => Term::Function(function),
                None => {
                    let name = crate::format::quote::quoted(token.text.as_bytes());
                    return self.error(format!("function {name} not defined"));
                }
            },
            Kind::Dot => Term::Dot,
            Kind::Keyword(Keyword::Nil) => Term::Nil,
            Kind::Variable => {
                if !self.scope.variables.iter().any(|name| *name == token.text) {
                    let name = crate::format::quote::quoted(token.text.as_bytes());
                    return self.error(format!("undefined variable {name}"));
                }
                Term::Variable { name: token.text.to_string(), fields: Vec::new() }
            }
            Kind::Field => Term::Field(vec![token.text[1..].to_owned()]),
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::CharConstant => self.number(Number::character(&token.text))?,
            Kind::Complex => self.number(Number::complex(&token.text))?,
            Kind::Number => self.number(Number::plain(&token.text))?,
            Kind::LeftParenthesis => {
                let pipe =
                    self.nested(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParenthesis))?;
                return Ok(Some(Operand { position: pipe.position, term: Term::Pipe(Box::new(pipe)) }));
            }
            Kind::String | Kind::RawString => {
                let value = self.unquoted(&token)?;
                Term::Text { quoted: token.text.to_string(), value }
            }
            _ => {
                self.back_up();
                return Ok(None);
            }
        };
        Ok(Some(Operand { position: token.position, term }))
    }

    fn number(&self, number: std::result::Result<Number, String>) -> Result<Term> {
        match number {
            Ok(number) => Ok(Term::Number(number)),
            Err(message) => self.error(message),
        }
    }
}
