//! One leader among the replicas, by a Lease (`coordination.k8s.io/v1`), as client-go's leader election does it.
//!
//! ```text
//!   lead(..) ── wait until the lease is free or run out ──▶ work(token) ── renew every 2 s ──▶ release
//!                                                             ▲                    │ 10 s without success
//!                                                             └─── token cancelled ┘
//! ```
//!
//! The age of another's lease is measured by our own clock from the moment we saw it change, never by the time that
//! is written in it: clocks differ.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, PostParams};
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Shutdown;
use crate::backoff::{jittered, random_fraction};

/// Which lease, held by whom, and its times.
#[derive(Clone, Debug)]
pub struct Leadership {
    /// The namespace of the Lease.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// Who we are: unique for each process, usually the pod's name.
    pub identity: String,
    /// How long others respect a lease that is not renewed.
    pub lease: Duration,
    /// How long the leader goes on without a renewal; below `lease`.
    pub renew_deadline: Duration,
    /// The pause between attempts.
    pub retry: Duration,
}

impl Leadership {
    /// The lease `namespace/name` for `identity`, with client-go's times: 15 s, 10 s, 2 s.
    pub fn new(namespace: &str, name: &str, identity: &str) -> Leadership {
        Leadership {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            lease: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// Why leadership ended without being asked to.
#[derive(Debug, Error)]
pub enum LeadershipError {
    /// The lease could not be renewed in time, or another took it.
    #[error(
        "lost the lease {namespace}/{name}: another replica leads now, or the API server could not be reached for too long"
    )]
    Lost {
        /// The namespace of the Lease.
        namespace: String,
        /// The name of the Lease.
        name: String,
    },
}

/// Waits to become the leader, runs `work`, and gives the lease back when it ends.
///
/// `work` gets a token that is cancelled when the shutdown begins or the lease is lost; it must end soon after.
/// Returns none when the shutdown came before leadership.
pub async fn lead<F, W, T>(
    client: Client,
    leadership: Leadership,
    shutdown: Shutdown,
    work: W,
) -> Result<Option<T>, LeadershipError>
where
    W: FnOnce(CancellationToken) -> F,
    F: Future<Output = T>,
{
    let api: Api<Lease> = Api::namespaced(client, &leadership.namespace);
    let mut elector = Elector { api, leadership, seen: None, failure: None };
    let mut told = false;
    while !elector.attempt().await {
        if let Some(error) = elector.failure.as_ref().filter(|_| !told) {
            let Leadership { namespace, name, .. } = &elector.leadership;
            tracing::warn!(%error, "cannot get the lease {namespace}/{name}, and goes on trying");
            told = true;
        }
        if !shutdown.sleep(jittered(elector.leadership.retry, 0.2, random_fraction())).await {
            return Ok(None);
        }
    }
    tracing::info!(lease = %elector.leadership.name, identity = %elector.leadership.identity, "leading");
    let token = shutdown.token().child_token();
    let work = work(token.clone());
    tokio::pin!(work);
    let mut renewed = Instant::now();
    let (result, lost) = loop {
        tokio::select! {
            result = &mut work => break (result, false),
            () = tokio::time::sleep(elector.leadership.retry) => {}
        }
        let deadline = renewed + elector.leadership.renew_deadline;
        match tokio::time::timeout_at(deadline, elector.attempt()).await {
            Ok(true) => renewed = Instant::now(),
            Ok(false) if Instant::now() < deadline && !elector.held_by_another() => {}
            Ok(false) | Err(_) => {
                // Whoever works may end by a shutdown of its own making; whether it was asked for shows only now.
                let asked = shutdown.is_triggered();
                token.cancel();
                break (work.await, !asked);
            }
        }
    };
    if lost {
        let Leadership { namespace, name, .. } = elector.leadership;
        return Err(LeadershipError::Lost { namespace, name });
    }
    elector.release().await;
    Ok(Some(result))
}

struct Elector {
    api: Api<Lease>,
    leadership: Leadership,
    seen: Option<Seen>,
    /// Why the last attempt came to nothing, where the API server refused it or could not be reached.
    failure: Option<kube::Error>,
}

struct Seen {
    spec: LeaseSpec,
    at: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Create,
    Renew,
    TakeOver,
    Wait,
}

/// Decides what to do about a lease that `identity` wants; `unchanged_for` is how long we have seen it as it is.
fn decide(lease: Option<&LeaseSpec>, unchanged_for: Duration, identity: &str) -> Step {
    let Some(lease) = lease else {
        return Step::Create;
    };
    let holder = lease.holder_identity.as_deref().unwrap_or_default();
    if holder == identity {
        return Step::Renew;
    }
    let lasts =
        Duration::from_secs(lease.lease_duration_seconds.unwrap_or_default().max(0).unsigned_abs().into());
    if holder.is_empty() || unchanged_for >= lasts { Step::TakeOver } else { Step::Wait }
}

impl Elector {
    /// Tries once to get or keep the lease; returns whether we hold it now.
    async fn attempt(&mut self) -> bool {
        match self.try_once().await {
            Ok(held) => {
                self.failure = None;
                held
            }
            Err(error) => {
                tracing::debug!(%error, lease = %self.leadership.name, "lease not updated");
                self.failure = Some(error);
                false
            }
        }
    }

