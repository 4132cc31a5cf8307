//! From the bytes of a body to an object of the kind, in the form in which Go would write it.

use gangplank_merge::schema::{Schema, builtin, fill};
use gangplank_yaml::Dialect;
use serde_json::{Map, Value, json};

use super::Call;
use crate::go;
use crate::http::protobuf;
use crate::http::query::FieldValidation;
use crate::object::typed::{self, Decoded, Finding};
use crate::object::yaml::words;
use crate::registry::{Resource, api_version};
use crate::status::{Answer, Status, quote};

/// What the real server calls the registry of its types.
const SCHEME: &str = "pkg/runtime/scheme.go:111";

/// A kind that a body is decoded as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

impl<'a> Kind<'a> {
    pub(crate) fn of(resource: &'a Resource) -> Kind<'a> {
        Kind { group: &resource.group, version: &resource.version, kind: &resource.kind }
    }

    pub(crate) fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }
}

/// The schema of a resource's kind.
pub(crate) fn schema_of(resource: &Resource) -> Option<Schema> {
    match &resource.custom {
        Some(custom) => custom.schema(&resource.version),
        None => builtin().kind(&resource.group, &resource.version, &resource.kind),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
    Protobuf,
}

fn format_of(call: &Call<'_>) -> Answer<Format> {
    let header = call
        .headers
        .get(::http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match header.split(';').next().unwrap_or_default().trim() {
        "" | "application/json" => Ok(Format::Json),
        "application/yaml" => Ok(Format::Yaml),
        protobuf::MEDIA_TYPE if call.resource.custom.is_none() => Ok(Format::Protobuf),
        _ => Err(Status::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: application/json, \
             application/yaml, application/vnd.kubernetes.protobuf",
        )),
    }
}

/// Refuses a content type that no body may have here, before anything else is looked at.
pub(super) fn check_format(call: &Call<'_>) -> Answer<()> {
    format_of(call).map(|_| ())
}

/// The start of a body as error messages show it.
fn summary(body: &[u8]) -> String {
    const SHOWN: usize = 30;
    let (head, more) = if body.len() > SHOWN { (&body[..SHOWN], " ...") } else { (body, "") };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(head)),
        Some(_) => format!("{}{more}", hex::encode(head)),
    }
}

/// A body as JSON text, and what the YAML parser noticed.
struct Text {
    json: Vec<u8>,
    /// Keys that stand twice: line and key.
    doubled: Vec<(u32, String)>,
}

fn text_of(body: &[u8], format: Format) -> Result<Text, String> {
    if format == Format::Json {
        return match go::json_syntax_error(body) {
            Some(why) => Err(format!("couldn't get version/kind; json parse error: {why}")),
            None => Ok(Text { json: body.to_vec(), doubled: Vec::new() }),
        };
    }
    if format == Format::Protobuf {
        let value = protobuf::read(body)?;
        return Ok(Text { json: value.to_string().into_bytes(), doubled: Vec::new() });
    }
    let text = std::str::from_utf8(body).map_err(|_| "yaml: invalid UTF-8".to_owned())?;
    let (value, doubled) = yaml_value(text)?;
    Ok(Text { json: value.to_string().into_bytes(), doubled })
}

/// The first document of a YAML text, and the keys in it that stand twice.
pub(super) fn yaml_value(text: &str) -> Result<(Value, Vec<(u32, String)>), String> {
    let node = gangplank_yaml::parse_first(text).map_err(|error| words(&error))?;
    let value = gangplank_yaml::node_to_json(&node, Dialect::SigsV2).map_err(|error| words(&error))?;
    let mut doubled = Vec::new();
    find_doubled(&node, &mut doubled);
    Ok((value, doubled))
}

fn find_doubled(node: &gangplank_yaml::Node, out: &mut Vec<(u32, String)>) {
    for (index, (key, value)) in node.entries().into_iter().flatten().enumerate() {
        let name = key.as_text().unwrap_or_default();
        let before = node.entries().into_iter().flatten().take(index);
        if before.into_iter().any(|(other, _)| other.as_text() == Some(name)) {
            out.push((key.span.start.line, name.to_owned()));
        }
        find_doubled(value, out);
    }
    for item in node.items().into_iter().flatten() {
        find_doubled(item, out);
    }
}

