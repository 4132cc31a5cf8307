use serde_json::{Value, json};

/// The errors of a schema whose field `a` is given.
fn check(a: Value, expect: &[&str]) {
    let schema = json!({"type": "object", "properties": {"a": a}});
    let errors: Vec<String> = super::check(&schema, "s", false).iter().map(ToString::to_string).collect();
    assert_eq!(errors, expect, "{schema}");
}

#[test]
fn schemas() {
    check(json!({"type": "string"}), &[]);
    check(
        json!({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true}),
        &[],
    );
    check(
        json!({"type": "object", "anyOf": [{"type": "object"}]}),
        &["s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural"],
    );
    check(json!({"type": "array"}), &["s.properties[a].items: Required value: must be specified"]);
    check(
        json!({"type": "integer", "default": "x"}),
        &["s.properties[a].default: Invalid value: \"string\":  in body must be of type integer: \"string\""],
    );
    check(
        json!({"type": "object", "properties": {"b": {"type": "string"}}, "default": {"c": 1}}),
        &["s.properties[a].default: Invalid value: {\"c\":1}: must not have unknown fields"],
    );
    check(
        json!({"type": "string", "pattern": "("}),
        &[
            "s.properties[a].pattern: Invalid value: \"(\": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): `(`",
        ],
    );
    check(
        json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "bag"}),
        &[
            "s.properties[a].x-kubernetes-list-type: Unsupported value: \"bag\": supported values: \"atomic\", \"set\", \"map\"",
        ],
    );
    check(
        json!({"type": "object", "x-kubernetes-validations": [{"rule": "true", "fieldPath": "b"}]}),
        &[
            "s.properties[a].x-kubernetes-validations[0].fieldPath: Invalid value: \"b\": must be a valid path",
        ],
    );
}

#[test]
fn junctors_of_the_root_restrict_declared_fields_only() {
    let schema = json!({"type": "object", "oneOf": [{"properties": {"b": {}}}]});
    let errors: Vec<String> = super::check(&schema, "s", false).iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        ["s.properties[b]: Required value: because it is defined in s.oneOf[0].properties[b]"]
    );
}
