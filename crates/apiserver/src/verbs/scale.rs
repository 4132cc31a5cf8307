//! `/scale`: the number of replicas of any kind that has one, seen as an object of its own.

use std::sync::Arc;

use ::http::Response;
use serde_json::{Value, json};

use super::decode::{self, Kind};
use super::ownership::{Door, Writer};
use super::write::{self, Attempt, Outcome, Ownership, Update};
use super::{Call, patch, reply, update};
use crate::go;
use crate::http::body::Body;
use crate::http::negotiate::Offer;
use crate::http::query::{Write, WriteOptions};
use crate::object::meta;
use crate::registry::Resource;
use crate::status::{Answer, FieldError, Status};
use crate::store::Object;

const KIND: Kind<'static> = Kind { group: "autoscaling", version: "v1", kind: "Scale" };
const DOOR: Door = Door::Other("scale");

/// Where a kind keeps its numbers, as JSON pointers.
struct Paths {
    spec: String,
    status: String,
    /// Empty: there is none. Custom resources keep text here, built-in kinds a selector.
    selector: String,
}

fn paths(resource: &Resource) -> Paths {
    match resource.custom.as_ref().and_then(|custom| custom.scale(&resource.version)) {
        Some((spec, status, selector)) => Paths { spec, status, selector },
        None => Paths {
            spec: "/spec/replicas".to_owned(),
            status: "/status/replicas".to_owned(),
            selector: "/spec/selector".to_owned(),
        },
    }
}

fn scale_of(resource: &Resource, object: &Value) -> Value {
    let paths = paths(resource);
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    let metadata = &object["metadata"];
    let mut shown = json!({});
    for member in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = metadata.get(member) {
            shown[member] = value.clone();
        }
    }
    let mut spec = json!({});
    if number(&paths.spec) != 0 {
        spec["replicas"] = number(&paths.spec).into();
    }
    let mut status = json!({"replicas": number(&paths.status)});
    let selector = match object.pointer(&paths.selector).filter(|_| !paths.selector.is_empty()) {
        Some(Value::String(text)) => text.clone(),
        Some(selector @ Value::Object(map))
            if map.contains_key("matchLabels") || map.contains_key("matchExpressions") =>
        {
            crate::table::selector_text(selector)
        }
        Some(Value::Object(map)) => {
            let pairs =
                map.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
            pairs.collect::<Vec<_>>().join(",")
        }
        _ => String::new(),
    };
    if !selector.is_empty() {
        status["selector"] = selector.into();
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": shown, "spec": spec, "status": status})
}

fn answer(call: &Call<'_>, object: &Value) -> Answer<Response<Body>> {
    let form = call.form(Offer::Plain)?;
    Ok(reply::written(200, &form, &scale_of(&call.resource, object)))
}

/// Answers a request to `/scale`.
pub(super) fn scale(call: &Call<'_>) -> Answer<Response<Body>> {
    let key = call.key();
    let find =
        || call.server.store.get(&call.resource.collection, key.text()).ok_or_else(|| call.not_found());
    match call.place.verb.as_str() {
        "get" => {
            let object = call.resource.value(&*find()?);
            let path = paths(&call.resource).spec;
            if call.resource.custom.is_some() && object.pointer(&path).is_none_or(Value::is_null) {
                let path = path.replace('/', ".");
                return Err(Status::internal(format!("the spec replicas field \"{path}\" does not exist")));
            }
            answer(call, &object)
        }
        "update" => {
            decode::check_format(call)?;
            let options = WriteOptions::read(call.query, Write::Update)?;
            let body = decode::body(call, KIND, options.field_validation)?;
            loop {
                let existing = find()?;
                update::check_name(call, &body)?;
                check(call, &body)?;
                check_version(call, &body, &existing)?;
                if let Some(response) = set(call, &existing, &body, &options)? {
                    return Ok(response);
                }
            }
        }
        _ => loop {
            let existing = find()?;
            if let Some(response) = patch_scale(call, &existing)? {
                return Ok(response);
            }
        },
    }
}

fn check(call: &Call<'_>, scale: &Value) -> Answer<()> {
    let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    if replicas >= 0 {
        return Ok(());
    }
    let resource = &call.resource;
    if resource.custom.is_some() {
        let path = paths(resource).spec.replace('/', ".");
        let error = FieldError::invalid(path, &replicas.into(), "should be a non-negative integer");
        return Err(Status::invalid(&resource.group, &resource.kind, &call.place.name, &[error]));
    }
    let error = FieldError::invalid("spec.replicas", &replicas.into(), "must be greater than or equal to 0");
    Err(Status::invalid("autoscaling", "Scale", &call.place.name, &[error]))
}

/// A resourceVersion that is said must be the object's.
fn check_version(call: &Call<'_>, scale: &Value, existing: &Object) -> Answer<()> {
    let version = meta::text(scale, "resourceVersion");
    if version.is_empty() || version == "0" || version == existing.revision.to_string() {
        return Ok(());
    }
    go::parse_uint(version).map_err(Status::unforeseen)?;
    Err(Status::modified(&call.resource.group, &call.resource.plural, &call.place.name))
}

