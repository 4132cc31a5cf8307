//! Workers: take a piece of work, reconcile it, plan the next time.

use super::queue::{Class, Work};
use super::{Context, cluster_external_secret, external_secret, store};
use gangplank_runtime::{Attempts, Backoff, random_fraction};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// When to look at an object again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// When something changes, or after this time.
    After(Option<Duration>),
    /// It failed: after a pause that grows, or as long as the provider wishes.
    Retry(Option<Duration>),
    /// At once: what was worked on is outdated.
    Again,
}

/// After a conflict, the watch needs a moment to show what is there now.
const OUTDATED: Duration = Duration::from_millis(50);

/// Failures of each object, for pauses that grow from one second to seven minutes.
pub(crate) struct Failures {
    attempts: Mutex<Attempts<Work>>,
    backoff: Backoff,
}

impl Failures {
    pub(crate) fn new() -> Self {
        let backoff = Backoff { cap: Duration::from_secs(420), ..Backoff::CONTROLLER };
        Self { attempts: Mutex::default(), backoff }
    }

    fn pause(&self, work: &Work) -> Duration {
        let failures = self.attempts.lock().unwrap_or_else(PoisonError::into_inner).failed(work.clone());
        self.backoff.delay(failures, random_fraction())
    }

    fn forget(&self, work: &Work) {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).forget(work);
    }
}

/// Works until the token ends; what is under way then is finished.
pub(crate) async fn run(context: &Context, failures: &Failures, stop: &CancellationToken) {
    loop {
        let work = tokio::select! {
            () = stop.cancelled() => return,
            work = context.queue().pop() => work,
        };
        let (kind, next) = match &work {
            Work::ExternalSecret(name) => ("externalsecret", external_secret::reconcile(context, name).await),
            Work::Store(name) if name.namespace.is_empty() => {
                ("clustersecretstore", store::reconcile(context, name).await)
            }
            Work::Store(name) => ("secretstore", store::reconcile(context, name).await),
            Work::ClusterExternalSecret(name) => {
                ("clusterexternalsecret", cluster_external_secret::reconcile(context, name).await)
            }
        };
        context.meters().reconciled(kind, next, context.queue().depth());
        match next {
            Next::After(after) => {
                failures.forget(&work);
                if let Some(after) = after {
                    context.queue().add_after(work.clone(), after, Class::Refresh);
                }
            }
            Next::Retry(wished) => {
                let pause = failures.pause(&work).max(wished.unwrap_or_default());
                context.queue().add_after(work.clone(), pause, Class::Retry);
            }
            Next::Again => context.queue().add_after(work.clone(), OUTDATED, Class::Changed),
        }
        context.queue().done(&work);
    }
}
