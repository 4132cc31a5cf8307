//! Subscriptions and resource groups.

use super::client::{Method, read};
use super::identities::gone_is_fine;
use super::{Arm, ArmError};
use crate::name::{ResourceId, SubscriptionId};
use serde::Deserialize;
use serde_json::json;

const API_VERSION: &str = "2022-09-01";
const SUBSCRIPTIONS_API_VERSION: &str = "2022-12-01";

/// A resource group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceGroup {
    /// Its id.
    pub id: ResourceId,
    /// Its region.
    pub location: String,
}

/// A subscription that the caller sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Its display name.
    pub name: String,
}

impl Arm {
    /// All subscriptions that the caller sees.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, ArmError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            subscription_id: String,
            #[serde(default)]
            display_name: String,
        }
        let wires: Vec<Wire> = self
            .list("the subscriptions", &self.url("/subscriptions", SUBSCRIPTIONS_API_VERSION, &[]))
            .await?;
        let read = |wire: Wire| {
            Some(Subscription {
                id: SubscriptionId::parse(&wire.subscription_id).ok()?,
                name: wire.display_name,
            })
        };
        Ok(wires.into_iter().filter_map(read).collect())
    }

    /// A resource group.
    pub async fn resource_group(&self, id: &ResourceId) -> Result<ResourceGroup, ArmError> {
        self.get::<Wire>(id.as_str(), &self.url(id.as_str(), API_VERSION, &[])).await?.read(id)
    }

    /// Makes a resource group, or leaves the one that is there.
    pub async fn put_resource_group(
        &self,
        id: &ResourceId,
        location: &str,
    ) -> Result<ResourceGroup, ArmError> {
        let url = self.url(id.as_str(), API_VERSION, &[]);
        let response =
            self.write(Method::PUT, id.as_str(), &url, Some(&json!({ "location": location }))).await?;
        read::<Wire>(id.as_str(), &response)?.read(id)
    }

    /// Deletes a resource group with all that is in it, and waits for the end.
    pub async fn delete_resource_group(&self, id: &ResourceId) -> Result<(), ArmError> {
        let url = self.url(id.as_str(), API_VERSION, &[]);
        gone_is_fine(self.write(Method::DELETE, id.as_str(), &url, None).await)
    }
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    location: String,
}

impl Wire {
    fn read(self, id: &ResourceId) -> Result<ResourceGroup, ArmError> {
        let parsed = ResourceId::parse(&self.id)
            .map_err(|_| ArmError::Malformed { object: id.to_string(), what: "it is no resource group" })?;
        Ok(ResourceGroup { id: parsed, location: self.location })
    }
}