/// What Go calls a JSON value.
pub(super) fn kind_word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The kind that a body says it is; members that are missing are taken from the kind expected.
fn said<'a>(json: &'a Value, expected: Kind<'_>) -> Result<(String, String, String), String> {
    if !json.is_object() && !json.is_null() {
        let kind = kind_word(json);
        return Err(format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {kind} into Go value of type struct {{ \
             APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        ));
    }
    let text = |member: &'static str| match json.get(member) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go struct field .{member} of type \
             string",
            kind_word(other)
        )),
    };
    let (api, kind): (&'a str, &'a str) = (text("apiVersion")?, text("kind")?);
    if api.matches('/').count() > 1 {
        return Err(format!("unexpected GroupVersion string: {api}"));
    }
    let (group, version) = match api.split_once('/') {
        Some((group, version)) => (group, version),
        None if api.is_empty() => (expected.group, expected.version),
        None => ("", api),
    };
    let kind = if kind.is_empty() { expected.kind } else { kind };
    Ok((group.to_owned(), version.to_owned(), kind.to_owned()))
}

/// Kinds of versions that are not served any more but still known by name.
fn was_served(group: &str, version: &str, kind: &str) -> bool {
    let old = match group {
        "apps" => matches!(version, "v1beta1" | "v1beta2"),
        "batch"
        | "policy"
        | "networking.k8s.io"
        | "discovery.k8s.io"
        | "events.k8s.io"
        | "coordination.k8s.io"
        | "storage.k8s.io"
        | "node.k8s.io"
        | "scheduling.k8s.io"
        | "authentication.k8s.io"
        | "authorization.k8s.io"
        | "rbac.authorization.k8s.io"
        | "admissionregistration.k8s.io" => matches!(version, "v1beta1" | "v1alpha1"),
        "autoscaling" => matches!(version, "v1" | "v2beta1" | "v2beta2"),
        _ => false,
    };
    old && ["v1", "v2"].iter().any(|now| builtin().kind(group, now, kind).is_some())
}

/// The package in which the real server keeps a group's unversioned types.
pub(super) fn internal_package(group: &str) -> &str {
    match group.split('.').next().unwrap_or_default() {
        "" => "core",
        first => first,
    }
}

/// Decodes the call's body as `expected`.
///
/// # Errors
/// 400 in the words of the real server; 415 for a content type that is not read.
pub(crate) fn body(call: &Call<'_>, expected: Kind<'_>, validation: FieldValidation) -> Answer<Value> {
    let format = format_of(call)?;
    let bytes = call.body.as_ref();
    let unrecognized = |why: String| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {why} ({})",
            expected.kind,
            summary(bytes)
        ))
    };
    let text = text_of(bytes, format).map_err(unrecognized)?;
    let outer: Value = serde_json::from_slice(&text.json).map_err(|error| unrecognized(error.to_string()))?;
    let (group, version, kind) = said(&outer, expected).map_err(unrecognized)?;
    let cannot = |why: String| {
        Status::bad_request(format!(
            "{kind} in version {} cannot be handled as a {}: {why}",
            quote(&version),
            expected.kind
        ))
    };
    let same = (group.as_str(), version.as_str(), kind.as_str())
        == (expected.group, expected.version, expected.kind);
    if call.resource.custom.is_some() && expected.kind == call.resource.kind {
        if outer.is_object() && outer["kind"].as_str().unwrap_or_default().is_empty() {
            let text = String::from_utf8_lossy(&text.json);
            return Err(unrecognized(format!("Object 'Kind' is missing in '{text}'")));
        }
        return custom_body(call, expected, outer, &text, &group, &version, &kind, validation);
    }
    if !same {
        let api = api_version(&group, &version);
        let known = builtin().kind(&group, &version, &kind).is_some() || (kind == "List" && api == "v1");
        if (kind == expected.kind && was_served(&group, &version, &kind))
            || (known && kind == expected.kind && group == expected.group)
        {
            return Err(Status::bad_request(format!(
                "the API version in the data ({api}) does not match the expected API version ({})",
                expected.api_version()
            )));
        }
        if call.resource.custom.is_some() && expected.kind == "Scale" {
            return Err(Status::bad_request(format!(
                "no kind is registered for the type {version}.Scale in scheme {}",
                quote(SCHEME)
            )));
        }
        return Err(cannot(if known {
            let internal = internal_package(expected.group);
            format!("converting ({version}.{kind}) to ({internal}.{}): unknown conversion", expected.kind)
        } else {
            format!(
                "no kind {} is registered for version {} in scheme {}",
                quote(&kind),
                quote(&api),
                quote(SCHEME)
            )
        }));
    }
    let schema = builtin().kind(expected.group, expected.version, expected.kind);
    let root = schema.as_ref().map(Schema::root);
    let decoded =
        typed::decode(&text.json, root, expected.kind).map_err(|error| cannot(error.to_string()))?;
    let Decoded { mut value, findings, mistake } = decoded;
    if let Some(mistake) = mistake {
        return Err(cannot(mistake));
    }
    report(call, &text.doubled, &findings, validation)
        .map_err(|why| cannot(format!("strict decoding error: {why}")))?;
    if !value.is_object() {
        value = Value::Object(Map::new());
    }
    value["apiVersion"] = expected.api_version().into();
    value["kind"] = expected.kind.into();
    if let Some(root) = root {
        fill(root, &mut value);
    }
    Ok(value)
}

