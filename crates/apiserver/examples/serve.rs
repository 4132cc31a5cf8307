//! A server alone on loopback, without TLS: `cargo run --example serve -- 8001`, then
//! `kubectl --server http://127.0.0.1:8001 --token admintoken get namespaces`.

use std::net::SocketAddr;

use bytes::Bytes;
use gangplank_apiserver::{ApiServer, Peer, TokenFile};
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

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
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    loop {
        let (stream, address) = listener.accept().await?;
        let server = server.clone();
        let peer = Peer { address: Some(address), certificate: None };
        tokio::spawn(async move {
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
