//! An access token and the scope it is for.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// What a token is wanted for: an API's audience with `/.default`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope(String);

/// The application that every AKS API server with Entra stands for, the same in every cloud.
const AKS_SERVER: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

impl Scope {
    /// The scope of an API, by its audience (`https://vault.azure.net`, or an application's GUID).
    pub fn of_audience(audience: &str) -> Self {
        Self(format!("{audience}/.default"))
    }

    /// The scope of AKS API servers.
    pub fn aks() -> Self {
        Self::of_audience(AKS_SERVER)
    }

    /// The scope's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The audience: what the older endpoints (IMDS) call `resource`.
    pub fn audience(&self) -> &str {
        self.0.strip_suffix("/.default").unwrap_or(&self.0)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bearer token. `Debug` shows when it ends, never what it is.
#[derive(Clone)]
pub struct AccessToken {
    secret: SecretString,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

impl AccessToken {
    pub(crate) fn new(secret: SecretString, now: Timestamp, lifetime_seconds: u64) -> Self {
        let lifetime = i64::try_from(lifetime_seconds).unwrap_or(i64::MAX).min(7 * 86_400);
        let expires_at = now.checked_add(SignedDuration::from_secs(lifetime)).unwrap_or(now);
        Self { secret, issued_at: now, expires_at }
    }

    /// The token itself, for a header or an ExecCredential.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// When it stops working.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether it still works at `now`, with a margin for the request under way.
    pub(crate) fn works(&self, now: Timestamp) -> bool {
        now.checked_add(SignedDuration::from_secs(30)).is_ok_and(|soon| soon < self.expires_at)
    }

    /// Whether it was issued no longer ago than this; without a limit every token is.
    pub(crate) fn is_younger(&self, most_age: Option<SignedDuration>, now: Timestamp) -> bool {
        most_age.is_none_or(|most| now.duration_since(self.issued_at) <= most)
    }

    /// Whether it is time for a new one: in the last fifth of its life, at most five minutes before its end.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let fifth = self.expires_at.duration_since(self.issued_at) / 5;
        let ahead = fifth.min(SignedDuration::from_mins(5));
        self.expires_at.checked_sub(ahead).is_ok_and(|due| now >= due)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
