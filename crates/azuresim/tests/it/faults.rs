use std::time::Duration;

use gangplank_azuresim::{FaultRule, Faults, NewCredential, Plane, SecretSeed, Throttling};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::world::{ARM, AUDIENCE, GROUP, ISSUER, LOGIN, TENANT, VAULT, World};

const NONE: Value = Value::Null;
const SUBJECT: &str = "system:serviceaccount:argocd:argocd-server";

fn with(rules: Vec<FaultRule>) -> Faults {
    Faults { rules, ..Faults::default() }
}

#[tokio::test]
async fn a_rule_answers_in_place_of_the_cloud() {
    let world = World::new();
    for name in ["a", "b"] {
        world.cloud.set_secret("argocd-prd-akv", name, SecretSeed::new("x")).expect("set");
    }
    let url = |name: &str| format!("{VAULT}/secrets/{name}/?api-version=7.4");
    let boom = "{\"error\":{\"code\":\"InternalServerError\",\"message\":\"boom\"}}";
    let rule = FaultRule {
        name: "A".into(),
        times: Some(2),
        retry_after: Some("1".into()),
        ..FaultRule::new(Plane::Vault("argocd-prd-akv".into()), 500, boom)
    };
    world.admin_token(VAULT).await;
    world.cloud.set_faults(with(vec![rule]));
    let challenged = world.raw("GET", &url("a"), &[], "").await;
    assert_eq!(challenged.status, 401, "the challenge stays");
    for _ in 0..2 {
        assert_eq!(world.get(&url("b")).await.status, 200, "another name");
        let answer = world.get(&url("a")).await;
        assert_eq!(
            (answer.status, answer.text.as_str(), answer.header("retry-after")),
            (500, boom, Some("1"))
        );
    }
    assert_eq!(world.cloud.faults().rules[0].times, Some(0));
    assert_eq!(world.get(&url("a")).await.status, 200, "used up");
    world.cloud.set_faults(with(vec![FaultRule::new(Plane::Vault(String::new()), 403, "<html>no</html>")]));
    let html = world.get(&url("a")).await;
    assert_eq!(
        (html.status, html.text.as_str(), html.header("content-type")),
        (403, "<html>no</html>", Some("text/html"))
    );
    world.cloud.set_faults(Faults::default());
    assert_eq!(world.get(&url("a")).await.status, 200);
}

#[tokio::test]
async fn rules_know_their_plane_and_method() {
    let world = World::new();
    let group = format!("{ARM}{GROUP}?api-version=2022-09-01");
    let throttled = FaultRule {
        method: Some(http::Method::PUT),
        retry_after: Some("17".into()),
        ..FaultRule::new(
            Plane::ResourceManager,
            429,
            "{\"error\":{\"code\":\"TooManyRequests\",\"message\":\"later\"}}",
        )
    };
    world.cloud.set_faults(with(vec![throttled]));
    assert_eq!(world.get(&group).await.status, 200);
    let answer = world.admin("PUT", &group, json!({"location": "westeurope"})).await;
    assert_eq!(
        (answer.status, answer.code().as_str(), answer.header("retry-after")),
        (429, "TooManyRequests", Some("17"))
    );
    let body = "{\"error\":\"invalid_client\",\"error_codes\":[700213]}";
    let client = "22222222-2222-2222-2222-222222222222";
    let rule = FaultRule { name: client.into(), ..FaultRule::new(Plane::Entra, 401, body) };
    world.cloud.set_faults(with(vec![rule]));
    let hit = world.login(client, "x", "https://vault.azure.net/.default").await;
    assert_eq!((hit.status, hit.text.as_str()), (401, body));
    let missed =
        world.login("22222222-2222-2222-2222-222222222223", "x", "https://vault.azure.net/.default").await;
    assert_eq!(missed.body["error_codes"], json!([700_016]));
}

