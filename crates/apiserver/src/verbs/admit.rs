//! What stands between a decoded object and the store whatever its kind: the state of its namespace, other people's rules.

use serde_json::Value;

use super::Call;
use crate::status::{Answer, Status};

/// Namespaces that are there from the beginning and stay.
const RESERVED: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Refuses to create in a namespace that is not there or about to go.
pub(super) fn namespace_for_create(call: &Call<'_>, name: &str) -> Answer<()> {
    let namespace = call.namespace();
    if namespace.is_empty() {
        return Ok(());
    }
    let Some(object) = call.server.store.get("/namespaces", namespace) else {
        return Err(Status::not_found("", "namespaces", namespace));
    };
    let is_review = call.resource.is("authorization.k8s.io", "localsubjectaccessreviews");
    if object.terminating && !is_review {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let refusal = Status::forbidden(&call.resource.group, &call.resource.plural, name, &why);
        let cause = format!("namespace {namespace} is being terminated");
        return Err(refusal.with_cause("NamespaceTerminating", &cause, "metadata.namespace"));
    }
    Ok(())
}

/// Refuses to delete what must stay.
pub(super) fn delete(call: &Call<'_>, name: &str) -> Answer<()> {
    if call.resource.is("", "namespaces") && RESERVED.contains(&name) {
        return Err(Status::forbidden("", "namespaces", name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// Checks that the body's namespace is the path's, and fills it in.
pub(super) fn settle_namespace(call: &Call<'_>, value: &mut Value) -> Answer<()> {
    let wanted = call.namespace().to_owned();
    let said = value["metadata"]["namespace"].as_str().unwrap_or_default();
    if !call.resource.namespaced() {
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("namespace");
        }
        return Ok(());
    }
    if !said.is_empty() && said != wanted {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    crate::object::meta::of(value).insert("namespace".to_owned(), wanted.into());
    Ok(())
}
