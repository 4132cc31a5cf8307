//! Azure RBAC: role assignments under names that follow from what they say.

use super::client::{Method, read};
use super::identities::gone_is_fine;
use super::{Arm, ArmError};
use crate::name::{ObjectId, ResourceId, SubscriptionId};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

const API_VERSION: &str = "2022-04-01";

/// The namespace that ARM's own `guid()` function uses, so that Bicep and gangplank come to the same names.
const ARM_GUID: Uuid = Uuid::from_u128(0x11fb06fb_712d_4ddd_98c7_e71bbd588830);

/// Built-in roles by the GUID that is the same in every tenant.
pub mod role {
    use uuid::Uuid;

    /// Everything inside an AKS cluster.
    pub const AKS_RBAC_CLUSTER_ADMIN: Uuid = Uuid::from_u128(0xb1ff04bb_8a4e_4dc4_8eb5_8693973ce19b);
    /// Fetching a cluster's user credential.
    pub const AKS_CLUSTER_USER: Uuid = Uuid::from_u128(0x4abbcc35_e782_43d8_92c5_2d3f1bd2253f);
    /// Reading a vault's secrets.
    pub const KEY_VAULT_SECRETS_USER: Uuid = Uuid::from_u128(0x4633458b_17de_408a_b874_0445c86b69e6);
    /// Reading and writing a vault's secrets.
    pub const KEY_VAULT_SECRETS_OFFICER: Uuid = Uuid::from_u128(0xb86a8fe4_44ce_4948_aee5_eccb2c155cd7);
    /// Reading resources.
    pub const READER: Uuid = Uuid::from_u128(0xacdd72a7_3385_48ef_bd42_f606fba81ae7);
}

/// What a principal is. Always said, since it spares the wait for a new identity's replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalType {
    /// A service principal or managed identity.
    ServicePrincipal,
    /// A person.
    User,
    /// A group.
    Group,
}

impl PrincipalType {
    fn as_str(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "ServicePrincipal",
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

/// Whom a role is assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The object id. Azure takes any GUID here without a word, a client id too; such an assignment grants nothing.
    pub id: ObjectId,
    /// What it is.
    pub kind: PrincipalType,
}

/// A role assignment as Azure has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Its id.
    pub id: ResourceId,
    /// Where it holds.
    pub scope: String,
    /// Which role, by the stable GUID.
    pub role: Uuid,
    /// Who has it.
    pub principal_id: ObjectId,
}

/// A role by its GUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its GUID.
    pub role: Uuid,
    /// Its title, as `Key Vault Secrets User`.
    pub name: String,
}

/// The name of the assignment of `role` to `principal` at `scope`: the same each time, in any case of the scope.
pub fn assignment_name(scope: &ResourceId, principal: &ObjectId, role: Uuid) -> Uuid {
    let text = format!("{}-{principal}-{role}", scope.as_str().to_ascii_lowercase());
    Uuid::new_v5(&ARM_GUID, text.as_bytes())
}

impl Arm {
    /// The assignments at a scope (and those inherited from above it), of one principal where one is given.
    pub async fn role_assignments(
        &self,
        scope: &ResourceId,
        principal: Option<&ObjectId>,
    ) -> Result<Vec<RoleAssignment>, ArmError> {
        let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
        let filter = match principal {
            Some(principal) => format!("principalId eq '{principal}'"),
            None => "atScope()".to_owned(),
        };
        let url = self.url(&path, API_VERSION, &[("$filter", &filter)]);
        let wires: Vec<Wire> = self.list(&path, &url).await?;
        // Principals of deleted identities and roles of foreign tenants have forms of their own: those are passed over.
        Ok(wires.into_iter().filter_map(Wire::read).collect())
    }

