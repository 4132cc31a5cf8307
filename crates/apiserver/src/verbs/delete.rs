//! DELETE, of one object and of many.

use std::sync::Arc;

use ::http::Response;
use serde_json::{Value, json};

use super::list::Filter;
use super::reply::{self, Page};
use super::{Call, admit};
use crate::controllers;
use crate::go;
use crate::http::body::Body;
use crate::http::protobuf;
use crate::http::query::{ListOptions, dry_run_errors};
use crate::object::{meta, time, typed};
use crate::registry::{Resource, order_of};
use crate::status::{Answer, FieldError, Status, quote};
use crate::store::{Expect, Object, Refused};

/// What becomes of the dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// `DeleteOptions`.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) grace: Option<i64>,
    pub(super) uid: String,
    pub(super) version: String,
    pub(super) propagation: Option<Propagation>,
    pub(super) dry_run: bool,
}

impl Options {
    fn read(call: &Call<'_>) -> Answer<Options> {
        let value = if call.body.is_empty() { from_query(call)? } else { from_body(call)? };
        let dry: Vec<&str> =
            value["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (policy, orphan) = (value["propagationPolicy"].as_str(), value["orphanDependents"].as_bool());
        let mut errors = Vec::new();
        if let (Some(policy), Some(_)) = (policy, orphan) {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(FieldError::invalid_text("propagationPolicy", policy, why));
        }
        let propagation = match policy {
            None => orphan.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background }),
            Some("Foreground") => Some(Propagation::Foreground),
            Some("Background") => Some(Propagation::Background),
            Some("Orphan") => Some(Propagation::Orphan),
            Some(other) => {
                let supported = ["Foreground", "Background", "Orphan", "nil"];
                errors.push(FieldError::not_supported("propagationPolicy", other, &supported));
                None
            }
        };
        errors.extend(dry_run_errors(&dry));
        if !errors.is_empty() {
            return Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors));
        }
        let text = |member: &str| value["preconditions"][member].as_str().unwrap_or_default().to_owned();
        Ok(Options {
            grace: value["gracePeriodSeconds"].as_i64(),
            uid: text("uid"),
            version: text("resourceVersion"),
            propagation,
            dry_run: !dry.is_empty(),
        })
    }
}

fn from_query(call: &Call<'_>) -> Answer<Value> {
    let mut value = json!({});
    if let Some(grace) = call.query.get("gracePeriodSeconds") {
        value["gracePeriodSeconds"] = go::parse_int(grace).map_err(Status::bad_request)?.into();
    }
    if let Some(policy) = call.query.get("propagationPolicy") {
        value["propagationPolicy"] = policy.into();
    }
    if call.query.get("orphanDependents").is_some() {
        value["orphanDependents"] = call.query.flag("orphanDependents").into();
    }
    let dry: Vec<&str> = call.query.all("dryRun").collect();
    if !dry.is_empty() {
        value["dryRun"] = dry.into();
    }
    Ok(value)
}

