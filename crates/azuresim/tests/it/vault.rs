use gangplank_azuresim::{CertificateSeed, Faults, KeySeed, SecretSeed, VaultContents};
use serde_json::{Value, json};

use crate::world::{START, VAULT, World, check};

const V: &str = "?api-version=7.4";
const NONE: Value = Value::Null;

#[tokio::test]
async fn a_secret_is_set_read_and_listed() {
    let world = World::new();
    let set = json!({"value": "one", "contentType": "", "tags": {"file-encoding": "utf-8"}, "attributes": {"exp": 10, "nbf": 5}});
    let first = world.admin("PUT", &format!("{VAULT}/secrets/aks-ca-cert{V}"), set).await;
    let id = first.body["id"].as_str().expect("an id").to_owned();
    let version = id.strip_prefix(&format!("{VAULT}/secrets/aks-ca-cert/")).expect("a version");
    assert!(version.len() == 32 && version.chars().all(|it| it.is_ascii_hexdigit()), "{version}");
    let expected = json!({
        "value": "one", "id": id, "contentType": "", "tags": {"file-encoding": "utf-8"},
        "attributes": {
            "enabled": true, "exp": 10, "nbf": 5, "created": START, "updated": START,
            "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90,
        },
    });
    assert_eq!(first.body, expected);
    assert_eq!(first.header("x-ms-keyvault-region"), Some("westeurope"));
    for path in ["/secrets/aks-ca-cert/", "/secrets/aks-ca-cert", "/secrets/AKS-CA-CERT/"] {
        assert_eq!(
            world.get(&format!("{VAULT}{path}{V}")).await.body,
            expected,
            "past its end it is still read: {path}"
        );
    }
    world.advance(5);
    let second =
        world.admin("PUT", &format!("{VAULT}/secrets/Aks-Ca-Cert{V}"), json!({"value": "one"})).await;
    let second_id = second.body["id"].as_str().expect("an id");
    assert!(
        second_id.starts_with(&format!("{VAULT}/secrets/aks-ca-cert/")),
        "the first name stays: {second_id}"
    );
    assert_ne!(second_id, id, "a new version even if equal");
    assert_eq!(world.get(&format!("{VAULT}/secrets/aks-ca-cert/{version}{V}")).await.body, expected);
    let list = world.get(&format!("{VAULT}/secrets{V}")).await;
    let attributes = json!({
        "enabled": true, "created": START + 5, "updated": START + 5,
        "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90,
    });
    let listed = json!({"id": format!("{VAULT}/secrets/aks-ca-cert"), "attributes": attributes});
    assert_eq!(list.body, json!({"value": [listed], "nextLink": null}));
    let versions = world.get(&format!("{VAULT}/secrets/aks-ca-cert/versions{V}")).await;
    let ids: Vec<&str> = versions.body["value"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|it| it["id"].as_str())
        .collect();
    assert_eq!(ids, [id.as_str(), second_id]);
    assert!(versions.at("/value/0/value").is_null(), "lists have no values");
}

