//! Watches on the clusters that are worth it (the hub): a change of a tracked object wakes its Application at once.
//!
//! Only metadata is asked for, and nothing is kept: the watch says that something changed, the reconciliation looks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::{Api, DynamicObject, PartialObjectMeta};
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::mpsc;

use gangplank_runtime::Shutdown;

use super::kinds::Kind;
use crate::annotations::TRACKING_ID;
use crate::object::ObjectKey;

/// Within what time an Application is to be woken when an object itself changed.
const SOON: Duration = Duration::from_secs(1);
/// Within what time, when only the object's status did. An Application that is not well looks by itself, more often.
const LATER: Duration = Duration::from_secs(30);

/// An Application of which an object was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    /// Its name as objects are tracked by it.
    pub(crate) application: String,
    /// Within what time it is to be woken.
    pub(crate) within: Duration,
}

/// The watches of the process.
pub(crate) struct Watches {
    servers: Vec<String>,
    known: Mutex<HashSet<(String, String, String, String)>>,
    touched: mpsc::UnboundedSender<Touch>,
    shutdown: Shutdown,
}

impl Watches {
    /// Creates it for certain clusters; `touched` gets each Application that is touched.
    pub(crate) fn new(
        servers: Vec<String>,
        touched: mpsc::UnboundedSender<Touch>,
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
        let mut generations = Generations::default();
        loop {
            let event = tokio::select! {
                () = self.shutdown.triggered() => return,
                event = events.next() => event,
            };
            let (object, within) = match event {
                None => return,
                Some(Ok(watcher::Event::InitApply(object))) => {
                    generations.changed(&object.metadata);
                    continue;
                }
                Some(Ok(watcher::Event::Apply(object))) => {
                    let within = if generations.changed(&object.metadata) { SOON } else { LATER };
                    (object, within)
                }
                Some(Ok(watcher::Event::Delete(object))) => {
                    generations.forget(&object.metadata);
                    (object, SOON)
                }
                Some(_) => continue,
            };
            let id =
                object.metadata.annotations.as_ref().and_then(|annotations| annotations.get(TRACKING_ID));
            if let Some((application, _)) = id.and_then(|id| id.split_once(':')) {
                let _ = self.touched.send(Touch { application: application.to_owned(), within });
            }
        }
    }
}

/// The generations of watched objects, by which a change of the status alone is told. Kinds without generations have no status
/// to speak of: each of their changes counts.
#[derive(Default)]
struct Generations {
    known: HashMap<u64, i64>,
}

impl Generations {
    fn changed(&mut self, metadata: &ObjectMeta) -> bool {
        let Some(generation) = metadata.generation else { return true };
        self.known.insert(key(metadata), generation) != Some(generation)
    }

    fn forget(&mut self, metadata: &ObjectMeta) {
        self.known.remove(&key(metadata));
    }
}

fn key(metadata: &ObjectMeta) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&metadata.namespace, &metadata.name, &metadata.uid).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_status_alone_is_told() {
        let mut generations = Generations::default();
        let of = |generation| ObjectMeta { name: Some("a".into()), generation, ..ObjectMeta::default() };
        for (generation, expect) in
            [(Some(1), true), (Some(1), false), (Some(2), true), (None, true), (None, true)]
        {
            assert_eq!(generations.changed(&of(generation)), expect, "{generation:?}");
        }
        generations.forget(&of(None));
        assert!(generations.changed(&of(Some(2))));
    }
}
