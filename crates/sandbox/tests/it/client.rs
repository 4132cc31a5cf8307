//! A raw HTTPS client through the proxy: no SDK's kindness between a test and the wire.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whom a client trusts, and who it is.
#[derive(Clone, Default)]
pub(crate) struct Client {
    pub(crate) proxy: Option<SocketAddr>,
    /// Authorities, PEM.
    pub(crate) roots: String,
    /// A certificate and its key, PEM.
    pub(crate) identity: Option<(String, String)>,
    pub(crate) token: Option<String>,
    pub(crate) h2: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// Opens a tunnel to a host and ends the TLS handshake. The error is the proxy's or the handshake's.
    pub(crate) async fn connect(&self, host: &str) -> Result<TlsStream<TcpStream>, String> {
        let mut stream = TcpStream::connect(self.proxy.expect("a proxy")).await.map_err(|e| e.to_string())?;
        let request = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
        stream.write_all(request.as_bytes()).await.map_err(|e| e.to_string())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = stream.read_u8().await.map_err(|e| e.to_string())?;
            head.push(byte);
        }
        let mut head = String::from_utf8_lossy(&head).into_owned();
        if !head.starts_with("HTTP/1.1 200") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
            stream.read_exact(&mut body).await.map_err(|e| e.to_string())?;
            head.push_str(&String::from_utf8_lossy(&body));
            return Err(head);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|e| e.to_string())?;
        TlsConnector::from(Arc::new(self.config())).connect(name, stream).await.map_err(|e| e.to_string())
    }

    fn config(&self) -> ClientConfig {
        let builder = trusting(&self.roots);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
                    .collect::<Result<Vec<_>, _>>()
                    .expect("a certificate");
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
                builder.with_client_auth_cert(chain, key).expect("a key that fits")
            }
        };
        config.alpn_protocols = vec![if self.h2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        config
    }

    /// Sends one request to an address and reads the whole answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        body: impl Into<Bytes>,
    ) -> Result<Reply, String> {
        let uri: http::Uri = url.parse().map_err(|_| format!("no address: {url}"))?;
        let host = uri.host().expect("a host").to_owned();
        let stream = TokioIo::new(self.connect(&host).await?);
        let body = body.into();
        let mut request = Request::builder().method(method);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() {
            let json = body.starts_with(b"{");
            let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let full = Full::new(body);
        let response = if self.h2 {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
                    .await
                    .map_err(|e| e.to_string())?;
            tokio::spawn(connection);
            let request = request.uri(uri).body(full).map_err(|e| e.to_string())?;
            sender.send_request(request).await
        } else {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(stream).await.map_err(|e| e.to_string())?;
            tokio::spawn(connection);
            let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
            let request =
                request.uri(path).header(header::HOST, host).body(full).map_err(|e| e.to_string())?;
            sender.send_request(request).await
        };
        let (parts, body) = response.map_err(|e| e.to_string())?.into_parts();
        let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }
}

/// Trusts these authorities, PEM, and shows nothing.
pub(crate) fn roots_only(roots: &str) -> ClientConfig {
    trusting(roots).with_no_client_auth()
}

fn trusting(roots: &str) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut store = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots.as_bytes()) {
        store.add(root.expect("PEM")).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(store)
}
