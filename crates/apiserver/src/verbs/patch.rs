//! PATCH: four ways to say what changes.

use std::sync::Arc;

use ::http::Response;
use gangplank_merge::schema::{Schema, builtin};
use gangplank_merge::strategic::StrategicError;
use gangplank_merge::{json_patch, merge_patch, strategic};
use serde_json::{Map, Value};

use super::Call;
use super::decode::{self, schema_of};
use super::ownership::{Door, Writer};
use super::unstructured::{converted, restore_error};
use super::write::{self, Attempt, Ownership, Update};
use crate::access::{Attributes, forbidden};
use crate::go;
use crate::http::body::Body;
use crate::http::negotiate::Offer;
use crate::http::query::{FieldValidation, Write, WriteOptions};
use crate::object::meta;
use crate::object::ordered::{Touched, go_value};
use crate::object::typed::{self, Finding};
use crate::status::{Answer, FieldError, Status, quote};
use crate::store::Object;

/// Which of the four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Json,
    Merge,
    Strategic,
    Apply,
}

/// How often a patch is tried again after somebody else's write.
const ATTEMPTS: usize = 5;

fn way_of(call: &Call<'_>) -> Answer<Way> {
    let header = call
        .headers
        .get(::http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = header.split(';').next().unwrap_or_default().trim();
    match kind {
        "application/json-patch+json" => Ok(Way::Json),
        "application/merge-patch+json" => Ok(Way::Merge),
        "application/strategic-merge-patch+json" if call.resource.custom.is_none() => Ok(Way::Strategic),
        "application/apply-patch+yaml" => Ok(Way::Apply),
        _ => {
            if call.resource.custom.is_some() {
                let message = "the body of the request was in an unknown format - accepted media types include: \
                               application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
                return Err(Status::unsupported_media_type(message));
            }
            let message = "415: Unsupported Media Type".to_owned();
            Err(Status::other(415, "UnsupportedMediaType", message, Some(serde_json::json!({}))))
        }
    }
}

/// Patches the object that the path names.
pub(super) fn patch(call: &Call<'_>) -> Answer<Response<Body>> {
    through(call, Door::Object)
}

/// Patches what one door of an object lets through.
pub(super) fn through(call: &Call<'_>, door: Door) -> Answer<Response<Body>> {
    let (way, options) = way_and_options(call)?;
    call.form(Offer::Object)?;
    for _ in 0..ATTEMPTS {
        let existing = call.server.store.get(&call.resource.collection, call.key().text());
        let attempt = match (&existing, way) {
            (None, Way::Apply) if door == Door::Object => return create(call, &options),
            (None, _) => return Err(call.not_found()),
            (Some(existing), Way::Apply) => apply(call, existing, &options, door)?,
            (Some(existing), _) => patch_once(call, existing, way, &options, door)?,
        };
        if let Attempt::Done(outcome) = attempt {
            return outcome.reply(call, 200);
        }
    }
    Err(Status::modified(&call.resource.group, &call.resource.plural, &call.place.name))
}

/// The configuration of an apply, with everything that must be right before it is merged.
pub(super) fn configuration(call: &Call<'_>, validation: FieldValidation) -> Answer<Value> {
    let text = std::str::from_utf8(call.body)
        .map_err(|_| Status::bad_request("error decoding YAML: yaml: invalid UTF-8".to_owned()))?;
    let (value, doubled) = decode::yaml_value(text).map_err(|why| {
        Status::bad_request(format!("error decoding YAML: error converting YAML to JSON: {why}"))
    })?;
    if !value.is_object() {
        let found = match &value {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "bool",
            _ => return Err(Status::bad_request("invalid object type: /, Kind=")),
        };
        return Err(Status::bad_request(format!(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value \
             of type map[string]interface {{}}"
        )));
    }
    match validation {
        FieldValidation::Strict if !doubled.is_empty() => {
            let lines: Vec<String> = doubled
                .iter()
                .map(|(line, key)| format!("line {line}: key {} already set in map", quote(key)))
                .collect();
            return Err(Status::bad_request(format!(
                "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {}",
                lines.join("\n  ")
            )));
        }
        FieldValidation::Warn => {
            for (line, key) in &doubled {
                call.warn(format!("line {line}: key {} already set in map", quote(key)));
            }
        }
        _ => {}
    }
    Ok(value)
}

fn writer<'a>(call: &'a Call<'a>, manager: &str, door: Door) -> Answer<Writer<'a>> {
    Writer::of_call(call, manager.to_owned(), door)
        .ok_or_else(|| Status::unforeseen(format!("no schema for {}", call.resource.kind)))
}

fn apply(call: &Call<'_>, existing: &Arc<Object>, options: &WriteOptions, door: Door) -> Answer<Attempt> {
    let applied = configuration(call, options.field_validation)?;
    let old = call.resource.value(existing);
    check_body_version(call, &applied, existing)?;
    check_uid(call, &applied, existing)?;
    let force = options.force.unwrap_or(false);
    let new = writer(call, &options.field_manager, door)?.apply(Some(&old), &applied, force)?;
    super::update::check_name(call, &new)?;
    let new = decoded(call, new, options.field_validation)?;
    let change = Update {
        existing,
        old: &old,
        new,
        door,
        manager: options.field_manager.clone(),
        dry_run: options.dry_run,
        ownership: Ownership::Tracked,
    };
    write::update(call, change)
}

fn check_body_version(call: &Call<'_>, body: &Value, existing: &Object) -> Answer<()> {
    let version = meta::text(body, "resourceVersion");
    if !version.is_empty() && version != existing.revision.to_string() {
        return Err(Status::modified(&call.resource.group, &call.resource.plural, &call.place.name));
    }
    Ok(())
}

fn check_uid(call: &Call<'_>, body: &Value, existing: &Object) -> Answer<()> {
    let uid = meta::text(body, "uid");
    if uid.is_empty() || uid == &*existing.uid {
        return Ok(());
    }
    // The metadata is looked at twice.
    let error = FieldError::invalid_text("metadata.uid", uid, "field is immutable");
    let errors = [error.clone(), error];
    Err(Status::invalid(&call.resource.group, &call.resource.kind, &call.place.name, &errors))
}

/// An apply of what is not there creates it, for those who may.
fn create(call: &Call<'_>, options: &WriteOptions) -> Answer<Response<Body>> {
    let act = Attributes {
        verb: "create",
        resource_request: true,
        group: &call.place.group,
        version: &call.place.version,
        resource: &call.place.resource,
        subresource: "",
        namespace: &call.place.namespace,
        name: &call.place.name,
        path: &call.place.path,
    };
    let decision = call.server.access.decide(call.server, call.user, &act);
    let mut applied = configuration(call, options.field_validation)?;
    if !decision.allowed() {
        return Err(forbidden(call.user, &act, decision.reason()));
    }
    let uid = meta::text(&applied, "uid").to_owned();
    if !uid.is_empty() {
        let why = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        );
        return Err(Status::conflict(&call.resource.group, &call.resource.plural, &call.place.name, &why));
    }
    if let Some(metadata) = applied.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
    }
    let new = writer(call, &options.field_manager, Door::Object)?.apply(
        None,
        &applied,
        options.force.unwrap_or(false),
    )?;
    super::update::check_name(call, &applied)?;
    let new = decoded(call, new, options.field_validation)?;
    write::create(call, new, String::new(), options.dry_run, Ownership::Tracked)?.reply(call, 201)
}

