//! The way of an object into the store: created, or put in the place of its former state.

use std::sync::Arc;

use gangplank_merge::schema::{Presence, fill};
use serde_json::Value;

use super::decode::schema_of;
use super::ownership::{Door, Writer, nothing_changed};
use super::{Call, admit, reply};
use crate::http::body::Body;
use crate::object::{meta, time};
use crate::registry::{Resource, order_of};
use crate::server::Server;
use crate::status::{Answer, FieldError, Status};
use crate::store::{Expect, Key, Object, Refused};
use crate::{access, controllers, custom};

/// The longest prefix of a generated name.
const MAX_PREFIX: usize = 58;
const SUFFIX: usize = 5;

/// What a write led to.
pub(super) enum Outcome {
    Stored(Arc<Object>),
    /// A dry run, or an object that was answered without being kept.
    Shown(Value),
}

impl Outcome {
    pub(super) fn reply(self, call: &Call<'_>, code: u16) -> Answer<::http::Response<Body>> {
        match self {
            Outcome::Stored(object) => reply::object(call, code, &object),
            Outcome::Shown(value) => reply::value(call, code, value),
        }
    }
}

/// A write that lost against another one and may be tried again.
pub(super) enum Attempt {
    Done(Outcome),
    Lost,
}

/// A custom resource must be of the kind that its path serves.
fn check_kind(resource: &Resource, value: &Value) -> Answer<()> {
    let kind = value["kind"].as_str().unwrap_or_default();
    if resource.custom.is_none() || kind == resource.kind {
        return Ok(());
    }
    let error = FieldError::invalid_text("kind", kind, &format!("must be {}", resource.kind));
    Err(Status::invalid(&resource.group, kind, meta::text(value, "name"), &[error]))
}

fn journal_failure(why: &str) -> Box<Status> {
    Status::internal(format!("the journal could not be written: {why}"))
}

/// Brings a value into the form in which the stored object is read again.
pub(super) fn to_go(resource: &Resource, value: &mut Value) {
    meta::tidy(value);
    if resource.custom.is_none()
        && let Some(schema) = schema_of(resource)
    {
        fill(schema.root(), value);
        // An empty list that is always written is nothing to the store, and so is written as null.
        for (name, field) in schema.root().ty().map.iter().flat_map(|map| &map.fields) {
            let empty = value.get(name.as_ref()).and_then(Value::as_array).is_some_and(Vec::is_empty);
            if field.presence == Presence::Always && empty {
                value[name.as_ref()] = Value::Null;
            }
        }
    }
}

/// Takes away what only answers say, and gives the stored version its form.
fn to_stored(resource: &Resource, value: &Value) -> Value {
    let mut stored = value.clone();
    if let Some((_, to_stored)) = resource.strategy.convert {
        to_stored(&mut stored);
    }
    stored
}

/// Whether the writer of a change owns fields: server-side apply has done it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ownership {
    Track,
    Tracked,
}

