//! One call of a function: checked arguments, and the world and budget that the body may use.

use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rand::Rng;

use crate::error::Message;
use crate::limits::{Budget, Environment};
use crate::value::{List, Map, Text, Value};

/// The arguments of a call and what its body may use.
///
/// Accessors by index give the argument of the type that the function declared there. Asked for another type, or beyond
/// the arguments, they give the zero of the type asked for.
pub struct Call<'c> {
    pub(crate) arguments: &'c [Value],
    /// Whether the nil at an index came out of a collection rather than being no value at all.
    pub(crate) boxed: &'c [bool],
    pub(crate) environment: &'c mut Environment,
    pub(crate) budget: &'c mut Budget,
}

impl<'c> Call<'c> {
    /// All arguments in order.
    pub fn arguments(&self) -> &'c [Value] {
        self.arguments
    }

    /// Arguments from an index on; none where there are fewer.
    pub fn rest(&self, index: usize) -> &'c [Value] {
        self.arguments.get(index..).unwrap_or_default()
    }

    /// An argument of any type.
    pub fn value(&self, index: usize) -> Value {
        self.arguments.get(index).cloned().unwrap_or_default()
    }

    /// A string.
    pub fn text(&self, index: usize) -> Text {
        match self.arguments.get(index) {
            Some(Value::String(text)) => Rc::clone(text),
            _ => Rc::from([]),
        }
    }

    /// A string as UTF-8; bytes that are none are replaced.
    pub fn utf8(&self, index: usize) -> String {
        String::from_utf8_lossy(&self.text(index)).into_owned()
    }

    /// An `int`.
    pub fn int(&self, index: usize) -> i64 {
        self.arguments.get(index).and_then(Value::as_signed).unwrap_or_default()
    }

    /// A `bool`.
    pub fn bool(&self, index: usize) -> bool {
        matches!(self.arguments.get(index), Some(Value::Bool(true)))
    }

    /// A `map[string]interface {}`.
    pub fn map(&self, index: usize) -> Map {
        match self.arguments.get(index) {
            Some(Value::Map(map)) => map.clone(),
            _ => Map::nil(crate::value::Element::Any),
        }
    }

    /// An `[]interface {}`.
    pub fn list(&self, index: usize) -> List {
        match self.arguments.get(index) {
            Some(Value::List(list)) => list.clone(),
            _ => List::nil(crate::value::Element::Any),
        }
    }

    /// The time.
    ///
    /// # Errors
    /// Where the template is rendered without a clock.
    pub fn now(&self) -> Result<Timestamp, Message> {
        self.environment.now.ok_or_else(|| Message::new("there is no clock here"))
    }

    /// The zone that Go calls local.
    pub fn zone(&self) -> TimeZone {
        self.environment.zone.clone()
    }

    /// Random numbers.
    ///
    /// # Errors
    /// Where the template is rendered without a source of them.
    pub fn random(&mut self) -> Result<&mut dyn Rng, Message> {
        match &mut self.environment.random {
            Some(random) => Ok(random.as_mut()),
            None => Err(Message::new("there is no source of random numbers here")),
        }
    }

    /// Takes from the budget before work that is slow: about one step a microsecond.
    ///
    /// # Errors
    /// Where the budget is used up.
    pub fn spend_steps(&mut self, steps: usize) -> Result<(), Message> {
        self.budget.spend_steps(steps)
    }

    /// Takes from the budget before building something large.
    ///
    /// # Errors
    /// Where the budget is used up.
    pub fn spend_memory(&mut self, bytes: usize) -> Result<(), Message> {
        self.budget.spend_memory(bytes)
    }

    /// Steps that are left.
    pub fn steps_left(&self) -> usize {
        self.budget.steps_left()
    }
}
