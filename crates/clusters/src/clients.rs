//! A `kube::Client` for each cluster, logging in as Argo CD's controller does, with tokens that renew themselves.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kube::Client;
use kube::client::Body;
use secrecy::ExposeSecret;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::client::TlsStream;
use tower::{BoxError, Service};

use crate::exchange::Tokens;
use crate::failure::{Failure, Hop};
use crate::identity::PodIdentity;
use crate::login::Login;
use crate::reach::{ReachIndex, ReachState};
use crate::secret::{ClusterSecret, IN_CLUSTER_NAME, IN_CLUSTER_SERVER};
use crate::transport::{Network, Transport};

/// Why there is no client for a destination.
#[derive(Clone, Debug, Error)]
pub enum DestinationError {
    /// No cluster has the name.
    #[error("there is no cluster with the name {name:?}: declare it, or correct destination.name")]
    UnknownName {
        /// The name asked for.
        name: String,
    },
    /// No cluster has the URL.
    #[error("there is no cluster with the server {server:?}: the URL must equal the Secret's, port included")]
    UnknownServer {
        /// The URL asked for.
        server: String,
    },
    /// Several have the name.
    #[error("there are {count} clusters with the name {name:?}: rename or remove the others")]
    Ambiguous {
        /// The name asked for.
        name: String,
        /// How many there are.
        count: usize,
    },
    /// The cluster's Secret gives no way to it.
    #[error("cluster {name:?} can't be connected to: {failure}")]
    Unusable {
        /// The cluster's name.
        name: String,
        /// Why.
        failure: Failure,
    },
}

/// A cluster that an Application may name, and its client.
#[derive(Clone)]
pub struct Destination {
    /// The server URL.
    pub server: String,
    /// The cluster's name.
    pub name: String,
    /// The client.
    pub client: Client,
}

/// The clusters that can be destinations, and their clients; clones share them.
#[derive(Clone)]
pub struct ClusterClients {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Client,
    tokens: Tokens,
    network: Network,
    reach: ReachIndex,
    reports: mpsc::UnboundedSender<String>,
    clusters: RwLock<HashMap<String, Arc<ClusterSecret>>>,
    identity: RwLock<Option<PodIdentity>>,
    clients: Mutex<HashMap<String, (String, Client)>>,
}

impl ClusterClients {
    /// Creates it with nothing but the hub itself.
    pub(crate) fn new(
        hub: Client,
        tokens: Tokens,
        network: Network,
        reach: ReachIndex,
        reports: mpsc::UnboundedSender<String>,
    ) -> ClusterClients {
        let inner = Inner {
            hub,
            tokens,
            network,
            reach,
            reports,
            clusters: RwLock::default(),
            identity: RwLock::default(),
            clients: Mutex::default(),
        };
        ClusterClients { inner: Arc::new(inner) }
    }

    /// Resolves a destination by exactly one of server URL and name, by Argo CD's rules.
    ///
    /// One that is known to be unreachable is refused at once, with its failure: so a dead cluster costs its Applications
    /// nothing, where waiting for time-outs would hold up those of others.
    pub fn resolve(&self, server: &str, name: &str) -> Result<Destination, DestinationError> {
        let wanted = server.trim_end_matches('/');
        let mut found: Vec<Arc<ClusterSecret>> = {
            let clusters = self.inner.clusters.read().unwrap_or_else(PoisonError::into_inner);
            let matches = |cluster: &&Arc<ClusterSecret>| {
                if wanted.is_empty() { cluster.name == name } else { cluster.server == wanted }
            };
            clusters.values().filter(matches).cloned().collect()
        };
        found.sort_by(|a, b| (&a.server, &a.secret).cmp(&(&b.server, &b.secret)));
        found.dedup_by(|a, b| a.server == b.server);
        match found.as_slice() {
            [] if wanted == IN_CLUSTER_SERVER || (wanted.is_empty() && name == IN_CLUSTER_NAME) => {
                Ok(self.hub(IN_CLUSTER_NAME))
            }
            [] if wanted.is_empty() => Err(DestinationError::UnknownName { name: name.to_owned() }),
            [] => Err(DestinationError::UnknownServer { server: server.to_owned() }),
            [cluster] if cluster.server == IN_CLUSTER_SERVER => Ok(self.hub(&cluster.name)),
            [cluster] => match self.inner.reach.by_secret(&cluster.secret).map(|reach| reach.state.clone()) {
                Some(ReachState::Unreachable(failure)) => {
                    Err(DestinationError::Unusable { name: cluster.name.clone(), failure })
                }
                _ => self.destination(cluster),
            },
            several => Err(DestinationError::Ambiguous { name: name.to_owned(), count: several.len() }),
        }
    }

