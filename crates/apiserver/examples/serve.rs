//! A server alone on loopback: `cargo run --example serve -- 8001`, then
//! `kubectl --server https://127.0.0.1:8001 --insecure-skip-tls-verify --token admintoken get namespaces`.
//! kubectl sends no token without TLS, so a certificate is made on the way.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use gangplank_apiserver::{ApiServer, Peer, TokenFile};
use gangplank_pki::{Authority, Lifetime, Purpose};
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rand::SeedableRng as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8001);
    let mut server = ApiServer::builder("example")
        .token_file(TokenFile::parse("admintoken,admin,admin,system:masters\nalicetoken,alice,alice,dev\n")?)
        .runs(true);
    if let Some(directory) = std::env::args().nth(2) {
        server = server.data(directory);
    }
    let server = server.build()?;
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let lifetime = Lifetime::days(jiff::Timestamp::now().as_second(), 30);
    let authority = Authority::generate("example", lifetime, &mut random)?;
    let purpose = Purpose::Server { names: vec!["127.0.0.1".to_owned(), "localhost".to_owned()] };
    let identity = authority.issue("example", purpose, lifetime, &mut random)?;
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate_der()], identity.key_der())?;
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    loop {
        let (stream, address) = listener.accept().await?;
        let server = server.clone();
        let peer = Peer { address: Some(address), certificate: None };
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let (server, peer) = (server.clone(), peer.clone());
                async move {
                    let (parts, body) = request.into_parts();
                    let body: Bytes = body.collect().await?.to_bytes();
                    Ok::<_, hyper::Error>(server.handle(http::Request::from_parts(parts, body), &peer).await)
                }
            });
            // A client that goes away is no concern of the others.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
