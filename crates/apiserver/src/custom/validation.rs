//! Which definitions can't be: the rules, in the order in which the real server tells them.

use gangplank_merge::structural;
use serde_json::Value;

use super::resource::error_of;
use crate::object::names;
use crate::status::FieldError;

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn each(errors: &mut Vec<FieldError>, field: &str, value: &str, reasons: Vec<String>) {
    errors.extend(reasons.into_iter().map(|why| FieldError::invalid_text(field, value, &why)));
}

/// The mistakes of a definition.
pub(super) fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    let name = text(&value["metadata"], "name");
    let wanted = format!("{}.{}", text(&spec["names"], "plural"), text(spec, "group"));
    if name != wanted && !name.is_empty() && old.is_none() {
        errors.push(FieldError::invalid_text(
            "metadata.name",
            name,
            "must be spec.names.plural+\".\"+spec.group",
        ));
    }
    group(spec, errors);
    scope(spec, errors);
    let versions: Vec<&Value> = spec["versions"].as_array().into_iter().flatten().collect();
    for (index, version) in versions.iter().enumerate() {
        if version["schema"]["openAPIV3Schema"].is_null() {
            errors.push(FieldError::required(format!("spec.versions[{index}].schema.openAPIV3Schema"), ""));
        }
    }
    if spec["preserveUnknownFields"] == true
        && old.is_none_or(|old| old["spec"]["preserveUnknownFields"] != true)
    {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.push(FieldError::invalid("spec.preserveUnknownFields", &Value::Bool(true), why));
    }
    version_names(&spec["versions"], &versions, errors);
    version_contents(&versions, errors);
    if let Some(first) = versions.first().filter(|first| !text(first, "name").is_empty()) {
        let reasons = names::label_1035(text(first, "name"));
        each(errors, "spec.version", text(first, "name"), reasons);
    }
    kind_names(&spec["names"], errors);
    conversion(&spec["conversion"], errors);
    if let Some(old) = old {
        immutable(spec, &old["spec"], old, errors);
    }
    stored_versions(value, &versions, errors);
    approval(value, old, errors);
}

/// The annotation with which an API of the community's own groups says who approved it.
const APPROVAL: &str = "api-approved.kubernetes.io";

/// Whether an approval is one: a URL, or the word that there is none.
fn approved(annotation: &str) -> bool {
    let url = annotation.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && !rest.split('/').next().unwrap_or_default().is_empty()
    });
    annotation.starts_with("unapproved") || url
}

/// Groups of the community need an approval.
fn approval(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let group = text(&value["spec"], "group");
    let own = |domain: &str| group == domain || group.ends_with(&format!(".{domain}"));
    let of = |value: &Value| text(&value["metadata"]["annotations"], APPROVAL).to_owned();
    let annotation = of(value);
    let kept = old.is_some_and(|old| {
        let before = of(old);
        before.is_empty() == annotation.is_empty() && approved(&before) == approved(&annotation)
    });
    if (!own("k8s.io") && !own("kubernetes.io")) || approved(&annotation) || kept {
        return;
    }
    let field = format!("metadata.annotations[{APPROVAL}]");
    let must = format!("protected groups must have approval annotation \"{APPROVAL}\"");
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    errors.push(if annotation.is_empty() {
        FieldError::required(field, &format!("{must}, {see}"))
    } else {
        let why = format!("{must} with either a URL or a reason starting with \"unapproved\", {see}");
        FieldError::invalid_text(field, &annotation, &why)
    });
}

fn group(spec: &Value, errors: &mut Vec<FieldError>) {
    let group = text(spec, "group");
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
        return;
    }
    let reasons = names::subdomain(group);
    let fine = reasons.is_empty();
    each(errors, "spec.group", group, reasons);
    if fine && !group.contains('.') {
        errors.push(FieldError::invalid_text(
            "spec.group",
            group,
            "should be a domain with at least one dot",
        ));
    }
}

