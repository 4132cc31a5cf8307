//! One connection to a cluster's API server, hop by hop: name, port (or proxy), TLS against the stored authority.
//!
//! The probe and the clients for applications connect through here both, so that what was proven is what is used.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::failure::{Failure, Hop};
use crate::secret::ClusterSecret;

/// The longest answer of a proxy to CONNECT that is read.
const PROXY_ANSWER: usize = 16 << 10;

/// How this process reaches clusters.
#[derive(Clone, Debug)]
pub struct Network {
    /// An HTTP proxy to tunnel through (`http://host:port`); none connects directly.
    pub proxy: Option<Uri>,
    /// Hosts and domain suffixes that are reached without the proxy.
    pub no_proxy: Vec<String>,
    /// The authorities for clusters that store none.
    pub roots: Arc<RootCertStore>,
    /// How long name and port may take together.
    pub connect_timeout: Duration,
    /// How long the TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long an answer may take.
    pub answer_timeout: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Network {
            proxy: None,
            no_proxy: Vec::new(),
            roots: Arc::new(RootCertStore::empty()),
            connect_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(15),
        }
    }
}

/// The way to one cluster, prepared.
#[derive(Clone)]
pub(crate) struct Transport {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
    proxy: Option<Proxy>,
    network: Network,
}

#[derive(Clone)]
struct Proxy {
    host: String,
    port: u16,
    authorization: Option<String>,
}

