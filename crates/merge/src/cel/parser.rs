//! Tokens become expressions.

use super::Issue;
use super::ast::{Expr, Kind, Loop, LoopKind};
use super::lexer::{Placed, Token, tokens};

/// Nested deeper than this an expression is refused.
const MAX_DEPTH: usize = 250;

/// What may start an expression, in the words of the real server's parser.
const STARTS: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const RESERVED: [&str; 16] = [
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
    "return",
    "var",
    "void",
];

/// Parses an expression.
pub(crate) fn parse(text: &str) -> Result<Expr, Vec<Issue>> {
    let text: Vec<char> = text.chars().collect();
    let (tokens, mut issues) = tokens(&text);
    let mut parser = Parser { text, tokens, next: 0, depth: 0 };
    match parser.whole() {
        Ok(expr) if issues.is_empty() => return Ok(expr),
        Ok(_) => {}
        Err(issue) => issues.push(issue),
    }
    issues.sort_by_key(|issue| issue.at);
    Err(issues)
}

struct Parser {
    text: Vec<char>,
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

type Parsed = Result<Expr, Issue>;

impl Parser {
    fn whole(&mut self) -> Parsed {
        let expr = self.expression()?;
        match self.peek().token {
            Token::End => Ok(expr),
            _ => {
                // One token too many is told apart from several.
                let last = self.next + 2 == self.tokens.len();
                let what = if last { "extraneous" } else { "mismatched" };
                let Placed { at, text, .. } = self.peek();
                Err(Issue::new(*at, format!("Syntax error: {what} input '{text}' expecting <EOF>")))
            }
        }
    }

    fn peek(&self) -> &Placed {
        // The last token is the end, which is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn at(&self) -> usize {
        self.peek().at
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek().token, Token::Sign(found) if found == sign)
    }

    fn take(&mut self, sign: &str) -> Option<usize> {
        let found = self.is(sign).then(|| self.at());
        self.next += usize::from(found.is_some());
        found
    }

    fn expect(&mut self, sign: &str) -> Result<usize, Issue> {
        let Placed { at, text, token } = self.peek();
        let message = match token {
            // Behind a bracket an expression may end, so that only the bracket is missing.
            Token::End if sign == ")" || sign == "]" => {
                format!("Syntax error: missing '{sign}' at '{text}'")
            }
            _ => format!("Syntax error: mismatched input '{text}' expecting '{sign}'"),
        };
        let issue = Issue::new(*at, message);
        self.take(sign).ok_or(issue)
    }

    /// The sign that ends a list, where a comma could stand as well.
    fn close(&mut self, sign: &str) -> Result<usize, Issue> {
        let Placed { at, text, .. } = self.peek();
        let message = format!("Syntax error: mismatched input '{text}' expecting {{'{sign}', ','}}");
        let issue = Issue::new(*at, message);
        self.take(sign).ok_or(issue)
    }

