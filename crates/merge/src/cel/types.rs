//! Types of expressions.

use std::fmt;

/// What declares the fields of objects: a schema outside of this module.
pub(crate) trait Declared {
    /// The type of a field by the name an expression uses; none where there is no such field.
    fn field(&self, name: &str) -> Option<Ty<'_>>;
    /// The name messages call objects of this type by.
    fn name(&self) -> &'static str {
        "object"
    }
}

/// A type.
#[derive(Clone)]
pub(crate) enum Ty<'s> {
    /// Anything; checked when it is evaluated.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Timestamp,
    /// The type of types.
    Type,
    /// A quantity of Kubernetes.
    Quantity,
    /// Another type of Kubernetes, by its name.
    Special(&'static str),
    List(Box<Ty<'s>>),
    Map(Box<Ty<'s>>, Box<Ty<'s>>),
    Optional(Box<Ty<'s>>),
    Object(&'s dyn Declared),
}

impl Ty<'_> {
    /// Whether a value of one type can stand where another is asked for.
    pub(super) fn fits(&self, other: &Ty<'_>) -> bool {
        match (self, other) {
            (Ty::Dyn, _) | (_, Ty::Dyn) => true,
            (Ty::List(a), Ty::List(b)) | (Ty::Optional(a), Ty::Optional(b)) => a.fits(b),
            (Ty::Map(ak, av), Ty::Map(bk, bv)) => ak.fits(bk) && av.fits(bv),
            (Ty::Object(_), Ty::Object(_)) => true,
            (Ty::Special(a), Ty::Special(b)) => a == b,
            // Null stands for any object, time or optional value.
            (Ty::Null, Ty::Object(_) | Ty::Duration | Ty::Timestamp) => true,
            (Ty::Object(_) | Ty::Duration | Ty::Timestamp, Ty::Null) => true,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }

    pub(super) fn is_dyn(&self) -> bool {
        matches!(self, Ty::Dyn)
    }
}

impl fmt::Display for Ty<'_> {
    /// As the real server names types in messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Ty::Dyn => "dyn",
            Ty::Null => "null",
            Ty::Bool => "bool",
            Ty::Int => "int",
            Ty::Uint => "uint",
            Ty::Double => "double",
            Ty::Text => "string",
            Ty::Bytes => "bytes",
            Ty::Duration => "google.protobuf.Duration",
            Ty::Timestamp => "google.protobuf.Timestamp",
            Ty::Type => "type",
            Ty::Quantity => "kubernetes.Quantity",
            Ty::Special(name) => name,
            Ty::Object(declared) => declared.name(),
            Ty::List(inner) => return write!(f, "list({inner})"),
            Ty::Map(key, value) => return write!(f, "map({key}, {value})"),
            Ty::Optional(inner) => return write!(f, "optional_type({inner})"),
        };
        f.write_str(name)
    }
}
