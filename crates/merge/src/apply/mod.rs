//! Server-side apply, and the bookkeeping of who wrote which field.
//!
//! ```text
//!   object ──┐                                 ┌──▶ object'
//!            ├──▶ typed: merge, compare, … ────┤
//!   request ─┘            ▲                    └──▶ managedFields'   (or: conflicts)
//!                         │
//!                 schema, field_set (trees of path elements)
//! ```
//!
//! Two operations. [`apply`](fn@apply): a manager says what it wants of an object; the rest stays as it is, what it wanted
//! before and wants no more goes unless somebody else owns it, and a field that another manager owns with another value is
//! a conflict. [`update`]: an object was changed in any other way; the writer owns what it changed.
//!
//! The rules are those of `structured-merge-diff` and of apimachinery's `managedfields`, seen through the recorded
//! transcripts. Nothing here knows defaults, validation or storage: the API server defaults the merged object, checks it,
//! and drops a write that changes nothing ([`keep_times`]).

use std::borrow::Cow;

use serde_json::Value;

use crate::schema::Schema;

mod conflict;
pub mod field_set;
mod last_applied;
pub mod managers;
pub mod path;
pub mod scale;
mod typed;
mod update;

#[cfg(test)]
mod tests;

pub use conflict::{Conflict, Conflicts};
pub use field_set::FieldSet;
pub use managers::{Entry, ManagedFieldsError, Operation};
pub use path::PathElement;
pub use typed::TypeError;

/// The versions in which a kind's objects can be seen. Ownership is written down in the version in which a manager wrote.
pub trait Versions {
    /// The schema of an API version (`apps/v1`); none for a version that is not served any more.
    fn schema(&self, api_version: &str) -> Option<&Schema>;

    /// The object as that version shows it; none for a version that is not served any more. `object` says itself, in
    /// `apiVersion`, in which version it comes.
    fn convert<'v>(&self, object: &'v Value, api_version: &str) -> Option<Cow<'v, Value>>;
}

/// A kind with a single version.
#[derive(Debug, Clone)]
pub struct SingleVersion {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// The schema of that version.
    pub schema: Schema,
}

impl Versions for SingleVersion {
    fn schema(&self, api_version: &str) -> Option<&Schema> {
        (self.api_version == api_version).then_some(&self.schema)
    }

    fn convert<'v>(&self, object: &'v Value, api_version: &str) -> Option<Cow<'v, Value>> {
        (self.api_version == api_version).then_some(Cow::Borrowed(object))
    }
}

/// A write: by whom, through which door, when.
#[derive(Clone, Copy)]
pub struct Write<'a> {
    /// The field manager. Empty stands for `unknown`.
    pub manager: &'a str,
    /// The API version of the request (`apps/v1`).
    pub api_version: &'a str,
    /// The kind of the object.
    pub kind: &'a str,
    /// The subresource the request names; empty for the object itself.
    pub subresource: &'a str,
    /// The time of the write, RFC 3339 in UTC and whole seconds.
    pub now: &'a str,
    /// The kind's versions.
    pub versions: &'a dyn Versions,
    /// The fields that this door can't change (`status` through the object itself, `spec` through its status): nobody
    /// comes to own them through it.
    pub reset: &'a FieldSet,
}

/// Why an apply failed. The messages are the real server's; its status stands with each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// 400: the body is of another kind or version than the URL.
    #[error("invalid object type: {found}")]
    Kind {
        /// The body's group, version and kind as the server prints them: `apps/v1, Kind=Deployment`.
        found: String,
    },
    /// 400: the body has managed fields.
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsGiven,
    /// 500: the body is not what the schema says.
    #[error("failed to create typed patch object ({object}): {error}")]
    Patch {
        /// `namespace/name; group/version, Kind=kind`
        object: String,
        /// Where and what.
        error: TypeError,
    },
    /// 500: the stored object is not what the schema says.
    #[error("failed to create typed live object ({object}): {error}")]
    Live {
        /// `namespace/name; group/version, Kind=kind`
        object: String,
        /// Where and what.
        error: TypeError,
    },
    /// 500: the stored object's managed fields can't be read.
    #[error("failed to decode managed fields: {0}")]
    ManagedFields(ManagedFieldsError),
    /// 500: there is no schema for the request's version.
    #[error("no corresponding type for {found}")]
    NoType {
        /// The group, version and kind.
        found: String,
    },
    /// 409: other managers own some of the fields with other values.
    #[error("Apply failed with {0}")]
    Conflicts(Conflicts),
}

/// Applies what a manager wants to the stored object.
///
/// `live` is the stored object in the request's version, none where the apply creates it; `applied` is the body. With
/// `force` the manager takes fields from their owners. The answer is the merged object with its `managedFields`; what is
/// not in `applied` but has a default is left to the caller.
pub fn apply(
    live: Option<&Value>,
    applied: &Value,
    force: bool,
    write: &Write<'_>,
) -> Result<Value, ApplyError> {
    last_applied::apply(live, applied, force, write)
}

/// Notes a write other than an apply: `before` became `after`, both in the request's version; none before for a create.
/// The answer is `after` with its `managedFields`.
///
/// `after` may carry managed fields of its own: they count in place of the stored ones, and an empty list clears them,
/// except through a subresource. Where an object is not what its schema says, nobody owns anything of it afterwards.
pub fn update(before: Option<&Value>, after: Value, write: &Write<'_>) -> Value {
    update::update(before, after, write)
}

/// Gives `after` the times of `before` where nothing but times of managed fields differs, so that a write that changes
/// nothing can be dropped. True where that is so.
pub fn keep_times(before: &Value, after: &mut Value) -> bool {
    update::keep_times(before, after)
}

/// `group/version, Kind=kind` of an `apiVersion` and a kind, as Go prints it: the core group leaves its slash.
fn shown_kind(api_version: &str, kind: &str) -> String {
    if api_version.contains('/') {
        format!("{api_version}, Kind={kind}")
    } else {
        format!("/{api_version}, Kind={kind}")
    }
}
