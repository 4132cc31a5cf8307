//! Faults on demand, each with what a client sees of it, through the door and over the wire.

use std::time::{Duration, Instant};

use gangplank_sandbox::{Door, Fault, Options, World, cluster_names};
use http::Method;

use crate::client::{Client, Reply};
use crate::support::{AKS, MANAGEMENT, VAULT, administrator, azure, engineer, hub_token, login, say, world};

const DISCOVERY: &str = "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1";

async fn add(world: &World, text: &str) -> u64 {
    let fault: Fault = text.parse().unwrap();
    Door::of(world.state()).unwrap().add_fault(&fault).await.unwrap_or_else(|error| panic!("{error}")).id
}

async fn clear(world: &World, id: u64) {
    let cleared = Door::of(world.state()).unwrap().clear_faults(Some(id)).await.unwrap();
    assert_eq!(cleared.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id]);
}

async fn get(client: &Client, url: &str) -> Result<Reply, String> {
    client.send(Method::GET, url, "").await
}

async fn status(client: &Client, url: &str) -> u16 {
    get(client, url).await.unwrap().status.as_u16()
}

fn groups(world: &World) -> String {
    let subscription = &world.facts().subscription_id;
    format!("https://management.azure.com/subscriptions/{subscription}/resourceGroups?api-version=2022-09-01")
}

fn secret(world: &World) -> String {
    let facts = world.facts();
    format!("{}/secrets/{}/?api-version=7.4", facts.vault.url, facts.team_secrets.username)
}

#[tokio::test]
async fn requests_are_late_wrong_throttled_cut_and_slow() {
    let world = world(0).await;
    let (client, vault) = (engineer(&world, MANAGEMENT).await, engineer(&world, VAULT).await);

    let id = add(&world, "latency delay=200ms host=login.microsoftonline.com").await;
    let begun = Instant::now();
    assert_eq!(status(&azure(&world), DISCOVERY).await, 200);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    clear(&world, id).await;

    let id = add(
        &world,
        "error status=503 host=*.vault.azure.net path=/secrets/team-repo-user times=1 retry-after=7",
    )
    .await;
    let reply = get(&vault, &secret(&world)).await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["retry-after"]),
        (503, &http::HeaderValue::from_static("7"))
    );
    assert_eq!(reply.json()["error"]["code"], "ServiceUnavailable");
    assert_eq!(status(&vault, &secret(&world)).await, 200, "once only");
    assert_eq!(status(&client, &groups(&world)).await, 200, "another host");
    clear(&world, id).await;

    add(&world, "throttle").await;
    let hub = &world.facts().hub;
    let version = format!("{}/version", hub.server);
    let told = |reply: &Reply| {
        let body = reply.json();
        let code =
            [&body["error"]["code"], &body["error"], &body["reason"]].into_iter().find_map(|it| it.as_str());
        let after = reply.headers.get("retry-after").map(|it| it.to_str().unwrap().to_owned());
        (reply.status.as_u16(), code.unwrap_or_default().to_owned(), after)
    };
    let again = Some("1".to_owned());
    for (client, url, code, after) in [
        (&client, groups(&world), "TooManyRequests", again.clone()),
        (&vault, secret(&world), "Throttled", None),
        (&azure(&world), DISCOVERY.to_owned(), "temporarily_unavailable", again.clone()),
        (&administrator(&world, hub), version, "TooManyRequests", again),
    ] {
        assert_eq!(told(&get(client, &url).await.unwrap()), (429, code.to_owned(), after), "{url}");
    }
    let hits: Vec<u64> =
        Door::of(world.state()).unwrap().faults().await.unwrap().iter().map(|it| it.hits).collect();
    assert_eq!(hits, [4]);
    world.clear_faults(None).await.unwrap();

    let id = add(&world, "cut host=management.azure.com").await;
    assert!(get(&client, &groups(&world)).await.is_err());
    clear(&world, id).await;
    assert_eq!(status(&client, &groups(&world)).await, 200);

    add(&world, "slow-body bytes-per-second=2000 host=login.microsoftonline.com").await;
    let begun = Instant::now();
    let reply = get(&azure(&world), DISCOVERY).await.unwrap();
    let bytes = u32::try_from(reply.body.len()).unwrap();
    assert!(reply.json()["metadata"].is_array());
    assert!(
        begun.elapsed() >= Duration::from_secs(1) * bytes / 2_000,
        "{bytes} bytes in {:?}",
        begun.elapsed()
    );
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn errors_by_rate_follow_from_the_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = world(0).await;
        add(&world, "error status=500 rate=0.5 host=login.microsoftonline.com").await;
        let mut statuses = Vec::new();
        for _ in 0..24 {
            statuses.push(status(&azure(&world), DISCOVERY).await);
        }
        world.shutdown().await.unwrap();
        assert!(statuses.contains(&200) && statuses.contains(&500), "{statuses:?}");
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
}

