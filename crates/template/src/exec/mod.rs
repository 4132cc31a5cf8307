//! Runs a template: walks the tree, writes the output, and says exactly where it stopped.
//!
//! An error points at the node that was looked at last (`at`), as in Go; so the order of looking is part of the rules.
//! Whether a value came out of a collection of anything (`boxed`) shows only in errors and in what nil means:
//!
//! | nil is … | from | `.x` of it |
//! |---|---|---|
//! | boxed | an element of a map or slice | `nil pointer evaluating interface {}.x` |
//! | not boxed | a missing key, a function, a pipeline | no value; with `missingkey=error` an error |

mod arguments;
mod evaluate;

use crate::error::{ExecutionError, Message, Place};
use crate::format;
use crate::limits::{Budget, Environment};
use crate::parse::ast::{Branch, Invocation, List, Located, Node};
use crate::template::{MissingKey, Template};
use crate::value::{Element, Value};

/// A value and whether it is known only as an element of a collection of anything.
#[derive(Clone, Default)]
pub(crate) struct Item {
    pub(crate) value: Value,
    pub(crate) boxed: bool,
}

impl Item {
    fn plain(value: Value) -> Self {
        Self { value, boxed: false }
    }

    fn element(value: Value, element: Element) -> Self {
        Self { value, boxed: element == Element::Any }
    }

    /// Go's name of the type, the way it stands in errors about fields.
    fn type_name(&self) -> &'static str {
        if self.boxed { "interface {}" } else { self.value.type_name() }
    }
}

/// How a list of nodes was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Normal,
    Break,
    Continue,
}

/// A failure on its way out. Boxed, so that the ordinary way stays cheap.
type Failure = Box<ExecutionError>;
type Result<T> = std::result::Result<T, Failure>;

pub(crate) struct Executor<'t, 'e> {
    template: &'t Template,
    environment: &'e mut Environment,
    budget: Budget,
    out: Vec<u8>,
    /// The node that an error would point at.
    at: Option<&'t dyn Located>,
    /// Name of the definition that runs.
    executing: &'t str,
    variables: Vec<(&'t str, Item)>,
    depth: usize,
}

/// Executes the tree that has the template's own name.
pub(crate) fn execute(
    template: &Template,
    root: &Value,
    environment: &mut Environment,
) -> std::result::Result<Vec<u8>, ExecutionError> {
    let root = Item::plain(root.clone());
    let mut executor = Executor {
        template,
        environment,
        budget: Budget::new(&template.limits),
        out: Vec::new(),
        at: None,
        executing: &template.name,
        variables: vec![("$", root.clone())],
        depth: 0,
    };
    let list = template.trees.get(&template.name);
    let result = match list {
        Some(list) => executor.walk_list(&root, list),
        None => {
            let name = format::quote::quoted(template.name.as_bytes());
            executor.fail(format!("{name} is an incomplete or empty template"))
        }
    };
    match result {
        Ok(_) => Ok(executor.out),
        Err(failure) => Err(*failure),
    }
}

impl<'t> Executor<'t, '_> {
    fn look_at(&mut self, node: &'t dyn Located) {
        self.at = Some(node);
    }

    fn fail<T>(&self, message: impl Into<Message>) -> Result<T> {
        let text = &*self.template.text;
        let place = self.at.map(|node| {
            let before = &text[..node.position().min(text.len())];
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            Place {
                line: 1 + before.matches('\n').count(),
                column: before.len() - line_start,
                node: node.to_string(),
            }
        });
        Err(Box::new(ExecutionError {
            name: self.template.name.clone(),
            place,
            executing: self.executing.to_owned(),
            message: message.into().allow(text),
        }))
    }

