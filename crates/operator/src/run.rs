//! `gangplank run`: the controllers that were switched on by name, wired to the adapters.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use gangplank_applications::{Notifications, Notifier};
use gangplank_clusters::{Clusters, ReachIndex, RepositoryIndex, follow_repositories};
use gangplank_git::Mirrors;
use gangplank_runtime::{Health, Metrics, Shutdown};
use kube::Client;

use crate::azure::Azure;
use crate::others::{self, Others};
use crate::ports::{Destinations, EntraExchange, Repositories, Vaults};

/// A controller, each a stand-in for another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Controller {
    /// External Secrets Operator.
    Secrets,
    /// Argo CD's application and applicationset controllers.
    Applications,
    /// Argo CD's connections to clusters, as far as proving them goes.
    Clusters,
    /// Reloader.
    Reloader,
}

impl Controller {
    /// All of them.
    pub const ALL: [Controller; 4] =
        [Controller::Secrets, Controller::Applications, Controller::Clusters, Controller::Reloader];
}

/// What is run, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The controllers that are switched on.
    pub enable: BTreeSet<Controller>,
    /// The namespace of Argo CD.
    pub namespace: String,
    /// Whether to start although the program that a controller stands in for runs on the hub.
    pub beside_others: bool,
    /// How clusters are reached.
    pub clusters: gangplank_clusters::Options,
    /// What this process itself logs in to Entra with, for stores that name no ServiceAccount.
    pub workload_identity: gangplank_secrets::WorkloadIdentity,
}

/// Why the controllers did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The real one runs.
    #[error(transparent)]
    Others(#[from] Others),
}

/// The controllers, wired but not yet at work.
#[derive(Clone)]
pub struct Controllers {
    hub: Client,
    azure: Azure,
    options: Options,
    clusters: Clusters,
    mirrors: Mirrors,
    notifier: Notifier,
    notifications: Arc<Mutex<Option<Notifications>>>,
    shutdown: Shutdown,
    metrics: Metrics,
    health: Health,
}

impl Controllers {
    /// Wires the controllers of a hub. They end when `shutdown` begins.
    pub fn new(hub: Client, azure: &Azure, mirrors: Mirrors, options: Options, shutdown: Shutdown) -> Self {
        let exchange = Arc::new(EntraExchange::new(azure.transport().clone()));
        let clusters = Clusters::new(hub.clone(), exchange, options.clusters.clone());
        let (notifier, notifications) = gangplank_applications::notifier();
        Controllers {
            hub,
            azure: azure.clone(),
            options,
            clusters,
            mirrors,
            notifier,
            notifications: Arc::new(Mutex::new(Some(notifications))),
            shutdown,
            metrics: Metrics::new(),
            health: Health::new(),
        }
    }

    /// Works until the shutdown begins.
    pub async fn run(self) -> Result<(), Error> {
        if !self.options.beside_others {
            others::refuse_beside(&self.hub, &self.options.enable).await?;
        }
        let mut running = Vec::new();
        if self.options.enable.contains(&Controller::Clusters) {
            let (clusters, metrics, health, stop) =
                (self.clusters.clone(), self.metrics.clone(), self.health.clone(), self.shutdown.clone());
            running.push(tokio::spawn(async move {
                gangplank_clusters::run(clusters, &metrics, &health, stop).await
            }));
        }
        if self.options.enable.contains(&Controller::Reloader) {
            let (hub, metrics, health, stop) =
                (self.hub.clone(), self.metrics.clone(), self.health.clone(), self.shutdown.clone());
            let options = gangplank_reloader::Options::default();
            running.push(tokio::spawn(async move {
                gangplank_reloader::run(hub, options, &metrics, &health, stop).await
            }));
        }
        if self.options.enable.contains(&Controller::Secrets) {
            running.push(tokio::spawn(self.clone().secrets()));
        }
        if let Some(notifications) = self.take_notifications() {
            running.push(tokio::spawn(self.clone().applications(notifications)));
        }
        futures::future::join_all(running).await;
        Ok(())
    }

    /// The commits' bell of the applications controller, where it is switched on and does not run yet.
    fn take_notifications(&self) -> Option<Notifications> {
        let mut slot = self.notifications.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take_if(|_| self.options.enable.contains(&Controller::Applications))
    }

    async fn secrets(self) {
        let ports = gangplank_secrets::Ports { vaults: Arc::new(Vaults::new(&self.azure)) };
        let options = gangplank_secrets::Options {
            workload_identity: self.options.workload_identity,
            metrics: self.metrics,
            health: Some(self.health.component("secrets")),
            ..gangplank_secrets::Options::default()
        };
        if let Err(error) = gangplank_secrets::run(self.hub, ports, options, self.shutdown).await {
            tracing::error!(%error, "the secrets operator ended");
        }
    }

    async fn applications(self, notifications: Notifications) {
        let namespace = self.options.namespace;
        let index = RepositoryIndex::new();
        let (hub, health, stop, followed) =
            (self.hub.clone(), self.health.clone(), self.shutdown.clone(), index.clone());
        let within = namespace.clone();
        self.shutdown.spawn(async move { follow_repositories(hub, &within, followed, &health, stop).await });
        // An application that was refused for want of a credential is looked at again as soon as there is one.
        let (mut changes, notifier) = (index.changes(), self.notifier);
        self.shutdown.spawn(async move {
            while changes.changed().await.is_ok() {
                notifier.commit("");
            }
        });
        let ports = gangplank_applications::Ports {
            repositories: Arc::new(Repositories::new(index, self.mirrors)),
            destinations: Arc::new(Destinations::new(&self.clusters)),
        };
        let options =
            gangplank_applications::Options { namespace, ..gangplank_applications::Options::default() };
        gangplank_applications::run(
            self.hub,
            ports,
            options,
            notifications,
            &self.metrics,
            &self.health,
            self.shutdown,
        )
        .await;
    }

    /// Who is reachable.
    pub fn reach(&self) -> &ReachIndex {
        &self.clusters.reach
    }

    /// What Prometheus reads.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What the kubelet reads.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Tells the controllers that the repository at `url` was pushed to.
    pub fn pushed(&self, url: &str) {
        self.notifier.commit(url);
    }
}
