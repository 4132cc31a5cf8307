//! What the transcripts don't show: what stays on disk, what runs without nodes, who asks in the binary form.

use std::sync::{Arc, Mutex};

use gangplank_apiserver::{ApiServer, Builder, PodMutator, TokenFile};
use serde_json::{Value, json};

use crate::differential::Answer;
use crate::play::send;

const ADMIN: &str = "t,admin,admin,system:masters\n";

fn builder() -> Builder {
    ApiServer::builder("behaviour").seed(1).token_file(TokenFile::parse(ADMIN).unwrap())
}

async fn ask(server: &ApiServer, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    send(server, method, path, &[header("authorization", "Bearer t"), header("content-type", kind)], body)
        .await
}

async fn call(server: &ApiServer, method: &str, path: &str, body: Value) -> Value {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let answer = ask(server, method, path, kind, &bytes).await;
    serde_json::from_slice(&answer.body).unwrap()
}

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn what_was_acknowledged_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = builder().data(folder.path()).build().unwrap();
    let kept =
        call(&server, "POST", CONFIG_MAPS, json!({"metadata": {"name": "kept"}, "data": {"a": "1"}})).await;
    call(&server, "POST", CONFIG_MAPS, json!({"metadata": {"name": "gone"}})).await;
    call(&server, "DELETE", &format!("{CONFIG_MAPS}/gone"), Value::Null).await;
    let changed = call(&server, "PATCH", &format!("{CONFIG_MAPS}/kept"), json!({"data": {"a": "2"}})).await;
    drop(server);
    // The process was killed in the middle of a line.
    let path = folder.path().join("objects.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"collection\":\"/configmaps\",\"name");
    std::fs::write(&path, text).unwrap();

    let server = builder().data(folder.path()).build().unwrap();
    let found = call(&server, "GET", &format!("{CONFIG_MAPS}/kept"), Value::Null).await;
    assert_eq!(found, changed);
    assert_eq!(found["metadata"]["uid"], kept["metadata"]["uid"]);
    assert_eq!(call(&server, "GET", &format!("{CONFIG_MAPS}/gone"), Value::Null).await["code"], 404);
    let number =
        |value: &Value| value["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
    let newer = call(&server, "POST", CONFIG_MAPS, json!({"metadata": {"name": "new"}})).await;
    assert!(number(&newer) > number(&changed));
}

fn workload(kind: &str, replicas: u64) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "serviceName": "web",
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": "example/image:1"}]},
            },
        },
    })
}

