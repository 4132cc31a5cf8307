//! A real kube-apiserver with its etcd, as `cargo xtask peers` builds them, and what tests with processes need.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::running::{self, Running, start, until};

/// The folder of the peers; none where they were not built.
pub(crate) fn peers() -> Option<PathBuf> {
    running::peers(&["bin/kube-apiserver", "bin/etcd", "python/bin/kubectl"])
}

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An API server with RBAC, and garbage collection where `cargo xtask peers` has built kube-controller-manager. It ends, and its data with it, when it is dropped.
pub(crate) struct Kubernetes {
    folder: PathBuf,
    peers: PathBuf,
    address: String,
    server: Command,
    running: Option<Running>,
    _manager: Option<Running>,
    _etcd: Running,
}

impl Kubernetes {
    /// Starts one in `folder`. Its tokens name `issuer` and are signed with the key in the file `key`; `tokens` are the
    /// lines of its token file, to which an administrator is added.
    pub(crate) fn start(peers: &Path, folder: &Path, issuer: &str, key: &Path, tokens: &str) -> Self {
        let at = |name: &str| folder.join(name);
        let (etcd_url, peer_url) =
            (format!("http://127.0.0.1:{}", port()), format!("http://127.0.0.1:{}", port()));
        let mut etcd = Command::new(peers.join("bin/etcd"));
        etcd.arg("--data-dir").arg(at("etcd")).arg("--unsafe-no-fsync");
        etcd.args(["--listen-client-urls", &etcd_url, "--advertise-client-urls", &etcd_url]);
        etcd.args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url]);
        let etcd = start(etcd.arg(format!("--initial-cluster=default={peer_url}")), &at("etcd.log"));

        fs::write(at("tokens.csv"), format!("admintoken,admin,admin,system:masters\n{tokens}")).unwrap();
        let port = port().to_string();
        let mut server = Command::new(peers.join("bin/kube-apiserver"));
        server.args(["--etcd-servers", &etcd_url, "--bind-address", "127.0.0.1", "--secure-port", &port]);
        server.arg("--cert-dir").arg(at("certificates")).arg("--token-auth-file").arg(at("tokens.csv"));
        server.args(["--service-account-issuer", issuer, "--api-audiences", issuer]);
        // A private key holds its public half: one file serves for signing and for checking.
        server.arg("--service-account-key-file").arg(key).arg("--service-account-signing-key-file").arg(key);
        server.args(["--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24"]);
        server.args(["--disable-admission-plugins", "ServiceAccount"]);
        server.arg("--enable-priority-and-fairness=false");
        let mut kubernetes = Kubernetes {
            folder: folder.to_owned(),
            peers: peers.to_owned(),
            address: format!("https://127.0.0.1:{port}"),
            server,
            running: None,
            _manager: None,
            _etcd: etcd,
        };
        kubernetes.go_on();
        let manager = peers.join("bin/kube-controller-manager");
        if manager.exists() {
            let kubeconfig = kubernetes.kubeconfig("admin", "admintoken", "default");
            let mut manager = Command::new(manager);
            manager.arg("--kubeconfig").arg(kubeconfig).args(["--leader-elect=false", "--secure-port=0"]);
            manager.args(["--controllers", "garbage-collector-controller,namespace-controller"]);
            kubernetes._manager = Some(start(&mut manager, &at("kube-controller-manager.log")));
        }
        kubernetes
    }

    /// Ends the API server; etcd keeps what there is.
    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    /// Starts the API server again where it had ended, and waits until it is ready.
    pub(crate) fn go_on(&mut self) {
        self.running = Some(start(&mut self.server, &self.folder.join("kube-apiserver.log")));
        let kubeconfig = self.kubeconfig("admin", "admintoken", "default");
        let ready = || {
            let mut kubectl = self.kubectl(&kubeconfig, &["get", "--raw", "/readyz"]);
            kubectl.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success().then_some(())
        };
        until("the API server to be ready", ready);
    }

    /// Writes a kubeconfig for whom `token` is, at home in `namespace`, and gives its path.
    pub(crate) fn kubeconfig(&self, user: &str, token: &str, namespace: &str) -> PathBuf {
        let path = self.folder.join(format!("kubeconfig-{user}"));
        let certificate = self.folder.join("certificates/apiserver.crt");
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "real",
            "clusters": [{"name": "real", "cluster": {
                "server": self.address, "certificate-authority": certificate}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": user, "namespace": namespace}}],
        });
        fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// kubectl, as the user of a kubeconfig.
    pub(crate) fn kubectl(&self, kubeconfig: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.peers.join("python/bin/kubectl"));
        command.args(arguments).env("KUBECONFIG", kubeconfig).env_remove("HTTPS_PROXY");
        command
    }
}
