//! Answers: objects and lists in the form that the client wants.

use std::sync::Arc;

use ::http::{HeaderValue, Response, StatusCode, header};
use gangplank_merge::schema::Schema;
use serde_json::{Value, json};

use super::{Call, schema_of};
use crate::http::body::{self, Body};
use crate::http::negotiate::{Encoding, Form, Offer, Shape};
use crate::object::ordered;
use crate::registry::Resource;
use crate::status::{Answer, FieldError, Status};
use crate::store::Object;
use crate::table::{Include, Layout, partial, table_of};

/// A value as YAML text.
pub(crate) fn yaml(value: &Value) -> Vec<u8> {
    gangplank_yaml::emit(value).into_bytes()
}

/// A response of bytes.
pub(super) fn bytes(code: u16, kind: &'static str, content: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(body::whole(content));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// A value, written as the form says, without changing its shape.
pub(crate) fn written(code: u16, form: &Form, value: &Value) -> Response<Body> {
    match (form.encoding, form.pretty) {
        (Encoding::Yaml, _) => bytes(code, "application/yaml", yaml(value)),
        (Encoding::Json, true) => {
            bytes(code, "application/json", serde_json::to_vec_pretty(value).unwrap_or_default())
        }
        (Encoding::Json, false) => bytes(code, "application/json", ordered::bytes(value)),
    }
}

/// What rows of a Table carry.
pub(super) fn include(call: &Call<'_>) -> Answer<Include> {
    let parameter = call.query.get("includeObject");
    Include::read(parameter).ok_or_else(|| {
        let text = parameter.unwrap_or_default();
        let why = "must be 'Metadata', 'Object', 'None', or empty";
        let error = FieldError::invalid_text("includeObject", text, why);
        Status::bad_request(format!("Unable to convert to Table as requested: {}", error.text()))
    })
}

/// A stored object as the answer.
pub(super) fn object(call: &Call<'_>, code: u16, object: &Arc<Object>) -> Answer<Response<Body>> {
    let form = call.form(Offer::Object)?;
    let resource = &call.resource;
    let plain = form == Form::PLAIN && resource.strategy.convert.is_none();
    if plain && resource.custom.as_ref().is_none_or(|custom| custom.reads_as_stored()) {
        let mut out = Vec::with_capacity(resource.head.len() + object.rest().len());
        out.extend_from_slice(resource.head.as_bytes());
        out.extend_from_slice(object.rest());
        return Ok(bytes(code, "application/json", out));
    }
    value(call, code, resource.value(object))
}

/// A value of the call's resource as the answer.
pub(super) fn value(call: &Call<'_>, code: u16, value: Value) -> Answer<Response<Body>> {
    let form = call.form(Offer::Object)?;
    let shaped = match &form.shape {
        Shape::Table(version) => {
            let metadata = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
            let layout = Layout {
                resource: &call.resource,
                version,
                include: include(call)?,
                now: call.server.now().as_second(),
                definitions: true,
            };
            table_of(&layout, metadata, std::iter::once(&value))
        }
        Shape::Partial(version) => partial(&value, version),
        Shape::Unfit => return Err(call.unfit(Offer::Object)),
        _ => value,
    };
    Ok(written(code, &form, &shaped))
}

/// A page of objects.
pub(super) struct Page {
    pub(super) objects: Vec<Arc<Object>>,
    pub(super) revision: u64,
    /// The token for the next page, empty on the last.
    pub(super) next: String,
    pub(super) remaining: Option<u64>,
}

fn list_metadata(resource: &Resource, page: &Page, shape: &Shape) -> Value {
    let mut metadata = json!({"resourceVersion": page.revision.to_string()});
    // Lists of custom resources are no Go structs: they say that nothing follows.
    if !page.next.is_empty() || (resource.custom.is_some() && *shape == Shape::Whole) {
        metadata["continue"] = page.next.as_str().into();
    }
    if let Some(remaining) = page.remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    metadata
}

/// A list as the answer.
pub(super) fn list(call: &Call<'_>, page: &Page) -> Answer<Response<Body>> {
    let form = call.form(Offer::List)?;
    let resource = &call.resource;
    let metadata = list_metadata(resource, page, &form.shape);
    let values = || page.objects.iter().map(|object| resource.value(object));
    let shaped = match &form.shape {
        Shape::Table(version) => {
            let layout = Layout {
                resource,
                version,
                include: include(call)?,
                now: call.server.now().as_second(),
                definitions: true,
            };
            let all: Vec<Value> = values().collect();
            table_of(&layout, metadata, all.iter())
        }
        Shape::Partial(version) => {
            let items: Vec<Value> = values().map(|value| partial(&value, version)).collect();
            json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": metadata,
                "items": if items.is_empty() { Value::Null } else { Value::Array(items) },
            })
        }
        Shape::Unfit => return Err(call.unfit(Offer::List)),
        _ if form == Form::PLAIN => {
            return Ok(bytes(200, "application/json", list_text(resource, &metadata, page)));
        }
        _ => {
            let typed = resource.custom.is_none();
            let items: Vec<Value> = values()
                .map(|mut value| {
                    if let Some(members) = value.as_object_mut().filter(|_| typed) {
                        members.remove("kind");
                        members.remove("apiVersion");
                    }
                    value
                })
                .collect();
            json!({
                "kind": resource.list_kind,
                "apiVersion": resource.api_version(),
                "metadata": metadata,
                "items": items,
            })
        }
    };
    Ok(written(200, &form, &shaped))
}

/// The JSON text of a list, put together from the stored texts.
fn list_text(resource: &Resource, metadata: &Value, page: &Page) -> Vec<u8> {
    let size: usize = page.objects.iter().map(|object| object.rest().len() + resource.head.len()).sum();
    let mut out = Vec::with_capacity(size + 256);
    let head = Resource::head_of(&resource.group, &resource.version, &resource.list_kind);
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(format!("\"metadata\":{metadata},\"items\":[").as_bytes());
    for (index, object) in page.objects.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let as_stored = resource.custom.as_ref().map(|custom| custom.reads_as_stored());
        match (as_stored, resource.strategy.convert.is_some()) {
            // Elements of typed lists do not say what they are.
            (None, false) => {
                out.push(b'{');
                out.extend_from_slice(object.rest());
            }
            (Some(true), _) => {
                out.extend_from_slice(resource.head.as_bytes());
                out.extend_from_slice(object.rest());
            }
            (custom, _) => {
                let mut value = resource.value(object);
                if let Some(members) = value.as_object_mut().filter(|_| custom.is_none()) {
                    members.remove("kind");
                    members.remove("apiVersion");
                }
                let schema = schema_of(resource).filter(|_| custom.is_none());
                ordered::write(&mut out, &value, schema.as_ref().map(Schema::root));
            }
        }
    }
    out.extend_from_slice(b"]}");
    out
}

/// The Status that tells of a successful deletion.
pub(super) fn deleted(call: &Call<'_>, name: &str, uid: &str) -> Answer<Response<Body>> {
    let mut form = call.form(Offer::Object)?;
    form.shape = Shape::Whole;
    let resource = &call.resource;
    let mut details = json!({"name": name, "kind": resource.plural, "uid": uid});
    if !resource.group.is_empty() {
        details["group"] = resource.group.as_ref().into();
    }
    let status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    });
    Ok(written(200, &form, &status))
}
