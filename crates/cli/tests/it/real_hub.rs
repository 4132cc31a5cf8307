//! The same controllers, `gangplank run`, on a hub that is a real kube-apiserver; Azure and the clusters are the sandbox's.
//!
//! The real API server signs with the key of the sandbox's hub and names its issuer, so that Entra trusts its tokens. Skipped, saying so,
//! where `cargo xtask peers` has not built kube-apiserver and etcd.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::gangplank;
use crate::running::{environment, peers, start, until};

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn three_clusters_come_aboard_on_a_real_kube_apiserver() {
    let Some(peers) = peers(&["bin/kube-apiserver", "bin/etcd", "python/bin/kubectl"]) else {
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

    let (etcd_port, peer_port, api_port) = (port(), port(), port());
    let (etcd_url, peer_url) =
        (format!("http://127.0.0.1:{etcd_port}"), format!("http://127.0.0.1:{peer_port}"));
    let mut etcd = Command::new(peers.join("bin/etcd"));
    etcd.arg("--data-dir").arg(at("etcd")).arg("--unsafe-no-fsync");
    etcd.args(["--listen-client-urls", &etcd_url, "--advertise-client-urls", &etcd_url]);
    etcd.args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url]);
    let _etcd = start(etcd.arg(format!("--initial-cluster=default={peer_url}")), &at("etcd.log"));

    fs::write(at("tokens.csv"), "admintoken,admin,admin,system:masters\n").unwrap();
    let mut server = Command::new(peers.join("bin/kube-apiserver"));
    server.args([
        "--etcd-servers",
        &etcd_url,
        "--bind-address",
        "127.0.0.1",
        "--secure-port",
        &api_port.to_string(),
    ]);
    server.arg("--cert-dir").arg(at("certificates")).arg("--token-auth-file").arg(at("tokens.csv"));
    server.args(["--service-account-issuer", issuer, "--api-audiences", issuer]);
    // A private key holds its public half: one file serves for signing and for checking.
    server.arg("--service-account-key-file").arg(&key).arg("--service-account-signing-key-file").arg(&key);
    server.args(["--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24"]);
    server.args(["--disable-admission-plugins", "ServiceAccount", "--enable-priority-and-fairness=false"]);
    let _server = start(&mut server, &at("kube-apiserver.log"));
    let kubeconfig = at("kubeconfig");
    let certificate = at("certificates").join("apiserver.crt");
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "real",
        "clusters": [{"name": "real", "cluster": {
            "server": format!("https://127.0.0.1:{api_port}"), "certificate-authority": certificate}}],
        "users": [{"name": "admin", "user": {"token": "admintoken"}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
    });
    fs::write(&kubeconfig, config.to_string()).unwrap();
    let kubectl = |arguments: &[&str], input: &str| {
        let mut command = Command::new(peers.join("python/bin/kubectl"));
        command.args(arguments).env("KUBECONFIG", &kubeconfig).env_remove("HTTPS_PROXY");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A kubectl that fails early does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait().unwrap().success().then_some(())
    };
    until("the API server to be ready", || kubectl(&["get", "--raw", "/readyz"], ""));

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
