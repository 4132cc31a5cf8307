//! What a world stands on, shared by all that acts on it while it runs: the cloud, the clusters, the faults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use gangplank_azuresim::{Cloud, Faults};
use uuid::Uuid;

use super::environment;
use super::facts::{ClusterFacts, Facts};
use crate::aks::{Entry, Fleet, kubeconfig};
use crate::azure::caller::Caller;
use crate::error::WorldError;
use crate::faults::{self, Book, Effect, Fault, FaultEntry};

/// What a world stands on.
pub(crate) struct Ground {
    pub(crate) cloud: Cloud,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) facts: Facts,
    pub(crate) book: Arc<Book>,
    /// The world's folder.
    pub(super) directory: PathBuf,
    pub(super) proxy: SocketAddr,
    /// The cloud's behaviour without the faults of the book.
    pub(super) usual: Mutex<Faults>,
}

impl Ground {
    /// The resource id of the cluster of this name; the hub is one, too.
    pub(crate) fn cluster_id(&self, name: &str) -> Result<String, String> {
        self.fleet.named(name).ok_or_else(|| format!("the world has no cluster `{name}`"))
    }

    /// The platform engineer with tokens of now: not even a fault of Entra's keeps what acts from inside out.
    pub(crate) fn engineer(&self) -> Result<Caller, String> {
        let object_id = Uuid::try_parse(&self.facts.engineer.object_id).map_err(|error| error.to_string())?;
        Caller::vouched_for(&self.cloud, object_id)
    }

    /// Puts a fault in force, or does what it says.
    pub(crate) async fn add_fault(&self, fault: Fault) -> Result<FaultEntry, WorldError> {
        let refused = |reason| WorldError::Fault { fault: fault.to_string(), reason };
        let effect = fault.effect().map_err(|error| refused(error.to_string()))?;
        if let Effect::Act(act) = &effect {
            faults::enact(self, act).await.map_err(refused)?;
        }
        let entry = self.book.add(fault, effect);
        self.turn_knobs();
        Ok(entry)
    }

    /// Takes the fault of this number away, or all of them, and gives those that were taken.
    pub(crate) async fn clear_faults(&self, id: Option<u64>) -> Result<Vec<FaultEntry>, WorldError> {
        let ids = match id {
            Some(id) => vec![id],
            None => self.book.entries().iter().map(|entry| entry.id).collect(),
        };
        let mut cleared = Vec::new();
        for id in ids {
            let Some((entry, effect)) = self.book.remove(id) else { return Err(WorldError::NoFault(id)) };
            // What is right again must not wait for what can't be undone.
            self.turn_knobs();
            if let Effect::Act(act) = &effect {
                let refused = |reason| WorldError::Fault { fault: entry.fault.to_string(), reason };
                faults::undo(self, act).await.map_err(refused)?;
            }
            cleared.push(entry);
        }
        Ok(cleared)
    }

    /// Lets the cloud behave as usual, but for the faults of the book.
    pub(super) fn turn_knobs(&self) {
        let usual = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        // Rules count what is left of them, so those in force are the ones to keep.
        let mut all = Faults { rules: self.cloud.faults().rules, ..usual.clone() };
        for effect in self.book.effects() {
            if let Effect::Azure(knob) = &effect {
                faults::apply_knob(&mut all, knob);
            }
        }
        self.cloud.set_faults(all);
    }

    /// Writes a kubeconfig for each cluster, and one of all of them with the hub as its current context.
    pub(super) fn write_kubeconfigs(&self) -> Result<(), WorldError> {
        let proxy = format!("http://{}", self.proxy);
        let mut all = Vec::new();
        for cluster in std::iter::once(&self.facts.hub).chain(&self.facts.clusters) {
            // One that was deleted since has none.
            let Ok(entry) = self.entry(cluster) else { continue };
            let text = kubeconfig(std::slice::from_ref(&entry), &proxy);
            super::write(&cluster.kubeconfig, text.as_bytes())?;
            all.push(entry);
        }
        super::write(&self.directory.join(environment::KUBECONFIG), kubeconfig(&all, &proxy).as_bytes())
    }

    /// A cluster as kubeconfigs name it.
    pub(super) fn entry(&self, cluster: &ClusterFacts) -> Result<Entry, WorldError> {
        let found = self.fleet.cluster(&cluster.id).ok_or_else(|| WorldError::Kubernetes {
            cluster: cluster.name.clone(),
            act: "read the certificates".to_owned(),
            reason: "Resource Manager made no API server for it".to_owned(),
        })?;
        let certificates = found.certificates();
        Ok(Entry {
            name: cluster.name.clone(),
            server: cluster.server.clone(),
            authority_pem: certificates.authority.certificate_pem().to_owned(),
            certificate_pem: certificates.administrator.certificate_pem().to_owned(),
            key_pem: certificates.administrator.key_pem().to_owned(),
        })
    }
}
