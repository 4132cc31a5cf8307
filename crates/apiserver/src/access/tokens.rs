//! ServiceAccount tokens: signing them, and checking those that come back.

use std::sync::{Arc, PoisonError, RwLock};

use gangplank_pki::{KeySet, SigningKey, Token};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::Value;

use super::User;
use super::authenticate::TokenCheck;
use crate::server::Server;

/// Tokens that are accepted a little before they are valid: clocks differ.
const LEEWAY_SECONDS: i64 = 10;

/// Signs and checks the tokens of one issuer.
pub(crate) struct Tokens {
    issuer: String,
    seed: u64,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Made when the first token is signed or the keys are asked for: a server that does neither never pays for it.
    key: Option<Arc<SigningKey>>,
    generation: u64,
}

impl Tokens {
    pub(crate) fn new(issuer: String, seed: u64) -> Tokens {
        Tokens { issuer, seed, state: RwLock::default() }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    fn key(&self) -> Result<Arc<SigningKey>, String> {
        if let Some(key) = &self.state.read().unwrap_or_else(PoisonError::into_inner).key {
            return Ok(key.clone());
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &state.key {
            return Ok(key.clone());
        }
        let mut random =
            StdRng::seed_from_u64(self.seed ^ state.generation.rotate_left(32) ^ 0x746f_6b65_6e73);
        let key = Arc::new(SigningKey::generate(&mut random).map_err(|error| error.to_string())?);
        state.key = Some(key.clone());
        Ok(key)
    }

    pub(crate) fn rotate(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.key = None;
        state.generation += 1;
    }

    /// The public keys; empty where no key can be made.
    pub(crate) fn key_set(&self) -> Value {
        let set = self.key().map(|key| KeySet::of([&*key]));
        set.ok()
            .and_then(|set| serde_json::to_value(set).ok())
            .unwrap_or_else(|| serde_json::json!({"keys": []}))
    }

    /// The private key, PEM.
    pub(crate) fn private_key(&self) -> Result<String, String> {
        self.key().map(|key| key.pem().to_owned())
    }

    pub(crate) fn sign(&self, claims: &Value) -> Result<String, String> {
        self.key()?.sign(claims).map_err(|error| error.to_string())
    }

    /// Judges a token; `None` when it is not of this issuer.
    pub(super) fn check(
        &self,
        server: &Server,
        token: &str,
        audiences: &[String],
    ) -> Option<Result<TokenCheck, String>> {
        let parsed = Token::parse(token).ok()?;
        if parsed.text("iss") != self.issuer {
            return None;
        }
        Some(self.verify(server, token, audiences))
    }

    fn verify(&self, server: &Server, text: &str, audiences: &[String]) -> Result<TokenCheck, String> {
        let key = self.key()?;
        let token = Token::verify(text, &KeySet::of([&*key])).map_err(|error| error.to_string())?;
        let now = server.now().as_second();
        if token.seconds("exp").is_none_or(|end| end <= now) {
            return Err("service account token has expired".to_owned());
        }
        if token.seconds("nbf").is_some_and(|start| start > now + LEEWAY_SECONDS) {
            return Err("service account token is not valid yet".to_owned());
        }
        let good: Vec<String> =
            audiences.iter().filter(|audience| token.has_audience(audience)).cloned().collect();
        if good.is_empty() {
            let has = token.claims.get("aud").map(go_list).unwrap_or_default();
            return Err(format!(
                "token audiences [{has}] is invalid for the target audiences [{}]",
                audiences.join(" ")
            ));
        }
        let user = user_of(server, &token)?;
        Ok(TokenCheck { user, audiences: good })
    }
}

fn go_list(value: &Value) -> String {
    match value {
        Value::String(one) => format!("\"{one}\""),
        Value::Array(many) => {
            many.iter().filter_map(|v| v.as_str().map(|s| format!("\"{s}\""))).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// The user that a token names, if the objects that it is bound to are still the same ones.
fn user_of(server: &Server, token: &Token) -> Result<User, String> {
    let private = token.claims.get("kubernetes.io").ok_or("no kubernetes.io claims")?;
    let text = |pointer: &str| private.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name, uid) =
        (text("/namespace"), text("/serviceaccount/name"), text("/serviceaccount/uid"));
    let alive = |collection: &str, key: String, uid: &str| {
        server.store.get(collection, &key).is_some_and(|object| *object.uid == *uid && !object.terminating)
    };
    if !alive("/serviceaccounts", format!("{namespace}/{name}"), uid) {
        return Err("service account token has been invalidated".to_owned());
    }
    let mut extra = std::collections::BTreeMap::new();
    let mut put = |key: &str, value: &str| {
        extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
    };
    for (kind, collection) in [("pod", "/pods"), ("secret", "/secrets"), ("node", "/nodes")] {
        let (bound, bound_uid) = (text(&format!("/{kind}/name")), text(&format!("/{kind}/uid")));
        if bound.is_empty() {
            continue;
        }
        let key = if kind == "node" { bound.to_owned() } else { format!("{namespace}/{bound}") };
        let found = server.store.get(collection, &key).is_some_and(|object| *object.uid == *bound_uid);
        // A Pod's node is only told, not held against the token.
        if !found && (kind != "node" || text("/pod/name").is_empty()) {
            return Err("service account token has been invalidated".to_owned());
        }
        if kind != "secret" {
            put(&format!("{kind}-name"), bound);
            put(&format!("{kind}-uid"), bound_uid);
        }
    }
    let id = token.text("jti");
    if !id.is_empty() {
        put("credential-id", &format!("JTI={id}"));
    }
    Ok(User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid: uid.to_owned(),
        groups: vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")],
        extra,
    })
}
