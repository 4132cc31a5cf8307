//! Azure Key Vault: secrets, certificates and keys.
//!
//! ```text
//!   auth   who logs in: spec, ServiceAccount, Secrets ─► VaultAccess
//!   read   remoteRef ─► object ─► value, property, tags
//!   texts  failures in the words that ESO's two SDKs use
//! ```

mod auth;
mod read;
mod texts;
#[cfg(test)]
mod vectors;

use super::{Opened, Opening, Provider, ProviderError, Validation};
use crate::api::external_secret::{Find, RemoteRef};
use crate::api::or_default;
use crate::api::store::{SecretKeyRef, ServiceAccountRef};
use crate::controller::Context;
use crate::ports::VaultAccess;
use crate::value::{SecretData, SecretValue};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// `spec.provider.azurekv`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auth_type: AuthType,
    #[serde(deserialize_with = "or_default")]
    vault_url: String,
    #[serde(deserialize_with = "or_default")]
    tenant_id: String,
    #[serde(deserialize_with = "or_default")]
    environment_type: EnvironmentType,
    auth_secret_ref: Option<AuthSecretRef>,
    service_account_ref: Option<ServiceAccountRef>,
    #[serde(deserialize_with = "or_default")]
    identity_id: String,
    #[serde(rename = "useAzureSDK", deserialize_with = "or_default")]
    use_azure_sdk: bool,
    custom_cloud_config: Option<CustomCloud>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum AuthType {
    #[default]
    ServicePrincipal,
    ManagedIdentity,
    WorkloadIdentity,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[expect(clippy::enum_variant_names, reason = "these are the names on the wire")]
enum EnvironmentType {
    #[default]
    #[serde(alias = "")]
    PublicCloud,
    USGovernmentCloud,
    ChinaCloud,
    GermanCloud,
    AzureStackCloud,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AuthSecretRef {
    client_id: Option<SecretKeyRef>,
    tenant_id: Option<SecretKeyRef>,
    client_secret: Option<SecretKeyRef>,
    client_certificate: Option<SecretKeyRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CustomCloud {
    #[serde(deserialize_with = "or_default")]
    active_directory_endpoint: String,
}

impl EnvironmentType {
    /// Where it logs in, and what its vaults' tokens are for.
    fn endpoints(self) -> (&'static str, &'static str) {
        match self {
            Self::PublicCloud | Self::AzureStackCloud => {
                ("https://login.microsoftonline.com", "https://vault.azure.net")
            }
            Self::USGovernmentCloud => {
                ("https://login.microsoftonline.us", "https://vault.usgovcloudapi.net")
            }
            Self::ChinaCloud => ("https://login.chinacloudapi.cn", "https://vault.azure.cn"),
            Self::GermanCloud => ("https://login.microsoftonline.de", "https://vault.microsoftazure.de"),
        }
    }
}

/// Opens a vault: resolves who logs in, and logs in where ESO does.
pub(super) async fn open(
    context: &Context,
    opening: &Opening<'_>,
    config: &Value,
) -> Result<Opened, ProviderError> {
    let config: Config = serde_json::from_value(config.clone())
        .map_err(|error| ProviderError::failed(format!("invalid azure keyvault provider: {error}")))?;
    if opening.namespace.is_none() && auth::is_referent(&config) {
        return Ok(Opened::Referent);
    }
    let access = auth::resolve(context, opening, &config).await?;
    // The older SDK path exchanges the token while its client is made; a broken federation shows at the store.
    if config.auth_type == AuthType::WorkloadIdentity && !config.use_azure_sdk {
        let login = context.ports().vaults.login(&access, opening.proven).await;
        login.map_err(|failure| texts::failed(&failure, "", &access, config.use_azure_sdk))?;
    }
    Ok(Opened::Provider(Arc::new(KeyVault {
        context: context.clone(),
        key: format!("{}\n{}", access.url, auth::reader_key(&access)),
        access,
        sdk: config.use_azure_sdk,
    })))
}

/// One vault as seen by one identity.
struct KeyVault {
    context: Context,
    /// What tells readers apart whose reads may be shared.
    key: String,
    access: VaultAccess,
    /// Whether failures and pseudo tags are those of the newer SDK.
    sdk: bool,
}

impl Provider for KeyVault {
    fn get<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretValue, ProviderError>> {
        self.read_value(reference).boxed()
    }

    fn get_map<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretData, ProviderError>> {
        self.read_map(reference).boxed()
    }

    fn find<'a>(&'a self, find: &'a Find) -> BoxFuture<'a, Result<SecretData, ProviderError>> {
        self.read_all(find).boxed()
    }

    fn validate(&self) -> BoxFuture<'_, Result<Validation, ProviderError>> {
        async { Ok(Validation::Ready) }.boxed()
    }
}
