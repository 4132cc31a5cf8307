//! The published keys of token issuers, fetched once and kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use gangplank_pki::KeySet;
use jiff::Timestamp;
use serde::Deserialize;

use crate::{faults::later, ids::lock, ports::IssuerFetch};

/// How long fetched keys are taken for current. An unknown key id fetches anew at once.
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// So many issuers are remembered at most.
const MOST_ISSUERS: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Issuers(Mutex<HashMap<String, (Timestamp, Arc<KeySet>)>>);

impl Issuers {
    /// The keys fetched before and not yet old.
    pub(super) fn kept(&self, issuer: &str, now: Timestamp) -> Option<Arc<KeySet>> {
        let kept = lock(&self.0);
        let (until, keys) = kept.get(issuer)?;
        (now < *until).then(|| keys.clone())
    }

    /// Fetches the discovery document and then the keys it points to. The error is the reason.
    pub(super) async fn fetch(
        &self,
        port: &dyn IssuerFetch,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, String> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = port.get(&url).await.map_err(|reason| format!("GET {url}: {reason}"))?;
        let document: Discovery =
            serde_json::from_slice(&document).map_err(|error| format!("{url}: {error}"))?;
        if document.issuer != issuer {
            return Err(format!("{url} is the document of another issuer, '{}'", document.issuer));
        }
        let url = document.jwks_uri;
        let keys = port.get(&url).await.map_err(|reason| format!("GET {url}: {reason}"))?;
        let keys: KeySet = serde_json::from_slice(&keys).map_err(|error| format!("{url}: {error}"))?;
        let keys = Arc::new(keys);
        let mut kept = lock(&self.0);
        if kept.len() >= MOST_ISSUERS {
            kept.clear();
        }
        kept.insert(issuer.to_owned(), (later(now, KEPT_FOR), keys.clone()));
        Ok(keys)
    }
}