/// Creates an object. `value` is decoded, not yet defaulted (unless it is applied).
pub(super) fn create(
    call: &Call<'_>,
    mut value: Value,
    manager: String,
    dry_run: bool,
    ownership: Ownership,
) -> Answer<Outcome> {
    let resource = call.resource.clone();
    let server = call.server;
    check_kind(&resource, &value)?;
    admit::settle_namespace(call, &mut value)?;
    let given = meta::text(&value, "name").to_owned();
    let prefix = meta::text(&value, "generateName").to_owned();
    let version = meta::text(&value, "resourceVersion");
    if !version.is_empty() && version != "0" {
        return Err(Status::unforeseen("resourceVersion should not be set on objects to be created"));
    }
    (resource.strategy.default)(&mut value);
    if let Some(custom) = &resource.custom {
        custom.default(&mut value, ownership == Ownership::Tracked);
    }
    let metadata = meta::of(&mut value);
    for member in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        metadata.remove(member);
    }
    if resource.custom.is_some() {
        // Nobody owns what is empty in metadata: it is gone before it is noted.
        meta::tidy(&mut value);
    }
    if ownership == Ownership::Track
        && let Some(writer) = Writer::of_call(call, manager, Door::Object)
    {
        value = writer.update(None, value);
    }
    admit::namespace_for_create(call, &given)?;
    warn_double_owners(call, &mut value);
    if given.is_empty() && !prefix.is_empty() {
        let kept: String = prefix.chars().take(MAX_PREFIX).collect();
        let name = format!("{kept}{}", server.suffix(SUFFIX));
        meta::of(&mut value).insert("name".to_owned(), name.into());
    }
    controllers::admit_create(server, &resource, call.namespace(), &mut value)?;
    let metadata = meta::of(&mut value);
    for member in ["resourceVersion", "selfLink"] {
        metadata.remove(member);
    }
    metadata.insert("uid".to_owned(), server.uid().into());
    metadata.insert("creationTimestamp".to_owned(), time::write(server.now()).into());
    if resource.strategy.counts_generation {
        metadata.insert("generation".to_owned(), 1.into());
    }
    if resource.has_status()
        && let Some(members) = value.as_object_mut()
    {
        members.remove("status");
    }
    (resource.strategy.prepare_create)(&mut value);
    to_go(&resource, &mut value);
    let mut errors =
        meta::validate(&value, "metadata", Some(resource.strategy.name_rule), resource.namespaced());
    if resource.custom.is_none() {
        errors.extend(meta::finalizer_names(&value, "metadata"));
    }
    (resource.strategy.validate)(&value, None, &mut errors);
    if let Some(custom) = &resource.custom {
        custom.validate(&value, None, &mut errors);
    }
    let name = meta::text(&value, "name").to_owned();
    refuse(&resource, &name, &errors)?;
    if resource.group == "rbac.authorization.k8s.io" {
        access::check_escalation(server, call.user, &resource.plural, call.namespace(), &value, None)?;
    }
    controllers::check_create(server, &resource, call.namespace(), &value)?;
    custom::check_create(call, &value)?;
    warn(call, &value, None);
    let key = Key::new(call.namespace(), &name);
    if let Some(existing) = server.store.get(&resource.collection, key.text()) {
        return Err(exists(&resource, &name, &existing));
    }
    if dry_run {
        return Ok(Outcome::Shown(value));
    }
    let mut stored = to_stored(&resource, &value);
    match server.store.put(&resource.collection, &key, &mut stored, Expect::Absent, order_of(&resource)) {
        Ok(object) => {
            controllers::settle(server);
            Ok(Outcome::Stored(object))
        }
        Err(Refused::Changed) => Err(Status::already_exists(&resource.group, &resource.plural, &name)),
        Err(Refused::Journal(why)) => Err(journal_failure(&why)),
    }
}

const DOUBLE_OWNERS: &str = ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in \
    1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ";

fn warn_double_owners(call: &Call<'_>, value: &mut Value) {
    let doubled = meta::merge_owners(value);
    if !doubled.is_empty() {
        call.warn(format!("{DOUBLE_OWNERS}{}", doubled.join(", ")));
    }
}

fn exists(resource: &Resource, name: &str, existing: &Object) -> Box<Status> {
    let mut refusal = Status::already_exists(&resource.group, &resource.plural, name);
    if existing.terminating {
        refusal.message = format!("object is being deleted: {}", refusal.message);
    }
    refusal
}

fn warn(call: &Call<'_>, value: &Value, old: Option<&Value>) {
    let mut warnings = Vec::new();
    let before = old.map(meta::finalizers).unwrap_or_default();
    for finalizer in meta::finalizers(value) {
        let known = matches!(finalizer, "orphan" | "foregroundDeletion" | "kubernetes")
            || before.contains(&finalizer);
        if !finalizer.contains('/') && !known {
            let path = if finalizer.contains('.') { " including a path (/)" } else { "" };
            call.warn(format!(
                "metadata.finalizers: {}: prefer a domain-qualified finalizer name{path} to avoid accidental conflicts \
                 with other finalizer writers",
                crate::status::quote(finalizer)
            ));
        }
    }
    (call.resource.strategy.warn)(value, old, &mut warnings);
    warnings.into_iter().for_each(|warning| call.warn(warning));
}