/// A merged object of a typed kind, as if it had come in a body.
fn decoded(call: &Call<'_>, value: Value, validation: FieldValidation) -> Answer<Value> {
    let Some(schema) = schema_of(&call.resource).filter(|_| call.resource.custom.is_none()) else {
        let mut value = value;
        crate::custom::admit_patched(call, &mut value, validation)?;
        return Ok(value);
    };
    let text = value.to_string();
    let decoded = typed::decode(text.as_bytes(), Some(schema.root()), &call.resource.kind)
        .map_err(|error| Status::bad_request(error.to_string()))?;
    if let Some(mistake) = decoded.mistake {
        let (resource, why) = (&call.resource, converted(&mistake));
        let kind = format!("{}/{}, Kind={}", resource.group, resource.version, resource.kind);
        return Err(Status::unforeseen(format!(
            "failed to convert new object (/{}; {kind}) to proper version: unable to convert unstructured object to \
             {kind}: {why}",
            call.place.name
        )));
    }
    let mut value = decoded.value;
    gangplank_merge::schema::fill(schema.root(), &mut value);
    Ok(value)
}

/// The refusal of a patch whose result is no object of the kind.
fn undecodable(text: &str, why: &str) -> Box<Status> {
    Status::invalid("", "", "", &[FieldError::invalid_text("patch", text, why)])
}

