//! One API server alone on a loopback port, behind TLS of its own authority: for anybody's tests, in place of a real one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gangplank_apiserver::{ApiServer, Peer, TokenFile};
use gangplank_pki::{Authority, Lifetime, PkiError, Purpose};
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::WorldError;
use crate::kubernetes::Connection;
use crate::seed::Seed;
use crate::wire::listen::{self, Place};
use crate::wire::serve::{Handler, serve};
use crate::wire::tls::{self, ClientCertificates};

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
    /// The issuer of its ServiceAccount tokens, and the audience that they are for.
    pub issuer: String,
    /// Whether Pods are marked Running and Ready; else they stay Pending, as without a scheduler.
    pub runs: bool,
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
        let (listener, address) = listen::bind(options.port).await.map_err(|source| WorldError::Port {
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
            .issuer(options.issuer)
            .seed(options.seed)
            .runs(options.runs);
        if let Some(folder) = options.data {
            builder = builder.data(folder);
        }
        let api = builder.build()?;
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let acceptor = TlsAcceptor::from(tls);
        tracker.spawn(listen::accept(listener, tracker.clone(), stop.clone(), move |stream, place| {
            let peer = Peer { address: stream.peer_addr().ok(), certificate: None };
            let connection = Connection { api: api.clone(), peer, distrusted: false };
            talk(acceptor.clone(), stream, Arc::new(connection), place)
        }));
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

async fn talk(acceptor: TlsAcceptor, stream: TcpStream, handler: Arc<dyn Handler>, place: Place) {
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        serve(stream, handler).await;
    }
    drop(place);
}
