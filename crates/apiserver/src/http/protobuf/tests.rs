use serde_json::json;

use super::{Wire, read};

/// A field with bytes.
fn bytes(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, u8::try_from(inner.len()).expect("short")];
    out.extend_from_slice(inner);
    out
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let types = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), bytes(1, &types), bytes(2, raw)].concat()
}

#[test]
fn a_config_map_with_texts_and_bytes() {
    let entry = |key: &str, value: &[u8]| [bytes(1, key.as_bytes()), bytes(2, value)].concat();
    let raw = [
        bytes(1, &bytes(1, b"settings")),
        bytes(2, &entry("a", b"1")),
        bytes(2, &entry("b", b"")),
        bytes(3, &entry("c", &[0, 1])),
    ]
    .concat();
    assert_eq!(
        read(&body("v1", "ConfigMap", &raw)).expect("a ConfigMap"),
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "settings"},
            "data": {"a": "1", "b": ""},
            "binaryData": {"c": "AAE="},
        })
    );
}

#[test]
fn members_that_belong_to_the_object_around_them() {
    let volume = [bytes(1, b"v"), bytes(2, &bytes(2, &bytes(1, b"Memory")))].concat();
    let raw = bytes(2, &bytes(1, &volume));
    let pod = read(&body("v1", "Pod", &raw)).expect("a Pod");
    assert_eq!(pod["spec"]["volumes"], json!([{"name": "v", "emptyDir": {"medium": "Memory"}}]));
}

#[test]
fn what_is_cut_off_is_refused() {
    let whole = body("v1", "ConfigMap", &bytes(1, &bytes(1, b"settings")));
    for length in 5..whole.len() {
        // Cuts between fields leave fewer fields; all others are noticed.
        let _ = read(&whole[..length]);
    }
    assert!(read(&whole[..whole.len() - 1]).is_err());
    assert!(read(b"{}").is_err());
    assert!(Wire::Number(1).bytes().is_err());
}