fn patch_once(
    call: &Call<'_>,
    existing: &Arc<Object>,
    way: Way,
    options: &WriteOptions,
    door: Door,
) -> Answer<Attempt> {
    let old = call.resource.value(existing);
    let patched = patched(call, &old, way, schema_of(&call.resource), options.field_validation)?;
    let (mut text, mut findings) = (patched.text, patched.findings);
    let schema = schema_of(&call.resource).filter(|_| call.resource.custom.is_none());
    if let Some(why) = kind_mistake(call, &patched.value, &text) {
        return Err(undecodable(&text, &why));
    }
    let mut new = match &schema {
        Some(schema) => {
            let decoded = typed::decode(text.as_bytes(), Some(schema.root()), &call.resource.kind)
                .map_err(|error| undecodable(&text, &error.to_string()))?;
            let mistake = decoded.mistake;
            findings.extend(decoded.findings.iter().map(ToString::to_string));
            if way == Way::Strategic {
                // This way goes through Go's own maps: the patch is shown as such, and unknown fields come sorted.
                text = patched.shown;
                findings.sort();
            }
            if let Some(mistake) = mistake {
                return Err(undecodable(
                    &text,
                    &if way == Way::Strategic { converted(&mistake) } else { mistake },
                ));
            }
            let mut value = decoded.value;
            gangplank_merge::schema::fill(schema.root(), &mut value);
            value
        }
        None => patched.value,
    };
    tell(call, &findings, options.field_validation, &text)?;
    if schema.is_none() {
        crate::custom::admit_patched(call, &mut new, options.field_validation)?;
    }
    super::update::check_name(call, &new)?;
    let version = meta::text(&new, "resourceVersion").to_owned();
    if !version.is_empty() && version != existing.revision.to_string() {
        go::parse_uint(&version).map_err(Status::unforeseen)?;
        return Err(Status::modified(&call.resource.group, &call.resource.plural, &call.place.name));
    }
    check_uid(call, &new, existing)?;
    let change = Update {
        existing,
        old: &old,
        new,
        door,
        manager: call.manager(&options.field_manager),
        dry_run: options.dry_run,
        ownership: Ownership::Track,
    };
    write::update(call, change)
}

/// A patch that makes another kind of an object is told what that kind has against it.
fn kind_mistake(call: &Call<'_>, value: &Value, text: &str) -> Option<String> {
    let said = |member: &str| value[member].as_str().unwrap_or_default();
    let own = call.resource.api_version();
    let or = |said: &'_ str, own: &str| if said.is_empty() { own.to_owned() } else { said.to_owned() };
    let (api, kind) = (or(said("apiVersion"), &own), or(said("kind"), &call.resource.kind));
    if (api == own && kind == call.resource.kind) || call.resource.custom.is_some() {
        return None;
    }
    let (api, kind) = (api.as_str(), kind.as_str());
    let (group, version) = api.split_once('/').unwrap_or(("", api));
    let Some(schema) = builtin().kind(group, version, kind) else {
        return Some(format!(
            "no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:111\"",
            quote(kind),
            quote(api)
        ));
    };
    let decoded = typed::decode(text.as_bytes(), Some(schema.root()), kind).ok()?;
    decoded.mistake.or_else(|| {
        Some(format!("converting ({version}.{kind}) to (core.{}): unknown conversion", call.resource.kind))
    })
}

