//! User-assigned identities and whom they trust.

use super::client::{Method, read};
use super::{Arm, ArmError};
use crate::encode;
use crate::name::{ClientId, NameError, ObjectId, ResourceId, TenantId};
use serde::Deserialize;
use serde_json::json;

const API_VERSION: &str = "2024-11-30";

/// A user-assigned identity. Its two ids are of different types on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: ResourceId,
    /// Its region.
    pub location: String,
    /// Its tenant.
    pub tenant: TenantId,
    /// Who it logs in as: the annotation of a ServiceAccount.
    pub client_id: ClientId,
    /// Who roles are assigned to.
    pub principal_id: ObjectId,
}

/// One trust: a token of this issuer and subject may be exchanged for the identity's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedCredential {
    /// Its name below the identity.
    pub name: String,
    /// The issuer exactly as in the token, trailing slash included.
    pub issuer: String,
    /// As `system:serviceaccount:argocd:argocd-server`, compared in its case.
    pub subject: String,
    /// The one audience, as `api://AzureADTokenExchange`.
    pub audience: String,
}

impl Arm {
    /// An identity.
    pub async fn identity(&self, id: &ResourceId) -> Result<Identity, ArmError> {
        let wire: Wire = self.get(id.as_str(), &self.url(id.as_str(), API_VERSION, &[])).await?;
        wire.read().map_err(|_| malformed(id))
    }

    /// Makes an identity, or leaves the one that is there.
    pub async fn put_identity(&self, id: &ResourceId, location: &str) -> Result<Identity, ArmError> {
        let body = json!({ "location": location });
        let url = self.url(id.as_str(), API_VERSION, &[]);
        let response = self.write(Method::PUT, id.as_str(), &url, Some(&body)).await?;
        let wire: Wire = read(id.as_str(), &response)?;
        wire.read().map_err(|_| malformed(id))
    }

    /// Deletes an identity with its credentials. One that is gone already is no error.
    pub async fn delete_identity(&self, id: &ResourceId) -> Result<(), ArmError> {
        let url = self.url(id.as_str(), API_VERSION, &[]);
        gone_is_fine(self.write(Method::DELETE, id.as_str(), &url, None).await)
    }

    /// All trusts of an identity.
    pub async fn federated_credentials(
        &self,
        identity: &ResourceId,
    ) -> Result<Vec<FederatedCredential>, ArmError> {
        let path = format!("{identity}/federatedIdentityCredentials");
        let wires: Vec<WireCredential> = self.list(&path, &self.url(&path, API_VERSION, &[])).await?;
        wires.into_iter().map(|wire| wire.read().ok_or_else(|| malformed(identity))).collect()
    }

    /// Writes a trust; one writer an identity at a time, since Azure refuses more. Azure takes about one write every
    /// four seconds an identity and says so with `Retry-After`, which is followed.
    pub async fn put_federated_credential(
        &self,
        identity: &ResourceId,
        credential: &FederatedCredential,
    ) -> Result<(), ArmError> {
        let body = json!({ "properties": {
            "issuer": credential.issuer,
            "subject": credential.subject,
            "audiences": [credential.audience],
        }});
        let path = credential_path(identity, &credential.name);
        let writer = self.writers.of(identity);
        let _turn = writer.lock().await;
        self.write(Method::PUT, &path, &self.url(&path, API_VERSION, &[]), Some(&body)).await.map(|_| ())
    }

    /// Deletes a trust. One that is gone already is no error.
    pub async fn delete_federated_credential(
        &self,
        identity: &ResourceId,
        name: &str,
    ) -> Result<(), ArmError> {
        let path = credential_path(identity, name);
        let writer = self.writers.of(identity);
        let _turn = writer.lock().await;
        gone_is_fine(self.write(Method::DELETE, &path, &self.url(&path, API_VERSION, &[]), None).await)
    }
}

/// A deletion's outcome, where absence is what was wanted.
pub(super) fn gone_is_fine<T>(outcome: Result<T, ArmError>) -> Result<(), ArmError> {
    match outcome {
        Ok(_) | Err(ArmError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn credential_path(identity: &ResourceId, name: &str) -> String {
    format!("{identity}/federatedIdentityCredentials/{}", encode::component(name))
}

fn malformed(id: &ResourceId) -> ArmError {
    ArmError::Malformed { object: id.to_string(), what: "it is no identity or federated credential" }
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    #[serde(default)]
    location: String,
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    tenant_id: String,
    principal_id: String,
    client_id: String,
}

impl Wire {
    fn read(self) -> Result<Identity, NameError> {
        Ok(Identity {
            id: ResourceId::parse(&self.id)?,
            location: self.location,
            tenant: TenantId::parse(&self.properties.tenant_id)?,
            client_id: ClientId::parse(&self.properties.client_id)?,
            principal_id: ObjectId::parse(&self.properties.principal_id)?,
        })
    }
}

#[derive(Deserialize)]
struct WireCredential {
    name: String,
    properties: Trust,
}

#[derive(Deserialize)]
struct Trust {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
}

impl WireCredential {
    fn read(self) -> Option<FederatedCredential> {
        let Trust { issuer, subject, audiences } = self.properties;
        Some(FederatedCredential {
            name: self.name,
            issuer,
            subject,
            audience: audiences.into_iter().next()?,
        })
    }
}
