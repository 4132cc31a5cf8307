//! The way into an Azure that lives in this process: a proxy that takes CONNECT, ends TLS under any of Azure's names, and hands
//! the requests over.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gangplank_azuresim::Cloud;
use gangplank_pki::{Authority, Lifetime, Purpose};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rand::SeedableRng as _;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The names that the door answers for.
const NAMES: [&str; 6] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.microsoftonline.de",
    "*.vault.azure.net",
    "*.vault.usgovcloudapi.net",
];

pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    /// What was asked of Azure, as `METHOD host/path`.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Door {
    /// Opens it; the certificate to trust is written to `certificate`.
    pub(crate) async fn open(cloud: Cloud, certificate: &Path) -> Door {
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        let lifetime = Lifetime::days(jiff::Timestamp::now().as_second(), 1);
        let authority = Authority::generate("azure", lifetime, &mut random).unwrap();
        let names = NAMES.map(str::to_owned).to_vec();
        let identity = authority.issue("azure", Purpose::Server { names }, lifetime, &mut random).unwrap();
        std::fs::write(certificate, authority.certificate_pem()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate_der()], identity.key_der())
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let inside = Inside { cloud, tls: TlsAcceptor::from(Arc::new(tls)), asked: Arc::clone(&asked) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(inside.clone().connection(stream));
            }
        });
        Door { address, asked }
    }
}

#[derive(Clone)]
struct Inside {
    cloud: Cloud,
    tls: TlsAcceptor,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Inside {
    async fn connection(self, stream: TcpStream) {
        let service = service_fn(move |request: Request<Incoming>| {
            tokio::spawn(self.clone().tunnel(request));
            async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) }
        });
        let http = hyper::server::conn::http1::Builder::new();
        // A client that goes away ends its connection with an error; that is no concern here.
        let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }

    async fn tunnel(self, request: Request<Incoming>) {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let Ok(stream) = hyper::upgrade::on(request).await else { return };
        let Ok(stream) = self.tls.accept(TokioIo::new(stream)).await else { return };
        let service =
            service_fn(move |request: Request<Incoming>| self.clone().answer(host.clone(), request));
        let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    }

    async fn answer(
        self,
        host: String,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let path = parts.uri.path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default();
        self.asked.lock().unwrap().push(format!("{} {host}{}", parts.method, parts.uri.path()));
        parts.uri = format!("https://{host}{path}").parse().unwrap();
        parts.headers.insert("host", host.parse().unwrap());
        let (parts, body) = self.cloud.handle(Request::from_parts(parts, body)).await.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let body = if host.contains(".vault.") { recorded_times(body) } else { body };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = parts.status;
        *response.headers_mut() = parts.headers;
        response.headers_mut().remove("content-length");
        Ok(response)
    }
}

/// The vault of the recordings made everything at one time, and changed it 100 seconds later.
fn recorded_times(body: Bytes) -> Bytes {
    let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else { return body };
    let Some(attributes) = answer.get_mut("attributes").filter(|attributes| attributes.is_object()) else {
        return body;
    };
    attributes["created"] = 1_700_000_000.into();
    attributes["updated"] = 1_700_000_100.into();
    answer.to_string().into()
}
