//! Which lists merge, and by which keys: what a strategic merge patch has to know of a kind.
//!
//! The built-in table is a fact of the OpenAPI document of Kubernetes 1.21.2, which Kustomize 5.8.1 carries: types that
//! lead to a merging list, in `facts/merge_keys.txt`. A custom document (`openapi.path`) is read into the same form.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::resource::Scope;

/// A field's type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// The type of the value, or of a list's items.
    target: Option<u32>,
    is_list: bool,
    /// The list merges.
    pub(crate) merges: bool,
    /// The fields that identify an item; none for a list of scalars.
    pub(crate) keys: Vec<String>,
}

/// An OpenAPI document.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    types: Vec<HashMap<String, Field>>,
    /// The types by the names of their definitions.
    names: HashMap<String, u32>,
    /// By `apiVersion` and kind.
    roots: HashMap<(String, String), u32>,
    pub(crate) scope: Scope,
}

/// A place in a document: the type of a value, and how a list there merges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'s> {
    schema: &'s Schema,
    field: Option<&'s Field>,
    kind: Option<u32>,
}

impl Schema {
    /// The document that Kustomize carries.
    pub(crate) fn built_in() -> Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Schema>> =
            LazyLock::new(|| Arc::new(parse(include_str!("../facts/merge_keys.txt"))));
        Arc::clone(&BUILT_IN)
    }

    /// The type of a resource.
    pub(crate) fn root(&self, api_version: &str, kind: &str) -> Option<Place<'_>> {
        if api_version.is_empty() || kind.is_empty() {
            return None;
        }
        let root = self.roots.get(&(api_version.to_owned(), kind.to_owned()))?;
        Some(Place { schema: self, field: None, kind: Some(*root) })
    }

    /// Reads an OpenAPI (Swagger 2) document. `with_built_in` adds the built-in one, whose definitions win.
    pub(crate) fn custom(document: &Value, with_built_in: bool) -> Self {
        let mut schema = Self::default();
        if with_built_in {
            let built_in = Self::built_in();
            schema.types.clone_from(&built_in.types);
            schema.names.clone_from(&built_in.names);
        }
        let known = schema.types.len();
        let mut reader = Reader { schema };
        let empty = serde_json::Map::new();
        let definitions = document.get("definitions").and_then(Value::as_object).unwrap_or(&empty);
        for name in definitions.keys() {
            reader.id(name);
        }
        for (name, definition) in definitions {
            let id = reader.id(name);
            if id as usize >= known {
                reader.type_of(id, definition);
            }
            let kinds = definition.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for root in kinds.into_iter().flatten().filter_map(type_meta) {
                reader.schema.roots.insert(root, id);
            }
        }
        reader.scopes(document);
        let mut schema = reader.schema;
        if with_built_in {
            schema.roots.extend(Self::built_in().roots.iter().map(|(root, id)| (root.clone(), *id)));
        }
        schema
    }
}

impl<'s> Place<'s> {
    /// The type of a field.
    pub(crate) fn field(&self, name: &str) -> Option<Place<'s>> {
        // A list has items, not fields.
        if self.field.is_some_and(|field| field.is_list) {
            return None;
        }
        let fields = self.schema.types.get(self.kind? as usize)?;
        let field = fields.get(name).or_else(|| fields.get("*"))?;
        Some(Place { schema: self.schema, field: Some(field), kind: field.target })
    }

    /// The type of a list's items.
    pub(crate) fn items(&self) -> Option<Place<'s>> {
        let field = self.field.filter(|field| field.is_list)?;
        Some(Place { schema: self.schema, field: None, kind: Some(field.target?) })
    }

    /// How a list here merges.
    pub(crate) fn merging(&self) -> Option<&'s Field> {
        self.field.filter(|field| field.merges)
    }
}

