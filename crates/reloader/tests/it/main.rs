//! The reloader against an embedded API server.

#![cfg(test)]

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use gangplank_apiserver::{ApiServer, CertificateUser, Peer};
use gangplank_reloader::{Options, Strategy, run};
use gangplank_runtime::{Health, Metrics, Shutdown};
use http::Request;
use http_body_util::BodyExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

const ANNOTATION: &str = "reloader.stakater.com/last-reloaded-from";

fn client(server: &ApiServer) -> Client {
    let server = server.clone();
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

struct World {
    client: Client,
    shutdown: Shutdown,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl World {
    /// A Deployment that reads the Secret `used`, and a controller at work.
    async fn new(strategy: Strategy) -> World {
        let client = client(&ApiServer::builder("hub").build().unwrap());
        let world = World { client: client.clone(), shutdown: Shutdown::new() };
        for name in ["used", "unused"] {
            let secret: Secret =
                serde_json::from_value(json!({"metadata": {"name": name}, "stringData": {"key": "1"}}))
                    .unwrap();
            world.secrets().create(&PostParams::default(), &secret).await.unwrap();
        }
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": "app"},
            "spec": {
                "selector": {"matchLabels": {"app": "app"}},
                "template": {
                    "metadata": {"labels": {"app": "app"}, "annotations": {"reloader.stakater.com/auto": "true"}},
                    "spec": {"containers": [
                        {"name": "main", "image": "i", "envFrom": [{"secretRef": {"name": "used"}}]},
                    ]},
                },
            },
        }))
        .unwrap();
        world.deployments().create(&PostParams::default(), &deployment).await.unwrap();
        let options = Options { strategy, gather: Duration::from_millis(20), ..Options::default() };
        let (health, shutdown) = (Health::new(), world.shutdown.clone());
        let ready = health.clone();
        tokio::spawn(async move { run(client, options, &Metrics::new(), &health, shutdown).await });
        world.until("the controller is ready", || async { ready.is_ready() }).await;
        world
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), "default")
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), "default")
    }

    async fn change(&self, secret: &str, patch: Value) {
        self.secrets().patch(secret, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn template(&self) -> Value {
        serde_json::to_value(self.deployments().get("app").await.unwrap().spec.unwrap().template).unwrap()
    }

    /// What the Deployment was restarted for: the Secret's name in the annotation.
    async fn reloaded_from(&self) -> Option<String> {
        let text = self.template().await["metadata"]["annotations"][ANNOTATION].as_str()?.to_owned();
        let source: Value = serde_json::from_str(&text).ok()?;
        source["name"].as_str().map(str::to_owned)
    }

    async fn until<F, R>(&self, what: &str, mut holds: F)
    where
        F: FnMut() -> R,
        R: Future<Output = bool>,
    {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(waited.await.is_ok(), "waited in vain until {what}");
    }
}

#[tokio::test]
async fn content_that_is_used_restarts_and_nothing_else_does() {
    let world = World::new(Strategy::Annotations).await;
    // In this order: had either of the first two restarted the pods, the annotation would name it before the last.
    world.change("used", json!({"metadata": {"labels": {"x": "1"}}})).await;
    world.change("unused", json!({"stringData": {"key": "2"}})).await;
    world.change("used", json!({"stringData": {"key": "2"}})).await;
    world.until("it is restarted", || async { world.reloaded_from().await.is_some() }).await;
    assert_eq!(world.reloaded_from().await.as_deref(), Some("used"));
    let deployment = world.deployments().get("app").await.unwrap();
    let managers: Vec<String> = deployment
        .metadata
        .managed_fields
        .iter()
        .flatten()
        .filter_map(|entry| entry.manager.clone())
        .collect();
    assert!(managers.iter().any(|manager| manager == "gangplank-reloader"), "{managers:?}");
    assert_eq!(deployment.metadata.generation, Some(2));
}

#[tokio::test]
async fn a_variable_can_restart_as_well() {
    let world = World::new(Strategy::EnvironmentVariables).await;
    world.change("used", json!({"stringData": {"key": "2"}})).await;
    world
        .until("the variable stands", || async {
            world.template().await["spec"]["containers"][0]["env"][0]["name"] == "STAKATER_USED_SECRET"
        })
        .await;
    assert_eq!(world.template().await["spec"]["containers"][0]["image"], "i");
}