impl Transport {
    /// Prepares the way, and fails where the Secret does not give one.
    pub(crate) fn new(cluster: &ClusterSecret, network: &Network) -> Result<Transport, Failure> {
        let secret = |code, cause: String, mend: &str| Failure::new(Hop::Secret, code, cause, mend);
        let uri: Uri = cluster.server.parse().map_err(|error| {
            secret(
                "server-unparsable",
                format!("server is no URL: {error}"),
                "correct the URL; trim it in the template",
            )
        })?;
        if uri.scheme_str() != Some("https") {
            return Err(secret("server-scheme", "server is no https URL".to_owned(), "correct the URL"));
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = &cluster.config.tls;
        let name = if tls.server_name.is_empty() { host.clone() } else { tls.server_name.clone() };
        let name = ServerName::try_from(name.clone()).map_err(|_| {
            secret(
                "server-name",
                format!("{name:?} is no name that a certificate can bear"),
                "correct server or serverName",
            )
        })?;
        let proxy = match (cluster.config.proxy_url.as_str(), &network.proxy) {
            ("", Some(proxy)) if !excluded(&host, &network.no_proxy) => Some(Proxy::new(proxy)?),
            ("", _) => None,
            (own, _) => Some(Proxy::new(&own.parse().map_err(|error| {
                secret("proxy-unparsable", format!("proxyUrl is no URL: {error}"), "correct proxyUrl")
            })?)?),
        };
        Ok(Transport {
            port: uri.port_u16().unwrap_or(443),
            connector: TlsConnector::from(Arc::new(tls_config(cluster, network)?)),
            host,
            name,
            proxy,
            network: network.clone(),
        })
    }

    /// Connects, and says at which hop it fails.
    pub(crate) async fn connect(&self) -> Result<TlsStream<TcpStream>, Failure> {
        let stream = match &self.proxy {
            None => self.dial(&self.host, self.port).await?,
            Some(proxy) => self.tunnel(proxy).await?,
        };
        let handshake = self.connector.connect(self.name.clone(), stream);
        match tokio::time::timeout(self.network.handshake_timeout, handshake).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(self.explain_tls(&error)),
            Err(_) => Err(Failure::new(
                Hop::Tls,
                "tls-timeout",
                format!("{} did not answer the TLS handshake in time", self.host),
                "check that the port is the API server's",
            )),
        }
    }

    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, Failure> {
        let limit = self.network.connect_timeout;
        let timeout = |hop, code, what: &str| {
            Failure::new(
                hop,
                code,
                format!("{what} took longer than {} s", limit.as_secs()),
                "check the route: a private cluster, authorized IP ranges, and a firewall all look like this",
            )
        };
        let resolved = tokio::time::timeout(limit, tokio::net::lookup_host((host, port))).await;
        let addresses: Vec<_> = match resolved {
            Err(_) => return Err(timeout(Hop::Dns, "dns-timeout", &format!("resolving {host}"))),
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) => Vec::new(),
        };
        if addresses.is_empty() {
            return Err(unresolved(host));
        }
        match tokio::time::timeout(limit, TcpStream::connect(&addresses[..])).await {
            Err(_) => Err(timeout(Hop::Tcp, "tcp-timeout", &format!("connecting to {host}:{port}"))),
            Ok(Err(error)) => Err(Failure::new(
                Hop::Tcp,
                "tcp-refused",
                format!("{host}:{port} does not take connections: {error}"),
                "check that the cluster runs, and the port in its URL",
            )),
            Ok(Ok(stream)) => {
                // Small requests and answers: waiting to fill a packet only adds to the time.
                let _ = stream.set_nodelay(true);
                Ok(stream)
            }
        }
    }

    async fn tunnel(&self, proxy: &Proxy) -> Result<TcpStream, Failure> {
        let mut stream = self.dial(&proxy.host, proxy.port).await.map_err(|failure| Failure {
            code: "proxy-unreachable",
            mend: "check the proxy's address".to_owned(),
            ..failure
        })?;
        let asked = async {
            let authority = format!("{}:{}", self.host, self.port);
            let authorization = proxy.authorization.as_deref().unwrap_or_default();
            let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\n") && answer.len() < PROXY_ANSWER {
                // Byte by byte, so that nothing of the tunnel behind the answer is taken.
                match stream.read_u8().await {
                    Ok(byte) => answer.push(byte),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(answer)
        };
        let answer = match tokio::time::timeout(self.network.connect_timeout, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.refused_by_proxy(&error.to_string())),
            Err(_) => return Err(self.refused_by_proxy("no answer in time")),
        };
        let head = String::from_utf8_lossy(&answer);
        let status = head.split_ascii_whitespace().nth(1).unwrap_or_default();
        if status == "200" {
            return Ok(stream);
        }
        let reason =
            head.lines().next().unwrap_or_default().split_once(' ').map_or("no answer", |(_, reason)| reason);
        Err(self.refused_by_proxy(reason))
    }

    /// A proxy resolves and dials for us: which of both failed is only in its words, if at all.
    fn refused_by_proxy(&self, reason: &str) -> Failure {
        if speaks_of_names(reason) {
            return unresolved(&self.host);
        }
        Failure::new(
            Hop::Tcp,
            "tcp-refused",
            format!("the proxy could not connect to {}:{}: {reason}", self.host, self.port),
            "check that the cluster runs, its URL, and what the proxy allows",
        )
    }

    fn explain_tls(&self, error: &io::Error) -> Failure {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let (code, cause, mend) = match inner {
            Some(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => (
                "tls-unknown-authority",
                format!("the certificate of {} is not signed by the stored CA", self.host),
                "publish the cluster's CA of today: it was rotated, or is another cluster's",
            ),
            Some(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => (
                "tls-name",
                format!("the certificate of {} does not bear the name {:?}", self.host, self.name.to_str()),
                "use the URL that AKS gives, or set tlsClientConfig.serverName",
            ),
            Some(rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            )) => (
                "tls-expired",
                format!("the certificate of {} has run out", self.host),
                "rotate the cluster's certificates",
            ),
            Some(error) => (
                "tls-failed",
                format!("TLS with {} failed: {error}", self.host),
                "check that the port is the API server's",
            ),
            None => (
                "tls-failed",
                format!("{} ended the TLS handshake: {error}", self.host),
                "check that the port is the API server's",
            ),
        };
        Failure::new(Hop::Tls, code, cause, mend)
    }
}

