//! The world laid down from inside, without a token: what a sandbox or a test starts from.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    arm::{self, ArmError},
    cloud::Cloud,
    entra::{ClientSecret, Federated, Principal, PrincipalKind},
    faults::later,
    vault::{SecretSeed, VaultContents},
};

/// A secret could not be put in place from inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot set secret '{name}' in vault '{vault}': {reason}")]
pub struct SecretRefused {
    /// The vault.
    pub vault: String,
    /// The secret.
    pub name: String,
    /// What the vault says.
    pub reason: String,
}

/// A user-assigned identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityIds {
    /// Its resource id.
    pub id: String,
    /// Application (client) id: what logs in.
    pub client_id: Uuid,
    /// Object id: what roles are assigned to.
    pub principal_id: Uuid,
}

/// A vault to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVault {
    /// Its name, unique in the cloud.
    pub name: String,
    /// Azure region.
    pub location: String,
    /// Whether roles decide (else access policies do).
    pub rbac: bool,
    /// Whether deleted secrets can't be purged.
    pub purge_protection: bool,
}

impl NewVault {
    /// A vault in which roles decide.
    pub fn new(name: impl Into<String>, location: impl Into<String>) -> Self {
        NewVault { name: name.into(), location: location.into(), rbac: true, purge_protection: false }
    }
}

/// A managed cluster to be made. The default is one as the seed's Terraform makes it: Entra, Azure RBAC, an OIDC issuer,
/// workload identity, no local accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCluster {
    /// Its name.
    pub name: String,
    /// Azure region.
    pub location: String,
    /// Whether it takes Entra tokens.
    pub entra: bool,
    /// Whether Azure roles decide in it.
    pub azure_rbac: bool,
    /// Whether certificates of local accounts are handed out.
    pub local_accounts: bool,
    /// Whether its ServiceAccount tokens are published.
    pub oidc_issuer: bool,
    /// Whether its API server is private.
    pub private: bool,
    /// Object ids of its admin groups.
    pub admin_group_object_ids: Vec<Uuid>,
}

impl NewCluster {
    /// A cluster as the seed's Terraform makes it.
    pub fn new(name: impl Into<String>, location: impl Into<String>) -> Self {
        NewCluster {
            name: name.into(),
            location: location.into(),
            entra: true,
            azure_rbac: true,
            local_accounts: false,
            oidc_issuer: true,
            private: false,
            admin_group_object_ids: Vec::new(),
        }
    }

    fn properties(&self) -> Value {
        let prefix: String = self.name.chars().map(|it| if it == '_' { '-' } else { it }).take(40).collect();
        let groups: Vec<String> = self.admin_group_object_ids.iter().map(Uuid::to_string).collect();
        let mut properties = json!({
            "dnsPrefix": prefix.trim_end_matches('-'),
            "disableLocalAccounts": !self.local_accounts,
            "enableRBAC": true,
            "agentPoolProfiles": [{
                "name": "default", "mode": "System", "count": 1, "vmSize": "Standard_D2s_v5", "osType": "Linux",
                "type": "VirtualMachineScaleSets",
            }],
            "oidcIssuerProfile": {"enabled": self.oidc_issuer},
            "securityProfile": {"workloadIdentity": {"enabled": self.oidc_issuer}},
            "apiServerAccessProfile": {"enablePrivateCluster": self.private},
        });
        if self.entra {
            properties["aadProfile"] =
                json!({"managed": true, "enableAzureRBAC": self.azure_rbac, "adminGroupObjectIDs": groups});
        }
        properties
    }
}

/// A managed cluster as Resource Manager shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterIds {
    /// Its resource id.
    pub id: String,
    /// Host name of its API server.
    pub fqdn: String,
    /// Issuer of its ServiceAccount tokens, with its trailing slash; empty where it has none.
    pub issuer_url: String,
}

/// An application of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplicationIds {
    /// Application (client) id: what logs in.
    pub app_id: Uuid,
    /// Object id of its service principal: what roles are assigned to.
    pub object_id: Uuid,
}

/// A federated credential to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// Its name under the identity.
    pub name: String,
    /// Issuer of the assertions, exactly as their `iss`.
    pub issuer: String,
    /// Subject of the assertions, exactly as their `sub`.
    pub subject: String,
    /// Audience of the assertions, `api://AzureADTokenExchange` as a rule.
    pub audience: String,
}

