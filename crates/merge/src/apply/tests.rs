use serde_json::{Value, json};

use super::{FieldSet, SingleVersion, Write, apply, update};
use crate::schema::builtin;

fn config_maps() -> SingleVersion {
    SingleVersion {
        api_version: "v1".to_owned(),
        schema: builtin().kind("", "v1", "ConfigMap").expect("built in"),
    }
}

fn write<'a>(manager: &'a str, versions: &'a SingleVersion, reset: &'a FieldSet) -> Write<'a> {
    Write {
        manager,
        api_version: "v1",
        kind: "ConfigMap",
        subresource: "",
        now: "2026-01-01T00:00:00Z",
        versions,
        reset,
    }
}

/// Applies a list of (manager, force, data) to nothing; the data and owners in the end, or the first error.
fn check(steps: &[(&str, bool, Value)], expect: Result<(Value, Value), &str>) {
    let (versions, reset) = (config_maps(), FieldSet::default());
    let mut live: Option<Value> = None;
    for (manager, force, data) in steps {
        let applied =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": data});
        match apply(live.as_ref(), &applied, *force, &write(manager, &versions, &reset)) {
            Ok(object) => live = Some(object),
            Err(error) => return assert_eq!(Err(error.to_string()), expect.map_err(str::to_owned)),
        }
    }
    let live = live.expect("a step");
    let owners: Value = live["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| json!([entry["manager"], entry["fieldsV1"]]))
        .collect();
    assert_eq!(Ok((live["data"].clone(), owners)), expect.map_err(str::to_owned));
}

#[test]
fn owners() {
    check(
        &[("a", false, json!({"x": "1"}))],
        Ok((json!({"x": "1"}), json!([["a", {"f:data": {"f:x": {}}}]]))),
    );
    // What is applied no more goes.
    check(
        &[("a", false, json!({"x": "1", "y": "1"})), ("a", false, json!({"x": "1"}))],
        Ok((json!({"x": "1"}), json!([["a", {"f:data": {"f:x": {}}}]]))),
    );
    // Unless somebody else applied it too. Who changed nothing has no time and stands first.
    check(
        &[("a", false, json!({"x": "1"})), ("b", false, json!({"x": "1"})), ("a", false, json!({"y": "1"}))],
        Ok((
            json!({"x": "1", "y": "1"}),
            json!([["b", {"f:data": {"f:x": {}}}], ["a", {"f:data": {"f:y": {}}}]]),
        )),
    );
    check(
        &[("a", false, json!({"x": "1"})), ("b", false, json!({"x": "2"}))],
        Err("Apply failed with 1 conflict: conflict with \"a\": .data.x"),
    );
    check(
        &[("a", false, json!({"x": "1"})), ("b", true, json!({"x": "2"}))],
        Ok((json!({"x": "2"}), json!([["b", {"f:data": {"f:x": {}}}]]))),
    );
    check(
        &[("a", false, json!({"x": 1}))],
        Err(
            "failed to create typed patch object (/one; /v1, Kind=ConfigMap): .data.x: expected string, got &value.valueUnstructured{Value:1}",
        ),
    );
    check(
        &[("a", false, json!(["x"]))],
        Err(
            "failed to create typed patch object (/one; /v1, Kind=ConfigMap): .data: expected map, got &{[x]}",
        ),
    );
}

#[test]
fn few_updaters_are_kept_apart() {
    let (versions, reset) = (config_maps(), FieldSet::default());
    let mut live = None;
    for index in 0..13 {
        let mut after = live.clone().unwrap_or_else(|| json!({"metadata": {"name": "one"}, "data": {}}));
        after["data"][format!("k{index}")] = Value::from("1");
        let manager = format!("m{index:02}");
        live = Some(update(live.as_ref(), after, &write(&manager, &versions, &reset)));
    }
    let live = live.expect("a step");
    let managers: Vec<&str> = live["metadata"]["managedFields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["manager"].as_str())
        .collect();
    let expect = ["ancient-changes", "m04", "m05", "m06", "m07", "m08", "m09", "m10", "m11", "m12"];
    assert_eq!(managers, expect);
}
