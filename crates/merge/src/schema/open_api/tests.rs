use serde_json::{Value, json};

use super::{Resource, v2, v3};

fn config_maps() -> Resource {
    Resource {
        version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        plural: "configmaps".to_owned(),
        namespaced: true,
        verbs: ["create", "get", "list", "patch"].map(str::to_owned).to_vec(),
        ..Resource::default()
    }
}

fn widgets() -> Resource {
    Resource {
        group: "example.com".to_owned(),
        version: "v1".to_owned(),
        kind: "Widget".to_owned(),
        plural: "widgets".to_owned(),
        verbs: vec!["list".to_owned()],
        custom: Some(
            json!({"type": "object", "properties": {"spec": {"type": "string", "nullable": true, "default": "x"}}}),
        ),
        ..Resource::default()
    }
}

/// Every reference of a document leads somewhere in it.
fn references_are_found(document: &Value, at: &Value) {
    match at {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                let pointer = reference.trim_start_matches('#');
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            map.values().for_each(|value| references_are_found(document, value));
        }
        Value::Array(list) => list.iter().for_each(|value| references_are_found(document, value)),
        _ => {}
    }
}

#[test]
fn documents() {
    let resources = [config_maps(), widgets()];
    for document in [v2(&resources, "v1"), v3(&resources, "v1")] {
        references_are_found(&document, &document);
        let paths: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
        assert_eq!(
            paths,
            [
                "/api/v1/configmaps",
                "/api/v1/namespaces/{namespace}/configmaps",
                "/api/v1/namespaces/{namespace}/configmaps/{name}",
                "/apis/example.com/v1/widgets",
            ]
        );
    }
    let schemas = v3(&resources, "v1")["components"]["schemas"].clone();
    assert_eq!(
        schemas["io.k8s.api.core.v1.ConfigMap"],
        json!({
            "type": "object",
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": {
                    "allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}],
                    "default": {},
                },
                "immutable": {"type": "boolean"},
                "data": {"type": "object", "additionalProperties": {"type": "string", "default": ""}},
                "binaryData": {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}},
            },
            "x-kubernetes-group-version-kind": [{"group": "", "kind": "ConfigMap", "version": "v1"}],
        })
    );
    assert_eq!(
        schemas["com.example.v1.Widget"]["properties"]["spec"],
        json!({"type": "string", "nullable": true, "default": "x"})
    );
    assert_eq!(v2(&resources, "v1")["definitions"]["com.example.v1.Widget"]["properties"]["spec"], json!({}));
}
