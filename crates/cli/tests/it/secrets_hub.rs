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

use crate::running::Running;

const ABSENT: &str = "skipped: `cargo xtask peers` has not built kube-apiserver and etcd here";

/// A value that must never be seen but in Secrets.
const PLANTED: &str = "planted-7f3a9c";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recorded_behaviour_on_a_real_kube_apiserver() {
    let Some(folder) = corpus() else {
        eprintln!("skipped: no corpus (set GANGPLANK_CORPUS)");
        return;
    };
    let Some(hub) = Hub::open().await else {
        eprintln!("{ABSENT}");
        return;
    };
    let _run = hub.run("run.log", &["-v"]);
    let Played { report, unexplained } = play_all(&hub, &cases(&folder), 24, &[]).await;
    println!("{report}");
    assert_eq!(unexplained, 0, "cases differ; what the process said:\n{}", hub.said("run.log"));
}

impl Hub {
    /// A vault with one secret, and a store of the namespace `default` that reads it.
    async fn furnish(&self) {
        let application = self.tenant().vault("vault");
        self.tenant().trust(application, "default", "reader");
        let secrets = BTreeMap::from([("a".to_owned(), vec![SecretSeed::new(PLANTED)])]);
        self.tenant()
            .cloud
            .set_vault_contents("vault", VaultContents { secrets, ..VaultContents::default() });
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", "annotations": {
        "azure.workload.identity/client-id": application.app_id.to_string(),
        "azure.workload.identity/tenant-id": TENANT.to_string()}}});
        self.make("/api/v1/namespaces/default/serviceaccounts", &account).await;
        let store = json!({"apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "store"},
        "spec": {"provider": {"azurekv": {"authType": "WorkloadIdentity",
            "vaultUrl": "https://vault.vault.azure.net", "serviceAccountRef": {"name": "reader"}}}}});
        self.make("/apis/external-secrets.io/v1/namespaces/default/secretstores", &store).await;
    }

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

    /// Waits until each of these ExternalSecrets was refreshed twice.
    async fn refreshed(&self, names: &[&str]) {
        for name in names {
            let path = format!("{OURS}/{name}");
            let time = |object: &Value| object.pointer("/status/refreshTime").cloned().unwrap_or_default();
            for _ in 0..2 {
                let before = time(&self.ask("GET", &path, None).await.1);
                self.until(&path, |object| time(object) != before).await;
            }
        }
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
    let Some(mut hub) = Hub::open().await else {
        eprintln!("{ABSENT}");
        return;
    };
    hub.furnish().await;

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

/// A kind that External Secrets watches whatever it is told, and ends after two minutes without.
const GENERATOR_STATE: &str = r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "generatorstates.generators.external-secrets.io"},
    "spec": {"group": "generators.external-secrets.io", "scope": "Namespaced",
        "names": {"kind": "GeneratorState", "listKind": "GeneratorStateList", "plural": "generatorstates",
            "singular": "generatorstate"},
        "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
            {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}"#;

/// The real operator, where it is among the peers.
fn external_secrets(hub: &Hub) -> Option<Running> {
    let program = crate::kubernetes::peers()?.join("bin/external-secrets");
    if !program.exists() {
        return None;
    }
    let mut command = Command::new(program);
    hub.apply(GENERATOR_STATE);
    command.args(["--metrics-addr=127.0.0.1:0", "--live-addr=127.0.0.1:0", "--enable-generator-state=false"]);
    command.args(["--enable-push-secret-reconciler=false", "--enable-cluster-push-secret-reconciler=false"]);
    Some(hub.start(&mut command, "external-secrets"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_namespace_goes_over_from_external_secrets_and_back_without_a_write() {
    let Some(hub) = Hub::open().await else {
        eprintln!("{ABSENT}");
        return;
    };
    hub.furnish().await;
    let Some(theirs) = external_secrets(&hub) else {
        eprintln!("skipped: `cargo xtask peers` has not built External Secrets here");
        return;
    };
    let spec = |target: Value| {
        json!({"refreshInterval": "2s", "secretStoreRef": {"name": "store"}, "target": target,
            "data": [{"secretKey": "x", "remoteRef": {"key": "a"}}]})
    };
    let template = json!({"type": "Opaque", "metadata": {"labels": {"team": "blue"}, "annotations": {"a": "{{ .x }}"}},
        "data": {"config": "{{ .x | upper }}"}});
    let targets = [
        ("owner", json!({})),
        ("template", json!({"template": template})),
        ("orphan", json!({"creationPolicy": "Orphan"})),
        ("merge", json!({"creationPolicy": "Merge"})),
        ("delete", json!({"deletionPolicy": "Delete"})),
        ("a-name-that-is-longer-than-field-managers-may-be", json!({"template": template})),
    ];
    let present = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "merge"}, "stringData": {"own": "1"}});
    hub.make("/api/v1/namespaces/default/secrets", &present).await;
    for (name, target) in &targets {
        let metadata = json!({"name": name, "labels": {"app": "a"}, "annotations": {"note": "n"}});
        let object = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata,
            "spec": spec(target.clone())});
        hub.make(OURS, &object).await;
    }
    hub.refreshed(&targets.each_ref().map(|(name, _)| *name)).await;
    let before = hub.versions().await;
    let mut names = targets.each_ref().map(|(name, _)| *name);
    names.sort_unstable();
    assert_eq!(before.keys().collect::<Vec<_>>(), names, "{}", hub.said("external-secrets"));

    drop(theirs);
    let ours = hub.run("ours", &["-v"]);
    hub.refreshed(&names).await;
    assert_eq!(hub.versions().await, before, "we write nothing that External Secrets made");
    drop(ours);
    let _theirs = external_secrets(&hub);
    hub.refreshed(&names).await;
    assert_eq!(hub.versions().await, before, "External Secrets writes nothing after us");
}