struct Patched {
    value: Value,
    /// The value as the real server writes it in messages.
    text: String,
    /// The patch as Go prints a map.
    shown: String,
    findings: Vec<String>,
}

fn patched(
    call: &Call<'_>,
    old: &Value,
    way: Way,
    schema: Option<Schema>,
    validation: FieldValidation,
) -> Answer<Patched> {
    let bytes = call.body.as_ref();
    let malformed = |why: String| {
        let before = if way == Way::Strategic { "" } else { "error decoding patch: " };
        Status::bad_request(format!("{before}{why}"))
    };
    if let Some(why) = go::json_syntax_error(bytes) {
        return Err(malformed(why));
    }
    let body = typed::decode(bytes, None, "").map_err(|error| malformed(error.to_string()))?;
    let mut findings: Vec<String> = body.findings.iter().map(Finding::to_string).collect();
    let patch = body.value;
    let mut value = old.clone();
    let mut touched = Touched::default();
    let mut shown = String::new();
    match way {
        Way::Json => {
            check_operations(&patch).map_err(|refusal| match refusal {
                Shape::Undecodable(why) => malformed(why),
                Shape::TooMany(count) => too_many_operations(count),
            })?;
            for operation in patch.as_array().into_iter().flatten() {
                let path = operation["path"].as_str().unwrap_or_default();
                let parts: Vec<String> =
                    path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
                // The last part is what is changed; the objects before it were taken apart.
                touched.mark(parts.iter().take(parts.len().saturating_sub(1)).map(String::as_str));
            }
            for (index, operation) in patch.as_array().into_iter().flatten().enumerate() {
                for member in operation.as_object().into_iter().flat_map(Map::keys) {
                    if !matches!(member.as_str(), "op" | "path" | "from" | "value") {
                        findings.push(format!("json patch unknown field \"[{index}].{member}\""));
                    }
                }
            }
            if !patch.is_null() {
                json_patch::apply(&mut value, &patch).map_err(|_| Status::unprocessable())?;
            }
        }
        Way::Merge => {
            if !patch.is_object() && (patch.is_null() || validation == FieldValidation::Ignore) {
                // Nobody has looked at it before the merge.
                return Err(Status::bad_request("Invalid JSON Patch"));
            }
            if !patch.is_object() {
                let found = super::decode::kind_word(&patch);
                let why =
                    format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
                return Err(malformed(why));
            }
            mark_merged(&patch, &mut Vec::new(), &mut touched);
            merge_patch::apply(&mut value, &patch);
        }
        _ => {
            let Some(schema) = &schema else { return Err(Status::unprocessable()) };
            shown = go_value(&patch);
            value = strategic::apply(schema.root(), value, patch).map_err(strategic_failure)?;
            if let Some(why) = restore_error(&value, schema.root(), "") {
                return Err(undecodable(&shown, &why));
            }
        }
    }
    let text = touched.text(&value, schema.as_ref().map(Schema::root));
    Ok(Patched { value, text, shown, findings })
}

/// Marks the objects that a merge patch lays others over or brings along, those in its lists too.
fn mark_merged(patch: &Value, path: &mut Vec<String>, touched: &mut Touched) {
    let inner: Vec<(String, &Value)> = match patch {
        Value::Object(members) => members.iter().map(|(key, inner)| (key.clone(), inner)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, inner)| (index.to_string(), inner)).collect()
        }
        _ => return,
    };
    for (key, inner) in inner {
        if inner.is_object() || inner.is_array() {
            path.push(key);
            touched.mark(path.iter().map(String::as_str));
            mark_merged(inner, path, touched);
            path.pop();
        }
    }
}

/// The most operations that a JSON patch may have.
const MAX_OPERATIONS: usize = 10_000;

