//! Leadership, events and writes against an embedded API server.

#![cfg(test)]

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use gangplank_apiserver::{ApiServer, CertificateUser, Peer};
use gangplank_runtime::{
    Change, EventType, FieldManager, Leadership, Recorder, Shutdown, apply, delete, lead, update_status,
};
use http::Request;
use http_body_util::BodyExt;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::api::events::v1::Event;
use kube::Client;
use kube::Resource;
use kube::api::{Api, ListParams, PropagationPolicy};
use serde_json::json;

fn client() -> Client {
    let server = ApiServer::builder("hub").build().unwrap();
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let server = server.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_else(|_| Bytes::new());
            let certificate =
                CertificateUser { common_name: "admin".into(), organizations: vec!["system:masters".into()] };
            let peer = Peer { address: None, certificate: Some(certificate) };
            Ok::<_, Infallible>(server.handle(Request::from_parts(parts, body), &peer).await)
        }
    });
    Client::new(service, "default")
}

fn candidate(identity: &str) -> Leadership {
    Leadership { retry: Duration::from_millis(20), ..Leadership::new("default", "gangplank", identity) }
}

#[tokio::test]
async fn one_leads_and_the_next_follows_at_once_when_it_is_released() {
    let client = client();
    let (first, second) = (Shutdown::new(), Shutdown::new());
    let (started, leads) = tokio::sync::oneshot::channel();
    let work = move |token: tokio_util::sync::CancellationToken| async move {
        started.send(()).unwrap();
        token.cancelled().await;
    };
    let one = tokio::spawn(lead(client.clone(), candidate("one"), first.clone(), work));
    leads.await.unwrap();
    let two = tokio::spawn(lead(client.clone(), candidate("two"), second, |_| async { "led" }));
    let leases: Api<Lease> = Api::namespaced(client, "default");
    let holder =
        || async { leases.get("gangplank").await.unwrap().spec.and_then(|spec| spec.holder_identity) };
    assert_eq!(holder().await.as_deref(), Some("one"));
    assert!(!two.is_finished());
    first.trigger();
    assert!(matches!(one.await.unwrap(), Ok(Some(()))));
    // Far sooner than the 15 s that the lease would last.
    let led = tokio::time::timeout(Duration::from_secs(10), two).await.unwrap().unwrap();
    assert!(matches!(led, Ok(Some("led"))));
    assert_eq!(holder().await, None);
    let transitions = leases.get("gangplank").await.unwrap().spec.and_then(|spec| spec.lease_transitions);
    assert_eq!(transitions, Some(1));
}

#[tokio::test]
async fn who_loses_the_lease_is_stopped_and_told() {
    let client = client();
    let leases: Api<Lease> = Api::namespaced(client.clone(), "default");
    let (started, leads) = tokio::sync::oneshot::channel();
    let work = move |token: tokio_util::sync::CancellationToken| async move {
        started.send(()).unwrap();
        token.cancelled().await;
    };
    let one = tokio::spawn(lead(client, candidate("one"), Shutdown::new(), work));
    leads.await.unwrap();
    let stolen = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "gangplank"},
        "spec": {"holderIdentity": "thief", "leaseDurationSeconds": 15},
    });
    apply(&leases, FieldManager("thief"), "gangplank", &stolen).await.unwrap();
    let lost = tokio::time::timeout(Duration::from_secs(10), one).await.unwrap().unwrap();
    assert!(lost.is_err(), "{lost:?}");
}

#[tokio::test]
async fn a_repeated_event_is_one_object() {
    let client = client();
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let map = apply(&maps, FieldManager("test"), "a", &map).await.unwrap();
    let recorder = Recorder::new(client.clone(), "test", "instance");
    for note in ["same", "same", "other"] {
        recorder.publish(&map.object_ref(&()), EventType::Normal, "Tested", note).await;
    }
    let events: Api<Event> = Api::namespaced(client, "default");
    let mut notes: Vec<_> = events
        .list(&ListParams::default())
        .await
        .unwrap()
        .items
        .into_iter()
        .filter_map(|event| event.note)
        .collect();
    notes.sort();
    assert_eq!(notes, ["other", "same"]);
}

#[tokio::test]
async fn writes_are_made_only_where_something_differs() {
    let client = client();
    let pods: Api<Pod> = Api::namespaced(client, "default");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    apply(&pods, FieldManager("test"), "a", &pod).await.unwrap();
    let status = json!({"message": "hello"});
    assert_eq!(update_status(&pods, "a", None, &status).await.unwrap(), Change::Written);
    assert_eq!(
        pods.get("a").await.unwrap().status.and_then(|status| status.message).as_deref(),
        Some("hello")
    );
    assert_eq!(update_status(&pods, "a", Some(&status), &status).await.unwrap(), Change::Unchanged);
    assert_eq!(update_status(&pods, "absent", None, &status).await.unwrap(), Change::Unchanged);
    let background = || PropagationPolicy::Background;
    assert_eq!(delete(&pods, "absent", None, background()).await.unwrap(), Change::Unchanged);
    assert!(delete(&pods, "a", Some("another-uid"), background()).await.is_err());
    assert_eq!(delete(&pods, "a", None, background()).await.unwrap(), Change::Written);
}
