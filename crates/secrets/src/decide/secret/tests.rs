use super::*;
use serde_json::{Value, json};

const ES: Asking<'_> = Asking { name: "es", namespace: "ns", uid: "u1" };

fn content(data: &[(&str, &str)]) -> Content {
    Content {
        data: data.iter().map(|(key, value)| ((*key).to_owned(), SecretValue::from(*value))).collect(),
        ..Content::default()
    }
}

/// Plans with `target` over `existing`; gives what is written (without what is the same in all cases) as JSON.
fn planned(
    target: Value,
    existing: Option<Value>,
    content: Content,
) -> Result<(&'static str, Value), String> {
    let target: Target = serde_json::from_value(target).unwrap();
    let existing: Option<Secret> = existing.map(|secret| serde_json::from_value(secret).unwrap());
    let plan =
        plan(&ES, &target, "made", existing.as_ref(), || Ok(content)).map_err(|error| error.to_string())?;
    let (verb, secret) = match &plan.write {
        Write::Nothing => ("nothing", None),
        Write::Create(secret) => ("create", Some(secret)),
        Write::Update(secret) => ("update", Some(secret)),
    };
    let mut value = secret.map_or(Value::Null, |secret| serde_json::to_value(secret).unwrap());
    if let Some(secret) = value.as_object_mut() {
        secret.remove("apiVersion");
        secret.remove("kind");
    }
    Ok((if plan.is_immutable { "immutable" } else { verb }, value))
}

fn owner() -> Value {
    json!({"apiVersion": API_VERSION, "kind": EXTERNAL_SECRET, "name": "es", "uid": "u1",
        "controller": true, "blockOwnerDeletion": true})
}

fn ours(data: &[(&str, &str)]) -> Value {
    let (_, secret) = planned(json!({}), None, content(data)).unwrap();
    secret
}

#[test]
fn a_new_secret_carries_label_hash_and_owner() {
    let expect = json!({
        "metadata": {
            "name": "made", "namespace": "ns", "ownerReferences": [owner()],
            "labels": {MANAGED: "true", CREATED_BY: hash_of_text("ns/es")},
            "annotations": {DATA_HASH: hash_of_text("map[x:[97]]")},
        },
        "data": {"x": "YQ=="},
    });
    assert_eq!(planned(json!({}), None, content(&[("x", "a")])), Ok(("create", expect)));
}

#[test]
fn what_is_as_it_should_be_is_not_written() {
    assert_eq!(
        planned(json!({}), Some(ours(&[("x", "a")])), content(&[("x", "a")])),
        Ok(("nothing", Value::Null))
    );
}

#[test]
fn owner_replaces_all_data_and_merge_keeps_what_is_not_its_own() {
    let mut existing = ours(&[("x", "a"), ("y", "b")]);
    let (verb, secret) = planned(json!({}), Some(existing.clone()), content(&[("x", "a")])).unwrap();
    assert_eq!((verb, &secret["data"]), ("update", &json!({"x": "YQ=="})));

    existing["metadata"]["managedFields"] = json!([
        {"manager": "externalsecrets.external-secrets.io/es", "fieldsV1": {"f:data": {"f:x": {}}}}
    ]);
    let merge = json!({"creationPolicy": "Merge"});
    let (_, secret) = planned(merge, Some(existing), content(&[("z", "c")])).unwrap();
    assert_eq!(secret["data"], json!({"y": "Yg==", "z": "Yw=="}));
    assert_eq!(secret["metadata"]["labels"], json!({MANAGED: "true"}));
    assert_eq!(secret["metadata"].get("ownerReferences"), Some(&json!([])));
}

#[test]
fn another_owner_is_respected() {
    let with_owner = |kind: &str, name: &str| {
        json!({"metadata": {"ownerReferences": [
            {"apiVersion": if kind == EXTERNAL_SECRET { API_VERSION } else { "v1" }, "kind": kind, "name": name,
             "uid": "u2", "controller": true}]}})
    };
    let check = |target: Value, existing: Value, expect: Result<&str, &str>| {
        let planned = planned(target, Some(existing), content(&[("x", "a")])).map(|(verb, _)| verb);
        assert_eq!(planned, expect.map_err(str::to_owned));
    };
    let merge = || json!({"creationPolicy": "Merge"});
    let another = Err("secret is owned by another ExternalSecret: other");
    check(json!({}), with_owner(EXTERNAL_SECRET, "other"), another);
    check(merge(), with_owner(EXTERNAL_SECRET, "other"), another);
    check(
        json!({}),
        with_owner("ConfigMap", "boss"),
        Err(
            "could not set controller reference on secret: Object ns/made is already owned by another ConfigMap \
             controller boss",
        ),
    );
    check(merge(), with_owner("ConfigMap", "boss"), Ok("update"));
    check(json!({}), with_owner(EXTERNAL_SECRET, "es"), Ok("update"));
}

#[test]
fn immutable_targets_are_left_alone_and_immutable_secrets_get_metadata_only() {
    let mut existing = ours(&[("x", "a")]);
    existing["immutable"] = json!(true);
    let target = json!({"immutable": true});
    assert_eq!(planned(target, Some(existing.clone()), content(&[("x", "b")])), Ok(("nothing", Value::Null)));
    let (verb, secret) = planned(json!({}), Some(existing), content(&[("x", "b")])).unwrap();
    assert_eq!((verb, &secret["data"]), ("immutable", &json!({"x": "YQ=="})));
    assert_eq!(secret["metadata"]["annotations"][DATA_HASH], json!(hash_of_text("map[x:[98]]")));
}

#[test]
fn metadata_of_the_template_goes_when_it_is_not_asked_for_any_more_and_finalizers_stay() {
    let with = Content {
        labels: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
        finalizers: vec!["keep.example/x".to_owned()],
        type_: "kubernetes.io/tls".to_owned(),
        ..content(&[("x", "a")])
    };
    let (_, mut secret) = planned(json!({}), None, with).unwrap();
    assert_eq!(
        (&secret["type"], &secret["metadata"]["labels"]["team"]),
        (&json!("kubernetes.io/tls"), &json!("blue"))
    );
    secret["metadata"]["managedFields"] = json!([{"manager": "externalsecrets.external-secrets.io/es",
        "fieldsV1": {"f:metadata": {"f:labels": {"f:team": {}}}}}]);
    let (verb, secret) = planned(json!({}), Some(secret), content(&[("x", "a")])).unwrap();
    assert_eq!((verb, secret["metadata"]["labels"].get("team")), ("update", None));
    assert_eq!(secret["metadata"]["finalizers"], json!(["keep.example/x"]));
}