/// The entries of those who own the number, as entries of a Scale.
fn owners(resource: &Resource, object: &Value) -> Value {
    let path = paths(resource).spec.replace('/', "/f:");
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let owners = entries.filter(|entry| entry["fieldsV1"].pointer(&path).is_some());
    let shown = owners.map(|entry| {
        let mut entry = entry.clone();
        entry["apiVersion"] = KIND.api_version().into();
        entry["fieldsV1"] = json!({"f:spec": {"f:replicas": {}}});
        entry
    });
    shown.collect()
}

fn patch_scale(call: &Call<'_>, existing: &Arc<Object>) -> Answer<Option<Response<Body>>> {
    let (way, options) = patch::way_and_options(call)?;
    let object = call.resource.value(existing);
    if way == patch::Way::Apply {
        let applied = patch::configuration(call, options.field_validation)?;
        let said = |member: &str| applied[member].as_str().unwrap_or_default().to_owned();
        let (api, kind) = (said("apiVersion"), said("kind"));
        if (api.as_str(), kind.as_str()) != ("autoscaling/v1", KIND.kind) {
            let api = if api.contains('/') { api } else { format!("/{api}") };
            return Err(Status::bad_request(format!("invalid object type: {api}, Kind={kind}")));
        }
        update::check_name(call, &applied)?;
        check(call, &applied)?;
        return apply(call, existing, &object, &applied, &options);
    }
    let mut scale = scale_of(&call.resource, &object);
    let owners = owners(&call.resource, &object);
    if owners.as_array().is_some_and(|owners| !owners.is_empty()) {
        scale["metadata"]["managedFields"] = owners;
    }
    let patched = patch::patched_scale(call, &scale, way, options.field_validation)?;
    update::check_name(call, &patched)?;
    check_version(call, &patched, existing)?;
    check(call, &patched)?;
    set(call, existing, &patched, &options)
}

fn set_pointer(value: &mut Value, pointer: &str, to: Value) {
    let mut at = value;
    for part in pointer.split('/').skip(1) {
        if !at[part].is_object() && at[part].is_null() {
            at[part] = json!({});
        }
        at = &mut at[part];
    }
    *at = to;
}

/// Takes the number from those who wrote it through this door.
fn disown(object: &mut Value, pointer: &str) {
    let path = pointer.replace('/', "/f:");
    let Some((parent, member)) = path.rsplit_once('/') else { return };
    let Some(entries) = object["metadata"].get_mut("managedFields").and_then(Value::as_array_mut) else {
        return;
    };
    entries.retain_mut(|entry| {
        if entry["subresource"] != "scale" {
            return true;
        }
        let fields = &mut entry["fieldsV1"];
        if let Some(members) = fields.pointer_mut(parent).and_then(Value::as_object_mut) {
            members.remove(member);
            return !members.is_empty();
        }
        true
    });
}

/// Writes the number into the object. `None`: somebody else was quicker.
fn set(
    call: &Call<'_>,
    existing: &Arc<Object>,
    scale: &Value,
    options: &WriteOptions,
) -> Answer<Option<Response<Body>>> {
    let old = call.resource.value(existing);
    let mut new = old.clone();
    let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    set_pointer(&mut new, &paths(&call.resource).spec, replicas.into());
    if let Some(writer) = Writer::of_call(call, call.manager(&options.field_manager), DOOR) {
        new = writer.update(Some(&old), new);
    }
    if replicas == 0 {
        // A Scale of zero does not say its number, so nobody owns it.
        disown(&mut new, &paths(&call.resource).spec);
    }
    finish(call, existing, &old, new, options)
}

fn apply(
    call: &Call<'_>,
    existing: &Arc<Object>,
    old: &Value,
    applied: &Value,
    options: &WriteOptions,
) -> Answer<Option<Response<Body>>> {
    let mut configuration = json!({
        "apiVersion": call.resource.api_version(),
        "kind": call.resource.kind,
        "metadata": {"name": call.place.name},
    });
    if let Some(replicas) = applied["spec"].get("replicas") {
        set_pointer(&mut configuration, &paths(&call.resource).spec, replicas.clone());
    }
    let writer =
        Writer::of_call(call, options.field_manager.clone(), DOOR).ok_or_else(Status::unprocessable)?;
    let mut new = writer.apply(Some(old), &configuration, options.force.unwrap_or(false))?;
    // A Scale without a number has zero; nobody owns that.
    let pointer = paths(&call.resource).spec;
    if new.pointer(&pointer).is_none() {
        set_pointer(&mut new, &pointer, 0.into());
    }
    finish(call, existing, old, new, options)
}

fn finish(
    call: &Call<'_>,
    existing: &Arc<Object>,
    old: &Value,
    mut new: Value,
    options: &WriteOptions,
) -> Answer<Option<Response<Body>>> {
    // Entries of this door have no time.
    for entry in new["metadata"]["managedFields"].as_array_mut().into_iter().flatten() {
        if entry["subresource"] == "scale"
            && let Some(members) = entry.as_object_mut()
        {
            members.remove("time");
        }
    }
    crate::object::meta::sort_managers(&mut new);
    let change = Update {
        existing,
        old,
        new,
        door: DOOR,
        manager: String::new(),
        dry_run: options.dry_run,
        ownership: Ownership::Tracked,
    };
    match write::update(call, change)? {
        Attempt::Done(Outcome::Stored(object)) => answer(call, &call.resource.value(&object)).map(Some),
        Attempt::Done(Outcome::Shown(value)) => answer(call, &value).map(Some),
        Attempt::Lost => Ok(None),
    }
}
