//! The transport over the network: one pooled reqwest client, rustls with ring.

use crate::transport::{Transport, TransportError};
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;

/// No answer of Azure's that this crate asks for comes near this size.
const LARGEST_BODY: usize = 32 << 20;

/// The instance metadata service is link-local and never behind a proxy.
const NEVER_PROXIED: &str = "169.254.169.254";

/// How to reach the network. All of it is given: this crate reads no environment variable of its own.
#[derive(Debug, Clone)]
pub struct Network {
    /// A proxy for everything, as `http://127.0.0.1:3128`.
    pub proxy: Option<String>,
    /// Hosts that are reached without the proxy, in the form of `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Certificates to trust beside the machine's own, each in PEM (a file may hold several).
    pub extra_roots: Vec<Vec<u8>>,
    /// Time to connect, TLS included.
    pub connect_timeout: Duration,
    /// Time for one request with its answer.
    pub request_timeout: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            proxy: None,
            no_proxy: None,
            extra_roots: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// Why no client could be built.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The proxy's address.
    #[error("{proxy:?} can't be used as a proxy: write it as http://host:port")]
    Proxy {
        /// The text given.
        proxy: String,
        /// What reqwest says.
        #[source]
        source: reqwest::Error,
    },
    /// An extra root that is no certificate.
    #[error("extra root certificate number {index} is no PEM certificate")]
    Root {
        /// Its place in `extra_roots`, from 0.
        index: usize,
        /// What the parser says, where it says anything.
        #[source]
        source: Option<rustls::pki_types::pem::Error>,
    },
    /// The rest: TLS settings or the client.
    #[error("the HTTP client can't be set up")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Network {
    /// Builds the pooled client. One is enough for a process.
    pub fn transport(&self) -> Result<Transport, NetworkError> {
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(self.tls()?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .timeout(self.request_timeout)
            .pool_idle_timeout(Duration::from_secs(90))
            .user_agent(concat!("gangplank/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &self.proxy {
            let exceptions = match &self.no_proxy {
                Some(given) => format!("{given},{NEVER_PROXIED}"),
                None => NEVER_PROXIED.to_owned(),
            };
            let proxied = reqwest::Proxy::all(proxy)
                .map_err(|source| NetworkError::Proxy { proxy: proxy.clone(), source })?
                .no_proxy(reqwest::NoProxy::from_string(&exceptions));
            builder = builder.proxy(proxied);
        }
        let client = builder.build().map_err(|source| NetworkError::Client(source.into()))?;
        Ok(Transport::new(tower::service_fn(move |request| exchange(client.clone(), request))))
    }

    fn tls(&self) -> Result<ClientConfig, NetworkError> {
        let mut roots = RootCertStore::empty();
        // A machine may carry certificates that rustls refuses; they are of no use, and no reason to fail.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for (index, pem) in self.extra_roots.iter().enumerate() {
            let mut found = 0;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate =
                    certificate.map_err(|source| NetworkError::Root { index, source: Some(source) })?;
                roots.add(certificate).map_err(|source| NetworkError::Client(source.into()))?;
                found += 1;
            }
            if found == 0 {
                return Err(NetworkError::Root { index, source: None });
            }
        }
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|source| NetworkError::Client(source.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(tls)
    }
}

async fn exchange(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
    let mut answer = client.execute(reqwest::Request::try_from(request)?).await?;
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(format!("the answer is larger than {LARGEST_BODY} bytes").into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    std::mem::swap(response.headers_mut(), answer.headers_mut());
    Ok(response)
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl TransportError {
    /// Whether the host's name did not resolve: of a vault's name that means that the vault does not exist.
    pub fn is_unknown_host(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self.source.as_ref());
        while let Some(error) = next {
            // hyper-util has no public type for it; its Display is stable ("dns error").
            if error.to_string().contains("dns error") {
                return true;
            }
            next = error.source();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_can_not_work_are_refused_by_name() {
        let of = |network: Network| network.transport().map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(of(Network::default()), Ok(()));
        assert_eq!(
            of(Network { proxy: Some("::".to_owned()), ..Network::default() }),
            Err("\"::\" can't be used as a proxy: write it as http://host:port".to_owned())
        );
        assert_eq!(
            of(Network { extra_roots: vec![b"nothing".to_vec()], ..Network::default() }),
            Err("extra root certificate number 0 is no PEM certificate".to_owned())
        );
    }
}
