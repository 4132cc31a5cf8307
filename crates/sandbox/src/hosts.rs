//! Who answers under which name: the table that the proxy asks, and Entra too when it fetches an issuer's keys.

use std::sync::Arc;

use rustls::ServerConfig;

use crate::wire::names::{Realm, realm};
use crate::wire::proxy::{Directory, Found, Outage};

/// The names of Azure that the sandbox's own certificate is for.
pub(crate) const AZURE_NAMES: [&str; 5] = [
    "login.microsoftonline.com",
    "management.azure.com",
    "graph.microsoft.com",
    "*.vault.azure.net",
    "*.oic.prod-aks.azure.com",
];

/// The table of the world's names.
pub(crate) struct Hosts {
    /// TLS for every name of Azure's: one certificate has them all.
    pub(crate) azure_tls: Arc<ServerConfig>,
}

impl Directory for Hosts {
    fn find(&self, host: &str) -> Option<Found> {
        Some(match realm(host)? {
            Realm::Azure | Realm::Issuer | Realm::Cluster => Found::Down(Outage::NoSuchHost),
        })
    }
}
