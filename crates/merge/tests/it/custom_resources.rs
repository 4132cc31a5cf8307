//! What becomes of recorded custom resources: pruned, defaulted, refused.

use std::collections::BTreeMap;

use gangplank_merge::structural::{Checks, FieldError, Structural};
use serde_json::{Value, json};

use crate::corpus::{Step, transcripts};

/// The schemas of a definition, by API version and kind.
fn learn(definition: &Value, schemas: &mut BTreeMap<(String, String), Structural>) {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
    for version in definition.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten() {
        let api_version = format!("{}/{}", text("/spec/group"), version["name"].as_str().unwrap_or(""));
        let schema = &version["schema"]["openAPIV3Schema"];
        let key = (api_version, text("/spec/names/kind"));
        schemas.insert(key, Structural::read(schema, &version["subresources"]));
    }
}

/// Whole floats are written without a fraction, as Go writes them.
fn as_go_writes(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0) {
                *value = serde_json::from_str(&format!("{float}")).expect("a number");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(as_go_writes),
        Value::Object(map) => map.values_mut().for_each(as_go_writes),
        _ => {}
    }
}

/// Errors and members other than metadata after a create, as this crate has them.
fn created(schema: &Structural, body: &Value) -> (Vec<Value>, Value, Vec<String>) {
    let mut object = body.clone();
    let mut unknown = schema.prune(&mut object);
    let errors: Vec<FieldError> = match schema.coerce_metadata(&mut object) {
        Err(error) => vec![error.0],
        Ok(dropped) => {
            unknown.extend(dropped);
            schema.apply_defaults(&mut object);
            schema.validate(&object, Vec::new(), &Checks { metadata: &|_, _| Vec::new() })
        }
    };
    as_go_writes(&mut object);
    object.as_object_mut().expect("an object").remove("metadata");
    unknown.sort();
    let shown = |error: &FieldError| json!({"field": error.field, "reason": error.reason.cause(), "message": error.message()});
    (errors.iter().map(shown).collect(), object, unknown)
}

fn check(step: &Step, schemas: &BTreeMap<(String, String), Structural>) -> Option<Result<(), String>> {
    let body = match &step.request["body"] {
        Value::String(text) => serde_json::from_str(text).ok()?,
        body => body.clone(),
    };
    let key = (body["apiVersion"].as_str()?.to_owned(), body["kind"].as_str()?.to_owned());
    let schema = schemas.get(&key)?;
    if step.text("/method") != "POST" || !step.text("/path").contains(&key.0) {
        return None;
    }
    let (errors, mut object, unknown) = created(schema, &body);
    let warning = step.warning.replace("\\\"", "\"");
    let result = match step.status {
        201 => {
            let mut expect = step.body.clone();
            let whole = expect.as_object_mut()?;
            whole.remove("metadata");
            // A create can't set the status where it is a subresource.
            if !whole.contains_key("status") {
                object.as_object_mut()?.remove("status");
            }
            let told = unknown.iter().all(|path| warning.contains(&format!("unknown field \"{path}\"")));
            let ignored = step.text("/query/fieldValidation") == "Ignore";
            if expect["kind"] == body["kind"] && expect != object && !expect.to_string().contains("<time>") {
                Err(format!("expect {expect}\n  got    {object}"))
            } else if !errors.is_empty() || !(told || ignored) {
                Err(format!("expect no errors and {warning:?}\n  got    {errors:?}, {unknown:?}"))
            } else {
                Ok(())
            }
        }
        422 => {
            let mut expect: Vec<Value> = step.body.pointer("/details/causes")?.as_array()?.clone();
            // The errors of metadata are the server's own, but for those of the schema.
            expect.retain(|cause| {
                errors.contains(cause) || !cause["field"].as_str().unwrap_or("").starts_with("metadata")
            });
            // Go's maps have no order, so some causes were recorded sorted.
            let sorted = |list: &[Value]| {
                let mut texts: Vec<String> = list.iter().map(Value::to_string).collect();
                texts.sort();
                texts
            };
            let picked = !step.request["pick"].is_null();
            if expect == errors || (picked && sorted(&expect) == sorted(&errors)) {
                Ok(())
            } else {
                Err(format!("expect {expect:?}\n  got    {errors:?}"))
            }
        }
        400 => {
            let message = step.body["message"].as_str()?;
            let told = unknown.iter().all(|path| message.contains(&format!("unknown field \"{path}\"")));
            let wrong = errors.iter().all(|error| message.contains(error["message"].as_str().unwrap_or("?")));
            if told && wrong {
                Ok(())
            } else {
                Err(format!("expect {message}\n  got    {unknown:?} {errors:?}"))
            }
        }
        _ => return None,
    };
    Some(result)
}

#[test]
fn custom_resources_come_out_as_recorded() {
    let (mut checked, mut failures) = (0, Vec::new());
    for transcript in transcripts() {
        let mut schemas = BTreeMap::new();
        for (index, step) in transcript.steps.iter().enumerate() {
            // A definition whose patch is recorded without its result is not known any more.
            if step.text("/path").contains("customresourcedefinitions") && step.text("/method") == "PATCH" {
                schemas.clear();
            }
            for definition in [&step.request["body"], &step.body] {
                if step.status < 300 && definition["kind"] == "CustomResourceDefinition" {
                    learn(definition, &mut schemas);
                }
            }
            if let Some(result) = check(step, &schemas) {
                checked += 1;
                if let Err(difference) = result {
                    failures.push(format!(
                        "{}/{} step {}:\n  {difference}",
                        transcript.area,
                        transcript.name,
                        index + 1
                    ));
                }
            }
        }
    }
    println!("{} of {checked} creates as recorded", checked - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
