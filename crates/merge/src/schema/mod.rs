//! What the objects of a kind look like: which fields there are, what they hold, how their lists and maps merge.
//!
//! ```text
//!   builtin.json ──▶ builtin()  ─┐                       ┌──▶ strategic, apply (how to merge)
//!                                ├──▶ Schema ──▶ Node ───┤
//!   a CRD's schema ──▶ graph    ─┘                       └──▶ go_form (how Go would write it)
//!   builtin.json ──▶ open_api (the documents clients fetch)
//! ```
//!
//! A [`Schema`] is one kind's root in a graph of types that is shared: thousands of API servers in one process hold the
//! same built-in graph, and copying a schema copies a pointer. A [`Node`] is a place in the graph; finding a field is one
//! hash lookup. The rules by which OpenAPI becomes types are those of `kube-openapi`'s `schemaconv`: what it can't tell is
//! *untyped* (anything, lists and maps whole), what may hold unknown fields is *deduced* (maps by key).

use std::ops::Deref;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

mod builtin;
pub mod decode;
mod go_form;
mod graph;
pub mod open_api;

#[cfg(test)]
mod tests;

pub use builtin::{Builtin, builtin};
pub use go_form::{fill, zero, zero_object};

/// The schema of a kind. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schema {
    graph: Arc<Graph>,
    root: TypeId,
}

impl Schema {
    /// The schema of custom resources whose version has this `openAPIV3Schema`. The members `apiVersion` and `kind` are
    /// always texts, and `metadata` is always an object's metadata, whatever the schema says of them.
    ///
    /// The schema is taken to be structural; parts that can't be read are untyped.
    pub fn of_custom_resource(open_api_v3_schema: &Value) -> Self {
        let (graph, root) = graph::of_custom_resource(open_api_v3_schema);
        Self { graph: Arc::new(graph), root }
    }

    /// The schema of custom resources without any schema: every map is merged by key.
    pub fn deduced() -> Self {
        Self { graph: Arc::clone(&builtin().graph), root: TypeId::Builtin(builtin::DEDUCED) }
    }

    /// The kind's root.
    pub fn root(&self) -> Node<'_> {
        Node::at(&self.graph, self.root)
    }
}

/// The types that one or more schemas refer to.
#[derive(Debug, Default)]
struct Graph {
    types: Vec<Type>,
}

/// Which type: one of the graph at hand, or one of the built-in graph, which every graph may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeId {
    #[doc(hidden)]
    Own(u32),
    #[doc(hidden)]
    Builtin(u32),
}

/// What a value may be. More than one of `scalar`, `list` and `map` is set where the schema leaves it open.
#[derive(Debug, Default, Clone)]
pub struct Type {
    /// The name of the definition (`io.k8s.api.core.v1.Pod`), none for types written in place.
    pub name: Option<Box<str>>,
    /// Set where the value may be a scalar.
    pub scalar: Option<Scalar>,
    /// Set where the value may be a list.
    pub list: Option<ListType>,
    /// Set where the value may be a map or a struct.
    pub map: Option<MapType>,
    /// OpenAPI's format: `int32`, `int64`, `double`, `date-time`, `byte`, `int-or-string`, …
    pub format: Option<Box<str>>,
}

/// The kinds of scalars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// Text.
    String,
    /// A whole number. For merging any number will do.
    Integer,
    /// Any number.
    Number,
    /// true or false.
    Boolean,
    /// Any scalar: times, quantities, ports by number or name.
    Untyped,
}

/// A list.
#[derive(Debug, Clone)]
pub struct ListType {
    items: TypeId,
    /// How two lists become one.
    pub relation: ListRelation,
}

/// How two lists become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListRelation {
    /// One replaces the other.
    Atomic,
    /// By value; every element is a scalar.
    Set,
    /// By the values of these keys; every element is a map.
    Map(Box<[Box<str>]>),
}

/// A map, a struct, or both.
#[derive(Debug, Clone)]
pub struct MapType {
    /// The declared fields, in the order of the Go struct (in that of the document for custom resources).
    pub fields: IndexMap<Box<str>, Field>,
    values: Option<TypeId>,
    /// Whether one map replaces the other as a whole.
    pub atomic: bool,
}

/// A declared field.
#[derive(Debug, Clone)]
pub struct Field {
    ty: TypeId,
    /// The API's default.
    pub default: Option<Value>,
    /// The type as Go prints it (`*int32`, `[]v1.Container`), which error messages quote. Empty for custom resources.
    pub go_type: Box<str>,
    /// When Go leaves the field out.
    pub presence: Presence,
    /// Whether OpenAPI requires it.
    pub required: bool,
    /// What strategic merge patch does with it.
    pub patch: Patch,
}

/// When a field is left out of the JSON that Go writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Left out when empty; structs are never empty (`omitempty`).
    OmitEmpty,
    /// Left out when zero, structs included (`omitzero`).
    OmitZero,
    /// Always written.
    Always,
}

/// A field's strategy for strategic merge patch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// Lists are merged instead of replaced.
    pub merge: bool,
    /// Maps are replaced instead of merged.
    pub replace: bool,
    /// `$retainKeys` may name the keys that stay.
    pub retain_keys: bool,
    /// The key by which the elements of a merged list are the same; none for lists of scalars.
    pub merge_key: Option<Box<str>>,
}

/// A place in a schema: a type, and the graph in which its parts are found.
#[derive(Clone, Copy, Debug)]
pub struct Node<'s> {
    graph: &'s Graph,
    ty: &'s Type,
}

impl<'s> Node<'s> {
    fn at(graph: &'s Graph, id: TypeId) -> Self {
        match id {
            TypeId::Own(index) => Self { graph, ty: &graph.types[index as usize] },
            TypeId::Builtin(index) => {
                let graph: &'static Graph = &builtin().graph;
                Self { graph, ty: &graph.types[index as usize] }
            }
        }
    }

    /// The type itself, with the schema's lifetime.
    pub fn ty(self) -> &'s Type {
        self.ty
    }

    /// The type of the elements of a list of this node.
    pub fn items(self, list: &ListType) -> Node<'s> {
        Node::at(self.graph, list.items)
    }

    /// The type of a declared field of this node.
    pub fn of_field(self, field: &Field) -> Node<'s> {
        Node::at(self.graph, field.ty)
    }

    /// The type of a map's values whose keys are not declared; none where only declared fields may stand.
    pub fn values(self, map: &MapType) -> Option<Node<'s>> {
        map.values.map(|id| Node::at(self.graph, id))
    }

    /// The type of what stands under a key of a map: that of the declared field, else that of the map's values.
    pub fn under(self, map: &MapType, key: &str) -> Option<Node<'s>> {
        match map.fields.get(key) {
            Some(field) => Some(self.of_field(field)),
            None => self.values(map),
        }
    }

    /// The declared field and its type.
    pub fn field(self, name: &str) -> Option<(&'s Field, Node<'s>)> {
        let field = self.ty.map.as_ref()?.fields.get(name)?;
        Some((field, self.of_field(field)))
    }
}

impl Deref for Node<'_> {
    type Target = Type;

    fn deref(&self) -> &Type {
        self.ty
    }
}
