//! Certificates, signing keys and signed tokens.
//!
//! Everything in gangplank that proves who somebody is stands on three values:
//!
//! ```text
//!  Authority ──issues──▶ Identity        a certificate with its key (TLS servers, kubeconfig users)
//!  SigningKey ──signs──▶ token           a compact JWS, RS256 (ServiceAccounts, Entra)
//!  KeySet ◀──publishes── SigningKey      the JWKS by which anybody checks those tokens
//! ```
//!
//! Invariants:
//! - No I/O, no clock. Times are Unix seconds that the caller gives; randomness is the caller's generator, so that a
//!   seeded world makes the same keys and certificates again.
//! - Private keys do not print: `Debug` of everything that holds one shows its name only.
//! - Only RS256 tokens are made and accepted: it is what Entra accepts of an issuer and what it issues itself.

mod authority;
mod signing;
mod token;

pub use authority::{Authority, Identity, Lifetime, Purpose};
pub use signing::{Jwk, KeySet, SigningKey};
pub use token::{Token, TokenError};

/// A key or a certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The private key has no form that the signer understands.
    #[error("cannot use the {what} key: {reason}")]
    Key {
        /// Which key.
        what: &'static str,
        /// What the library said.
        reason: String,
    },
    /// The certificate could not be made.
    #[error("cannot make a certificate for `{subject}`: {reason}")]
    Certificate {
        /// The common name asked for.
        subject: String,
        /// What the library said.
        reason: String,
    },
}
