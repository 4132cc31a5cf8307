use std::time::Duration;

use gangplank_azuresim::{Faults, NewCredential, Throttling};
use serde_json::{Value, json};

use crate::world::{ARM, AUDIENCE, GROUP, ISSUER, World, check};

const NONE: Value = Value::Null;
const V: &str = "?api-version=2024-11-30";
const VAULT_SCOPE: &str = "https://vault.azure.net/.default";

fn base() -> String {
    format!("{ARM}{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities")
}

fn credential(issuer: &str, subject: &str, audiences: &[&str]) -> Value {
    json!({"properties": {"issuer": issuer, "subject": subject, "audiences": audiences}})
}

#[tokio::test]
async fn identities_have_three_ids() {
    let world = World::new();
    let url = format!("{}/argocd-prd{V}", base());
    let body = json!({"location": "westeurope", "tags": {}, "properties": {"isolationScope": "None"}});
    let created = world.admin("PUT", &url, body.clone()).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.at("/properties/isolationScope"), "None");
    let (client, principal) = (created.at("/properties/clientId"), created.at("/properties/principalId"));
    assert!(client.is_string() && principal.is_string() && client != principal);
    assert_eq!(world.admin("PUT", &url, body).await.status, 200);
    assert_eq!(world.get(&url).await.body, created.body);
    check(
        &world,
        &base(),
        &[
            ("PUT", &format!("/ab{V}"), json!({"location": "westeurope"}), 400, "InvalidParameter"),
            ("PUT", &format!("/_abc{V}"), json!({"location": "westeurope"}), 400, "InvalidParameter"),
            ("PUT", &format!("/a.b.c{V}"), json!({"location": "westeurope"}), 400, "InvalidParameter"),
            (
                "PUT",
                &format!("/{}{V}", "a".repeat(129)),
                json!({"location": "westeurope"}),
                400,
                "InvalidParameter",
            ),
            ("PUT", &format!("/abc{V}"), json!({}), 400, "BadRequest"),
            (
                "PUT",
                &format!("/argocd-prd{V}"),
                json!({"location": "eastus"}),
                409,
                "InvalidResourceLocation",
            ),
            ("GET", &format!("/missing{V}"), NONE, 404, "ResourceNotFound"),
            ("DELETE", &format!("/missing{V}"), NONE, 204, ""),
            ("DELETE", &format!("/argocd-prd{V}"), NONE, 200, ""),
        ],
    )
    .await;
    let again = world.admin("PUT", &url, json!({"location": "westeurope"})).await;
    assert_ne!(again.at("/properties/principalId"), principal, "created again, another object id");
}

