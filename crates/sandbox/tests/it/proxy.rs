//! What the proxy refuses, and how it takes rubbish.

use gangplank_sandbox::World;

use crate::support::{say, world};

/// Sends a request and compares the status line and a part of the body.
async fn check(world: &World, request: &str, status: &str, part: &str) {
    let answer = say(world.proxy(), request.as_bytes()).await;
    let first = answer.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("HTTP/1.1 {status}")), "{request:?}: {answer}");
    assert!(answer.contains(part), "{request:?}: {answer}");
}

fn connect(target: &str) -> String {
    format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")
}

#[tokio::test]
async fn strange_hosts_are_refused_by_name() {
    let world = world(0).await;
    check(&world, &connect("github.com:443"), "403", "refuses github.com:443").await;
    check(&world, &connect("169.254.169.254:443"), "403", "169.254.169.254").await;
    check(&world, &connect("localhost:22"), "403", "localhost:22").await;
    check(&world, &connect("management.azure.com:80"), "403", "management.azure.com:80").await;
    check(&world, &connect("management.azure.com.evil.example:443"), "403", "evil.example").await;
    check(&world, &connect("no-such.hcp.westeurope.azmk8s.io:443"), "502", "no such host").await;
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn only_connect_is_taken() {
    let world = world(0).await;
    check(
        &world,
        "GET http://github.com/ HTTP/1.1\r\nHost: github.com\r\n\r\n",
        "405",
        "plain HTTP to github.com",
    )
    .await;
    check(&world, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "405", "takes CONNECT alone").await;
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn rubbish_ends_its_own_connection_only() {
    let world = world(0).await;
    say(world.proxy(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    say(world.proxy(), &[0; 4096]).await;
    say(world.proxy(), b"").await;
    say(world.proxy(), "CONNECT ".repeat(100_000).as_bytes()).await;
    // Opens a tunnel and talks no TLS in it.
    let request = format!("{}this is no TLS", connect("management.azure.com:443"));
    say(world.proxy(), request.as_bytes()).await;
    check(&world, &connect("github.com:443"), "403", "github.com").await;
    world.shutdown().await.unwrap();
}
