//! An API server alone, as anybody's tests would use it.

use std::sync::Arc;

use gangplank_apiserver::TokenFile;
use gangplank_sandbox::{Standalone, StandaloneOptions, WorldError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::roots_only;

fn options(port: u16) -> StandaloneOptions {
    let tokens = TokenFile::parse("admintoken,admin,admin,system:masters\n").unwrap();
    StandaloneOptions {
        port,
        tokens,
        data: None,
        issuer: "https://issuer.example/".into(),
        runs: false,
        seed: 1,
    }
}

/// Asks for the namespaces with a token and gives the answer as it comes.
async fn ask(server: &Standalone, token: &str) -> String {
    let connector = tokio_rustls::TlsConnector::from(Arc::new(roots_only(&server.ca_pem)));
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let head = format!(
        "GET /api/v1/namespaces HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn it_answers_who_has_a_token_and_ends() {
    let server = Standalone::start(options(0)).await.unwrap();
    assert!(ask(&server, "admintoken").await.contains("kube-system"));
    assert!(ask(&server, "another").await.starts_with("HTTP/1.1 401"));
    let taken = Standalone::start(options(server.address.port())).await.unwrap_err();
    assert!(matches!(taken, WorldError::Port { what: "API server", .. }), "{taken}");
    let address = server.address;
    server.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is still open");
}