#[tokio::test(start_paused = true)]
async fn a_rule_may_only_delay() {
    let world = World::new();
    let rule = FaultRule { delay: Duration::from_secs(5), ..FaultRule::new(Plane::Entra, 0, "") };
    world.cloud.set_faults(with(vec![rule]));
    let before = tokio::time::Instant::now();
    let url = format!("{LOGIN}/{TENANT}/v2.0/.well-known/openid-configuration");
    assert_eq!(world.raw("GET", &url, &[], "").await.status, 200);
    assert_eq!(before.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn entra_loses_the_issuer_and_the_time() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let credential = NewCredential {
        name: "argocd-server".into(),
        issuer: ISSUER.into(),
        subject: SUBJECT.into(),
        audience: AUDIENCE.into(),
    };
    world.cloud.create_credential(&identity.id, credential).expect("a credential");
    let client = identity.client_id.to_string();
    let scope = "https://vault.azure.net/.default";
    let login = async || world.login(&client, &world.assertion(SUBJECT), scope).await;
    let token = login().await.body["access_token"].as_str().expect("a token").to_owned();
    let code = async || login().await.body["error_codes"][0].as_u64();
    world.cloud.set_faults(Faults { issuer_fetch: Some("connection refused".into()), ..Faults::default() });
    assert_eq!(code().await, Some(501_661), "even with keys fetched before");
    for (skew, expect) in [(-299, None), (-301, Some(700_024)), (3_899, None), (3_900, Some(700_024))] {
        world
            .cloud
            .set_faults(Faults { entra_clock_skew: SignedDuration::from_secs(skew), ..Faults::default() });
        assert_eq!(code().await, expect, "{skew}");
    }
    world.cloud.set_faults(Faults { entra_clock_skew: SignedDuration::from_secs(600), ..Faults::default() });
    let early = login().await.body["access_token"].as_str().expect("a token").to_owned();
    let url = format!("{VAULT}/secrets/a/?api-version=7.4");
    assert_eq!(world.with(&early, "GET", &url, NONE).await.status, 401, "a token of the future");
    assert_eq!(world.with(&token, "GET", &url, NONE).await.status, 403);
}

#[tokio::test]
async fn tokens_can_be_made_short_lived() {
    let world = World::new();
    world.cloud.set_faults(Faults { token_lifetime: Some(Duration::from_secs(60)), ..Faults::default() });
    let token = world.caller("brief", "Reader", "/", ARM).await;
    let url = format!("{ARM}{GROUP}?api-version=2022-09-01");
    world.advance(359);
    assert_eq!(world.with(&token, "GET", &url, NONE).await.status, 200);
    world.advance(1);
    let late = world.with(&token, "GET", &url, NONE).await;
    assert_eq!((late.status, late.code().as_str()), (401, "ExpiredAuthenticationToken"));
}

#[tokio::test]
async fn a_vault_limits_its_requests_when_asked_for() {
    let world = World::new();
    world.cloud.set_faults(Faults { throttling: Throttling::Documented, ..Faults::default() });
    let url = format!("{VAULT}/secrets/a?api-version=7.4");
    for _ in 0..300 {
        assert_eq!(world.admin("PUT", &url, json!({"value": "x"})).await.status, 200);
    }
    let throttled = world.admin("PUT", &url, json!({"value": "x"})).await;
    assert_eq!(
        (throttled.status, throttled.code().as_str(), throttled.header("retry-after")),
        (429, "Throttled", None)
    );
    assert!(throttled.text.contains("VaultOperationLimitReached"), "{}", throttled.text);
    for _ in 0..4_000 - 301 {
        assert_eq!(world.get(&url).await.status, 200);
    }
    let throttled = world.get(&url).await;
    assert_eq!(throttled.status, 429);
    assert!(throttled.text.contains("VaultRequestTypeLimitReached"), "{}", throttled.text);
    world.advance(10);
    assert_eq!(world.admin("PUT", &url, json!({"value": "x"})).await.status, 200);
}
