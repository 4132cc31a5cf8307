//! Worlds that start, that can't, and that leave nothing behind.

use gangplank_sandbox::{Options, World, WorldError};

use crate::support::{MANAGEMENT, engineer, world};

#[tokio::test]
async fn a_port_in_use_is_told() {
    let first = world(0).await;
    let port = first.proxy().port();
    let options = Options { clusters: Vec::new(), proxy_port: port, ..Options::default() };
    let error = World::start(options).await.unwrap_err();
    assert!(matches!(error, WorldError::Port { what: "proxy", port: told, .. } if told == port), "{error}");
    let expected =
        format!("cannot listen on 127.0.0.1:{port} for the proxy: choose another port, or 0 for any");
    assert_eq!(error.to_string(), expected);
    first.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told() {
    let root = std::path::PathBuf::from("/nonexistent/for/gangplank");
    let options = Options { clusters: Vec::new(), root: Some(root.clone()), ..Options::default() };
    let error = World::start(options).await.unwrap_err();
    assert!(matches!(&error, WorldError::Write { path, .. } if *path == root), "{error}");
}

#[tokio::test]
async fn a_machine_without_git_is_told() {
    let options = Options { clusters: Vec::new(), git: "/nonexistent/git".into(), ..Options::default() };
    let error = World::start(options).await.unwrap_err();
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let told = "cannot run `/nonexistent/git` for the sandbox's repositories: install git and see that it is on the PATH";
    assert_eq!((error.to_string().as_str(), cause.as_str()), ("cannot make the Git server", told));
}

#[tokio::test]
async fn names_that_are_refused_are_told() {
    for (names, told) in [
        (vec!["a", "b", "A"], "cannot make cluster `A`: another cluster of the world has this name"),
        (vec!["aks-prd-we-hub"], "cannot make cluster `aks-prd-we-hub`: another cluster"),
        (vec!["good", "../bad"], "cannot make cluster `../bad`"),
        (vec![""], "cannot make cluster ``"),
    ] {
        let clusters = names.into_iter().map(str::to_owned).collect();
        let error = World::start(Options { clusters, ..Options::default() }).await.unwrap_err();
        assert!(error.to_string().starts_with(told), "{error}");
    }
}

#[tokio::test]
async fn a_tenant_and_a_subscription_can_be_chosen() {
    let id = |digit: &str| uuid::Uuid::parse_str(&digit.repeat(32)).unwrap();
    let options = Options {
        clusters: Vec::new(),
        tenant_id: Some(id("1")),
        subscription_id: Some(id("3")),
        ..Options::default()
    };
    let world = World::start(options).await.unwrap();
    let facts = world.facts();
    assert_eq!((&facts.tenant_id, &facts.subscription_id), (&id("1").to_string(), &id("3").to_string()));
    let scope = format!("https://management.azure.com/subscriptions/{}?api-version=2022-12-01", id("3"));
    let client = engineer(&world, MANAGEMENT).await;
    let reply = client.send(http::Method::GET, &scope, "").await.expect("an answer");
    assert_eq!(reply.json()["tenantId"], id("1").to_string());
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn two_worlds_run_at_once_and_leave_nothing() {
    let root = tempfile::tempdir().unwrap();
    let options =
        || Options { clusters: Vec::new(), root: Some(root.path().to_owned()), ..Options::default() };
    let (one, two) = (World::start(options()).await.unwrap(), World::start(options()).await.unwrap());
    assert_ne!(one.proxy(), two.proxy());
    let mut running = gangplank_sandbox::State::running(root.path());
    running.sort_by_key(|state| state.proxy.port());
    let mut expected = vec![one.state().clone(), two.state().clone()];
    expected.sort_by_key(|state| state.proxy.port());
    assert_eq!(running, expected);

    let proxy = one.proxy();
    one.shutdown().await.unwrap();
    assert!(tokio::net::TcpStream::connect(proxy).await.is_err(), "the port is still open");
    assert_eq!(gangplank_sandbox::State::running(root.path()), vec![two.state().clone()]);
    // Without a word, as by a panic or a cancelled task.
    drop(two);
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_killed_world_left_goes_with_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let options =
        || Options { clusters: Vec::new(), root: Some(root.path().to_owned()), ..Options::default() };
    let living = World::start(options()).await.unwrap();
    // As a process that was killed leaves it: the file is there and nobody holds it locked.
    let dead = root.path().join("gangplank-sandbox-dead");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join("lock"), "").unwrap();
    let strange = root.path().join("gangplank-sandbox-without-a-lock");
    std::fs::create_dir(&strange).unwrap();

    let next = World::start(options()).await.unwrap();
    assert!(!dead.exists());
    assert!(strange.exists() && living.directory().exists() && next.directory().exists());
    living.shutdown().await.unwrap();
    next.shutdown().await.unwrap();
}
