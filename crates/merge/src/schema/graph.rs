//! OpenAPI schemas become types. One reader serves the built-in table (whose properties stand in `fields`, in Go's order)
//! and the schemas of CRDs.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::builtin::{DEDUCED, UNTYPED};
use super::{Field, Graph, ListRelation, ListType, MapType, Patch, Presence, Scalar, Type, TypeId, builtin};

/// Nested deeper than this a schema is untyped; CRDs are bounded far below.
const MAX_DEPTH: usize = 200;

/// Resolves the name of a definition.
pub(super) type Named<'a> = &'a dyn Fn(&str) -> Option<TypeId>;

/// Collects types; equal schemas written in place become one type.
pub(super) struct Builder<'a> {
    pub(super) types: Vec<Type>,
    seen: HashMap<(String, bool), TypeId>,
    named: Named<'a>,
    id: fn(u32) -> TypeId,
    depth: usize,
}

impl<'a> Builder<'a> {
    /// A builder whose first types are given, so that definitions can be referred to before they are read.
    pub(super) fn new(types: Vec<Type>, named: Named<'a>, id: fn(u32) -> TypeId) -> Self {
        Self { types, seen: HashMap::new(), named, id, depth: 0 }
    }

    fn add(&mut self, ty: Type) -> TypeId {
        let index = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        self.types.push(ty);
        (self.id)(index)
    }

    /// The type of a schema in place. `open` says that an ancestor preserves unknown fields, which holds downwards.
    fn in_place(&mut self, schema: &Value, open: bool) -> TypeId {
        let open = open || flag(schema, "x-kubernetes-preserve-unknown-fields");
        if let Some(id) = schema.get("$ref").and_then(Value::as_str).and_then(|name| (self.named)(name)) {
            return match schema.get("x-kubernetes-map-type") {
                Some(relation) => self.overridden(id, relation == "atomic"),
                None => id,
            };
        }
        if self.depth >= MAX_DEPTH {
            return TypeId::Builtin(UNTYPED);
        }
        let key = (schema.to_string(), open);
        if let Some(id) = self.seen.get(&key) {
            return *id;
        }
        self.depth += 1;
        let ty = self.read(schema, open);
        self.depth -= 1;
        let id = self.add(ty);
        self.seen.insert(key, id);
        id
    }

    /// A type but for how its maps merge: a reference may say so for one use of a definition.
    fn overridden(&mut self, id: TypeId, atomic: bool) -> TypeId {
        let (TypeId::Own(index) | TypeId::Builtin(index)) = id;
        let mut ty = self.types.get(index as usize).cloned().unwrap_or_default();
        match &mut ty.map {
            Some(map) => map.atomic = atomic,
            None => return id,
        }
        self.add(ty)
    }

    /// Reads a schema that is no reference.
    pub(super) fn read(&mut self, schema: &Value, open: bool) -> Type {
        let open = open || flag(schema, "x-kubernetes-preserve-unknown-fields");
        let format = schema.get("format").and_then(Value::as_str).map(Box::from);
        let mut ty = Type { format, ..Type::default() };
        match schema.get("type").and_then(Value::as_str).unwrap_or("") {
            "object" => ty.map = Some(self.map(schema, open)),
            "array" => ty.list = Some(self.list(schema, open)),
            "string" => {
                let plain = matches!(ty.format.as_deref(), None | Some("" | "byte"));
                ty.scalar = Some(if plain { Scalar::String } else { Scalar::Untyped });
            }
            "integer" => ty.scalar = Some(Scalar::Integer),
            "number" => ty.scalar = Some(Scalar::Number),
            "boolean" => ty.scalar = Some(Scalar::Boolean),
            _ => {
                ty.scalar = Some(Scalar::Untyped);
                ty.list = Some(self.list(schema, open));
                ty.map = Some(self.map(schema, open));
            }
        }
        ty
    }

    fn list(&mut self, schema: &Value, open: bool) -> ListType {
        let items = match schema.get("items") {
            Some(items) => self.in_place(items, open),
            None => TypeId::Builtin(UNTYPED),
        };
        ListType { items, relation: list_relation(schema) }
    }

