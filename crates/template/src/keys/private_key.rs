//! Private keys: read from PKCS#1, SEC 1 and PKCS#8, written as PKCS#8 in Go's normal form.

use p256::elliptic_curve::sec1::ToSec1Point;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};

use super::der::{self, Reader, tag};

pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(crate) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
pub(crate) const X25519: &[u8] = &[0x2b, 0x65, 0x6e];

/// A curve with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) fn object_id(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        }
    }

    pub(crate) fn from_object_id(id: &[u8]) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.object_id() == id)
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "P-256" => Some(Self::P256),
            "P-384" => Some(Self::P384),
            "P-521" => Some(Self::P521),
            _ => None,
        }
    }

    /// Bytes of a coordinate or scalar.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The public point of a scalar, uncompressed.
    fn point(self, scalar: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::P256 => {
                let key = p256::SecretKey::from_slice(scalar).ok()?;
                Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
            }
            Self::P384 => {
                let key = p384::SecretKey::from_slice(scalar).ok()?;
                Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
            }
            Self::P521 => {
                let key = p521::SecretKey::from_slice(scalar).ok()?;
                Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
            }
        }
    }
}

/// A private key.
pub(crate) enum PrivateKey {
    Rsa(Box<rsa::PrivateKey>),
    Ec { curve: Curve, scalar: Vec<u8>, point: Vec<u8> },
    Ed25519(Vec<u8>),
    X25519(Vec<u8>),
}

/// A private key that can't be read. Without detail: the detail would be of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("x509: failed to parse private key")]
pub(crate) struct BadKey;

impl From<der::DerError> for BadKey {
    fn from(_: der::DerError) -> Self {
        Self
    }
}

/// A number in so many bytes.
pub(crate) fn padded(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let significant = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let missing = size.checked_sub(significant.len())?;
    Some(std::iter::repeat_n(0, missing).chain(significant.iter().copied()).collect())
}

impl PrivateKey {
    pub(crate) fn from_ec_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, BadKey> {
        let scalar = padded(scalar, curve.size()).ok_or(BadKey)?;
        let point = curve.point(&scalar).ok_or(BadKey)?;
        Ok(Self::Ec { curve, scalar, point })
    }

    /// Reads the three forms in the order in which Go tries them.
    pub(crate) fn from_der(bytes: &[u8]) -> Result<Self, BadKey> {
        Self::from_pkcs1(bytes).or_else(|_| Self::from_pkcs8(bytes)).or_else(|_| Self::from_sec1(bytes, None))
    }

    pub(crate) fn from_pkcs1(bytes: &[u8]) -> Result<Self, BadKey> {
        rsa::PrivateKey::from_pkcs1_der(bytes).map(|key| Self::Rsa(Box::new(key))).map_err(|_| BadKey)
    }

    /// Reads SEC 1; within PKCS#8 the curve is known from outside.
    pub(crate) fn from_sec1(bytes: &[u8], curve: Option<Curve>) -> Result<Self, BadKey> {
        let mut reader = Reader::new(bytes).sequence("ecPrivateKey")?;
        if reader.number()? != 1 {
            return Err(BadKey);
        }
        let scalar = reader.octets()?;
        let named = match reader.explicit(0)? {
            Some(mut inner) => Curve::from_object_id(inner.object_id()?),
            None => None,
        };
        Self::from_ec_scalar(curve.or(named).ok_or(BadKey)?, scalar)
    }

    pub(crate) fn from_pkcs8(bytes: &[u8]) -> Result<Self, BadKey> {
        let mut reader = Reader::new(bytes).sequence("pkcs8")?;
        reader.number()?;
        let mut algorithm = reader.sequence("AlgorithmIdentifier")?;
        let id = algorithm.object_id()?;
        let key = reader.octets()?;
        if id == RSA {
            return Self::from_pkcs1(key);
        }
        if id == EC {
            let curve = Curve::from_object_id(algorithm.object_id()?).ok_or(BadKey)?;
            return Self::from_sec1(key, Some(curve));
        }
        let seed = Reader::new(key).octets()?;
        match (id, seed.len()) {
            (ED25519, 32) => Ok(Self::Ed25519(seed.to_vec())),
            (X25519, 32) => Ok(Self::X25519(seed.to_vec())),
            _ => Err(BadKey),
        }
    }

    /// PKCS#8 without attributes.
    pub(crate) fn to_pkcs8(&self) -> Result<Vec<u8>, BadKey> {
        let (algorithm, key) = match self {
            Self::Rsa(key) => {
                let key = key.to_pkcs1_der().map_err(|_| BadKey)?;
                (der::sequence(&[&der::object_id(RSA), &der::null()]), key.as_bytes().to_vec())
            }
            Self::Ec { curve, scalar, point } => {
                let algorithm = der::sequence(&[&der::object_id(EC), &der::object_id(curve.object_id())]);
                (algorithm, sec1(scalar, None, point))
            }
            Self::Ed25519(seed) => (der::sequence(&[&der::object_id(ED25519)]), der::octets(seed)),
            Self::X25519(seed) => (der::sequence(&[&der::object_id(X25519)]), der::octets(seed)),
        };
        Ok(der::sequence(&[&der::unsigned(&[0]), &algorithm, &der::octets(&key)]))
    }
}

/// SEC 1, with the curve's name where nothing around it says it.
pub(crate) fn sec1(scalar: &[u8], curve: Option<Curve>, point: &[u8]) -> Vec<u8> {
    let named = curve.map(|curve| der::explicit(0, &der::object_id(curve.object_id()))).unwrap_or_default();
    let public = der::explicit(1, &der::bits(point));
    der::sequence(&[&der::unsigned(&[1]), &der::octets(scalar), &named, &public])
}

/// A public key with its algorithm, as certificates hold it.
pub(crate) fn public_key_info(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::object_id(algorithm), parameters]);
    der::sequence(&[&algorithm, &der::element(tag::BIT_STRING, &[&[0], key].concat())])
}
