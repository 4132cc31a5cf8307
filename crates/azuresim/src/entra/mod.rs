//! Entra: who is there, who may log in, and the tokens that say so.
//!
//! ```text
//!  POST /{tenant}/oauth2/v2.0/token
//!    request ─▶ directory (client id, its credentials) ─▶ assertion (issuer, subject, audience)
//!            ─▶ issuers (published keys, fetched and kept) ─▶ signature, times ─▶ resource ─▶ signed token
//!
//!  Authorization: Bearer … ─▶ verifier (signature once, then by its hash) ─▶ Caller
//! ```
//!
//! It must not know what its tokens open: roles are the business of `rbac`.

mod assertion;
mod caller;
mod directory;
mod discovery;
mod error;
mod issuers;
mod token;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use http::{Method, StatusCode};

pub(crate) use caller::challenge_claims;
pub use caller::{Caller, CallerError, EntraVerifier};
pub(crate) use directory::{ClientSecret, Directory, Federated};
pub use directory::{Principal, PrincipalKind};
use gangplank_pki::SigningKey;
pub(crate) use token::{grant_to_machine, vouch};

use crate::{
    cloud::Azure,
    environment::Environment,
    wire::{Call, Reply},
};

/// The plane's state.
#[derive(Debug)]
pub(crate) struct Entra {
    directory: RwLock<Directory>,
    signer: RwLock<Arc<SigningKey>>,
    verifier: Arc<EntraVerifier>,
    issuers: issuers::Issuers,
}

impl Entra {
    /// An empty directory, and tokens signed with `signer`.
    pub(crate) fn new(environment: &Environment, tenant: &str, signer: SigningKey) -> Self {
        let verifier = EntraVerifier::new(environment, tenant, gangplank_pki::KeySet::of([&signer]));
        Entra {
            directory: RwLock::default(),
            signer: RwLock::new(Arc::new(signer)),
            verifier: Arc::new(verifier),
            issuers: issuers::Issuers::default(),
        }
    }

    pub(crate) fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn directory_mut(&self) -> RwLockWriteGuard<'_, Directory> {
        self.directory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that signs now.
    fn signer(&self) -> Arc<SigningKey> {
        self.signer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs with another key from now on, and publishes it beside the former ones.
    pub(crate) fn set_signer(&self, key: SigningKey) {
        self.verifier.publish(key.jwk().clone());
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }

    pub(crate) fn verifier(&self) -> &Arc<EntraVerifier> {
        &self.verifier
    }
}

/// Answers a request to the authority's host.
pub(crate) async fn handle(azure: &Azure, call: &Call) -> Reply {
    let segments: Vec<String> = call.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (&call.method, segments.as_slice()) {
        (&Method::GET, ["common", "discovery", "instance"]) => discovery::instance(azure, call),
        (&Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            discovery::openid_configuration(azure, call, tenant, discovery::Version::Two)
        }
        (&Method::GET, [tenant, ".well-known", "openid-configuration"]) => {
            discovery::openid_configuration(azure, call, tenant, discovery::Version::One)
        }
        (&Method::GET, [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"]) => {
            Reply::json(StatusCode::OK, &*azure.entra.verifier.keys())
        }
        (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => {
            token::answer(azure, call, tenant, discovery::Version::Two).await
        }
        (&Method::POST, [tenant, "oauth2", "token"]) => {
            token::answer(azure, call, tenant, discovery::Version::One).await
        }
        _ => Reply::empty(StatusCode::NOT_FOUND),
    }
}
