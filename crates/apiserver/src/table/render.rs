//! From objects to a Table.

use serde_json::{Value, json};

use crate::registry::Resource;

/// What one column shows of an object. The second argument is the current time in Unix seconds.
pub(crate) type Cell = fn(&Value, i64) -> Value;

/// A column of a built-in kind.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// `string`, `integer`, `date`, …
    pub(crate) kind: &'static str,
    pub(crate) format: &'static str,
    pub(crate) description: &'static str,
    /// 0 is always shown, more only in wide output.
    pub(crate) priority: u8,
    pub(crate) cell: Cell,
}

impl Column {
    fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        })
    }
}

/// What a row carries besides its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    Metadata,
    Object,
    Nothing,
}

impl Include {
    /// Reads the `includeObject` parameter; its mistakes are the caller's to tell.
    pub(crate) fn read(parameter: Option<&str>) -> Option<Include> {
        match parameter {
            None | Some("" | "Metadata") => Some(Include::Metadata),
            Some("Object") => Some(Include::Object),
            Some("None") => Some(Include::Nothing),
            Some(_) => None,
        }
    }
}

/// How a table is to be made.
pub(crate) struct Layout<'a> {
    pub(crate) resource: &'a Resource,
    /// `v1` or `v1beta1` of `meta.k8s.io`.
    pub(crate) version: &'static str,
    pub(crate) include: Include,
    /// Unix seconds.
    pub(crate) now: i64,
    /// Left out after the first event of a watch.
    pub(crate) definitions: bool,
}

/// The table of `objects` (whole values); `metadata` is the list's.
pub(crate) fn table_of<'o>(
    layout: &Layout<'_>,
    metadata: Value,
    objects: impl Iterator<Item = &'o Value>,
) -> Value {
    let rows: Vec<Value> = objects.map(|object| row(layout, object)).collect();
    let definitions = if layout.definitions { definitions(layout.resource) } else { Value::Null };
    // A kind without columns of its own has no rows when there are none, not an empty list of them.
    let plain = layout.resource.columns.get(1).is_some_and(|column| column.kind == "date");
    let absent = plain && layout.resource.custom.is_none() && rows.is_empty();
    json!({
        "kind": "Table",
        "apiVersion": format!("meta.k8s.io/{}", layout.version),
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": if absent { Value::Null } else { Value::Array(rows) },
    })
}

fn definitions(resource: &Resource) -> Value {
    match &resource.custom {
        Some(custom) => custom.columns.definitions(),
        None => resource.columns.iter().map(Column::definition).collect(),
    }
}

fn row(layout: &Layout<'_>, object: &Value) -> Value {
    let cells: Vec<Value> = match &layout.resource.custom {
        Some(custom) => custom.columns.cells(object, layout.now),
        None => layout.resource.columns.iter().map(|column| (column.cell)(object, layout.now)).collect(),
    };
    let shown = match layout.include {
        Include::Metadata => partial(object, layout.version),
        Include::Object => object.clone(),
        Include::Nothing => Value::Null,
    };
    json!({"cells": cells, "object": shown})
}

/// The metadata of an object as PartialObjectMetadata.
pub(crate) fn partial(object: &Value, version: &str) -> Value {
    let mut metadata = object["metadata"].clone();
    if object["kind"] == "DaemonSet"
        && let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
    {
        // A field in disguise: the real server's own form of the object keeps it elsewhere.
        annotations.remove("deprecated.daemonset.template.generation");
        if annotations.is_empty()
            && let Some(members) = metadata.as_object_mut()
        {
            members.remove("annotations");
        }
    }
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": metadata,
    })
}
