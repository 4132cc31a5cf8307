//! The shell: watches, a queue, and workers that observe, ask `decide`, and enact.
//!
//! ```text
//!   watches ──► index (compact) ──► queue (first syncs before refreshes) ──► workers
//!                                                                             │
//!                     ExternalSecret   fetch ─► plan ─► write ─► status ──────┤
//!                     stores           open ─► validate ─► status ────────────┤
//!                     ClusterExternalSecret  namespaces ─► ExternalSecrets ───┘
//! ```

pub(crate) mod cluster_external_secret;
pub(crate) mod external_secret;
pub(crate) mod fetch;
pub(crate) mod index;
pub(crate) mod meters;
pub(crate) mod queue;
pub(crate) mod reads;
pub(crate) mod store;
pub(crate) mod template;
pub(crate) mod watch;
pub(crate) mod worker;
pub(crate) mod write;

use crate::options::Options;
use crate::ports::Ports;
use crate::provider::Provider;
use gangplank_runtime::{EventType, Recorder};
use index::Index;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use meters::Meters;
use queue::{Name, Queue};
use reads::Reads;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// What every part of the shell works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context(Arc<Shared>);

struct Shared {
    client: Client,
    ports: Ports,
    options: Options,
    index: Mutex<Index>,
    queue: Queue,
    reads: Reads,
    recorder: Recorder,
    meters: Meters,
    providers: Mutex<HashMap<(Arc<Name>, String), Kept>>,
    /// Events under way: written beside the reconciliation, never waited for.
    events: TaskTracker,
}

/// How long an opened provider is kept. A changed ServiceAccount or Secret is seen after it.
const KEPT: Duration = Duration::from_secs(10);

struct Kept {
    shape: u64,
    opened: Instant,
    provider: Arc<dyn Provider>,
}

impl Context {
    pub(crate) fn new(client: Client, ports: Ports, options: Options) -> Self {
        let recorder = Recorder::new(client.clone(), "external-secrets", &options.instance);
        let meters = Meters::new(&options.metrics);
        Self(Arc::new(Shared {
            client,
            ports,
            index: Mutex::default(),
            queue: Queue::default(),
            reads: Reads::new(meters.clone()),
            recorder,
            meters,
            providers: Mutex::default(),
            events: TaskTracker::new(),
            options,
        }))
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.0.ports
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.0.queue
    }

    pub(crate) fn reads(&self) -> &Reads {
        &self.0.reads
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// Whether a store is of our class.
    pub(crate) fn serves(&self, store: &index::Store) -> bool {
        store.spec.controller.is_empty() || store.spec.controller == self.options().controller_class
    }

    /// A provider that was opened a moment ago for the same store, unchanged, and the same namespace.
    pub(crate) fn kept(&self, store: &Arc<Name>, namespace: &str, shape: u64) -> Option<Arc<dyn Provider>> {
        let providers = self.0.providers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = providers.get(&(Arc::clone(store), namespace.to_owned()))?;
        let fresh = kept.shape == shape && kept.opened.elapsed() < KEPT;
        fresh.then(|| Arc::clone(&kept.provider))
    }

    /// Keeps a provider for a moment: opening one costs requests to the API server.
    pub(crate) fn keep(&self, store: &Arc<Name>, namespace: &str, shape: u64, provider: &Arc<dyn Provider>) {
        let mut providers = self.0.providers.lock().unwrap_or_else(PoisonError::into_inner);
        providers.retain(|_, kept| kept.opened.elapsed() < KEPT);
        let kept = Kept { shape, opened: Instant::now(), provider: Arc::clone(provider) };
        providers.insert((Arc::clone(store), namespace.to_owned()), kept);
    }

    /// Says something about an object, without waiting for it to be written.
    pub(crate) fn event(&self, about: ObjectReference, kind: EventType, reason: &'static str, note: String) {
        let recorder = self.0.recorder.clone();
        self.0.events.spawn(async move { recorder.publish(&about, kind, reason, &note).await });
    }

    /// Waits until all events are written.
    pub(crate) async fn settle(&self) {
        self.0.events.close();
        self.0.events.wait().await;
    }
}

/// The time as status fields have it: RFC 3339, whole seconds, UTC.
pub(crate) fn stamp(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What an API server's refusal says: its own text, without the client's ornament.
pub(crate) fn api_text(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => format!("the API server can't be reached: {other}"),
    }
}
