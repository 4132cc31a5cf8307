//! One API server alone on a loopback port, behind TLS of its own authority: for anybody's tests, in place of a real one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use gangplank_apiserver::{ApiServer, Peer, TokenFile};
use gangplank_pki::{Authority, Lifetime, PkiError, Purpose};
use http::Request;
use hyper::body::Incoming;
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::WorldError;
use crate::seed::Seed;
use crate::wire::body::{self, Answer};
use crate::wire::proxy;
use crate::wire::serve::{Handler, serve};
use crate::wire::tls::{self, ClientCertificates};

/// The largest body of a request that is read; the API server's own limit is below it.
const REQUEST: usize = 4 << 20;
/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long open connections may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// What the server is to be like.
#[derive(Debug, Clone)]
pub struct StandaloneOptions {
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// Who may log in.
    pub tokens: TokenFile,
    /// Where objects are kept; in memory where absent.
    pub data: Option<PathBuf>,
    /// All randomness follows from it.
    pub seed: u64,
}

/// An API server that runs.
#[derive(Debug)]
pub struct Standalone {
    /// Where it listens.
    pub address: SocketAddr,
    /// The certificate of its authority, PEM.
    pub ca_pem: String,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Standalone {
    /// Starts the server.
    ///
    /// # Errors
    /// The port is in use, or the data folder can't be used.
    pub async fn start(options: StandaloneOptions) -> Result<Standalone, WorldError> {
        let key = |error: PkiError| WorldError::Key {
            what: "certificate of the API server".into(),
            reason: error.to_string(),
        };
        let (listener, address) = proxy::bind(options.port).await.map_err(|source| WorldError::Port {
            what: "API server",
            port: options.port,
            source,
        })?;
        let rng = &mut Seed(options.seed).rng("an API server alone");
        let lifetime = Lifetime::days(Timestamp::now().as_second(), 365);
        let authority = Authority::generate("gangplank apiserver", lifetime, rng).map_err(key)?;
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc"].map(str::to_owned).to_vec();
        let identity =
            authority.issue("kube-apiserver", Purpose::Server { names }, lifetime, rng).map_err(key)?;
        let tls =
            tls::config(vec![identity.certificate_der()], identity.key_der(), ClientCertificates::NotAsked)
                .map_err(|error| WorldError::Key {
                what: "certificate of the API server".into(),
                reason: error.to_string(),
            })?;
        let mut builder = ApiServer::builder("gangplank")
            .token_file(options.tokens)
            .certificate_authority(authority.certificate_pem())
            .seed(options.seed)
            .runs(true);
        if let Some(folder) = options.data {
            builder = builder.data(folder);
        }
        let api = builder.build()?;
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let (ends, connections) = (stop.clone(), tracker.clone());
        let acceptor = TlsAcceptor::from(tls);
        tracker.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = ends.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                // Out of file handles, or a client that is gone already: the next one may do better.
                let Ok((stream, address)) = accepted else { continue };
                let peer = Peer { address: Some(address), certificate: None };
                let handler: Arc<dyn Handler> = Arc::new(Connection { api: api.clone(), peer });
                let (acceptor, ends) = (acceptor.clone(), ends.clone());
                connections.spawn(async move {
                    tokio::select! {
                        () = ends.cancelled() => {}
                        () = talk(acceptor, stream, handler) => {}
                    }
                });
            }
        });
        Ok(Standalone { address, ca_pem: authority.certificate_pem().to_owned(), stop, tracker })
    }

    /// Ends the server.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tracker.close();
        // What does not end in time is cut with the process.
        let _ = tokio::time::timeout(ENDING, self.tracker.wait()).await;
    }
}

async fn talk(acceptor: TlsAcceptor, stream: TcpStream, handler: Arc<dyn Handler>) {
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        serve(stream, handler).await;
    }
}

struct Connection {
    api: ApiServer,
    peer: Peer,
}

impl Handler for Connection {
    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, Answer> {
        let (api, peer) = (self.api.clone(), self.peer.clone());
        Box::pin(async move {
            match body::collect(request, REQUEST).await {
                Ok(request) => api.handle(request, &peer).await,
                Err(refusal) => refusal,
            }
        })
    }
}