/// Whether a proxy's words are about a name that does not resolve.
fn speaks_of_names(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["resolve", "no such host", "dns", "name or service not known", "unknown host"]
        .iter()
        .any(|words| reason.contains(words))
}

fn unresolved(host: &str) -> Failure {
    Failure::new(
        Hop::Dns,
        "dns-not-found",
        format!("the name {host} does not resolve"),
        "check that the cluster exists; a private cluster's zone must be linked to the hub's network",
    )
}

impl Proxy {
    fn new(uri: &Uri) -> Result<Proxy, Failure> {
        let unusable = || {
            Failure::new(
                Hop::Secret,
                "proxy-scheme",
                "the proxy is no http:// URL, the only kind that gangplank tunnels through".to_owned(),
                "use an HTTP proxy, or none",
            )
        };
        let authority = uri.authority().ok_or_else(unusable)?;
        if uri.scheme_str() != Some("http") {
            return Err(unusable());
        }
        let login = authority.as_str().rsplit_once('@').map(|(login, _)| login);
        Ok(Proxy {
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authorization: login
                .map(|login| format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(login))),
        })
    }
}

/// Whether `host` is, or lies below, one of the names; `*` stands for all.
fn excluded(host: &str, no_proxy: &[String]) -> bool {
    no_proxy.iter().map(|entry| entry.trim().trim_start_matches('.')).filter(|entry| !entry.is_empty()).any(
        |entry| {
            entry == "*" || host == entry || host.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.'))
        },
    )
}

fn tls_config(cluster: &ClusterSecret, network: &Network) -> Result<ClientConfig, Failure> {
    let tls = &cluster.config.tls;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            Failure::new(Hop::Secret, "tls-settings", error.to_string(), "this is a defect of gangplank")
        })?;
    let unusable = |what: &str| {
        Failure::new(
            Hop::Secret,
            "tls-settings",
            format!("{what} in tlsClientConfig can't be used"),
            "correct tlsClientConfig, see the findings about the Secret",
        )
    };
    let builder = if tls.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unchecked { provider }))
    } else {
        let roots = match (&cluster.authority, tls.ca.is_empty()) {
            (Some(authority), _) => {
                let mut roots = RootCertStore::empty();
                let certificates = authority.certificates.iter().cloned().map(CertificateDer::from);
                let (added, _) = roots.add_parsable_certificates(certificates);
                if added == 0 {
                    return Err(unusable("caData"));
                }
                Arc::new(roots)
            }
            (None, true) => network.roots.clone(),
            (None, false) => return Err(unusable("caData")),
        };
        builder.with_root_certificates(roots)
    };
    if tls.certificate.is_empty() {
        return Ok(builder.with_no_client_auth());
    }
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&tls.certificate).collect();
    let key = PrivateKeyDer::from_pem_slice(tls.key.expose_secret()).map_err(|_| unusable("keyData"))?;
    builder
        .with_client_auth_cert(chain.map_err(|_| unusable("certData"))?, key)
        .map_err(|_| unusable("certData"))
}

/// Checks no certificate: what `insecure: true` asks for.
#[derive(Debug)]
struct Unchecked {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proxy_says_of_names() {
        for (reason, expect) in [
            ("502 no such host a.example.com", true),
            ("503 DNS lookup failed", true),
            ("504 Gateway Timeout", false),
            ("407 user name and password required", false),
        ] {
            assert_eq!(speaks_of_names(reason), expect, "{reason}");
        }
    }

    #[test]
    fn names_without_proxy() {
        let no_proxy = ["svc".to_owned(), ".example.com".to_owned(), String::new()];
        for (host, expect) in [
            ("a.svc", true),
            ("svc", true),
            ("notsvc", false),
            ("x.example.com", true),
            ("example.com", true),
            ("other", false),
        ] {
            assert_eq!(excluded(host, &no_proxy), expect, "{host}");
        }
        assert!(excluded("any", &["*".to_owned()]));
    }
}