    fn map(&mut self, schema: &Value, open: bool) -> MapType {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut fields = IndexMap::new();
        let mut declare = |builder: &mut Self, name: &str, property: &Value| {
            let field = Field {
                ty: builder.in_place(property, open),
                default: property.get("default").cloned(),
                go_type: property.get("go").and_then(Value::as_str).unwrap_or("").into(),
                presence: match property.get("omit").and_then(Value::as_str) {
                    Some("never") => Presence::Always,
                    Some("zero") => Presence::OmitZero,
                    _ => Presence::OmitEmpty,
                },
                required: required.contains(&name),
                patch: patch(property),
            };
            fields.insert(Box::from(name), field);
        };
        for field in schema.get("fields").and_then(Value::as_array).into_iter().flatten() {
            declare(self, field.get("name").and_then(Value::as_str).unwrap_or(""), field);
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            declare(self, name, property);
        }
        let values = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(TypeId::Builtin(DEDUCED)),
            Some(values) => Some(self.in_place(values, open)),
            // An object of which nothing is said may hold anything.
            None if open || fields.is_empty() => Some(TypeId::Builtin(DEDUCED)),
            None => None,
        };
        fields.shrink_to_fit();
        MapType { fields, values, atomic: schema.get("x-kubernetes-map-type").is_some_and(|v| v == "atomic") }
    }
}

fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

fn list_relation(schema: &Value) -> ListRelation {
    let texts = |value: &Value| {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(Box::from).collect()
    };
    match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => return ListRelation::Set,
        Some("map") => {
            return ListRelation::Map(
                schema.get("x-kubernetes-list-map-keys").map(texts).unwrap_or_default(),
            );
        }
        Some(_) => return ListRelation::Atomic,
        None => {}
    }
    let Patch { merge, merge_key, .. } = patch(schema);
    match (merge, merge_key) {
        (true, Some(key)) => ListRelation::Map(Box::new([key])),
        (true, None) => ListRelation::Set,
        (false, _) => ListRelation::Atomic,
    }
}

fn patch(schema: &Value) -> Patch {
    let strategy = schema.get("x-kubernetes-patch-strategy").and_then(Value::as_str).unwrap_or("");
    Patch {
        merge: strategy.split(',').any(|word| word == "merge"),
        replace: strategy.split(',').any(|word| word == "replace"),
        retain_keys: strategy.split(',').any(|word| word == "retainKeys"),
        merge_key: schema.get("x-kubernetes-patch-merge-key").and_then(Value::as_str).map(Box::from),
    }
}

/// The types of a custom resource. Its metadata, and that of resources embedded in it, is that of every object.
pub(super) fn of_custom_resource(schema: &Value) -> (Graph, TypeId) {
    let builtin = builtin();
    let named = |name: &str| builtin.id(name);
    let mut builder = Builder::new(Vec::new(), &named, TypeId::Own);
    let root = builder.in_place(&with_object_members(&with_embedded(schema, 0)), false);
    builder.types.shrink_to_fit();
    (Graph { types: builder.types }, root)
}

fn with_object_members(schema: &Value) -> Value {
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    let properties = schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("apiVersion".to_owned(), serde_json::json!({"type": "string"}));
        properties.insert("kind".to_owned(), serde_json::json!({"type": "string"}));
        let reference = serde_json::json!({"$ref": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"});
        properties.insert("metadata".to_owned(), reference);
    }
    schema.entry("type").or_insert_with(|| Value::from("object"));
    Value::Object(schema)
}

fn with_embedded(schema: &Value, depth: usize) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    if depth >= MAX_DEPTH {
        return Value::Object(Map::new());
    }
    let mut out = Map::new();
    for (name, value) in members {
        let value = match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                let inner =
                    properties.iter().map(|(name, value)| (name.clone(), with_embedded(value, depth + 1)));
                Value::Object(inner.collect())
            }
            ("items" | "additionalProperties", value) => with_embedded(value, depth + 1),
            // Documentation makes no type; without it equal schemas are found to be equal.
            ("description" | "example" | "externalDocs" | "title", _) => continue,
            (_, value) => value.clone(),
        };
        out.insert(name.clone(), value);
    }
    let out = Value::Object(out);
    if depth > 0 && flag(schema, "x-kubernetes-embedded-resource") { with_object_members(&out) } else { out }
}
