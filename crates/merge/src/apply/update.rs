//! Who owns what after a write, and what an apply makes of an object.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::conflict::Conflicts;
use super::field_set::FieldSet;
use super::managers::{self, Entry, Operation};
use super::typed::{self, Comparison, Duplicates};
use super::{ApplyError, Versions, Write, shown_kind};
use crate::schema::{self, Schema};

/// The manager of everything that stood in an object before anybody applied to it.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";
/// The manager that the oldest updaters are merged into.
const ANCIENT: &str = "ancient-changes";
/// As many updaters are kept apart.
const MAX_UPDATERS: usize = 10;

/// What no manager owns: the server itself sees to it.
fn metadata_of_the_server() -> FieldSet {
    FieldSet::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
}

impl Write<'_> {
    fn entry(&self, operation: Operation) -> Entry {
        Entry {
            manager: if self.manager.is_empty() { "unknown" } else { self.manager }.to_owned(),
            operation,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.to_owned(),
            time: None,
            fields: FieldSet::default(),
        }
    }
}

/// See [`super::update`].
pub(super) fn update(before: Option<&Value>, mut after: Value, write: &Write<'_>) -> Value {
    let given = take_managed_fields(&mut after);
    let stored = before.and_then(|before| before.pointer("/metadata/managedFields"));
    let managed = if write.subresource.is_empty() && managers::is_reset(given.as_ref()) {
        Vec::new()
    } else {
        let given = if write.subresource.is_empty() {
            managers::read(given.as_ref()).unwrap_or_default()
        } else {
            Vec::new()
        };
        if given.is_empty() { managers::read(stored).unwrap_or_default() } else { given }
    };
    // Whoever cleared the managed fields wants none: only an apply starts them again.
    if managed.is_empty() && before.is_some() {
        return after;
    }
    if let Some(managed) = note_update(before, &after, managed, write) {
        put_managed_fields(&mut after, managed);
    }
    after
}

/// The managed fields after an update; none where an object is not what its schema says.
fn note_update(
    before: Option<&Value>,
    after: &Value,
    managed: Vec<Entry>,
    write: &Write<'_>,
) -> Option<Vec<Entry>> {
    let schema = write.versions.schema(write.api_version)?;
    let before = without_managed_fields(before, schema);
    typed::validate(schema.root(), &before, Duplicates::Allowed).ok()?;
    typed::validate(schema.root(), after, Duplicates::Allowed).ok()?;
    let managed = reconciled(managed, &before, write.versions);
    let (mut managed, comparison) = transfer(&before, after, managed, None, true, write).ok()?;
    let comparison = comparison.without(write.reset);
    let fields = comparison.modified.union(&comparison.added).difference(&metadata_of_the_server());
    if !fields.is_empty() {
        let mut entry = write.entry(Operation::Update);
        entry.time = Some(write.now.to_owned());
        entry.fields = match managed.iter().position(|other| other.same_manager(&entry)) {
            Some(at) => managed.swap_remove(at).fields.union(&fields),
            None => fields,
        };
        managed.push(entry);
    }
    cap_updaters(&mut managed);
    Some(managed)
}

/// Takes changed fields from all managers but one, and removed ones from all: conflicts, unless `force`.
fn transfer(
    before: &Value,
    after: &Value,
    managed: Vec<Entry>,
    writer: Option<&Entry>,
    force: bool,
    write: &Write<'_>,
) -> Result<(Vec<Entry>, Comparison), Conflicts> {
    let mut comparisons: BTreeMap<String, Option<Comparison>> = BTreeMap::new();
    let own = compare_in(before, after, write.api_version, write.versions).unwrap_or_default();
    let own = own.without(write.reset);
    comparisons.insert(write.api_version.to_owned(), Some(own.clone()));
    let mut kept = Vec::with_capacity(managed.len());
    let mut conflicts = Vec::new();
    for entry in managed {
        if writer.is_some_and(|writer| writer.same_manager(&entry)) {
            kept.push((entry, FieldSet::default()));
            continue;
        }
        let comparison = comparisons
            .entry(entry.api_version.clone())
            .or_insert_with(|| compare_in(before, after, &entry.api_version, write.versions));
        // What was written in a version that is gone says nothing any more.
        let Some(comparison) = comparison else { continue };
        let changed = comparison.modified.union(&comparison.added);
        let conflict = entry.fields.intersection(&changed);
        let lost = conflict.union(&comparison.removed);
        if !conflict.is_empty() {
            conflicts.push((kept.len(), conflict));
        }
        kept.push((entry, lost));
    }
    if !force && !conflicts.is_empty() {
        return Err(Conflicts::of(conflicts.into_iter().map(|(at, fields)| (&kept[at].0, fields)).collect()));
    }
    let kept = kept.into_iter().filter_map(|(mut entry, lost)| {
        if !lost.is_empty() {
            entry.fields = entry.fields.difference(&lost);
        }
        (!entry.fields.is_empty()).then_some(entry)
    });
    Ok((kept.collect(), own))
}