impl Cloud {
    fn add_principal(&self, name: &str, app_id: Option<Uuid>, kind: PrincipalKind) -> Uuid {
        let object_id = self.azure.ids.next("object", name);
        self.azure.entra.directory_mut().add(Principal {
            object_id,
            app_id,
            display_name: name.to_owned(),
            kind,
            created_on: self.azure.now(),
        });
        object_id
    }

    /// Registers an application with its service principal.
    pub fn create_application(&self, name: &str) -> ApplicationIds {
        let app_id = self.azure.ids.next("application", name);
        let object_id = self.add_principal(name, Some(app_id), PrincipalKind::Application);
        ApplicationIds { app_id, object_id }
    }

    /// Lets an application log in with a secret until `expires`.
    pub fn add_client_secret(&self, application: ApplicationIds, secret: SecretString, expires: Timestamp) {
        let secret = ClientSecret { value: secret, expires };
        self.azure.entra.directory_mut().add_secret(application.object_id, secret);
    }

    /// Lets an application log in with assertions that it signs with the private half of `key`.
    pub fn add_client_certificate(&self, application: ApplicationIds, key: gangplank_pki::Jwk) {
        self.azure.entra.directory_mut().add_certificate(application.object_id, key);
    }

    /// Lets an application log in with assertions of another issuer.
    pub fn add_application_credential(&self, application: ApplicationIds, credential: NewCredential) {
        let now = self.azure.now();
        let credential = Federated {
            name: credential.name,
            issuer: credential.issuer,
            subject: credential.subject,
            audience: credential.audience,
            effective_from: later(now, self.azure.faults.read(|faults| faults.credential_propagation)),
            effective_until: None,
        };
        self.azure.entra.directory_mut().put_federated(application.object_id, credential, now);
    }

    /// Adds a person to the directory; the name is the user principal name.
    pub fn create_user(&self, name: &str) -> Uuid {
        self.add_principal(name, None, PrincipalKind::User)
    }

    /// Adds a group with these members.
    pub fn create_directory_group(&self, name: &str, members: &[Uuid]) -> Uuid {
        let group = self.add_principal(name, None, PrincipalKind::Group);
        let mut directory = self.azure.entra.directory_mut();
        for member in members {
            directory.add_member(group, *member);
        }
        group
    }

    /// A token for a principal without a login, for who acts from inside: no fault of Entra's touches it. None where
    /// the directory has no such principal, or the resource is not known.
    pub fn token_for(&self, object_id: Uuid, resource: &str) -> Option<SecretString> {
        let principal = self.principal(object_id)?;
        crate::entra::vouch(&self.azure, &principal, resource).map(SecretString::from)
    }

    /// What the directory says of an object id.
    pub fn principal(&self, object_id: Uuid) -> Option<Principal> {
        self.azure.entra.directory().principal(object_id).cloned()
    }

    /// Makes a resource group (or leaves the one there is) and gives its id.
    ///
    /// # Errors
    /// The name is not allowed, or the group exists in another region.
    pub fn create_group(&self, subscription: Uuid, name: &str, location: &str) -> Result<String, ArmError> {
        let id = arm::group_id(&subscription.to_string(), name);
        arm::put_group(&self.azure, &id, arm::GroupBody { location: Some(location.to_owned()), tags: None })?;
        Ok(id)
    }

