//! Who wrote which field: `managedFields`, kept by the merge library; this says by whom and through which door.

use std::borrow::Cow;

use gangplank_merge::apply::{self, ApplyError, FieldSet, Versions};
use gangplank_merge::schema::Schema;
use serde_json::{Value, json};

use super::Call;
use super::decode::schema_of;
use crate::object::time;
use crate::registry::Resource;
use crate::status::{Answer, Status};

/// The versions of a built-in kind: one.
struct One {
    api_version: String,
    schema: Schema,
}

impl Versions for One {
    fn schema(&self, api_version: &str) -> Option<&Schema> {
        (self.api_version == api_version).then_some(&self.schema)
    }

    fn convert<'v>(&self, object: &'v Value, api_version: &str) -> Option<Cow<'v, Value>> {
        (self.api_version == api_version).then_some(Cow::Borrowed(object))
    }
}

/// Through which door a write comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Object,
    Status,
    /// Another subresource that changes the object.
    Other(&'static str),
}

impl Door {
    pub(super) fn name(self) -> &'static str {
        match self {
            Door::Object => "",
            Door::Status => "status",
            Door::Other(name) => name,
        }
    }
}

/// The fields that a door can't change.
fn reset_of(resource: &Resource, door: Door) -> FieldSet {
    let paths: &[&[&str]] = match door {
        Door::Object if resource.has_status() => &[&["status"]],
        Door::Status if resource.custom.is_some() => &[&["spec"], &["metadata"]],
        Door::Status => &[&["spec"]],
        _ => &[],
    };
    FieldSet::of_fields(paths)
}

/// What the library needs to know of a write, held together.
pub(super) struct Writer<'a> {
    resource: &'a Resource,
    manager: String,
    door: Door,
    now: String,
    versions: Box<dyn Versions + 'a>,
    reset: FieldSet,
}

impl<'a> Writer<'a> {
    /// The sender of a request.
    pub(super) fn of_call(call: &'a Call<'a>, manager: String, door: Door) -> Option<Writer<'a>> {
        Writer::new(&call.resource, time::write(call.server.now()), manager, door)
    }

    /// Anybody, at a time.
    pub(super) fn new(
        resource: &'a Resource,
        now: String,
        manager: String,
        door: Door,
    ) -> Option<Writer<'a>> {
        let versions: Box<dyn Versions + 'a> = match &resource.custom {
            Some(custom) => Box::new(custom.versions()),
            None => Box::new(One { api_version: resource.api_version(), schema: schema_of(resource)? }),
        };
        Some(Writer { resource, manager, door, now, versions, reset: reset_of(resource, door) })
    }

    fn with<T>(&self, run: impl FnOnce(&apply::Write<'_>) -> T) -> T {
        let api_version = self.resource.api_version();
        run(&apply::Write {
            manager: &self.manager,
            api_version: &api_version,
            kind: &self.resource.kind,
            subresource: self.door.name(),
            now: &self.now,
            versions: &*self.versions,
            reset: &self.reset,
        })
    }

    /// Notes a write; gives the object with its managed fields.
    pub(super) fn update(&self, before: Option<&Value>, after: Value) -> Value {
        self.with(|write| apply::update(before, after, write))
    }

    /// Applies a configuration.
    pub(super) fn apply(&self, live: Option<&Value>, applied: &Value, force: bool) -> Answer<Value> {
        self.with(|write| apply::apply(live, applied, force, write)).map_err(refusal)
    }
}

fn refusal(error: ApplyError) -> Box<Status> {
    let message = error.to_string();
    match error {
        ApplyError::Kind { .. } | ApplyError::ManagedFieldsGiven => Status::bad_request(message),
        ApplyError::Conflicts(conflicts) => {
            let causes: Vec<Value> = conflicts
                .conflicts
                .iter()
                .map(|conflict| {
                    json!({
                        "reason": "FieldManagerConflict",
                        "message": conflict.message(),
                        "field": conflict.field,
                    })
                })
                .collect();
            Status::other(409, "Conflict", message, Some(json!({"causes": causes})))
        }
        _ => Status::unforeseen(message),
    }
}

/// Whether `after` changes nothing; then the times of its managed fields are those of `before`.
pub(super) fn nothing_changed(before: &Value, after: &mut Value) -> bool {
    apply::keep_times(before, after) && before == after
}
