//! What the cloud needs from outside: published keys of token issuers, and API servers behind the managed clusters.

use std::{future::Future, pin::Pin};

use bytes::Bytes;
use secrecy::SecretString;

/// A boxed future, as the ports' methods return it so that they can be called through `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Fetches the documents that a token issuer publishes, as Entra does from the public internet.
pub trait IssuerFetch: Send + Sync {
    /// The body at `url` (a discovery document or a key set). The error is the reason in a few words.
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>>;
}

/// Runs the API servers of managed clusters.
///
/// The cloud keeps what Resource Manager knows of a cluster; the backend keeps what answers on its address. Every error
/// is a reason in a few words, and makes the long-running operation fail with it.
pub trait ClusterBackend: Send + Sync {
    /// Brings up an API server. Called again with the same id and a changed spec on an update.
    fn create(&self, spec: ClusterSpec) -> BoxFuture<'_, Result<ClusterFacts, String>>;
    /// Takes the API server of the cluster with this resource id away.
    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>>;
    /// Replaces the cluster's certificate authority and all that it signed.
    fn rotate_certificates<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<ClusterFacts, String>>;
    /// Replaces the key that signs ServiceAccount tokens; the issuer's address stays.
    fn rotate_service_account_keys<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>>;
    /// Lets the API server answer again.
    fn start<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>>;
    /// Keeps the cluster but stops its API server; the name still resolves.
    fn stop<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>>;
}

/// The cluster's Entra integration (`properties.aadProfile`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AadProfile {
    /// Whether Azure role assignments decide what a caller may do in the cluster.
    pub azure_rbac: bool,
    /// Object ids of the groups whose members are cluster-admin.
    pub admin_group_object_ids: Vec<String>,
    /// Tenant whose tokens the cluster takes.
    pub tenant_id: String,
}

/// What Resource Manager asks a backend to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSpec {
    /// The cluster's resource id, with the letter case of its creation.
    pub id: String,
    /// The cluster's name.
    pub name: String,
    /// Azure region.
    pub location: String,
    /// Kubernetes version, as `1.33.1`.
    pub kubernetes_version: String,
    /// Host name that the API server must answer on (no scheme, no port).
    pub fqdn: String,
    /// The second name of a private cluster's API server.
    pub private_fqdn: Option<String>,
    /// Issuer that the cluster's ServiceAccount tokens must carry, with its trailing slash; none where the issuer is off.
    pub issuer_url: Option<String>,
    /// Entra integration; without it Entra tokens are refused.
    pub aad: Option<AadProfile>,
    /// Whether client certificates must not be handed out.
    pub disable_local_accounts: bool,
}

/// What a running cluster says of itself.
#[derive(Clone, Debug)]
pub struct ClusterFacts {
    /// The certificate authority in PEM, as kubeconfigs carry it (before base64).
    pub ca_certificate_pem: String,
    /// Cluster-admin's client certificate, for kubeconfigs with local accounts.
    pub local_account: LocalAccount,
}

/// A client certificate with its key, both PEM.
#[derive(Clone, Debug)]
pub struct LocalAccount {
    /// The certificate.
    pub certificate_pem: String,
    /// Its private key.
    pub key_pem: SecretString,
}
