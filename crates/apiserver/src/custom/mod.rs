//! Definitions of custom resources, and the resources that they define.

mod columns;
mod resource;

use serde_json::Value;

use crate::http::query::FieldValidation;
use crate::registry::{PLAIN, Strategy};
use crate::status::Answer;
use crate::verbs::Call;

pub(crate) use resource::Custom;

/// The kind CustomResourceDefinition.
pub(crate) const DEFINITION: Strategy = Strategy { counts_generation: true, needs_version: true, ..PLAIN };

/// Prunes and checks the body of a custom resource.
pub(crate) fn admit_body(
    call: &Call<'_>,
    value: &mut Value,
    text: &[u8],
    doubled: &[(u32, String)],
    validation: FieldValidation,
) -> Answer<()> {
    let _ = (call, value, text, doubled, validation);
    Ok(())
}

/// The same for what a patch has made.
pub(crate) fn admit_patched(call: &Call<'_>, value: &mut Value, validation: FieldValidation) -> Answer<()> {
    let _ = (call, value, validation);
    Ok(())
}

/// Refuses new definitions that can't be, and new resources of definitions that go.
pub(crate) fn check_create(call: &Call<'_>, value: &Value) -> Answer<()> {
    let _ = (call, value);
    Ok(())
}

/// Refuses changes of definitions that can't be.
pub(crate) fn check_update(call: &Call<'_>, new: &Value, old: &Value) -> Answer<()> {
    let _ = (call, new, old);
    Ok(())
}

/// Makes the kinds of the definitions that are there when a server starts.
pub(crate) fn start(server: &std::sync::Arc<crate::server::Server>) {
    let _ = server;
}

/// Looks at a change of a definition.
pub(crate) fn look(server: &std::sync::Arc<crate::server::Server>, event: &crate::store::Event) {
    let _ = (server, event);
}

/// Looks at a change of a custom resource.
pub(crate) fn look_at_instance(
    server: &std::sync::Arc<crate::server::Server>,
    collection: &crate::store::CollectionName,
    event: &crate::store::Event,
) {
    let _ = (server, collection, event);
}