    /// Makes a user-assigned identity in a group (or leaves the one there is).
    ///
    /// # Errors
    /// The name is not allowed, or there is no such group.
    pub fn create_identity(&self, group: &str, name: &str, location: &str) -> Result<IdentityIds, ArmError> {
        let id = format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}");
        let body = arm::IdentityBody { location: Some(location.to_owned()), ..Default::default() };
        let (_, document) = arm::put_identity(&self.azure, &id, body)?;
        let guid = |pointer| {
            document.pointer(pointer).and_then(Value::as_str).and_then(|it| Uuid::try_parse(it).ok())
        };
        Ok(IdentityIds {
            id,
            client_id: guid("/properties/clientId").unwrap_or_default(),
            principal_id: guid("/properties/principalId").unwrap_or_default(),
        })
    }

    /// Makes a federated credential of an identity, under all the rules.
    ///
    /// # Errors
    /// What a client would be told.
    pub fn create_credential(&self, identity: &str, credential: NewCredential) -> Result<String, ArmError> {
        let NewCredential { name, issuer, subject, audience } = credential;
        let properties = arm::CredentialProperties { issuer, subject, audiences: vec![audience] };
        arm::put_credential(&self.azure, identity, &name, arm::CredentialBody { properties })?;
        Ok(format!("{identity}/federatedIdentityCredentials/{name}"))
    }

    /// Assigns a role (see [`crate::rbac::role_id`]) and gives the assignment's id. The same one again is fine.
    ///
    /// # Errors
    /// The scope or the role doesn't exist.
    pub fn assign_role(&self, scope: &str, principal: Uuid, role: Uuid) -> Result<String, ArmError> {
        let principal_type = self.principal(principal).map(|it| it.principal_type().to_owned());
        let name = {
            let rbac = self.azure.rbac();
            let mut own = rbac.assignments_at(scope);
            let same = own.find(|it| it.principal == principal && it.role == role);
            same.map(|it| it.name)
        };
        let name = name.unwrap_or_else(|| {
            self.azure.ids.next("assignment", &format!("{} {principal} {role}", scope.to_ascii_lowercase()))
        });
        let new = arm::NewAssignment {
            name,
            scope: scope.to_owned(),
            role,
            principal,
            principal_type: Some(principal_type.unwrap_or_else(|| "ServicePrincipal".to_owned())),
            description: None,
            condition: None,
            created_by: Uuid::nil(),
        };
        arm::assign(&self.azure, new)?;
        Ok(format!(
            "{}/providers/Microsoft.Authorization/roleAssignments/{name}",
            scope.trim_end_matches('/')
        ))
    }

    /// Makes a vault in a group and gives its id.
    ///
    /// # Errors
    /// The name is not allowed or taken, or there is no such group.
    pub fn create_vault(&self, group: &str, vault: NewVault) -> Result<String, ArmError> {
        let id = format!("{group}/providers/Microsoft.KeyVault/vaults/{}", vault.name);
        let mut properties = json!({
            "tenantId": self.azure.tenant_id.to_string(),
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": vault.rbac,
        });
        if vault.purge_protection {
            properties["enablePurgeProtection"] = json!(true);
        }
        let properties = properties.as_object().cloned().unwrap_or_default();
        arm::put_vault(
            &self.azure,
            &id,
            arm::VaultBody { location: Some(vault.location), tags: None, properties },
        )?;
        Ok(id)
    }

    /// Makes a managed cluster in a group; its API server is up (by the backend) when this returns.
    ///
    /// # Errors
    /// The name is not allowed, there is no such group, or the backend failed.
    pub async fn create_cluster(&self, group: &str, cluster: NewCluster) -> Result<ClusterIds, ArmError> {
        let id = format!("{group}/providers/Microsoft.ContainerService/managedClusters/{}", cluster.name);
        let body = arm::ClusterBody {
            properties: cluster.properties().as_object().cloned().unwrap_or_default(),
            location: Some(cluster.location),
            tags: None,
            identity: json!({"type": "SystemAssigned"}).as_object().cloned(),
            sku: None,
        };
        let (_, document, _) = arm::put_cluster(&self.azure, &id, body).await?;
        if let Some(reason) = arm::cluster_failure(&self.azure, &id) {
            return Err(ArmError::ClusterBackend(reason));
        }
        let text = |pointer| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let fqdn = match text("/properties/fqdn") {
            fqdn if fqdn.is_empty() => text("/properties/privateFQDN"),
            fqdn => fqdn,
        };
        Ok(ClusterIds { id, fqdn, issuer_url: text("/properties/oidcIssuerProfile/issuerURL") })
    }

    /// Adds a version of a secret and gives its id.
    ///
    /// # Errors
    /// There is no such vault, or the vault would refuse it (name, size, soft-deleted).
    pub fn set_secret(&self, vault: &str, name: &str, secret: SecretSeed) -> Result<String, SecretRefused> {
        self.azure.vaults.set_secret(&self.azure, vault, name, secret).map_err(|error| SecretRefused {
            vault: vault.to_owned(),
            name: name.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Puts `contents` in place of everything a vault holds. False if there is no such vault.
    pub fn set_vault_contents(&self, vault: &str, contents: VaultContents) -> bool {
        self.azure.vaults.fill(&self.azure, vault, contents)
    }
}
