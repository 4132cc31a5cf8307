//! Signed tokens: the compact form of JWS (RFC 7515) with RS256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Map, Value, json};

use crate::{KeySet, PkiError, SigningKey};

/// The longest token that is read, in bytes. Entra's with 200 groups have some 10 KiB.
const LONGEST: usize = 64 * 1024;

/// Why a token was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token at all.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// Signed with something else than RS256.
    #[error("the token is signed with {0}, and only RS256 is accepted")]
    Algorithm(String),
    /// The key that signed it is not in the key set.
    #[error("the token is signed by key `{0}`, which its issuer does not publish")]
    UnknownKey(String),
    /// The key is there, but the signature is not its.
    #[error("the token's signature does not match the key `{0}`")]
    Signature(String),
}

/// A token that has been taken apart. Only [`Token::verify`] says that it was also signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
}

impl Token {
    /// Takes a token apart **without** believing it: to learn which issuer's keys to fetch, or what a refused one said.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        Ok(split(text)?.0)
    }

    /// Takes a token apart and checks its signature against `keys`. Times, issuer and audience are the caller's to judge.
    pub fn verify(text: &str, keys: &KeySet) -> Result<Self, TokenError> {
        let (token, signed, signature) = split(text)?;
        let algorithm = token.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        if algorithm != "RS256" {
            return Err(TokenError::Algorithm(algorithm.to_owned()));
        }
        let key_id = token.header.get("kid").and_then(Value::as_str).unwrap_or_default();
        let key = keys
            .keys
            .iter()
            .find(|key| key.key_id == key_id && key.key_type == "RSA")
            .ok_or_else(|| TokenError::UnknownKey(key_id.to_owned()))?;
        if !key.verifies(signed.as_bytes(), &signature) {
            return Err(TokenError::Signature(key_id.to_owned()));
        }
        Ok(token)
    }

    /// A claim that is text, or `""`.
    pub fn text(&self, claim: &str) -> &str {
        self.claims.get(claim).and_then(Value::as_str).unwrap_or_default()
    }

    /// A claim that is a time in Unix seconds. Fractions are cut.
    pub fn seconds(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        // Some issuers write `1.7e9`; a float loses nothing at this size.
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// Whether `audience` is among the token's audiences (a text or a list of them, RFC 7519).
    pub fn has_audience(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().any(|one| one == audience),
            _ => false,
        }
    }
}

impl SigningKey {
    /// Signs `claims` and returns the compact token; the header names the key and RS256.
    pub fn sign(&self, claims: &Value) -> Result<String, PkiError> {
        self.sign_with_header(&json!({}), claims)
    }

    /// As [`SigningKey::sign`], with further members of the header (`typ`, `x5t`, …).
    pub fn sign_with_header(&self, header: &Value, claims: &Value) -> Result<String, PkiError> {
        let mut full = json!({"alg": "RS256", "kid": self.key_id()});
        if let (Some(full), Some(more)) = (full.as_object_mut(), header.as_object()) {
            full.extend(more.clone());
        }
        let mut text =
            format!("{}.{}", BASE64URL.encode(full.to_string()), BASE64URL.encode(claims.to_string()));
        let signature = self.sign_bytes(text.as_bytes())?;
        text.push('.');
        BASE64URL.encode_string(signature, &mut text);
        Ok(text)
    }
}

fn split(text: &str) -> Result<(Token, &str, Vec<u8>), TokenError> {
    if text.len() > LONGEST {
        return Err(TokenError::Malformed("it is longer than 64 KiB"));
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed("it has no three parts"))?;
    let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed("it has no three parts"))?;
    let object = |part: &str, what| {
        let bytes = BASE64URL.decode(part).map_err(|_| TokenError::Malformed(what))?;
        serde_json::from_slice::<Map<String, Value>>(&bytes).map_err(|_| TokenError::Malformed(what))
    };
    let header = object(header, "its header is not base64url of a JSON object")?;
    let claims = object(claims, "its claims are not base64url of a JSON object")?;
    let signature =
        BASE64URL.decode(signature).map_err(|_| TokenError::Malformed("its signature is not base64url"))?;
    Ok((Token { header, claims }, signed, signature))
}
