//! The login by certificate: the application signs an assertion about itself.

use super::federated::Assertion;
use crate::name::ClientId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::digest;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use std::fmt;

/// Why a certificate can't log in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientCertificateError {
    /// No `CERTIFICATE` block.
    #[error("there is no certificate in the PEM text")]
    NoCertificate,
    /// No key block, or one that is neither PKCS#1 nor PKCS#8.
    #[error("there is no private key in the PEM text: put the key beside the certificate")]
    NoKey,
    /// A key that is no RSA key, or broken.
    #[error("the private key is no usable RSA key ({reason}): Entra takes RSA keys of 2048 bits and more")]
    Key {
        /// ring's short reason.
        reason: String,
    },
    /// Signing failed.
    #[error("signing the login failed")]
    Sign,
}

/// A certificate with its RSA key. `Debug` shows neither.
pub struct ClientCertificate {
    certificate: CertificateDer<'static>,
    key: RsaKeyPair,
}

impl ClientCertificate {
    /// Reads a PEM text that holds a certificate (the first counts) and its RSA key, PKCS#1 or PKCS#8.
    pub fn from_pem(pem: &[u8]) -> Result<Self, ClientCertificateError> {
        let certificate = CertificateDer::pem_slice_iter(pem)
            .flatten()
            .next()
            .ok_or(ClientCertificateError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| ClientCertificateError::NoKey)?;
        let key = match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(ClientCertificateError::Key { reason: "an elliptic curve key".to_owned() }),
        };
        let key = key.map_err(|rejected| ClientCertificateError::Key { reason: rejected.to_string() })?;
        Ok(Self { certificate, key })
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// The assertion of RFC 7523 in the form Entra documents: RS256, named by the certificate's SHA-1 thumbprint.
    pub(crate) fn assertion(
        &self,
        client_id: &ClientId,
        audience: &str,
        now: Timestamp,
    ) -> Result<Assertion, ClientCertificateError> {
        let thumbprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.certificate);
        let header = json!({ "alg": "RS256", "typ": "JWT", "x5t": URL_SAFE_NO_PAD.encode(thumbprint) });
        let end = now.checked_add(SignedDuration::from_mins(10)).unwrap_or(now);
        let claims = json!({
            "aud": audience,
            "iss": client_id.as_str(),
            "sub": client_id.as_str(),
            "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": now.as_second(),
            "iat": now.as_second(),
            "exp": end.as_second(),
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
            .map_err(|_| ClientCertificateError::Sign)?;
        Ok(Assertion::new(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate")
    }
}
