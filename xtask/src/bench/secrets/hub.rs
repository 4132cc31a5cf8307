//! A kube-apiserver with its etcd, asked through kubectl.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::{Running, start, until};

/// Objects that one kubectl makes: as many as it sends before it slows itself down.
const BATCH: usize = 250;

/// How many of them work at once.
const HANDS: usize = 4;

pub(super) struct Hub {
    folder: PathBuf,
    kubectl: PathBuf,
    /// Who may do everything.
    pub(super) kubeconfig: PathBuf,
    _server: Running,
    _etcd: Running,
}

fn port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no port is free: {error}"))
}

/// Whether a process answers with success.
pub(super) fn answers(address: &str, path: &str) -> bool {
    let get = || {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.lines().next().map(|status| status.contains(" 200 "))
    };
    get().unwrap_or_default()
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

impl Hub {
    /// Starts one whose tokens name `issuer`, signed with the key in the file `key`.
    pub(super) fn start(peers: &Path, folder: &Path, issuer: &str, key: &Path) -> Result<Hub, String> {
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        let (client, peer) =
            (format!("http://127.0.0.1:{}", port()?), format!("http://127.0.0.1:{}", port()?));
        let mut etcd = Command::new(peers.join("bin/etcd"));
        etcd.arg("--data-dir").arg(folder.join("etcd")).arg("--unsafe-no-fsync");
        etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        etcd.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        etcd.arg(format!("--initial-cluster=default={peer}"));
        let etcd = start(&mut etcd, &folder.join("etcd.log"))?;
        write(&folder.join("tokens.csv"), "admintoken,admin,admin,system:masters\n")?;
        let port = port()?.to_string();
        let mut server = Command::new(peers.join("bin/kube-apiserver"));
        server.args(["--etcd-servers", &client, "--bind-address", "127.0.0.1", "--secure-port", &port]);
        server.arg("--cert-dir").arg(folder.join("certificates"));
        server.arg("--token-auth-file").arg(folder.join("tokens.csv"));
        server.args(["--service-account-issuer", issuer, "--api-audiences", issuer]);
        server.arg("--service-account-key-file").arg(key).arg("--service-account-signing-key-file").arg(key);
        server.args(["--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24"]);
        server.args([
            "--disable-admission-plugins",
            "ServiceAccount",
            "--enable-priority-and-fairness=false",
        ]);
        let server = start(&mut server, &folder.join("kube-apiserver.log"))?;
        let kubeconfig = folder.join("kubeconfig");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "hub",
            "clusters": [{"name": "hub", "cluster": {"server": format!("https://127.0.0.1:{port}"),
                "certificate-authority": folder.join("certificates/apiserver.crt")}}],
            "users": [{"name": "admin", "user": {"token": "admintoken"}}],
            "contexts": [{"name": "hub", "context": {"cluster": "hub", "user": "admin"}}],
        });
        write(&kubeconfig, &config.to_string())?;
        let kubectl = peers.join("python/bin/kubectl");
        let hub = Hub { folder: folder.to_owned(), kubectl, kubeconfig, _server: server, _etcd: etcd };
        until("the API server", || hub.raw("/readyz").map(|_| ()))?;
        Ok(hub)
    }

    fn kubectl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig).env_remove("HTTPS_PROXY");
        command.stdin(Stdio::null());
        command
    }

    fn raw(&self, path: &str) -> Option<String> {
        let Output { status, stdout, .. } = self.kubectl(&["get", "--raw", path]).output().ok()?;
        if status.success() { String::from_utf8(stdout).ok() } else { None }
    }

    fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&self.raw(path)?).ok()
    }

    pub(super) fn apply(&self, manifest: &str) -> Result<(), String> {
        let path = self.folder.join("manifest.yaml");
        write(&path, manifest)?;
        // A kind that was just defined is served a moment later.
        until("a manifest to be taken", || {
            let mut apply = self.kubectl(&["apply", "--server-side", "-f"]);
            let output = apply.arg(&path).output().ok()?;
            output.status.success().then_some(())
        })
    }

    /// Makes objects, many at once.
    pub(super) fn create(&self, objects: &[Value]) -> Result<(), String> {
        let batches: Vec<&[Value]> = objects.chunks(BATCH).collect();
        for hands in batches.chunks(HANDS) {
            let mut started = Vec::new();
            for (number, batch) in hands.iter().enumerate() {
                let path = self.folder.join(format!("batch-{number}.json"));
                write(&path, &json!({"apiVersion": "v1", "kind": "List", "items": batch}).to_string())?;
                let mut create = self.kubectl(&["create", "--validate=false", "-f"]);
                let child = create.arg(&path).stdout(Stdio::null()).spawn();
                started.push(child.map_err(|error| format!("cannot start kubectl: {error}"))?);
            }
            for mut child in started {
                let status = child.wait().map_err(|error| error.to_string())?;
                if !status.success() {
                    return Err(format!("kubectl create failed: {status}"));
                }
            }
        }
        Ok(())
    }

    /// How many objects of a kind Argo CD's namespace has, without reading them.
    pub(super) fn count(&self, resource: &str) -> Option<usize> {
        let page = self.json(&format!("/api/v1/namespaces/argocd/{resource}?limit=1"))?;
        let rest = page.pointer("/metadata/remainingItemCount").and_then(Value::as_u64).unwrap_or_default();
        Some(page["items"].as_array()?.len() + usize::try_from(rest).ok()?)
    }

    /// How many ExternalSecrets are Ready.
    pub(super) fn ready(&self) -> Option<usize> {
        let list = self.json("/apis/external-secrets.io/v1/namespaces/argocd/externalsecrets")?;
        Some(list["items"].as_array()?.iter().filter(|object| is_ready(object)).count())
    }

    pub(super) fn is_ready(&self, name: &str) -> bool {
        let path = format!("/apis/external-secrets.io/v1/namespaces/argocd/externalsecrets/{name}");
        self.json(&path).is_some_and(|object| is_ready(&object))
    }

    /// The resourceVersions of the Secrets.
    pub(super) fn versions(&self) -> Result<BTreeMap<String, String>, String> {
        let list = self.json("/api/v1/namespaces/argocd/secrets").ok_or("the Secrets can't be listed")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let version = |secret: &Value| {
            (text(&secret["metadata"]["name"]), text(&secret["metadata"]["resourceVersion"]))
        };
        Ok(list["items"].as_array().into_iter().flatten().map(version).collect())
    }

    /// The tokens of ServiceAccounts that were asked for: one for each login.
    pub(super) fn logins(&self) -> Result<u64, String> {
        let metrics = self.raw("/metrics").ok_or("the API server's metrics can't be read")?;
        let is_login = |line: &&str| {
            line.starts_with("apiserver_request_total{")
                && line.contains("resource=\"serviceaccounts\"")
                && line.contains("subresource=\"token\"")
        };
        let count = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
        Ok(metrics.lines().filter(is_login).filter_map(count).sum())
    }
}

fn is_ready(object: &Value) -> bool {
    object.pointer("/status/conditions/0/status").is_some_and(|status| status == "True")
}
