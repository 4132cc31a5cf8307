//! Evaluates pipelines, commands, fields and calls.

use super::{Executor, Item, Result};
use crate::error::Message;
use crate::format;
use crate::functions::{Call, Function, Special, Type};
use crate::parse::ast::{Command, Located, Operand, Pipe, Term};
use crate::parse::literal::Number;
use crate::template::MissingKey;
use crate::value::{BYTES_A_STEP, DEEPEST, Value};

impl<'t> Executor<'t, '_> {
    /// The value of a pipeline, out of its box. Declared variables stay until the enclosing `end`.
    pub(super) fn pipeline(&mut self, dot: &Item, pipe: &'t Pipe) -> Result<Value> {
        self.look_at(pipe);
        let mut value: Option<Value> = None;
        for command in &pipe.commands {
            value = Some(self.command(dot, command, value)?.value);
        }
        let value = value.unwrap_or_default();
        for name in &pipe.declarations {
            if pipe.assigns {
                self.assign(name, Item::plain(value.clone()))?;
            } else {
                self.variables.push((name, Item::plain(value.clone())));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Item, command: &'t Command, piped: Option<Value>) -> Result<Item> {
        self.step()?;
        let Some(first) = command.arguments.first() else {
            return Ok(Item::default());
        };
        let has_arguments = command.arguments.len() > 1 || piped.is_some();
        match &first.term {
            Term::Field(fields) => {
                self.look_at(first);
                self.fields(dot.clone(), fields, has_arguments)
            }
            Term::Chain { base, fields } => {
                let receiver = self.chain_base(dot, first, base)?;
                self.fields_with_arguments(dot, receiver, fields, Some(command), piped)
            }
            Term::Function(function) => {
                self.look_at(first);
                self.call(dot, function, command, &command.arguments[1..], piped)
            }
            Term::Pipe(pipe) => {
                self.refuse_arguments(first, has_arguments)?;
                self.pipeline(dot, pipe).map(Item::plain)
            }
            Term::Variable { name, fields } => {
                self.look_at(first);
                let value = self.variable(name)?;
                if fields.is_empty() {
                    self.refuse_arguments(first, has_arguments)?;
                    return Ok(value);
                }
                self.fields_with_arguments(dot, value, fields, Some(command), piped)
            }
            literal => {
                self.look_at(first);
                self.refuse_arguments(first, has_arguments)?;
                match literal {
                    Term::Dot => Ok(dot.clone()),
                    Term::Nil => self.fail("nil is not a command"),
                    _ => self.literal(literal).map(Item::plain),
                }
            }
        }
    }

    fn refuse_arguments(&self, node: &Operand, has_arguments: bool) -> Result<()> {
        if has_arguments {
            let text = match &node.term {
                Term::Pipe(pipe) => pipe.to_string(),
                _ => node.to_string(),
            };
            return self.fail(format!("can't give argument to non-function {text}"));
        }
        Ok(())
    }

    /// A constant where nothing says what type is wanted.
    pub(super) fn literal(&self, term: &Term) -> Result<Value> {
        match term {
            Term::Bool(value) => Ok(Value::Bool(*value)),
            Term::Text { value, .. } => Ok(Value::string(value)),
            Term::Number(number) => self.ideal_constant(number),
            _ => Ok(Value::Nil),
        }
    }

    fn ideal_constant(&self, number: &Number) -> Result<Value> {
        if let Some((real, imaginary)) = number.complex {
            return Ok(Value::Complex(real, imaginary));
        }
        if let Some(float) = number.float.filter(|_| number.is_written_as_float()) {
            return Ok(Value::Float(float));
        }
        match (number.int, number.unsigned) {
            (Some(int), _) => Ok(Value::Int(int)),
            (None, Some(_)) => self.fail(format!("{} overflows int", number.text)),
            (None, None) => Ok(Value::Nil),
        }
    }

    /// What the fields of a chain are taken from.
    pub(super) fn chain_base(&mut self, dot: &Item, chain: &'t Operand, base: &'t Operand) -> Result<Item> {
        self.look_at(chain);
        if matches!(base.term, Term::Nil) {
            return self.fail(format!("indirection through explicit nil in {chain}"));
        }
        self.look_at(base);
        match &base.term {
            Term::Pipe(pipe) => self.pipeline(dot, pipe).map(Item::plain),
            Term::Function(function) => self.call(dot, function, base, &[], None),
            other => self.literal(other).map(Item::plain),
        }
    }

    /// Fields one after the other, without arguments for the last but with a complaint where some were given.
    pub(super) fn fields(&mut self, receiver: Item, names: &[String], has_arguments: bool) -> Result<Item> {
        let mut receiver = receiver;
        for (index, name) in names.iter().enumerate() {
            let is_last = index + 1 == names.len();
            receiver = self.field(&receiver, name, is_last && has_arguments)?;
        }
        Ok(receiver)
    }

    /// As [`Self::fields`], where the last name may be a method that takes the command's arguments.
    pub(super) fn fields_with_arguments(
        &mut self,
        dot: &Item,
        receiver: Item,
        names: &[String],
        command: Option<&'t Command>,
        piped: Option<Value>,
    ) -> Result<Item> {
        let mut receiver = receiver;
        let arguments = command.map_or(&[][..], |command| &command.arguments[1..]);
        for (index, name) in names.iter().enumerate() {
            let is_last = index + 1 == names.len();
            if let Value::Object(object) = &receiver.value
                && let Some(method) = object.method(name)
            {
                let (arguments, piped) = if is_last { (arguments, piped.clone()) } else { (&[][..], None) };
                let count = arguments.len() + usize::from(piped.is_some());
                if count != method.parameters.len() {
                    let wanted = method.parameters.len();
                    return self.fail(format!("wrong number of args for {name}: want {wanted} got {count}"));
                }
                let mut values = Vec::with_capacity(count);
                for (argument, parameter) in arguments.iter().zip(method.parameters) {
                    values.push(self.argument(dot, *parameter, argument)?.value);
                }
                if let (Some(piped), Some(parameter)) = (piped, method.parameters.last()) {
                    values.push(self.validate(Item::plain(piped), *parameter)?.value);
                }
                let result = (method.call)(object.as_ref(), &values);
                let value =
                    self.or_fail(result.map_err(|message| message.after(format!("error calling {name}: "))))?;
                receiver = Item::plain(value);
                continue;
            }
            receiver = self.field(&receiver, name, is_last && (!arguments.is_empty() || piped.is_some()))?;
        }
        Ok(receiver)
    }

    fn field(&self, receiver: &Item, name: &str, has_arguments: bool) -> Result<Item> {
        match &receiver.value {
            Value::Nil if receiver.boxed => {
                return self.fail(format!("nil pointer evaluating interface {{}}.{name}"));
            }
            Value::Nil => {
                if self.missing_key() == MissingKey::Error {
                    let name = format::quote::quoted(name.as_bytes());
                    return self.fail(format!("nil data; no entry for key {name}"));
                }
                return Ok(Item::default());
            }
            Value::Map(map) => {
                if has_arguments {
                    return self.fail(format!("{name} is not a method but has arguments"));
                }
                if let Some(value) = map.get(name.as_bytes()) {
                    return Ok(Item::element(value, map.element()));
                }
                return match self.missing_key() {
                    MissingKey::Default => Ok(Item::default()),
                    MissingKey::Zero => Ok(Item::element(map.element().zero(), map.element())),
                    MissingKey::Error => {
                        let name = format::quote::quoted(name.as_bytes());
                        self.fail(format!("map has no entry for key {name}"))
                    }
                };
            }
            Value::Object(object) => {
                // A method without arguments; those with some are found by `fields_with_arguments`.
                if let Some(method) = object.method(name).filter(|method| method.parameters.is_empty()) {
                    let result = (method.call)(object.as_ref(), &[]);
                    let value = self.or_fail(
                        result.map_err(|message| message.after(format!("error calling {name}: "))),
                    )?;
                    return Ok(Item::plain(value));
                }
                if let Some((_, value)) = object.fields().into_iter().find(|(known, _)| *known == name) {
                    if has_arguments {
                        return self.fail(format!("{name} has arguments but cannot be invoked as function"));
                    }
                    return Ok(Item::plain(value));
                }
            }
            _ => {}
        }
        self.fail(format!("can't evaluate field {name} in type {}", receiver.type_name()))
    }

    /// Calls a function. `node` is what an error of the function points at.
    pub(super) fn call(
        &mut self,
        dot: &Item,
        function: &'t Function,
        node: &'t dyn Located,
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Result<Item> {
        let name = function.name;
        let signature = &function.signature;
        let fixed = signature.parameters.len();
        let count = arguments.len() + usize::from(piped.is_some());
        if signature.variadic.is_some() {
            if count < fixed {
                let given = arguments.len();
                return self
                    .fail(format!("wrong number of args for {name}: want at least {fixed} got {given}"));
            }
        } else if count != fixed {
            return self.fail(format!("wrong number of args for {name}: want {fixed} got {count}"));
        }
        match function.special {
            Some(Special::And) => return self.short_circuit(dot, false, arguments, piped),
            Some(Special::Or) => return self.short_circuit(dot, true, arguments, piped),
            Some(Special::Call) | None => {}
        }
        let mut values = Vec::with_capacity(count);
        let mut boxed = Vec::with_capacity(count);
        for (index, argument) in arguments.iter().enumerate() {
            let item = self.argument(dot, signature.at(index).unwrap_or(Type::Any), argument)?;
            values.push(item.value);
            boxed.push(item.boxed);
        }
        if let Some(piped) = piped {
            let item = self.validate(Item::plain(piped), signature.at(count - 1).unwrap_or(Type::Any))?;
            values.push(item.value);
            boxed.push(item.boxed);
        }
        if function.special == Some(Special::Call) {
            self.look_at(node);
            return self.fail(not_callable(arguments.first(), values.first()));
        }
        let mut call = Call {
            arguments: &values,
            boxed: &boxed,
            environment: self.environment,
            budget: &mut self.budget,
        };
        // Reading large arguments is work too.
        let read = values.iter().map(weight).sum::<usize>() / BYTES_A_STEP;
        let result = call.spend_steps(read).and_then(|()| (function.body)(&mut call)).and_then(|value| {
            self.budget.spend_memory(weight(&value))?;
            if value.depth() > DEEPEST { Err("the value is nested too deep".into()) } else { Ok(value) }
        });
        match result {
            Ok(value) => Ok(Item { boxed: matches!(value, Value::Nil) && name != "index", value }),
            Err(message) => {
                self.look_at(node);
                self.fail(message.after(format!("error calling {name}: ")))
            }
        }
    }

    fn short_circuit(
        &mut self,
        dot: &Item,
        stops_at: bool,
        arguments: &'t [Operand],
        piped: Option<Value>,
    ) -> Result<Item> {
        let mut last = Item::default();
        for argument in arguments {
            last = self.argument(dot, Type::Reflected, argument)?;
            if last.value.is_true() == stops_at {
                return Ok(last);
            }
        }
        Ok(piped.map_or(last, Item::plain))
    }
}

/// Why `call` fails: it is given no function, since no value is one.
fn not_callable(argument: Option<&Operand>, value: Option<&Value>) -> Message {
    match (argument, value) {
        (_, None | Some(Value::Nil)) => "error calling call: call of nil".into(),
        (Some(argument), Some(value)) => {
            format!("error calling call: non-function {argument} of type {}", value.type_name()).into()
        }
        (None, Some(value)) => {
            let shown = match value {
                Value::String(text) => String::from_utf8_lossy(text).into_owned(),
                other => format!("<{} Value>", other.type_name()),
            };
            let kind = value.type_name();
            Message::new("error calling call: non-function ").data(shown).words(format!(" of type {kind}"))
        }
    }
}

/// What a new value costs in memory, seen from above: elements were paid for when they were made.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(list) => size_of_val(list.items()),
        Value::Map(map) => map.len() * size_of::<Value>() * 2,
        _ => 0,
    }
}
