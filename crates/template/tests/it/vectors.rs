//! The conformance vectors of External Secrets that concern this crate, section by section.

use std::collections::BTreeMap;

use gangplank_template::pipeline::{
    ConflictPolicy, Conversion, Data, Decoding, Merge, MergeStrategy, PriorityPolicy, Rewrite, Scope, Target,
    convert_keys, decode_all, hash_of_data, hash_of_metadata, hash_of_text, json_object, parse_scalar,
    property, render, reverse_keys, rewrite,
};
use gangplank_template::{Environment, Options, Value};
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};

use crate::corpus::{check_all, data, section, text};

pub(crate) fn environment() -> Environment {
    Environment::new(Timestamp::UNIX_EPOCH, StdRng::seed_from_u64(1))
}

/// Compares a result with what a case expects of its data or its failure.
fn compare(case: &Json, got: Result<Data, String>) -> Result<(), String> {
    let fails = case["expect_error"].as_bool().unwrap_or_default();
    match got {
        Err(_) if fails => Ok(()),
        Err(error) => Err(format!("failed with {error}")),
        Ok(_) if fails => Err("should have failed".to_owned()),
        Ok(got) if case["expected_b64"].is_null() || got == data(&case["expected_b64"]) => Ok(()),
        Ok(got) => Err(format!("gave {:?}", shown(&got))),
    }
}

pub(crate) fn shown(data: &Data) -> BTreeMap<&String, String> {
    data.iter().map(|(key, value)| (key, String::from_utf8_lossy(value).into_owned())).collect()
}

#[test]
fn external_secrets_vectors_convert_keys() {
    check_all("convert_keys", |case| {
        let conversion = Conversion::from_name(text(case, "strategy")).ok_or("unknown strategy")?;
        compare(case, convert_keys(conversion, data(&case["input_b64"])).map_err(|error| error.to_string()))
    });
}

#[test]
fn external_secrets_vectors_reverse_keys() {
    check_all("reverse_keys", |case| {
        let conversion = Conversion::from_name(text(case, "encode")).ok_or("unknown strategy")?;
        let encoded =
            convert_keys(conversion, data(&case["input_b64"])).map_err(|error| error.to_string())?;
        let decoded = match text(case, "decode") {
            "ReverseUnicode" => reverse_keys(encoded).map_err(|error| error.to_string()),
            _ => Ok(encoded),
        };
        compare(case, decoded)
    });
}

#[test]
fn external_secrets_vectors_decoding() {
    check_all("decoding", |case| {
        let decoded = Decoding::from_name(text(case, "strategy"))
            .and_then(|decoding| decode_all(decoding, data(&case["input_b64"])));
        compare(case, decoded.map_err(|error| error.to_string()))
    });
}

#[test]
fn external_secrets_vectors_json_map() {
    check_all("json_map", |case| {
        let whole = serde_json::json!({ "input": case["input_b64"] });
        let input = data(&whole).remove("input").unwrap_or_default();
        compare(case, json_object(&input).map_err(|error| error.to_string()))
    });
}

#[test]
fn external_secrets_vectors_yaml_scalar() {
    check_all("yaml_scalar", |case| {
        let got = parse_scalar(text(case, "input"));
        if got == case["expected"] { Ok(()) } else { Err(format!("gave {got}")) }
    });
}

fn operation(operation: &Json) -> Rewrite {
    if let Some(regexp) = operation.get("regexp") {
        return Rewrite::Regexp {
            source: text(regexp, "source").into(),
            target: text(regexp, "target").into(),
        };
    }
    if let Some(transform) = operation.get("transform") {
        return Rewrite::Transform { template: text(transform, "template").into() };
    }
    let merge = &operation["merge"];
    let priority = merge["priority"].as_array().into_iter().flatten();
    Rewrite::Merge(Merge {
        into: text(merge, "into").into(),
        priority: priority.filter_map(Json::as_str).map(str::to_owned).collect(),
        priority_policy: match text(merge, "priorityPolicy") {
            "IgnoreNotFound" => PriorityPolicy::IgnoreNotFound,
            _ => PriorityPolicy::Strict,
        },
        conflict_policy: match text(merge, "conflictPolicy") {
            "Ignore" => ConflictPolicy::Ignore,
            _ => ConflictPolicy::Error,
        },
        strategy: match text(merge, "strategy") {
            "JSON" => MergeStrategy::Json,
            _ => MergeStrategy::Extract,
        },
    })
}