fn scope(spec: &Value, errors: &mut Vec<FieldError>) {
    match text(spec, "scope") {
        "" => errors.push(FieldError::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => errors.push(FieldError::not_supported("spec.scope", other, &["Cluster", "Namespaced"])),
    }
}

/// A version as Go's struct is written in messages: its own names, what all versions share left out.
fn shown_versions(versions: &[&Value]) -> String {
    let shown = versions.iter().map(|version| {
        let warning = &version["deprecationWarning"];
        format!(
            "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{warning},\"Schema\":null,\
             \"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}}",
            version["name"],
            version["served"] == true,
            version["storage"] == true,
            version["deprecated"] == true,
        )
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(","))
}

fn version_names(given: &Value, versions: &[&Value], errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    let mut unique = true;
    let mut storage = 0;
    for (index, version) in versions.iter().enumerate() {
        deprecation(version, &format!("spec.versions[{index}].deprecationWarning"), errors);
        let name = text(version, "name");
        each(errors, &format!("spec.versions[{index}].name"), name, names::label_1035(name));
        unique &= !seen.contains(&name);
        seen.push(name);
        if version["storage"] == true {
            storage += 1;
        }
    }
    if !unique {
        let why = "must contain unique version names";
        errors.push(FieldError::invalid_raw("spec.versions", &shown_versions(versions), why));
    }
    if storage != 1 {
        let why = "must have exactly one version marked as storage version";
        let shown = if given.is_null() { "null".to_owned() } else { shown_versions(versions) };
        errors.push(FieldError::invalid_raw("spec.versions", &shown, why));
    }
}

/// The most characters of a warning about a version.
const MAX_WARNING: usize = 256;

fn deprecation(version: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let Some(warning) = version["deprecationWarning"].as_str() else { return };
    let why = if version["deprecated"] != true {
        "can only be set for deprecated versions"
    } else if warning.len() > MAX_WARNING {
        "must be <= 256 characters long"
    } else if warning.is_empty() {
        "must not be an empty string"
    } else {
        let Some((index, _)) = warning.char_indices().find(|(_, character)| character.is_control()) else {
            return;
        };
        let why = format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {index}"
        );
        return errors.push(FieldError::invalid_text(field, warning, &why));
    };
    errors.push(FieldError::invalid_text(field, warning, why));
}

/// Whether all versions say the same of something: then it is told at the place that holds for all of them.
fn same(versions: &[&Value], member: &str) -> bool {
    versions.windows(2).all(|pair| pair[0].get(member) == pair[1].get(member))
}

fn version_contents(versions: &[&Value], errors: &mut Vec<FieldError>) {
    let places = |member: &str, shared: &'static str| -> Vec<(String, usize)> {
        if same(versions, member) {
            return versions.first().map(|_| (shared.to_owned(), 0)).into_iter().collect();
        }
        (0..versions.len()).map(|index| (format!("spec.versions[{index}].{member}"), index)).collect()
    };
    for (place, index) in places("schema", "spec.validation") {
        let schema = &versions[index]["schema"]["openAPIV3Schema"];
        if schema.is_null() {
            continue;
        }
        let has_status = versions[index]["subresources"]["status"].is_object();
        let found = structural::check(schema, &format!("{place}.openAPIV3Schema"), has_status);
        errors.extend(found.iter().map(error_of));
    }
    for (place, index) in places("subresources", "spec.subresources") {
        scale(&versions[index]["subresources"]["scale"], &place, errors);
    }
    for (place, index) in places("additionalPrinterColumns", "spec.additionalPrinterColumns") {
        columns(&versions[index]["additionalPrinterColumns"], &place, errors);
    }
    for (place, index) in places("selectableFields", "spec.selectableFields") {
        selectable(versions[index], &place, errors);
    }
}

fn simple_path(path: &str) -> bool {
    path.strip_prefix('.').is_some_and(|rest| {
        !rest.is_empty()
            && rest.split('.').all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
    })
}

fn scale(scale: &Value, place: &str, errors: &mut Vec<FieldError>) {
    if !scale.is_object() {
        return;
    }
    for (member, under) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
        let (path, field) = (text(scale, member), format!("{place}.scale.{member}"));
        if path.is_empty() {
            errors.push(FieldError::required(field, ""));
        } else if !simple_path(path) {
            errors.push(FieldError::invalid_text(field, path, "must be a simple json path starting with ."));
        } else if !path.starts_with(&format!("{under}.")) {
            errors.push(FieldError::invalid_text(
                field,
                path,
                &format!("should be a json path under {under}"),
            ));
        }
    }
    let path = text(scale, "labelSelectorPath");
    if !path.is_empty() {
        let field = format!("{place}.scale.labelSelectorPath");
        if !simple_path(path) {
            errors.push(FieldError::invalid_text(field, path, "must be a simple json path starting with ."));
        } else if !path.starts_with(".spec.") && !path.starts_with(".status.") {
            errors.push(FieldError::invalid_text(
                field,
                path,
                "should be a json path under either .spec or .status",
            ));
        }
    }
}

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