#[tokio::test]
async fn the_rules_of_federated_credentials() {
    let world = World::new();
    world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    world.cloud.create_identity(GROUP, "far-away", "newzealandnorth").expect("an identity");
    let good = |subject: &str| credential(ISSUER, subject, &[AUDIENCE]);
    let own = "/argocd-prd/federatedIdentityCredentials";
    check(
        &world,
        &base(),
        &[
            ("GET", &format!("{own}/argocd-server{V}"), NONE, 404, "ResourceNotFound"),
            ("PUT", &format!("{own}/argocd-server{V}"), good("s"), 201, ""),
            ("PUT", &format!("{own}/argocd-server{V}"), good("s"), 200, ""),
            ("PUT", &format!("{own}/ARGOCD-server{V}"), good("t"), 200, ""),
            ("PUT", &format!("{own}/other{V}"), good("t"), 409, "Conflict"),
            ("PUT", &format!("{own}/ab{V}"), good("u"), 400, "InvalidParameter"),
            ("PUT", &format!("{own}/-abc{V}"), good("u"), 400, "InvalidParameter"),
            ("PUT", &format!("{own}/a.b.c{V}"), good("u"), 400, "InvalidParameter"),
            ("PUT", &format!("{own}/{}{V}", "a".repeat(121)), good("u"), 400, "InvalidParameter"),
            ("PUT", &format!("{own}/{}{V}", "a".repeat(120)), good("u"), 201, ""),
            ("PUT", &format!("{own}/abc{V}"), credential("", "u", &[AUDIENCE]), 400, "BadRequest"),
            (
                "PUT",
                &format!("{own}/abc{V}"),
                credential("http://plain.example", "v", &[AUDIENCE]),
                400,
                "BadRequest",
            ),
            ("PUT", &format!("{own}/abc{V}"), credential(ISSUER, "", &[AUDIENCE]), 400, "BadRequest"),
            ("PUT", &format!("{own}/abc{V}"), credential(ISSUER, "v", &[]), 400, "BadRequest"),
            ("PUT", &format!("{own}/abc{V}"), credential(ISSUER, "v", &[AUDIENCE, "two"]), 400, "BadRequest"),
            (
                "PUT",
                &format!("{own}/abc{V}"),
                credential(ISSUER, &"s".repeat(601), &[AUDIENCE]),
                400,
                "BadRequest",
            ),
            ("PUT", &format!("{own}/abc{V}"), json!({}), 400, "InvalidRequestContent"),
            (
                "PUT",
                &format!("/missing/federatedIdentityCredentials/abc{V}"),
                good("v"),
                404,
                "ParentResourceNotFound",
            ),
            (
                "GET",
                &format!("/missing/federatedIdentityCredentials{V}"),
                NONE,
                404,
                "ParentResourceNotFound",
            ),
            (
                "PUT",
                &format!("/far-away/federatedIdentityCredentials/abc{V}"),
                good("v"),
                405,
                "MethodNotAllowed",
            ),
            ("DELETE", &format!("{own}/argocd-server{V}"), NONE, 200, ""),
            ("DELETE", &format!("{own}/argocd-server{V}"), NONE, 204, ""),
        ],
    )
    .await;
    let shown = world.admin("PUT", &format!("{}{own}/shown{V}", base()), good("w")).await;
    let id = format!(
        "{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/argocd-prd/federatedIdentityCredentials/shown"
    );
    let expected = json!({
        "id": id, "name": "shown",
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {"issuer": ISSUER, "subject": "w", "audiences": [AUDIENCE]},
    });
    assert_eq!(shown.body, expected);
}

#[tokio::test]
async fn an_identity_has_twenty_at_most() {
    let world = World::new();
    world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let own = format!("{}/argocd-prd/federatedIdentityCredentials", base());
    for number in 0..20 {
        let row =
            ("PUT", format!("/fic-{number}{V}"), credential(ISSUER, &format!("s{number}"), &[AUDIENCE]));
        check(&world, &own, &[(row.0, &row.1, row.2, 201, "")]).await;
    }
    check(
        &world,
        &own,
        &[
            ("PUT", &format!("/fic-20{V}"), credential(ISSUER, "s20", &[AUDIENCE]), 400, "BadRequest"),
            ("PUT", &format!("/fic-3{V}"), credential(ISSUER, "s20", &[AUDIENCE]), 200, ""),
            ("DELETE", &format!("/fic-3{V}"), NONE, 200, ""),
            ("PUT", &format!("/fic-20{V}"), credential(ISSUER, "s21", &[AUDIENCE]), 201, ""),
        ],
    )
    .await;
    let list = world.get(&format!("{own}{V}")).await;
    assert_eq!(list.body["value"].as_array().map(Vec::len), Some(20));
}

#[tokio::test]
async fn writes_under_one_identity_are_serial() {
    let world = World::new();
    world.cloud.create_identity(GROUP, "one", "westeurope").expect("an identity");
    world.cloud.create_identity(GROUP, "two", "westeurope").expect("an identity");
    world.cloud.set_faults(Faults { credential_write: Duration::from_secs(3), ..Faults::default() });
    let concurrent = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity";
    let path = |identity: &str, name: &str| format!("/{identity}/federatedIdentityCredentials/{name}{V}");
    let good = |subject: &str| credential(ISSUER, subject, &[AUDIENCE]);
    check(
        &world,
        &base(),
        &[
            ("PUT", &path("one", "abc"), good("s"), 201, ""),
            ("PUT", &path("one", "abd"), good("t"), 409, concurrent),
            ("DELETE", &path("one", "abc"), NONE, 409, concurrent),
            ("PUT", &path("two", "abd"), good("t"), 201, ""),
            ("GET", &path("one", "abc"), NONE, 200, ""),
        ],
    )
    .await;
    world.advance(3);
    check(&world, &base(), &[("PUT", &path("one", "abd"), good("t"), 201, "")]).await;
}

