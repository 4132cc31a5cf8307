//! A real kube-apiserver on loopback, with an etcd of its own; both end with the test.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Who may log in: those whom the corpus knows.
pub const TOKENS: &str =
    "admintoken,admin,admin,system:masters\nalicetoken,alice,alice,dev\nbobtoken,bob,bob,ops\n";

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A kube-apiserver that runs. Its processes end before its folder goes.
pub struct Real {
    port: u16,
    tls: TlsConnector,
    _server: Running,
    _etcd: Running,
    _folder: tempfile::TempDir,
}

fn peers() -> Option<PathBuf> {
    let named = std::env::var_os("GANGPLANK_PEERS").map(PathBuf::from);
    let folder =
        named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/gangplank/peers")))?;
    ["bin/kube-apiserver", "bin/etcd"].iter().all(|program| folder.join(program).exists()).then_some(folder)
}

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn start(command: &mut Command, log: &Path) -> Running {
    let log = fs::File::create(log).unwrap();
    Running(command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
}

impl Real {
    /// Starts one that signs tokens with a key in PEM; `None` where its programs are not there.
    pub async fn start(signing_key: &str) -> Option<Real> {
        let peers = peers()?;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (etcd_port, peer_port, port) = (port(), port(), port());
        let (etcd_url, peer_url) =
            (format!("http://127.0.0.1:{etcd_port}"), format!("http://127.0.0.1:{peer_port}"));
        let mut etcd = Command::new(peers.join("bin/etcd"));
        etcd.arg("--data-dir").arg(at("etcd")).arg("--unsafe-no-fsync");
        etcd.args(["--listen-client-urls", &etcd_url, "--advertise-client-urls", &etcd_url]);
        etcd.args(["--listen-peer-urls", &peer_url, "--initial-advertise-peer-urls", &peer_url]);
        let etcd = start(etcd.arg(format!("--initial-cluster=default={peer_url}")), &at("etcd.log"));

        fs::write(at("tokens.csv"), TOKENS).unwrap();
        let key = at("service-accounts.pem");
        fs::write(&key, signing_key).unwrap();
        let mut command = Command::new(peers.join("bin/kube-apiserver"));
        command.args(["--etcd-servers", &etcd_url, "--bind-address", "127.0.0.1"]);
        command.args(["--secure-port", &port.to_string(), "--authorization-mode", "RBAC"]);
        command.arg("--cert-dir").arg(at("certificates")).arg("--token-auth-file").arg(at("tokens.csv"));
        let issuer = "https://issuer.example/";
        command.args(["--service-account-issuer", issuer, "--api-audiences", issuer]);
        // A private key holds its public half: one file serves for signing and for checking.
        command
            .arg("--service-account-key-file")
            .arg(&key)
            .arg("--service-account-signing-key-file")
            .arg(&key);
        command.args(["--service-cluster-ip-range", "10.0.0.0/24", "--enable-priority-and-fairness=false"]);
        command.args(["--disable-admission-plugins", "ServiceAccount"]);
        let process = start(&mut command, &at("kube-apiserver.log"));

        let began = Instant::now();
        let certificate = at("certificates").join("apiserver.crt");
        loop {
            if let Some(tls) = connector(&certificate) {
                let real = Real { port, tls, _server: process, _etcd: etcd, _folder: folder };
                real.wait(began).await;
                return Some(real);
            }
            assert!(began.elapsed() < PATIENCE, "kube-apiserver made no certificate");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn wait(&self, began: Instant) {
        loop {
            if let Some(connection) = self.connect().await {
                let request = Request::get("/readyz").header("authorization", "Bearer admintoken");
                let request = request.body(Full::default()).unwrap();
                if connection.send(request).await.is_some_and(|answer| answer.status == 200) {
                    return;
                }
            }
            assert!(began.elapsed() < PATIENCE, "kube-apiserver did not become ready");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Option<Connection> {
        connect(&self.tls, self.port).await
    }
}

/// A connection to a server on loopback.
pub async fn connect(tls: &TlsConnector, port: u16) -> Option<Connection> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let stream = tls.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.ok()?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(Connection(Mutex::new(sender)))
}

/// One connection, for one request after the other.
pub struct Connection(Mutex<SendRequest<Full<Bytes>>>);

impl Connection {
    /// Sends a request; `None` where the connection is gone.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let (parts, body) = self.begin(request).await?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// Sends a request and gives the answer as it begins.
    pub async fn begin(&self, mut request: Request<Full<Bytes>>) -> Option<Response<Incoming>> {
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        let mut sender = self.0.lock().await;
        sender.ready().await.ok()?;
        sender.send_request(request).await.ok()
    }
}

fn connector(certificate: &Path) -> Option<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(certificate).ok()? {
        // The leaf stands beside its authority; only that one is a root.
        let _ = roots.add(certificate.ok()?);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(TlsConnector::from(Arc::new(config)))
}
