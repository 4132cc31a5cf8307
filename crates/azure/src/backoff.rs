//! When to ask again: a pure policy, and how `Retry-After` is read.

use bytes::Bytes;
use http::{Response, StatusCode};
use jiff::Timestamp;
use std::time::Duration;

/// How a client repeats requests that failed in passing (429, 5xx, no answer).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many times a request is repeated at most.
    pub retries: u32,
    /// The first pause where the server names none; doubles each time.
    pub first_pause: Duration,
    /// No pause is longer. A server that asks for more is answered with an error that carries its wish, so that no
    /// caller is held for minutes.
    pub longest_pause: Duration,
}

impl RetryPolicy {
    /// For commands that a person waits for: patient, since ARM asks for tens of seconds.
    pub fn patient() -> Self {
        Self { retries: 8, first_pause: Duration::from_secs(1), longest_pause: Duration::from_secs(60) }
    }

    /// For controllers, which come back by themselves: a hiccup is waited out, a lasting fault is reported.
    pub fn brief() -> Self {
        Self { retries: 2, first_pause: Duration::from_millis(500), longest_pause: Duration::from_secs(3) }
    }

    /// Asks once.
    pub fn never() -> Self {
        Self { retries: 0, first_pause: Duration::ZERO, longest_pause: Duration::ZERO }
    }

    /// The pause before retry number `retry` (from 0), or `None` when it is time to give up. `wished` is the server's
    /// `Retry-After`; `spread` in 0..1 spreads clients that failed together.
    pub fn pause(&self, retry: u32, wished: Option<Duration>, spread: f64) -> Option<Duration> {
        if retry >= self.retries {
            return None;
        }
        match wished {
            Some(wished) if wished > self.longest_pause => None,
            Some(wished) => Some(wished.mul_f64(1.0 + 0.1 * spread)),
            None => {
                let doubled = self.first_pause.saturating_mul(1 << retry.min(16)).min(self.longest_pause);
                Some(doubled.mul_f64(0.5 + 0.5 * spread))
            }
        }
    }
}

/// Whether an answer's status says "later" rather than "no".
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
        || status.is_server_error()
}

/// The `Retry-After` of an answer: seconds, or an HTTP date.
pub(crate) fn retry_after(response: &Response<Bytes>, now: Timestamp) -> Option<Duration> {
    let text = crate::transport::header(response, "retry-after")?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let seconds = at.duration_since(now).as_secs();
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// A number in 0..1 for [`RetryPolicy::pause`].
pub(crate) fn spread() -> f64 {
    // The low bits of a random UUID are all random.
    let bits = (uuid::Uuid::new_v4().as_u128() & u128::from(u32::MAX)) as u32;
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_a_wish_beyond_it_ends_the_retries() {
        let policy = RetryPolicy {
            retries: 3,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(3),
        };
        let check = |retry, wished: Option<u64>, expect: Option<u64>| {
            let pause = policy.pause(
                retry,
                wished.map(Duration::from_secs),
                if wished.is_some() { 0.0 } else { 1.0 },
            );
            assert_eq!(pause, expect.map(Duration::from_secs), "{retry} {wished:?}");
        };
        check(0, None, Some(1));
        check(1, None, Some(2));
        check(2, None, Some(3));
        check(3, None, None);
        check(0, Some(2), Some(2));
        check(0, Some(4), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-24T05:00:00Z".parse().unwrap();
        let check = |value: &str, expect: Option<u64>| {
            let response = Response::builder().header("retry-after", value).body(Bytes::new()).unwrap();
            assert_eq!(retry_after(&response, now), expect.map(Duration::from_secs), "{value}");
        };
        check("7", Some(7));
        check("Tue, 24 Nov 2026 05:00:09 GMT", Some(9));
        check("Tue, 24 Nov 2026 04:00:09 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }
}
