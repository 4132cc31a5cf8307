use serde_json::{Value, json};

use super::{Resource, v2, v2_protobuf, v3};

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
fn custom_resources_take_no_strategic_merge() {
    let mut widgets = widgets();
    widgets.verbs.push("patch".to_owned());
    let document = v3(&[config_maps(), widgets], "v1");
    let takes = |path: &str| {
        let content = &document["paths"][path]["patch"]["requestBody"]["content"];
        assert!(content["application/merge-patch+json"].is_object(), "{path}");
        content["application/strategic-merge-patch+json"].is_object()
    };
    assert!(takes("/api/v1/namespaces/{namespace}/configmaps/{name}"));
    assert!(!takes("/apis/example.com/v1/widgets/{name}"));
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

/// The members of a message: number and content, for those with a length; none where it is no message.
fn read(bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    let varint = |rest: &mut &[u8]| {
        let mut value = 0_u64;
        for place in 0.. {
            let (byte, after) = rest.split_first()?;
            *rest = after;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    };
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        match key & 7 {
            0 => drop(varint(&mut rest)?),
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                out.push((key >> 3, rest.get(..length)?));
                rest = &rest[length..];
            }
            _ => return None,
        }
    }
    Some(out)
}

#[test]
fn binary_documents() {
    let document = v2(&[config_maps(), widgets()], "v1");
    let bytes = v2_protobuf(&document);
    let at = |message: &[u8], number: u64| -> Vec<Vec<u8>> {
        let members = read(message).expect("a message");
        members
            .into_iter()
            .filter(|(found, _)| *found == number)
            .map(|(_, content)| content.to_vec())
            .collect()
    };
    assert_eq!(at(&bytes, 1), [b"2.0".to_vec()]);
    let definitions = at(&at(&bytes, 9)[0], 1);
    let names: Vec<Vec<u8>> = definitions.iter().map(|pair| at(pair, 1)[0].clone()).collect();
    let expect: Vec<Vec<u8>> = document["definitions"]
        .as_object()
        .expect("definitions")
        .keys()
        .map(|name| name.clone().into_bytes())
        .collect();
    assert_eq!(names, expect);
    let config_map =
        definitions.iter().find(|pair| at(pair, 1)[0] == b"io.k8s.api.core.v1.ConfigMap").expect("there");
    let schema = &at(config_map, 2)[0];
    assert_eq!(at(&at(schema, 22)[0], 1), [b"object".to_vec()]);
    let extension = &at(schema, 31)[0];
    assert_eq!(at(extension, 1), [b"x-kubernetes-group-version-kind".to_vec()]);
    assert_eq!(
        at(&at(extension, 2)[0], 2),
        [b"[{\"group\":\"\",\"kind\":\"ConfigMap\",\"version\":\"v1\"}]\n".to_vec()]
    );
}
