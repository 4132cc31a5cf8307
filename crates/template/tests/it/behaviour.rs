//! What a real External Secrets made of templates, replayed as far as no cluster is needed: the data of the Secret, or the
//! text of the error.

use std::collections::BTreeMap;

use gangplank_template::pipeline::{
    Data, Decoding, Scope, Target, convert_keys, json_object, property, render,
};
use gangplank_template::{Environment, Options, Value};
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value as Json;

use crate::corpus::{behaviour, text};

/// The values that `data` and `dataFrom.extract` fetch from the vault of a case. None where they do more than that.
fn fetched(spec: &Json, vault: &Json) -> Option<Data> {
    let current = |reference: &Json| {
        let versions = vault["secrets"][text(reference, "key")].as_array()?;
        let value = versions.last()?["value"].as_str()?.as_bytes().to_vec();
        match text(reference, "property") {
            "" => Some(value),
            path => Some(property(&value, path)?.text),
        }
    };
    let mut data = Data::new();
    for entry in spec["dataFrom"].as_array().into_iter().flatten() {
        let members = json_object(&current(entry.get("extract")?)?).ok()?;
        data.extend(convert_keys(gangplank_template::pipeline::Conversion::Default, members).ok()?);
    }
    for entry in spec["data"].as_array().into_iter().flatten() {
        data.insert(text(entry, "secretKey").to_owned(), current(&entry["remoteRef"])?);
    }
    Some(data)
}

fn templates(map: &Json) -> Data {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().into())).collect()
}

/// Data and labels that a template makes of the values, or the error in the words of its event. None where a template takes
/// something from the cluster.
fn made(template: &Json, values: &Data) -> Option<Result<(Data, Data), String>> {
    let root = Value::string_map(values);
    let mut environment = Environment::new(Timestamp::UNIX_EPOCH, StdRng::seed_from_u64(1));
    let mut run = |templates: &Data, scope| {
        render(templates, scope, Decoding::None, &root, &Options::default(), &mut environment)
            .map_err(|error| error.to_string())
    };
    let (mut data, mut labels) = (Data::new(), Data::new());
    let has_own = template.get("data").is_some() || template.get("templateFrom").is_some();
    if !has_own || text(template, "mergePolicy") == "Merge" {
        data.extend(values.clone());
    }
    for entry in template["templateFrom"].as_array().into_iter().flatten() {
        let literal = Data::from([(String::new(), entry["literal"].as_str()?.as_bytes().to_vec())]);
        let target = Target::parse(text(entry, "target")).ok()?;
        match (run(&literal, Scope::KeysAndValues), target) {
            (Err(error), _) => return Some(Err(format!("error fetching templateFrom data: {error}"))),
            (Ok(entries), Target::Data) => data.extend(entries),
            (Ok(entries), Target::Labels) => labels.extend(entries),
            (Ok(_), Target::Annotations) => {}
            (Ok(_), Target::Path(_)) => return None,
        }
    }
    for (target, map) in [(&mut data, &template["data"]), (&mut labels, &template["metadata"]["labels"])] {
        match run(&templates(map), Scope::Values) {
            Ok(entries) => target.extend(entries),
            Err(error) => {
                return Some(Err(format!("could not execute template: could not execute template: {error}")));
            }
        }
    }
    Some(Ok((data, labels)))
}

/// Compares the last state of a case with what its last ExternalSecret makes. None where the case is about something else.
fn replay(case: &Json) -> Option<Result<(), String>> {
    let (mut vault, mut made_last, mut compared) = (Json::Null, None, None);
    for step in case["steps"].as_array()? {
        match text(step, "do") {
            "vault" => vault = step["contents"].clone(),
            "apply" if text(&step["object"], "kind") == "ExternalSecret" => {
                let spec = &step["object"]["spec"];
                let template = spec["target"].get("template")?;
                if text(template, "engineVersion") == "v1" || template.get("type").is_some() {
                    return None;
                }
                made_last = made(template, &fetched(spec, &vault)?);
            }
            _ => {}
        }
        let made_last = made_last.as_ref();
        match (text(step, "saw"), made_last) {
            ("Secret", Some(Ok((data, labels)))) if !step["object"].is_null() => {
                let object = &step["object"];
                let shown: BTreeMap<&str, String> = data
                    .iter()
                    .map(|(key, value)| (key.as_str(), String::from_utf8_lossy(value).into_owned()))
                    .collect();
                let expected: BTreeMap<&str, String> = object["data"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?.to_owned())))
                    .collect();
                let labels_fit = labels.iter().all(|(key, value)| {
                    object["metadata"]["labels"][key].as_str().map(str::as_bytes) == Some(value)
                });
                let difference = format!("gave {shown:?}, not {expected:?}");
                compared = Some(if shown == expected && labels_fit { Ok(()) } else { Err(difference) });
            }
            ("Events", Some(Err(error))) => {
                let events = step["events"].as_array()?;
                let found =
                    events.iter().any(|event| event[2].as_str().is_some_and(|text| text.ends_with(error)));
                let difference = format!("gave {error}, not {}", step["events"]);
                compared = Some(if found { Ok(()) } else { Err(difference) });
            }
            _ => {}
        }
    }
    compared
}

#[test]
fn external_secrets_behaviour_of_templates() {
    let cases = behaviour("templates");
    let results: Vec<_> = cases.iter().filter_map(|case| Some((text(case, "name"), replay(case)?))).collect();
    let failures: Vec<String> = results
        .iter()
        .filter_map(|(name, result)| Some(format!("{name}: {}", result.as_ref().err()?)))
        .collect();
    println!(
        "templates: {} of {} equal, of {} cases",
        results.len() - failures.len(),
        results.len(),
        cases.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases.is_empty() || results.len() * 2 > cases.len(), "most cases should be within reach");
}