#[test]
fn external_secrets_vectors_rewrite() {
    check_all("rewrite", |case| {
        let operations: Vec<Rewrite> =
            case["operations"].as_array().into_iter().flatten().map(operation).collect();
        let got = rewrite(&operations, data(&case["input_b64"]), &mut environment());
        compare(case, got.map_err(|error| error.to_string()))
    });
}

pub(crate) fn templates(map: &Json) -> Data {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().into())).collect()
}

/// Puts what a case renders at its path, as often as it says.
fn placed(case: &Json) -> Result<Json, String> {
    let mut object = Map::new();
    if !case["initial_spec"].is_null() {
        object.insert("spec".into(), case["initial_spec"].clone());
    }
    let Target::Path(path) = Target::parse(text(case, "target")).map_err(|error| error.to_string())? else {
        return Err("no path".to_owned());
    };
    let values = data(&case["data_b64"]);
    let root = Value::string_map(&values);
    let merges = text(case, "scope") == "KeysAndValues";
    for _ in 0..case["repeat"].as_u64().unwrap_or(1) {
        let texts = render(
            &templates(&case["templates"]),
            Scope::Values,
            Decoding::None,
            &root,
            &Options::default(),
            &mut environment(),
        );
        for rendered in texts.map_err(|error| error.to_string())?.into_values() {
            let value = parse_scalar(&String::from_utf8_lossy(&rendered));
            path.set(&mut object, value, merges).map_err(|error| error.to_string())?;
        }
    }
    Ok(Json::Object(object))
}

fn assert_at(object: &Json, assertion: &Json) -> Result<(), String> {
    let mut steps = assertion["path"].as_array().into_iter().flatten();
    let found = steps.try_fold(object, |value, step| match step {
        Json::String(key) => value.get(key),
        step => value.get(usize::try_from(step.as_u64()?).ok()?),
    });
    let holds = match (text(assertion, "op"), found) {
        ("present", found) => found.is_some(),
        ("absent", found) => found.is_none(),
        ("null", found) => found.is_some_and(Json::is_null),
        ("equals", found) => found == Some(&assertion["value"]),
        ("length", found) => {
            found.and_then(Json::as_array).map(|items| items.len() as u64) == assertion["value"].as_u64()
        }
        (other, _) => return Err(format!("unknown assertion {other}")),
    };
    if holds { Ok(()) } else { Err(format!("{assertion} does not hold for {object}")) }
}

#[test]
fn external_secrets_vectors_target_path() {
    check_all("target_path", |case| match (placed(case), case["expect_error"].as_str()) {
        (Err(error), Some(wanted)) if error.contains(wanted) => Ok(()),
        (Err(error), _) => Err(format!("failed with {error}")),
        (Ok(_), Some(wanted)) => Err(format!("should have failed with {wanted}")),
        (Ok(object), None) => case["asserts"]
            .as_array()
            .into_iter()
            .flatten()
            .try_for_each(|assertion| assert_at(&object, assertion)),
    });
}

/// The hash of what a case puts in: nothing, a text, a Secret's data, or the metadata of an object.
fn hashed(case: &Json) -> String {
    let strings = |map: &Json| -> BTreeMap<String, String> {
        let entries = map.as_object().into_iter().flatten();
        entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    };
    match (&case["input_b64"], &case["input"]) {
        (map @ Json::Object(_), _) => hash_of_data(&data(map)),
        (_, Json::String(text)) => hash_of_text(text),
        (_, object @ Json::Object(_)) => {
            hash_of_metadata(&strings(&object["annotations"]), &strings(&object["labels"]))
        }
        _ => hash_of_text("<nil>"),
    }
}

#[test]
fn external_secrets_vectors_object_hash() {
    check_all("object_hash", |case| {
        let got = hashed(case);
        if got == text(case, "expected") { Ok(()) } else { Err(format!("gave {got} for {case}")) }
    });
}

#[test]
fn properties_of_recorded_reads() {
    // Of the reads of a vault only the property is this crate's: text in, text out.
    let cases = section("azure_get");
    let mut compared = 0;
    for case in &cases {
        let property_name = text(&case["remote_ref"], "property");
        let is_value = text(&case["vault"], "type") == "secret"
            && text(&case["remote_ref"], "metadataPolicy") != "Fetch";
        if property_name.is_empty() || !is_value || case["expected_b64"].is_null() {
            continue;
        }
        let value = data(
            &serde_json::json!({ "value": case["vault"]["value_b64"], "expected": case["expected_b64"] }),
        );
        let got = property(&value["value"], property_name).map(|found| found.text);
        assert_eq!(got.as_ref(), Some(&value["expected"]), "{}", text(case, "name"));
        compared += 1;
    }
    println!("azure_get: {compared} properties equal");
}
