//! What can be made to go wrong, as one value that can be exchanged while the cloud runs.

use std::{sync::Mutex, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{
    environment::Plane,
    ids::lock,
    wire::{Call, Reply},
};

/// Whether request rates are limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Throttling {
    /// No limit; the headers with what remains are sent all the same.
    #[default]
    Off,
    /// The limits that Microsoft documents for Resource Manager, its providers and Key Vault.
    Documented,
}

/// Delays, limits and errors of the cloud. The default is a cloud in which everything takes effect at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// How long Entra doesn't know a new or changed federated credential (and still honours a deleted one).
    pub credential_propagation: Duration,
    /// How long a new role assignment grants nothing (and a deleted one still does).
    pub role_propagation: Duration,
    /// How long the authorization service answers `PrincipalNotFound` for a new identity, unless the request states
    /// its `principalType`.
    pub principal_replication: Duration,
    /// How long one write of a federated credential keeps its identity busy; another one meanwhile gets 409.
    pub credential_write: Duration,
    /// How long a long-running operation of Resource Manager takes.
    pub operation_duration: Duration,
    /// How long a deletion, recovery or purge of a secret needs to settle.
    pub vault_settling: Duration,
    /// How far Entra's clock is ahead of the world's (negative: behind) when it checks the times of an assertion and
    /// stamps its own tokens.
    pub entra_clock_skew: SignedDuration,
    /// How long Entra's access tokens live; none for a day (identities) or an hour (applications).
    pub token_lifetime: Option<Duration>,
    /// Why Entra can't fetch issuers' documents, if it can't.
    pub issuer_fetch: Option<String>,
    /// How many elements a page of a list holds; none for what each service documents.
    pub page_size: Option<usize>,
    /// Request limits.
    pub throttling: Throttling,
    /// Answers given in place of the cloud's own; the first that matches and isn't used up wins.
    pub rules: Vec<FaultRule>,
}

/// One answer in place of the cloud's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// Which service; a vault's name may be empty for all vaults.
    pub plane: Plane,
    /// Only this method; none for all.
    pub method: Option<http::Method>,
    /// Only where a segment of the path, or the client id of a token request, equals this in any letter case; empty for
    /// all requests.
    pub name: String,
    /// The status to answer with. Zero delays only and lets the cloud answer.
    pub status: u16,
    /// The body as it stands; sent as JSON where it is JSON.
    pub body: String,
    /// The `Retry-After` header.
    pub retry_after: Option<String>,
    /// How many requests it applies to; none for all until the faults are set anew.
    pub times: Option<u32>,
    /// How long to wait before answering.
    pub delay: Duration,
}

impl FaultRule {
    /// A rule that answers every request of `plane` with `status` and `body`.
    pub fn new(plane: Plane, status: u16, body: impl Into<String>) -> Self {
        FaultRule {
            plane,
            method: None,
            name: String::new(),
            status,
            body: body.into(),
            retry_after: None,
            times: None,
            delay: Duration::ZERO,
        }
    }

    fn matches(&self, plane: &Plane, call: &Call) -> bool {
        let same_plane = match (&self.plane, plane) {
            (Plane::Vault(wanted), Plane::Vault(vault)) => {
                wanted.is_empty() || wanted.eq_ignore_ascii_case(vault)
            }
            (wanted, plane) => wanted == plane,
        };
        // A vault's challenge stays: a fault is for the request that the caller means, not for the one that asks how to
        // log in.
        let meant = !matches!(plane, Plane::Vault(_)) || call.bearer().is_some();
        same_plane
            && meant
            && self.method.as_ref().is_none_or(|method| method == call.method)
            && (self.name.is_empty() || call.names(&self.name))
    }
}

/// The faults in force, with what is left of each rule.
#[derive(Debug, Default)]
pub(crate) struct FaultBook(Mutex<Faults>);

impl FaultBook {
    pub(crate) fn get(&self) -> Faults {
        lock(&self.0).clone()
    }

    pub(crate) fn set(&self, faults: Faults) {
        *lock(&self.0) = faults;
    }

    /// One knob, without copying the rules.
    pub(crate) fn read<T>(&self, knob: impl FnOnce(&Faults) -> T) -> T {
        knob(&lock(&self.0))
    }

    /// The delay and the answer that a rule prescribes for this request, counted as used.
    pub(crate) fn intercept(&self, plane: &Plane, call: &Call) -> Option<(Duration, Option<Reply>)> {
        let mut faults = lock(&self.0);
        let rule = faults.rules.iter_mut().find(|rule| rule.times != Some(0) && rule.matches(plane, call))?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        let reply = http::StatusCode::from_u16(rule.status).ok().map(|status| {
            let reply = Reply::raw(status, rule.body.clone());
            match &rule.retry_after {
                Some(seconds) => reply.header("retry-after", seconds),
                None => reply,
            }
        });
        Some((rule.delay, reply))
    }
}

/// `time` moved on by `delay`, or the end of time.
pub(crate) fn later(time: Timestamp, delay: Duration) -> Timestamp {
    time.checked_add(delay).unwrap_or(Timestamp::MAX)
}
