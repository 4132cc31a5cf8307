//! Lays the Azure side of a world down: groups, the vault, the hub, the clusters, the platform engineer.
//!
//! Nobody is there yet who could log in and do it, so it is done from inside; Azure's rules hold all the same, and a
//! name that Azure refuses is refused here.

use std::collections::HashSet;
use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use gangplank_azuresim::rbac::role_id;
use gangplank_azuresim::{Cloud, NewCluster, NewCredential, NewVault, SecretSeed};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::engineer;
use super::environment;
use super::facts::{ClusterFacts, EngineerFacts, Facts, TeamSecrets, VaultFacts};
use crate::breaks::Break;
use crate::error::WorldError;
use crate::git::Credentials;

const LOCATION: &str = "westeurope";
/// The group of the hub, the vault and the identities: the seed's name for it.
const HUB_GROUP: &str = "argocd-prd-rg";
/// The group of the clusters.
const CLUSTER_GROUP: &str = "aks-prd-rg";
const VAULT: &str = "argocd-prd-akv";
const HUB: &str = "aks-prd-we-hub";
const ENGINEER: &str = "platform-engineer";

/// So many clusters are made at once.
const AT_ONCE: usize = 8;

/// What the Azure side is made from.
pub(super) struct Plan<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) subscription: Uuid,
    pub(super) directory: &'a Path,
    pub(super) clusters: &'a [String],
    pub(super) breaks: &'a [Break],
    /// The address of the Git server, without a final slash.
    pub(super) git_url: String,
    pub(super) credentials: &'a Credentials,
}

impl Plan<'_> {
    /// Lays the Azure side down and tells what stands then.
    pub(super) async fn lay_down(&self) -> Result<Facts, WorldError> {
        self.check_names()?;
        let group = self.group(HUB_GROUP)?;
        let cluster_group = self.group(CLUSTER_GROUP)?;
        let vault_id = self
            .cloud
            .create_vault(&group, NewVault::new(VAULT, LOCATION))
            .map_err(refused(&format!("vault `{VAULT}`")))?;
        let vault = VaultFacts {
            name: VAULT.to_owned(),
            id: vault_id,
            url: self.cloud.environment().url(&format!("{VAULT}.{}", self.cloud.environment().vault_suffix)),
        };
        let hub = make_cluster(self.cloud, &group, self.directory, self.shape(HUB, None)).await?;
        let clusters: Vec<ClusterFacts> = stream::iter(self.clusters.iter().enumerate())
            .map(|(index, name)| {
                let shape = self.shape(name, Some(index));
                make_cluster(self.cloud, &cluster_group, self.directory, shape)
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Facts {
            tenant_id: self.cloud.tenant_id().to_string(),
            subscription_id: self.subscription.to_string(),
            location: LOCATION.to_owned(),
            resource_group: HUB_GROUP.to_owned(),
            cluster_resource_group: CLUSTER_GROUP.to_owned(),
            engineer: self.engineer(&group, &hub, &vault)?,
            team_secrets: self.team_secrets()?,
            vault,
            hub,
            clusters,
            platform_repository: format!("{}/{}.git", self.git_url, super::PLATFORM),
            team_repository: format!("{}/{}.git", self.git_url, super::TEAM),
        })
    }

    /// Azure compares names without regard to letter case; the hub's is among them, since kubeconfigs go by name.
    fn check_names(&self) -> Result<(), WorldError> {
        let mut seen = HashSet::from([HUB.to_owned()]);
        let twice = self.clusters.iter().find(|name| !seen.insert(name.to_ascii_lowercase()));
        twice.map_or(Ok(()), |name| {
            let reason = "another cluster of the world has this name".to_owned();
            Err(WorldError::Azure { what: format!("cluster `{name}`"), reason })
        })
    }

    fn group(&self, name: &str) -> Result<String, WorldError> {
        let what = format!("resource group `{name}`");
        self.cloud.create_group(self.subscription, name, LOCATION).map_err(refused(&what))
    }

    /// What a cluster has on; the first one is the one that breaks are about.
    fn shape(&self, name: &str, index: Option<usize>) -> NewCluster {
        let broken = |what| index == Some(0) && self.breaks.contains(&what);
        NewCluster {
            entra: !broken(Break::ClusterWithoutEntra),
            azure_rbac: !broken(Break::ClusterWithoutAzureRbac),
            ..new_cluster(name)
        }
    }

    fn engineer(
        &self,
        group: &str,
        hub: &ClusterFacts,
        vault: &VaultFacts,
    ) -> Result<EngineerFacts, WorldError> {
        let what = format!("identity `{ENGINEER}`");
        let identity = self.cloud.create_identity(group, ENGINEER, LOCATION).map_err(refused(&what))?;
        let credential = NewCredential {
            name: ENGINEER.to_owned(),
            issuer: hub.issuer_url.clone(),
            subject: engineer::subject(),
            audience: engineer::AUDIENCE.to_owned(),
        };
        self.cloud.create_credential(&identity.id, credential).map_err(refused(&what))?;
        let subscription = format!("/subscriptions/{}", self.subscription);
        for (role, scope) in [("Owner", &subscription), ("Key Vault Secrets Officer", &vault.id)] {
            let role = role_id(role).unwrap_or_default();
            self.cloud.assign_role(scope, identity.principal_id, role).map_err(refused(&what))?;
        }
        Ok(EngineerFacts {
            client_id: identity.client_id.to_string(),
            object_id: identity.principal_id.to_string(),
            token_file: self.directory.join(environment::ENGINEER_TOKEN),
        })
    }

    fn team_secrets(&self) -> Result<TeamSecrets, WorldError> {
        let secrets = TeamSecrets {
            username: "team-repo-username".to_owned(),
            password: "team-repo-password".to_owned(),
        };
        let Credentials { username, password } = self.credentials;
        for (name, value) in
            [(&secrets.username, username.as_str()), (&secrets.password, password.expose_secret())]
        {
            let secret = SecretSeed::new(value);
            self.cloud.set_secret(VAULT, name, secret).map_err(refused(&format!("secret `{name}`")))?;
        }
        Ok(secrets)
    }
}

