//! How many logins and reads a second a world answers over the wire: through its proxy, with TLS, on kept connections.
//!
//! `cargo bench -p gangplank-sandbox` prints a Markdown table. Client and world share the process and its cores, so the
//! client's own work (its half of TLS and HTTP) is in the numbers; `cargo bench -p gangplank-azuresim` measures without
//! a wire.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement prints its result and ends where it fails"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gangplank_sandbox::{Options, World};
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Connections at once, each with one request under way.
const CONNECTIONS: usize = 8;
const MEASURED: Duration = Duration::from_secs(3);

const LOGIN: &str = "login.microsoftonline.com";

type Connection = SendRequest<Full<Bytes>>;

/// Whom the client trusts: the sandbox's authority.
fn trust(world: &World) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(world.ca_pem().as_bytes()) {
        roots.add(root.expect("PEM")).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Arc::new(builder.expect("versions").with_root_certificates(roots).with_no_client_auth())
}

/// A tunnel through the proxy, TLS in it, HTTP/1.1 in that.
async fn connect(world: &World, trust: &Arc<ClientConfig>, host: &str) -> Connection {
    let mut stream = TcpStream::connect(world.proxy()).await.expect("the proxy");
    stream.set_nodelay(true).expect("a socket");
    let request = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    let name = ServerName::try_from(host.to_owned()).expect("a name");
    let stream = TlsConnector::from(trust.clone()).connect(name, stream).await.expect("TLS");
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    sender
}

async fn exchange(connection: &mut Connection, request: Request<Full<Bytes>>) -> Bytes {
    let response = connection.send_request(request).await.expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
    response.into_body().collect().await.expect("a body").to_bytes()
}

/// Sends the same request over every connection until the time is over; gives the rate.
async fn measure(
    world: &World,
    trust: &Arc<ClientConfig>,
    host: &str,
    request: &Request<Full<Bytes>>,
) -> f64 {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(connect(world, trust, host).await);
    }
    let begun = Instant::now();
    let workers: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let request = request.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while begun.elapsed() < MEASURED {
                    exchange(&mut connection, request.clone()).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for worker in workers {
        done += worker.await.expect("a worker");
    }
    f64::from(done) / begun.elapsed().as_secs_f64()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let world = World::start(Options { clusters: Vec::new(), ..Options::default() }).await.expect("a world");
    let trust = trust(&world);
    let facts = world.facts();
    let assertion = std::fs::read_to_string(&facts.engineer.token_file).expect("a token");
    let form = format!(
        "grant_type=client_credentials&client_id={}&scope=https://vault.azure.net/.default&client_assertion={assertion}\
         &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        facts.engineer.client_id
    );
    let login = Request::post(format!("/{}/oauth2/v2.0/token", facts.tenant_id))
        .header(header::HOST, LOGIN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form)))
        .expect("a request");
    let granted = exchange(&mut connect(&world, &trust, LOGIN).await, login.clone()).await;
    let granted: Value = serde_json::from_slice(&granted).expect("JSON");
    let token = granted["access_token"].as_str().expect("a token");
    let vault = facts.vault.url.trim_start_matches("https://");
    let read = Request::get(format!("/secrets/{}/?api-version=7.4", facts.team_secrets.username))
        .header(header::HOST, vault)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::new(Bytes::new()))
        .expect("a request");

    println!(
        "| over the wire (proxy, TLS, {CONNECTIONS} kept connections, 2 threads for both sides) | a second |"
    );
    println!("|---|---|");
    println!("| logins by a ServiceAccount's token | {:.0} |", measure(&world, &trust, LOGIN, &login).await);
    println!("| reads of a secret | {:.0} |", measure(&world, &trust, vault, &read).await);
    world.shutdown().await.expect("an end");
}
