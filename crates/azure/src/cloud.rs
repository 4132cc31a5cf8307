//! The sovereign clouds: where each logs in, and what its tokens are for.

use crate::entra::Scope;

/// One Azure cloud's endpoints. URLs carry no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cloud {
    /// Where Entra answers, as `https://login.microsoftonline.com`.
    pub authority: String,
    /// Where Resource Manager answers, as `https://management.azure.com`.
    pub resource_manager: String,
    /// The audience of Key Vault's tokens, as `https://vault.azure.net`.
    pub vault_audience: String,
    /// The suffix of a vault's host name, as `vault.azure.net`.
    pub vault_suffix: String,
}

impl Cloud {
    fn of(authority: &str, resource_manager: &str, vault_suffix: &str) -> Self {
        Self {
            authority: authority.to_owned(),
            resource_manager: resource_manager.to_owned(),
            vault_audience: format!("https://{vault_suffix}"),
            vault_suffix: vault_suffix.to_owned(),
        }
    }

    /// The public cloud.
    pub fn public() -> Self {
        Self::of("https://login.microsoftonline.com", "https://management.azure.com", "vault.azure.net")
    }

    /// The cloud of the US government.
    pub fn us_government() -> Self {
        Self::of(
            "https://login.microsoftonline.us",
            "https://management.usgovcloudapi.net",
            "vault.usgovcloudapi.net",
        )
    }

    /// China, operated by 21Vianet.
    pub fn china() -> Self {
        Self::of("https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn", "vault.azure.cn")
    }

    /// The former German cloud, closed in 2021; manifests still name it.
    pub fn germany() -> Self {
        Self::of(
            "https://login.microsoftonline.de",
            "https://management.microsoftazure.de",
            "vault.microsoftazure.de",
        )
    }

    /// The same cloud with another place to log in, as a custom cloud or `AZURE_AUTHORITY_HOST` names it.
    pub fn with_authority(mut self, authority: &str) -> Self {
        self.authority = authority.trim_end_matches('/').to_owned();
        self
    }

    /// The scope of tokens for Resource Manager.
    pub fn resource_manager_scope(&self) -> Scope {
        Scope::of_audience(&self.resource_manager)
    }

    /// The scope of tokens for Key Vault.
    pub fn vault_scope(&self) -> Scope {
        Scope::of_audience(&self.vault_audience)
    }
}