#[tokio::test]
async fn writes_are_limited_to_one_in_four_seconds() {
    let world = World::new();
    world.cloud.create_identity(GROUP, "one", "westeurope").expect("an identity");
    world.cloud.set_faults(Faults { throttling: Throttling::Documented, ..Faults::default() });
    let own = format!("{}/one/federatedIdentityCredentials", base());
    let good = |subject: &str| credential(ISSUER, subject, &[AUDIENCE]);
    check(&world, &own, &[("PUT", &format!("/abc{V}"), good("s"), 201, "")]).await;
    let throttled = world.admin("PUT", &format!("{own}/abd{V}"), good("t")).await;
    assert_eq!(
        (throttled.status, throttled.code().as_str(), throttled.header("retry-after")),
        (429, "Throttled", Some("4"))
    );
    world.advance(4);
    check(&world, &own, &[("PUT", &format!("/abd{V}"), good("t"), 201, "")]).await;
}

#[tokio::test]
async fn a_credential_takes_time_to_be_known() {
    let world = World::new();
    world.cloud.set_faults(Faults { credential_propagation: Duration::from_secs(60), ..Faults::default() });
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let new = |subject: &str| NewCredential {
        name: "argocd-server".into(),
        issuer: ISSUER.into(),
        subject: subject.into(),
        audience: AUDIENCE.into(),
    };
    let client = identity.client_id.to_string();
    let login = async |subject: &str| {
        let answer = world.login(&client, &world.assertion(subject), VAULT_SCOPE).await;
        (answer.status, answer.body["error_codes"][0].as_u64())
    };
    world.cloud.create_credential(&identity.id, new("first")).expect("a credential");
    assert_eq!(login("first").await, (400, Some(70021)), "not known yet");
    world.advance(60);
    assert_eq!(login("first").await, (200, None));
    world.cloud.create_credential(&identity.id, new("second")).expect("a credential");
    assert_eq!(login("first").await, (200, None), "the former one is honoured until the change is known");
    assert_eq!(login("second").await, (400, Some(70021)));
    world.advance(60);
    assert_eq!(login("first").await, (401, Some(700_213)));
    assert_eq!(login("second").await, (200, None));
    let url = format!("{}/argocd-prd/federatedIdentityCredentials/argocd-server{V}", base());
    assert_eq!(world.admin("DELETE", &url, NONE).await.status, 200);
    assert_eq!(login("second").await, (200, None), "a deletion takes time too");
    world.advance(60);
    assert_eq!(login("second").await, (400, Some(70021)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_keep_to_the_limit() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let writers: Vec<_> = (0..60)
        .map(|number| {
            let (cloud, identity) = (world.cloud.clone(), identity.id.clone());
            tokio::spawn(async move {
                let credential = NewCredential {
                    name: format!("fic-{}", number % 30),
                    issuer: ISSUER.into(),
                    subject: format!("s{}", number % 30),
                    audience: AUDIENCE.into(),
                };
                cloud.create_credential(&identity, credential).is_ok()
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let list = world.get(&format!("{}/argocd-prd/federatedIdentityCredentials{V}", base())).await;
    let subjects: Vec<String> = (list.body["value"].as_array().expect("a list").iter())
        .filter_map(|it| it.pointer("/properties/subject")?.as_str().map(str::to_owned))
        .collect();
    assert_eq!(subjects.len(), 20);
    let client = identity.client_id.to_string();
    for number in 0..30 {
        let subject = format!("s{number}");
        let answer = world.login(&client, &world.assertion(&subject), VAULT_SCOPE).await;
        assert_eq!(
            answer.status == 200,
            subjects.contains(&subject),
            "Entra knows what Resource Manager lists"
        );
    }
}
