//! Custom resources and the structural schemas of their definitions.
//!
//! ```text
//!   a version's openAPIV3Schema ──▶ check (is it structural? errors of the definition)
//!            │
//!            ▼
//!       Structural ──▶ prune ──▶ apply_defaults ──▶ validate
//!                      unknown     nulls, defaults    values, embedded metadata, list types, rules
//! ```
//!
//! A [`Structural`] is read once for a version and used for every object: patterns are compiled, formats are looked up.
//! Its errors have the real server's words, order and reasons. It knows nothing of names, namespaces and storage: what the
//! metadata of embedded resources must look like comes in as a function ([`Checks`]).

use std::collections::BTreeMap;

use serde_json::Value;

mod check;
mod defaults;
mod embedded;
mod field_error;
mod formats;
mod list_types;
mod numbers;
mod prune;
mod read;
mod rules;
mod scale;
mod values;

#[cfg(test)]
mod tests;

pub use check::{check, unrecognized_formats};
pub use embedded::MetadataError;
pub use field_error::{FieldError, Reason};

use crate::pattern::Pattern;
pub(crate) use formats::{Format, is_request_uri};
use rules::Rule;
use scale::Scale;

/// The schema of one version of a custom resource, ready for use.
#[derive(Debug)]
pub struct Structural {
    root: Node,
    scale: Option<Scale>,
    has_rules: bool,
}

/// What this crate leaves to the API server.
pub struct Checks<'a> {
    /// The errors of an object's metadata at a path: the names, labels and annotations of embedded resources.
    pub metadata: &'a dyn Fn(&Value, &str) -> Vec<FieldError>,
}

impl Structural {
    /// Reads a version's `openAPIV3Schema` and `subresources`. What can't be read restricts nothing: definitions are
    /// checked before they are stored.
    pub fn read(open_api_v3_schema: &Value, subresources: &Value) -> Self {
        let mut root = read::node(open_api_v3_schema, 0);
        root.resource = true;
        let has_rules = rules::has_rules(&root);
        Self { root, scale: Scale::read(subresources), has_rules }
    }

    /// Drops what the schema does not know; the paths of what was dropped, sorted. Metadata is not looked into.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        prune::prune(&self.root, object)
    }

    /// Brings the metadata of embedded resources into form: unknown fields are dropped and their paths returned, wrong
    /// types are an error. The metadata of the object itself is the server's to decode.
    pub fn coerce_metadata(&self, object: &mut Value) -> Result<Vec<String>, MetadataError> {
        embedded::coerce(&self.root, object)
    }

    /// Drops nulls that may not be and have no default, then fills in defaults: what becomes of an object that is decoded
    /// from a request or from storage.
    pub fn apply_defaults(&self, object: &mut Value) {
        defaults::drop_nulls(&self.root, object);
        defaults::fill(&self.root, object);
    }

    /// Fills in defaults alone: what becomes of the object that an apply has merged. A null that was applied stays there,
    /// to be refused.
    pub fn fill_defaults(&self, object: &mut Value) {
        defaults::fill(&self.root, object);
    }

    /// The errors of a new object, after those that were found before (of its metadata).
    pub fn validate(&self, object: &Value, earlier: Vec<FieldError>, checks: &Checks<'_>) -> Vec<FieldError> {
        let mut errors = earlier;
        errors.extend(values::validate(&self.root, "", "", object, None));
        if let Some(scale) = &self.scale {
            errors.extend(scale.spec_errors(object));
            errors.extend(scale.status_errors(object));
        }
        embedded::validate(&self.root, object, checks, &mut errors);
        errors.extend(list_types::validate(&self.root, object));
        self.apply_rules(object, None, &mut errors);
        errors
    }

    /// The errors of an object that takes the place of another. What was wrong before and has not changed is let through.
    pub fn validate_update(
        &self,
        object: &Value,
        old: &Value,
        earlier: Vec<FieldError>,
        checks: &Checks<'_>,
    ) -> Vec<FieldError> {
        let mut errors = earlier;
        errors.extend(values::validate(&self.root, "", "", object, Some(old)));
        if let Some(scale) = &self.scale {
            errors.extend(scale.spec_errors(object));
            errors.extend(scale.status_errors(object));
        }
        embedded::validate(&self.root, object, checks, &mut errors);
        if list_types::validate(&self.root, old).is_empty() {
            errors.extend(list_types::validate(&self.root, object));
        }
        self.apply_rules(object, Some(old), &mut errors);
        errors
    }

    /// The errors of a write to the status alone. Messages name fields without the `status` before them.
    pub fn validate_status(&self, object: &Value, old: &Value, earlier: Vec<FieldError>) -> Vec<FieldError> {
        let mut errors = earlier;
        if let (Some(status), Some(schema)) = (object.get("status"), self.root.properties.get("status")) {
            errors.extend(values::validate(schema, "status", "", status, old.get("status")));
        }
        if let Some(scale) = &self.scale {
            errors.extend(scale.status_errors(object));
        }
        if list_types::validate(&self.root, old).is_empty() {
            errors.extend(list_types::validate(&self.root, object));
        }
        self.apply_rules(object, Some(old), &mut errors);
        errors
    }

    /// What is wrong by rules but let through, because it is where nothing has changed: warnings for whoever writes.
    pub fn warnings(&self, object: &Value, old: &Value) -> Vec<String> {
        if self.has_rules { rules::validate(&self.root, object, Some(old)).warnings } else { Vec::new() }
    }

    fn apply_rules(&self, object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
        if self.has_rules {
            match rules::blocked(errors) {
                Some(error) => errors.push(error),
                None => errors.extend(rules::validate(&self.root, object, old).errors),
            }
        }
    }
}

