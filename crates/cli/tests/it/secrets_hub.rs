//! `gangplank run --enable secrets` on a real kube-apiserver, with nothing but its own rights, and an Azure behind its proxy.
//!
//! ```text
//!   gangplank run ──▶ kube-apiserver ◀── the test, as an administrator
//!        │ HTTPS_PROXY, SSL_CERT_FILE
//!        ▼
//!      door ──▶ azuresim, which trusts the API server's tokens
//! ```
//!
//! Skipped, saying so, where `cargo xtask peers` has not built kube-apiserver and etcd.

#[path = "../../../secrets/tests/it/cases.rs"]
mod cases;
#[path = "../../../secrets/tests/it/compare.rs"]
mod compare;
mod door;
mod hub;
#[path = "../../../secrets/tests/it/player.rs"]
mod player;
#[path = "../../../secrets/tests/it/tenant.rs"]
mod tenant;

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use cases::{Played, cases, corpus, play_all};
use gangplank_azuresim::{SecretSeed, VaultContents};
use hub::Hub;
use player::Stage as _;
use serde_json::{Value, json};
use tenant::TENANT;

const ABSENT: &str = "skipped: `cargo xtask peers` has not built kube-apiserver and etcd here";

/// A value that must never be seen but in Secrets.
const PLANTED: &str = "planted-7f3a9c";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recorded_behaviour_on_a_real_kube_apiserver() {
    let Some(folder) = corpus() else {
        eprintln!("skipped: no corpus (set GANGPLANK_CORPUS)");
        return;
    };
    let Some(hub) = Hub::start().await else {
        eprintln!("{ABSENT}");
        return;
    };
    let _run = hub.run("run.log", &["-v"]);
    let Played { report, unexplained } = play_all(&hub, &cases(&folder), 24, &[]).await;
    println!("{report}");
    assert_eq!(unexplained, 0, "cases differ; what the process said:\n{}", hub.said("run.log"));
}

impl Hub {
    async fn make(&self, path: &str, object: &Value) {
        let (status, answer) = self.ask("POST", path, Some(object)).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// Waits until an object is as wished.
    async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1_200 {
            let (_, object) = self.ask("GET", path, None).await;
            if holds(&object) {
                return object;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} did not come to it; the processes said:\n{}\n{}", self.said("one"), self.said("two"));
    }

    /// Makes an ExternalSecret of the namespace `default` and waits until it is Ready.
    async fn sync(&self, name: &str) {
        let object = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": name},
            "spec": {"secretStoreRef": {"name": "store"}, "data": [{"secretKey": "x", "remoteRef": {"key": "a"}}]}});
        self.make(OURS, &object).await;
        self.until(&format!("{OURS}/{name}"), |object| {
            object.pointer("/status/conditions/0/status") == Some(&json!("True"))
        })
        .await;
    }

    /// The resourceVersions of all Secrets.
    async fn versions(&self) -> BTreeMap<String, String> {
        let (_, list) = self.ask("GET", "/api/v1/namespaces/default/secrets", None).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of = |secret: &Value| {
            (text(&secret["metadata"]["name"]), text(&secret["metadata"]["resourceVersion"]))
        };
        list["items"].as_array().into_iter().flatten().map(of).collect()
    }

    async fn leader(&self) -> String {
        let lease = "/apis/coordination.k8s.io/v1/namespaces/external-secrets/leases/gangplank";
        let (_, lease) = self.ask("GET", lease, None).await;
        lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
    }
}

const OURS: &str = "/apis/external-secrets.io/v1/namespaces/default/externalsecrets";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_next_process_goes_on_without_a_write_when_the_leader_or_the_api_server_ends() {
    let Some(mut hub) = Hub::start().await else {
        eprintln!("{ABSENT}");
        return;
    };
    let application = hub.tenant().vault("vault");
    hub.tenant().trust(application, "default", "reader");
    let secrets = BTreeMap::from([("a".to_owned(), vec![SecretSeed::new(PLANTED)])]);
    hub.tenant().cloud.set_vault_contents("vault", VaultContents { secrets, ..VaultContents::default() });
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "annotations": {
        "azure.workload.identity/client-id": application.app_id.to_string(),
        "azure.workload.identity/tenant-id": TENANT.to_string()}}});
    hub.make("/api/v1/namespaces/default/serviceaccounts", &account).await;
    let store = json!({"apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "store"},
        "spec": {"provider": {"azurekv": {"authType": "WorkloadIdentity",
            "vaultUrl": "https://vault.vault.azure.net", "serviceAccountRef": {"name": "reader"}}}}});
    hub.make("/apis/external-secrets.io/v1/namespaces/default/secretstores", &store).await;

    let mut one = hub.run("one", &["-vv"]);
    for number in 0..10 {
        hub.sync(&format!("es-{number}")).await;
    }
    let logins =
        hub.door.asked.lock().unwrap().iter().filter(|line| line.contains("/oauth2/v2.0/token")).count();
    assert_eq!(logins, 1, "one identity, one scope, one login");
    let before = hub.versions().await;
    assert_eq!(hub.leader().await, format!("gangplank-{}", one.0.id()));

    // Killed: the lease runs out, and another goes on.
    let mut two = hub.run("two", &["-vv"]);
    one.0.kill().unwrap();
    hub.sync("after-the-leader").await;
    assert_eq!(hub.leader().await, format!("gangplank-{}", two.0.id()));
    tokio::task::block_in_place(|| {
        hub.kubernetes.stop();
        hub.kubernetes.go_on();
    });
    hub.sync("after-the-api-server").await;
    let mut after = hub.versions().await;
    after.retain(|name, _| before.contains_key(name));
    assert_eq!(after, before, "what is in place is not written");

    // Asked to end: the lease is given back, and the process ends well.
    let metrics = hub.metrics("two");
    let asked = Command::new("kill").args(["-TERM", &two.0.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let status = tokio::task::block_in_place(|| two.0.wait().unwrap());
    assert!(status.success(), "{}", hub.said("two"));
    assert_eq!(hub.leader().await, "");

    let (_, events) = hub.ask("GET", "/api/v1/namespaces/default/events", None).await;
    let (_, objects) = hub.ask("GET", OURS, None).await;
    for (place, said) in [
        ("the first process", hub.said("one")),
        ("the second process", hub.said("two")),
        ("metrics", metrics),
        ("events", events.to_string()),
        ("ExternalSecrets", objects.to_string()),
    ] {
        assert!(!said.is_empty(), "{place} said something");
        assert!(!said.contains(PLANTED), "{place} told the secret");
        // A token of the API server's or of Entra's.
        assert!(!said.contains("eyJ"), "{place} told a token");
    }
}
