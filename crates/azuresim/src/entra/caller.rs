//! Who calls: the check of Entra's own access tokens, as every resource makes it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use gangplank_pki::{Jwk, KeySet, Token};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{environment::Environment, ids::lock};

/// A caller as their access token describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Object id of the service principal (or user).
    pub object_id: Uuid,
    /// Application (client) id.
    pub app_id: String,
    /// Object ids of groups that the token itself names.
    pub groups: Vec<Uuid>,
    /// The token's audience, as issued.
    pub audience: String,
    /// The token's issuer.
    pub issuer: String,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// From when on it is not.
    pub expires: Timestamp,
    /// Whether its client can answer a claims challenge (`xms_cc` has `CP1`).
    pub answers_challenges: bool,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    /// Not a token of Entra's, or changed.
    #[error("the access token is malformed or its signature is not Entra's")]
    Invalid,
    /// Issued for another tenant or by somebody else.
    #[error("the access token is from the wrong issuer")]
    Issuer,
    /// Issued for another resource.
    #[error("the access token is for another audience")]
    Audience,
    /// Past its end.
    #[error("the access token has expired")]
    Expired,
    /// Before its begin.
    #[error("the access token is not valid yet")]
    NotYetValid,
    /// Its client can answer a challenge, and is asked for a token of this time (Unix seconds) or later.
    #[error("continuous access evaluation asks for a token that is not older than {since}")]
    Challenged {
        /// The time.
        since: i64,
    },
}

/// The claims of a challenge, as its header carries them: base64 of JSON. The client hands them to Entra as they stand.
pub(crate) fn challenge_claims(since: i64) -> String {
    let claims = json!({"access_token": {"nbf": {"essential": true, "value": since.to_string()}}});
    BASE64.encode(claims.to_string())
}

/// How far a resource's clock and Entra's may be apart.
const TOLERANCE_SECONDS: i64 = 300;

/// So many tokens are remembered in each of two generations.
const GENERATION: usize = 8_192;

/// Checks access tokens of one tenant. A token's signature is checked once; after that its hash is known.
#[derive(Debug)]
pub struct EntraVerifier {
    issuer: String,
    keys: RwLock<Arc<KeySet>>,
    recent: Mutex<Recent>,
    /// Unix seconds; tokens begun before are taken for expired.
    oldest: AtomicI64,
}

/// The tokens seen lately, in two generations: when the young one is full it becomes the old one and the old one goes.
/// What is used again moves up. So it never holds more than two generations, and forgets what nobody shows any more.
#[derive(Debug, Default)]
struct Recent {
    young: HashMap<[u8; 32], Arc<Caller>>,
    old: HashMap<[u8; 32], Arc<Caller>>,
}

impl Recent {
    fn get(&mut self, key: &[u8; 32]) -> Option<Arc<Caller>> {
        if let Some(caller) = self.young.get(key) {
            return Some(caller.clone());
        }
        let caller = self.old.remove(key)?;
        self.insert(*key, caller.clone());
        Some(caller)
    }

    fn insert(&mut self, key: [u8; 32], caller: Arc<Caller>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, caller);
    }
}

impl EntraVerifier {
    pub(super) fn new(environment: &Environment, tenant: &str, keys: KeySet) -> Self {
        EntraVerifier {
            issuer: format!("{}{tenant}/", environment.token_issuer),
            keys: RwLock::new(Arc::new(keys)),
            recent: Mutex::default(),
            oldest: AtomicI64::new(i64::MIN),
        }
    }

    /// The issuer of the tenant's access tokens.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys that sign them.
    pub fn keys(&self) -> Arc<KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Believes what this key has signed, too.
    pub(super) fn publish(&self, key: Jwk) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let mut more = keys.keys.clone();
        more.insert(0, key);
        *keys = Arc::new(KeySet { keys: more });
    }

    /// Takes tokens begun before `time` for expired.
    pub(crate) fn expire_before(&self, time: Option<Timestamp>) {
        self.oldest.store(time.map_or(i64::MIN, Timestamp::as_second), Ordering::Relaxed);
    }

    /// Unix seconds; tokens begun before are taken for expired.
    pub(super) fn oldest(&self) -> i64 {
        self.oldest.load(Ordering::Relaxed)
    }

    /// The caller that `token` describes, if it is Entra's, valid at `now`, and `accepts` its audience.
    pub fn verify(
        &self,
        token: &str,
        accepts: impl FnOnce(&str) -> bool,
        now: Timestamp,
    ) -> Result<Arc<Caller>, CallerError> {
        let key: [u8; 32] = Sha256::digest(token).into();
        let known = lock(&self.recent).get(&key);
        let caller = match known {
            Some(caller) => caller,
            None => {
                let caller = Arc::new(self.read(token)?);
                lock(&self.recent).insert(key, caller.clone());
                caller
            }
        };
        if !accepts(&caller.audience) {
            return Err(CallerError::Audience);
        }
        let since = self.oldest();
        if caller.not_before.as_second() < since {
            return Err(match caller.answers_challenges {
                true => CallerError::Challenged { since },
                false => CallerError::Expired,
            });
        }
        let apart = |from: Timestamp, to: Timestamp| to.as_second() - from.as_second();
        if apart(caller.expires, now) >= TOLERANCE_SECONDS {
            Err(CallerError::Expired)
        } else if apart(now, caller.not_before) > TOLERANCE_SECONDS {
            Err(CallerError::NotYetValid)
        } else {
            Ok(caller)
        }
    }

    fn read(&self, token: &str) -> Result<Caller, CallerError> {
        let token = Token::verify(token, &self.keys()).map_err(|_| CallerError::Invalid)?;
        if token.text("iss") != self.issuer {
            return Err(CallerError::Issuer);
        }
        let time = |claim| token.seconds(claim).and_then(|seconds| Timestamp::from_second(seconds).ok());
        let groups = token.claims.get("groups").and_then(Value::as_array).into_iter().flatten();
        Ok(Caller {
            object_id: Uuid::try_parse(token.text("oid")).map_err(|_| CallerError::Invalid)?,
            app_id: token.text("appid").to_owned(),
            groups: groups.filter_map(Value::as_str).filter_map(|id| Uuid::try_parse(id).ok()).collect(),
            audience: token.text("aud").to_owned(),
            issuer: self.issuer.clone(),
            not_before: time("nbf").ok_or(CallerError::Invalid)?,
            expires: time("exp").ok_or(CallerError::Invalid)?,
            answers_challenges: token.claims.get("xms_cc").is_some_and(|capabilities| {
                capabilities.as_array().is_some_and(|list| list.iter().any(|it| it == "CP1"))
            }),
        })
    }
}