    /// Returns the known clusters in the order of their Secrets' names.
    pub fn clusters(&self) -> Vec<Arc<ClusterSecret>> {
        let clusters = self.inner.clusters.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = clusters.values().cloned().collect();
        all.sort_by(|a, b| a.secret.cmp(&b.secret));
        all
    }

    /// Says that a cluster failed somebody: it is proven anew, at once.
    pub fn report(&self, server: &str) {
        let secret = {
            let clusters = self.inner.clusters.read().unwrap_or_else(PoisonError::into_inner);
            let matching = clusters.values().filter(|cluster| cluster.server == server.trim_end_matches('/'));
            matching.map(|cluster| &cluster.secret).min().cloned()
        };
        if let Some(secret) = secret {
            // A controller that has ended proves nothing any more.
            let _ = self.inner.reports.send(secret);
        }
    }

    fn hub(&self, name: &str) -> Destination {
        Destination {
            server: IN_CLUSTER_SERVER.to_owned(),
            name: name.to_owned(),
            client: self.inner.hub.clone(),
        }
    }

    fn destination(&self, cluster: &Arc<ClusterSecret>) -> Result<Destination, DestinationError> {
        let identity = self.inner.identity.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut clients = self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |client: Client| Destination {
            server: cluster.server.clone(),
            name: cluster.name.clone(),
            client,
        };
        if let Some((version, client)) = clients.get(&cluster.secret)
            && *version == cluster.resource_version
        {
            return Ok(of(client.clone()));
        }
        let client = build(cluster, identity.as_ref(), &self.inner)
            .map_err(|failure| DestinationError::Unusable { name: cluster.name.clone(), failure })?;
        clients.insert(cluster.secret.clone(), (cluster.resource_version.clone(), client.clone()));
        Ok(of(client))
    }

    pub(crate) fn put(&self, cluster: Arc<ClusterSecret>) {
        let mut clusters = self.inner.clusters.write().unwrap_or_else(PoisonError::into_inner);
        clusters.insert(cluster.secret.clone(), cluster);
    }

    pub(crate) fn remove(&self, secret: &str) {
        self.inner.clusters.write().unwrap_or_else(PoisonError::into_inner).remove(secret);
        self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(secret);
    }

    /// Sets the pod whose login the clients make; a change builds them anew.
    pub(crate) fn set_identity(&self, identity: Option<PodIdentity>) {
        let mut current = self.inner.identity.write().unwrap_or_else(PoisonError::into_inner);
        if *current != identity {
            *current = identity;
            self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

fn build(cluster: &ClusterSecret, identity: Option<&PodIdentity>, inner: &Inner) -> Result<Client, Failure> {
    let identity = identity.cloned().unwrap_or_default();
    let login = Login::resolve(cluster, &identity)?;
    let transport = Arc::new(Transport::new(cluster, &inner.network)?);
    let base: Uri = cluster
        .server
        .parse()
        .map_err(|_| Failure::new(Hop::Secret, "server-unparsable", "server is no URL", "correct the URL"))?;
    let http = HyperClient::builder(TokioExecutor::new()).build(Connector { transport });
    let service = Authorized { http, base, login, tokens: inner.tokens.clone() };
    Ok(Client::new(service, "default"))
}

/// Sends requests to the cluster's address with the login's header.
#[derive(Clone)]
struct Authorized {
    http: HyperClient<Connector, Body>,
    base: Uri,
    login: Login,
    tokens: Tokens,
}

impl Service<Request<Body>> for Authorized {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            let prefix = this.base.path().trim_end_matches('/');
            let mut parts = this.base.clone().into_parts();
            parts.path_and_query = Some(format!("{prefix}{path}").parse()?);
            *request.uri_mut() = Uri::from_parts(parts)?;
            let authorization = this.login.header(&this.tokens).await.map_err(Unreached)?;
            if let Some(authorization) = authorization {
                let mut value = HeaderValue::from_str(authorization.expose_secret())?;
                value.set_sensitive(true);
                request.headers_mut().insert(header::AUTHORIZATION, value);
            }
            let response = this.http.request(request).await?;
            if response.status() == StatusCode::UNAUTHORIZED {
                this.login.refused(&this.tokens).await;
            }
            Ok(response)
        })
    }
}

/// A [`Failure`] as an error, for the layers of HTTP that want one.
#[derive(Debug, Error)]
#[error("{0}")]
struct Unreached(Failure);

#[derive(Clone)]
struct Connector {
    transport: Arc<Transport>,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<ClusterStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let transport = self.transport.clone();
        Box::pin(async move {
            let stream = transport.connect().await.map_err(Unreached)?;
            Ok(TokioIo::new(ClusterStream(stream)))
        })
    }
}

/// The TLS stream, as hyper's pool wants it.
struct ClusterStream(TlsStream<TcpStream>);

impl Connection for ClusterStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for ClusterStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for ClusterStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
