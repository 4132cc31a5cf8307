//! Looks at everything that there is of one cluster, and takes away what is Azure's: `gangplank offboard`.

use gangplank_azure as sdk;
use gangplank_onboarding::access::{CLUSTER_ADMIN, Which};
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::inventory::Unfound;
use gangplank_onboarding::names::{ClusterName, VaultSecretName};
use gangplank_onboarding::offboard::{Declared, Kept, Observed, Withdrawal};
use gangplank_onboarding::tree::members::Member;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, ListParams};
use kube::{Client, ResourceExt as _};
use serde_json::Value;

use crate::azure::{Azure, AzureError};
use crate::bounded;
use crate::observe::{GitLook, kind};

/// Why it can't be said what there is of a cluster, or why something of it could not be taken away.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Git.
    #[error("cannot look at the tip of the branch")]
    Git(#[from] gangplank_git::Error),
    /// The hub.
    #[error("cannot look for {0} on the hub")]
    Hub(&'static str, #[source] kube::Error),
    /// Azure.
    #[error("cannot look at Azure")]
    Azure(#[from] AzureError),
    /// It can't be told which AKS cluster it is.
    #[error(transparent)]
    Which(Unfound),
    /// The vault.
    #[error("cannot look for `{0}` in the vault")]
    Vault(VaultSecretName, #[source] sdk::VaultError),
    /// An assignment could not be deleted.
    #[error("cannot delete the role assignment `{0}`")]
    Assignment(String, #[source] sdk::ArmError),
    /// A vault secret could not be deleted or purged.
    #[error("cannot {0}")]
    Secret(Withdrawal, #[source] sdk::VaultError),
}

/// Everything that is asked, and as whom.
#[derive(Clone)]
pub struct Planes {
    /// Azure and the vault.
    pub azure: Azure,
    /// The hub.
    pub hub: Client,
}

/// The working copy's word on the cluster comes from the caller: it is his disk.
pub async fn observe(
    planes: &Planes,
    git: &GitLook,
    fleet: &Fleet,
    member: &Member,
    working: Declared,
) -> Result<Observed, Error> {
    let name = &member.name;
    let members = git.tip(fleet).await?;
    let tip = Declared::of(&members, name);
    // Once the overlay is gone from the working copy, the branch may still know which resource it was for.
    let member = members.iter().find(|it| it.name == *name && member.resource_id.is_none()).unwrap_or(member);
    let (azure, hub, vault) =
        tokio::join!(access(planes, fleet, member), objects(planes, fleet, name), vault(planes, fleet, name));
    let ((cluster, assignments), (external_secret, secret, applications), vault) = (azure?, hub?, vault?);
    Ok(Observed { working, tip, cluster, applications, external_secret, secret, assignments, vault })
}

type Access = (Option<gangplank_onboarding::names::ResourceId>, Vec<String>);

/// The cluster, and the ids of the assignments of Argo CD's role at its own scope.
async fn access(planes: &Planes, fleet: &Fleet, member: &Member) -> Result<Access, Error> {
    let inventory = planes.azure.inventory(fleet, std::slice::from_ref(member)).await?;
    let cluster = match inventory.find(member) {
        Ok(cluster) => Some(cluster.resource_id.clone()),
        Err(Unfound::Name(_) | Unfound::Resource { .. }) => None,
        Err(unfound) => return Err(Error::Which(unfound)),
    };
    let identity = planes.azure.identity(Which::Argocd.resource(fleet)).await?;
    let mut assignments = Vec::new();
    if let (Some(cluster), Some(identity)) = (&cluster, identity) {
        let all = planes.azure.assignments_of(identity.object_id.as_str(), cluster.subscription()).await?;
        let own = all.into_iter().filter(|assignment| {
            assignment.scope.eq_ignore_ascii_case(cluster.as_str())
                && assignment.role.to_string() == CLUSTER_ADMIN.guid
        });
        assignments = own.map(|assignment| assignment.id.to_string()).collect();
    }
    Ok((cluster, assignments))
}

type Objects = (Option<String>, Option<String>, Vec<String>);

/// The ExternalSecret, the Secret, and the applications that deploy to the cluster.
async fn objects(planes: &Planes, fleet: &Fleet, name: &ClusterName) -> Result<Objects, Error> {
    let (hub, namespace) = (&planes.hub, fleet.hub.namespace.as_str());
    let external_secrets: Api<DynamicObject> =
        Api::namespaced_with(hub.clone(), namespace, &kind("external-secrets.io", "v1", "ExternalSecret"));
    let secrets: Api<Secret> = Api::namespaced(hub.clone(), namespace);
    // Applications in any namespace may deploy to it.
    let applications: Api<DynamicObject> =
        Api::all_with(hub.clone(), &kind("argoproj.io", "v1alpha1", "Application"));
    let (external_secret, secret) = (name.external_secret(), name.secret());
    let everything = ListParams::default();
    let (external_secret, secret, applications) = tokio::join!(
        external_secrets.get_opt(&external_secret),
        secrets.get_opt(&secret),
        applications.list(&everything)
    );
    let external_secret =
        external_secret.or_else(none_served).map_err(|error| Error::Hub("the ExternalSecret", error))?;
    let secret = secret.map_err(|error| Error::Hub("the Secret", error))?;
    let applications = match applications {
        Ok(list) => list.items,
        Err(error) => {
            none_served::<()>(error).map(|_| Vec::new()).map_err(|error| Error::Hub("applications", error))?
        }
    };
    let server = secret.as_ref().and_then(|secret| {
        let bytes = secret.data.as_ref()?.get("server")?;
        std::str::from_utf8(&bytes.0).ok().map(str::to_owned)
    });
    let deploys = |application: &&DynamicObject| {
        let destination =
            |key: &str| application.data.pointer(&format!("/spec/destination/{key}")).and_then(Value::as_str);
        destination("name") == Some(name.as_str())
            || destination("server").is_some_and(|it| server.as_deref() == Some(it))
            || application.annotations().get(crate::observe::CLUSTER).is_some_and(|it| it == name.as_str())
    };
    let full = |namespace: Option<String>, name: String| format!("{}/{name}", namespace.unwrap_or_default());
    Ok((
        external_secret.map(|it| full(it.namespace(), it.name_any())),
        secret.map(|it| full(it.namespace(), it.name_any())),
        applications.iter().filter(deploys).map(|it| full(it.namespace(), it.name_any())).collect(),
    ))
}

/// A kind that the hub does not serve has no objects.
fn none_served<T>(error: kube::Error) -> Result<Option<T>, kube::Error> {
    match error {
        kube::Error::Api(status) if status.code == 404 => Ok(None),
        error => Err(error),
    }
}

async fn vault(
    planes: &Planes,
    fleet: &Fleet,
    name: &ClusterName,
) -> Result<Vec<(VaultSecretName, Kept)>, Error> {
    let vault = planes.azure.vault(&fleet.vault.url())?;
    let looks = bounded::each([name.ca_secret(), name.url_secret()], |secret| {
        let vault = &vault;
        async move {
            let failed = |error| Error::Vault(secret.clone(), error);
            let kept = match vault.secret(secret.as_str(), None).await {
                Ok(_) | Err(sdk::VaultError::Disabled { .. }) => Kept::Yes,
                Err(sdk::VaultError::NotFound { .. }) => match vault.deleted_secret(secret.as_str()).await {
                    Ok(deleted) => Kept::Recoverable(deleted.scheduled_purge.map(|time| time.to_string())),
                    Err(sdk::VaultError::NotFound { .. }) => Kept::No,
                    Err(error) => return Err(failed(error)),
                },
                Err(error) => return Err(failed(error)),
            };
            Ok((secret, kept))
        }
    });
    looks.await.into_iter().collect()
}

/// Takes one thing away. What is gone already is no error.
pub async fn withdraw(azure: &Azure, fleet: &Fleet, withdrawal: &Withdrawal) -> Result<(), Error> {
    match withdrawal {
        Withdrawal::Assignment(id) => {
            let failed = |source| Error::Assignment(id.clone(), source);
            let parsed = sdk::ResourceId::parse(id).map_err(|_| {
                failed(sdk::ArmError::Malformed { object: id.clone(), what: "it is no resource id" })
            })?;
            azure.arm().delete_role_assignment(&parsed).await.map_err(failed)
        }
        Withdrawal::Secret(name) | Withdrawal::Purge(name) => {
            let vault = azure.vault(&fleet.vault.url())?;
            let result = match withdrawal {
                Withdrawal::Purge(_) => vault.purge_secret(name.as_str()).await,
                _ => vault.delete_secret(name.as_str()).await.map(drop),
            };
            match result {
                Ok(()) | Err(sdk::VaultError::NotFound { .. }) => Ok(()),
                Err(error) => Err(Error::Secret(withdrawal.clone(), error)),
            }
        }
    }
}
