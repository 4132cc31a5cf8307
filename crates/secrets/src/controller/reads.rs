//! Shared reads: two ExternalSecrets that want the same version of the same object within a moment cost one request.
//!
//! A value is kept for [`MOMENT`] after it came, and no longer; failures are shared only by those who waited.

use super::meters::Meters;
use crate::ports::{Ports, VaultAccess, VaultFailure, VaultItem, VaultObject};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a read is shared after it ended. Short, so that a forced sync reads what is there now.
const MOMENT: Duration = Duration::from_millis(250);

/// What kind of object is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ObjectKind {
    Secret,
    Certificate,
    Key,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ObjectKey {
    reader: Arc<str>,
    kind: ObjectKind,
    name: String,
    version: String,
}

type Outcome<T> = Result<Arc<T>, VaultFailure>;

/// Reads under way, by what is read and who reads.
pub(crate) struct Reads {
    objects: Arc<Flights<ObjectKey, VaultObject>>,
    lists: Arc<Flights<Arc<str>, Vec<VaultItem>>>,
    meters: Meters,
}

impl Reads {
    pub(crate) fn new(meters: Meters) -> Self {
        Self { objects: Arc::default(), lists: Arc::default(), meters }
    }

    /// One object, as `reader` (which names vault and identity) sees it.
    pub(crate) fn object(
        &self,
        ports: &Ports,
        access: &VaultAccess,
        reader: &str,
        kind: ObjectKind,
        name: &str,
        version: &str,
    ) -> BoxFuture<'static, Outcome<VaultObject>> {
        let key =
            ObjectKey { reader: reader.into(), kind, name: name.to_owned(), version: version.to_owned() };
        let (ports, access, meters) = (ports.clone(), access.clone(), self.meters.clone());
        self.objects.share(key, move |key| {
            async move {
                let (vaults, name, version) = (&ports.vaults, key.name.as_str(), key.version.as_str());
                let (call, read) = match key.kind {
                    ObjectKind::Secret => ("GetSecret", vaults.secret(&access, name, version).await),
                    ObjectKind::Certificate => {
                        ("GetCertificate", vaults.certificate(&access, name, version).await)
                    }
                    ObjectKind::Key => ("GetKey", vaults.key(&access, name, version).await),
                };
                meters.provider_call(call, read.is_ok());
                read
            }
            .boxed()
        })
    }

    /// All secrets without values.
    pub(crate) fn list(
        &self,
        ports: &Ports,
        access: &VaultAccess,
        reader: &str,
    ) -> BoxFuture<'static, Outcome<Vec<VaultItem>>> {
        let (ports, access, meters) = (ports.clone(), access.clone(), self.meters.clone());
        self.lists.share(reader.into(), move |_| {
            async move {
                let read = ports.vaults.list(&access).await;
                meters.provider_call("GetSecrets", read.is_ok());
                read
            }
            .boxed()
        })
    }
}

type Flight<T> = Shared<BoxFuture<'static, Outcome<T>>>;

/// A read, and when it ended.
type Entry<T> = (Flight<T>, Option<Instant>);

struct Flights<K, T>(Mutex<HashMap<K, Entry<T>>>);

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Send + Sync + 'static,
{
    /// Joins the flight for `key`, or starts one.
    fn share(
        self: &Arc<Self>,
        key: K,
        start: impl FnOnce(K) -> BoxFuture<'static, Result<T, VaultFailure>>,
    ) -> BoxFuture<'static, Outcome<T>> {
        let now = Instant::now();
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flights.retain(|_, (_, ended)| ended.is_none_or(|ended| now.duration_since(ended) < MOMENT));
        if let Some((flight, _)) = flights.get(&key) {
            return flight.clone().boxed();
        }
        let read = start(key.clone());
        let (all, landed) = (Arc::clone(self), key.clone());
        let flight = async move {
            let outcome = read.await.map(Arc::new);
            let mut flights = all.0.lock().unwrap_or_else(PoisonError::into_inner);
            match (&outcome, flights.get_mut(&landed)) {
                (Ok(_), Some((_, ended))) => *ended = Some(Instant::now()),
                _ => {
                    flights.remove(&landed);
                }
            }
            outcome
        };
        let flight = flight.boxed().shared();
        flights.insert(key, (flight.clone(), None));
        flight.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::VaultFailureKind;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn readers_of_a_moment_share_a_read_and_failures_are_not_kept() {
        let flights: Arc<Flights<&'static str, u32>> = Arc::default();
        let count = Arc::new(AtomicU32::new(0));
        let read = |key, fails: bool| {
            let count = Arc::clone(&count);
            flights.share(key, move |_| {
                async move {
                    tokio::task::yield_now().await;
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    let failure = VaultFailure {
                        kind: VaultFailureKind::Address,
                        text: String::new(),
                        retry_after: None,
                    };
                    if fails { Err(failure) } else { Ok(number) }
                }
                .boxed()
            })
        };
        let (one, two, other) = futures::join!(read("a", false), read("a", false), read("b", false));
        assert_eq!((*one.unwrap(), *two.unwrap(), *other.unwrap()), (0, 0, 1));
        assert_eq!(*read("a", false).await.unwrap(), 0);
        tokio::time::advance(MOMENT).await;
        assert_eq!(*read("a", false).await.unwrap(), 2);
        assert!(read("c", true).await.is_err());
        assert_eq!(*read("c", false).await.unwrap(), 4);
    }
}
