//! Go structs with methods that templates can reach, such as a time.

use std::any::Any;

use super::{Kind, Value};
use crate::error::Message;
use crate::functions::Type;

/// A struct, or a pointer to one. Its fields and methods are what a template may name after a dot.
pub trait Object: Any {
    /// Go's name of the type.
    fn type_name(&self) -> &'static str;

    /// [`Kind::Struct`] or [`Kind::Pointer`].
    fn kind(&self) -> Kind {
        Kind::Struct
    }

    /// The text of `%v`, where the type has a `String` method.
    fn text(&self) -> Option<String> {
        None
    }

    /// What the value is in JSON.
    fn json(&self) -> Value {
        Value::map(self.fields())
    }

    /// Exported fields in the order of their declaration.
    fn fields(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// The method of a name.
    fn method(&self, _name: &str) -> Option<Method> {
        None
    }

    /// Whether another object is equal.
    fn equals(&self, other: &dyn Object) -> bool;

    /// For functions that work on one type of object.
    fn as_any(&self) -> &dyn Any;
}

/// A method: what it takes, and what it does with the receiver and the arguments.
#[derive(Clone, Copy)]
pub struct Method {
    /// Types of the arguments.
    pub parameters: &'static [Type],
    /// The body. The arguments have the types said.
    pub call: fn(&dyn Object, &[Value]) -> Result<Value, Message>,
}
