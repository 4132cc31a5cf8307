//! Roles and bindings.

use serde_json::Value;

use super::fields::{default_text, elements, list, text};
use crate::object::names::{self, NameRule};
use crate::registry::{PLAIN, Strategy};
use crate::status::{FieldError, element};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(crate) const ROLE: Strategy = Strategy {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    validate: |value, _, errors| rules(value, true, errors),
    ..PLAIN
};

pub(crate) const CLUSTER_ROLE: Strategy = Strategy {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    validate: |value, _, errors| {
        rules(value, false, errors);
        for (index, chosen) in list(&value["aggregationRule"], "clusterRoleSelectors").enumerate() {
            super::fields::selector(chosen, &element("aggregationRule.clusterRoleSelectors", index), errors);
        }
    },
    ..PLAIN
};

pub(crate) const BINDING: Strategy = Strategy {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    default: default_binding,
    validate: validate_binding,
    ..PLAIN
};

fn rules(value: &Value, namespaced: bool, errors: &mut Vec<FieldError>) {
    for (index, rule) in list(value, "rules").enumerate() {
        let at = element("rules", index);
        let empty = |member: &str| rule[member].as_array().is_none_or(Vec::is_empty);
        if empty("verbs") {
            errors.push(FieldError::required(format!("{at}.verbs"), "verbs must contain at least one value"));
        }
        if !empty("nonResourceURLs") {
            if namespaced {
                let why = "namespaced rules cannot apply to non-resource URLs";
                errors.push(FieldError::invalid(
                    format!("{at}.nonResourceURLs"),
                    &rule["nonResourceURLs"],
                    why,
                ));
            }
            if !empty("apiGroups") || !empty("resources") || !empty("resourceNames") {
                let why = "rules cannot apply to both regular resources and non-resource URLs";
                errors.push(FieldError::invalid(
                    format!("{at}.nonResourceURLs"),
                    &rule["nonResourceURLs"],
                    why,
                ));
            }
            continue;
        }
        if empty("apiGroups") {
            let why = "resource rules must supply at least one api group";
            errors.push(FieldError::required(format!("{at}.apiGroups"), why));
        }
        if empty("resources") {
            let why = "resource rules must supply at least one resource";
            errors.push(FieldError::required(format!("{at}.resources"), why));
        }
    }
}

fn default_binding(value: &mut Value) {
    default_text(&mut value["roleRef"], "apiGroup", GROUP);
    for subject in elements(value, "subjects") {
        if matches!(text(subject, "kind"), "User" | "Group") {
            default_text(subject, "apiGroup", GROUP);
        }
    }
}

fn validate_binding(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let namespaced = text(value, "kind") == "RoleBinding";
    let role = &value["roleRef"];
    if text(role, "apiGroup") != GROUP {
        errors.push(FieldError::not_supported("roleRef.apiGroup", text(role, "apiGroup"), &[GROUP]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&text(role, "kind")) {
        errors.push(FieldError::not_supported("roleRef.kind", text(role, "kind"), kinds));
    }
    if text(role, "name").is_empty() {
        errors.push(FieldError::required("roleRef.name", ""));
    } else {
        let name = text(role, "name");
        super::fields::each(errors, "roleRef.name", name, names::path_segment(name));
    }
    for (index, subject) in list(value, "subjects").enumerate() {
        validate_subject(subject, &element("subjects", index), namespaced, errors);
    }
    if old.is_some_and(|old| old["roleRef"] != *role) {
        let shown = format!(
            "{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}",
            role["apiGroup"], role["kind"], role["name"]
        );
        errors.push(FieldError::invalid_raw("roleRef", &shown, "cannot change roleRef"));
    }
}

fn validate_subject(subject: &Value, at: &str, namespaced: bool, errors: &mut Vec<FieldError>) {
    let name = text(subject, "name");
    if name.is_empty() {
        errors.push(FieldError::required(format!("{at}.name"), ""));
    }
    let group = text(subject, "apiGroup");
    match text(subject, "kind") {
        "ServiceAccount" => {
            if !name.is_empty() {
                super::fields::each(errors, &format!("{at}.name"), name, names::subdomain(name));
            }
            if !group.is_empty() {
                errors.push(FieldError::not_supported(format!("{at}.apiGroup"), group, &[""]));
            }
            if !namespaced && text(subject, "namespace").is_empty() {
                errors.push(FieldError::required(format!("{at}.namespace"), ""));
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                errors.push(FieldError::not_supported(format!("{at}.apiGroup"), group, &[GROUP]));
            }
        }
        other => {
            let kinds = ["ServiceAccount", "User", "Group"];
            errors.push(FieldError::not_supported(format!("{at}.kind"), other, &kinds));
        }
    }
}
