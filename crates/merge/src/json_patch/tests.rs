use serde_json::{Value, json};

use super::{JsonPatchError, Limits, apply, apply_within};

fn check(document: Value, patch: Value, expect: Result<Value, &str>) {
    let mut patched = document.clone();
    let got = apply(&mut patched, &patch).map(|()| patched).map_err(|error| error.to_string());
    assert_eq!(got, expect.map_err(str::to_owned), "{document} patched by {patch}");
}

#[test]
fn keys() {
    let one = || json!({"a": {"b": 1}});
    check(one(), json!([{"op": "add", "path": "/a/c", "value": 2}]), Ok(json!({"a": {"b": 1, "c": 2}})));
    check(one(), json!([{"op": "add", "path": "/a/c"}]), Ok(json!({"a": {"b": 1, "c": null}})));
    check(one(), json!([{"op": "replace", "path": "/a/c", "value": 2}]), Ok(json!({"a": {"b": 1, "c": 2}})));
    check(
        one(),
        json!([{"op": "copy", "from": "/a/x", "path": "/y"}]),
        Ok(json!({"a": {"b": 1}, "y": null})),
    );
    check(one(), json!([{"op": "move", "from": "/a/b", "path": "/b"}]), Ok(json!({"a": {}, "b": 1})));
    check(one(), json!([{"op": "add", "path": "a/c", "value": 2}]), Ok(json!({"a": {"b": 1}, "c": 2})));
    check(json!({"~1": 1}), json!([{"op": "remove", "path": "/~01"}]), Ok(json!({})));
    check(json!({"a/b": 1}), json!([{"op": "remove", "path": "/a~1b"}]), Ok(json!({})));
    check(
        one(),
        json!([{"op": "remove", "path": "/a/c"}]),
        Err("operation 0 of the JSON patch: no key at \"/a/c\""),
    );
    check(
        one(),
        json!([{"op": "add", "path": "/x/c", "value": 1}]),
        Err("operation 0 of the JSON patch: nothing at the parent of \"/x/c\""),
    );
    check(
        one(),
        json!([{"op": "add", "path": "/a/b/c", "value": 1}]),
        Err("operation 0 of the JSON patch: nothing at the parent of \"/a/b/c\""),
    );
}

#[test]
fn indices() {
    let list = || json!(["a", "b"]);
    check(list(), json!([{"op": "add", "path": "/-", "value": "c"}]), Ok(json!(["a", "b", "c"])));
    check(list(), json!([{"op": "add", "path": "/2", "value": "c"}]), Ok(json!(["a", "b", "c"])));
    check(list(), json!([{"op": "add", "path": "/-1", "value": "c"}]), Ok(json!(["a", "b", "c"])));
    check(list(), json!([{"op": "add", "path": "/-3", "value": "c"}]), Ok(json!(["c", "a", "b"])));
    check(list(), json!([{"op": "replace", "path": "/-1", "value": "c"}]), Ok(json!(["a", "c"])));
    check(list(), json!([{"op": "remove", "path": "/-2"}]), Ok(json!(["b"])));
    for path in ["/2", "/-3", "/x", "/-"] {
        let expect = format!("operation 0 of the JSON patch: {path:?} is no index of an array of 2");
        check(list(), json!([{"op": "replace", "path": path, "value": 1}]), Err(&expect));
        check(list(), json!([{"op": "remove", "path": path}]), Err(&expect));
    }
}

#[test]
fn whole_document_and_tests() {
    check(json!({"a": 1}), json!([{"op": "replace", "path": "", "value": {"b": 1}}]), Ok(json!({"b": 1})));
    check(json!({"a": 1}), json!([{"op": "test", "path": "", "value": {"a": 1}}]), Ok(json!({"a": 1})));
    check(json!({"a": 1}), json!([{"op": "test", "path": "/b", "value": null}]), Ok(json!({"a": 1})));
    check(
        json!({"a": 1}),
        json!([{"op": "replace", "path": "", "value": 5}]),
        Err("operation 0 of the JSON patch would replace the document by a number"),
    );
    check(
        json!({"a": 1}),
        json!([{"op": "test", "path": "/a", "value": 1}, {"op": "test", "path": "/a", "value": 2}]),
        Err("operation 1 of the JSON patch: the test of \"/a\" failed"),
    );
    check(
        json!({"a": 1}),
        json!([{"op": "remove", "path": ""}]),
        Err("operation 0 of the JSON patch: nothing at the parent of \"\""),
    );
}

#[test]
fn what_is_no_patch() {
    check(json!({}), json!({"op": "add"}), Err("a JSON patch is a list of operations, not an object"));
    check(json!({}), json!([1]), Err("operation 0 of the JSON patch is a number, not an object"));
    check(
        json!({}),
        json!([{"path": "/a"}]),
        Err("operation 0 of the JSON patch has the unknown op \"unknown\""),
    );
    check(
        json!({}),
        json!([{"op": "add"}]),
        Err("operation 0 of the JSON patch has no \"path\", or it is no text"),
    );
}

#[test]
fn copies_are_bounded() {
    let mut document = json!({"a": "x".repeat(100)});
    let patch =
        json!([{"op": "copy", "from": "/a", "path": "/b"}, {"op": "copy", "from": "/a", "path": "/c"}]);
    assert_eq!(
        apply_within(&mut document, &patch, Limits { copied_bytes: 150 }),
        Err(JsonPatchError::CopyTooLarge { operation: 1, limit: 150 })
    );
}