pub(super) fn refuse(resource: &Resource, name: &str, errors: &[FieldError]) -> Answer<()> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid(
            resource.strategy.error_group.unwrap_or(&resource.group),
            &resource.kind,
            name,
            errors,
        ))
    }
}

/// A change of a stored object.
pub(super) struct Update<'a> {
    pub(super) existing: &'a Arc<Object>,
    /// The stored state as the request's version.
    pub(super) old: &'a Value,
    pub(super) new: Value,
    pub(super) door: Door,
    pub(super) manager: String,
    pub(super) dry_run: bool,
    pub(super) ownership: Ownership,
}

/// Puts a new state in the place of the old one.
pub(super) fn update(call: &Call<'_>, change: Update<'_>) -> Answer<Attempt> {
    let Update { existing, old, mut new, door, manager, dry_run, ownership } = change;
    let resource = call.resource.clone();
    let server = call.server;
    let name = existing.key.name().to_owned();
    check_kind(&resource, &new)?;
    admit::settle_namespace(call, &mut new)?;
    let uid = meta::text(&new, "uid");
    if !uid.is_empty() && uid != &*existing.uid {
        return Err(uid_conflict(&resource, existing, uid));
    }
    (resource.strategy.default)(&mut new);
    if let Some(custom) = &resource.custom {
        custom.default(&mut new, ownership == Ownership::Tracked);
    }
    carry_over(&resource, door, old, &mut new);
    if resource.custom.is_some() {
        meta::tidy(&mut new);
    }
    if ownership == Ownership::Track
        && let Some(writer) = Writer::of_call(call, manager, door)
    {
        new = writer.update(Some(old), new);
    }
    warn_double_owners(call, &mut new);
    keep_system_metadata(&mut new, old);
    if door == Door::Object {
        (resource.strategy.prepare_update)(&mut new, old);
    }
    to_go(&resource, &mut new);
    if let Some(version) = old["metadata"].get("resourceVersion") {
        meta::of(&mut new).insert("resourceVersion".to_owned(), version.clone());
    }
    count_generation(&resource, door, &mut new, old);
    let mut errors = meta::validate_update(&new, old, "metadata");
    // All of the metadata is looked at twice: by the store and by the kind's own rules.
    if resource.custom.is_none() {
        let rule = Some(resource.strategy.name_rule);
        errors.extend(meta::validate(&new, "metadata", rule, resource.namespaced()));
        errors.extend(meta::finalizer_names(&new, "metadata"));
    }
    errors.extend(errors.clone());
    match door {
        Door::Status => (resource.strategy.validate_status)(&new, old, &mut errors),
        _ => (resource.strategy.validate)(&new, Some(old), &mut errors),
    }
    if let Some(custom) = &resource.custom {
        custom.validate(&new, Some((old, door.name())), &mut errors);
    }
    refuse(&resource, &name, &errors)?;
    if resource.group == "rbac.authorization.k8s.io" {
        access::check_escalation(server, call.user, &resource.plural, call.namespace(), &new, Some(old))?;
    }
    warn(call, &new, Some(old));
    if nothing_changed(old, &mut new) {
        return Ok(Attempt::Done(if dry_run {
            Outcome::Shown(new)
        } else {
            Outcome::Stored(existing.clone())
        }));
    }
    if dry_run {
        return Ok(Attempt::Done(Outcome::Shown(new)));
    }
    let ends = meta::terminating(&new)
        && meta::finalizers(&new).is_empty()
        && new["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
        && !controllers::holds_back(&resource, &new);
    if ends {
        return match server.store.remove(&resource.collection, &existing.key, existing.revision) {
            Ok(_) => {
                controllers::settle(server);
                Ok(Attempt::Done(Outcome::Shown(new)))
            }
            Err(Refused::Changed) => Ok(Attempt::Lost),
            Err(Refused::Journal(why)) => Err(journal_failure(&why)),
        };
    }
    let mut stored = to_stored(&resource, &new);
    match server.store.put(
        &resource.collection,
        &existing.key,
        &mut stored,
        Expect::Revision(existing.revision),
        order_of(&resource),
    ) {
        Ok(object) => {
            controllers::settle(server);
            Ok(Attempt::Done(Outcome::Stored(object)))
        }
        Err(Refused::Changed) => Ok(Attempt::Lost),
        Err(Refused::Journal(why)) => Err(journal_failure(&why)),
    }
}

fn uid_conflict(resource: &Resource, existing: &Object, uid: &str) -> Box<Status> {
    let path = if resource.group.is_empty() || !resource.group.contains('.') || resource.custom.is_none() {
        resource.plural.to_string()
    } else {
        format!("{}/{}", resource.group, resource.plural)
    };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{path}/{}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
        existing.key.text(),
        existing.uid
    );
    Status::conflict(&resource.group, &resource.plural, existing.key.name(), &why)
}