    async fn try_once(&mut self) -> Result<bool, kube::Error> {
        let present = self.api.get_opt(&self.leadership.name).await?;
        let spec = present.as_ref().map(|lease| lease.spec.clone().unwrap_or_default());
        let unchanged_for = self.unchanged_for(spec.as_ref());
        let step = decide(spec.as_ref(), unchanged_for, &self.leadership.identity);
        if step == Step::Wait {
            return Ok(false);
        }
        let now = MicroTime(Timestamp::now());
        let before = spec.unwrap_or_default();
        let wanted = LeaseSpec {
            holder_identity: Some(self.leadership.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(self.leadership.lease.as_secs()).unwrap_or(i32::MAX)),
            renew_time: Some(now.clone()),
            acquire_time: if step == Step::Renew { before.acquire_time.clone() } else { Some(now) },
            lease_transitions: Some(
                before.lease_transitions.unwrap_or_default() + i32::from(step == Step::TakeOver),
            ),
            ..before
        };
        let metadata = present.map_or_else(
            || ObjectMeta {
                name: Some(self.leadership.name.clone()),
                namespace: Some(self.leadership.namespace.clone()),
                ..ObjectMeta::default()
            },
            |lease| lease.metadata,
        );
        let lease = Lease { metadata, spec: Some(wanted.clone()) };
        // Both writes carry what we read (absence, or the resourceVersion), so that of two only one succeeds.
        if step == Step::Create {
            self.api.create(&PostParams::default(), &lease).await?;
        } else {
            self.api.replace(&self.leadership.name, &PostParams::default(), &lease).await?;
        }
        self.seen = Some(Seen { spec: wanted, at: Instant::now() });
        Ok(true)
    }

    fn unchanged_for(&mut self, spec: Option<&LeaseSpec>) -> Duration {
        let Some(spec) = spec else { return Duration::ZERO };
        match &self.seen {
            Some(seen) if seen.spec == *spec => seen.at.elapsed(),
            _ => {
                self.seen = Some(Seen { spec: spec.clone(), at: Instant::now() });
                Duration::ZERO
            }
        }
    }

    fn held_by_another(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| {
            seen.spec.holder_identity.as_deref().is_some_and(|holder| holder != self.leadership.identity)
        })
    }

    /// Gives the lease back, so that the next leader need not wait for it to run out.
    async fn release(&self) {
        let Ok(Some(lease)) = self.api.get_opt(&self.leadership.name).await else { return };
        let spec = lease.spec.clone().unwrap_or_default();
        if spec.holder_identity.as_deref() != Some(self.leadership.identity.as_str()) {
            return;
        }
        let released = LeaseSpec { holder_identity: None, lease_duration_seconds: Some(1), ..spec };
        let lease = Lease { spec: Some(released), ..lease };
        if let Err(error) = self.api.replace(&self.leadership.name, &PostParams::default(), &lease).await {
            tracing::debug!(%error, lease = %self.leadership.name, "lease not released");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(holder: Option<&str>, unchanged_for: u64, expect: Step) {
        let lease = LeaseSpec {
            holder_identity: holder.map(str::to_owned),
            lease_duration_seconds: Some(15),
            ..LeaseSpec::default()
        };
        assert_eq!(decide(Some(&lease), Duration::from_secs(unchanged_for), "me"), expect);
    }

    #[test]
    fn a_lease_is_taken_only_when_free_or_run_out() {
        assert_eq!(decide(None, Duration::ZERO, "me"), Step::Create);
        check(Some("me"), 0, Step::Renew);
        check(Some("me"), 100, Step::Renew);
        check(None, 0, Step::TakeOver);
        check(Some(""), 0, Step::TakeOver);
        check(Some("other"), 0, Step::Wait);
        check(Some("other"), 14, Step::Wait);
        check(Some("other"), 15, Step::TakeOver);
    }
}