/// The engineer's login now, as a status and a code.
async fn log_in(world: &World) -> (u16, Option<u64>) {
    let facts = world.facts();
    let assertion = std::fs::read_to_string(&facts.engineer.token_file).unwrap();
    let reply = login(world, &facts.engineer.client_id, &assertion, MANAGEMENT).await;
    (reply.status.as_u16(), reply.json()["error_codes"][0].as_u64())
}

#[tokio::test]
async fn entra_loses_its_way() {
    let world = world(0).await;
    let old = engineer(&world, MANAGEMENT).await;
    for (text, refused) in [
        ("issuer-unreachable", (400, Some(501_661))),
        ("clock-skew seconds=7200", (401, Some(700_024))),
        ("clock-skew seconds=-7200", (401, Some(700_024))),
    ] {
        let id = add(&world, text).await;
        assert_eq!(log_in(&world).await, refused, "{text}");
        clear(&world, id).await;
        assert_eq!(log_in(&world).await, (200, None), "{text}");
    }

    let id = add(&world, "expired-tokens").await;
    assert_eq!(status(&old, &groups(&world)).await, 401);
    let fresh = engineer(&world, MANAGEMENT).await;
    assert_eq!(status(&fresh, &groups(&world)).await, 200, "a new token is taken, be it of the same second");
    clear(&world, id).await;
    assert_eq!(status(&old, &groups(&world)).await, 200);

    add(&world, "signing-key-rotation").await;
    assert_eq!(status(&old, &groups(&world)).await, 200, "what the former key signed is still believed");
    assert_eq!(status(&engineer(&world, MANAGEMENT).await, &groups(&world)).await, 200);
    let keys = format!("https://login.microsoftonline.com/{}/discovery/v2.0/keys", world.facts().tenant_id);
    assert_eq!(get(&azure(&world), &keys).await.unwrap().json()["keys"].as_array().unwrap().len(), 2);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn knobs_are_turned_and_turned_back() {
    let world = world(0).await;
    let usual = world.faults();
    for text in [
        "limits",
        "token-lifetime delay=1m",
        "credential-propagation delay=2m",
        "role-propagation delay=2m",
        "operation-duration delay=30s",
        "vault-settling delay=30s",
    ] {
        let id = add(&world, text).await;
        assert_ne!(world.faults(), usual, "{text}");
        clear(&world, id).await;
        assert_eq!(world.faults(), usual, "{text}");
    }
    add(&world, "token-lifetime delay=1m").await;
    let assertion = std::fs::read_to_string(&world.facts().engineer.token_file).unwrap();
    let reply = login(&world, &world.facts().engineer.client_id, &assertion, MANAGEMENT).await;
    assert_eq!(reply.json()["expires_in"], 60);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_vault_closes_and_opens() {
    let world = world(0).await;
    let vault = engineer(&world, VAULT).await;
    let id = add(&world, "vault-firewall").await;
    let reply = get(&vault, &secret(&world)).await.unwrap();
    assert_eq!(reply.json()["error"]["innererror"]["code"], "ForbiddenByFirewall", "{}", reply.text());
    clear(&world, id).await;
    assert_eq!(status(&vault, &secret(&world)).await, 200);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_cluster_stops_restarts_and_changes_its_keys() {
    let world = world(1).await;
    let cluster = world.facts().clusters[0].clone();
    let version = format!("{}/version", cluster.server);
    let old = administrator(&world, &cluster);

    let id = add(&world, &format!("cluster-stopped cluster={}", cluster.name)).await;
    let refused = get(&old, &version).await.unwrap_err();
    assert!(refused.contains("connection refused"), "{refused}");
    let client = engineer(&world, MANAGEMENT).await;
    let document = format!("https://management.azure.com{}?api-version=2025-03-01", cluster.id);
    let power =
        async || get(&client, &document).await.unwrap().json()["properties"]["powerState"]["code"].clone();
    assert_eq!(power().await, "Stopped", "Azure knows it, too");
    clear(&world, id).await;
    assert_eq!((status(&old, &version).await, power().await), (200, "Running".into()));

    let connection =
        old.connect(cluster.server.trim_start_matches("https://").trim_end_matches(":443")).await;
    add(&world, &format!("api-server-restart cluster={}", cluster.name)).await;
    let mut end = Vec::new();
    // Cut, however the transport puts it.
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut connection.unwrap(), &mut end).await;
    assert_eq!(status(&old, &version).await, 200);

    add(&world, &format!("ca-rotation cluster={}", cluster.name)).await;
    assert!(get(&old, &version).await.is_err(), "the old authority is void");
    assert_eq!(
        status(&administrator(&world, &cluster), &version).await,
        200,
        "its kubeconfig is written anew"
    );
    let whole = std::fs::read_to_string(world.directory().join("kubeconfig")).unwrap();
    let own = std::fs::read_to_string(&cluster.kubeconfig).unwrap();
    let authority = own.lines().find(|line| line.contains("certificate-authority-data")).unwrap();
    assert!(whole.contains(authority), "and so is that of all clusters");
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_hub_changes_the_key_of_its_tokens() {
    let world = world(0).await;
    let hub = world.facts().hub.clone();
    let keys = format!("{}openid/v1/jwks", hub.issuer_url);
    let before = get(&azure(&world), &keys).await.unwrap().json();
    hub_token(&world, "default", "someone").await;
    add(&world, &format!("signing-key-rotation cluster={}", hub.name)).await;
    let after = get(&azure(&world), &keys).await.unwrap().json();
    assert_ne!(before["keys"][0]["kid"], after["keys"][0]["kid"]);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let world = world(0).await;
    let door = Door::of(world.state()).unwrap();
    for (text, told) in [
        (
            "ca-rotation cluster=nobody",
            "cannot do or undo the fault `ca-rotation cluster=nobody`: the world has no cluster `nobody`",
        ),
        (
            "vault-firewall vault=nobody",
            "cannot do or undo the fault `vault-firewall vault=nobody`: the world has no vault `nobody`",
        ),
    ] {
        let error = door.add_fault(&text.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.to_string(), told);
    }
    let error = door.clear_faults(Some(99)).await.unwrap_err();
    assert_eq!(error.to_string(), "the world has no fault 99: `gangplank sandbox fault list` lists them");
    assert!(door.faults().await.unwrap().is_empty());
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn nobody_without_the_key_gets_in() {
    let world = world(0).await;
    let ask = |key: &str| {
        format!(
            "GET /gangplank/faults HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nConnection: close\r\n\r\n"
        )
    };
    for key in ["", "Bearer ", "Bearer wrong", "Basic x"] {
        let answer = say(world.proxy(), ask(key).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{key}: {answer}");
    }
    let file = world.directory().join("door-key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let key = format!("Bearer {}", std::fs::read_to_string(&file).unwrap());
    assert!(say(world.proxy(), ask(&key).as_bytes()).await.starts_with("HTTP/1.1 200"));
    // Through a proxy means for another host.
    let other = ask(&key).replace("/gangplank", "http://x/gangplank");
    assert!(say(world.proxy(), other.as_bytes()).await.starts_with("HTTP/1.1 405"));
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn orders_reach_whoever_runs_the_world() {
    let world = World::start(Options { clusters: cluster_names(0), ..Options::default() }).await.unwrap();
    let door = Door::of(world.state()).unwrap();
    let (order, asked) = tokio::join!(world.ordered(), door.stop());
    asked.unwrap();
    assert_eq!(order, gangplank_sandbox::Order::Stop);
    world.shutdown().await.unwrap();
    let error = door.faults().await.unwrap_err().to_string();
    assert!(error.ends_with("does not answer: is it still running?"), "{error}");
}

#[tokio::test]
async fn the_machine_has_an_identity() {
    let world = world(0).await;
    let resource = AKS.trim_end_matches("/.default");
    let path = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}");
    let proxy = world.proxy();
    for target in [path.clone(), format!("http://169.254.169.254{path}")] {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nConnection: close\r\n\r\n");
        let answer = say(proxy, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
        assert!(answer.contains(&world.facts().engineer.client_id), "{answer}");
        let without = say(proxy, request.replace("Metadata: true\r\n", "").as_bytes()).await;
        assert!(without.starts_with("HTTP/1.1 400"), "{without}");
    }
    assert_eq!(world.environment()["AZURE_POD_IDENTITY_AUTHORITY_HOST"], world.proxy_url());
    world.shutdown().await.unwrap();
}
