//! The fleet file, `gangplank.yaml` at the root of the Git tree: says once what the seed repeats in seven places.
//!
//! ```yaml
//! apiVersion: gangplank.dev/v1alpha1
//! kind: Fleet
//! tenant: 11111111-1111-1111-1111-111111111111
//! hub:
//!   resourceId: /subscriptions/…/managedClusters/hub
//!   issuer: https://westeurope.oic.prod-aks.azure.com/…/…/
//! vault:
//!   resourceId: /subscriptions/…/vaults/argocd-prd-akv
//! identities:
//!   argocd: { resourceId: …, clientId: …, objectId: … }
//!   secrets: { resourceId: …, clientId: …, objectId: … }
//! repository: { url: https://github.com/your-org/platform }
//! ```
//!
//! What a cluster needs beyond its name stands in its overlay, not here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{ClientId, ObjectId, ResourceId, TenantId};

/// The name of the file, at the root of the tree.
pub const FILE_NAME: &str = "gangplank.yaml";
/// The version of the format.
pub const API_VERSION: &str = "gangplank.dev/v1alpha1";
/// The audience of every token that Entra takes from a ServiceAccount.
pub const EXCHANGE_AUDIENCE: &str = "api://AzureADTokenExchange";

/// Why a fleet file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The text is no YAML.
    #[error("cannot read {FILE_NAME}: {0}")]
    Syntax(String),
    /// A field is missing, unknown, or holds what it must not.
    #[error("cannot use {FILE_NAME}: {0}")]
    Field(String),
    /// Another kind or version of file.
    #[error("{FILE_NAME} is `{found}`, and this gangplank reads `{API_VERSION}`, kind `Fleet`")]
    Version {
        /// What the file calls itself.
        found: String,
    },
    /// The issuer must be written exactly as the cluster's tokens say it.
    #[error(
        "hub.issuer `{0}` has no slash at its end; AKS issuers have one, and Entra compares them to the letter: add it"
    )]
    Issuer(String),
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fleet {
    /// Always [`API_VERSION`].
    pub api_version: String,
    /// Always `Fleet`.
    pub kind: String,
    /// The Entra tenant of everything.
    pub tenant: TenantId,
    /// Where Argo CD runs.
    pub hub: Hub,
    /// The Key Vault with CA and URL of every cluster.
    pub vault: Vault,
    /// The store by which ExternalSecrets read the vault.
    #[serde(default)]
    pub store: Store,
    /// The two identities.
    pub identities: Identities,
    /// The Git repository that holds the tree.
    pub repository: Repository,
    /// Where in the tree things stand.
    #[serde(default)]
    pub paths: Paths,
    /// The versions that the tree is written for.
    #[serde(default)]
    pub versions: Versions,
}

/// The cluster on which Argo CD runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hub {
    /// The AKS cluster.
    pub resource_id: ResourceId,
    /// Its OIDC issuer, with the slash at the end: what federated credentials trust.
    pub issuer: String,
    /// The namespace of Argo CD.
    #[serde(default = "argocd_namespace")]
    pub namespace: String,
}

/// The Key Vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vault {
    /// The vault.
    pub resource_id: ResourceId,
    /// Its address, where it does not follow from its name (other clouds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Vault {
    /// The address of its data plane, without a slash at the end.
    pub fn url(&self) -> String {
        match &self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("https://{}.vault.azure.net", self.resource_id.name().to_ascii_lowercase()),
        }
    }
}

/// Which kind of store the ExternalSecrets refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoreKind {
    /// In the namespace of the ExternalSecrets, which is Argo CD's.
    SecretStore,
    /// Of the whole hub.
    ClusterSecretStore,
}

impl StoreKind {
    /// The Kubernetes kind.
    pub fn as_str(self) -> &'static str {
        match self {
            StoreKind::SecretStore => "SecretStore",
            StoreKind::ClusterSecretStore => "ClusterSecretStore",
        }
    }
}

