use serde_json::{Value, json};

use crate::schema::builtin;

/// Patches the spec of a pod.
fn check(spec: Value, patch: Value, expect: Result<Value, &str>) {
    let schema = builtin().kind("", "v1", "Pod").expect("built in");
    let got = super::apply(schema.root(), json!({"spec": spec}), json!({"spec": patch}));
    let got = got.map(|mut object| object["spec"].take()).map_err(|error| error.to_string());
    assert_eq!(got, expect.map_err(str::to_owned), "{spec} patched by {patch}");
}

#[test]
fn lists_of_maps() {
    let two = || json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]});
    check(
        two(),
        json!({"containers": [{"name": "b", "image": "2"}]}),
        Ok(json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]})),
    );
    check(
        two(),
        json!({"containers": [{"name": "c", "tty": null}]}),
        Ok(
            json!({"containers": [{"name": "c", "tty": null}, {"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}),
        ),
    );
    check(
        two(),
        json!({"containers": [{"name": "a", "$patch": "delete"}]}),
        Ok(json!({"containers": [{"name": "b", "image": "1"}]})),
    );
    check(
        two(),
        json!({"containers": [{"$patch": "replace"}, {"name": "c"}]}),
        Ok(json!({"containers": [{"name": "c"}]})),
    );
    check(
        two(),
        json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}),
        Ok(json!({"containers": [{"name": "b", "image": "1"}, {"name": "a", "image": "1"}]})),
    );
    check(
        two(),
        json!({"containers": [{"image": "2"}]}),
        Err("map: map[image:2] does not contain declared merge key: name"),
    );
    check(
        two(),
        json!({"containers": [{"name": "a", "$patch": "drop"}]}),
        Err("unknown patch type: drop in map: map[$patch:drop name:a]"),
    );
    check(
        two(),
        json!({"containers": ["a"]}),
        Err("list element types are not identical: [[map[image:1 name:a] map[image:1 name:b]] [a]]"),
    );
    check(
        two(),
        json!({"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "b"}]}),
        Err(
            "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
        ),
    );
}

#[test]
fn maps_and_scalars() {
    check(
        json!({"nodeSelector": {"a": "1"}, "hostname": "x"}),
        json!({"nodeSelector": {"b": "2", "a": null}, "hostname": null}),
        Ok(json!({"nodeSelector": {"b": "2"}})),
    );
    check(
        json!({"nodeSelector": {"a": "1"}}),
        json!({"nodeSelector": {"$patch": "replace"}}),
        Ok(json!({"nodeSelector": {}})),
    );
    check(
        json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
        json!({"volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {}}]}),
        Ok(json!({"volumes": [{"name": "v", "secret": {}}]})),
    );
    check(
        json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
        json!({"volumes": [{"name": "v", "$retainKeys": ["name"], "secret": {}}]}),
        Err("invalid patch format of retainKeys"),
    );
    check(
        json!({"nodeSelector": {"a": "1"}}),
        json!({"nodeSelector": {"x": {"$patch": "delete"}}}),
        Ok(json!({"nodeSelector": {"a": "1"}})),
    );
    check(
        json!({"hostname": "x"}),
        json!({"$setElementOrder/none": []}),
        Err("unable to find api field in struct PodSpec for the json field \"none\""),
    );
}

#[test]
fn sets() {
    let schema = builtin().kind("", "v1", "ConfigMap").expect("built in");
    let patched = |old: Value, patch: Value| {
        super::apply(schema.root(), json!({"metadata": {"finalizers": old}}), json!({"metadata": patch}))
            .map(|object| object["metadata"]["finalizers"].clone())
            .map_err(|error| error.to_string())
    };
    assert_eq!(patched(json!(["a", "b"]), json!({"finalizers": ["b", "c"]})), Ok(json!(["a", "b", "c"])));
    assert_eq!(
        patched(json!(["a", "b"]), json!({"$deleteFromPrimitiveList/finalizers": ["a", "x"]})),
        Ok(json!(["b"]))
    );
    assert_eq!(
        patched(
            json!(["b", "c"]),
            json!({
                "$deleteFromPrimitiveList/finalizers": ["b"],
                "finalizers": ["d"],
                "$setElementOrder/finalizers": ["d", "c"],
            })
        ),
        Ok(json!(["d", "c"]))
    );
}
