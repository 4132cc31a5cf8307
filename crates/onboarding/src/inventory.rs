//! Which AKS cluster each member of the fleet is.
//!
//! A member whose overlay names a resource is that resource, wherever it stands. Any other is the one cluster of its name in the hub's
//! subscription; where there are several of that name, none is guessed.

use std::collections::HashMap;

use crate::chain::facts::ManagedCluster;
use crate::fleet::Fleet;
use crate::names::{ClusterName, ResourceId, ResourceIdError};
use crate::tree::members::Member;

/// The clusters that Azure lists.
#[derive(Debug, Default)]
pub struct Inventory {
    hub_subscription: String,
    by_name: HashMap<String, Vec<ManagedCluster>>,
}

/// Why a member's cluster is not among them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfound {
    /// There is none of the name.
    #[error("Azure has no managed cluster `{0}` in the hub's subscription")]
    Name(ClusterName),
    /// The resource that the overlay names is not there.
    #[error("Azure has no managed cluster `{id}`, which the overlay of `{name}` names")]
    Resource {
        /// The member.
        name: ClusterName,
        /// The id of its overlay.
        id: ResourceId,
    },
    /// There are several of the name.
    #[error(
        "Azure has {} managed clusters `{name}` in the hub's subscription: {}",
        ids.len(),
        ids.iter().map(ResourceId::as_str).collect::<Vec<_>>().join(", ")
    )]
    Several {
        /// The member.
        name: ClusterName,
        /// The ids of those.
        ids: Vec<ResourceId>,
    },
    /// What the overlay names is no id.
    #[error("the annotation gangplank.dev/resource-id in the overlay of `{name}` is of no use: {source}")]
    Malformed {
        /// The member.
        name: ClusterName,
        /// Why. Said in the text, since it is judged as a fact, too.
        source: ResourceIdError,
    },
}

impl Unfound {
    /// What to do about it.
    pub fn mend(&self) -> String {
        match self {
            Unfound::Name(_) => "create it, or name its resource where it is of another name or subscription: the annotation \
                 gangplank.dev/resource-id in its overlay; `az aks list -o table` shows which clusters there are"
                .to_owned(),
            Unfound::Resource { .. } | Unfound::Malformed { .. } => {
                "correct the annotation in the overlay: `az aks show --query id` prints a cluster's id".to_owned()
            }
            Unfound::Several { name, .. } => format!(
                "say which: `gangplank cluster remove {name}`, then `gangplank cluster add {name} --resource-id ID`"
            ),
        }
    }
}

impl Inventory {
    /// From what the subscriptions of the fleet's members list.
    pub fn new(fleet: &Fleet, clusters: impl IntoIterator<Item = ManagedCluster>) -> Self {
        let mut by_name: HashMap<String, Vec<ManagedCluster>> = HashMap::new();
        for cluster in clusters {
            by_name.entry(cluster.resource_id.name().to_ascii_lowercase()).or_default().push(cluster);
        }
        Inventory { hub_subscription: fleet.hub.resource_id.subscription().to_owned(), by_name }
    }

    /// The cluster of a member.
    ///
    /// # Errors
    /// There is none, or it can't be told which.
    pub fn find(&self, member: &Member) -> Result<&ManagedCluster, Unfound> {
        let name = || member.name.clone();
        let all = |name: &str| self.by_name.get(&name.to_ascii_lowercase()).map_or(&[][..], Vec::as_slice);
        match member.named_resource() {
            Err(source) => Err(Unfound::Malformed { name: name(), source }),
            Ok(Some(id)) => all(id.name())
                .iter()
                .find(|cluster| cluster.resource_id == id)
                .ok_or_else(|| Unfound::Resource { name: name(), id }),
            Ok(None) => {
                let own = |cluster: &&ManagedCluster| {
                    cluster.resource_id.subscription().eq_ignore_ascii_case(&self.hub_subscription)
                };
                let found: Vec<_> = all(member.name.as_str()).iter().filter(own).collect();
                match found.as_slice() {
                    [] => Err(Unfound::Name(name())),
                    [one] => Ok(one),
                    several => Err(Unfound::Several {
                        name: name(),
                        ids: several.iter().map(|cluster| cluster.resource_id.clone()).collect(),
                    }),
                }
            }
        }
    }
}
