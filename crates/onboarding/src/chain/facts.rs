//! What was observed, as plain values. `crates/operator` fills them in; the link files judge them.

use std::collections::BTreeMap;

use crate::names::{ClientId, ObjectId, ResourceId};

/// A fact, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It was observed.
    Known(T),
    /// It was not looked at yet.
    Pending,
    /// Looking failed.
    Failed {
        /// Why, on which object.
        cause: String,
        /// What to do about it.
        mend: String,
    },
}

impl<T> Seen<T> {
    /// Looking failed.
    pub fn failed(cause: impl Into<String>, mend: impl Into<String>) -> Self {
        Seen::Failed { cause: cause.into(), mend: mend.into() }
    }

    /// The same lack of a fact, of another fact; a known one becomes pending.
    pub fn without_fact<U>(&self) -> Seen<U> {
        match self {
            Seen::Failed { cause, mend } => Seen::failed(cause.clone(), mend.clone()),
            Seen::Known(_) | Seen::Pending => Seen::Pending,
        }
    }

    /// The fact, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Seen::Known(fact) => Some(fact),
            _ => None,
        }
    }
}

/// Returns the fact, or the verdict that says why there is none.
macro_rules! known {
    ($seen:expr, $what:expr) => {
        match $seen {
            $crate::chain::facts::Seen::Known(fact) => fact,
            $crate::chain::facts::Seen::Pending => return $crate::chain::Verdict::waiting($what),
            $crate::chain::facts::Seen::Failed { cause, mend } => {
                return $crate::chain::Verdict::broken(cause.clone(), mend.clone());
            }
        }
    };
}
pub(super) use known;

/// Everything that the chain of one cluster is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The cluster in Azure; that it was not found there is a look that failed.
    pub azure: &'a Seen<ManagedCluster>,
    /// Its two secrets in the vault.
    pub vault: &'a Seen<PublishedFacts>,
    /// The two identities and their roles.
    pub access: &'a AccessFacts,
    /// The hub's own objects.
    pub hub: &'a HubFacts,
    /// The overlay in Git.
    pub git: &'a Seen<OverlayFacts>,
    /// The ExternalSecret and the Secret on the hub.
    pub secret: &'a Seen<SecretFacts>,
    /// The proof of reach.
    pub reach: &'a Seen<()>,
    /// The bootstrap application.
    pub bootstrap: &'a Seen<Option<ApplicationFacts>>,
}

/// A managed cluster as Azure describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedCluster {
    /// Its id.
    pub resource_id: ResourceId,
    /// `Succeeded`, `Creating`, …
    pub provisioning_state: String,
    /// Whether its power state is running.
    pub running: bool,
    /// Whether Entra logins are on (`aadProfile`).
    pub entra: bool,
    /// Whether Azure roles count on it (`aadProfile.enableAzureRBAC`).
    pub azure_rbac: bool,
    /// What its user kubeconfig says today.
    pub credential: Seen<Credential>,
    /// The role assignments that reach it, its own scope and those above.
    pub roles: Seen<Vec<RoleGrant>>,
}

/// CA and URL, as they stand in a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// `certificate-authority-data`.
    pub ca: String,
    /// `server`.
    pub server: String,
}

/// A role assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGrant {
    /// The principal, a GUID in lower case; not an [`ObjectId`], since users put client ids here.
    pub principal: String,
    /// The role definition's GUID in lower case.
    pub role: String,
}

/// What the vault says of one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultSecret {
    /// Not there.
    Missing,
    /// Deleted, and still recoverable under its name.
    SoftDeleted,
    /// There, but disabled.
    Disabled,
    /// Its current value. CA certificates and URLs are no secrets.
    Value(String),
}

/// The two secrets of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFacts {
    /// `<cluster>-ca-cert`.
    pub ca: VaultSecret,
    /// `<cluster>-server-url`.
    pub url: VaultSecret,
}

