//! The repository Secrets of the hub, followed, so that whoever fetches finds the credential of today.

use std::sync::{Arc, PoisonError, RwLock};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::runtime::reflector;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use tokio::sync::watch;

use gangplank_runtime::{Health, Shutdown};

use crate::finding::Finding;
use crate::repository::{RepositoryAccess, RepositorySecret, access_for, read_repository};
use crate::secret::SECRET_TYPE_LABEL;

/// What is known about repositories; clones share it.
#[derive(Clone)]
pub struct RepositoryIndex {
    state: Arc<RwLock<State>>,
    version: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
struct State {
    secrets: Vec<RepositorySecret>,
    findings: Vec<(String, Finding)>,
}

impl Default for RepositoryIndex {
    fn default() -> Self {
        RepositoryIndex { state: Arc::default(), version: Arc::new(watch::Sender::new(0)) }
    }
}

impl RepositoryIndex {
    /// Creates an empty index; [`follow_repositories`] fills it.
    pub fn new() -> RepositoryIndex {
        RepositoryIndex::default()
    }

    /// Returns how `url` is fetched for `project`.
    pub fn access_for(&self, url: &str, project: &str) -> RepositoryAccess {
        access_for(&self.state.read().unwrap_or_else(PoisonError::into_inner).secrets, url, project)
    }

    /// Returns the repository Secrets, in the order of their names.
    pub fn secrets(&self) -> Vec<RepositorySecret> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).secrets.clone()
    }

    /// Returns what is wrong with them, each with its Secret's name.
    pub fn findings(&self) -> Vec<(String, Finding)> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).findings.clone()
    }

    /// Returns a receiver that changes with each change of the Secrets.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    fn replace(&self, mut secrets: Vec<Arc<Secret>>) {
        secrets.sort_by_key(|secret| secret.name_any());
        let mut state = State::default();
        for secret in secrets {
            let (repository, findings) = read_repository(&secret);
            state.secrets.extend(repository);
            state.findings.extend(findings.into_iter().map(|finding| (secret.name_any(), finding)));
        }
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.version.send_modify(|version| *version += 1);
    }
}

/// Follows the repository Secrets of `namespace` until the shutdown begins.
pub async fn follow_repositories(
    hub: Client,
    namespace: &str,
    index: RepositoryIndex,
    health: &Health,
    shutdown: Shutdown,
) {
    let component = health.component("repositories");
    let api: Api<Secret> = Api::namespaced(hub, namespace);
    let (store, writer) = reflector::store();
    let config =
        watcher::Config::default().labels(&format!("{SECRET_TYPE_LABEL} in (repository,repo-creds)"));
    let mut events = watcher::watcher(api, config)
        .default_backoff()
        .reflect(writer)
        .map_ok(|event| matches!(event, watcher::Event::Init | watcher::Event::InitApply(_)))
        .boxed();
    loop {
        let event = tokio::select! {
            () = shutdown.triggered() => return,
            event = events.next() => event,
        };
        match event {
            None => return,
            // A list under way is taken as a whole, at its end.
            Some(Ok(true) | Err(_)) => {}
            Some(Ok(false)) => {
                index.replace(store.state());
                component.ready();
            }
        }
    }
}