fn from_body(call: &Call<'_>) -> Answer<Value> {
    let header =
        call.headers.get(::http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let json = match header.split(';').next().unwrap_or_default().trim() {
        "application/yaml" => {
            let text =
                std::str::from_utf8(call.body).map_err(|error| Status::bad_request(error.to_string()))?;
            super::decode::yaml_value(text).map_err(Status::bad_request)?.0.to_string().into_bytes()
        }
        protobuf::MEDIA_TYPE => {
            protobuf::read(call.body).map_err(Status::bad_request)?.to_string().into_bytes()
        }
        _ => call.body.to_vec(),
    };
    if let Some(why) = go::json_syntax_error(&json) {
        return Err(Status::bad_request(format!("couldn't get version/kind; json parse error: {why}")));
    }
    let schema =
        gangplank_merge::schema::builtin().definition("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
    let root = schema.as_ref().map(gangplank_merge::schema::Schema::root);
    let decoded = typed::decode(&json, root, "DeleteOptions")
        .map_err(|error| Status::bad_request(error.to_string()))?;
    let text = |member: &str| decoded.value[member].as_str().unwrap_or_default();
    let (kind, version) = (text("kind"), text("apiVersion"));
    if !matches!(kind, "" | "DeleteOptions") {
        let shown = if version.is_empty() { "v1" } else { version };
        return Err(Status::bad_request(format!(
            "no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:111\"",
            quote(kind),
            quote(shown)
        )));
    }
    if let Some(mistake) = decoded.mistake {
        return Err(Status::bad_request(mistake));
    }
    Ok(decoded.value)
}

/// Deletes the object that the path names.
pub(super) fn delete(call: &Call<'_>) -> Answer<Response<Body>> {
    let options = Options::read(call)?;
    admit::delete(call, &call.place.name)?;
    loop {
        let key = call.key();
        let object =
            call.server.store.get(&call.resource.collection, key.text()).ok_or_else(|| call.not_found())?;
        match remove(call, &object, &options)? {
            Removal::Lost => {}
            Removal::Gone(last) => {
                controllers::settle(call.server);
                if call.resource.strategy.delete_answers_object {
                    return reply::value(call, 200, call.resource.value(&last));
                }
                return reply::deleted(call, key.name(), &last.uid);
            }
            Removal::Begun(value) => {
                controllers::settle(call.server);
                return reply::value(call, 200, value);
            }
            Removal::Dry(value, gone) => {
                if gone && !call.resource.strategy.delete_answers_object {
                    return reply::deleted(call, key.name(), &object.uid);
                }
                return reply::value(call, 200, value);
            }
        }
    }
}

enum Removal {
    Gone(Arc<Object>),
    /// It waits for finalizers or its grace period.
    Begun(Value),
    /// Nothing was done; whether it would be gone now.
    Dry(Value, bool),
    Lost,
}

fn check_preconditions(call: &Call<'_>, object: &Object, options: &Options) -> Answer<()> {
    let resource = &call.resource;
    let name = object.key.name();
    let namespace = resource.is("", "namespaces");
    let refuse = |why: String| {
        // Namespaces are deleted by code of their own, with words of their own.
        let kind = if namespace { &resource.plural } else { &resource.kind };
        Status::conflict(&resource.group, kind, name, &why)
    };
    if !options.uid.is_empty() && *object.uid != *options.uid {
        return Err(refuse(if namespace {
            format!(
                "Precondition failed: UID in precondition: {}, UID in object meta: {}",
                options.uid, object.uid
            )
        } else {
            format!(
                "the UID in the precondition ({}) does not match the UID in record ({}). The object might have been \
                 deleted and then recreated",
                options.uid, object.uid
            )
        }));
    }
    if !options.version.is_empty() && object.revision.to_string() != options.version {
        return Err(refuse(if namespace {
            format!(
                "Precondition failed: ResourceVersion in precondition: {}, ResourceVersion in object meta: {}",
                options.version, object.revision
            )
        } else {
            format!(
                "the ResourceVersion in the precondition ({}) does not match the ResourceVersion in record ({}). The \
                 object might have been modified",
                options.version, object.revision
            )
        }));
    }
    Ok(())
}

/// Removes an object, or marks it where something holds it back.
fn remove(call: &Call<'_>, object: &Arc<Object>, options: &Options) -> Answer<Removal> {
    let (resource, server) = (&call.resource, call.server);
    check_preconditions(call, object, options)?;
    let old = resource.value(object);
    let grace = controllers::grace_period(resource, &old, options.grace);
    let mut new = old.clone();
    let now = time::write(server.now());
    if !object.terminating {
        (resource.strategy.prepare_delete)(&mut new, &now);
    }
    propagate(&mut new, options.propagation);
    let waits = !meta::finalizers(&new).is_empty() || grace > 0 || controllers::holds_back(resource, &new);
    if !waits {
        if options.dry_run {
            return Ok(Removal::Dry(new, true));
        }
        return match server.store.remove(&resource.collection, &object.key, object.revision) {
            Ok(_) if resource.strategy.graceful => {
                mark(resource, &mut new, &now, 0);
                Ok(Removal::Begun(new))
            }
            Ok(last) => Ok(Removal::Gone(last)),
            Err(Refused::Changed) => Ok(Removal::Lost),
            Err(Refused::Journal(why)) => Err(Status::internal(why)),
        };
    }
    mark(resource, &mut new, &now, grace);
    if new == old || options.dry_run {
        return Ok(if options.dry_run { Removal::Dry(new, false) } else { Removal::Begun(old) });
    }
    let mut stored = new.clone();
    if let Some((_, to_stored)) = resource.strategy.convert {
        to_stored(&mut stored);
    }
    match server.store.put(
        &resource.collection,
        &object.key,
        &mut stored,
        Expect::Revision(object.revision),
        order_of(resource),
    ) {
        Ok(object) => Ok(Removal::Begun(resource.value(&object))),
        Err(Refused::Changed) => Ok(Removal::Lost),
        Err(Refused::Journal(why)) => Err(Status::internal(why)),
    }
}

/// Sets the finalizers that a policy asks for, and takes away those of the other ones.
fn propagate(value: &mut Value, policy: Option<Propagation>) {
    let Some(policy) = policy else { return };
    let wanted = match policy {
        Propagation::Background => None,
        Propagation::Foreground => Some("foregroundDeletion"),
        Propagation::Orphan => Some("orphan"),
    };
    let mut finalizers: Vec<Value> = meta::finalizers(value)
        .into_iter()
        .filter(|finalizer| {
            !matches!(*finalizer, "orphan" | "foregroundDeletion") || wanted == Some(*finalizer)
        })
        .map(Value::from)
        .collect();
    if let Some(wanted) = wanted.filter(|wanted| !finalizers.iter().any(|finalizer| finalizer == wanted)) {
        finalizers.push(wanted.into());
    }
    let metadata = meta::of(value);
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers".to_owned(), finalizers.into());
    }
}

/// Marks an object as being deleted. A mark that is there stays.
pub(crate) fn mark(resource: &Resource, value: &mut Value, now: &str, grace: i64) {
    if meta::terminating(value) {
        return;
    }
    let metadata = meta::of(value);
    metadata.insert("deletionTimestamp".to_owned(), now.into());
    if resource.strategy.deletion_counts {
        metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
    }
    let counted =
        metadata.get("generation").and_then(Value::as_i64).filter(|_| resource.strategy.deletion_counts);
    if let Some(generation) = counted {
        metadata.insert("generation".to_owned(), (generation + 1).into());
    }
}

/// Deletes all objects that the selectors choose, and answers the list of what they were.
pub(super) fn delete_collection(call: &Call<'_>) -> Answer<Response<Body>> {
    let list_options = ListOptions::read(call.query, false)?;
    let options = Options::read(call)?;
    let filter = Filter::read(&call.resource, &list_options)?;
    let prefix = if call.namespace().is_empty() { String::new() } else { format!("{}/", call.namespace()) };
    let objects: Vec<Arc<Object>> = call
        .server
        .store
        .list(&call.resource.collection, &prefix)
        .into_iter()
        .filter(|object| filter.passes(&call.resource, object))
        .collect();
    let revision = call.server.store.revision();
    for object in &objects {
        admit::delete(call, object.key.name())?;
        let mut current = Some(object.clone());
        while let Some(object) = current {
            if !matches!(remove(call, &object, &options)?, Removal::Lost) {
                break;
            }
            current = call.server.store.get(&call.resource.collection, object.key.text());
        }
    }
    controllers::settle(call.server);
    reply::list(call, &Page { objects, revision, next: String::new(), remaining: None })
}
