//! A cluster's CA certificate in the only encoding that works: base64 of PEM, once, without a line break.
//!
//! It is what AKS puts into kubeconfigs and Terraform passes on, and what Argo CD's `caData` wants. The wrong encodings fail
//! late and silently (Argo CD shows no cluster, or one in state Unknown), so each has an error of its own here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;

/// Why a value is no CA certificate that Argo CD could use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// PEM that was not encoded.
    #[error("it is PEM as it stands; `caData` wants base64 of that PEM, once")]
    RawPem,
    /// base64 of base64 of PEM.
    #[error(
        "it is encoded twice: base64 of base64 of PEM; leave out the second encoding (`b64enc`, `base64encode`)"
    )]
    EncodedTwice,
    /// A line break or a space, which is illegal inside the JSON of the cluster Secret.
    #[error("it has white space or line breaks in it, which break the JSON of the cluster Secret")]
    WhiteSpace,
    /// Something else.
    #[error("it is not base64")]
    NotBase64,
    /// Decodes, but to something else than PEM.
    #[error("it is base64, but not of a PEM certificate")]
    NotPem,
    /// PEM whose content is no certificate.
    #[error("its PEM holds no X.509 certificate: {0}")]
    NotCertificate(String),
}

/// A CA certificate, checked: base64 of PEM of X.509.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaCertificate {
    encoded: String,
    not_after: Timestamp,
}

impl CaCertificate {
    /// Checks a value as the vault or a kubeconfig holds it. The value itself is kept as it stands.
    pub fn parse(value: &str) -> Result<Self, CaError> {
        if value.is_empty() {
            return Err(CaError::Empty);
        }
        if value.trim_start().starts_with("-----BEGIN") {
            return Err(CaError::RawPem);
        }
        if value.contains(char::is_whitespace) {
            return Err(CaError::WhiteSpace);
        }
        let pem = BASE64.decode(value).map_err(|_| CaError::NotBase64)?;
        if !pem.starts_with(b"-----BEGIN") {
            let again = BASE64.decode(pem.trim_ascii());
            let twice = again.is_ok_and(|inner| inner.starts_with(b"-----BEGIN"));
            return Err(if twice { CaError::EncodedTwice } else { CaError::NotPem });
        }
        let (_, block) = x509_parser::pem::parse_x509_pem(&pem)
            .map_err(|error| CaError::NotCertificate(error.to_string()))?;
        let certificate = block.parse_x509().map_err(|error| CaError::NotCertificate(error.to_string()))?;
        let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp())
            .map_err(|error| CaError::NotCertificate(error.to_string()))?;
        Ok(CaCertificate { encoded: value.to_owned(), not_after })
    }

    /// base64 of PEM, as it was given.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// Until when it is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}