/// Warns of findings, or makes them an error.
pub(crate) fn report(
    call: &Call<'_>,
    doubled: &[(u32, String)],
    findings: &[Finding],
    validation: FieldValidation,
) -> Result<(), String> {
    let lines: Vec<String> = doubled
        .iter()
        .map(|(line, key)| format!("line {line}: key {} already set in map", quote(key)))
        .collect();
    match validation {
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Warn => {
            lines.into_iter().for_each(|line| call.warn(line));
            findings.iter().for_each(|finding| call.warn(finding.to_string()));
            Ok(())
        }
        FieldValidation::Strict if lines.is_empty() && findings.is_empty() => Ok(()),
        FieldValidation::Strict => {
            let mut parts = Vec::new();
            if !lines.is_empty() {
                parts.push(format!("yaml: unmarshal errors:\n  {}", lines.join("\n  ")));
            }
            parts.extend(findings.iter().map(ToString::to_string));
            Err(parts.join(", "))
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of a body that has been taken apart already")]
fn custom_body(
    call: &Call<'_>,
    expected: Kind<'_>,
    outer: Value,
    text: &Text,
    group: &str,
    version: &str,
    kind: &str,
    validation: FieldValidation,
) -> Answer<Value> {
    if outer.get("apiVersion").is_some_and(Value::is_null) {
        let expected = expected.kind;
        return Err(Status::bad_request(format!(
            "{kind} in version \"\" cannot be handled as a {expected}: .apiVersion accessor error: <nil> is of the type <nil>, \
             expected string"
        )));
    }
    if (group, version) != (expected.group, expected.version) {
        let (api, wanted) = (api_version(group, version), expected.api_version());
        // A version that is not served has no schema: nothing in it is known.
        let unserved = group == expected.group && call.server.catalog.of_kind(&api, kind).is_none();
        if unserved && validation == FieldValidation::Warn {
            for member in outer.as_object().into_iter().flat_map(Map::keys) {
                if !matches!(member.as_str(), "apiVersion" | "kind" | "metadata") {
                    call.warn(format!("unknown field {}", quote(member)));
                }
            }
        }
        return Err(Status::bad_request(format!(
            "the API version in the data ({api}) does not match the expected API version ({wanted})"
        )));
    }
    let mut value = if outer.is_object() { outer } else { json!({}) };
    value["apiVersion"] = expected.api_version().into();
    // Another kind is refused when the object is looked at as a whole.
    value["kind"] = kind.into();
    crate::custom::admit_body(call, &mut value, &text.json, &text.doubled, validation)?;
    Ok(value)
}
