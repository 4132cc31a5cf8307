//! Reviews: questions about users and rights, answered and not kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rbac::visit_rules;
use super::rules::Rule;
use super::{Attributes, User, check_token};
use crate::object::time;
use crate::status::{Answer, FieldError, Status};
use crate::verbs::Call;

const AUTHORIZATION: &str = "authorization.k8s.io";

/// Answers a review; `body` is the decoded review as this kind and version.
pub(crate) fn review(call: &Call<'_>, mut body: Value) -> Answer<Value> {
    match &*call.resource.plural {
        "selfsubjectreviews" => self_review(call, &mut body),
        "tokenreviews" => token_review(call, &mut body)?,
        "selfsubjectrulesreviews" => rules_review(call, &mut body)?,
        _ => access_review(call, &mut body)?,
    }
    Ok(body)
}

fn user_info(user: &User) -> Value {
    let mut info = json!({"username": user.name});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.as_str().into();
    }
    if !user.groups.is_empty() {
        info["groups"] = user.groups.clone().into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

fn self_review(call: &Call<'_>, body: &mut Value) {
    body["metadata"] = json!({"creationTimestamp": time::write(call.server.now())});
    body["status"] = json!({"userInfo": user_info(call.user)});
}

fn token_review(call: &Call<'_>, body: &mut Value) -> Answer<()> {
    let token = body["spec"]["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let own = call.server.access.tokens.issuer().to_owned();
    let asked: Vec<String> = texts(&body["spec"]["audiences"]);
    let audiences = if asked.is_empty() { vec![own] } else { asked };
    body["status"] = match check_token(call.server, token, &audiences) {
        Ok(check) => {
            json!({"authenticated": true, "user": user_info(&check.user), "audiences": check.audiences})
        }
        Err(reason) => json!({"user": {}, "error": reason}),
    };
    Ok(())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The mistakes of a review say neither kind nor name: the real server builds them so.
fn invalid(error: FieldError) -> Box<Status> {
    Status::invalid(AUTHORIZATION, "", "", &[error])
}

/// Go writes the attributes with the names of its fields, those that are empty left out.
fn go_attributes(attributes: &Value, names: &[(&str, &str)]) -> String {
    let parts = names.iter().filter_map(|(json_name, go_name)| {
        let value = attributes.get(*json_name).filter(|value| value.as_str() != Some(""))?;
        Some(format!("\"{go_name}\":{value}"))
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

fn access_review(call: &Call<'_>, body: &mut Value) -> Answer<()> {
    let spec = &body["spec"];
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let local = call.resource.plural == "localsubjectaccessreviews";
    let own = call.resource.plural == "selfsubjectaccessreviews";
    let named = |member: &str| !spec[member].as_str().unwrap_or_default().is_empty();
    let groups = texts(&spec["groups"]);
    let shown = || {
        if path.is_null() {
            return "null".to_owned();
        }
        go_attributes(path, &[("path", "Path"), ("verb", "Verb")])
    };
    if !resource.is_null() && !path.is_null() {
        let why = "cannot be specified in combination with resourceAttributes";
        return Err(invalid(FieldError::invalid_raw("spec.nonResourceAttributes", &shown(), why)));
    }
    if resource.is_null() && path.is_null() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        return Err(invalid(FieldError::invalid_raw("spec.resourceAttributes", "null", why)));
    }
    if !own && !named("user") && groups.is_empty() {
        let why = "at least one of user or group must be specified";
        return Err(invalid(FieldError::invalid_text("spec.user", "", why)));
    }
    if let Some(error) = metadata_error(&body["metadata"], local) {
        return Err(invalid(error));
    }
    if local {
        if !path.is_null() {
            let why = "disallowed on this kind of request";
            return Err(invalid(FieldError::invalid_raw("spec.nonResourceAttributes", &shown(), why)));
        }
        let of = resource["namespace"].as_str().unwrap_or_default();
        if of != call.place.namespace {
            let why = "must match metadata.namespace";
            return Err(invalid(FieldError::invalid_text("spec.resourceAttributes.namespace", of, why)));
        }
    }
    let subject = if own {
        call.user.clone()
    } else {
        let extra: BTreeMap<String, Vec<String>> = spec["extra"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, values)| (key.to_lowercase(), texts(values)))
            .collect();
        let text = |member: &str| spec[member].as_str().unwrap_or_default().to_owned();
        User { name: text("user"), uid: text("uid"), groups, extra }
    };
    let text = |member: &str| {
        let from = if resource.is_null() { path } else { resource };
        from[member].as_str().unwrap_or_default()
    };
    let version = text("version");
    let act = Attributes {
        verb: text("verb"),
        resource_request: !resource.is_null(),
        group: text("group"),
        version: if version.is_empty() { "*" } else { version },
        resource: text("resource"),
        subresource: text("subresource"),
        namespace: text("namespace"),
        name: text("name"),
        path: text("path"),
    };
    let decision = call.server.access.decide(call.server, &subject, &act);
    let mut status = json!({"allowed": decision.allowed()});
    if matches!(decision, super::Decision::Deny(_)) {
        status["denied"] = true.into();
    }
    if !decision.reason().is_empty() {
        status["reason"] = decision.reason().into();
    }
    if own {
        if let Some(metadata) = body["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        body["metadata"] = json!({});
    }
    body["status"] = status;
    Ok(())
}

/// The metadata of a review must be empty; that of a local one may hold the namespace.
fn metadata_error(metadata: &Value, local: bool) -> Option<FieldError> {
    let members = metadata.as_object()?;
    let allowed = |key: &str| key == "managedFields" || (local && key == "namespace");
    if members.keys().all(|key| allowed(key)) {
        return None;
    }
    // Shown in the order of Go's struct, name first.
    const ORDER: [&str; 8] = [
        "name",
        "generateName",
        "namespace",
        "uid",
        "creationTimestamp",
        "labels",
        "annotations",
        "managedFields",
    ];
    let shown: Vec<String> =
        ORDER.iter().filter_map(|key| Some(format!("\"{key}\":{}", ordered(members.get(*key)?)))).collect();
    let why = if local { "must be empty except for namespace" } else { "must be empty" };
    Some(FieldError::invalid_raw("metadata", &format!("{{{}}}", shown.join(",")), why))
}

/// JSON text with the members of managed fields in the order in which Go writes them.
fn ordered(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(ordered).collect::<Vec<_>>().join(",")),
        Value::Object(map) if map.contains_key("manager") => {
            const ORDER: [&str; 7] =
                ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];
            let parts: Vec<String> =
                ORDER.iter().filter_map(|key| Some(format!("\"{key}\":{}", map.get(*key)?))).collect();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

fn rules_review(call: &Call<'_>, body: &mut Value) -> Answer<()> {
    let namespace = body["spec"]["namespace"].as_str().unwrap_or_default().to_owned();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    visit_rules(call.server, call.user, &namespace, |rule| {
        let shown = rule_value(rule);
        if rule.paths.is_empty() {
            resources.push(shown)
        } else {
            paths.push(shown)
        }
        false
    });
    body["metadata"] = json!({});
    body["spec"] = json!({});
    body["status"] = json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false});
    Ok(())
}

fn rule_value(rule: &Rule) -> Value {
    let mut value = json!({"verbs": rule.verbs});
    for (key, words) in [
        ("apiGroups", &rule.groups),
        ("resources", &rule.resources),
        ("resourceNames", &rule.names),
        ("nonResourceURLs", &rule.paths),
    ] {
        if !words.is_empty() {
            value[key] = words.clone().into();
        }
    }
    value
}