    /// Assigns a role, or adopts the equal assignment that stands under another name.
    pub async fn assign_role(
        &self,
        scope: &ResourceId,
        principal: &Principal,
        role: Uuid,
        description: &str,
    ) -> Result<RoleAssignment, ArmError> {
        if let Some(equal) = self.equal_assignment(scope, &principal.id, role).await? {
            return Ok(equal);
        }
        let name = assignment_name(scope, &principal.id, role);
        let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
        let body = json!({ "properties": {
            "roleDefinitionId":
                format!("/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{role}", scope.subscription()),
            "principalId": principal.id.as_str(),
            "principalType": principal.kind.as_str(),
            "description": description,
        }});
        match self.write(Method::PUT, &path, &self.url(&path, API_VERSION, &[]), Some(&body)).await {
            Ok(response) => read::<Wire>(&path, &response)?.read().ok_or_else(|| malformed(&path)),
            // Written by somebody else between our look and our write.
            Err(ArmError::RoleAssignmentExists { object }) => self
                .equal_assignment(scope, &principal.id, role)
                .await?
                .ok_or(ArmError::RoleAssignmentExists { object }),
            Err(error) => Err(error),
        }
    }

    /// Deletes an assignment. One that is gone already is no error.
    pub async fn delete_role_assignment(&self, assignment: &ResourceId) -> Result<(), ArmError> {
        let url = self.url(assignment.as_str(), API_VERSION, &[]);
        gone_is_fine(self.write(Method::DELETE, assignment.as_str(), &url, None).await)
    }

    /// A role's definition by its GUID.
    pub async fn role_definition(
        &self,
        subscription: &SubscriptionId,
        role: Uuid,
    ) -> Result<RoleDefinition, ArmError> {
        #[derive(Deserialize)]
        struct Definition {
            properties: Named,
        }
        #[derive(Deserialize)]
        struct Named {
            #[serde(rename = "roleName")]
            role_name: String,
        }
        let path =
            format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}");
        let definition: Definition = self.get(&path, &self.url(&path, API_VERSION, &[])).await?;
        Ok(RoleDefinition { role, name: definition.properties.role_name })
    }

    async fn equal_assignment(
        &self,
        scope: &ResourceId,
        principal: &ObjectId,
        role: Uuid,
    ) -> Result<Option<RoleAssignment>, ArmError> {
        let assignments = self.role_assignments(scope, Some(principal)).await?;
        Ok(assignments.into_iter().find(|found| {
            found.role == role
                && found.principal_id == *principal
                && found.scope.eq_ignore_ascii_case(scope.as_str())
        }))
    }
}

fn malformed(object: &str) -> ArmError {
    ArmError::Malformed { object: object.to_owned(), what: "it is no role assignment" }
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    scope: String,
    role_definition_id: String,
    principal_id: String,
}

impl Wire {
    fn read(self) -> Option<RoleAssignment> {
        // The id may be relative to the tenant or to a subscription; only the GUID at its end is stable.
        let role = self.properties.role_definition_id.rsplit('/').next()?;
        Some(RoleAssignment {
            id: ResourceId::parse(&self.id).ok()?,
            scope: self.properties.scope,
            role: Uuid::try_parse(role).ok()?,
            principal_id: ObjectId::parse(&self.properties.principal_id).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_scope_principal_and_role_as_arms_own_function_does() {
        assert_eq!(Uuid::new_v5(&ARM_GUID, b"a-b-c").to_string(), "a98fa280-e03f-5afa-8d8e-92d0a9c201e8");
        let principal = ObjectId::parse("a98fa280-e03f-5afa-8d8e-92d0a9c201e8").unwrap();
        let name =
            |scope: &str| assignment_name(&ResourceId::parse(scope).unwrap(), &principal, role::READER);
        assert_eq!(name("/subscriptions/s/resourceGroups/g"), name("/subscriptions/S/resourcegroups/G"));
        assert_ne!(name("/subscriptions/s/resourceGroups/g"), name("/subscriptions/s/resourceGroups/h"));
    }
}
