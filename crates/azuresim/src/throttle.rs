//! Token buckets, as Resource Manager and Key Vault use them.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use jiff::Timestamp;

use crate::ids::lock;

/// A bucket's size and what flows into it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) burst: f64,
    pub(crate) per_second: f64,
}

/// So many keys are remembered at most; beyond that full buckets are forgotten, and all if none is.
const MOST_BUCKETS: usize = 10_000;

/// Buckets by what they limit.
#[derive(Debug, Default)]
pub(crate) struct Buckets(Mutex<HashMap<String, (Timestamp, f64)>>);

impl Buckets {
    /// Takes one token from the bucket `key`. Gives what remains, or how long until there is one again.
    pub(crate) fn take(&self, key: String, rate: Rate, now: Timestamp) -> Result<u32, Duration> {
        let mut buckets = lock(&self.0);
        if buckets.len() >= MOST_BUCKETS {
            // A bucket untouched for an hour is full at every rate that is documented.
            buckets.retain(|_, (touched, _)| now.duration_since(*touched).as_secs() < 3600);
            if buckets.len() >= MOST_BUCKETS {
                buckets.clear();
            }
        }
        let (touched, tokens) = buckets.entry(key).or_insert((now, rate.burst));
        let gone = now.duration_since(*touched).as_secs_f64().max(0.0);
        *tokens = (*tokens + gone * rate.per_second).min(rate.burst);
        *touched = now;
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            // Truncation is meant: a part of a token is none.
            Ok(*tokens as u32)
        } else {
            Err(Duration::from_secs_f64((1.0 - *tokens) / rate.per_second))
        }
    }
}

/// Whole seconds for a `Retry-After` header, never less than the wait.
pub(crate) fn retry_after(wait: Duration) -> String {
    wait.as_secs_f64().ceil().max(1.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills() {
        let buckets = Buckets::default();
        let rate = Rate { burst: 2.0, per_second: 0.25 };
        let start = Timestamp::UNIX_EPOCH;
        let take = |seconds: u64| buckets.take("k".into(), rate, start + Duration::from_secs(seconds));
        assert_eq!(take(0), Ok(1));
        assert_eq!(take(0), Ok(0));
        assert_eq!(take(0), Err(Duration::from_secs(4)));
        assert_eq!(take(2), Err(Duration::from_secs(2)));
        assert_eq!(take(4), Ok(0));
        assert_eq!(take(1000), Ok(1), "never more than the burst");
        assert_eq!(retry_after(Duration::from_millis(1500)), "2");
    }
}