fn compare_in(
    before: &Value,
    after: &Value,
    api_version: &str,
    versions: &dyn Versions,
) -> Option<Comparison> {
    let schema = versions.schema(api_version)?;
    let before = in_version(before, api_version, versions)?;
    let after = in_version(after, api_version, versions)?;
    Some(typed::compare(schema.root(), &before, &after))
}

/// The object as a version shows it. A null or empty object is that in every version.
fn in_version<'v>(object: &'v Value, api_version: &str, versions: &dyn Versions) -> Option<Cow<'v, Value>> {
    let own = object.get("apiVersion").and_then(Value::as_str);
    if own.is_none_or(|own| own == api_version) {
        Some(Cow::Borrowed(object))
    } else {
        versions.convert(object, api_version)
    }
}

/// Brings ownership up to date with schemas that have changed since.
fn reconciled(managed: Vec<Entry>, live: &Value, versions: &dyn Versions) -> Vec<Entry> {
    let current = managed.into_iter().filter_map(|mut entry| {
        let schema = versions.schema(&entry.api_version)?;
        in_version(live, &entry.api_version, versions)?;
        if let Some(fields) = typed::reconcile(schema.root(), &entry.fields) {
            entry.fields = fields;
        }
        Some(entry)
    });
    current.collect()
}

/// Merges the oldest updaters of a version into one until there are few enough.
fn cap_updaters(managed: &mut Vec<Entry>) {
    let mut count = managed.iter().filter(|entry| entry.operation == Operation::Update).count();
    if count <= MAX_UPDATERS {
        return;
    }
    let (mut updaters, others): (Vec<_>, Vec<_>) =
        std::mem::take(managed).into_iter().partition(|entry| entry.operation == Operation::Update);
    updaters
        .sort_by(|a, b| (&a.time, &a.manager, &a.subresource).cmp(&(&b.time, &b.manager, &b.subresource)));
    *managed = others;
    // The first of a version waits: it is merged only if a second one follows.
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut out: Vec<Entry> = Vec::with_capacity(MAX_UPDATERS);
    for entry in updaters {
        match first.get(&entry.api_version) {
            Some(at) if count > MAX_UPDATERS => {
                let bucket = &mut out[*at];
                bucket.manager = ANCIENT.to_owned();
                bucket.subresource = String::new();
                bucket.fields = bucket.fields.union(&entry.fields);
                bucket.time = entry.time;
                count -= 1;
            }
            _ => {
                first.entry(entry.api_version.clone()).or_insert(out.len());
                out.push(entry);
            }
        }
    }
    managed.append(&mut out);
}

/// Applies once, by the rules alone; [`super::last_applied`] adds what kubectl's annotation asks for.
pub(super) fn apply(
    live: Option<&Value>,
    applied: &Value,
    force: bool,
    write: &Write<'_>,
) -> Result<Value, ApplyError> {
    let text = |name: &str| applied.get(name).and_then(Value::as_str).unwrap_or("");
    let found = shown_kind(text("apiVersion"), text("kind"));
    if text("apiVersion") != write.api_version || text("kind") != write.kind {
        return Err(ApplyError::Kind { found });
    }
    if applied.pointer("/metadata/managedFields").is_some_and(|fields| !fields.is_null()) {
        return Err(ApplyError::ManagedFieldsGiven);
    }
    let schema = write.versions.schema(write.api_version).ok_or(ApplyError::NoType { found })?;
    let mut managed = managers::read(live.and_then(|live| live.pointer("/metadata/managedFields")))
        .map_err(ApplyError::ManagedFields)?;
    if let (true, Some(live)) = (managed.is_empty(), live) {
        let first = Write { manager: BEFORE_FIRST_APPLY, ..*write };
        let mut live = live.clone();
        take_managed_fields(&mut live);
        managed = note_update(None, &live, managed, &first).unwrap_or_default();
    }
    typed::validate(schema.root(), applied, Duplicates::Refused)
        .map_err(|error| ApplyError::Patch { object: shown_object(applied, write), error })?;
    let base = without_managed_fields(live, schema);
    typed::validate(schema.root(), &base, Duplicates::Allowed)
        .map_err(|error| ApplyError::Live { object: shown_object(&base, write), error })?;

    let mut managed = reconciled(managed, &base, write.versions);
    let base = if live.is_some() { base } else { Value::Object(Map::new()) };
    let merged = typed::merge(schema.root(), Some(&base), Some(applied)).unwrap_or(Value::Null);
    let mut entry = write.entry(Operation::Apply);
    let last = managed.iter().position(|other| other.same_manager(&entry)).map(|at| managed.swap_remove(at));
    entry.time = last.as_ref().and_then(|last| last.time.clone());
    entry.fields = typed::fields_of(schema.root(), applied).recursive_difference(write.reset);
    managed.push(entry.clone());
    // Who wants all that it wanted before takes nothing away.
    let gives_up = |last: &&Entry| {
        last.api_version != write.api_version || !last.fields.difference(&entry.fields).is_empty()
    };
    let mut merged = match last.as_ref().filter(gives_up) {
        Some(last) => prune(&merged, &managed, last, write.api_version, write.versions),
        None => merged,
    };
    let (mut managed, _) =
        transfer(&base, &merged, managed, Some(&entry), force, write).map_err(ApplyError::Conflicts)?;

    let changed = live.is_none() || !typed::same(&base, &merged);
    if let Some(at) = managed.iter().position(|other| other.same_manager(&entry)) {
        let own = &mut managed[at];
        own.fields = own.fields.difference(&metadata_of_the_server());
        if changed {
            own.time = Some(write.now.to_owned());
        }
        if own.fields.is_empty() {
            managed.swap_remove(at);
        }
    }
    put_managed_fields(&mut merged, managed);
    Ok(merged)
}

