//! PUT: a whole new state.

use ::http::Response;
use serde_json::Value;

use super::Call;
use super::decode::{self, Kind};
use super::ownership::Door;
use super::write::{self, Attempt, Outcome, Ownership, Update};
use crate::go;
use crate::http::body::Body;
use crate::http::negotiate::Offer;
use crate::http::query::{Write, WriteOptions};
use crate::object::meta;
use crate::status::{Answer, FieldError, Status};

/// Replaces the object that the path names.
pub(super) fn update(call: &Call<'_>) -> Answer<Response<Body>> {
    replace(call, Door::Object)
}

/// Replaces what one door of an object lets through.
pub(super) fn replace(call: &Call<'_>, door: Door) -> Answer<Response<Body>> {
    call.form(Offer::Object)?;
    decode::check_format(call)?;
    let options = WriteOptions::read(call.query, Write::Update)?;
    let body = decode::body(call, Kind::of(&call.resource), options.field_validation)?;
    check_name(call, &body)?;
    let resource = &call.resource;
    loop {
        let key = call.key();
        let Some(existing) = call.server.store.get(&resource.collection, key.text()) else {
            if resource.strategy.create_on_update && door == Door::Object {
                return create(call, body, &options);
            }
            let uid = meta::text(&body, "uid");
            if !uid.is_empty() {
                return Err(gone(call, uid));
            }
            return Err(call.not_found());
        };
        let old = resource.value(&existing);
        check_version(call, &body, existing.revision)?;
        let change = Update {
            existing: &existing,
            old: &old,
            new: body.clone(),
            door,
            manager: call.manager(&options.field_manager),
            dry_run: options.dry_run,
            ownership: Ownership::Track,
        };
        if let Attempt::Done(outcome) = write::update(call, change)? {
            return outcome.reply(call, 200);
        }
    }
}

/// A PUT that names a uid of an object that is not there can't have meant to create one.
fn gone(call: &Call<'_>, uid: &str) -> Box<Status> {
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition \
         failed: UID in precondition: {uid}, UID in object meta: ",
        call.resource.plural,
        call.key().text()
    );
    Status::conflict(&call.resource.group, &call.resource.plural, &call.place.name, &why)
}

/// The body must name the object that the path names.
pub(super) fn check_name(call: &Call<'_>, body: &Value) -> Answer<()> {
    let (name, wanted) = (meta::text(body, "name"), &call.place.name);
    if name.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        )));
    }
    if name != wanted {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        )));
    }
    Ok(())
}

/// A resourceVersion in a body must be the stored one.
pub(super) fn check_version(call: &Call<'_>, body: &Value, revision: u64) -> Answer<()> {
    let resource = &call.resource;
    let version = meta::text(body, "resourceVersion");
    if version.is_empty() || version == "0" {
        if resource.strategy.needs_version {
            let raw =
                FieldError::invalid_raw("metadata.resourceVersion", "0", "must be specified for an update");
            return Err(Status::invalid(&resource.group, &resource.plural, &call.place.name, &[raw]));
        }
        return Ok(());
    }
    let given = go::parse_uint(version).map_err(Status::unforeseen)?;
    if given != revision {
        return Err(Status::modified(&resource.group, &resource.plural, &call.place.name));
    }
    Ok(())
}

fn create(call: &Call<'_>, mut body: Value, options: &WriteOptions) -> Answer<Response<Body>> {
    // What version the object had before it went does not matter.
    let version = meta::of(&mut body).remove("resourceVersion");
    if let Some(version) = version.as_ref().and_then(Value::as_str).filter(|version| !version.is_empty()) {
        go::parse_uint(version).map_err(Status::unforeseen)?;
    }
    let manager = call.manager(&options.field_manager);
    let mut outcome = write::create(call, body, manager, options.dry_run, Ownership::Track)?;
    if let (Outcome::Shown(value), Some(version)) = (&mut outcome, version) {
        meta::of(value).insert("resourceVersion".to_owned(), version);
    }
    outcome.reply(call, 201)
}
