//! This server behind TLS on loopback, as the real one is.

use std::sync::Arc;

use bytes::Bytes;
use gangplank_apiserver::{ApiServer, Peer};
use gangplank_pki::{Authority, Lifetime, Purpose};
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rand::SeedableRng as _;
use tokio::net::TcpListener;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Where it listens, and how a client trusts it.
pub struct Served {
    pub port: u16,
    pub tls: TlsConnector,
}

/// Serves until the process ends.
pub async fn serve(server: ApiServer) -> Served {
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let lifetime = Lifetime::days(jiff::Timestamp::now().as_second(), 30);
    let authority = Authority::generate("bench", lifetime, &mut random).unwrap();
    let purpose = Purpose::Server { names: vec!["127.0.0.1".to_owned()] };
    let identity = authority.issue("bench", purpose, lifetime, &mut random).unwrap();
    let provider = || Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate_der()], identity.key_der())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate_der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, address)) = listener.accept().await {
            let (server, acceptor) = (server.clone(), acceptor.clone());
            let peer = Peer { address: Some(address), certificate: None };
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let (server, peer) = (server.clone(), peer.clone());
                    async move {
                        let (parts, body) = request.into_parts();
                        let body: Bytes = body.collect().await?.to_bytes();
                        let request = http::Request::from_parts(parts, body);
                        Ok::<_, hyper::Error>(server.handle(request, &peer).await)
                    }
                });
                // A client that goes away is no concern of the others.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Served { port, tls: TlsConnector::from(Arc::new(client)) }
}
