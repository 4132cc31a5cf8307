//! One kind of the hub, kept by a watch: of each object the fact that the chain needs, derived once when the object changes.
//!
//! A look at a fleet of a thousand then costs no list and no parsing. What a watch lost it lists again by itself; while that fails, the
//! failure is the fact.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use futures::StreamExt as _;
use gangplank_onboarding::chain::facts::Seen;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::failed;

/// The facts of a kind in one namespace, by the objects' names.
pub(super) struct Watched<T> {
    facts: Arc<RwLock<Seen<HashMap<String, T>>>>,
    first: watch::Receiver<bool>,
    _task: AbortOnDropHandle<()>,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Starts to watch; ends when this is dropped.
    pub(super) fn start<K>(api: Api<K>, fact: impl Fn(&K) -> T + Send + 'static) -> Self
    where
        K: Resource<DynamicType: Send> + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let facts = Arc::new(RwLock::new(Seen::Pending));
        let (first, seen) = watch::channel(false);
        let kept = facts.clone();
        let task = tokio::spawn(async move {
            let mut listed = HashMap::new();
            let mut events = std::pin::pin!(watcher(api, watcher::Config::default()).default_backoff());
            while let Some(event) = events.next().await {
                let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
                apply(&mut kept, &mut listed, event, &fact);
                if !matches!(*kept, Seen::Pending) {
                    first.send_replace(true);
                }
            }
        });
        Watched { facts, first: seen, _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for the first answer, good or bad.
    pub(super) async fn answered(&self) {
        // The sender lives as long as the watch: an error here means that the runtime is ending.
        let _ = self.first.clone().wait_for(|seen| *seen).await;
    }

    /// The facts as they are now.
    pub(super) fn now(&self) -> RwLockReadGuard<'_, Seen<HashMap<String, T>>> {
        self.facts.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One event. `listed` collects a list until it is complete, so that nobody sees half of one.
fn apply<K: Resource, T>(
    kept: &mut Seen<HashMap<String, T>>,
    listed: &mut HashMap<String, T>,
    event: Result<watcher::Event<K>, watcher::Error>,
    fact: impl Fn(&K) -> T,
) {
    match event {
        Ok(watcher::Event::Init) => listed.clear(),
        Ok(watcher::Event::InitApply(object)) => {
            listed.insert(object.name_any(), fact(&object));
        }
        Ok(watcher::Event::InitDone) => *kept = Seen::Known(std::mem::take(listed)),
        Ok(watcher::Event::Apply(object)) => {
            if let Seen::Known(facts) = kept {
                facts.insert(object.name_any(), fact(&object));
            }
        }
        Ok(watcher::Event::Delete(object)) => {
            if let Seen::Known(facts) = kept {
                facts.remove(&object.name_any());
            }
        }
        // The kind's CRD may not be there yet, in which case there are none.
        Err(watcher::Error::InitialListFailed(kube::Error::Api(status))) if status.code == 404 => {
            *kept = Seen::Known(HashMap::new());
        }
        Err(error @ watcher::Error::InitialListFailed(_)) => *kept = failed(&error),
        // The watch goes on from where it was, or lists again: until then what was seen last holds.
        Err(_) => {}
    }
}
