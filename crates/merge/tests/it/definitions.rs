//! Recorded definitions of custom resources: their schemas are refused as recorded.

use gangplank_merge::structural::check;
use serde_json::Value;

use crate::corpus::{Step, transcripts};

/// The recorded causes that are about schemas, and ours. None where the step is no create of a definition. What rules may
/// cost is not estimated, and that there is a schema at all is checked by the server.
fn compare(step: &Step) -> Option<(Vec<Value>, Vec<Value>)> {
    let definition = &step.request["body"];
    if step.text("/method") != "POST" || definition["kind"] != "CustomResourceDefinition" {
        return None;
    }
    let recorded = match step.status {
        201 => Vec::new(),
        422 => step.body.pointer("/details/causes")?.as_array()?.clone(),
        _ => return None,
    };
    let about_schemas =
        |cause: &Value| cause["field"].as_str().is_some_and(|field| field.contains("openAPIV3Schema"));
    let elsewhere = |cause: &Value| {
        let message = cause["message"].as_str().unwrap_or("");
        message == "Required value"
    };
    let expect: Vec<Value> =
        recorded.into_iter().filter(|cause| about_schemas(cause) && !elsewhere(cause)).collect();
    let versions = definition.pointer("/spec/versions")?.as_array()?;
    let same = versions.iter().all(|version| version["schema"] == versions[0]["schema"]);
    let mut got = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        let path = if same {
            "spec.validation.openAPIV3Schema".to_owned()
        } else {
            format!("spec.versions[{index}].schema.openAPIV3Schema")
        };
        let Some(schema) = version.pointer("/schema/openAPIV3Schema") else { continue };
        let status = version.pointer("/subresources/status").is_some();
        for error in check(schema, &path, status) {
            got.push(serde_json::json!({
                "field": error.field,
                "reason": error.reason.cause(),
                "message": error.message(),
            }));
        }
        if same {
            break;
        }
    }
    Some((expect, got))
}

#[test]
fn schemas_are_refused_as_recorded() {
    let (mut checked, mut failures) = (0, Vec::new());
    for transcript in transcripts() {
        for (index, step) in transcript.steps.iter().enumerate() {
            let Some((expect, got)) = compare(step) else { continue };
            checked += 1;
            if expect != got {
                let shown =
                    |causes: &[Value]| causes.iter().map(Value::to_string).collect::<Vec<_>>().join("\n    ");
                failures.push(format!(
                    "{}/{} step {}:\n  expect {}\n  got    {}",
                    transcript.area,
                    transcript.name,
                    index + 1,
                    shown(&expect),
                    shown(&got)
                ));
            }
        }
    }
    println!("{} of {checked} definitions as recorded", checked - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
