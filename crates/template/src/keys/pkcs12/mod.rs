//! PKCS#12 archives: a private key and certificates under a password.
//!
//! ```text
//! PFX ── MAC over ─▶ AuthenticatedSafe ── data          ─▶ bags (key, shrouded key, certificate)
//!                                      └─ encryptedData ─▶ bags
//! ```
//!
//! Reads what Go's `go-pkcs12` reads: both old and new ciphers, MACs of the old and the new sort. Writes its modern form:
//! AES-256 with PBKDF2 and SHA-256.

mod cipher;
mod mac;
mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::{write, write_trust_store};

use super::der::DerError;

pub(super) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
pub(super) const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
pub(super) const KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x01];
pub(super) const SHROUDED_KEY_BAG: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];
pub(super) const CERTIFICATE_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];
pub(super) const X509: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
pub(super) const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
pub(super) const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
pub(super) const PBMAC1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0e];
pub(super) const HMAC_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07];
pub(super) const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
pub(super) const HMAC_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b];
pub(super) const AES128: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
pub(super) const AES192: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16];
pub(super) const AES256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
pub(super) const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
pub(super) const SHA512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
pub(super) const TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03];
pub(super) const RC2_128: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x05];
pub(super) const RC2_40: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x06];

/// Rounds of key derivation beyond this are refused: they would take seconds each.
pub(super) const MOST_ROUNDS: u32 = 1_000_000;

/// Why an archive can't be read or written, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Pkcs12Error {
    #[error("pkcs12: error reading P12 data: {0}")]
    NoArchive(DerError),
    #[error("{0}")]
    Broken(#[from] DerError),
    #[error("pkcs12: decryption password incorrect")]
    WrongPassword,
    #[error("pkcs12: decryption error, incorrect padding")]
    Padding,
    #[error("pkcs12: {0}")]
    Other(&'static str),
    #[error("pkcs12: error decrypting PKCS#8 shrouded key bag: {0}")]
    Shrouded(Box<Pkcs12Error>),
    #[error("pkcs12: error parsing PKCS#8 private key: {0}")]
    Key(String),
    #[error("{0}")]
    Certificate(String),
}

/// A password as the old derivation takes it: two bytes a character, and two zero bytes at the end.
pub(super) fn wide(password: &[u8]) -> Result<Vec<u8>, Pkcs12Error> {
    let mut out = Vec::new();
    for c in crate::format::quote::runes(password).chain(['\0']) {
        let unit = u16::try_from(u32::from(c))
            .map_err(|_| Pkcs12Error::Other("string contains characters that cannot be encoded in UCS-2"))?;
        out.extend(unit.to_be_bytes());
    }
    Ok(out)
}
