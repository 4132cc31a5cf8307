//! Certificate authorities and the certificates that they issue. Keys are P-256: small, quick, and believed by every client.

use std::fmt;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey as EcdsaKey};
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use rand::CryptoRng;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, PublicKeyData, SerialNumber, SignatureAlgorithm,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use crate::PkiError;

/// When a certificate is valid, in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// The first second in which it is valid.
    pub from: i64,
    /// The last one.
    pub until: i64,
}

impl Lifetime {
    /// A lifetime of `days` that began a little before `now`, so that a peer whose clock is behind believes it too.
    pub fn days(now: i64, days: i64) -> Self {
        Lifetime { from: now - 300, until: now + days * 86_400 }
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A TLS server under these names (DNS names, wildcards among them, or IP addresses).
    Server {
        /// The subject alternative names.
        names: Vec<String>,
    },
    /// A client; Kubernetes reads the common name as the user and the organizations as groups.
    Client {
        /// The groups.
        organizations: Vec<String>,
    },
}

/// A certificate with its private key.
#[derive(Clone)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: Vec<u8>,
    key_pem: String,
}

impl Identity {
    /// The certificate as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The certificate as DER, in the type that rustls takes.
    pub fn certificate_der(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// The private key as PKCS#8 PEM. The caller answers for where it goes.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The private key as DER, in the type that rustls takes.
    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A certificate authority: its own certificate, and the key that signs others.
pub struct Authority {
    name: String,
    certificate_pem: String,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, Key>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes an authority with a fresh key and a self-signed certificate for the common name `name`.
    pub fn generate(name: &str, lifetime: Lifetime, rng: &mut impl CryptoRng) -> Result<Self, PkiError> {
        let failed = |error: rcgen::Error| PkiError::Certificate {
            subject: name.to_owned(),
            reason: error.to_string(),
        };
        let key = Key::generate(rng)?;
        let mut params = params(name, &[], lifetime, rng);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Authority {
            name: name.to_owned(),
            certificate_pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority's own certificate as PEM: what clients are told to trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's own certificate as DER.
    pub fn certificate_der(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Issues a certificate with a fresh key for the common name `name`.
    pub fn issue(
        &self,
        name: &str,
        purpose: Purpose,
        lifetime: Lifetime,
        rng: &mut impl CryptoRng,
    ) -> Result<Identity, PkiError> {
        let failed = |error: rcgen::Error| PkiError::Certificate {
            subject: name.to_owned(),
            reason: error.to_string(),
        };
        let key = Key::generate(rng)?;
        let (organizations, names) = match &purpose {
            Purpose::Server { names } => (&[][..], &names[..]),
            Purpose::Client { organizations } => (&organizations[..], &[][..]),
        };
        let mut params = params(name, organizations, lifetime, rng);
        params.subject_alt_names = CertificateParams::new(names.to_vec()).map_err(failed)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match purpose {
            Purpose::Server { .. } => ExtendedKeyUsagePurpose::ServerAuth,
            Purpose::Client { .. } => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Identity {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key: key.der,
            key_pem: key.pem,
        })
    }
}

/// A key that signs certificates. rcgen's own keys are drawn from the operating system and sign with a random nonce; these come from the
/// caller's generator and sign by RFC 6979, so that the same seed gives the same certificates, bit by bit.
struct Key {
    signing: EcdsaKey,
    public: Vec<u8>,
    der: Vec<u8>,
    pem: String,
}

impl Key {
    fn generate(rng: &mut impl CryptoRng) -> Result<Self, PkiError> {
        let failed = |reason: String| PkiError::Key { what: "certificate", reason };
        let secret = loop {
            let mut scalar = [0u8; 32];
            rng.fill_bytes(&mut scalar);
            // Not every 32 bytes are a scalar of the curve; the chance of a second draw is 2^-32.
            if let Ok(secret) = p256::SecretKey::from_slice(&scalar) {
                break secret;
            }
        };
        let der = secret.to_pkcs8_der().map_err(|error| failed(error.to_string()))?;
        let pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(error.to_string()))?;
        let signing = EcdsaKey::from(&secret);
        let public = signing.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Key { signing, public, der: der.as_bytes().to_vec(), pem: pem.to_string() })
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: DerSignature =
            self.signing.try_sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_bytes().to_vec())
    }
}

fn params(
    name: &str,
    organizations: &[String],
    lifetime: Lifetime,
    rng: &mut impl CryptoRng,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    for organization in organizations {
        subject.push(DnType::OrganizationName, organization.as_str());
    }
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    // X.509 has no year beyond 9999 and the caller's seconds may be anything: such a time is cut to the epoch.
    let time = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    params.not_before = time(lifetime.from);
    params.not_after = time(lifetime.until);
    let mut serial = [0u8; 16];
    rng.fill_bytes(&mut serial);
    // The highest bit would make it negative, a leading zero would be encoded away.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params
}
