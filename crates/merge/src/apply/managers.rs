//! `metadata.managedFields`: one entry for each manager, operation, subresource and, for updates, API version.

use serde_json::{Map, Value, json};

use super::field_set::FieldSet;

/// How a manager came by its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Any other write.
    Update,
}

impl Operation {
    fn text(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One entry of `managedFields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The manager's name.
    pub manager: String,
    /// How it came by its fields.
    pub operation: Operation,
    /// The API version in which the fields are named.
    pub api_version: String,
    /// The subresource through which it wrote; empty for the object itself.
    pub subresource: String,
    /// When it last changed anything, as RFC 3339 in UTC and whole seconds.
    pub time: Option<String>,
    /// What it owns.
    pub fields: FieldSet,
}

impl Entry {
    /// Whether two entries are those of one manager. Whoever applies is one manager in all versions.
    pub fn same_manager(&self, other: &Entry) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// The manager as conflicts name it: `"kubectl" with subresource "status" using apps/v1`.
    pub(super) fn shown(&self) -> String {
        let mut out = Value::from(self.manager.as_str()).to_string();
        if !self.subresource.is_empty() {
            out.push_str(&format!(" with subresource {}", Value::from(self.subresource.as_str())));
        }
        if self.operation == Operation::Update {
            out.push_str(&format!(" using {}", self.api_version));
        }
        out
    }
}

/// Why `managedFields` could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManagedFieldsError {
    /// An entry is no object, or `managedFields` is no list.
    #[error("managedFields must be a list of objects")]
    NotEntries,
    /// An operation other than the two.
    #[error("operation must be `Apply` or `Update`")]
    Operation,
    /// An entry without `apiVersion`.
    #[error("apiVersion must not be empty")]
    ApiVersion,
    /// An entry without `fieldsType`.
    #[error("missing fieldsType in managed fields entry {entry}")]
    MissingFieldsType {
        /// Its place in the list.
        entry: usize,
    },
    /// An entry with another `fieldsType` than `FieldsV1`.
    #[error("invalid fieldsType {fields_type:?} in managed fields entry {entry}")]
    FieldsType {
        /// Its place in the list.
        entry: usize,
        /// What stands there.
        fields_type: String,
    },
    /// The fields themselves can't be read.
    #[error("error decoding set of managed fields entry {entry}")]
    Fields {
        /// Its place in the list.
        entry: usize,
        /// What is wrong with them.
        #[source]
        source: super::path::PathElementError,
    },
}

/// Reads the entries of an object's metadata; none where there are none.
pub fn read(metadata_managed_fields: Option<&Value>) -> Result<Vec<Entry>, ManagedFieldsError> {
    let list = match metadata_managed_fields {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(ManagedFieldsError::NotEntries),
    };
    let mut entries: Vec<Entry> = Vec::with_capacity(list.len());
    for (place, value) in list.iter().enumerate() {
        let members = value.as_object().ok_or(ManagedFieldsError::NotEntries)?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or("");
        let operation = match text("operation") {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return Err(ManagedFieldsError::Operation),
        };
        if text("apiVersion").is_empty() {
            return Err(ManagedFieldsError::ApiVersion);
        }
        match text("fieldsType") {
            "FieldsV1" => {}
            "" => return Err(ManagedFieldsError::MissingFieldsType { entry: place }),
            other => {
                return Err(ManagedFieldsError::FieldsType { entry: place, fields_type: other.to_owned() });
            }
        }
        let fields = match members.get("fieldsV1") {
            None | Some(Value::Null) => FieldSet::default(),
            Some(fields) => FieldSet::parse(fields)
                .map_err(|source| ManagedFieldsError::Fields { entry: place, source })?,
        };
        let entry = Entry {
            manager: text("manager").to_owned(),
            operation,
            api_version: text("apiVersion").to_owned(),
            subresource: text("subresource").to_owned(),
            time: members.get("time").and_then(Value::as_str).map(str::to_owned),
            fields,
        };
        // Of several entries of one manager the last counts.
        match entries.iter_mut().find(|earlier| earlier.same_manager(&entry)) {
            Some(earlier) => *earlier = entry,
            None => entries.push(entry),
        }
    }
    Ok(entries)
}

/// Whether somebody asks for the managed fields to be cleared: an empty list, or a list of one empty entry.
pub(super) fn is_reset(metadata_managed_fields: Option<&Value>) -> bool {
    match metadata_managed_fields.and_then(Value::as_array).map(Vec::as_slice) {
        Some([]) => true,
        Some([Value::Object(only)]) => only.values().all(|value| value.is_null() || *value == ""),
        _ => false,
    }
}

/// Writes the entries in the real server's order: by operation, time (whole seconds, none first), manager, API version,
/// subresource.
pub fn write(mut entries: Vec<Entry>) -> Value {
    entries.sort_by(|a, b| {
        let key = |entry: &'_ Entry| (entry.operation, entry.time.clone());
        key(a).cmp(&key(b)).then_with(|| {
            (&a.manager, &a.api_version, &a.subresource).cmp(&(&b.manager, &b.api_version, &b.subresource))
        })
    });
    Value::Array(entries.into_iter().map(write_entry).collect())
}

fn write_entry(entry: Entry) -> Value {
    let mut out = Map::new();
    if !entry.manager.is_empty() {
        out.insert("manager".to_owned(), json!(entry.manager));
    }
    out.insert("operation".to_owned(), json!(entry.operation.text()));
    out.insert("apiVersion".to_owned(), json!(entry.api_version));
    if let Some(time) = entry.time {
        out.insert("time".to_owned(), json!(time));
    }
    out.insert("fieldsType".to_owned(), json!("FieldsV1"));
    out.insert("fieldsV1".to_owned(), entry.fields.serialize());
    if !entry.subresource.is_empty() {
        out.insert("subresource".to_owned(), json!(entry.subresource));
    }
    Value::Object(out)
}
