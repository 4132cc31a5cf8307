//! Azure as one identity sees it: Resource Manager and the vault, over one pooled transport and one cache of logins.

use std::collections::BTreeSet;

use gangplank_azure as sdk;
use gangplank_onboarding::access;
use gangplank_onboarding::chain::facts::{
    Credential, FederatedCredential, IdentityFacts, ManagedCluster, RoleGrant, Seen, VaultSecret,
};
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::inventory::Inventory;
use gangplank_onboarding::names::{ClusterName, GuidError, ObjectId, ResourceId, VaultSecretName};
use gangplank_onboarding::tree::members::Member;
use secrecy::ExposeSecret as _;

use crate::bounded;

/// How many requests one vault sees at once of this process.
const VAULT_CONCURRENCY: usize = 32;

/// Why Azure can't be used at all.
#[derive(Debug, thiserror::Error)]
pub enum AzureError {
    /// An id of the fleet that Azure's client refuses.
    #[error("cannot use `{0}` as an Azure resource id")]
    ResourceId(ResourceId),
    /// The vault's address.
    #[error("cannot use the vault's address")]
    VaultUrl(#[from] sdk::VaultUrlError),
    /// An id in one of Azure's answers.
    #[error("Azure answered with an id that is none")]
    Guid(#[from] GuidError),
    /// Resource Manager.
    #[error(transparent)]
    Arm(#[from] sdk::ArmError),
}

/// Azure, logged in.
#[derive(Debug, Clone)]
pub struct Azure {
    transport: sdk::Transport,
    tokens: sdk::Tokens,
    cloud: sdk::Cloud,
    credential: sdk::Credential,
    arm: sdk::Arm,
    vaults: sdk::Vaults,
}

impl Azure {
    /// Azure as `credential` sees it. Makes no request.
    pub fn new(transport: sdk::Transport, cloud: sdk::Cloud, credential: sdk::Credential) -> Self {
        let tokens = sdk::Tokens::new(transport.clone(), sdk::Clock::system(), sdk::RetryPolicy::patient());
        let limits = sdk::VaultLimits { concurrent: VAULT_CONCURRENCY, retry: sdk::RetryPolicy::patient() };
        let vaults = sdk::Vaults::new(transport.clone(), tokens.clone(), limits);
        let arm = sdk::Arm::new(
            transport.clone(),
            tokens.clone(),
            cloud.clone(),
            credential.clone(),
            sdk::RetryPolicy::patient(),
        );
        Azure { transport, tokens, cloud, credential, arm, vaults }
    }

    /// Resource Manager.
    pub fn arm(&self) -> &sdk::Arm {
        &self.arm
    }

    /// The connection pool.
    pub fn transport(&self) -> &sdk::Transport {
        &self.transport
    }

    /// The logins.
    pub fn tokens(&self) -> &sdk::Tokens {
        &self.tokens
    }

    /// All vaults, with shared limits.
    pub fn vaults(&self) -> &sdk::Vaults {
        &self.vaults
    }

    /// The cloud's addresses.
    pub fn cloud(&self) -> &sdk::Cloud {
        &self.cloud
    }

    /// A vault as this identity sees it.
    pub fn vault(&self, url: &str) -> Result<sdk::Vault, AzureError> {
        self.vault_as(url, self.credential.clone())
    }

    /// A vault as another identity sees it.
    pub fn vault_as(&self, url: &str, credential: sdk::Credential) -> Result<sdk::Vault, AzureError> {
        Ok(self.vaults.open(&self.cloud, sdk::VaultUrl::parse(url)?, credential))
    }

    /// The clusters of a subscription, by one list. Credentials and roles are still to be looked at.
    pub async fn clusters(&self, subscription: &str) -> Result<Vec<ManagedCluster>, AzureError> {
        let subscription = sdk::SubscriptionId::parse(subscription).map_err(|_| {
            sdk::ArmError::Malformed { object: subscription.to_owned(), what: "it is no subscription id" }
        })?;
        self.arm.managed_clusters(&subscription).await?.into_iter().map(cluster).collect()
    }

    /// The clusters of all subscriptions that the members of the fleet stand in.
    ///
    /// # Errors
    /// One of the subscriptions can't be listed.
    pub async fn inventory(&self, fleet: &Fleet, members: &[Member]) -> Result<Inventory, AzureError> {
        let subscriptions: BTreeSet<String> =
            members.iter().map(|member| member.subscription(fleet)).collect();
        let lists = bounded::each(&subscriptions, |subscription| self.clusters(subscription)).await;
        let clusters = lists.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Inventory::new(fleet, clusters.into_iter().flatten()))
    }

    /// What a cluster's kubeconfig says today.
    pub async fn cluster_credential(&self, id: &ResourceId) -> Result<Credential, AzureError> {
        let credential =
            self.arm.cluster_user_credential(&arm_id(id)?, sdk::CredentialEndpoint::Default).await?;
        Ok(Credential { ca: credential.certificate_authority_data, server: credential.server })
    }

    /// The kubeconfigs of many clusters, some at once.
    pub async fn credentials(
        &self,
        clusters: &[(ClusterName, ManagedCluster)],
    ) -> Vec<(ClusterName, Result<Credential, AzureError>)> {
        bounded::each(clusters, |(name, cluster)| async move {
            (name.clone(), self.cluster_credential(&cluster.resource_id).await)
        })
        .await
    }

    /// An identity with what it trusts; `None` where it does not exist.
    pub async fn identity(&self, id: &ResourceId) -> Result<Option<IdentityFacts>, AzureError> {
        let arm_id = arm_id(id)?;
        let identity = match self.arm.identity(&arm_id).await {
            Ok(identity) => identity,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let credentials = self.arm.federated_credentials(&arm_id).await?.into_iter().map(|credential| {
            let sdk::FederatedCredential { name, issuer, subject, audience } = credential;
            FederatedCredential { name, issuer, subject, audiences: vec![audience] }
        });
        Ok(Some(IdentityFacts {
            client_id: identity.client_id.as_str().parse()?,
            object_id: identity.principal_id.as_str().parse()?,
            credentials: credentials.collect(),
        }))
    }

    /// The role assignments at a scope and above it.
    pub async fn grants(&self, scope: &ResourceId) -> Result<Vec<RoleGrant>, AzureError> {
        let assignments = self.arm.role_assignments(&arm_id(scope)?, None).await?;
        Ok(assignments.into_iter().map(|assignment| grant(&assignment)).collect())
    }

    /// All role assignments of one principal in a subscription, with the scope of each: one request for a whole fleet.
    pub async fn grants_of(
        &self,
        principal: &str,
        subscription: &str,
    ) -> Result<Vec<(String, RoleGrant)>, AzureError> {
        let assignments = self.assignments_of(principal, subscription).await?;
        Ok(assignments.into_iter().map(|assignment| (assignment.scope.clone(), grant(&assignment))).collect())
    }

    /// The same as Azure has them, with their ids.
    pub async fn assignments_of(
        &self,
        principal: &str,
        subscription: &str,
    ) -> Result<Vec<sdk::RoleAssignment>, AzureError> {
        let malformed = |what| sdk::ArmError::Malformed { object: principal.to_owned(), what };
        let principal = sdk::ObjectId::parse(principal).map_err(|_| malformed("it is no object id"))?;
        let subscription =
            sdk::SubscriptionId::parse(subscription).map_err(|_| malformed("it is no subscription id"))?;
        let scope = sdk::ResourceId::subscription_scope(&subscription);
        Ok(self.arm.role_assignments(&scope, Some(&principal)).await?)
    }

    /// Carries out one action on access. `location` is where identities are made.
    pub async fn enact(
        &self,
        action: &access::Action,
        fleet: &Fleet,
        location: &str,
    ) -> Result<(), AzureError> {
        match action {
            access::Action::CreateIdentity(which) => {
                self.arm.put_identity(&arm_id(which.resource(fleet))?, location).await?;
            }
            access::Action::PutCredential { identity, credential, .. } => {
                let FederatedCredential { name, issuer, subject, audiences } = credential.clone();
                let audience = audiences.into_iter().next().unwrap_or_default();
                let credential = sdk::FederatedCredential { name, issuer, subject, audience };
                self.arm.put_federated_credential(&arm_id(identity.resource(fleet))?, &credential).await?;
            }
            access::Action::AssignRole { scope, role, principal } => {
                let malformed = |what| sdk::ArmError::Malformed { object: role.guid.to_owned(), what };
                let guid = role.guid.parse().map_err(|_| malformed("it is no role"))?;
                let id = object_id(principal)?;
                let principal = sdk::Principal { id, kind: sdk::PrincipalType::ServicePrincipal };
                self.arm.assign_role(&arm_id(scope)?, &principal, guid, "gangplank").await?;
            }
        }
        Ok(())
    }
}

/// What a vault says of one secret, told apart as the chain needs it.
pub async fn vault_secret(
    vault: &sdk::Vault,
    name: &VaultSecretName,
) -> Result<VaultSecret, sdk::VaultError> {
    match vault.secret(name.as_str(), None).await {
        Ok(secret) => Ok(VaultSecret::Value(secret.value.expose_secret().to_owned())),
        Err(sdk::VaultError::Disabled { .. }) => Ok(VaultSecret::Disabled),
        // A soft-deleted secret answers as a missing one; only the list of the deleted tells.
        Err(sdk::VaultError::NotFound { .. }) => match vault.deleted_secret(name.as_str()).await {
            Ok(_) => Ok(VaultSecret::SoftDeleted),
            Err(sdk::VaultError::NotFound { .. }) => Ok(VaultSecret::Missing),
            // Who may read secrets may not always list the deleted ones.
            Err(sdk::VaultError::ForbiddenByRbac { .. } | sdk::VaultError::Forbidden { .. }) => {
                Ok(VaultSecret::Missing)
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// An id of the domain as the client's.
pub(crate) fn arm_id(id: &ResourceId) -> Result<sdk::ResourceId, AzureError> {
    sdk::ResourceId::parse(id.as_str()).map_err(|_| AzureError::ResourceId(id.clone()))
}

fn object_id(id: &ObjectId) -> Result<sdk::ObjectId, AzureError> {
    sdk::ObjectId::parse(id.as_str())
        .map_err(|_| sdk::ArmError::Malformed { object: id.to_string(), what: "it is no object id" }.into())
}

fn grant(assignment: &sdk::RoleAssignment) -> RoleGrant {
    let principal = assignment.principal_id.as_str().to_ascii_lowercase();
    RoleGrant { principal, role: assignment.role.to_string() }
}

fn cluster(wire: sdk::ManagedCluster) -> Result<ManagedCluster, AzureError> {
    let malformed =
        |_| sdk::ArmError::Malformed { object: wire.id.as_str().to_owned(), what: "its id has another form" };
    Ok(ManagedCluster {
        resource_id: wire.id.as_str().parse().map_err(malformed)?,
        provisioning_state: wire.provisioning_state,
        running: wire.running,
        entra: wire.aad_profile.is_some(),
        azure_rbac: wire.aad_profile.is_some_and(|profile| profile.azure_rbac),
        credential: Seen::Pending,
        roles: Seen::Pending,
    })
}
