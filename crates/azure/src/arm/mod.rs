//! Azure Resource Manager: the few resources that bring a cluster aboard.
//!
//! ```text
//!   Arm ── request ──► token ── 401: log in anew, once ── 429, 5xx: Retry-After ──► answer
//!            │
//!            ├── pages       nextLink, on the same host only
//!            └── operation   201/202: poll Azure-AsyncOperation or Location to its end
//! ```
//!
//! Writes are idempotent: a resource that already is as wished is not written. Azure is eventually consistent, so a
//! caller who has just written reads his own answer, not a later GET.

mod client;
mod clusters;
mod error;
mod groups;
mod identities;
mod kubeconfig;
mod roles;
mod vaults;

pub use clusters::{AadProfile, ClusterCredential, CredentialEndpoint, ManagedCluster};
pub use error::ArmError;
pub use groups::{ResourceGroup, Subscription};
pub use identities::{FederatedCredential, Identity};
pub use roles::{Principal, PrincipalType, RoleAssignment, RoleDefinition, assignment_name, role};
pub use vaults::KeyVault;

use crate::backoff::RetryPolicy;
use crate::cloud::Cloud;
use crate::credential::Credential;
use crate::entra::Tokens;
use crate::name::ResourceId;
use crate::transport::Transport;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Resource Manager as seen by one identity. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Arm {
    transport: Transport,
    tokens: Tokens,
    cloud: Cloud,
    credential: Credential,
    retry: RetryPolicy,
    writers: Arc<Writers>,
}

impl Arm {
    /// A client; makes no request. [`RetryPolicy::patient`] is the right policy for most.
    pub fn new(
        transport: Transport,
        tokens: Tokens,
        cloud: Cloud,
        credential: Credential,
        retry: RetryPolicy,
    ) -> Self {
        Self { transport, tokens, cloud, credential, retry, writers: Arc::default() }
    }
}

/// One writer an identity: Azure answers 409 to concurrent writes of federated credentials under one parent.
#[derive(Debug, Default)]
struct Writers(Mutex<HashMap<ResourceId, Arc<tokio::sync::Mutex<()>>>>);

impl Writers {
    fn of(&self, parent: &ResourceId) -> Arc<tokio::sync::Mutex<()>> {
        let mut writers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writers.retain(|_, writer| Arc::strong_count(writer) > 1);
        Arc::clone(writers.entry(parent.clone()).or_default())
    }
}
