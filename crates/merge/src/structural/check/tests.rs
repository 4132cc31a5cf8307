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

#[test]
fn rules_that_could_take_too_long_are_refused() {
    let rule = |extent: Value, rule: &str| {
        let mut schema = json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [{"rule": rule}]});
        if let (Some(schema), Value::Object(extent)) = (schema.as_object_mut(), extent) {
            schema.extend(extent);
        }
        schema
    };
    let advice = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    let small = json!({"type": "string", "maxLength": 10});
    let all_pairs = "self.all(x, self.exists(y, x == y + 'a'))";
    check(rule(json!({"maxItems": 100, "items": small}), all_pairs), &[]);
    check(
        rule(json!({"maxItems": 1100, "items": small}), all_pairs),
        &[&format!(
            "s.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.8x {advice}"
        )],
    );
    check(
        rule(json!({}), "self.all(x, x.contains('abc'))"),
        &[
            &format!(
                "s.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x {advice}"
            ),
            "s.properties[a].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
            &format!(
                "s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x {advice}"
            ),
        ],
    );
}

#[test]
fn expressions_in_each_other_are_looked_at_once() {
    let rule = format!("{}'a'{} == 'a'", "'%s'.format([".repeat(60), "])".repeat(60));
    check(json!({"type": "string", "x-kubernetes-validations": [{"rule": rule}]}), &[]);
}
