use serde_json::{Value, json};

use super::{Checks, Structural};

fn read(spec: Value) -> Structural {
    Structural::read(&json!({"type": "object", "properties": {"spec": spec}}), &Value::Null)
}

/// The errors of an object with this spec.
fn check(schema: Value, spec: Value, expect: &[&str]) {
    let checks = Checks { metadata: &|_, _| Vec::new() };
    let errors = read(schema.clone()).validate(&json!({"spec": spec}), Vec::new(), &checks);
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, expect, "{spec} against {schema}");
}

#[test]
fn values() {
    check(
        json!({"type": "integer"}),
        json!("x"),
        &["spec: Invalid value: \"string\": spec in body must be of type integer: \"string\""],
    );
    check(json!({"type": "integer"}), json!(1.0), &[]);
    check(
        json!({"type": "integer"}),
        json!(2.5),
        &[
            "spec: Invalid value: \"number\": spec in body must be of type integer: \"number\"",
            "<nil>: Invalid value: \"\": Checked value must be of type integer (default format) in spec",
        ],
    );
    check(
        json!({"type": "integer", "format": "int32"}),
        json!(4_000_000_000_i64),
        &["<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in spec"],
    );
    check(
        json!({"type": "number", "minimum": 0, "exclusiveMinimum": true}),
        json!(0.0),
        &["spec: Invalid value: 0: spec in body should be greater than 0"],
    );
    check(
        json!({"type": "number", "multipleOf": 0.5}),
        json!(0.7),
        &["spec: Invalid value: 0.7: spec in body should be a multiple of 0.5"],
    );
    check(
        json!({"type": "string", "maxLength": 1}),
        json!("ab"),
        &["spec: Too long: may not be more than 1 byte"],
    );
    check(
        json!({"type": "string", "pattern": "^\\d+$"}),
        json!("٣"),
        &["spec: Invalid value: \"٣\": spec in body should match '^\\d+$'"],
    );
    check(
        json!({"type": "string", "enum": ["a", "b"]}),
        json!("c"),
        &["spec: Unsupported value: \"c\": supported values: \"a\", \"b\""],
    );
    check(
        json!({"type": "array", "maxItems": 1, "items": {"type": "integer"}}),
        json!([1, "x"]),
        &[
            "spec[1]: Invalid value: \"string\": spec[1] in body must be of type integer: \"string\"",
            "spec: Too many: 2: must have at most 1 item",
        ],
    );
    check(json!({"type": "object", "required": ["a"]}), json!({}), &["spec.a: Required value"]);
    check(
        json!({"x-kubernetes-int-or-string": true}),
        json!(true),
        &["spec: Invalid value: \"boolean\": spec in body must be of type integer,string: \"boolean\""],
    );
    check(
        json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        json!({"a": 1, "b": 1}),
        &[
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives",
        ],
    );
}

#[test]
fn what_was_wrong_before_is_let_through() {
    let schema = read(
        json!({"type": "object", "properties": {"a": {"type": "integer", "maximum": 5}, "b": {"type": "integer"}}}),
    );
    let checks = Checks { metadata: &|_, _| Vec::new() };
    let errors = |old: i64, new: i64| {
        let object = |a: i64, b: i64| json!({"spec": {"a": a, "b": b}});
        schema.validate_update(&object(new, 2), &object(old, 1), Vec::new(), &checks).len()
    };
    assert_eq!((errors(9, 9), errors(9, 8), errors(1, 8)), (0, 1, 1));
}

#[test]
fn pruning_and_defaults() {
    let schema = read(json!({
        "type": "object",
        "default": {},
        "properties": {
            "a": {"type": "integer", "default": 1},
            "n": {"type": "string"},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
                "known": {"type": "object", "properties": {"x": {"type": "string"}}},
            }},
            "list": {"type": "array", "items": {"type": "object", "properties": {"p": {"type": "integer", "default": 80}}}},
        },
    }));
    let mut object = json!({
        "apiVersion": "v1",
        "metadata": {"anything": 1},
        "extra": 1,
        "spec": {"n": null, "huh": 1, "open": {"y": 1, "known": {"z": 1}}, "list": [{"q": 1}]},
    });
    assert_eq!(schema.prune(&mut object), ["extra", "spec.huh", "spec.list[0].q", "spec.open.known.z"]);
    schema.apply_defaults(&mut object);
    assert_eq!(
        object,
        json!({
            "apiVersion": "v1",
            "metadata": {"anything": 1},
            "spec": {"a": 1, "open": {"y": 1, "known": {}}, "list": [{"p": 80}]},
        })
    );
    let mut empty = json!({});
    schema.apply_defaults(&mut empty);
    assert_eq!(empty, json!({"spec": {"a": 1}}));
}

#[test]
fn embedded_resources() {
    let schema = read(json!({
        "type": "object",
        "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true,
    }));
    let mut object = json!({"spec": {"kind": "Pod", "metadata": {"colour": "red", "name": "a"}}});
    assert_eq!(schema.coerce_metadata(&mut object), Ok(vec!["spec.metadata.colour".to_owned()]));
    assert_eq!(object, json!({"spec": {"kind": "Pod", "metadata": {"name": "a"}}}));
    let checks = Checks { metadata: &|_, _| Vec::new() };
    let errors = schema.validate(&object, Vec::new(), &checks);
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["spec.apiVersion: Required value"]
    );
    let mut wrong = json!({"spec": {"metadata": {"labels": {"a": 1}}}});
    assert_eq!(
        schema.coerce_metadata(&mut wrong).map_err(|error| error.to_string()),
        Err("spec.metadata: Invalid value: {\"labels\":{\"a\":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string".to_owned())
    );
}
