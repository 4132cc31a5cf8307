//! Resource ids: how they are written, compared and taken apart.

use super::ArmError;

/// The types of resources served, beside resource groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Cluster,
    Identity,
    Vault,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Cluster, Kind::Identity, Kind::Vault];

    /// `Namespace/type`, as ids and `type` members write it.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Kind::Cluster => "Microsoft.ContainerService/managedClusters",
            Kind::Identity => "Microsoft.ManagedIdentity/userAssignedIdentities",
            Kind::Vault => "Microsoft.KeyVault/vaults",
        }
    }

    /// The type of two path segments in any letter case.
    pub(super) fn parse(namespace: &str, kind: &str) -> Result<Self, ArmError> {
        let wanted = format!("{namespace}/{kind}");
        let found = Kind::ALL.into_iter().find(|kind| kind.type_name().eq_ignore_ascii_case(&wanted));
        found.ok_or(ArmError::NoRegisteredProviderFound(wanted))
    }
}

/// The id of a resource group.
pub(crate) fn group_id(subscription: &str, group: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/{group}")
}

/// The id of a resource.
pub(super) fn resource_id(subscription: &str, group: &str, kind: Kind, name: &str) -> String {
    format!("{}/providers/{}/{name}", group_id(subscription, group), kind.type_name())
}

/// The last segment of an id.
pub(super) fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The subscription of an id, if it is in one.
pub(super) fn subscription_of(id: &str) -> Option<&str> {
    let mut segments = id.split('/').skip(1);
    segments.next().filter(|segment| segment.eq_ignore_ascii_case("subscriptions"))?;
    segments.next().filter(|segment| !segment.is_empty())
}

/// The group's name in an id of a resource.
pub(super) fn group_of(id: &str) -> Option<&str> {
    let mut segments = id.split('/').skip(3);
    segments.next().filter(|segment| segment.eq_ignore_ascii_case("resourceGroups"))?;
    segments.next().filter(|segment| !segment.is_empty())
}

/// Whether `name` has between `least` and `most` characters, all letters, digits or of `others`, and starts with a
/// letter or digit.
pub(super) fn is_name(name: &str, least: usize, most: usize, others: &str) -> bool {
    (least..=most).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_apart() {
        let id = resource_id("s", "g", Kind::Vault, "v");
        assert_eq!(id, "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v");
        assert_eq!((subscription_of(&id), group_of(&id), name_of(&id)), (Some("s"), Some("g"), "v"));
        assert_eq!((subscription_of("/"), group_of("/subscriptions/s")), (None, None));
        assert_eq!(Kind::parse("MICROSOFT.keyvault", "Vaults"), Ok(Kind::Vault));
        assert!(Kind::parse("microsoft.keyvault", "secrets").is_err());
    }
}