#[tokio::test]
async fn a_deployment_rolls_out_where_pods_run() {
    let server = builder().runs(true).build().unwrap();
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let mut wanted = workload("Deployment", 3);
    wanted["spec"].as_object_mut().unwrap().remove("serviceName");
    call(&server, "POST", path, wanted).await;
    let path = format!("{path}/web");
    let ready = call(&server, "GET", &path, Value::Null).await;
    assert_eq!(ready["status"]["availableReplicas"], 3, "{}", ready["status"]);
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example/image:2"}]}}}});
    call(&server, "PATCH", &path, image).await;
    let rolled = call(&server, "GET", &path, Value::Null).await;
    for member in ["replicas", "updatedReplicas", "availableReplicas"] {
        assert_eq!(rolled["status"][member], 3, "{member}");
    }
    assert_eq!(rolled["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let pods = call(&server, "GET", "/api/v1/namespaces/default/pods", Value::Null).await;
    let images: Vec<&Value> =
        pods["items"].as_array().unwrap().iter().map(|pod| &pod["spec"]["containers"][0]["image"]).collect();
    assert_eq!(images, ["example/image:2"; 3]);
    call(&server, "DELETE", &path, Value::Null).await;
    let pods = call(&server, "GET", "/api/v1/namespaces/default/pods", Value::Null).await;
    assert_eq!(pods["items"], json!([]));
}

#[tokio::test]
async fn a_stateful_set_has_numbered_pods_with_claims() {
    let server = builder().runs(true).build().unwrap();
    let mut set = workload("StatefulSet", 2);
    set["spec"]["volumeClaimTemplates"] = json!([{
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }]);
    call(&server, "POST", "/apis/apps/v1/namespaces/default/statefulsets", set).await;
    let set = call(&server, "GET", "/apis/apps/v1/namespaces/default/statefulsets/web", Value::Null).await;
    assert_eq!(set["status"]["readyReplicas"], 2, "{}", set["status"]);
    let pod = call(&server, "GET", "/api/v1/namespaces/default/pods/web-1", Value::Null).await;
    assert_eq!(pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "data-web-1");
    let claim =
        call(&server, "GET", "/api/v1/namespaces/default/persistentvolumeclaims/data-web-1", Value::Null)
            .await;
    assert_eq!(claim["status"]["phase"], "Bound");
}

struct Webhook(Mutex<Vec<String>>);

impl PodMutator for Webhook {
    fn mutate(&self, pod: &mut Value, account: Option<&Value>, namespace: &str) -> Result<(), String> {
        let account = account.and_then(|account| account["metadata"]["name"].as_str()).unwrap_or("none");
        self.0.lock().unwrap().push(format!("{namespace}/{account}"));
        if pod["metadata"]["labels"]["app"] == "bad" {
            return Err("admission webhook \"example\" denied the request".to_owned());
        }
        pod["metadata"]["annotations"]["seen"] = "yes".into();
        Ok(())
    }
}

#[tokio::test]
async fn webhooks_see_all_pods() {
    let webhook = Arc::new(Webhook(Mutex::default()));
    let server = builder().pod_mutator(webhook.clone()).build().unwrap();
    let mut wanted = workload("Deployment", 1);
    wanted["spec"].as_object_mut().unwrap().remove("serviceName");
    call(&server, "POST", "/apis/apps/v1/namespaces/default/deployments", wanted).await;
    let pods = call(&server, "GET", "/api/v1/namespaces/default/pods", Value::Null).await;
    assert_eq!(pods["items"][0]["metadata"]["annotations"]["seen"], "yes");
    assert_eq!(*webhook.0.lock().unwrap(), ["default/default"]);
    let bad = json!({
        "metadata": {"name": "bad", "labels": {"app": "bad"}},
        "spec": {"containers": [{"name": "main", "image": "x"}]},
    });
    let refused = call(&server, "POST", "/api/v1/namespaces/default/pods", bad).await;
    assert_eq!(refused["code"], 403);
}

#[tokio::test]
async fn a_body_in_the_binary_form_is_read() {
    fn field(number: u8, inner: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(inner.len()).unwrap()], inner].concat()
    }
    let server = builder().build().unwrap();
    let entry = [field(1, b"a"), field(2, b"1")].concat();
    let raw = [field(1, &field(1, b"binary")), field(2, &entry)].concat();
    let types = [field(1, b"v1"), field(2, b"ConfigMap")].concat();
    let body = [b"k8s\0".to_vec(), field(1, &types), field(2, &raw)].concat();
    let answer = ask(&server, "POST", CONFIG_MAPS, "application/vnd.kubernetes.protobuf", &body).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let found = call(&server, "GET", &format!("{CONFIG_MAPS}/binary"), Value::Null).await;
    assert_eq!(found["data"], json!({"a": "1"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_is_lost_among_many() {
    const WRITERS: u64 = 8;
    const EACH: u64 = 20;
    let server = builder().build().unwrap();
    call(&server, "POST", CONFIG_MAPS, json!({"metadata": {"name": "counter"}, "data": {"n": "0"}})).await;
    let path = format!("{CONFIG_MAPS}/counter");
    let tasks: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (server, path) = (server.clone(), path.clone());
            tokio::spawn(async move {
                for _ in 0..EACH {
                    loop {
                        let mut found = call(&server, "GET", &path, Value::Null).await;
                        let next = found["data"]["n"].as_str().unwrap().parse::<u64>().unwrap() + 1;
                        found["data"]["n"] = next.to_string().into();
                        let written = call(&server, "PUT", &path, found).await;
                        if written["kind"] == "ConfigMap" {
                            break;
                        }
                        assert_eq!(written["reason"], "Conflict", "{written}");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let found = call(&server, "GET", &path, Value::Null).await;
    assert_eq!(found["data"]["n"], (WRITERS * EACH).to_string());
}
