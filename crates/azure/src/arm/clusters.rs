//! AKS managed clusters and the way into them.

use super::client::{Method, read};
use super::{Arm, ArmError, kubeconfig};
use crate::name::{NameError, ResourceId, SubscriptionId, TenantId};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An older stable version: all that is read here exists in it.
const API_VERSION: &str = "2025-03-01";

/// What of a cluster decides whether Argo CD can get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedCluster {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// Its region.
    pub location: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// As `Succeeded`, `Updating`.
    pub provisioning_state: String,
    /// Whether it is running; a stopped one keeps its name but does not answer.
    pub running: bool,
    /// Its Kubernetes version.
    pub kubernetes_version: String,
    /// The public name of its API server.
    pub fqdn: Option<String>,
    /// The private name of its API server.
    pub private_fqdn: Option<String>,
    /// Entra, where it is on: without it Entra's tokens are refused.
    pub aad_profile: Option<AadProfile>,
    /// Whether local accounts are off.
    pub local_accounts_disabled: bool,
    /// Where its ServiceAccount tokens come from, with the trailing slash; `None` where the issuer is off.
    pub oidc_issuer: Option<String>,
    /// Whether its API server is on a private network.
    pub private: bool,
}

/// How a cluster uses Entra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AadProfile {
    /// Whether Azure's roles decide inside the cluster; without it they are inert.
    pub azure_rbac: bool,
    /// The tenant whose tokens it takes.
    pub tenant: Option<TenantId>,
}

/// Which name of a private cluster's API server a credential shall carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialEndpoint {
    /// As Azure chooses: the private name of a private cluster.
    Default,
    /// The public name.
    Public,
}

/// What `listClusterUserCredential` gives.
#[derive(Debug, Clone)]
pub struct ClusterCredential {
    /// The API server's URL as AKS writes it, with `:443`.
    pub server: String,
    /// The cluster's CA: base64 of PEM, as it stands in the kubeconfig.
    pub certificate_authority_data: String,
    /// The whole kubeconfig; without Entra it holds a client key.
    pub kubeconfig: SecretString,
}

impl Arm {
    /// One cluster.
    pub async fn managed_cluster(&self, id: &ResourceId) -> Result<ManagedCluster, ArmError> {
        let wire: Wire = self.get(id.as_str(), &self.url(id.as_str(), API_VERSION, &[])).await?;
        wire.read().map_err(|_| malformed(id.as_str()))
    }

    /// All clusters of a subscription. One such list is far cheaper than a GET a cluster.
    pub async fn managed_clusters(
        &self,
        subscription: &SubscriptionId,
    ) -> Result<Vec<ManagedCluster>, ArmError> {
        self.clusters_below(&ResourceId::subscription_scope(subscription)).await
    }

    /// All clusters of a resource group.
    pub async fn managed_clusters_of_group(
        &self,
        subscription: &SubscriptionId,
        group: &str,
    ) -> Result<Vec<ManagedCluster>, ArmError> {
        self.clusters_below(&ResourceId::group(subscription, group)).await
    }

    async fn clusters_below(&self, scope: &ResourceId) -> Result<Vec<ManagedCluster>, ArmError> {
        let path = format!("{scope}/providers/Microsoft.ContainerService/managedClusters");
        let wires: Vec<Wire> = self.list(&path, &self.url(&path, API_VERSION, &[])).await?;
        wires.into_iter().map(|wire| wire.read().map_err(|_| malformed(&path))).collect()
    }

    /// The user's way into a cluster: its URL and CA. Works with local accounts off, as long as Entra is on.
    pub async fn cluster_user_credential(
        &self,
        cluster: &ResourceId,
        endpoint: CredentialEndpoint,
    ) -> Result<ClusterCredential, ArmError> {
        #[derive(Deserialize)]
        struct Credentials {
            kubeconfigs: Vec<Named>,
        }
        #[derive(Deserialize)]
        struct Named {
            value: String,
        }
        let path = format!("{cluster}/listClusterUserCredential");
        let query: &[(&str, &str)] = match endpoint {
            CredentialEndpoint::Default => &[],
            CredentialEndpoint::Public => &[("server-fqdn", "public")],
        };
        let url = self.url(&path, API_VERSION, query);
        let response = self.request(Method::POST, cluster.as_str(), &url, None).await?;
        let credentials: Credentials = read(cluster.as_str(), &response)?;
        let first = credentials.kubeconfigs.into_iter().next().ok_or_else(|| malformed(cluster.as_str()))?;
        let text = STANDARD.decode(first.value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| malformed(cluster.as_str()))?;
        let (server, certificate_authority_data) =
            kubeconfig::server_and_ca(&text).ok_or_else(|| malformed(cluster.as_str()))?;
        Ok(ClusterCredential { server, certificate_authority_data, kubeconfig: SecretString::from(text) })
    }
}

fn malformed(object: &str) -> ArmError {
    ArmError::Malformed {
        object: object.to_owned(),
        what: "it is no managed cluster, or has no usable kubeconfig",
    }
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    name: String,
    #[serde(default)]
    location: String,
    tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Properties {
    provisioning_state: String,
    power_state: Option<PowerState>,
    kubernetes_version: String,
    current_kubernetes_version: Option<String>,
    fqdn: Option<String>,
    #[serde(rename = "privateFQDN")]
    private_fqdn: Option<String>,
    disable_local_accounts: Option<bool>,
    aad_profile: Option<WireAad>,
    oidc_issuer_profile: Option<Issuer>,
    api_server_access_profile: Option<Access>,
}

#[derive(Deserialize)]
struct PowerState {
    code: Option<String>,
}

#[derive(Deserialize)]
struct WireAad {
    #[serde(rename = "enableAzureRBAC")]
    enable_azure_rbac: Option<bool>,
    #[serde(rename = "tenantID")]
    tenant_id: Option<String>,
}

#[derive(Deserialize)]
struct Issuer {
    enabled: Option<bool>,
    #[serde(rename = "issuerURL")]
    issuer_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    enable_private_cluster: Option<bool>,
}

impl Wire {
    fn read(self) -> Result<ManagedCluster, NameError> {
        let properties = self.properties;
        let issuer = properties.oidc_issuer_profile.filter(|issuer| issuer.enabled != Some(false));
        Ok(ManagedCluster {
            id: ResourceId::parse(&self.id)?,
            name: self.name,
            location: self.location,
            tags: self.tags.unwrap_or_default(),
            provisioning_state: properties.provisioning_state,
            running: properties.power_state.and_then(|power| power.code).is_none_or(|code| code == "Running"),
            kubernetes_version: properties
                .current_kubernetes_version
                .unwrap_or(properties.kubernetes_version),
            fqdn: properties.fqdn.filter(|name| !name.is_empty()),
            private_fqdn: properties.private_fqdn.filter(|name| !name.is_empty()),
            aad_profile: properties.aad_profile.map(|aad| AadProfile {
                azure_rbac: aad.enable_azure_rbac.unwrap_or_default(),
                tenant: aad.tenant_id.and_then(|tenant| TenantId::parse(&tenant).ok()),
            }),
            local_accounts_disabled: properties.disable_local_accounts.unwrap_or_default(),
            oidc_issuer: issuer.and_then(|issuer| issuer.issuer_url),
            private: properties
                .api_server_access_profile
                .and_then(|access| access.enable_private_cluster)
                .unwrap_or_default(),
        })
    }
}