/// Makes one more cluster among the others.
pub(super) async fn add_cluster(
    cloud: &Cloud,
    facts: &Facts,
    directory: &Path,
    name: &str,
) -> Result<ClusterFacts, WorldError> {
    if std::iter::once(&facts.hub).chain(&facts.clusters).any(|it| it.name.eq_ignore_ascii_case(name)) {
        let reason = "the world has it already".to_owned();
        return Err(WorldError::Azure { what: format!("cluster `{name}`"), reason });
    }
    let group = format!("/subscriptions/{}/resourceGroups/{CLUSTER_GROUP}", facts.subscription_id);
    make_cluster(cloud, &group, directory, new_cluster(name)).await
}

/// A cluster as the seed's Terraform makes it, but with local accounts: they are what its kubeconfig logs in with.
fn new_cluster(name: &str) -> NewCluster {
    NewCluster { local_accounts: true, ..NewCluster::new(name, LOCATION) }
}

async fn make_cluster(
    cloud: &Cloud,
    group: &str,
    directory: &Path,
    cluster: NewCluster,
) -> Result<ClusterFacts, WorldError> {
    let name = cluster.name.clone();
    let made = cloud.create_cluster(group, cluster).await.map_err(refused(&format!("cluster `{name}`")))?;
    Ok(ClusterFacts {
        kubeconfig: directory.join(environment::KUBECONFIGS).join(format!("{name}.yaml")),
        name,
        id: made.id,
        server: format!("https://{}:443", made.fqdn),
        issuer_url: made.issuer_url,
    })
}

fn refused<E: std::error::Error>(what: &str) -> impl FnOnce(E) -> WorldError {
    let what = what.to_owned();
    move |error| WorldError::Azure { what, reason: error.to_string() }
}