/// The identities and what the vault grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessFacts {
    /// Argo CD's identity.
    pub argocd: Seen<Option<IdentityFacts>>,
    /// The secrets operator's identity.
    pub secrets: Seen<Option<IdentityFacts>>,
}

/// A user-assigned identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFacts {
    /// What logs in.
    pub client_id: ClientId,
    /// What roles are given to.
    pub object_id: ObjectId,
    /// What it trusts.
    pub credentials: Vec<FederatedCredential>,
}

/// A federated identity credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedCredential {
    /// Its name.
    pub name: String,
    /// The trusted issuer.
    pub issuer: String,
    /// The trusted subject.
    pub subject: String,
    /// The audiences; Azure takes exactly one.
    pub audiences: Vec<String>,
}

/// What stands on the hub for all clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubFacts {
    /// The client id in the annotation of a ServiceAccount, by `namespace/name`. A missing ServiceAccount has no entry; one without the
    /// annotation has `None`.
    pub service_accounts: Seen<BTreeMap<String, Option<String>>>,
    /// The pod templates of Argo CD's server and application controller.
    pub workloads: Seen<Vec<WorkloadFacts>>,
    /// The store.
    pub store: Seen<StoreFacts>,
    /// Whether the secrets identity could read the vault just now, all the way: token, exchange, read.
    pub vault_read: Seen<()>,
    /// The application by which Argo CD manages itself.
    pub self_application: Seen<Option<ApplicationFacts>>,
}

/// A workload of Argo CD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadFacts {
    /// `Deployment` or `StatefulSet`.
    pub kind: String,
    /// Its name, which is its ServiceAccount's too.
    pub name: String,
    /// The value of `azure.workload.identity/use` among the pod template's labels.
    pub identity_label: Option<String>,
    /// The value of the same key among the pod template's annotations, where it does nothing.
    pub identity_annotation: Option<String>,
}

/// The store on the hub.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreFacts {
    /// Its Ready condition: status, reason and message.
    pub ready: Option<ReadyCondition>,
    /// Whether it is there at all.
    pub exists: bool,
    /// Other namespaces with a SecretStore of its name.
    pub elsewhere: Vec<String>,
}

/// A Ready condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyCondition {
    /// Whether it is `True`.
    pub status: bool,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// The text of the newest warning event, which says more than the condition.
    pub event: Option<String>,
}

/// What the tree says of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OverlayFacts {
    /// Whether its folder is there.
    pub folder: bool,
    /// Whether the parent's kustomization lists it.
    pub listed: bool,
    /// What is wrong with it or with what leads to it, the worst first.
    pub findings: Vec<Finding>,
}

/// Something wrong in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: file and, where known, line and column.
    pub place: String,
    /// What.
    pub cause: String,
    /// What to do.
    pub mend: String,
}

/// ExternalSecret and Secret of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretFacts {
    /// Whether the ExternalSecret is there.
    pub external_secret: bool,
    /// Its Ready condition.
    pub ready: Option<ReadyCondition>,
    /// The Secret.
    pub secret: Option<ClusterSecretFacts>,
}

/// What Argo CD would read from the Secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterSecretFacts {
    /// The value of the label `argocd.argoproj.io/secret-type`.
    pub secret_type: Option<String>,
    /// `server`.
    pub server: String,
    /// `tlsClientConfig.caData` of `config`.
    pub ca: Option<String>,
    /// What Argo CD would trip over.
    pub findings: Vec<Finding>,
}

/// An Argo CD application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationFacts {
    /// `namespace/name`.
    pub name: String,
    /// `Synced`, `OutOfSync`, `Unknown`, or empty.
    pub sync: String,
    /// `Healthy`, `Progressing`, `Degraded`, …, or empty.
    pub health: String,
    /// The commit that was compared.
    pub revision: String,
    /// The phase of the last operation.
    pub phase: String,
    /// What is wrong, from conditions and the failed operation.
    pub problems: Vec<String>,
}
