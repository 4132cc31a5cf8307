//! One login for an identity and scope, shared by all who need it, for as long as the token lives.
//!
//! ```text
//!   get(key) ── a fresh token in the slot ──────────────────────────► token
//!      │
//!      └── due or absent ──► join the slot's flight, or start one ──► token, or what failed
//! ```
//!
//! Invariants: at most one login of a key is under way; a token that still works is handed out while its renewal
//! fails; a failed login is not repeated within [`PAUSE_AFTER_FAILURE`], whoever asks; the map is bounded.

use super::{AccessToken, Disposition, Entra, EntraError, Scope, managed_identity};
use crate::backoff::{RetryPolicy, spread};
use crate::clock::Clock;
use crate::credential::{Credential, azure_cli};
use crate::transport::Transport;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Ten thousand objects with one broken identity must not become ten thousand logins.
const PAUSE_AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(1);

/// More identities than any hub has; beyond it the token that ends first makes room.
const MOST_SLOTS: usize = 10_000;

/// The tokens of a process. Cheap to clone.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    transport: Transport,
    clock: Clock,
    retry: RetryPolicy,
    slots: Mutex<HashMap<Key, Slot>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    authority: String,
    identity: String,
    scope: Scope,
}

type Outcome = Result<AccessToken, EntraError>;

#[derive(Default)]
struct Slot {
    token: Option<AccessToken>,
    flight: Option<Shared<BoxFuture<'static, Outcome>>>,
    failure: Option<(EntraError, Timestamp)>,
}

impl Tokens {
    /// An empty cache over a transport; `retry` says how hiccups of Entra are waited out within one login.
    pub fn new(transport: Transport, clock: Clock, retry: RetryPolicy) -> Self {
        Self(Arc::new(Inner { transport, clock, retry, slots: Mutex::default() }))
    }

    /// A working token for `credential` at `authority` (as `https://login.microsoftonline.com`) and `scope`.
    pub async fn get(&self, authority: &str, credential: &Credential, scope: &Scope) -> Outcome {
        self.obtain(authority, credential, scope, None).await
    }

    /// As [`Tokens::get`], with a token that was issued within the last second: proof that the login works now.
    /// Those who ask at once share one login; where it fails, an older token that still works stays for all others.
    pub async fn prove(&self, authority: &str, credential: &Credential, scope: &Scope) -> Outcome {
        self.obtain(authority, credential, scope, Some(PAUSE_AFTER_FAILURE)).await
    }

    async fn obtain(
        &self,
        authority: &str,
        credential: &Credential,
        scope: &Scope,
        most_age: Option<SignedDuration>,
    ) -> Outcome {
        let key = Key {
            authority: authority.trim_end_matches('/').to_owned(),
            identity: credential.cache_key(),
            scope: scope.clone(),
        };
        let flight = {
            let now = self.0.clock.now();
            let mut slots = self.0.slots();
            if !slots.contains_key(&key) {
                make_room(&mut slots, now);
            }
            let slot = slots.entry(key.clone()).or_default();
            let working =
                slot.token.as_ref().filter(|token| token.works(now) && token.is_younger(most_age, now));
            match (working, &slot.failure) {
                (Some(token), _) if !token.is_due(now) => return Ok(token.clone()),
                (working, Some((error, until))) if now < *until => {
                    return working.cloned().ok_or_else(|| error.clone());
                }
                _ => {}
            }
            match &slot.flight {
                Some(flight) => flight.clone(),
                None => {
                    let login = Arc::clone(&self.0).fly(key.clone(), credential.clone()).boxed().shared();
                    slot.flight = Some(login.clone());
                    login
                }
            }
        };
        let token = flight.await?;
        let now = self.0.clock.now();
        match self.0.slots().get(&key).and_then(|slot| slot.failure.as_ref()) {
            Some((error, until)) if now < *until && !token.is_younger(most_age, now) => Err(error.clone()),
            _ => Ok(token),
        }
    }

    /// Drops a token that a service refused, so that the next call logs in anew. A newer one stays.
    pub fn forget(&self, refused: &AccessToken) {
        for slot in self.0.slots().values_mut() {
            if slot.token.as_ref().is_some_and(|token| token.expose() == refused.expose()) {
                slot.token = None;
            }
        }
    }

    /// The clock that tokens are judged by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

impl Inner {
    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One login, with its retries; leaves the outcome in the slot.
    async fn fly(self: Arc<Self>, key: Key, credential: Credential) -> Outcome {
        let mut retry = 0;
        let outcome = loop {
            let error = match self.login(&key, &credential).await {
                Ok(token) => break Ok(token),
                Err(error) => error,
            };
            let passing = error.disposition() == Disposition::Always;
            match self.retry.pause(retry, error.retry_after(), spread()).filter(|_| passing) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => break Err(error),
            }
            retry += 1;
        };
        let now = self.clock.now();
        let mut slots = self.slots();
        let slot = slots.entry(key).or_default();
        slot.flight = None;
        match outcome {
            Ok(token) => {
                slot.token = Some(token.clone());
                slot.failure = None;
                Ok(token)
            }
            Err(error) => {
                let wished = error.retry_after().and_then(|wished| SignedDuration::try_from(wished).ok());
                let pause =
                    wished.unwrap_or_default().max(PAUSE_AFTER_FAILURE).min(SignedDuration::from_mins(5));
                slot.failure = Some((error.clone(), now.checked_add(pause).unwrap_or(now)));
                slot.token.clone().filter(|token| token.works(now)).ok_or(error)
            }
        }
    }

    async fn login(&self, key: &Key, credential: &Credential) -> Outcome {
        let entra = Entra {
            transport: self.transport.clone(),
            authority: key.authority.clone(),
            clock: self.clock.clone(),
        };
        match credential {
            Credential::Federated { tenant, client_id, source, .. } => {
                let assertion = source.assertion().await.map_err(EntraError::Assertion)?;
                entra.exchange(tenant, client_id, &assertion, &key.scope).await
            }
            Credential::ClientSecret { tenant, client_id, secret } => {
                entra.client_secret(tenant, client_id, secret, &key.scope).await
            }
            Credential::ClientCertificate { tenant, client_id, certificate } => {
                entra.client_certificate(tenant, client_id, certificate, &key.scope).await
            }
            Credential::ManagedIdentity { client_id } => {
                managed_identity::login(&self.transport, &self.clock, client_id.as_ref(), &key.scope).await
            }
            Credential::AzureCli { tenant, process } => {
                azure_cli::login(process.as_ref(), &self.clock, tenant.as_ref(), &key.scope).await
            }
        }
    }
}

fn make_room(slots: &mut HashMap<Key, Slot>, now: Timestamp) {
    if slots.len() < MOST_SLOTS {
        return;
    }
    slots
        .retain(|_, slot| slot.flight.is_some() || slot.token.as_ref().is_some_and(|token| token.works(now)));
    if slots.len() < MOST_SLOTS {
        return;
    }
    let first = slots
        .iter()
        .filter_map(|(key, slot)| Some((slot.token.as_ref()?.expires_at(), key)))
        .min_by_key(|(expires_at, _)| *expires_at)
        .map(|(_, key)| key.clone());
    if let Some(key) = first {
        slots.remove(&key);
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("slots", &self.0.slots().len()).finish()
    }
}