fn columns(columns: &Value, place: &str, errors: &mut Vec<FieldError>) {
    for (index, column) in columns.as_array().into_iter().flatten().enumerate() {
        let at = |member: &str| format!("{place}[{index}].{member}");
        if text(column, "name").is_empty() {
            errors.push(FieldError::required(at("name"), ""));
        }
        match text(column, "type") {
            "" => {
                let allowed = COLUMN_TYPES.join(",");
                errors.push(FieldError::required(at("type"), &format!("must be one of {allowed}")));
            }
            kind if !COLUMN_TYPES.contains(&kind) => {
                let why = format!("must be one of {}", COLUMN_TYPES.join(","));
                errors.push(FieldError::invalid_text(at("type"), kind, &why));
            }
            _ => {}
        }
        let format = text(column, "format");
        if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
            let why = format!("must be one of {}", COLUMN_FORMATS.join(","));
            errors.push(FieldError::invalid_text(at("format"), format, &why));
        }
        let path = text(column, "jsonPath");
        if path.is_empty() {
            errors.push(FieldError::required(at("JSONPath"), ""));
        } else if !path.starts_with('.') {
            let why = "must be a simple json path starting with .";
            errors.push(FieldError::invalid_text(at("JSONPath"), path, why));
        }
    }
}

/// At most so many fields may be selectable.
const MAX_SELECTABLE: usize = 8;

fn selectable(version: &Value, place: &str, errors: &mut Vec<FieldError>) {
    let fields: Vec<&Value> = version["selectableFields"].as_array().into_iter().flatten().collect();
    if fields.len() > MAX_SELECTABLE {
        errors.push(FieldError::too_many(place, fields.len(), MAX_SELECTABLE));
    }
    let mut seen: Vec<&str> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let (path, at) = (text(field, "jsonPath"), format!("{place}[{index}].jsonPath"));
        if path.is_empty() {
            errors.push(FieldError::required(at, ""));
            continue;
        }
        if !simple_path(path) {
            let why = "is an invalid path: must be a simple json path starting with .";
            errors.push(FieldError::invalid_text(at.clone(), path, why));
        } else {
            let mut schema = &version["schema"]["openAPIV3Schema"];
            for part in path.trim_start_matches('.').split('.') {
                schema = &schema["properties"][part];
            }
            if !matches!(text(schema, "type"), "string" | "integer" | "boolean") {
                let why = "is an invalid path: does not refer to a valid field";
                errors.push(FieldError::invalid_text(at.clone(), path, why));
            }
        }
        if seen.contains(&path) {
            errors.push(FieldError::duplicate(at, &path.into()));
        }
        seen.push(path);
    }
}

fn kind_names(names: &Value, errors: &mut Vec<FieldError>) {
    let field = |member: &str| format!("spec.names.{member}");
    let plural = text(names, "plural");
    if plural.is_empty() {
        errors.push(FieldError::required(field("plural"), ""));
    } else {
        each(errors, &field("plural"), plural, names::label_1035(plural));
    }
    let singular = text(names, "singular");
    if singular.is_empty() {
        errors.push(FieldError::required(field("singular"), ""));
    } else {
        each(errors, &field("singular"), singular, names::label_1035(singular));
    }
    for member in ["kind", "listKind"] {
        let kind = text(names, member);
        if kind.is_empty() {
            errors.push(FieldError::required(field(member), ""));
            continue;
        }
        let reasons = names::label_1035(&kind.to_lowercase());
        let reasons =
            reasons.into_iter().map(|why| format!("may have mixed case, but should otherwise match: {why}"));
        each(errors, &field(member), kind, reasons.collect());
    }
    for (index, short) in names["shortNames"].as_array().into_iter().flatten().enumerate() {
        let short = short.as_str().unwrap_or_default();
        each(errors, &format!("{}[{index}]", field("shortNames")), short, names::label_1035(short));
    }
    if !text(names, "kind").is_empty() && names["kind"] == names["listKind"] {
        let why = "kind and listKind may not be the same";
        errors.push(FieldError::invalid("spec.names.listKind", &names["listKind"], why));
    }
    for (index, category) in names["categories"].as_array().into_iter().flatten().enumerate() {
        let category = category.as_str().unwrap_or_default();
        each(errors, &format!("{}[{index}]", field("categories")), category, names::label_1035(category));
    }
}