    fn or_fail<T>(&self, result: std::result::Result<T, Message>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(message) => self.fail(message),
        }
    }

    fn step(&mut self) -> Result<()> {
        let spent = self.budget.spend_steps(1);
        self.or_fail(spent)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.out.len() + bytes.len() > self.template.limits.output.min(format::CEILING) {
            return self.fail("the output is longer than allowed");
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn walk_list(&mut self, dot: &Item, list: &'t List) -> Result<Flow> {
        for node in &list.nodes {
            let flow = self.walk(dot, node)?;
            if flow != Flow::Normal {
                return Ok(flow);
            }
        }
        Ok(Flow::Normal)
    }

    fn walk(&mut self, dot: &Item, node: &'t Node) -> Result<Flow> {
        self.step()?;
        match node {
            Node::Text(text) => self.write(text.as_bytes())?,
            Node::Action(action) => {
                self.look_at(action);
                let value = self.pipeline(dot, &action.pipe)?;
                if action.pipe.declarations.is_empty() {
                    self.look_at(action);
                    self.print(&value)?;
                }
            }
            Node::If(branch) => return self.walk_choice(dot, branch, false),
            Node::With(branch) => return self.walk_choice(dot, branch, true),
            Node::Range(branch) => return self.walk_range(dot, branch),
            Node::Template(invocation) => self.walk_template(dot, invocation)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Normal)
    }

    fn print(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Nil => self.write(b"<no value>"),
            Value::String(text) => self.write(text),
            other => {
                // Straight into the output: a copy would double what a large value costs.
                format::display(&mut self.out, other);
                self.write(b"")
            }
        }
    }

    fn walk_choice(&mut self, dot: &Item, branch: &'t Branch, moves_dot: bool) -> Result<Flow> {
        let mark = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let flow = if value.is_true() {
            if moves_dot {
                self.walk_list(&Item::plain(value), &branch.list)
            } else {
                self.walk_list(dot, &branch.list)
            }
        } else {
            match &branch.otherwise {
                Some(otherwise) => self.walk_list(dot, otherwise),
                None => Ok(Flow::Normal),
            }
        };
        self.variables.truncate(mark);
        flow
    }

    fn walk_range(&mut self, dot: &Item, branch: &'t Branch) -> Result<Flow> {
        let mark = self.variables.len();
        let over = self.pipeline(dot, &branch.pipe)?;
        let mut ran = false;
        match &over {
            Value::Nil => {}
            Value::Int(_) | Value::Int64(_) | Value::Uint8(_) | Value::Uint32(_) | Value::Uint64(_) => {
                if branch.pipe.declarations.len() > 1 {
                    let number = format::to_text(&over);
                    return self.fail(
                        Message::new("can't use ")
                            .data(number)
                            .words(" to iterate over more than one variable"),
                    );
                }
                for number in counted(&over) {
                    ran = true;
                    if self.iterate(&Item::default(), &Item::plain(number), branch)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::List(list) => {
                for (index, item) in list.items().iter().enumerate() {
                    ran = true;
                    let index = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    let item = Item::element(item.clone(), list.element());
                    if self.iterate(&Item::plain(index), &item, branch)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, item) in map.entries() {
                    ran = true;
                    let item = Item::element(item, map.element());
                    if self.iterate(&Item::plain(Value::String(key)), &item, branch)? == Flow::Break {
                        break;
                    }
                }
            }
            other => {
                let shown = format::to_text(other);
                return self.fail(Message::new("range can't iterate over ").data(shown));
            }
        }
        // What ended the loop ends nothing outside of it; "else" stands outside.
        let flow = match &branch.otherwise {
            Some(otherwise) if !ran => self.walk_list(dot, otherwise)?,
            _ => Flow::Normal,
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn iterate(&mut self, index: &Item, item: &Item, branch: &'t Branch) -> Result<Flow> {
        self.step()?;
        let pipe = &branch.pipe;
        let mark = self.variables.len();
        let values = if pipe.declarations.len() > 1 { [index, item] } else { [item, item] };
        for (position, name) in pipe.declarations.iter().enumerate() {
            let value = values[position.min(1)].clone();
            if pipe.assigns {
                self.assign(name, value)?;
            } else {
                // The pipeline pushed its declarations last, so they are the top of the stack.
                let place = mark - pipe.declarations.len() + position;
                self.variables[place].1 = value;
            }
        }
        let flow = self.walk_list(item, &branch.list)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn walk_template(&mut self, dot: &Item, invocation: &'t Invocation) -> Result<()> {
        self.look_at(invocation);
        let template = self.template;
        let Some(list) = template.trees.get(&invocation.name) else {
            let name = format::quote::quoted(invocation.name.as_bytes());
            return self.fail(format!("template {name} not defined"));
        };
        if self.depth >= template.limits.depth {
            return self.fail(format!("exceeded maximum template depth ({})", template.limits.depth));
        }
        let dot = match &invocation.pipe {
            Some(pipe) => Item::plain(self.pipeline(dot, pipe)?),
            None => Item::default(),
        };
        // A definition sees no variables of its caller.
        let variables = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        let executing = std::mem::replace(&mut self.executing, &invocation.name);
        self.depth += 1;
        self.walk_list(&dot, list)?;
        self.depth -= 1;
        self.executing = executing;
        self.variables = variables;
        Ok(())
    }

    fn assign(&mut self, name: &str, value: Item) -> Result<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, place)) => {
                *place = value;
                Ok(())
            }
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    fn variable(&self, name: &str) -> Result<Item> {
        match self.variables.iter().rev().find(|(known, _)| *known == name) {
            Some((_, item)) => Ok(item.clone()),
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    fn missing_key(&self) -> MissingKey {
        self.template.missing_key
    }
}

/// The numbers from zero below an integer, of its own type.
fn counted(limit: &Value) -> Box<dyn Iterator<Item = Value>> {
    match *limit {
        Value::Int(limit) => Box::new((0..limit).map(Value::Int)),
        Value::Int64(limit) => Box::new((0..limit).map(Value::Int64)),
        Value::Uint8(limit) => Box::new((0..limit).map(Value::Uint8)),
        Value::Uint32(limit) => Box::new((0..limit).map(Value::Uint32)),
        Value::Uint64(limit) => Box::new((0..limit).map(Value::Uint64)),
        _ => Box::new(std::iter::empty()),
    }
}
