//! The body of a custom resource: no struct to decode into, but a schema that knows its fields.

use gangplank_merge::schema::builtin;
use serde_json::Value;

use crate::http::query::FieldValidation;
use crate::object::typed::{self, Finding};
use crate::status::{Answer, Status, quote};
use crate::verbs::{Call, report};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

fn refusal(call: &Call<'_>, why: &str) -> Box<Status> {
    let resource = &call.resource;
    Status::bad_request(format!(
        "{} in version {} cannot be handled as a {}: {why}",
        resource.kind,
        quote(&resource.version),
        resource.kind
    ))
}

/// Prunes a body, and tells or refuses what it does not know.
pub(crate) fn admit_body(
    call: &Call<'_>,
    value: &mut Value,
    text: &[u8],
    doubled: &[(u32, String)],
    validation: FieldValidation,
) -> Answer<()> {
    let decoded = typed::decode(text, None, "").map_err(|error| refusal(call, &error.to_string()))?;
    let mut findings = decoded.findings;
    findings.extend(prune(call, value).map_err(|why| refusal(call, &why))?);
    report(call, doubled, &findings, validation)
        .map_err(|why| refusal(call, &format!("strict decoding error: {why}")))
}

/// Prunes what a patch has made.
pub(crate) fn admit_patched(call: &Call<'_>, value: &mut Value, validation: FieldValidation) -> Answer<()> {
    let text = value.to_string();
    let invalid = |why: &str| {
        Status::invalid("", "", "", &[crate::status::FieldError::invalid_text("patch", &text, why)])
    };
    let findings = prune(call, value).map_err(|why| invalid(&why))?;
    report(call, &[], &findings, validation).map_err(|why| invalid(&format!("strict decoding error: {why}")))
}

/// Drops unknown fields; what was dropped, sorted by path.
fn prune(call: &Call<'_>, value: &mut Value) -> Result<Vec<Finding>, String> {
    let mut paths = Vec::new();
    if let Some(metadata) = value.get("metadata").filter(|metadata| !metadata.is_null()) {
        let schema = builtin().definition(OBJECT_META);
        let root = schema.as_ref().map(|schema| schema.root());
        let decoded =
            typed::decode(metadata.to_string().as_bytes(), root, "ObjectMeta").map_err(|e| e.to_string())?;
        if let Some(mistake) = decoded.mistake {
            return Err(mistake);
        }
        for finding in decoded.findings {
            if let Finding::Unknown(path) = finding {
                paths.push(format!("metadata.{path}"));
            }
        }
        value["metadata"] = decoded.value;
    }
    if let Some(custom) = &call.resource.custom {
        let structural = custom.structural();
        paths.extend(structural.coerce_metadata(value).map_err(|error| error.0.to_string())?);
        paths.extend(structural.prune(value));
    }
    paths.sort();
    Ok(paths.into_iter().map(Finding::Unknown).collect())
}
