//! Evaluates the arguments of a call for the types of its parameters.

use super::{Executor, Item, Result};
use crate::functions::Type;
use crate::parse::ast::{Operand, Term};
use crate::value::Value;

impl<'t> Executor<'t, '_> {
    /// An argument as a value of the wanted type.
    pub(super) fn argument(&mut self, dot: &Item, wanted: Type, operand: &'t Operand) -> Result<Item> {
        self.look_at(operand);
        let item = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil if wanted.can_be_nil() => {
                return Ok(Item { value: wanted.nil(), boxed: wanted == Type::Any });
            }
            Term::Nil => return self.fail(format!("cannot assign nil to {wanted}")),
            Term::Field(fields) => self.fields(dot.clone(), fields, false)?,
            Term::Variable { name, fields } => {
                let value = self.variable(name)?;
                self.fields_with_arguments(dot, value, fields, None, None)?
            }
            Term::Pipe(pipe) => Item::plain(self.pipeline(dot, pipe)?),
            Term::Function(function) => self.call(dot, function, operand, &[], None)?,
            Term::Chain { base, fields } => {
                let receiver = self.chain_base(dot, operand, base)?;
                self.fields_with_arguments(dot, receiver, fields, None, None)?
            }
            constant => return self.constant(wanted, operand, constant).map(Item::plain),
        };
        self.validate(item, wanted)
    }

    /// A constant takes the type that is wanted, if it can.
    fn constant(&self, wanted: Type, operand: &Operand, term: &Term) -> Result<Value> {
        let found = |expected: &str| self.fail(format!("expected {expected}; found {operand}"));
        match (wanted, term) {
            (Type::Any | Type::Reflected, _) => self.literal(term),
            (Type::Bool, Term::Bool(value)) => Ok(Value::Bool(*value)),
            (Type::Bool, _) => found("bool"),
            (Type::String, Term::Text { value, .. }) => Ok(Value::string(value)),
            (Type::String, _) => found("string"),
            (Type::Int, Term::Number(number)) => {
                number.int.map_or_else(|| found("integer"), |n| Ok(Value::Int(n)))
            }
            (Type::Int, _) => found("integer"),
            (Type::Float, Term::Number(number)) => {
                number.float.map_or_else(|| found("float"), |n| Ok(Value::Float(n)))
            }
            (Type::Float, _) => found("float"),
            (Type::Uint32, Term::Number(number)) => match number.unsigned {
                // Go cuts what does not fit.
                Some(n) => Ok(Value::Uint32(n as u32)),
                None => found("unsigned integer"),
            },
            (Type::Uint32, _) => found("unsigned integer"),
            (Type::Map | Type::List | Type::Struct(_), _) => {
                self.fail(format!("can't handle {operand} for arg of type {wanted}"))
            }
        }
    }

    /// Lets a value through if it is of the wanted type, or nil where nil may be.
    pub(super) fn validate(&self, item: Item, wanted: Type) -> Result<Item> {
        if matches!(item.value, Value::Nil) && !item.boxed {
            if wanted.can_be_nil() {
                return Ok(Item { value: wanted.nil(), boxed: wanted == Type::Any });
            }
            return self.fail(format!("invalid value; expected {wanted}"));
        }
        if wanted.accepts(&item.value) {
            return Ok(item);
        }
        let found = if matches!(item.value, Value::Nil) { "interface {}" } else { item.value.type_name() };
        self.fail(format!("wrong type for value; expected {wanted}; got {found}"))
    }
}
