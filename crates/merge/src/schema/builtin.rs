//! The built-in kinds: the table that `cargo xtask openapi` writes, read once on first use.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::graph::Builder;
use super::{Graph, ListRelation, ListType, MapType, Scalar, Schema, Type, TypeId};

/// One definition a line: OpenAPI v3 without descriptions, the properties in `fields` as they stand in the Go struct.
pub(super) const TABLE: &str = include_str!("builtin.json");

/// The type of what nothing is known of: lists and maps whole.
pub(super) const UNTYPED: u32 = 0;
/// The type of what may hold unknown fields: maps by key, lists whole.
pub(super) const DEDUCED: u32 = 1;

/// The built-in kinds and their parts.
#[derive(Debug)]
pub struct Builtin {
    pub(super) graph: Arc<Graph>,
    by_name: HashMap<Box<str>, u32>,
    by_kind: HashMap<Box<str>, u32>,
}

/// The built-in kinds. The first call reads the table (some milliseconds), later ones return it.
pub fn builtin() -> &'static Builtin {
    static TABLE: OnceLock<Builtin> = OnceLock::new();
    TABLE.get_or_init(Builtin::read)
}

impl Builtin {
    /// The schema of a kind; none for kinds that are not in the table. `group` is empty for the core group.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<Schema> {
        let index = self.by_kind.get(key(group, version, kind).as_str())?;
        Some(Schema { graph: Arc::clone(&self.graph), root: TypeId::Builtin(*index) })
    }

    /// The schema of a definition by its name, such as `io.k8s.api.core.v1.PodSpec`.
    pub fn definition(&self, name: &str) -> Option<Schema> {
        Some(Schema { graph: Arc::clone(&self.graph), root: self.id(name)? })
    }

    pub(super) fn id(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied().map(TypeId::Builtin)
    }

    fn read() -> Self {
        let table: Value =
            serde_json::from_str(TABLE).expect("the table is written by xtask and read in a test");
        let mut types = vec![untyped("untyped", UNTYPED), untyped("deduced", DEDUCED)];
        let mut by_name = HashMap::new();
        let mut by_kind = HashMap::new();
        let definitions: Vec<(&String, &Value)> = table.as_object().into_iter().flatten().collect();
        for (name, schema) in &definitions {
            let index = u32::try_from(types.len()).unwrap_or(u32::MAX);
            types.push(Type::default());
            by_name.insert(Box::from(name.as_str()), index);
            let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            // DeleteOptions and the like belong to every group and are no kinds to store.
            if let Some([kind]) = kinds.map(Vec::as_slice) {
                let part = |name| kind.get(name).and_then(Value::as_str).unwrap_or("");
                by_kind.insert(key(part("group"), part("version"), part("kind")).into(), index);
            }
        }
        let named = |name: &str| by_name.get(name).copied().map(TypeId::Builtin);
        let mut builder = Builder::new(types, &named, TypeId::Builtin);
        // A reference that overrides how maps merge copies the type, so what it refers to must have been read.
        let (late, early): (Vec<_>, Vec<_>) =
            definitions.into_iter().partition(|(_, schema)| overrides(schema));
        for (name, schema) in early.into_iter().chain(late) {
            let mut ty = match name.as_str() {
                "io.k8s.apimachinery.pkg.api.resource.Quantity" => {
                    Type { scalar: Some(Scalar::Untyped), ..Type::default() }
                }
                "io.k8s.apimachinery.pkg.runtime.RawExtension" => untyped("", UNTYPED),
                _ => builder.read(schema, false),
            };
            ty.name = Some(name.as_str().into());
            if let Some(index) = by_name.get(name.as_str()) {
                builder.types[*index as usize] = ty;
            }
        }
        let mut types = builder.types;
        types.shrink_to_fit();
        Self { graph: Arc::new(Graph { types }), by_name, by_kind }
    }
}

fn overrides(schema: &Value) -> bool {
    let fields = schema.get("fields").and_then(Value::as_array);
    fields
        .into_iter()
        .flatten()
        .any(|field| field.get("$ref").is_some() && field.get("x-kubernetes-map-type").is_some())
}

fn key(group: &str, version: &str, kind: &str) -> String {
    format!("{group}/{version}/{kind}")
}

/// The type of anything. `values` is what stands under the keys of its maps: untyped ones are atomic, deduced ones not.
fn untyped(name: &str, values: u32) -> Type {
    Type {
        name: Some(name.into()),
        scalar: Some(Scalar::Untyped),
        list: Some(ListType { items: TypeId::Builtin(UNTYPED), relation: ListRelation::Atomic }),
        map: Some(MapType {
            fields: indexmap::IndexMap::new(),
            values: Some(TypeId::Builtin(values)),
            atomic: values == UNTYPED,
        }),
        format: None,
    }
}
