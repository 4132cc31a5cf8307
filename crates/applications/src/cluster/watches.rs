//! Watches on the clusters that are worth it (the hub): a change of a tracked object wakes its Application at once.
//!
//! Only metadata is asked for, and nothing is kept: the watch says that something changed, the reconciliation looks.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use kube::Client;
use kube::api::{Api, DynamicObject, PartialObjectMeta};
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::mpsc;

use gangplank_runtime::Shutdown;

use super::kinds::Kind;
use crate::annotations::TRACKING_ID;
use crate::object::ObjectKey;

/// The watches of the process.
pub(crate) struct Watches {
    servers: Vec<String>,
    known: Mutex<HashSet<(String, String, String, String)>>,
    touched: mpsc::UnboundedSender<String>,
    shutdown: Shutdown,
}

impl Watches {
    /// Creates it for certain clusters; `touched` gets the tracking name of each Application that is touched.
    pub(crate) fn new(
        servers: Vec<String>,
        touched: mpsc::UnboundedSender<String>,
        shutdown: Shutdown,
    ) -> Watches {
        Watches { servers, known: Mutex::default(), touched, shutdown }
    }

    /// Sees to it that the kinds of these objects are watched, in their namespaces.
    pub(crate) fn ensure(
        self: &Arc<Self>,
        server: &str,
        client: &Client,
        objects: &BTreeMap<ObjectKey, Kind>,
    ) {
        if !self.servers.iter().any(|watched| watched == server) {
            return;
        }
        for (key, kind) in objects {
            let place = (
                server.to_owned(),
                kind.resource.api_version.clone(),
                key.kind.clone(),
                key.namespace.clone(),
            );
            if self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
                let watch = self.clone().watch(client.clone(), kind.clone(), key.namespace.clone());
                self.shutdown.spawn(watch);
            }
        }
    }

    async fn watch(self: Arc<Self>, client: Client, kind: Kind, namespace: String) {
        let api: Api<PartialObjectMeta<DynamicObject>> = if kind.namespaced {
            Api::namespaced_with(client, &namespace, &kind.resource)
        } else {
            Api::all_with(client, &kind.resource)
        };
        let mut events = watcher::watcher(api, watcher::Config::default()).default_backoff().boxed();
        loop {
            let event = tokio::select! {
                () = self.shutdown.triggered() => return,
                event = events.next() => event,
            };
            let object = match event {
                None => return,
                Some(Ok(watcher::Event::Apply(object) | watcher::Event::Delete(object))) => object,
                Some(_) => continue,
            };
            let id =
                object.metadata.annotations.as_ref().and_then(|annotations| annotations.get(TRACKING_ID));
            if let Some((application, _)) = id.and_then(|id| id.split_once(':')) {
                let _ = self.touched.send(application.to_owned());
            }
        }
    }
}
