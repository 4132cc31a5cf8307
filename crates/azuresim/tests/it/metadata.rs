//! The instance metadata service: tokens for the machine's identities.

use gangplank_azuresim::{FaultRule, Faults, IdentityIds, Plane};
use serde_json::json;

use crate::world::{Answer, GROUP, VAULT, World};

const ENDPOINT: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const RESOURCE: &str = "https://vault.azure.net";

fn identity(world: &World, name: &str) -> IdentityIds {
    world.cloud.create_identity(GROUP, name, "westeurope").expect("an identity")
}

async fn ask(world: &World, query: &str) -> Answer {
    world.raw("GET", &format!("{ENDPOINT}?{query}"), &[("metadata", "true")], "").await
}

#[tokio::test]
async fn an_assigned_identity_gets_a_token_without_a_secret() {
    let world = World::new();
    let machine = identity(&world, "machine");
    world.cloud.set_machine_identities(vec![machine.principal_id]);
    let role = gangplank_azuresim::rbac::role_id("Key Vault Secrets Officer").expect("a role");
    world.cloud.assign_role(GROUP, machine.principal_id, role).expect("assigned");

    let answer = ask(&world, &format!("api-version=2018-02-01&resource={RESOURCE}")).await;
    let token = answer.body["access_token"].as_str().expect("a token").to_owned();
    let mut body = answer.body;
    body.as_object_mut().expect("an object").remove("access_token");
    let expected = json!({
        "client_id": machine.client_id.to_string(), "expires_in": "86399", "ext_expires_in": "86399",
        "expires_on": (world.now() + 86_399).to_string(), "not_before": world.now().to_string(),
        "resource": RESOURCE, "token_type": "Bearer",
    });
    assert_eq!(body, expected, "numbers are text");
    let url = format!("{VAULT}/secrets/a?api-version=7.4");
    let set = world.with(&token, "PUT", &url, json!({"value": "x"})).await;
    assert_eq!(set.status, 200, "{}", set.text);
}

#[tokio::test]
async fn what_the_service_refuses() {
    let world = World::new();
    let (one, two) = (identity(&world, "one"), identity(&world, "two"));
    let good = format!("api-version=2019-08-01&resource={RESOURCE}");
    let error =
        |answer: &Answer| (answer.status, answer.body["error"].as_str().unwrap_or_default().to_owned());
    let refused = |error: &str| (400, error.to_owned());
    assert_eq!(error(&ask(&world, &good).await), refused("invalid_request"), "no identity is assigned");

    world.cloud.set_machine_identities(vec![one.principal_id, two.principal_id]);
    let unassigned = identity(&world, "unassigned");
    let cases: [(&str, &str); 8] = [
        ("", "invalid_request"),
        (&format!("&client_id={}", unassigned.client_id), "invalid_request"),
        (&format!("&client_id={}", one.principal_id), "invalid_request"),
        ("&client_id=nonsense", "invalid_request"),
        (&format!("&client_id={}", one.client_id), ""),
        (&format!("&object_id={}", two.principal_id), ""),
        (&format!("&msi_res_id={}", two.id.to_uppercase()), ""),
        (&format!("&mi_res_id={}", unassigned.id), "invalid_request"),
    ];
    for (more, code) in cases {
        let answer = ask(&world, &format!("{good}{more}")).await;
        let expected = (if code.is_empty() { 200 } else { 400 }, code.to_owned());
        assert_eq!(error(&answer), expected, "{more}: {}", answer.text);
    }

    world.cloud.set_machine_identities(vec![one.principal_id]);
    let own = format!("&client_id={}", one.client_id);
    for (query, code) in [
        (format!("resource={RESOURCE}"), "bad_request"),
        (format!("api-version=2001-01-01&resource={RESOURCE}"), "bad_request"),
        ("api-version=2018-02-01".to_owned(), "invalid_request"),
        ("api-version=2018-02-01&resource=".to_owned(), "invalid_request"),
        (format!("api-version=2018-02-01&resource=https://example.com{own}"), "invalid_resource"),
    ] {
        assert_eq!(error(&ask(&world, &query).await), refused(code), "{query}");
    }
    let url = format!("{ENDPOINT}?{good}");
    assert_eq!(
        error(&world.raw("GET", &url, &[], "").await),
        refused("bad_request_102"),
        "without the header"
    );
    let post = world.raw("POST", &url, &[("metadata", "true")], "").await;
    assert_eq!(error(&post), (405, "method_not_allowed".to_owned()));
    let other = world.raw("GET", "http://169.254.169.254/metadata/x", &[("metadata", "true")], "").await;
    assert_eq!(other.status, 404);
}

#[tokio::test]
async fn it_can_be_away_for_a_while() {
    let world = World::new();
    world.cloud.set_machine_identities(vec![identity(&world, "machine").principal_id]);
    let rule = FaultRule { times: Some(2), ..FaultRule::new(Plane::Metadata, 410, "") };
    world.cloud.set_faults(Faults { rules: vec![rule], ..Faults::default() });
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(ask(&world, &format!("api-version=2018-02-01&resource={RESOURCE}")).await.status);
    }
    assert_eq!(statuses, [410, 410, 200]);
}
