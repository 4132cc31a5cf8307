//! The API server, the Azure that trusts it, and the operator's process between them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use gangplank_azuresim::{BoxFuture, IssuerFetch};
use gangplank_pki::SigningKey;
use http::Request;
use http_body_util::BodyExt as _;
use rand::SeedableRng as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::door::Door;
use super::player::Stage;
use super::tenant::Tenant;
use crate::command::gangplank;
use crate::kubernetes::{Kubernetes, peers};
use crate::running::{Running, start, until};

const ISSUER: &str = "https://oidc.example/hub/";

/// The operator is nobody but its own ServiceAccount.
const OPERATOR: &str = "operatortoken,system:serviceaccount:external-secrets:gangplank-secrets,operator,system:serviceaccounts\n";

pub(crate) struct Hub {
    folder: TempDir,
    pub(crate) kubernetes: Kubernetes,
    client: kube::Client,
    tenant: Tenant,
    pub(crate) door: Door,
    operator: PathBuf,
}

/// The API server's keys, where Entra looks for them: they are its signing key's public half.
struct Published(OnceLock<Value>);

impl IssuerFetch for Published {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        let keys = format!("{ISSUER}openid/v1/jwks");
        let answer = if url == keys {
            self.0.get().cloned().ok_or_else(|| "not yet".to_owned())
        } else if url == format!("{ISSUER}.well-known/openid-configuration") {
            Ok(json!({ "issuer": ISSUER, "jwks_uri": keys }))
        } else {
            Err("404 Not Found".to_owned())
        };
        Box::pin(async move { answer.map(|value| value.to_string().into()) })
    }
}

impl Hub {
    /// Starts all but the operator; none where the peers were not built.
    pub(crate) async fn open() -> Option<Hub> {
        let peers = peers()?;
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(&mut rand::rngs::StdRng::seed_from_u64(1)).unwrap();
        let key_path = folder.path().join("signing-key.pem");
        std::fs::write(&key_path, key.pem()).unwrap();
        let kubernetes = tokio::task::block_in_place(|| {
            Kubernetes::start(&peers, folder.path(), ISSUER, &key_path, OPERATOR)
        });
        let published = Arc::new(Published(OnceLock::new()));
        let tenant = Tenant::new(ISSUER, published.clone());
        let door = Door::open(tenant.cloud.clone(), &folder.path().join("azure.pem")).await;
        let admin = kubernetes.kubeconfig("admin", "admintoken", "default");
        let operator = kubernetes.kubeconfig("operator", "operatortoken", "external-secrets");
        let config = kube::config::Kubeconfig::read_from(&admin).unwrap();
        let config = kube::Config::from_custom_kubeconfig(config, &Default::default()).await.unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let hub = Hub { folder, kubernetes, client, tenant, door, operator };
        let (_, keys) = hub.ask_for("GET", "/openid/v1/jwks", None, "", "*/*").await;
        published.0.set(keys).unwrap();
        hub.apply(&String::from_utf8(gangplank(&["crds"]).output().unwrap().stdout).unwrap());
        let manifest = gangplank_secrets::rbac::manifest("gangplank-secrets", "external-secrets");
        hub.apply("{apiVersion: v1, kind: Namespace, metadata: {name: external-secrets}}");
        hub.apply(&manifest);
        Some(hub)
    }

    /// `kubectl apply` as the administrator.
    pub(crate) fn apply(&self, manifest: &str) {
        let path = self.folder.path().join("manifest.yaml");
        std::fs::write(&path, manifest).unwrap();
        let admin = self.folder.path().join("kubeconfig-admin");
        let mut kubectl = self.kubernetes.kubectl(&admin, &["apply", "--server-side", "-f"]);
        let output = kubectl.arg(&path).stdout(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The operator's command, with further arguments and its own rights on the hub.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = gangplank(&[
            "run",
            "--enable",
            "secrets",
            "--listen",
            "127.0.0.1:0",
            "--namespace",
            "external-secrets",
        ]);
        command.args(arguments).env("KUBECONFIG", &self.operator);
        command
    }

    /// Starts a program with Azure behind its proxy. One that brings no kubeconfig is the administrator.
    pub(crate) fn start(&self, command: &mut Command, log: &str) -> Running {
        if command.get_envs().all(|(name, _)| name != "KUBECONFIG") {
            command.env("KUBECONFIG", self.folder.path().join("kubeconfig-admin"));
        }
        command.env("HTTPS_PROXY", format!("http://{}", self.door.address));
        command.env("SSL_CERT_FILE", self.folder.path().join("azure.pem"));
        start(command, &self.folder.path().join(log))
    }

    /// Starts the operator; what it says goes into the file `log`.
    pub(crate) fn run(&self, log: &str, arguments: &[&str]) -> Running {
        self.start(&mut self.command(arguments), log)
    }

    /// What the process whose words are in `log` tells Prometheus, once it says that it is ready.
    pub(crate) fn metrics(&self, log: &str) -> String {
        let get = |path: &str| {
            let said = self.said(log);
            let address = said.split("metrics and health on http://").nth(1)?.lines().next()?.to_owned();
            let mut stream = TcpStream::connect(address).ok()?;
            stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            answer.contains(" 200 ").then_some(answer)
        };
        until("readiness", || get("/readyz"));
        until("metrics", || get("/metrics"))
    }

    /// What a process said.
    pub(crate) fn said(&self, log: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(log)).unwrap_or_default()
    }
}

impl Stage for Hub {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    async fn ask_for(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        content_type: &str,
        accept: &str,
    ) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .header("accept", accept)
            .body(kube::client::Body::from(body.map(Value::to_string).unwrap_or_default().into_bytes()))
            .unwrap();
        let Ok(response) = self.client.send(request).await else { return (0, Value::Null) };
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}
