//! What holds for every patch, selector and replacement: it is applied or refused, and nothing breaks.

use std::sync::Arc;

use gangplank_kustomize::{MemoryFiles, Options, Renderer};
use gangplank_yaml::{Dialect, parse, to_json};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("name"),
        Just("namespace"),
        Just("labels"),
        Just("annotations"),
        Just("containers"),
        Just("image"),
        Just("ports"),
        Just("protocol"),
        Just("containerPort"),
        Just("port"),
        Just("env"),
        Just("value"),
        Just("spec"),
        Just("template"),
        Just("metadata"),
        Just("selector"),
        Just("matchLabels"),
        Just("data"),
        Just("$patch"),
        Just("$retainKeys"),
        Just("$setElementOrder/containers"),
        Just("$deleteFromPrimitiveList/finalizers"),
        Just("finalizers"),
        Just("volumes"),
        Just("emptyDir"),
        Just("kind"),
        Just("a/b~c"),
        Just("a.b"),
    ]
    .prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..9000).prop_map(|number| json!(number)),
        Just(json!("delete")),
        Just(json!("replace")),
        Just(json!("merge")),
        Just(json!("a")),
        Just(json!("b:1.0")),
        Just(json!("TCP")),
        Just(json!("")),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            3 => prop::collection::vec((key(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A Deployment, and what comes of laying values over it.
fn resource(spec: &Value, labels: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "a", "labels": labels },
        "spec": spec,
    })
}

fn pointer() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(
            prop_oneof![key(), Just("0".to_owned()), Just("-".to_owned()), Just("7".to_owned())],
            0..4
        )
        .prop_map(|parts| parts.iter().map(|part| format!("/{part}")).collect()),
        "[a-z/~-]{0,9}",
    ]
}

fn operation() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("add"),
        Just("remove"),
        Just("replace"),
        Just("move"),
        Just("copy"),
        Just("test"),
        Just("none"),
    ];
    (name, pointer(), pointer(), value())
        .prop_map(|(op, path, from, value)| json!({ "op": op, "path": path, "from": from, "value": value }))
}

/// Renders and reads the output back.
fn renders_or_refuses(kustomization: &Value, resource: &Value, patch: &Value) {
    let mut files = MemoryFiles::new();
    files.insert("/top/kustomization.yaml", kustomization.to_string());
    files.insert("/top/resource.yaml", gangplank_yaml::emit(resource));
    files.insert("/top/patch.yaml", gangplank_yaml::emit(patch));
    match Renderer::new(Options::new(Arc::new(files))).render("/top") {
        Ok(rendered) => {
            let text = rendered.to_yaml();
            let read = parse(&text).unwrap_or_else(|error| panic!("{}", error.render("output", &text)));
            assert_eq!(read.len().max(1), rendered.resources.len().max(1), "{text}");
            for resource in &rendered.resources {
                let read = to_json(&resource.to_yaml(), Dialect::GoV3).expect("a resource is YAML");
                assert_eq!(read, resource.to_json(), "{text}");
            }
        }
        Err(error) => assert!(!error.render().is_empty()),
    }
}

proptest! {
    #[test]
    fn merge_patches(spec in value(), labels in value(), patch in value(), patch_labels in value()) {
        let kustomization = json!({ "resources": ["resource.yaml"], "patches": [{ "path": "patch.yaml" }] });
        renders_or_refuses(&kustomization, &resource(&spec, &labels), &resource(&patch, &patch_labels));
    }

    #[test]
    fn json_patches(spec in value(), operations in prop::collection::vec(operation(), 0..4)) {
        let target = json!({ "kind": "Deployment" });
        let kustomization =
            json!({ "resources": ["resource.yaml"], "patches": [{ "path": "patch.yaml", "target": target }] });
        renders_or_refuses(&kustomization, &resource(&spec, &json!({})), &Value::Array(operations));
    }

    #[test]
    fn everything_at_once(spec in value(), labels in value(), path in "[a-z.*\\[\\]=0-9-]{0,20}", text in "[ -~]{0,9}") {
        let kustomization = json!({
            "resources": ["resource.yaml"],
            "namePrefix": "p-",
            "namespace": "n",
            "labels": [{ "pairs": { "app": text }, "includeSelectors": true }],
            "commonAnnotations": { "note": text },
            "images": [{ "name": "b", "newTag": "2" }],
            "replicas": [{ "name": "a", "count": 3 }],
            "replacements": [{
                "source": { "kind": "Deployment", "fieldPath": "metadata.name" },
                "targets": [{
                    "select": { "kind": "Deployment" },
                    "fieldPaths": [path],
                    "options": { "create": text.len() % 2 == 0 },
                }],
            }],
        });
        renders_or_refuses(&kustomization, &resource(&spec, &labels), &Value::Null);
    }
}
