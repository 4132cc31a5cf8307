//! Key Vaults as resources: where each answers, and whether roles decide in it.

use super::{Arm, ArmError};
use crate::name::{ResourceId, TenantId};
use crate::vault::VaultUrl;
use serde::Deserialize;

const API_VERSION: &str = "2023-07-01";

/// A vault's settings that decide whether a role on it is of any use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVault {
    /// Its id.
    pub id: ResourceId,
    /// Its region.
    pub location: String,
    /// Where its secrets are.
    pub url: VaultUrl,
    /// Whose tokens it takes.
    pub tenant: TenantId,
    /// Whether Azure's roles decide; otherwise its own access policies do, and roles are inert.
    pub rbac: bool,
    /// Whether deleted secrets can't be purged before their time.
    pub purge_protection: bool,
}

impl Arm {
    /// A vault.
    pub async fn key_vault(&self, id: &ResourceId) -> Result<KeyVault, ArmError> {
        let wire: Wire = self.get(id.as_str(), &self.url(id.as_str(), API_VERSION, &[])).await?;
        wire.read().ok_or_else(|| ArmError::Malformed { object: id.to_string(), what: "it is no vault" })
    }
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    #[serde(default)]
    location: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    vault_uri: String,
    tenant_id: String,
    enable_rbac_authorization: Option<bool>,
    enable_purge_protection: Option<bool>,
}

impl Wire {
    fn read(self) -> Option<KeyVault> {
        Some(KeyVault {
            id: ResourceId::parse(&self.id).ok()?,
            location: self.location,
            url: VaultUrl::parse(&self.properties.vault_uri).ok()?,
            tenant: TenantId::parse(&self.properties.tenant_id).ok()?,
            rbac: self.properties.enable_rbac_authorization.unwrap_or_default(),
            purge_protection: self.properties.enable_purge_protection.unwrap_or_default(),
        })
    }
}