/// The store. A `SecretStore` and its ServiceAccount stand in the hub's namespace: the seed puts them into another, where
/// no ExternalSecret of Argo CD's can refer to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Store {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StoreKind,
    /// The ServiceAccount whose token Entra exchanges.
    pub service_account: String,
    /// That ServiceAccount's namespace; the hub's where absent. Another one needs a `ClusterSecretStore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_namespace: Option<String>,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            name: "argocd-prd-store".to_owned(),
            kind: StoreKind::SecretStore,
            service_account: "eso-sa".to_owned(),
            service_account_namespace: None,
        }
    }
}

/// The two identities of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identities {
    /// Argo CD's: logs in to every cluster.
    pub argocd: Identity,
    /// The secrets operator's: reads the vault.
    pub secrets: Identity,
}

/// A user-assigned identity. `gangplank apply` makes it and fills in the two ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// The identity's resource.
    pub resource_id: ResourceId,
    /// What logs in. Absent until the identity exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// What roles are given to. Absent until the identity exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<ObjectId>,
}

/// The Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Repository {
    /// What `git clone` takes; never with a path inside of the repository.
    pub url: String,
    /// The branch.
    #[serde(default = "main_branch")]
    pub revision: String,
}

/// Paths from the root of the tree, without a slash at either end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Paths {
    /// The overlay that the self-managing Argo CD application renders.
    pub argocd: String,
    /// The folder of the base that cluster overlays refer to.
    pub cluster_base: String,
    /// The folder of the base that repository overlays refer to.
    pub repository_base: String,
    /// What every cluster gets once it is reachable.
    pub bootstrap: String,
}

impl Paths {
    /// The folder with an overlay for each cluster.
    pub fn clusters(&self) -> String {
        format!("{}/clusters", self.argocd)
    }

    /// The folder with an overlay for each repository.
    pub fn repositories(&self) -> String {
        format!("{}/repos", self.argocd)
    }
}

impl Default for Paths {
    fn default() -> Self {
        Paths {
            argocd: "manifests/argocd/overlays/prd".to_owned(),
            cluster_base: "manifests/argocd/base/aks-clusters".to_owned(),
            repository_base: "manifests/argocd/base/repos".to_owned(),
            bootstrap: "manifests/cluster-bootstrap/overlays/prd".to_owned(),
        }
    }
}

/// Versions of what else runs on the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Versions {
    /// Argo CD.
    pub argocd: String,
    /// External Secrets Operator.
    pub external_secrets: String,
}

impl Default for Versions {
    fn default() -> Self {
        Versions { argocd: "v3.2.6".to_owned(), external_secrets: "v0.20.4".to_owned() }
    }
}

fn argocd_namespace() -> String {
    "argocd".to_owned()
}

fn main_branch() -> String {
    "main".to_owned()
}

/// The ServiceAccounts that build connections to the clusters: both are needed, which Argo CD's documents do not say.
pub const ARGOCD_SERVICE_ACCOUNTS: [&str; 2] = ["argocd-server", "argocd-application-controller"];

impl Fleet {
    /// Reads a fleet file.
    pub fn parse(text: &str) -> Result<Self, FleetError> {
        let value = gangplank_yaml::to_json(text, gangplank_yaml::Dialect::GoV3)
            .map_err(|error| FleetError::Syntax(error.render(FILE_NAME, text)))?;
        Self::from_value(value)
    }

    /// Takes a fleet file that has been read.
    pub fn from_value(value: Value) -> Result<Self, FleetError> {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if version != API_VERSION || kind != "Fleet" {
            return Err(FleetError::Version { found: format!("{version}, kind {kind}") });
        }
        let fleet: Fleet =
            serde_json::from_value(value).map_err(|error| FleetError::Field(error.to_string()))?;
        if !fleet.hub.issuer.ends_with('/') {
            return Err(FleetError::Issuer(fleet.hub.issuer));
        }
        Ok(fleet)
    }

    /// The subject of a token of Argo CD's ServiceAccount `name`.
    pub fn argocd_subject(&self, name: &str) -> String {
        format!("system:serviceaccount:{}:{name}", self.hub.namespace)
    }

    /// The namespace of the store's ServiceAccount.
    pub fn store_namespace(&self) -> &str {
        self.store.service_account_namespace.as_deref().unwrap_or(&self.hub.namespace)
    }

    /// The subject of a token of the store's ServiceAccount.
    pub fn store_subject(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.store_namespace(), self.store.service_account)
    }
}
