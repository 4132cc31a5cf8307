//! One managed cluster: its certificates and the API server behind its name.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use gangplank_apiserver::{ApiServer, Peer};
use gangplank_azuresim::ClusterSpec;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::access::{EntraAccess, certificate_user};
use super::certificates::{Certificates, Wanted};
use super::surroundings::Shared;
use crate::kubernetes::Connection;
use crate::wire::proxy::{Found, Outage, Site};
use crate::wire::serve::{ClientChain, Handler, Server};

/// What is wrong with a cluster from its creation on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Its certificate is for another name.
    OtherName,
    /// Packets to it get lost.
    Lost,
}

/// What Resource Manager asks of a cluster now; its authenticators look at it with each request.
pub(crate) struct Specification(RwLock<Arc<ClusterSpec>>);

impl Specification {
    pub(crate) fn get(&self) -> Arc<ClusterSpec> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, spec: ClusterSpec) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(spec);
    }
}

/// A managed cluster.
pub(crate) struct Cluster {
    surroundings: Shared,
    flaw: Option<Flaw>,
    specification: Arc<Specification>,
    state: RwLock<State>,
    api: OnceLock<ApiServer>,
}

/// What changes in the life of a cluster besides its specification.
struct State {
    generation: u64,
    certificates: Arc<Certificates>,
    running: bool,
    /// Ends the connections of now.
    end: CancellationToken,
}

impl State {
    /// Cuts the connections of now, as a process that ends does; the next ones are free of it.
    fn cut(&mut self) {
        std::mem::take(&mut self.end).cancel();
    }
}

impl Cluster {
    /// Makes a cluster with its first certificates. Its API server comes with the first request: most of a thousand
    /// clusters are asked late or never.
    pub(crate) fn new(surroundings: Shared, spec: ClusterSpec, flaw: Option<Flaw>) -> Result<Self, String> {
        let certificates = Arc::new(make_certificates(&surroundings, &spec, flaw, 0)?);
        Ok(Cluster {
            surroundings,
            flaw,
            specification: Arc::new(Specification(RwLock::new(Arc::new(spec)))),
            state: RwLock::new(State {
                generation: 0,
                certificates,
                running: true,
                end: CancellationToken::new(),
            }),
            api: OnceLock::new(),
        })
    }

    /// What Resource Manager asks of it now.
    pub(crate) fn spec(&self) -> Arc<ClusterSpec> {
        self.specification.get()
    }

    /// Takes a changed specification on.
    pub(crate) fn update(&self, spec: ClusterSpec) {
        self.specification.set(spec);
    }

    /// Its certificates of now.
    pub(crate) fn certificates(&self) -> Arc<Certificates> {
        self.read().certificates.clone()
    }

    /// Replaces its authority and all that it signed.
    pub(crate) fn rotate_certificates(&self) -> Result<(), String> {
        let spec = self.spec();
        let mut state = self.write();
        let next = state.generation + 1;
        state.certificates = Arc::new(make_certificates(&self.surroundings, &spec, self.flaw, next)?);
        state.generation = next;
        state.cut();
        Ok(())
    }

    /// Lets the API server answer.
    pub(crate) fn start(&self) {
        self.write().running = true;
    }

    /// Lets the API server answer no more and cuts its connections.
    pub(crate) fn stop(&self) {
        let mut state = self.write();
        state.running = false;
        state.cut();
    }

    /// What stands behind its host name now.
    pub(crate) fn found(self: &Arc<Self>) -> Found {
        let state = self.read();
        if self.flaw == Some(Flaw::Lost) {
            return Found::Down(Outage::Lost);
        }
        if !state.running {
            return Found::Down(Outage::Refused);
        }
        let (tls, end) = (state.certificates.tls.clone(), state.end.clone());
        Found::Site(Site { tls, server: self.clone(), end })
    }

    /// Its API server, started where it was not yet.
    pub(crate) fn api(&self) -> &ApiServer {
        self.api.get_or_init(|| self.start_api())
    }

    /// The keys by which its ServiceAccount tokens are checked.
    pub(crate) async fn token_keys(&self) -> Result<Value, String> {
        let api = self.api().clone();
        in_the_background(move || api.json_web_keys()).await
    }

    /// Replaces the key that signs its ServiceAccount tokens.
    pub(crate) async fn rotate_token_key(&self) -> Result<(), String> {
        let api = self.api().clone();
        in_the_background(move || api.rotate_signing_key()).await
    }

    fn start_api(&self) -> ApiServer {
        let spec = self.spec();
        let access = Arc::new(EntraAccess {
            surroundings: self.surroundings.clone(),
            specification: self.specification.clone(),
        });
        let certificates = self.certificates();
        // Without a public issuer a cluster is its own.
        let issuer = spec.issuer_url.clone().unwrap_or_else(|| format!("https://{}", spec.fqdn));
        ApiServer::builder(&spec.name)
            .issuer(issuer)
            .clock(self.surroundings.clock.clone())
            .seed(self.surroundings.seed.number(&format!("API server of {}", birth(&spec))))
            .kubernetes_version(format!("v{}", spec.kubernetes_version))
            .certificate_authority(certificates.authority.certificate_pem())
            .authenticator(access.clone())
            .authorizer(access)
            .pod_mutator(self.surroundings.webhook.clone())
            .runs(true)
            .build()
            .expect("an API server without a data folder has nothing that can fail")
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server for Cluster {
    fn connect(&self, client: &ClientChain) -> Arc<dyn Handler> {
        let now = self.surroundings.seconds();
        let certificate = certificate_user(&self.certificates().authority, client, now);
        let distrusted = !client.is_empty() && certificate.is_none();
        Arc::new(Connection {
            api: self.api().clone(),
            distrusted,
            peer: Peer { address: None, certificate },
        })
    }
}

/// Makes an RSA key where other tasks don't wait for it: it takes a tenth of a second and more.
async fn in_the_background<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(|error| format!("the signing key could not be made: {error}"))
}

/// What tells this cluster from an earlier one of the same id: Azure gives each its own host name.
fn birth(spec: &ClusterSpec) -> String {
    format!("{} at {}", spec.id, spec.fqdn)
}

fn make_certificates(
    surroundings: &Shared,
    spec: &ClusterSpec,
    flaw: Option<Flaw>,
    generation: u64,
) -> Result<Certificates, String> {
    let mut names: Vec<String> = match flaw {
        Some(Flaw::OtherName) => vec![format!("other-{}", spec.fqdn)],
        _ => std::iter::once(spec.fqdn.clone()).chain(spec.private_fqdn.clone()).collect(),
    };
    let internal = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    ];
    names.extend(internal.map(str::to_owned));
    names.push("10.0.0.1".to_owned());
    let now = surroundings.seconds();
    let born = birth(spec);
    let wanted = Wanted { cluster: &spec.name, born: &born, names, generation, now };
    Certificates::make(surroundings.seed, &wanted).map_err(|error| error.to_string())
}
