//! Properties, keys, hashes and paths, table by table. The expectations on properties were read from gjson.

use gangplank_template::pipeline::{
    Conversion, Data, Decoding, JsonObjectError, Target, convert_keys, decode, hash_of_data,
    hash_of_metadata, hash_of_text, json_object, parse_scalar, property, refuse_null_bytes, validate_keys,
};
use serde_json::{Map, json};

const PEOPLE: &str = r#"{"name":{"first":"Tom"},"age":37,"children":["Sara","Alex"],"fav.movie":"Deer","friends":[
{"first":"Dale","last":"Murphy","age":44,"nets":["ig","fb"]},{"first":"Jane","last":"Craig","age":47,"nets":["tw"]}]}"#;

#[test]
fn properties() {
    let check = |path: &str, expect: Option<&str>| {
        let got =
            property(PEOPLE.as_bytes(), path).map(|found| String::from_utf8_lossy(&found.text).into_owned());
        assert_eq!(got.as_deref(), expect, "path {path:?}");
    };
    for (path, expect) in [
        ("name.first", "Tom"),
        ("age", "37"),
        ("name", r#"{"first":"Tom"}"#),
        ("children.1", "Alex"),
        ("children.#", "2"),
        ("child*.0", "Sara"),
        ("fav.movie", "Deer"),
        (r"fav\.movie", "Deer"),
        ("friends.#.age", "[44,47]"),
        (r#"friends.#(last=="Craig").first"#, "Jane"),
        ("friends.#(age>40)#.first", r#"["Dale","Jane"]"#),
        (r#"friends.#(nets.#(=="fb")).first"#, "Dale"),
        ("friends|0|first", "Dale"),
        ("@keys", r#"["name","age","children","fav.movie","friends"]"#),
        ("children.@reverse", r#"["Alex","Sara"]"#),
        (r#"{name.first,"years":age}"#, r#"{"first":"Tom","years":37}"#),
    ] {
        check(path, Some(expect));
    }
    for path in ["nope", "name.last", "children.5", "age.x", "", "friends.#(age>99)", "@nope"] {
        check(path, None);
    }
}

#[test]
fn properties_as_text() {
    let check = |json: &str, path: &str, expect: Option<&str>| {
        let got =
            property(json.as_bytes(), path).map(|found| String::from_utf8_lossy(&found.text).into_owned());
        assert_eq!(got.as_deref(), expect, "{json} at {path:?}");
    };
    check(r#"{"a":1.50,"b":1e3,"c":-0}"#, "a", Some("1.5"));
    check(r#"{"a":1.50,"b":1e3,"c":-0}"#, "b", Some("1000"));
    check(r#"{"a":12345678901234567890}"#, "a", Some("12345678901234567890"));
    check(r#"{"a":null}"#, "a", Some(""));
    check(r#"{"a":1,"a":2}"#, "a", Some("1"));
    check(r#"{"a":"cut","b":{"c":"d"#, "a", Some("cut"));
    check(r#"{"a":"x\n\u00e9\ud83d\ude00"}"#, "a", Some("x\né😀"));
    check("plain", "a", None);
}

#[test]
fn json_objects_come_apart() {
    let data = json_object(br#"{"s":"t","n":1.50,"o":{ "a":1 },"z":null,"big":1e999}"#).unwrap();
    let expect = [("big", "1e999"), ("n", "1.50"), ("o", r#"{ "a":1 }"#), ("s", "t"), ("z", "")];
    assert_eq!(data, expect.map(|(key, value)| (key.to_owned(), value.into())).into());
    let refused = |text: &str, reason: &str| {
        assert_eq!(
            json_object(text.as_bytes()),
            Err(JsonObjectError { reason: reason.to_owned() }),
            "{text}"
        );
    };
    refused("[1]", "json: cannot unmarshal array into Go value of type map[string]json.RawMessage");
    refused("text", "invalid character 'e' in literal true (expecting 'r')");
    refused(r#"{"a":}"#, "invalid character '}' looking for beginning of value");
    assert_eq!(json_object(b"null"), Ok(Data::new()));
}

#[test]
fn keys_and_values_are_checked() {
    let data = |key: &str| Data::from([(key.to_owned(), b"v".to_vec())]);
    assert_eq!(convert_keys(Conversion::Unicode, data("a/é😀")), Ok(data("a_U002f_é_U1f600_")));
    let mut with_space = data("a b");
    let error = validate_keys(&mut with_space).unwrap_err().to_string();
    assert_eq!(error, "key has invalid character  , only alphanumeric, '-', '.' and '_' are allowed: a b");
    let mut nameless = data("");
    assert!(validate_keys(&mut nameless).is_ok() && nameless.is_empty());
    assert_eq!(decode(Decoding::Auto, b"not base64!".to_vec()), Ok(b"not base64!".to_vec()));
    assert_eq!(decode(Decoding::Base64, b"YW\nxw".to_vec()), Ok(b"alp".to_vec()));
    assert!(
        refuse_null_bytes("k", b"a\0")
            .unwrap_err()
            .to_string()
            .starts_with("fetched secret value for key \"k\"")
    );
}

#[test]
fn hashes() {
    // Read from the annotations of Secrets that a real operator made.
    let data = Data::from([("a".to_owned(), b"alpha".to_vec())]);
    assert_eq!(hash_of_data(&data), "e65c8547351b57905f48afce1acaad7fd90d5a2ed3b59e8b53262e71");
    assert_eq!(hash_of_data(&Data::new()), hash_of_text("map[]"));
    let labels = [("l".to_owned(), "1".to_owned())].into();
    assert_eq!(hash_of_metadata(&[].into(), &labels), hash_of_text("{annotations:map[] labels:map[l:1]}"));
}

#[test]
fn paths_lead_into_objects() {
    let put = |start: serde_json::Value, path: &str, value: &str, merges: bool| {
        let mut object: Map<String, serde_json::Value> = start.as_object().cloned().unwrap_or_default();
        let Ok(Target::Path(path)) = Target::parse(path) else {
            return Err(Target::parse(path).unwrap_err().to_string());
        };
        path.set(&mut object, parse_scalar(value), merges)
            .map(|()| object.into())
            .map_err(|error| error.to_string())
    };
    assert_eq!(put(json!({}), "a.b[2].C", "x", false), Ok(json!({"a": {"b": [null, null, {"C": "x"}]}})));
    assert_eq!(
        put(json!({"a": {"b": {"x": 1}}}), "a.b", "z: 2", true),
        Ok(json!({"a": {"b": {"x": 1, "z": 2}}}))
    );
    assert_eq!(put(json!({"a": {"x": 1}}), "a", "z: 2", true), Ok(json!({"a": {"z": 2}})));
    for path in ["a.b[x]", "[0].a", "a..b", "a.", "a[1", "a[10001]"] {
        assert!(put(json!({}), path, "x", false).is_err(), "{path}");
    }
    assert!(put(json!({"a": "text"}), "a.b", "x", false).is_err());
    assert_eq!(Target::parse("LABELS"), Ok(Target::Labels));
}