    /// `condition ? one : other`, and everything that binds tighter.
    fn expression(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Issue::new(self.at(), format!("expression recursion limit exceeded: {MAX_DEPTH}")));
        }
        let condition = self.binary(0)?;
        let expr = match self.take("?") {
            None => condition,
            Some(at) => {
                let one = self.binary(0)?;
                self.expect(":")?;
                let other = self.expression()?;
                call(at, "_?_:_", vec![condition, one, other])
            }
        };
        self.depth -= 1;
        Ok(expr)
    }

    /// An expression of operators that bind at least as tight as a level: each operator takes what binds tighter behind
    /// it, so that only what stands in brackets nests.
    fn binary(&mut self, loosest: usize) -> Parsed {
        let mut left = self.unary()?;
        while let Some((level, function)) = self.operator().filter(|(level, _)| *level >= loosest) {
            let at = self.at();
            self.next += 1;
            let right = self.binary(level + 1)?;
            left = bounded(call(at, function, vec![left, right]))?;
        }
        Ok(left)
    }

    /// The operator that is next, and how tight it binds.
    fn operator(&self) -> Option<(usize, &'static str)> {
        const OPERATORS: [(&str, usize, &str); 14] = [
            ("||", 0, "_||_"),
            ("&&", 1, "_&&_"),
            ("==", 2, "_==_"),
            ("!=", 2, "_!=_"),
            ("<=", 2, "_<=_"),
            (">=", 2, "_>=_"),
            ("<", 2, "_<_"),
            (">", 2, "_>_"),
            ("in", 2, "@in"),
            ("+", 3, "_+_"),
            ("-", 3, "_-_"),
            ("*", 4, "_*_"),
            ("/", 4, "_/_"),
            ("%", 4, "_%_"),
        ];
        let sign = match &self.peek().token {
            Token::Sign(sign) => sign,
            Token::Name(name) => name.as_str(),
            _ => return None,
        };
        OPERATORS.iter().find(|(known, ..)| *known == sign).map(|(_, level, function)| (*level, *function))
    }

    fn unary(&mut self) -> Parsed {
        for (sign, function) in [("!", "!_"), ("-", "-_")] {
            if let Some(at) = self.take(sign) {
                if sign == "-" {
                    // A minus before a number is part of it.
                    let number = match self.peek().token {
                        Token::Int(value) => Some(Kind::Int(-value)),
                        Token::IntBeyond => Some(Kind::Int(i64::MIN)),
                        Token::Double(value) => Some(Kind::Double(-value)),
                        _ => None,
                    };
                    if let Some(kind) = number {
                        self.next += 1;
                        return self.members(Expr::new(at, kind));
                    }
                }
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Issue::new(at, format!("expression recursion limit exceeded: {MAX_DEPTH}")));
                }
                let operand = self.unary()?;
                self.depth -= 1;
                return Ok(call(at, function, vec![operand]));
            }
        }
        let primary = self.primary()?;
        self.members(primary)
    }

    /// `.field`, `.method(…)`, `[index]`, again and again.
    fn members(&mut self, mut operand: Expr) -> Parsed {
        loop {
            if let Some(at) = self.take(".") {
                let optional = self.take("?").is_some();
                let Token::Name(name) = self.peek().token.clone() else {
                    let Placed { at: here, token, text } = self.peek();
                    let between: String = self.text[at..*here].iter().collect();
                    let text = if *token == Token::End { "" } else { text };
                    let message = format!("Syntax error: no viable alternative at input '{between}{text}'");
                    return Err(Issue::new(*here, message));
                };
                self.next += 1;
                operand = match self.take("(") {
                    Some(open) if !optional => {
                        let arguments = self.list(")")?;
                        method(open, operand, name, arguments)?
                    }
                    _ => {
                        let operand = Box::new(operand);
                        Expr::new(at, Kind::Select { operand, field: name, test: false, optional })
                    }
                };
                operand = bounded(operand)?;
            } else if let Some(at) = self.take("[") {
                let optional = self.take("?").is_some();
                let index = self.expression()?;
                self.expect("]")?;
                operand = bounded(call(at, if optional { "_[?_]" } else { "_[_]" }, vec![operand, index]))?;
            } else {
                return Ok(operand);
            }
        }
    }

    /// Expressions up to a closing sign.
    fn list(&mut self, close: &str) -> Result<Vec<Expr>, Issue> {
        let mut out = Vec::new();
        if self.take(close).is_some() {
            return Ok(out);
        }
        loop {
            out.push(self.expression()?);
            if self.take(",").is_none() {
                if close == ")" {
                    self.expect(close)?;
                } else {
                    self.close(close)?;
                }
                return Ok(out);
            }
            // Lists may end with a comma.
            if close == "]" && self.take(close).is_some() {
                return Ok(out);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let Placed { at, token, text } = self.peek().clone();
        let literal = |kind| Ok(Expr::new(at, kind));
        self.next += 1;
        match token {
            Token::Int(value) => literal(Kind::Int(value)),
            Token::IntBeyond => Err(Issue::new(at, "invalid int literal")),
            Token::Uint(value) => literal(Kind::Uint(value)),
            Token::Double(value) => literal(Kind::Double(value)),
            Token::Text(value) => literal(Kind::Text(value)),
            Token::Bytes(value) => literal(Kind::Bytes(value)),
            Token::Name(name) => match name.as_str() {
                "true" => literal(Kind::Bool(true)),
                "false" => literal(Kind::Bool(false)),
                "null" => literal(Kind::Null),
                "in" => Err(unexpected(at, &text)),
                reserved if RESERVED.contains(&reserved) => {
                    Err(Issue::new(at, format!("reserved identifier: {reserved}")))
                }
                _ => match self.take("(") {
                    None => literal(Kind::Name(name)),
                    Some(open) => {
                        let arguments = self.list(")")?;
                        function(open, name, arguments)
                    }
                },
            },
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                let elements = self.list("]")?;
                literal(Kind::List(elements))
            }
            Token::Sign("{") => self.map(at),
            // A name from the root, which is where names are sought anyway.
            Token::Sign(".") => self.primary(),
            Token::Sign(_) | Token::End => Err(unexpected(at, &text)),
        }
    }

    fn map(&mut self, at: usize) -> Parsed {
        let mut entries = Vec::new();
        while self.take("}").is_none() {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            if self.take(",").is_none() {
                self.close("}")?;
                break;
            }
        }
        Ok(Expr::new(at, Kind::Map(entries)))
    }
}

