//! A destination: its kinds, its live objects, and the writes of a sync.

mod kinds;
mod live;
mod migration;
mod watches;
mod write;

pub(crate) use kinds::{Kind, KindError, Kinds};
pub(crate) use live::read;
pub(crate) use watches::{Touch, Watches};
pub(crate) use write::{apply, delete, dry_run};

use serde_json::Value;

/// Says in one line what an API server refused, without repeating the objects.
pub(crate) fn explain(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => {
            let mut text = other.to_string();
            let mut source = std::error::Error::source(other);
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text = format!("{text}: {cause_text}");
                }
                source = cause.source();
            }
            text
        }
    }
}

/// Returns a live object as plain JSON.
pub(crate) fn to_value(object: kube::api::DynamicObject) -> Value {
    serde_json::to_value(object).unwrap_or(Value::Null)
}
