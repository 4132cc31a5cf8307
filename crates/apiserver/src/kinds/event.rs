//! Event, which is one kind in two groups: stored as the core one, and shown as either.

use serde_json::{Map, Value};

use super::fields::text;
use crate::object::names;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

macro_rules! field {
    ($name:literal, $($part:literal).+) => {
        ($name, |event: &Value| {
            let value = event$([$part])+.as_str().unwrap_or_default();
            value.to_owned()
        })
    };
}

pub(crate) const CORE: Strategy = Strategy {
    create_on_update: true,
    validate: validate_core,
    fields: &[
        field!("involvedObject.kind", "involvedObject"."kind"),
        field!("involvedObject.namespace", "involvedObject"."namespace"),
        field!("involvedObject.name", "involvedObject"."name"),
        field!("involvedObject.uid", "involvedObject"."uid"),
        field!("involvedObject.apiVersion", "involvedObject"."apiVersion"),
        field!("involvedObject.resourceVersion", "involvedObject"."resourceVersion"),
        field!("involvedObject.fieldPath", "involvedObject"."fieldPath"),
        field!("reason", "reason"),
        field!("reportingComponent", "reportingComponent"),
        field!("source", "source"."component"),
        field!("type", "type"),
    ],
    ..PLAIN
};

pub(crate) const EVENTS: Strategy = Strategy {
    create_on_update: true,
    validate: validate_events,
    error_group: Some(""),
    fields: &[
        field!("regarding.kind", "regarding"."kind"),
        field!("regarding.namespace", "regarding"."namespace"),
        field!("regarding.name", "regarding"."name"),
        field!("regarding.uid", "regarding"."uid"),
        field!("regarding.apiVersion", "regarding"."apiVersion"),
        field!("regarding.resourceVersion", "regarding"."resourceVersion"),
        field!("regarding.fieldPath", "regarding"."fieldPath"),
        field!("reason", "reason"),
        field!("reportingController", "reportingController"),
        field!("type", "type"),
    ],
    convert: Some((from_core, to_core)),
    ..PLAIN
};

/// Names in the core group and in events.k8s.io.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(value: &mut Value, pick: impl Fn(&(&'static str, &'static str)) -> (&'static str, &'static str)) {
    let Some(members) = value.as_object_mut() else { return };
    let old = std::mem::replace(members, Map::new());
    for (key, member) in old {
        let renamed = NAMES.iter().map(&pick).find(|(from, _)| *from == key).map(|(_, to)| to.to_owned());
        members.insert(renamed.unwrap_or(key), member);
    }
}

fn from_core(value: &mut Value) {
    rename(value, |(core, events)| (core, events));
    let Some(members) = value.as_object_mut() else { return };
    for key in ["reportingController", "reportingInstance"] {
        if members.get(key).and_then(Value::as_str) == Some("") {
            members.remove(key);
        }
    }
    for key in ["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "eventTime"] {
        members.entry(key).or_insert(Value::Null);
    }
    for key in ["deprecatedSource", "regarding"] {
        members.entry(key).or_insert_with(|| Value::Object(Map::new()));
    }
}

fn to_core(value: &mut Value) {
    rename(value, |(core, events)| (events, core));
    let Some(members) = value.as_object_mut() else { return };
    for key in ["firstTimestamp", "lastTimestamp", "eventTime"] {
        members.entry(key).or_insert(Value::Null);
    }
    for key in ["source", "involvedObject"] {
        members.entry(key).or_insert_with(|| Value::Object(Map::new()));
    }
    for key in ["reportingComponent", "reportingInstance"] {
        members.entry(key).or_insert_with(|| "".into());
    }
}

/// Whether an Event's namespace may be that of what it is about: cluster-scoped objects are told of in `default`.
fn namespaces_fit(event: &Value, about: &Value) -> bool {
    let (namespace, of) = (text(&event["metadata"], "namespace"), text(about, "namespace"));
    if of.is_empty() { matches!(namespace, "default" | "kube-system") } else { namespace == of }
}

fn validate_core(value: &Value, _: Option<&Value>, errors: &mut Vec<FieldError>) {
    let about = &value["involvedObject"];
    if !namespaces_fit(value, about) {
        let why = "does not match event.namespace";
        errors.push(FieldError::invalid_text("involvedObject.namespace", text(about, "namespace"), why));
    }
}

/// The mistakes are told with the names of the core group.
fn validate_events(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let about = &value["regarding"];
    if !namespaces_fit(value, about) {
        let why = "does not match event.namespace";
        errors.push(FieldError::invalid_text("involvedObject.namespace", text(about, "namespace"), why));
    }
    if let Some(old) = old {
        for (core, events) in [
            ("involvedObject", "regarding"),
            ("reason", "reason"),
            ("message", "note"),
            ("source", "deprecatedSource"),
            ("firstTimestamp", "deprecatedFirstTimestamp"),
            ("lastTimestamp", "deprecatedLastTimestamp"),
            ("count", "deprecatedCount"),
            ("type", "type"),
            ("eventTime", "eventTime"),
            ("action", "action"),
            ("related", "related"),
            ("reportingController", "reportingController"),
            ("reportingInstance", "reportingInstance"),
        ] {
            if value[events] != old[events] {
                errors.push(FieldError::invalid(core, &value[events], "field is immutable"));
            }
        }
        return;
    }
    if value["eventTime"].is_null() {
        errors.push(FieldError::required("eventTime", ""));
    }
    let controller = text(value, "reportingController");
    if value["eventTime"].is_null() {
        type_error(value, errors);
        return;
    }
    if controller.is_empty() {
        errors.push(FieldError::required("reportingController", ""));
    } else {
        super::fields::each(errors, "reportingController", controller, names::qualified(controller));
    }
    for member in ["reportingInstance", "action", "reason"] {
        if text(value, member).is_empty() {
            errors.push(FieldError::required(member, ""));
        }
    }
    type_error(value, errors);
    for (core, events) in
        [("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp")]
    {
        if !value[events].is_null() {
            errors.push(FieldError::invalid_text(core, "", "needs to be unset"));
        }
    }
    if value["deprecatedCount"].as_i64().unwrap_or(0) != 0 {
        errors.push(FieldError::invalid_text("count", "", "needs to be unset"));
    }
}

fn type_error(value: &Value, errors: &mut Vec<FieldError>) {
    let kind = text(value, "type");
    if !matches!(kind, "Normal" | "Warning") {
        errors.push(FieldError::invalid_text("type", "", &format!("has invalid value: {kind}")));
    }
}
