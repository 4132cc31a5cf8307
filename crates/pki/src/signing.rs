//! RSA keys that sign tokens, and the key sets by which others check them (RFC 7517).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use rand::CryptoRng;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use rsa::PrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::PkiError;

/// The size of every key made here, in bits.
const KEY_BITS: usize = 2048;

/// An RSA key pair that signs tokens with RS256.
pub struct SigningKey {
    pair: RsaKeyPair,
    pem: String,
    jwk: Jwk,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("key_id", &self.jwk.key_id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key of 2,048 bits. It takes a tenth of a second or so: make it when it is needed, not before.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, PkiError> {
        let key = PrivateKey::new(rng, KEY_BITS).map_err(failed)?;
        Self::from_rsa(&key)
    }

    /// Reads a key from PKCS#8 PEM.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, PkiError> {
        let key = PrivateKey::from_pkcs8_pem(pem).map_err(failed)?;
        Self::from_rsa(&key)
    }

    fn from_rsa(key: &PrivateKey) -> Result<Self, PkiError> {
        let der = key.to_pkcs8_der().map_err(failed)?;
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(failed)?;
        let pair = RsaKeyPair::from_pkcs8(der.as_bytes()).map_err(failed)?;
        let modulus = key.n().to_be_bytes_trimmed_vartime();
        // The id follows the key, as Kubernetes forms it: a real API server that signs with this key names it alike, a key that
        // is read again has its old id, and a rotated one a new id.
        let public = key.to_public_key().to_public_key_der().map_err(failed)?;
        let key_id = BASE64URL.encode(Sha256::digest(public.as_bytes()));
        let jwk = Jwk {
            key_type: "RSA".to_owned(),
            public_use: Some("sig".to_owned()),
            algorithm: Some("RS256".to_owned()),
            key_id,
            modulus: BASE64URL.encode(&modulus),
            exponent: BASE64URL.encode(key.e().to_be_bytes_trimmed_vartime()),
        };
        Ok(SigningKey { pair, pem: pem.to_string(), jwk })
    }

    /// The private key as PKCS#8 PEM, for servers that are configured by file. The caller answers for where it goes.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The name of the key in token headers and key sets.
    pub fn key_id(&self) -> &str {
        &self.jwk.key_id
    }

    /// The public key, as key sets list it.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs bytes with RSASSA-PKCS1-v1_5 and SHA-256.
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), message, &mut signature)
            .map_err(|_| failed("the operating system gave no randomness for blinding"))?;
        Ok(signature)
    }
}

fn failed(reason: impl fmt::Display) -> PkiError {
    PkiError::Key { what: "token signing", reason: reason.to_string() }
}

/// One public RSA key of a key set. Members that are not known are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// The family of the key; only `RSA` is used here.
    #[serde(rename = "kty")]
    pub key_type: String,
    /// `sig`, or absent.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub public_use: Option<String>,
    /// `RS256`, or absent.
    #[serde(rename = "alg", default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// The name by which token headers refer to it.
    #[serde(rename = "kid", default)]
    pub key_id: String,
    /// The modulus, big endian, base64url.
    #[serde(rename = "n", default)]
    pub modulus: String,
    /// The public exponent, big endian, base64url.
    #[serde(rename = "e", default)]
    pub exponent: String,
}

impl Jwk {
    /// Whether `signature` was made over `message` by the private half of this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let (Ok(n), Ok(e)) = (BASE64URL.decode(&self.modulus), BASE64URL.decode(&self.exponent)) else {
            return false;
        };
        RsaPublicKeyComponents { n: &n, e: &e }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }
}

/// A set of public keys, as issuers publish it (JWKS).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    /// The keys, the newest first by custom.
    pub keys: Vec<Jwk>,
}

impl KeySet {
    /// The set that publishes these keys.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Self {
        KeySet { keys: keys.into_iter().map(|key| key.jwk.clone()).collect() }
    }
}