/// Refuses what is too deep to be walked through.
fn bounded(expr: Expr) -> Parsed {
    if expr.depth > MAX_DEPTH {
        return Err(Issue::new(expr.at, format!("expression recursion limit exceeded: {MAX_DEPTH}")));
    }
    Ok(expr)
}

fn unexpected(at: usize, text: &str) -> Issue {
    Issue::new(at, format!("Syntax error: mismatched input '{text}' expecting {STARTS}"))
}

fn call(at: usize, name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::new(at, Kind::Call { target: None, name: name.to_owned(), arguments })
}

/// A function without a target, or the macro `has`.
fn function(at: usize, name: String, mut arguments: Vec<Expr>) -> Parsed {
    if name == "has" && arguments.len() == 1 {
        let argument = arguments.remove(0);
        return match argument.kind {
            Kind::Select { operand, field, optional: false, .. } => {
                Ok(Expr::new(at, Kind::Select { operand, field, test: true, optional: false }))
            }
            _ => Err(Issue::new(argument.at, "invalid argument to has() macro")),
        };
    }
    Ok(Expr::new(at, Kind::Call { target: None, name, arguments }))
}

/// A method, or one of the macros that loop.
fn method(at: usize, target: Expr, name: String, mut arguments: Vec<Expr>) -> Parsed {
    let (kind, variables) = match (name.as_str(), arguments.len()) {
        ("all", count @ (2 | 3)) => (LoopKind::All, count - 1),
        ("exists", count @ (2 | 3)) => (LoopKind::Exists, count - 1),
        ("exists_one" | "existsOne", count @ (2 | 3)) => (LoopKind::ExistsOne, count - 1),
        ("map", 2 | 3) => (LoopKind::Map, 1),
        ("filter", 2) => (LoopKind::Filter, 1),
        ("transformList", 3 | 4) => (LoopKind::TransformList, 2),
        ("transformMap", 3 | 4) => (LoopKind::TransformMap, 2),
        ("transformMapEntry", 3 | 4) => (LoopKind::TransformMapEntry, 2),
        ("sortBy", 2) => (LoopKind::SortBy, 1),
        ("optMap", 2) => (LoopKind::OptionalMap, 1),
        ("optFlatMap", 2) => (LoopKind::OptionalFlatMap, 1),
        _ => return Ok(Expr::new(at, Kind::Call { target: Some(Box::new(target)), name, arguments })),
    };
    let mut names = Vec::with_capacity(variables);
    for argument in arguments.drain(..variables) {
        match argument.kind {
            Kind::Name(name) => names.push(name),
            _ => return Err(Issue::new(argument.at, "argument must be a simple name")),
        }
    }
    let mut names = names.into_iter();
    let variable = names.next().unwrap_or_default();
    let filter = (arguments.len() == 2).then(|| arguments.remove(0));
    let body = arguments.remove(0);
    let inner = Loop { kind, range: target, variable, second: names.next(), filter, body };
    Ok(Expr::new(at, Kind::Loop(Box::new(inner))))
}
