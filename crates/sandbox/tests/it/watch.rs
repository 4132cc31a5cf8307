//! Answers that don't end: events come through the proxy as they happen, and a watch ends with its world.

use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};

use crate::client::Client;
use crate::support::{administrator, world};

/// Starts a watch of the namespaces and gives its body.
async fn watch(client: &Client, server: &str) -> hyper::body::Incoming {
    let host = server.trim_start_matches("https://").trim_end_matches(":443");
    let stream = TokioIo::new(client.connect(host).await.unwrap());
    let request = Request::get(format!("{server}/api/v1/namespaces?watch=1&labelSelector=watched%3Dyes"));
    let request = request.header("host", host).body(Empty::<bytes::Bytes>::new()).unwrap();
    let response = if client.h2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    assert_eq!(response.status(), 200);
    response.into_body()
}

/// The next event: its type and the object's name.
async fn next(body: &mut hyper::body::Incoming) -> (String, String) {
    let frame = body.frame().await.expect("an event").unwrap();
    let event: Value = serde_json::from_slice(frame.data_ref().unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&event["type"]), text(&event["object"]["metadata"]["name"]))
}

#[tokio::test]
async fn events_come_at_once_and_a_watch_ends_with_its_world() {
    let world = world(0).await;
    let hub = world.facts().hub.clone();
    let client = administrator(&world, &hub);
    let mut bodies = Vec::new();
    for h2 in [false, true] {
        bodies.push(watch(&Client { h2, ..client.clone() }, &hub.server).await);
    }
    let namespace = json!({"metadata": {"name": "seen", "labels": {"watched": "yes"}}}).to_string();
    let url = format!("{}/api/v1/namespaces", hub.server);
    client.send(Method::POST, &url, namespace).await.unwrap();
    for body in &mut bodies {
        assert_eq!(next(body).await, ("ADDED".to_owned(), "seen".to_owned()));
    }
    world.shutdown().await.unwrap();
    for mut body in bodies {
        assert!(!matches!(body.frame().await, Some(Ok(frame)) if frame.is_data()), "the watch goes on");
    }
}
