//! All clusters of a world: the backend of Resource Manager's managed clusters, and the issuers that Entra asks.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use gangplank_azuresim::{BoxFuture, ClusterBackend, ClusterFacts, ClusterSpec, IssuerFetch, LocalAccount};
use secrecy::SecretString;

use super::cluster::{Cluster, Flaw};
use super::issuer::{self, Document};
use super::surroundings::Surroundings;
use crate::wire::proxy::{Found, Outage};

/// All clusters of a world, found by what others know of them.
pub(crate) struct Fleet {
    surroundings: Arc<Surroundings>,
    /// What is wrong with a cluster from its creation on, by its name.
    flaws: HashMap<String, Flaw>,
    table: RwLock<Table>,
    /// Told when a cluster's certificates have been replaced: what was written with the old ones is void.
    rotated: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// The clusters under their three names. Resource ids and host names are kept in lower case.
#[derive(Default)]
struct Table {
    by_id: HashMap<String, Arc<Cluster>>,
    by_host: HashMap<String, Arc<Cluster>>,
    by_issuer: HashMap<String, Arc<Cluster>>,
}

impl Fleet {
    pub(crate) fn new(surroundings: Arc<Surroundings>, flaws: HashMap<String, Flaw>) -> Self {
        Fleet { surroundings, flaws, table: RwLock::default(), rotated: OnceLock::new() }
    }

    /// What stands behind a cluster's host name.
    pub(crate) fn find(&self, host: &str) -> Found {
        match self.read().by_host.get(host) {
            None => Found::Down(Outage::NoSuchHost),
            Some(cluster) => cluster.found(),
        }
    }

    /// Has `act` called whenever a cluster's certificates have been replaced. Only the first one is.
    pub(crate) fn on_rotation(&self, act: impl Fn() + Send + Sync + 'static) {
        let _ = self.rotated.set(Box::new(act));
    }

    /// The resource id of a cluster of this name.
    pub(crate) fn named(&self, name: &str) -> Option<String> {
        let table = self.read();
        let mut ids: Vec<String> = table
            .by_id
            .values()
            .map(|cluster| cluster.spec())
            .filter(|spec| spec.name.eq_ignore_ascii_case(name))
            .map(|spec| spec.id.clone())
            .collect();
        ids.sort_unstable();
        ids.into_iter().next()
    }

    /// The cluster with this resource id.
    pub(crate) fn cluster(&self, id: &str) -> Option<Arc<Cluster>> {
        self.read().by_id.get(&id.to_ascii_lowercase()).cloned()
    }

    /// A document of an issuer, as Entra and everybody else fetch it.
    ///
    /// # Errors
    /// There is no such issuer or document; or its key could not be made.
    pub(crate) async fn document(&self, url: &str) -> Result<Bytes, String> {
        let (issuer, document) = issuer::parse(url).ok_or("404 Not Found")?;
        let cluster = self.read().by_issuer.get(issuer).cloned().ok_or("404 Not Found")?;
        let value = match document {
            Document::Discovery => issuer::discovery(issuer),
            Document::Keys => cluster.token_keys().await?,
        };
        Ok(value.to_string().into())
    }

    fn required(&self, id: &str) -> Result<Arc<Cluster>, String> {
        self.cluster(id).ok_or_else(|| format!("no API server runs for {id}"))
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn insert(&mut self, cluster: &Arc<Cluster>) {
        let spec = cluster.spec();
        self.by_id.insert(spec.id.to_ascii_lowercase(), cluster.clone());
        for host in std::iter::once(&spec.fqdn).chain(&spec.private_fqdn) {
            self.by_host.insert(host.to_ascii_lowercase(), cluster.clone());
        }
        if let Some(issuer) = &spec.issuer_url {
            self.by_issuer.insert(issuer.clone(), cluster.clone());
        }
    }

    fn remove(&mut self, id: &str) {
        if let Some(cluster) = self.by_id.remove(&id.to_ascii_lowercase()) {
            cluster.stop();
            self.by_host.retain(|_, other| !Arc::ptr_eq(other, &cluster));
            self.by_issuer.retain(|_, other| !Arc::ptr_eq(other, &cluster));
        }
    }
}

impl ClusterBackend for Fleet {
    fn create(&self, spec: ClusterSpec) -> BoxFuture<'_, Result<ClusterFacts, String>> {
        Box::pin(async move {
            if let Some(cluster) = self.cluster(&spec.id) {
                cluster.update(spec);
                // An update may have switched the issuer on.
                self.write().insert(&cluster);
                return Ok(facts(&cluster));
            }
            let flaw = self.flaws.get(&spec.name).copied();
            let cluster = Arc::new(Cluster::new(self.surroundings.clone(), spec, flaw)?);
            self.write().insert(&cluster);
            Ok(facts(&cluster))
        })
    }

    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            self.write().remove(id);
            Ok(())
        })
    }

    fn rotate_certificates<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<ClusterFacts, String>> {
        Box::pin(async move {
            let cluster = self.required(id)?;
            cluster.rotate_certificates()?;
            if let Some(act) = self.rotated.get() {
                act();
            }
            Ok(facts(&cluster))
        })
    }

    fn rotate_service_account_keys<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.required(id)?.rotate_token_key().await })
    }

    fn start<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            self.required(id)?.start();
            Ok(())
        })
    }

    fn stop<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            self.required(id)?.stop();
            Ok(())
        })
    }
}

impl IssuerFetch for Fleet {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        Box::pin(self.document(url))
    }
}

fn facts(cluster: &Cluster) -> ClusterFacts {
    let certificates = cluster.certificates();
    ClusterFacts {
        ca_certificate_pem: certificates.authority.certificate_pem().to_owned(),
        local_account: LocalAccount {
            certificate_pem: certificates.administrator.certificate_pem().to_owned(),
            key_pem: SecretString::from(certificates.administrator.key_pem()),
        },
    }
}