/// Takes out of the merged object what the manager applied last time, does not apply now, and nobody else owns.
fn prune(
    merged: &Value,
    managed: &[Entry],
    last: &Entry,
    api_version: &str,
    versions: &dyn Versions,
) -> Value {
    let (Some(schema), Some(in_last)) =
        (versions.schema(&last.api_version), in_version(merged, &last.api_version, versions))
    else {
        return merged.clone();
    };
    let node = Some(schema.root());
    let last_fields = last.fields.with_named_fields(node);
    let mut pruned = typed::remove(schema.root(), &in_last, &last_fields);

    // Other managers' fields, and what this one wants now, come back: first those named in the version at hand.
    let mut owned: BTreeMap<&str, FieldSet> = BTreeMap::new();
    for entry in managed {
        let all = owned.entry(entry.api_version.as_str()).or_default();
        *all = all.union(&entry.fields);
    }
    let mut order: Vec<&str> = owned.keys().copied().filter(|version| *version != last.api_version).collect();
    if owned.contains_key(last.api_version.as_str()) {
        order.insert(0, last.api_version.as_str());
    }
    for version in order {
        let (Some(schema), Some(whole), Some(thin)) = (
            versions.schema(version),
            in_version(merged, version, versions),
            in_version(&pruned, version, versions),
        ) else {
            continue;
        };
        let node = Some(schema.root());
        let all = typed::fields_of(schema.root(), &whole).with_named_fields(node);
        let left = typed::fields_of(schema.root(), &thin).with_named_fields(node);
        let owned = owned.get(version).cloned().unwrap_or_default().with_named_fields(node);
        pruned = typed::remove(schema.root(), &whole, &all.difference(&left.union(&owned)));
    }

    // What went though it was not applied last time comes back as well.
    let Some(pruned) = in_version(&pruned, &last.api_version, versions) else { return merged.clone() };
    let left = typed::fields_of(schema.root(), &pruned).with_named_fields(node);
    let all = typed::fields_of(schema.root(), &in_last).with_named_fields(node);
    let gone = all.difference(&left).intersection(&last_fields);
    let pruned = typed::remove(schema.root(), &in_last, &gone);
    in_version(&pruned, api_version, versions).map_or_else(|| pruned.clone(), Cow::into_owned)
}

/// The object before a write, without its managed fields; for one that was not there, what Go's zero value shows.
fn without_managed_fields(object: Option<&Value>, schema: &Schema) -> Value {
    match object {
        Some(object) => {
            let mut object = object.clone();
            take_managed_fields(&mut object);
            object
        }
        None => schema::zero_object(schema),
    }
}

fn take_managed_fields(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

fn put_managed_fields(object: &mut Value, managed: Vec<Entry>) {
    if managed.is_empty() {
        return;
    }
    if let Some(object) = object.as_object_mut() {
        let metadata = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("managedFields".to_owned(), managers::write(managed));
        }
    }
}

fn shown_object(object: &Value, write: &Write<'_>) -> String {
    let text =
        |name: &str| object.get("metadata").and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
    let kind = shown_kind(write.api_version, write.kind);
    format!("{}/{}; {kind}", text("namespace").unwrap_or(""), text("name").unwrap_or(""))
}

/// See [`super::keep_times`].
pub(super) fn keep_times(before: &Value, after: &mut Value) -> bool {
    let entries =
        |object: &Value| object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned();
    let (Some(old), Some(new)) = (entries(before), entries(after)) else { return before == after };
    let timeless = |entry: &Value| {
        let mut entry = entry.clone();
        entry.as_object_mut().map(|entry| entry.remove("time"));
        entry
    };
    let mut kept = new.clone();
    for entry in &mut kept {
        let bare = timeless(entry);
        if let Some(old) = old.iter().find(|old| timeless(old) == bare) {
            *entry = old.clone();
        }
    }
    // The order follows from the times, so entries with their old times stand as they stood.
    let sorted = |list: &[Value]| {
        let mut texts: Vec<String> = list.iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    if sorted(&kept) != sorted(&old) {
        return false;
    }
    let mut candidate = after.clone();
    if let Some(fields) = candidate.pointer_mut("/metadata/managedFields") {
        *fields = Value::Array(old);
    }
    // The revision is the server's to give: it is the same until the write is stored.
    let same = candidate == *before;
    if same {
        *after = candidate;
    }
    same
}
