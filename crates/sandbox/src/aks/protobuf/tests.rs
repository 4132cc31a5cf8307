use serde_json::{Value, json};

use super::{ProtobufError, to_json};

/// A field with bytes, as the wire has it.
fn bytes(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let mut field = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend_from_slice(content);
    field
}

/// A field with a number below 128.
fn number(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

fn body(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
    let meta = [bytes(1, api_version), bytes(2, kind)].concat();
    [b"k8s\0".to_vec(), bytes(1, meta), bytes(2, object)].concat()
}

#[track_caller]
fn check(api_version: &str, kind: &str, object: &[Vec<u8>], expected: Value) {
    let mut whole = json!({"apiVersion": api_version, "kind": kind});
    whole.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
    assert_eq!(to_json(&body(api_version, kind, &object.concat())), Ok(whole));
}

#[test]
fn a_token_request_is_read() {
    let spec = [bytes(1, "api://one"), bytes(1, "two"), vec![4 << 3, 0x90, 0x1c]].concat();
    // What a client in Go writes although it is empty: metadata with no time in it, and a status.
    let metadata = [bytes(1, ""), bytes(8, "")].concat();
    check(
        "authentication.k8s.io/v1",
        "TokenRequest",
        &[bytes(1, metadata), bytes(2, spec), bytes(3, [bytes(1, ""), bytes(2, "")].concat())],
        json!({
            "spec": {"audiences": ["api://one", "two"], "expirationSeconds": 3600},
            "status": {"token": "", "expirationTimestamp": null},
        }),
    );
}

#[test]
fn maps_bytes_and_booleans_are_read() {
    let entry = |key: &str, value: &[u8]| [bytes(1, key), bytes(2, value)].concat();
    let metadata = [bytes(1, "name"), bytes(11, entry("a", b"b")), bytes(11, bytes(1, "empty"))].concat();
    check(
        "v1",
        "Secret",
        &[bytes(1, metadata), bytes(2, entry("key", b"\xff\x00")), bytes(3, "Opaque"), number(5, 0)],
        json!({
            "metadata": {"name": "name", "labels": {"a": "b", "empty": ""}},
            "data": {"key": "/wA="},
            "type": "Opaque",
            "immutable": false,
        }),
    );
}

#[test]
fn a_zero_that_was_set_stays() {
    let spec = [number(1, 0), number(5, 0)].concat();
    // `replicas` is a pointer in Go, `minReadySeconds` a number that may be left out.
    check("apps/v1", "Deployment", &[bytes(2, spec)], json!({"spec": {"replicas": 0}}));
}

#[test]
fn inline_messages_quantities_and_times_are_read() {
    let limits = [bytes(1, "cpu"), bytes(2, bytes(1, "100m"))].concat();
    let probe = bytes(1, bytes(2, bytes(2, [number(1, 1), bytes(3, "http")].concat())));
    let container = [bytes(1, "app"), bytes(8, bytes(1, limits)), bytes(10, probe)].concat();
    let volume = [bytes(1, "v"), bytes(2, bytes(2, bytes(1, "")))].concat();
    let metadata = bytes(8, [8, 0x80, 0xe2, 0xcf, 0xaa, 0x06]);
    check(
        "v1",
        "Pod",
        &[bytes(1, metadata), bytes(2, [bytes(1, volume), bytes(2, container)].concat())],
        json!({
            "metadata": {"creationTimestamp": "2023-11-14T22:13:20Z"},
            "spec": {
                "volumes": [{"name": "v", "emptyDir": {}}],
                "containers": [{
                    "name": "app",
                    "resources": {"limits": {"cpu": "100m"}},
                    "livenessProbe": {"httpGet": {"port": "http"}},
                }],
            },
        }),
    );
}

#[test]
fn options_have_the_version_of_what_they_are_for() {
    check("apps/v1", "DeleteOptions", &[bytes(4, "Foreground")], json!({"propagationPolicy": "Foreground"}));
}

#[track_caller]
fn check_error(body: &[u8], part: &str) {
    let error = to_json(body).unwrap_err().to_string();
    assert!(error.contains(part), "{error}");
}

#[test]
fn rubbish_is_refused_in_bounded_time() {
    check_error(b"", "does not begin");
    check_error(b"{}", "does not begin");
    check_error(b"k8s\0\xff", "ends within a number");
    check_error(b"k8s\0\x12\xff\xff\xff\xff\x0f", "ends within a field");
    check_error(b"k8s\0\x0b", "unknown wire type");
    check_error(&[b"k8s\0".to_vec(), vec![0xff; 20]].concat(), "more than 64 bits");
    check_error(&body("v1", "Secret", &bytes(2, bytes(1, b"\xff"))), "not UTF-8");
    check_error(&body("v1", "Secret", &number(1, 1)), "not of its kind");
    assert_eq!(
        to_json(&body("example.org/v1", "Thing", b"")),
        Err(ProtobufError::UnknownKind {
            api_version: "example.org/v1".to_owned(),
            kind: "Thing".to_owned()
        })
    );
    // Cuts and flips of a good body: any answer will do, a panic will not.
    let good = body("v1", "Pod", &bytes(2, bytes(2, [bytes(1, "app"), number(5, 1)].concat())));
    for at in 0..good.len() {
        let _ = to_json(&good[..at]);
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let _ = to_json(&bad);
        }
    }
}
