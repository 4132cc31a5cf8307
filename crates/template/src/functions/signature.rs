//! Go types of parameters, and whether a value may be given for one.

use std::fmt::{self, Display, Formatter};

use crate::value::{Element, Kind, List, Map, Value};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: anything.
    Any,
    /// `reflect.Value`: anything, and the function sees whether nil came as a constant or out of a collection.
    Reflected,
    /// `string`
    String,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint32`
    Uint32,
    /// `float64`
    Float,
    /// `map[string]interface {}`
    Map,
    /// `[]interface {}`
    List,
    /// A struct of this Go name.
    Struct(&'static str),
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "interface {}",
            Self::Reflected => "reflect.Value",
            Self::String => "string",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint32 => "uint32",
            Self::Float => "float64",
            Self::Map => Element::Any.map_name(),
            Self::List => Element::Any.slice_name(),
            Self::Struct(name) => name,
        })
    }
}

impl Type {
    /// Whether the untyped nil may be given.
    pub(crate) fn can_be_nil(self) -> bool {
        matches!(self, Self::Any | Self::Reflected | Self::Map | Self::List)
    }

    /// What nil becomes when it is given for this type.
    pub(crate) fn nil(self) -> Value {
        match self {
            Self::Map => Value::Map(Map::nil(Element::Any)),
            Self::List => Value::List(List::nil(Element::Any)),
            _ => Value::Nil,
        }
    }

    /// Go's assignability; there is no conversion between kinds of numbers.
    pub(crate) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Any | Self::Reflected => true,
            Self::String => value.kind() == Kind::String,
            Self::Bool => value.kind() == Kind::Bool,
            Self::Int => value.kind() == Kind::Int,
            Self::Uint32 => value.kind() == Kind::Uint32,
            Self::Float => value.kind() == Kind::Float64,
            Self::Map => matches!(value, Value::Map(map) if map.element() == Element::Any),
            Self::List => matches!(value, Value::List(list) if list.element() == Element::Any),
            Self::Struct(name) => matches!(value, Value::Object(object) if object.type_name() == name),
        }
    }
}

/// What a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Arguments that must be there.
    pub parameters: &'static [Type],
    /// The type of any number of further arguments.
    pub variadic: Option<Type>,
}

impl Signature {
    /// The type of the argument at an index, if there may be one.
    pub(crate) fn at(&self, index: usize) -> Option<Type> {
        self.parameters.get(index).copied().or(self.variadic)
    }
}
