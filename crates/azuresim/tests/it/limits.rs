use gangplank_azuresim::{Faults, NewCluster, Throttling};
use serde_json::{Value, json};

use crate::world::{ARM, AUDIENCE, GROUP, ISSUER, SUBSCRIPTION, World};

const NONE: Value = Value::Null;
const V: &str = "?api-version=2024-11-30";

/// Several callers, so that one caller's own limit does not come before a provider's.
async fn callers(world: &World, count: usize) -> Vec<String> {
    let mut tokens = Vec::new();
    for number in 0..count {
        tokens.push(world.caller(&format!("caller-{number}"), "Owner", "/", ARM).await);
    }
    tokens
}

async fn limited(callers_count: usize) -> (World, Vec<String>) {
    let world = World::new();
    let tokens = callers(&world, callers_count).await;
    world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster");
    for name in ["one", "two", "six"] {
        world.cloud.create_identity(GROUP, name, "westeurope").expect("an identity");
    }
    world.cloud.set_faults(Faults { throttling: Throttling::Documented, ..Faults::default() });
    (world, tokens)
}

/// Sends the same request until it is throttled, and checks how often it passed, the code, and the wait.
async fn check(
    callers: usize,
    method: &str,
    path: &str,
    body: Value,
    (passes, code, retry_after): (usize, &str, &str),
) {
    let (world, tokens) = limited(callers).await;
    let url = format!("{ARM}{path}{V}");
    for pass in 0..=passes {
        let answer = world.with(&tokens[pass % callers], method, &url, body.clone()).await;
        if pass < passes {
            assert_ne!(answer.status, 429, "{method} {path}, request {pass}: {}", answer.text);
        } else {
            let got = (answer.status, answer.code(), answer.header("retry-after").map(str::to_owned));
            assert_eq!(got, (429, code.to_owned(), Some(retry_after.to_owned())), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn each_principal_has_its_reads_writes_and_deletes() {
    let missing = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/missing");
    let code = "SubscriptionRequestsThrottled";
    check(1, "GET", GROUP, NONE, (250, code, "1")).await;
    check(1, "PUT", GROUP, json!({"location": "westeurope"}), (200, code, "1")).await;
    check(1, "DELETE", &missing, NONE, (200, code, "1")).await;
    check(1, "GET", "/subscriptions", NONE, (250, "TooManyRequests", "1")).await;
    // All principals of a subscription together have fifteen times that.
    check(16, "GET", GROUP, NONE, (15 * 250, code, "1")).await;
}

#[tokio::test]
async fn providers_have_limits_of_their_own() {
    let clusters = "/providers/Microsoft.ContainerService/managedClusters";
    let identity = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one");
    let credentials = format!("{identity}/federatedIdentityCredentials");
    check(3, "GET", &format!("/subscriptions/{SUBSCRIPTION}{clusters}"), NONE, (500, "Throttled", "1")).await;
    check(3, "GET", &format!("{GROUP}{clusters}"), NONE, (60, "Throttled", "1")).await;
    check(3, "GET", &format!("{GROUP}{clusters}/aks1"), NONE, (60, "Throttled", "1")).await;
    check(3, "PUT", &format!("{GROUP}{clusters}/aks2"), json!({}), (20, "Throttled", "60")).await;
    check(3, "GET", &credentials, NONE, (1, "Throttled", "4")).await;
    check(3, "GET", &format!("{credentials}/abc"), NONE, (1, "Throttled", "2")).await;
    check(3, "DELETE", &format!("{credentials}/abc"), NONE, (1, "Throttled", "4")).await;
    let query = json!({"query": "Resources"});
    check(1, "POST", "/providers/Microsoft.ResourceGraph/resources", query, (15, "RateLimiting", "1")).await;
}

#[tokio::test]
async fn a_subscription_writes_two_credentials_a_second() {
    let (world, tokens) = limited(1).await;
    let mut statuses = Vec::new();
    for name in ["one", "two", "six"] {
        let identity = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}");
        let url = format!("{ARM}{identity}/federatedIdentityCredentials/abc{V}");
        let body = json!({"properties": {"issuer": ISSUER, "subject": "s", "audiences": [AUDIENCE]}});
        statuses.push(world.with(&tokens[0], "PUT", &url, body).await.status);
    }
    assert_eq!(statuses, [201, 201, 429]);
}

#[tokio::test]
async fn each_principal_has_its_queries() {
    let (world, tokens) = limited(2).await;
    let url = format!("{ARM}/providers/Microsoft.ResourceGraph/resources{V}");
    let mut left = Vec::new();
    for token in [&tokens[0], &tokens[0], &tokens[1]] {
        let answer = world.with(token, "POST", &url, json!({"query": "Resources"})).await;
        assert_eq!(answer.header("x-ms-user-quota-resets-after"), Some("00:00:05"));
        left.push(answer.header("x-ms-user-quota-remaining").map(str::to_owned).unwrap_or_default());
    }
    assert_eq!(left, ["14", "13", "14"]);
}

#[tokio::test]
async fn headers_say_what_is_left() {
    let (world, tokens) = limited(2).await;
    let url = format!("{ARM}{GROUP}{V}");
    let left = async |token: &str, url: &str, header: &str| {
        let answer = world.with(token, "GET", url, NONE).await;
        answer.header(&format!("x-ms-ratelimit-remaining-{header}")).map(str::to_owned)
    };
    assert_eq!(left(&tokens[0], &url, "subscription-reads").await.as_deref(), Some("249"));
    assert_eq!(left(&tokens[0], &url, "subscription-reads").await.as_deref(), Some("248"));
    assert_eq!(left(&tokens[1], &url, "subscription-reads").await.as_deref(), Some("249"), "each its own");
    assert_eq!(
        left(&tokens[1], &url, "subscription-global-reads").await.as_deref(),
        Some("3746"),
        "all together"
    );
    let missing = format!("{ARM}{GROUP}x{V}");
    assert_eq!(
        left(&tokens[0], &missing, "subscription-reads").await.as_deref(),
        Some("247"),
        "refusals count"
    );
    let tenant = format!("{ARM}/subscriptions{V}");
    assert_eq!(left(&tokens[0], &tenant, "tenant-reads").await.as_deref(), Some("249"));
    world.cloud.set_faults(Faults::default());
    assert_eq!(left(&tokens[0], &url, "subscription-reads").await.as_deref(), Some("249"), "without limits");
}