/// A schema.
#[derive(Debug, Default)]
struct Node {
    /// JSON types a value may have; any where there is none.
    types: Vec<&'static str>,
    /// OpenAPI's format as written, where it means anything.
    format: Option<Box<str>>,
    nullable: bool,
    default: Option<Value>,
    preserve_unknown: bool,
    embedded: bool,
    /// Whether it describes a resource: the object itself, or one embedded in it.
    resource: bool,
    list: ListKind,
    properties: BTreeMap<Box<str>, Node>,
    additional: Option<Additional>,
    items: Option<Box<Node>>,
    limits: Limits,
    text_format: Option<Format>,
    all_of: Vec<Node>,
    any_of: Vec<Node>,
    one_of: Vec<Node>,
    not: Option<Box<Node>>,
    rules: Vec<Rule>,
}

/// What stands under keys that are not declared.
#[derive(Debug)]
enum Additional {
    Allowed(bool),
    Schema(Box<Node>),
}

/// `x-kubernetes-list-type`.
#[derive(Debug, Default, PartialEq)]
enum ListKind {
    #[default]
    Atomic,
    Set,
    Map(Vec<Box<str>>),
}

/// What a schema says of values.
#[derive(Debug, Default)]
struct Limits {
    max_length: Option<i64>,
    min_length: Option<i64>,
    pattern: Option<Pattern>,
    maximum: Option<f64>,
    exclusive_maximum: bool,
    minimum: Option<f64>,
    exclusive_minimum: bool,
    multiple_of: Option<f64>,
    max_items: Option<i64>,
    min_items: Option<i64>,
    unique_items: bool,
    max_properties: Option<i64>,
    min_properties: Option<i64>,
    required: Vec<Box<str>>,
    allowed: Vec<Value>,
}

impl Node {
    /// The schema of what stands under a key.
    fn under(&self, key: &str) -> Option<&Node> {
        match (self.properties.get(key), &self.additional) {
            (Some(property), _) => Some(property),
            (None, Some(Additional::Schema(schema))) => Some(schema),
            (None, _) => None,
        }
    }
}
