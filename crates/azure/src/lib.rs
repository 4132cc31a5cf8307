//! Clients for Entra, Azure Resource Manager and Key Vault.
//!
//! ```text
//!   Credential ──► Tokens (one login an identity and scope, shared) ──► Entra / IMDS / az
//!                     │
//!                     ├──► Vaults ──► Vault   secrets, certificates, keys of one Key Vault
//!                     └──► Arm                clusters, identities, federation, roles, vaults, groups
//!                              │
//!                          Transport          a tower service over http::Request<Bytes>
//! ```
//!
//! Everything remote goes through one [`Transport`], so that the sandbox can stand in for Azure in-process or behind a
//! proxy, and a process has one connection pool.
//!
//! Invariants:
//! - This crate reads no environment, no arguments: proxies, roots, clouds and credentials come in as values.
//! - A token, a client secret, an assertion or a vault's value is a secrecy type; no error and no `Debug` shows one.
//! - A caller gets typed refusals ([`EntraError`], [`VaultError`], [`ArmError`]) and never parses a message.
//! - `nextLink` and operation URLs are followed only on the host that gave them.
//!
//! It must not know Kubernetes, Argo CD, or what gangplank does with what it reads.

mod arm;
mod backoff;
mod clock;
mod cloud;
mod credential;
mod encode;
mod entra;
mod name;
mod network;
mod transport;
mod vault;

pub use arm::{
    AadProfile, Arm, ArmError, ClusterCredential, CredentialEndpoint, FederatedCredential, Identity,
    KeyVault, ManagedCluster, Principal, PrincipalType, ResourceGroup, RoleAssignment, RoleDefinition,
    Subscription, assignment_name, role,
};
pub use backoff::RetryPolicy;
pub use clock::Clock;
pub use cloud::Cloud;
pub use credential::{
    Assertion, AssertionError, AssertionSource, AzureCli, ClientCertificate, ClientCertificateError,
    Credential, ProcessError, TokenFile,
};
pub use entra::{AccessToken, Disposition, EntraError, Scope, Tokens};
pub use name::{ClientId, NameError, ObjectId, ResourceId, SubscriptionId, TenantId};
pub use network::{Network, NetworkError};
pub use transport::{Answer, Transport, TransportError};
pub use vault::{
    Attributes, Certificate, DeletedSecret, Key, NewSecret, Secret, SecretItem, SecretUpdate, Vault,
    VaultError, VaultLimits, VaultUrl, VaultUrlError, Vaults,
};
