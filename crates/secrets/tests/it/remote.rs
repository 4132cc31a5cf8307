//! The `kubernetes` provider: Secrets of another API server, reached over a socket.

use crate::world::{World, is_ready};
use gangplank_apiserver::Peer;
use gangplank_pki::{Authority, Lifetime};
use gangplank_secrets::Options;
use http::Request;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rand::SeedableRng;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;

/// Serves the hub on a loopback port; callers are who their tokens say.
async fn serve(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hub = world.hub.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let hub = hub.clone();
            let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
                let hub = hub.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                    Ok::<_, Infallible>(hub.handle(Request::from_parts(parts, body), &Peer::default()).await)
                }
            });
            let serving = async move {
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                // A client that goes away ends its connection with an error; that is no concern here.
                let _ =
                    builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await;
            };
            tokio::spawn(serving);
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_of_another_cluster_are_read_with_a_service_accounts_token() {
    let world = World::new().await;
    let url = serve(&world).await;
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let now = jiff::Timestamp::now().as_second();
    let authority = Authority::generate("remote", Lifetime::days(now, 1), &mut random).unwrap();
    let bundle = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, authority.certificate_pem());
    let make = async |object: Value| world.make(&object).await;
    make(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "remote"}})).await;
    make(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "source", "namespace": "remote",
        "labels": {"app": "a"}}, "stringData": {"user": "u", "json": "{\"a\":{\"b\":\"deep\"}}"}}))
    .await;
    make(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader"}})).await;
    let subject = json!([{"kind": "ServiceAccount", "name": "reader", "namespace": "default"}]);
    make(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "reader", "namespace": "remote"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]}))
    .await;
    let store = |name: &str, remote: &str| {
        json!({"apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": name},
            "spec": {"provider": {"kubernetes": {"remoteNamespace": remote,
                "server": {"url": url, "caBundle": bundle}, "auth": {"serviceAccount": {"name": "reader"}}}}}})
    };
    make(store("store", "remote")).await;
    make(store("elsewhere", "kube-system")).await;
    world.start(Options::default());
    let ours = "/apis/external-secrets.io/v1/namespaces/default";
    let refused =
        world.until(&format!("{ours}/secretstores/elsewhere"), |store| is_ready(store, "False")).await;
    assert_eq!(refused["status"]["conditions"][0]["message"], "unable to validate store");
    make(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "reader", "namespace": "remote"}, "subjects": subject,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}}))
    .await;
    make(
        json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "es"},
        "spec": {"secretStoreRef": {"name": "store"},
            "data": [
                {"secretKey": "user", "remoteRef": {"key": "source", "property": "user"}},
                {"secretKey": "deep", "remoteRef": {"key": "source", "property": "json.a.b"}},
                {"secretKey": "all", "remoteRef": {"key": "source"}}],
            "dataFrom": [{"extract": {"key": "source"}}, {"find": {"tags": {"app": "a"}}}]}}),
    )
    .await;
    world.until(&format!("{ours}/externalsecrets/es"), |object| is_ready(object, "True")).await;
    let made =
        world.until("/api/v1/namespaces/default/secrets/es", |secret| secret["data"].is_object()).await;
    let value = |key: &str| {
        let text = made["data"][key].as_str().unwrap_or_default();
        String::from_utf8(gangplank_yaml::decode_base64(text).unwrap()).unwrap()
    };
    let all = r#"{"json":"{\"a\":{\"b\":\"deep\"}}","user":"u"}"#;
    assert_eq!(
        [value("user"), value("deep"), value("all"), value("json"), value("source")],
        ["u", "deep", all, r#"{"a":{"b":"deep"}}"#, all]
    );
    world.shutdown.trigger();
    assert!(world.shutdown.finished(Duration::from_secs(20)).await);
}