/// Why a body is no list of operations.
enum Shape {
    Undecodable(String),
    TooMany(usize),
}

/// Reads a JSON patch as the real server's decoder does: null is an empty list, and a null operation is an empty one.
fn check_operations(patch: &Value) -> Result<(), Shape> {
    let undecodable = |value: &Value, into: &str| {
        let found = super::decode::kind_word(value);
        Err(Shape::Undecodable(format!("json: cannot unmarshal {found} into Go {into}")))
    };
    let operations = match patch {
        Value::Null => return Ok(()),
        Value::Array(operations) => operations,
        other => return undecodable(other, "value of type []handlers.jsonPatchOp"),
    };
    for operation in operations {
        match operation {
            Value::Null => {}
            Value::Object(members) => {
                for member in ["op", "path", "from"] {
                    if let Some(value) =
                        members.get(member).filter(|value| !value.is_string() && !value.is_null())
                    {
                        return undecodable(
                            value,
                            &format!("struct field jsonPatchOp.{member} of type string"),
                        );
                    }
                }
            }
            other => return undecodable(other, "value of type handlers.jsonPatchOp"),
        }
    }
    if operations.len() > MAX_OPERATIONS { Err(Shape::TooMany(operations.len())) } else { Ok(()) }
}

fn too_many_operations(count: usize) -> Box<Status> {
    let why = format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}");
    Status::other(413, "RequestEntityTooLarge", format!("Request entity too large: {why}"), None)
}

fn strategic_failure(error: StrategicError) -> Box<Status> {
    let message = error.to_string();
    match error {
        StrategicError::NotAnObject { .. }
        | StrategicError::RetainKeys
        | StrategicError::ElementOrder
        | StrategicError::PrimitiveList => Status::bad_request(message),
        StrategicError::ListOfLists => Status::unprocessable(),
        _ => Status::unforeseen(message),
    }
}

/// Which way a patch goes, and its options.
pub(super) fn way_and_options(call: &Call<'_>) -> Answer<(Way, WriteOptions)> {
    let way = way_of(call)?;
    let kind = if way == Way::Apply { Write::Apply } else { Write::Patch };
    Ok((way, WriteOptions::read(call.query, kind)?))
}

/// A Scale with a patch laid over it.
pub(super) fn patched_scale(
    call: &Call<'_>,
    scale: &Value,
    way: Way,
    validation: FieldValidation,
) -> Answer<Value> {
    let schema = builtin().kind("autoscaling", "v1", "Scale");
    let patched = patched(call, scale, way, schema.clone(), validation)?;
    if patched.value["kind"] != "Scale" || patched.value["apiVersion"] != "autoscaling/v1" {
        let shown = |member: &str| quote(patched.value[member].as_str().unwrap_or_default());
        let why = format!(
            "no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:111\"",
            shown("kind"),
            shown("apiVersion")
        );
        return Err(undecodable(&patched.text, &why));
    }
    let decoded =
        typed::decode(patched.text.as_bytes(), schema.as_ref().map(|schema| schema.root()), "Scale")
            .map_err(|error| undecodable(&patched.text, &error.to_string()))?;
    if let Some(mistake) = decoded.mistake {
        return Err(undecodable(&patched.text, &mistake));
    }
    let mut findings = patched.findings;
    findings.extend(decoded.findings.iter().map(ToString::to_string));
    tell(call, &findings, validation, &patched.text)?;
    Ok(decoded.value)
}

/// Warns of what a patch says and the kind does not know, or refuses it.
fn tell(call: &Call<'_>, findings: &[String], validation: FieldValidation, text: &str) -> Answer<()> {
    match validation {
        FieldValidation::Strict if !findings.is_empty() => {
            return Err(undecodable(text, &format!("strict decoding error: {}", findings.join(", "))));
        }
        FieldValidation::Warn => findings.iter().for_each(|finding| call.warn(finding.clone())),
        _ => {}
    }
    Ok(())
}
