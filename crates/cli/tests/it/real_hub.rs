//! The same controllers, `gangplank run`, on a hub that is a real kube-apiserver; Azure and the clusters are the sandbox's.
//!
//! The real API server signs with the key of the sandbox's hub and names its issuer, so that Entra trusts its tokens. Skipped, saying so,
//! where `cargo xtask peers` has not built kube-apiserver and etcd.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::command::gangplank;
use crate::kubernetes::{self, Kubernetes};
use crate::running::{environment, start, until};

#[test]
fn three_clusters_come_aboard_on_a_real_kube_apiserver() {
    let Some(peers) = kubernetes::peers() else {
        eprintln!("skipped: `cargo xtask peers` has not built kube-apiserver and etcd here");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let worlds = at("worlds");
    fs::create_dir(&worlds).unwrap();
    let _sandbox = start(gangplank(&["sandbox"]).env("TMPDIR", &worlds), &at("sandbox.log"));
    let (variables, world) = environment(&worlds);
    let state: Value = serde_json::from_slice(&fs::read(world.join("world.json")).unwrap()).unwrap();
    let issuer = state["facts"]["hub"]["issuer_url"].as_str().unwrap();
    let key = world.join("hub-signing-key.pem");
    let tree = world.join("platform");
    until("the tree to be pushed", || {
        fs::read_to_string(at("sandbox.log")).ok()?.contains("pushed the tree").then_some(())
    });

    let kubernetes = Kubernetes::start(&peers, folder.path(), issuer, &key, "");
    let kubeconfig = kubernetes.kubeconfig("admin", "admintoken", "default");
    let kubectl = |arguments: &[&str], input: &str| {
        let mut command = kubernetes.kubectl(&kubeconfig, arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A kubectl that fails early does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait().unwrap().success().then_some(())
    };

    let crds = String::from_utf8(gangplank(&["crds"]).output().unwrap().stdout).unwrap();
    until("the CRDs", || kubectl(&["apply", "--server-side", "-f", "-"], &crds));
    for namespace in ["argocd", "external-secrets"] {
        until("the namespaces", || kubectl(&["create", "namespace", namespace], ""));
    }
    let application = fs::read_to_string(tree.join("manifests/argocd/base/argocd-app.yaml")).unwrap();
    until("the self-managing application", || kubectl(&["apply", "--server-side", "-f", "-"], &application));

    let on_real_hub = |arguments: &[&str]| {
        let mut command = gangplank(arguments);
        command.envs(&variables).env("KUBECONFIG", &kubeconfig).env("GANGPLANK_TREE", &tree);
        command
    };
    let controllers = "secrets,applications,clusters,reloader";
    let mut run = on_real_hub(&["run", "--enable", controllers, "--listen", "127.0.0.1:0"]);
    let _run = start(&mut run, &at("run.log"));
    let mut last = Value::Null;
    let aboard = until("three clusters aboard", || {
        let output = on_real_hub(&["status", "--output", "json"]).output().unwrap();
        last = serde_json::from_slice(&output.stdout).unwrap_or_default();
        output.status.success().then(|| last.clone())
    });
    let aboard = aboard.as_array().unwrap();
    assert_eq!(aboard.len(), 3);
    assert!(aboard.iter().all(|cluster| cluster["aboard"] == true), "{aboard:#?}");
}