/// What the door can't change is taken from the old state.
fn carry_over(resource: &Resource, door: Door, old: &Value, new: &mut Value) {
    let put = |new: &mut Value, member: &str| match old.get(member) {
        Some(value) => new[member] = value.clone(),
        None => {
            if let Some(members) = new.as_object_mut() {
                members.remove(member);
            }
        }
    };
    match door {
        Door::Object if resource.has_status() => put(new, "status"),
        Door::Status if resource.custom.is_some() => {
            let (status, metadata) = (new["status"].take(), new["metadata"].take());
            let mut kept = old.clone();
            kept["status"] = status;
            if kept["status"].is_null()
                && let Some(members) = kept.as_object_mut()
            {
                members.remove("status");
            }
            // Only what tracks the write itself comes along.
            for member in ["managedFields", "resourceVersion"] {
                match metadata.get(member) {
                    Some(value) => kept["metadata"][member] = value.clone(),
                    None => {
                        meta::of(&mut kept).remove(member);
                    }
                }
            }
            *new = kept;
        }
        Door::Status => put(new, "spec"),
        Door::Other("finalize") => {
            // Through this door only the namespace's own finalizers go.
            let finalizers = new["spec"]["finalizers"].take();
            let mut kept = old.clone();
            kept["spec"]["finalizers"] = finalizers;
            kept["metadata"]["resourceVersion"] = new["metadata"]["resourceVersion"].take();
            *new = kept;
        }
        _ => {}
    }
}

fn keep_system_metadata(new: &mut Value, old: &Value) {
    let before = &old["metadata"];
    let metadata = meta::of(new);
    for member in ["uid", "name", "namespace"] {
        if metadata.get(member).and_then(Value::as_str).is_none_or(str::is_empty)
            && let Some(value) = before.get(member)
        {
            metadata.insert(member.to_owned(), value.clone());
        }
    }
    if let Some(created) = before.get("creationTimestamp") {
        metadata.insert("creationTimestamp".to_owned(), created.clone());
    }
    if let Some(deleted) = before.get("deletionTimestamp") {
        metadata.insert("deletionTimestamp".to_owned(), deleted.clone());
        if metadata.get("deletionGracePeriodSeconds").is_none_or(Value::is_null)
            && let Some(grace) = before.get("deletionGracePeriodSeconds")
        {
            metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.clone());
        }
    }
    match before.get("generation") {
        Some(generation) => metadata.insert("generation".to_owned(), generation.clone()),
        None => metadata.remove("generation"),
    };
}

/// Counts a change of what somebody wants.
fn count_generation(resource: &Resource, door: Door, new: &mut Value, old: &Value) {
    if !resource.strategy.counts_generation || door == Door::Status {
        return;
    }
    let differs = if resource.custom.is_some() {
        let without = |value: &Value| {
            let mut value = value.clone();
            if let Some(members) = value.as_object_mut() {
                members.remove("metadata");
                if resource.has_status() {
                    members.remove("status");
                }
            }
            value
        };
        without(new) != without(old)
    } else if new.get("spec").is_some() || old.get("spec").is_some() {
        new.get("spec") != old.get("spec")
    } else {
        new.get("webhooks") != old.get("webhooks")
    };
    if differs {
        let generation = old["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
        meta::of(new).insert("generation".to_owned(), generation.into());
    }
}

/// Writes that the server makes by itself.
#[derive(Clone, Copy)]
pub(crate) struct System<'a> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) resource: &'a Resource,
}

