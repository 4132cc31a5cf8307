//! The values that a template works on: Go's kinds, as far as templates can meet them.
//!
//! ```text
//! Value ── Nil · Bool · Int, Int64, Uint8, Uint32, Uint64 · Float · Complex · String (bytes, UTF-8 or not)
//!       ├─ List    of anything, of strings, of ints, of lists; shared, never changed
//!       ├─ Map     from string to anything or to string; shared and changeable (`set`)
//!       └─ Object  a Go struct with methods: a time, a version, a certificate
//! ```
//!
//! A `Value` never shows what it holds in its `Debug` form: the root of a template is made of secrets.

mod collections;
mod object;

use std::fmt;
use std::rc::Rc;

pub use collections::{Element, List, Map};
pub use object::{Method, Object};

/// Levels of collections that a function may give. What prints, compares, copies or drops values goes down level by level
/// on the stack. A value may be twice as deep where maps grew later.
pub(crate) const DEEPEST: usize = 500;

/// Bytes that are read for the price of one step.
pub(crate) const BYTES_A_STEP: usize = 256;

/// A Go string: bytes, usually UTF-8.
pub type Text = Rc<[u8]>;

/// A value of a template. Cloning is cheap and shares maps, as in Go.
#[derive(Clone, Default)]
pub enum Value {
    /// `nil`, or no value at all.
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// `uint8`
    Uint8(u8),
    /// `uint32`
    Uint32(u32),
    /// `uint64`
    Uint64(u64),
    /// `float64`
    Float(f64),
    /// `complex128`
    Complex(f64, f64),
    /// `string`
    String(Text),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// A struct, or a pointer to one.
    Object(Rc<dyn Object>),
}

/// Go's kinds of types, as far as values have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is Go's kind of that name")]
pub enum Kind {
    Invalid,
    Bool,
    Int,
    Int64,
    Uint8,
    Uint32,
    Uint64,
    Float64,
    Complex128,
    String,
    Slice,
    Map,
    Struct,
    Pointer,
}

impl Kind {
    /// Go's name of the kind, as `kindOf` gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::Complex128 => "complex128",
            Self::String => "string",
            Self::Slice => "slice",
            Self::Map => "map",
            Self::Struct => "struct",
            Self::Pointer => "ptr",
        }
    }
}

impl Value {
    /// A string.
    pub fn string(text: impl AsRef<[u8]>) -> Self {
        Self::String(text.as_ref().into())
    }

    /// A `map[string]string`, such as the root of a template in External Secrets.
    pub fn string_map<K: AsRef<[u8]>, V: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.as_ref().into(), Self::string(value)));
        Self::Map(Map::new(Element::String, entries))
    }

    /// A `map[string]interface {}`.
    pub fn map<K: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(Map::new(
            Element::Any,
            entries.into_iter().map(|(key, value)| (key.as_ref().into(), value)),
        ))
    }

    /// An `[]interface {}`.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(List::new(Element::Any, items))
    }

    /// A `[]string`.
    pub fn strings<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(List::new(Element::String, items.into_iter().map(Self::string)))
    }

    /// Go's kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Nil => Kind::Invalid,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Int64(_) => Kind::Int64,
            Self::Uint8(_) => Kind::Uint8,
            Self::Uint32(_) => Kind::Uint32,
            Self::Uint64(_) => Kind::Uint64,
            Self::Float(_) => Kind::Float64,
            Self::Complex(..) => Kind::Complex128,
            Self::String(_) => Kind::String,
            Self::List(_) => Kind::Slice,
            Self::Map(_) => Kind::Map,
            Self::Object(object) => object.kind(),
        }
    }

    /// Go's name of the type, as `%T` prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Uint32(_) => "uint32",
            Self::Uint64(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Complex(..) => "complex128",
            Self::String(_) => "string",
            Self::List(list) => list.element().slice_name(),
            Self::Map(map) => map.element().map_name(),
            Self::Object(object) => object.type_name(),
        }
    }

    /// Whether `if` takes the value for true: anything but the zero of its type; structs always.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Object(_) => true,
            other => !other.is_empty(),
        }
    }

    /// Whether the value is the zero of its type, or has no elements.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::Bool(value) => !value,
            Self::Int(value) | Self::Int64(value) => *value == 0,
            Self::Uint8(value) => *value == 0,
            Self::Uint32(value) => *value == 0,
            Self::Uint64(value) => *value == 0,
            Self::Float(value) => *value == 0.0,
            Self::Complex(real, imaginary) => *real == 0.0 && *imaginary == 0.0,
            Self::String(text) => text.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::Object(_) => false,
        }
    }

    /// Levels of collections within collections. A map that grew after it was put into another counts there as it was; who
    /// puts values into maps looks for himself.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth(),
            Self::Map(map) => map.depth(),
            _ => 0,
        }
    }

    /// A signed integer of any width.
    pub fn as_signed(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Int64(value) => Some(*value),
            _ => None,
        }
    }

    /// An unsigned integer of any width.
    pub fn as_unsigned(&self) -> Option<u64> {
        match self {
            Self::Uint8(value) => Some(u64::from(*value)),
            Self::Uint32(value) => Some(u64::from(*value)),
            Self::Uint64(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes of a string.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Go's `reflect.DeepEqual`: types must be equal too. Takes from the steps that are left, and gives none where they do
    /// not suffice, as may be with lists that share lists.
    pub fn deep_equal(&self, other: &Self, left: &mut usize) -> Option<bool> {
        let equal = self.equals(other, left);
        (*left > 0).then_some(equal)
    }

    fn equals(&self, other: &Self, left: &mut usize) -> bool {
        *left = left.saturating_sub(1);
        if *left == 0 {
            return false;
        }
        match (self, other) {
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) | (Self::Int64(a), Self::Int64(b)) => a == b,
            (Self::Uint8(a), Self::Uint8(b)) => a == b,
            (Self::Uint32(a), Self::Uint32(b)) => a == b,
            (Self::Uint64(a), Self::Uint64(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Complex(a, b), Self::Complex(c, d)) => a == c && b == d,
            (Self::String(a), Self::String(b)) => {
                *left = left.saturating_sub(a.len() / BYTES_A_STEP);
                a == b
            }
            (Self::List(a), Self::List(b)) => a.equals(b, left),
            (Self::Map(a), Self::Map(b)) => a.equals(b, left),
            (Self::Object(a), Self::Object(b)) => Rc::ptr_eq(a, b) || a.equals(b.as_ref()),
            _ => false,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(redacted)", self.type_name())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(text: Vec<u8>) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
