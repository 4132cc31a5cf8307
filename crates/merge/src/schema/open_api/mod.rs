//! The OpenAPI documents that clients fetch: v3, one a group version, and v2, one for all.
//!
//! ```text
//!   Resource (what is served) ──▶ paths        which verbs there are, with which parameters
//!   builtin.json, CRDs' schemas ─▶ definitions  all types that the resources reach
//! ```
//!
//! kubectl explains, diffs and patches by them, Argo CD compares by them. They say what the real server's say, but for
//! descriptions of built-in kinds: those are Kubernetes' own text.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

mod definitions;
mod paths;
mod protobuf;

#[cfg(test)]
mod tests;

/// A kind as it is served.
#[derive(Debug, Clone, Default)]
pub struct Resource {
    /// Empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The name in paths.
    pub plural: String,
    /// Whether its paths name a namespace.
    pub namespaced: bool,
    /// As discovery lists them: `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`, `watch`.
    pub verbs: Vec<String>,
    /// What else there is below an object.
    pub subresources: Vec<Subresource>,
    /// The schema of a custom resource; none for built-in kinds, whose schema is in the table.
    pub custom: Option<Value>,
}

/// Something below an object, such as `status`.
#[derive(Debug, Clone, Default)]
pub struct Subresource {
    /// The last part of its path.
    pub name: String,
    /// The group, version and kind of its body.
    pub body: (String, String, String),
    /// As discovery lists them.
    pub verbs: Vec<String>,
}

/// The two forms of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    V2,
    V3,
}

impl Form {
    fn reference(self, name: &str) -> String {
        match self {
            Self::V2 => format!("#/definitions/{name}"),
            Self::V3 => format!("#/components/schemas/{name}"),
        }
    }
}

/// The OpenAPI v3 document of the resources of one group version. `server` is the version the server calls itself.
pub fn v3(resources: &[Resource], server: &str) -> Value {
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": server},
        "paths": paths_of(resources, Form::V3),
        "components": {
            "schemas": definitions::all(resources, Form::V3),
            "securitySchemes": {
                "BearerToken": {"description": "Bearer Token authentication", "in": "header", "name": "authorization", "type": "apiKey"},
            },
        },
    })
}

/// The OpenAPI v2 document (Swagger) of all resources.
pub fn v2(resources: &[Resource], server: &str) -> Value {
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": server},
        "paths": paths_of(resources, Form::V2),
        "definitions": definitions::all(resources, Form::V2),
        "securityDefinitions": {
            "BearerToken": {"description": "Bearer Token authentication", "in": "header", "name": "authorization", "type": "apiKey"},
        },
        "security": [{"BearerToken": []}],
    })
}

/// A v2 document, as [`v2`] makes it, in the binary form that Go clients ask for
/// (`application/com.github.proto-openapi.spec.v2@v1.0+protobuf`).
pub fn v2_protobuf(document: &Value) -> Vec<u8> {
    protobuf::encode(document)
}

fn paths_of(resources: &[Resource], form: Form) -> Map<String, Value> {
    let mut all = BTreeMap::new();
    for resource in resources {
        all.extend(paths::of_resource(resource, form));
    }
    all.into_iter().collect()
}

impl Resource {
    /// The name of the kind's definition: `io.k8s.api.apps.v1.Deployment`, `com.example.v1.Widget`.
    fn definition(&self) -> String {
        definitions::name_of(&self.group, &self.version, &self.kind, self.custom.is_some())
    }
}
