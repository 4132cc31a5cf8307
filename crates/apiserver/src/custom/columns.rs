//! Printer columns of custom resources.

use serde_json::{Value, json};

use super::json_path::JsonPath;
use crate::table::{CREATED_DESCRIPTION, NAME_DESCRIPTION, age};

/// The columns of one version.
#[derive(Debug)]
pub(crate) struct Columns(Vec<Column>);

#[derive(Debug)]
struct Column {
    definition: Value,
    kind: String,
    path: Option<JsonPath>,
}

impl Columns {
    /// The name, and what the version declares; or else the age.
    pub(crate) fn read(version: &Value) -> Columns {
        let mut columns = vec![Column {
            definition: json!({
                "name": "Name",
                "type": "string",
                "format": "name",
                "description": NAME_DESCRIPTION,
                "priority": 0,
            }),
            kind: "string".to_owned(),
            path: JsonPath::parse(".metadata.name"),
        }];
        let declared = version["additionalPrinterColumns"].as_array().cloned().unwrap_or_default();
        if declared.is_empty() {
            columns.push(Column {
                definition: json!({
                    "name": "Age",
                    "type": "date",
                    "format": "",
                    "description": CREATED_DESCRIPTION,
                    "priority": 0,
                }),
                kind: "date".to_owned(),
                path: JsonPath::parse(".metadata.creationTimestamp"),
            });
        }
        columns.extend(declared.iter().map(|column| {
            let text = |member: &str| column[member].as_str().unwrap_or_default();
            let path = text("jsonPath");
            let described = if text("description").is_empty() {
                format!("Custom resource definition column (in JSONPath format): {path}")
            } else {
                text("description").to_owned()
            };
            Column {
                definition: json!({
                    "name": text("name"),
                    "type": text("type"),
                    "format": text("format"),
                    "description": described,
                    "priority": column["priority"].as_i64().unwrap_or(0),
                }),
                kind: text("type").to_owned(),
                path: JsonPath::parse(path),
            }
        }));
        Columns(columns)
    }

    /// Their definitions, as a Table has them.
    pub(crate) fn definitions(&self) -> Value {
        self.0.iter().map(|column| column.definition.clone()).collect()
    }

    /// What they show of an object.
    pub(crate) fn cells(&self, object: &Value, now: i64) -> Vec<Value> {
        self.0.iter().map(|column| column.cell(object, now)).collect()
    }
}

impl Column {
    /// The first value that the path finds, as the column's type shows it; nothing where there is none.
    fn cell(&self, object: &Value, now: i64) -> Value {
        let Some(found) = self.path.as_ref().and_then(|path| path.find(object)) else { return Value::Null };
        let Some(value) = found.first() else { return Value::Null };
        match self.kind.as_str() {
            "integer" => match value {
                Value::Number(number) => {
                    // Cut, not rounded.
                    number
                        .as_i64()
                        .or_else(|| number.as_f64().map(|float| float as i64))
                        .map_or(Value::Null, Value::from)
                }
                _ => Value::Null,
            },
            "number" => {
                if value.is_number() {
                    (*value).clone()
                } else {
                    Value::Null
                }
            }
            "boolean" => {
                if value.is_boolean() {
                    (*value).clone()
                } else {
                    Value::Null
                }
            }
            "date" => match value {
                Value::String(_) => age::since(value, now),
                _ => Value::Null,
            },
            _ => match value {
                Value::String(_) => (*value).clone(),
                Value::Null => "<no value>".into(),
                other => other.to_string().into(),
            },
        }
    }
}
