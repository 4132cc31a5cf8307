//! The certificates of one cluster: its own authority, what its API server shows, what its administrator holds.

use std::sync::Arc;

use gangplank_pki::{Authority, Identity, Lifetime, PkiError, Purpose};
use rustls::ServerConfig;

use crate::seed::Seed;
use crate::wire::tls::{self, ClientCertificates};

/// Days that a cluster's authority is valid; AKS says 30 years.
const AUTHORITY_DAYS: i64 = 30 * 365;

/// Days of the certificates that it issues; AKS says 2 years.
const LEAF_DAYS: i64 = 2 * 365;

/// What one generation of a cluster's certificates is made of; a rotation makes the next generation.
#[derive(Debug)]
pub(crate) struct Certificates {
    /// Issues, and is what kubeconfigs carry.
    pub(crate) authority: Authority,
    /// The administrator's client certificate: the cluster's local account.
    pub(crate) administrator: Identity,
    /// Ends TLS for the API server.
    pub(crate) tls: Arc<ServerConfig>,
}

/// The certificates of a cluster could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the certificates of cluster `{cluster}`: {reason}")]
pub(crate) struct CertificateError {
    cluster: String,
    reason: String,
}

/// What the certificates of a cluster say.
pub(crate) struct Wanted<'a> {
    /// The cluster's name.
    pub(crate) cluster: &'a str,
    /// Tells this cluster from others of its name: those of other groups, and those that were deleted.
    pub(crate) born: &'a str,
    /// The names under which the API server is reached.
    pub(crate) names: Vec<String>,
    /// 0 at first, one more with each rotation.
    pub(crate) generation: u64,
    /// Now, in seconds since the epoch.
    pub(crate) now: i64,
}

impl Certificates {
    /// Makes a generation of certificates; the same seed makes the same keys.
    pub(crate) fn make(seed: Seed, wanted: &Wanted<'_>) -> Result<Self, CertificateError> {
        let failed = |reason: String| CertificateError { cluster: wanted.cluster.to_owned(), reason };
        Self::issue(seed, wanted).map_err(|error| failed(error.to_string())).and_then(|issued| {
            let (authority, serving, administrator) = issued;
            let chain = vec![serving.certificate_der()];
            let tls = tls::config(chain, serving.key_der(), ClientCertificates::Asked)
                .map_err(|error| failed(error.to_string()))?;
            Ok(Certificates { authority, administrator, tls })
        })
    }

    fn issue(seed: Seed, wanted: &Wanted<'_>) -> Result<(Authority, Identity, Identity), PkiError> {
        let mut rng = seed.rng(&format!("certificates {} of {}", wanted.generation, wanted.born));
        let authority = Authority::generate("ca", Lifetime::days(wanted.now, AUTHORITY_DAYS), &mut rng)?;
        let lifetime = Lifetime::days(wanted.now, LEAF_DAYS);
        let names = wanted.names.clone();
        let serving = authority.issue("apiserver", Purpose::Server { names }, lifetime, &mut rng)?;
        // The user and group of the local account of AKS.
        let organizations = vec!["system:masters".to_owned()];
        let administrator =
            authority.issue("masterclient", Purpose::Client { organizations }, lifetime, &mut rng)?;
        Ok((authority, serving, administrator))
    }
}