#[tokio::test]
async fn limits_are_kept() {
    let world = World::new();
    let tags = |count: usize| -> Value {
        (0..count).map(|it| (format!("t{it}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()
    };
    let long = "n".repeat(128);
    check(
        &world,
        VAULT,
        &[
            ("PUT", "/secrets/a?api-version=7.4", json!({"value": "x".repeat(25_600)}), 200, ""),
            ("PUT", "/secrets/a?api-version=7.4", json!({"value": "x".repeat(25_601)}), 400, "BadParameter"),
            (
                "PUT",
                "/secrets/a?api-version=7.4",
                json!({"value": "x", "contentType": "c".repeat(255)}),
                200,
                "",
            ),
            (
                "PUT",
                "/secrets/a?api-version=7.4",
                json!({"value": "x", "contentType": "c".repeat(256)}),
                400,
                "BadParameter",
            ),
            ("PUT", "/secrets/a?api-version=7.4", json!({"value": "x", "tags": tags(15)}), 200, ""),
            (
                "PUT",
                "/secrets/a?api-version=7.4",
                json!({"value": "x", "tags": tags(16)}),
                400,
                "BadParameter",
            ),
            (
                "PUT",
                "/secrets/a?api-version=7.4",
                json!({"value": "x", "tags": {"t": "v".repeat(257)}}),
                400,
                "BadParameter",
            ),
            (
                "PUT",
                "/secrets/a?api-version=7.4",
                json!({"value": "x", "attributes": {"nbf": 2, "exp": 1}}),
                400,
                "BadParameter",
            ),
            ("PUT", "/secrets/a?api-version=7.4", json!({"contentType": "no value"}), 400, "BadParameter"),
            ("PUT", "/secrets/a?api-version=7.4", json!("no object"), 400, "BadParameter"),
            ("PUT", &format!("/secrets/{}{V}", &long[..127]), json!({"value": "x"}), 200, ""),
            ("PUT", &format!("/secrets/{long}{V}"), json!({"value": "x"}), 400, "BadParameter"),
            ("PUT", "/secrets/my_aks-ca-cert?api-version=7.4", json!({"value": "x"}), 400, "BadParameter"),
            ("GET", "/secrets/a_b?api-version=7.4", NONE, 400, "BadParameter"),
            ("GET", "/secrets/a", NONE, 400, "BadParameter"),
            ("GET", "/secrets/a?api-version=6.0", NONE, 400, "BadParameter"),
            ("GET", "/secrets/a?api-version=7.0", NONE, 200, ""),
            ("GET", "/secrets/a?api-version=2025-07-01", NONE, 200, ""),
            ("GET", "/secrets/a?api-version=2026-04-01", NONE, 200, ""),
            ("GET", "/secrets?api-version=7.4&maxresults=26", NONE, 400, "BadParameter"),
            ("GET", "/secrets?api-version=7.4&maxresults=0", NONE, 400, "BadParameter"),
            ("GET", "/secrets?api-version=7.4&maxresults=25", NONE, 200, ""),
            ("GET", "/secrets/missing?api-version=7.4", NONE, 404, "SecretNotFound"),
            (
                "GET",
                "/secrets/a/00000000000000000000000000000000?api-version=7.4",
                NONE,
                404,
                "SecretNotFound",
            ),
            ("DELETE", "/secrets/missing?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("PATCH", "/secrets/missing?api-version=7.4", json!({}), 404, "SecretNotFound"),
            ("POST", "/secrets/a?api-version=7.4", json!({}), 405, "MethodNotAllowed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new();
    let secrets = (0..60).map(|it| (format!("s-{it:02}"), vec![SecretSeed::new("v")])).collect();
    assert!(
        world
            .cloud
            .set_vault_contents("argocd-prd-akv", VaultContents { secrets, ..VaultContents::default() })
    );
    let mut url = format!("{VAULT}/secrets{V}");
    let mut pages = Vec::new();
    let mut names = Vec::new();
    loop {
        let page = world.get(&url).await;
        let value = page.body["value"].as_array().expect("a list").clone();
        pages.push(value.len());
        names.extend(value.iter().filter_map(|it| it["id"].as_str()?.rsplit('/').next().map(str::to_owned)));
        match page.body["nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, [25, 25, 10]);
    assert_eq!(names, (0..60).map(|it| format!("s-{it:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn attributes_change_and_values_do_not() {
    let world = World::new();
    check(
        &world,
        VAULT,
        &[("PUT", "/secrets/a?api-version=7.4", json!({"value": "one", "tags": {"k": "v"}}), 200, "")],
    )
    .await;
    world.advance(9);
    let update =
        json!({"attributes": {"enabled": false, "exp": 99}, "contentType": "text/plain", "value": "two"});
    let updated = world.admin("PATCH", &format!("{VAULT}/secrets/a/{V}"), update).await;
    assert_eq!(updated.status, 200);
    assert!(updated.body.get("value").is_none());
    assert_eq!(updated.at("/attributes/updated"), START + 9);
    assert_eq!(updated.at("/attributes/created"), START);
    assert_eq!(updated.at("/tags"), &json!({"k": "v"}), "what isn't named stays");
    let disabled = world.get(&format!("{VAULT}/secrets/a/{V}")).await;
    assert_eq!((disabled.status, disabled.code().as_str()), (403, "Forbidden/SecretDisabled"));
    assert_eq!(
        disabled.text,
        "{\"error\":{\"code\":\"Forbidden\",\"message\":\"Operation get is not allowed on a disabled secret.\",\
         \"innererror\":{\"code\":\"SecretDisabled\"}}}"
    );
    assert_eq!(
        world.get(&format!("{VAULT}/secrets{V}")).await.at("/value/0/attributes/enabled"),
        false,
        "listed"
    );
    check(
        &world,
        VAULT,
        &[("PATCH", "/secrets/a?api-version=7.4", json!({"attributes": {"enabled": true}}), 200, "")],
    )
    .await;
    assert_eq!(world.get(&format!("{VAULT}/secrets/a{V}")).await.body["value"], "one");
}

#[tokio::test]
async fn a_deleted_name_is_taken_until_it_is_recovered_or_purged() {
    let world = World::new();
    let value = || json!({"value": "x"});
    check(&world, VAULT, &[("PUT", "/secrets/a?api-version=7.4", value(), 200, "")]).await;
    let deleted = world.admin("DELETE", &format!("{VAULT}/secrets/a{V}"), NONE).await;
    assert_eq!(deleted.body["recoveryId"], format!("{VAULT}/deletedsecrets/a"));
    assert_eq!(deleted.body["deletedDate"], START);
    assert_eq!(deleted.body["scheduledPurgeDate"], START + 90 * 86_400);
    assert!(deleted.body.get("value").is_none());
    check(
        &world,
        VAULT,
        &[
            ("GET", "/secrets/a?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("PUT", "/secrets/A?api-version=7.4", value(), 409, "Conflict/ObjectIsDeletedButRecoverable"),
            ("DELETE", "/secrets/a?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("GET", "/deletedsecrets/a?api-version=7.4", NONE, 200, ""),
            ("GET", "/deletedsecrets/b?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("POST", "/deletedsecrets/b/recover?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("POST", "/deletedsecrets/a/recover?api-version=7.4", NONE, 200, ""),
            ("GET", "/secrets/a?api-version=7.4", NONE, 200, ""),
            ("PUT", "/secrets/a?api-version=7.4", value(), 200, ""),
            ("DELETE", "/secrets/a?api-version=7.4", NONE, 200, ""),
            ("DELETE", "/deletedsecrets/a?api-version=7.4", NONE, 204, ""),
            ("GET", "/deletedsecrets/a?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("DELETE", "/deletedsecrets/a?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("PUT", "/secrets/a?api-version=7.4", value(), 200, ""),
        ],
    )
    .await;
    let versions = world.get(&format!("{VAULT}/secrets/a/versions{V}")).await;
    assert_eq!(versions.body["value"].as_array().map(Vec::len), Some(1), "purged versions are gone");
    check(&world, VAULT, &[("DELETE", "/secrets/a?api-version=7.4", NONE, 200, "")]).await;
    world.advance(90 * 86_400);
    check(&world, VAULT, &[("PUT", "/secrets/a?api-version=7.4", value(), 200, "")]).await;
}

#[tokio::test]
async fn transitions_need_time_to_settle() {
    let world = World::new();
    let value = || json!({"value": "x"});
    check(&world, VAULT, &[("PUT", "/secrets/a?api-version=7.4", value(), 200, "")]).await;
    world
        .cloud
        .set_faults(Faults { vault_settling: std::time::Duration::from_secs(10), ..Faults::default() });
    check(
        &world,
        VAULT,
        &[
            ("DELETE", "/secrets/a?api-version=7.4", NONE, 200, ""),
            ("GET", "/deletedsecrets/a?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("POST", "/deletedsecrets/a/recover?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("PUT", "/secrets/a?api-version=7.4", value(), 409, "Conflict/ObjectIsBeingDeleted"),
        ],
    )
    .await;
    assert_eq!(world.get(&format!("{VAULT}/deletedsecrets{V}")).await.body["value"], json!([]));
    world.advance(10);
    check(
        &world,
        VAULT,
        &[
            ("GET", "/deletedsecrets/a?api-version=7.4", NONE, 200, ""),
            ("POST", "/deletedsecrets/a/recover?api-version=7.4", NONE, 200, ""),
            ("GET", "/secrets/a?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("PUT", "/secrets/a?api-version=7.4", value(), 409, "Conflict/ObjectIsBeingRecovered"),
        ],
    )
    .await;
    world.advance(10);
    check(
        &world,
        VAULT,
        &[
            ("GET", "/secrets/a?api-version=7.4", NONE, 200, ""),
            ("DELETE", "/secrets/a?api-version=7.4", NONE, 200, ""),
        ],
    )
    .await;
    world.advance(10);
    check(
        &world,
        VAULT,
        &[
            ("DELETE", "/deletedsecrets/a?api-version=7.4", NONE, 204, ""),
            ("GET", "/deletedsecrets/a?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("PUT", "/secrets/a?api-version=7.4", value(), 409, "Conflict/ObjectIsBeingDeleted"),
        ],
    )
    .await;
    world.advance(10);
    check(&world, VAULT, &[("PUT", "/secrets/a?api-version=7.4", value(), 200, "")]).await;
}

#[tokio::test]
async fn a_backup_brings_all_versions_back() {
    let world = World::new();
    let rows = [
        ("PUT", "/secrets/a?api-version=7.4", json!({"value": "one"}), 200, ""),
        ("PUT", "/secrets/a?api-version=7.4", json!({"value": "two"}), 200, ""),
    ];
    check(&world, VAULT, &rows).await;
    let backup = world.admin("POST", &format!("{VAULT}/secrets/a/backup{V}"), NONE).await.body;
    assert!(!backup.to_string().contains("two"));
    check(
        &world,
        VAULT,
        &[
            ("POST", "/secrets/restore?api-version=7.4", backup.clone(), 409, "Conflict"),
            ("DELETE", "/secrets/a?api-version=7.4", NONE, 200, ""),
            (
                "POST",
                "/secrets/restore?api-version=7.4",
                backup.clone(),
                409,
                "Conflict/ObjectIsDeletedButRecoverable",
            ),
            ("DELETE", "/deletedsecrets/a?api-version=7.4", NONE, 204, ""),
            ("POST", "/secrets/restore?api-version=7.4", json!({"value": "AAAA"}), 400, "BadParameter"),
            ("POST", "/secrets/restore?api-version=7.4", backup, 200, ""),
        ],
    )
    .await;
    assert_eq!(world.get(&format!("{VAULT}/secrets/a{V}")).await.body["value"], "two");
    let versions = world.get(&format!("{VAULT}/secrets/a/versions{V}")).await;
    assert_eq!(versions.body["value"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn certificates_and_keys_are_read() {
    let world = World::new();
    let certificate =
        CertificateSeed { version: Some("c".repeat(32)), der: b"DER".to_vec(), tags: Default::default() };
    let kid = "https://v.vault.azure.net/keys/k/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let jwk = json!({"kid": kid, "kty": "EC", "crv": "P-256", "key_ops": ["sign"], "x": "x", "y": "y"});
    let key = KeySeed { version: None, jwk: jwk.clone(), tags: Default::default() };
    let contents = VaultContents {
        certificates: [("c".to_owned(), certificate)].into(),
        keys: [("k".to_owned(), key)].into(),
        ..VaultContents::default()
    };
    assert!(world.cloud.set_vault_contents("argocd-prd-akv", contents));
    let certificate = world.get(&format!("{VAULT}/certificates/c/{V}")).await;
    assert_eq!(certificate.body["cer"], "REVS");
    assert_eq!(certificate.body["x5t"], "il8CqqUhLpu-kH2OhOO19-jGeWc", "the SHA-1 of it");
    assert_eq!(certificate.body["id"], format!("{VAULT}/certificates/c/{}", "c".repeat(32)));
    assert_eq!(certificate.body["sid"], format!("{VAULT}/secrets/c/{}", "c".repeat(32)));
    assert_eq!(world.get(&format!("{VAULT}/keys/K/{V}")).await.body["key"], jwk);
    assert_eq!(
        world.get(&format!("{VAULT}/keys{V}")).await.at("/value/0/kid"),
        &json!(format!("{VAULT}/keys/k"))
    );
    assert_eq!(
        world.get(&format!("{VAULT}/certificates{V}")).await.at("/value/0/id"),
        &json!(format!("{VAULT}/certificates/c"))
    );
    check(
        &world,
        VAULT,
        &[
            ("GET", "/certificates/x?api-version=7.4", NONE, 404, "CertificateNotFound"),
            ("GET", "/keys/x?api-version=7.4", NONE, 404, "KeyNotFound"),
            (
                "GET",
                "/certificates/c/dddddddddddddddddddddddddddddddd?api-version=7.4",
                NONE,
                404,
                "CertificateNotFound",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn contents_can_be_given_from_inside() {
    let world = World::new();
    let seed = SecretSeed { version: Some("a".repeat(32)), enabled: false, ..SecretSeed::new("alpha") };
    let contents = VaultContents {
        secrets: [("a".to_owned(), vec![seed, SecretSeed::new("beta")])].into(),
        deleted: vec!["b".to_owned()],
        ..VaultContents::default()
    };
    assert!(world.cloud.set_vault_contents("argocd-prd-akv", contents));
    assert!(!world.cloud.set_vault_contents("no-such-vault", VaultContents::default()));
    assert_eq!(world.get(&format!("{VAULT}/secrets/a{V}")).await.body["value"], "beta");
    check(
        &world,
        VAULT,
        &[
            ("GET", &format!("/secrets/a/{}{V}", "a".repeat(32)), NONE, 403, "Forbidden/SecretDisabled"),
            ("GET", "/secrets/b?api-version=7.4", NONE, 404, "SecretNotFound"),
            ("GET", "/deletedsecrets/b?api-version=7.4", NONE, 200, ""),
        ],
    )
    .await;
    let version = world.cloud.set_secret("argocd-prd-akv", "c", SecretSeed::new("gamma")).expect("set");
    let read = world.get(&format!("{VAULT}/secrets/c/{version}{V}")).await;
    assert_eq!(read.body["value"], "gamma");
    let refused = world.cloud.set_secret("argocd-prd-akv", "b", SecretSeed::new("x")).expect_err("deleted");
    assert!(refused.to_string().contains("recoverable"), "{refused}");
    assert!(!format!("{:?}", SecretSeed::new("hidden")).contains("hidden"));
}
