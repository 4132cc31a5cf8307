//! Which commit a revision is now: asked once for all Applications of a source, again on a poll and on a word from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use tokio::time::Instant;

use crate::ports::{Repositories, Repository, SourceError};

/// How many questions are under way at once.
const AT_ONCE: usize = 8;
/// For this long an error answers for all who ask.
const FAILED_FOR: Duration = Duration::from_secs(2);

/// A revision of a repository, as one project sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RevisionKey {
    pub(crate) repository: Repository,
    pub(crate) revision: String,
}

#[derive(Clone)]
struct Known {
    outcome: Result<String, SourceError>,
    asked: Instant,
    used: Instant,
}

/// The known revisions.
pub(crate) struct Revisions {
    repositories: Arc<dyn Repositories>,
    known: Mutex<BTreeMap<RevisionKey, Known>>,
}

impl Revisions {
    pub(crate) fn new(repositories: Arc<dyn Repositories>) -> Revisions {
        Revisions { repositories, known: Mutex::default() }
    }

    /// Returns what the revision was when last asked, or asks; asks anyway where that was before `not_before`.
    pub(crate) async fn get(
        &self,
        key: &RevisionKey,
        not_before: Option<Instant>,
    ) -> Result<String, SourceError> {
        let now = Instant::now();
        {
            let mut known = self.lock();
            if let Some(entry) = known.get_mut(key) {
                entry.used = now;
                let fresh = not_before.is_none_or(|not_before| entry.asked >= not_before);
                if fresh && (entry.outcome.is_ok() || entry.asked.elapsed() < FAILED_FOR) {
                    return entry.outcome.clone();
                }
            }
        }
        self.ask(key).await
    }

    async fn ask(&self, key: &RevisionKey) -> Result<String, SourceError> {
        let asked = Instant::now();
        let outcome = self.repositories.resolve(&key.repository, &key.revision).await;
        let mut known = self.lock();
        let used = known.get(key).map_or(asked, |entry| entry.used);
        known.insert(key.clone(), Known { outcome: outcome.clone(), asked, used });
        outcome
    }

    /// Asks again for all revisions of repositories that `wanted` accepts and somebody used since `since`, and returns
    /// those whose commit or error changed. What nobody uses is forgotten.
    pub(crate) async fn refresh(
        &self,
        since: Instant,
        wanted: impl Fn(&str) -> bool,
    ) -> BTreeSet<RevisionKey> {
        let before: Vec<(RevisionKey, Known)> = {
            let mut known = self.lock();
            known.retain(|_, entry| entry.used >= since);
            known
                .iter()
                .filter(|(key, _)| wanted(&key.repository.url))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        // Boxed: the closure's borrowed argument would otherwise have to hold for every lifetime.
        let asked: Vec<_> = before
            .into_iter()
            .map(|(key, known)| async move { (self.ask(&key).await != known.outcome).then_some(key) }.boxed())
            .collect();
        futures::stream::iter(asked).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<RevisionKey, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
