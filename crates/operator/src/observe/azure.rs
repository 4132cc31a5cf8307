//! Azure's facts: for each subscription of the fleet clusters by one list and roles by two, then a kubeconfig and two vault secrets a
//! cluster. A subscription that can't be listed holds up the clusters of no other.

use std::collections::BTreeMap;

use gangplank_onboarding::access::Which;
use gangplank_onboarding::chain::facts::{
    AccessFacts, IdentityFacts, ManagedCluster, PublishedFacts, RoleGrant, Seen,
};
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::inventory::Inventory;
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::members::Member;

use super::{ByCluster, failed};
use crate::azure::{Azure, AzureError, vault_secret};
use crate::bounded;

type Managed = Seen<ManagedCluster>;
type Published = Seen<PublishedFacts>;

/// Looks at Azure.
pub struct AzureLook {
    azure: Azure,
    kept: ByCluster<(Managed, Published)>,
}

impl AzureLook {
    pub(super) fn new(azure: Azure) -> Self {
        AzureLook { azure, kept: ByCluster::new() }
    }

    /// What was seen of a cluster.
    pub(super) fn of(&self, cluster: &ClusterName) -> (&Managed, &Published) {
        match self.kept.get(cluster) {
            Some((managed, published)) => (managed, published),
            None => (&Seen::Pending, &Seen::Pending),
        }
    }

    /// Keeps what was seen of a cluster while all of it is as it should be.
    pub(super) fn keep(&mut self, cluster: &ClusterName, holds: bool) {
        if !holds {
            self.kept.remove(cluster);
        }
    }

    /// Looks at the identities, and at the clusters of which nothing is kept.
    pub(super) async fn look(&mut self, fleet: &Fleet, members: &[Member]) -> AccessFacts {
        let (argocd, secrets) = tokio::join!(
            self.azure.identity(Which::Argocd.resource(fleet)),
            self.azure.identity(Which::Secrets.resource(fleet))
        );
        let access = AccessFacts { argocd: seen(argocd), secrets: seen(secrets) };
        let identity = access.argocd.known().and_then(Option::as_ref);
        let mut open: BTreeMap<String, Vec<&Member>> = BTreeMap::new();
        for member in members.iter().filter(|member| !self.kept.contains_key(&member.name)) {
            open.entry(member.subscription(fleet)).or_default().push(member);
        }
        let looks = bounded::each(&open, |(subscription, members)| {
            self.look_at_subscription(fleet, subscription, members, identity)
        });
        let seen = looks.await;
        self.kept.extend(seen.into_iter().flatten());
        access
    }

    async fn look_at_subscription(
        &self,
        fleet: &Fleet,
        subscription: &str,
        members: &[&Member],
        identity: Option<&IdentityFacts>,
    ) -> ByCluster<(Managed, Published)> {
        // Both ids are asked for: who gives a role to a client id is to be told so.
        let principals =
            identity.map(|it| [it.object_id.as_str(), it.client_id.as_str()]).unwrap_or_default();
        let looks = bounded::each(principals.into_iter().filter(|id| !id.is_empty()), |principal| {
            self.azure.grants_of(principal, subscription)
        });
        let (found, granted) = tokio::join!(self.azure.clusters(subscription), looks);
        let (inventory, grants) = match (found, granted.into_iter().collect::<Result<Vec<_>, _>>()) {
            (Ok(found), Ok(granted)) => (Inventory::new(fleet, found), granted.concat()),
            (Err(error), _) | (_, Err(error)) => {
                let failed = (failed(&error), Seen::Pending);
                return members.iter().map(|member| (member.name.clone(), failed.clone())).collect();
            }
        };
        let (inventory, grants) = (&inventory, &grants);
        let looks = bounded::each(members, |member| async move {
            let managed = match inventory.find(member) {
                Ok(managed) => Seen::Known(with_roles(managed.clone(), grants)),
                Err(unfound) => Seen::failed(unfound.to_string(), unfound.mend()),
            };
            (member.name.clone(), self.look_at_cluster(fleet, &member.name, managed).await)
        });
        looks.await.into_iter().collect()
    }

    async fn look_at_cluster(
        &self,
        fleet: &Fleet,
        cluster: &ClusterName,
        managed: Managed,
    ) -> (Managed, Published) {
        let published = async {
            let vault = match self.azure.vault(&fleet.vault.url()) {
                Ok(vault) => vault,
                Err(error) => return failed(&error),
            };
            let (ca, url) = (cluster.ca_secret(), cluster.url_secret());
            match tokio::try_join!(vault_secret(&vault, &ca), vault_secret(&vault, &url)) {
                Ok((ca, url)) => Seen::Known(PublishedFacts { ca, url }),
                Err(error) => failed(&error),
            }
        };
        let managed = async {
            let Seen::Known(mut managed) = managed else { return managed };
            managed.credential = match self.azure.cluster_credential(&managed.resource_id).await {
                Ok(credential) => Seen::Known(credential),
                Err(error) => failed(&error),
            };
            Seen::Known(managed)
        };
        tokio::join!(managed, published)
    }
}

fn with_roles(mut managed: ManagedCluster, grants: &[(String, RoleGrant)]) -> ManagedCluster {
    let id = managed.resource_id.as_str().to_ascii_lowercase();
    let reaches = |scope: &str| {
        let scope = scope.to_ascii_lowercase();
        id == scope || id.strip_prefix(&scope).is_some_and(|rest| rest.starts_with('/'))
    };
    let roles = grants.iter().filter(|(scope, _)| reaches(scope)).map(|(_, grant)| grant.clone());
    managed.roles = Seen::Known(roles.collect());
    managed
}

fn seen<T>(result: Result<T, AzureError>) -> Seen<T> {
    match result {
        Ok(fact) => Seen::Known(fact),
        Err(error) => failed(&error),
    }
}