fn conversion(conversion: &Value, errors: &mut Vec<FieldError>) {
    let (client, versions) =
        ("spec.conversion.webhookClientConfig", "spec.conversion.conversionReviewVersions");
    let webhook = &conversion["webhook"];
    let review: Vec<&str> = webhook["conversionReviewVersions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match text(conversion, "strategy") {
        "Webhook" => {
            let config = &webhook["clientConfig"];
            if config.is_null() {
                errors.push(FieldError::required(client, "required when strategy is set to Webhook"));
            } else if config["url"].is_string() == config["service"].is_object() {
                errors.push(FieldError::required(client, "exactly one of url or service is required"));
            }
            if review.is_empty() {
                errors.push(FieldError::required(versions, ""));
            } else if !review.iter().any(|version| matches!(*version, "v1" | "v1beta1")) {
                let shown = Value::from(review).to_string();
                errors.push(FieldError::invalid_raw(
                    versions,
                    &shown,
                    "must include at least one of v1, v1beta1",
                ));
            }
        }
        "" => errors.push(FieldError::required("spec.conversion.strategy", "")),
        "None" => {
            let why = "should not be set when strategy is not set to Webhook";
            if webhook["clientConfig"].is_object() {
                errors.push(FieldError::forbidden(client, why));
            }
            if !review.is_empty() {
                errors.push(FieldError::forbidden(versions, why));
            }
        }
        other => {
            errors.push(FieldError::not_supported("spec.conversion.strategy", other, &["None", "Webhook"]))
        }
    }
}

fn immutable(spec: &Value, old_spec: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    let why = "field is immutable";
    for member in ["group", "plural"] {
        let (now, was) = if member == "group" {
            (&spec["group"], &old_spec["group"])
        } else {
            (&spec["names"]["plural"], &old_spec["names"]["plural"])
        };
        if now != was {
            let field = if member == "group" { "spec.group" } else { "spec.names.plural" };
            errors.push(FieldError::invalid(field, now, why));
        }
    }
    let established = old["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True");
    if established {
        if spec["scope"] != old_spec["scope"] {
            errors.push(FieldError::invalid("spec.scope", &spec["scope"], why));
        }
        if spec["names"]["kind"] != old_spec["names"]["kind"] {
            errors.push(FieldError::invalid("spec.names.kind", &spec["names"]["kind"], why));
        }
    }
}

fn stored_versions(value: &Value, versions: &[&Value], errors: &mut Vec<FieldError>) {
    let stored = &value["status"]["storedVersions"];
    let field = "status.storedVersions";
    let list: Vec<&str> = stored.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if list.is_empty() {
        errors.push(FieldError::invalid_raw(field, "null", "must have at least one stored version"));
        return;
    }
    let names: Vec<&str> = versions.iter().map(|version| text(version, "name")).collect();
    for (index, version) in list.iter().enumerate() {
        if !names.contains(version) {
            let why = "missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions \
                       until a storage migration ensures no data remains persisted in v1 and removes v1 from \
                       status.storedVersions";
            let why = why.replace("v1", version);
            errors.push(FieldError::invalid_text(format!("{field}[{index}]"), version, &why));
        }
    }
    // The last one marked counts here.
    let storage =
        versions.iter().rev().find(|version| version["storage"] == true).map(|version| text(version, "name"));
    if let Some(storage) = storage.filter(|storage| !list.contains(storage)) {
        let why = format!("must have the storage version {storage}");
        errors.push(FieldError::invalid_raw(field, &stored.to_string(), &why));
    }
}
