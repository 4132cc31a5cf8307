//! Keys and certificates in the forms that secrets carry: PEM, PKCS#8, PKCS#12, JWK.
//!
//! ```text
//! pem ── blocks of text          certificate ── who signed whom, alternative names
//! der ── read and write ASN.1    private_key ── PKCS#1, SEC 1, PKCS#8
//! jwk ── JSON keys               pkcs12 ── archives: read, written, their ciphers
//! ```
//!
//! Rules and texts of errors are those of Go's `crypto` packages and of `go-pkcs12`.

pub(crate) mod certificate;
pub(crate) mod der;
pub(crate) mod jwk;
pub(crate) mod pem;
pub(crate) mod pkcs12;
pub(crate) mod private_key;