/// Creates or replaces an object without asking anybody; `change` sees the state that is there. `None` from it leaves
/// things as they are. The controllers see the change in their next round.
pub(crate) fn system_write(
    system: System<'_>,
    key: &Key,
    change: impl Fn(Option<&Value>) -> Option<Value>,
) -> Option<Arc<Object>> {
    let System { server, resource } = system;
    loop {
        let existing = server.store.get(&resource.collection, key.text());
        let old = existing.as_ref().map(|object| resource.value(object));
        let mut new = change(old.as_ref())?;
        if let Some(old) = &old {
            keep_system_metadata(&mut new, old);
            if let Some(version) = old["metadata"].get("resourceVersion") {
                meta::of(&mut new).insert("resourceVersion".to_owned(), version.clone());
            }
            count_generation(resource, Door::Object, &mut new, old);
        } else {
            let metadata = meta::of(&mut new);
            metadata.insert("uid".to_owned(), server.uid().into());
            metadata.insert("creationTimestamp".to_owned(), time::write(server.now()).into());
            if resource.strategy.counts_generation {
                metadata.insert("generation".to_owned(), 1.into());
            }
            metadata.insert("name".to_owned(), key.name().into());
            if !key.namespace().is_empty() {
                metadata.insert("namespace".to_owned(), key.namespace().into());
            }
        }
        to_go(resource, &mut new);
        if old.as_ref().is_some_and(|old| *old == new) {
            return existing;
        }
        let ends = old.is_some() && meta::terminating(&new) && meta::finalizers(&new).is_empty();
        if ends && !controllers::holds_back(resource, &new) {
            let existing = existing?;
            match server.store.remove(&resource.collection, key, existing.revision) {
                Ok(object) => return Some(object),
                Err(_) => continue,
            }
        }
        let expect = existing.as_ref().map_or(Expect::Absent, |object| Expect::Revision(object.revision));
        let mut stored = to_stored(resource, &new);
        match server.store.put(&resource.collection, key, &mut stored, expect, order_of(resource)) {
            Ok(object) => return Some(object),
            Err(Refused::Changed) => {}
            Err(Refused::Journal(_)) => return None,
        }
    }
}

/// Begins or completes the deletion of an object, as the server itself does it: in the background.
pub(crate) fn system_remove(system: System<'_>, key: &Key, uid: Option<&str>) {
    let System { server, resource } = system;
    loop {
        let Some(existing) = server.store.get(&resource.collection, key.text()) else { return };
        if uid.is_some_and(|uid| *existing.uid != *uid) {
            return;
        }
        let value = resource.value(&existing);
        let mut begun = value.clone();
        let now = time::write(server.now());
        (resource.strategy.prepare_delete)(&mut begun, &now);
        if meta::finalizers(&begun).is_empty() && !controllers::holds_back(resource, &begun) {
            match server.store.remove(&resource.collection, key, existing.revision) {
                Err(Refused::Changed) => continue,
                _ => return,
            }
        }
        if existing.terminating {
            return;
        }
        system_write(system, key, |old| {
            let mut new = old?.clone();
            (resource.strategy.prepare_delete)(&mut new, &now);
            super::delete::mark(resource, &mut new, &now, 0);
            Some(new)
        });
        return;
    }
}

/// Writes the status of an object as a manager of the control plane; `change` makes the new state of the old one.
pub(crate) fn system_status(
    system: System<'_>,
    key: &Key,
    manager: &str,
    change: impl Fn(&Value) -> Value,
) -> Option<Arc<Object>> {
    let now = time::write(system.server.now());
    system_write(system, key, |old| {
        let old = old?;
        let mut new = change(old);
        to_go(system.resource, &mut new);
        if new == *old {
            return None;
        }
        match Writer::new(system.resource, now.clone(), manager.to_owned(), Door::Status) {
            Some(writer) => Some(writer.update(Some(old), new)),
            None => Some(new),
        }
    })
}

/// A new object, owned by a manager of the control plane.
pub(crate) fn owned_by(resource: &Resource, manager: &str, server: &Server, value: Value) -> Value {
    match Writer::new(resource, time::write(server.now()), manager.to_owned(), Door::Object) {
        Some(writer) => writer.update(None, value),
        None => value,
    }
}