/// Reads the facts file: `= DEFINITION ROOT;ROOT` begins a type, numbered from zero, `NAME map|list TARGET merge KEYS` is
/// a field.
fn parse(text: &str) -> Schema {
    let mut schema = Schema::default();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("= ") {
            let (name, roots) = head.split_once(' ').unwrap_or((head, ""));
            let id = u32::try_from(schema.types.len()).unwrap_or(u32::MAX);
            schema.names.insert(name.to_owned(), id);
            for root in roots.split(';').filter(|root| !root.is_empty()) {
                if let Some((version, kind)) = root.split_once(' ') {
                    schema.roots.insert((version.to_owned(), kind.to_owned()), id);
                }
            }
            schema.types.push(HashMap::new());
            continue;
        }
        let mut parts = line.split(' ');
        let name = parts.next().unwrap_or_default().to_owned();
        let is_list = parts.next() == Some("list");
        let target = parts.next().and_then(|target| target.parse().ok());
        let merges = parts.next() == Some("merge");
        let keys = parts.next().unwrap_or_default();
        let keys = keys.split(',').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        if let Some(last) = schema.types.last_mut() {
            last.insert(name, Field { target, is_list, merges, keys });
        }
    }
    schema
}

fn type_meta(gvk: &Value) -> Option<(String, String)> {
    let text = |key: &str| gvk.get(key).and_then(Value::as_str);
    let version = text("version")?;
    let version = match text("group") {
        Some(group) if !group.is_empty() => format!("{group}/{version}"),
        _ => version.to_owned(),
    };
    Some((version, text("kind")?.to_owned()))
}

struct Reader {
    schema: Schema,
}

impl Reader {
    fn id(&mut self, name: &str) -> u32 {
        if let Some(id) = self.schema.names.get(name) {
            return *id;
        }
        let id = self.fresh();
        self.schema.names.insert(name.to_owned(), id);
        id
    }

    fn fresh(&mut self) -> u32 {
        self.schema.types.push(HashMap::new());
        u32::try_from(self.schema.types.len() - 1).unwrap_or(u32::MAX)
    }

    fn type_of(&mut self, id: u32, definition: &Value) {
        let properties = definition.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let field = self.field(property);
            self.schema.types[id as usize].insert(name.clone(), field);
        }
        if let Some(any) = definition.get("additionalProperties").filter(|any| any.is_object()) {
            let field = self.field(any);
            self.schema.types[id as usize].insert("*".to_owned(), field);
        }
    }

    fn field(&mut self, property: &Value) -> Field {
        let text = |key: &str| property.get(key).and_then(Value::as_str).unwrap_or_default();
        let merges = text("x-kubernetes-patch-strategy").split(',').any(|strategy| strategy == "merge");
        let keys = match property.get("x-kubernetes-list-map-keys").and_then(Value::as_array) {
            Some(keys) => keys.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => Some(text("x-kubernetes-patch-merge-key"))
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
        };
        let items = property.get("items").filter(|_| text("type") == "array");
        let target = self.target(items.unwrap_or(property));
        Field { target, is_list: items.is_some(), merges, keys }
    }

    fn target(&mut self, schema: &Value) -> Option<u32> {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.strip_prefix("#/definitions/")?;
            // A reference to nothing is no type.
            return self.schema.names.get(name).copied();
        }
        if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() {
            let id = self.fresh();
            self.type_of(id, schema);
            return Some(id);
        }
        None
    }

    /// A kind with a path below `namespaces/{namespace}` has a namespace, one with other paths only has none.
    fn scopes(&mut self, document: &Value) {
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            let gvk = item.get("get").and_then(|get| get.get("x-kubernetes-group-version-kind"));
            let Some(kind) = gvk.and_then(type_meta) else { continue };
            if path.contains("namespaces/{namespace}") {
                self.schema.scope.custom.insert(kind, true);
            } else {
                self.schema.scope.custom.entry(kind).or_insert(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_merge_by_name_and_ports_by_port_and_protocol() {
        let schema = Schema::built_in();
        let root = schema.root("apps/v1", "Deployment").expect("Deployment is known");
        let containers = ["spec", "template", "spec", "containers"]
            .iter()
            .try_fold(root, |place, name| place.field(name))
            .expect("containers are known");
        assert_eq!(containers.merging().map(|field| &field.keys[..]), Some(&["name".to_owned()][..]));
        let ports = containers.items().and_then(|item| item.field("ports")).expect("ports are known");
        assert_eq!(ports.merging().map(|field| field.keys.len()), Some(2));
        assert!(schema.root("external-secrets.io/v1", "ExternalSecret").is_none());
    }
}
