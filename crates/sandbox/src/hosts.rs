//! Who answers under which name: the table that the proxy asks, and Entra too when it fetches an issuer's keys.

use std::sync::Arc;

use futures::future::BoxFuture;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use crate::aks::Fleet;
use crate::azure::Azure;
use crate::door::{Doorkeeper, ROOT};
use crate::faults::{Book, Faulty};
use crate::wire::body::{self, Answer};
use crate::wire::names::{Realm, realm};
use crate::wire::proxy::{Directory, Found, Outage, Site};
use crate::wire::serve::{ClientChain, Handler, Server};

/// The names of Azure that the sandbox's own certificate is for.
pub(crate) const AZURE_NAMES: [&str; 5] = [
    "login.microsoftonline.com",
    "management.azure.com",
    "graph.microsoft.com",
    "*.vault.azure.net",
    "*.oic.prod-aks.azure.com",
];

/// The table of the world's names.
pub(crate) struct Hosts {
    /// TLS for every name of Azure's: one certificate has them all.
    pub(crate) azure_tls: Arc<ServerConfig>,
    pub(crate) azure: Arc<Azure>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) book: Arc<Book>,
    pub(crate) door: Arc<Doorkeeper>,
}

/// Where a machine asks for the tokens of its identities, in plain HTTP.
const METADATA: &str = "169.254.169.254";

impl Directory for Hosts {
    fn find(&self, host: &str) -> Option<Found> {
        let found = match realm(host)? {
            Realm::Cluster => self.fleet.find(host),
            Realm::Issuer => {
                self.azure_site(Arc::new(Issuers { host: host.into(), fleet: self.fleet.clone() }))
            }
            Realm::Azure if self.azure.0.resolves(host) => self.azure_site(self.azure.clone()),
            Realm::Azure => Found::Down(Outage::NoSuchHost),
        };
        Some(match found {
            Found::Site(site) => Found::Site(Site { server: self.faulty(host, site.server), ..site }),
            down => down,
        })
    }

    fn plain(
        &self,
        mut request: Request<Incoming>,
    ) -> Result<BoxFuture<'static, Answer>, Box<Request<Incoming>>> {
        let (path, own) = (request.uri().path(), request.uri().authority().is_none());
        // By its address through a proxy, or by the loopback address that `AZURE_POD_IDENTITY_AUTHORITY_HOST` names.
        let metadata = match request.uri().host() {
            Some(host) => host == METADATA,
            None => path.starts_with("/metadata/"),
        };
        if own && path.starts_with(ROOT) {
            return Ok(self.door.answer(request));
        }
        let rest = request.uri().path_and_query().map_or("/", |it| it.as_str());
        let address = format!("http://{METADATA}{rest}").parse();
        let (true, Ok(address)) = (metadata, address) else { return Err(Box::new(request)) };
        *request.uri_mut() = address;
        Ok(self.faulty(METADATA, self.azure.clone()).connect(&[]).answer(request))
    }
}

impl Hosts {
    fn azure_site(&self, server: Arc<dyn Server>) -> Found {
        Found::Site(Site { tls: self.azure_tls.clone(), server, end: CancellationToken::new() })
    }

    /// The server as the faults of the world leave it.
    fn faulty(&self, host: &str, server: Arc<dyn Server>) -> Arc<dyn Server> {
        Arc::new(Faulty { host: host.into(), book: self.book.clone(), server })
    }
}

/// The issuers of one region, as a server.
#[derive(Clone)]
struct Issuers {
    host: Arc<str>,
    fleet: Arc<Fleet>,
}

impl Server for Issuers {
    fn connect(&self, _client: &ClientChain) -> Arc<dyn Handler> {
        Arc::new(self.clone())
    }
}

impl Handler for Issuers {
    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, Answer> {
        let Issuers { host, fleet } = self.clone();
        Box::pin(async move {
            if request.method() != Method::GET {
                return body::text(StatusCode::METHOD_NOT_ALLOWED, "an issuer's documents are read with GET");
            }
            match fleet.document(&format!("https://{host}{}", request.uri().path())).await {
                Ok(document) => body::json_text(document),
                Err(reason) => body::text(StatusCode::NOT_FOUND, &reason),
            }
        })
    }
}
