//! Names of Azure's things, as types: a client id can't be passed where an object id belongs.
//!
//! Confusing the two is the commonest mistake of the field: a role assignment takes the *object* id (`principalId`),
//! an annotation of a ServiceAccount the *client* id.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A name that has not the form Azure asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not 32 hexadecimal digits in groups of 8-4-4-4-12.
    #[error("{what} {value:?} is no GUID: write it as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
    NotGuid {
        /// Which name.
        what: &'static str,
        /// The text given.
        value: String,
    },
    /// A tenant that is neither a GUID nor a domain.
    #[error("tenant {value:?} is neither a GUID nor a domain name")]
    NotTenant {
        /// The text given.
        value: String,
    },
    /// Not an id of the form `/subscriptions/…/resourceGroups/…/providers/…`.
    #[error("resource id {value:?} does not have the form /subscriptions/<id>/resourceGroups/<group>/…")]
    NotResourceId {
        /// The text given.
        value: String,
    },
}

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes a GUID in its usual form, in any case; kept in lower case.
            pub fn parse(value: &str) -> Result<Self, NameError> {
                match uuid::Uuid::try_parse(value) {
                    Ok(id) if value.len() == 36 => Ok(Self(id.hyphenated().to_string())),
                    _ => Err(NameError::NotGuid { what: $what, value: value.to_owned() }),
                }
            }

            /// The GUID in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

guid!(
    /// An application (client) id: who logs in.
    ClientId,
    "client id"
);
guid!(
    /// An object id (`principalId`): who a role is assigned to, and whom an access check names.
    ObjectId,
    "object id"
);
guid!(
    /// A subscription's id.
    SubscriptionId,
    "subscription id"
);

/// An Entra tenant: a GUID or one of its verified domains.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

impl TenantId {
    /// Takes a GUID or a domain name; refuses what could change the path of a login URL.
    pub fn parse(value: &str) -> Result<Self, NameError> {
        let fits = !value.is_empty()
            && value.len() <= 253
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            && value.bytes().any(|b| b.is_ascii_alphanumeric());
        if fits {
            Ok(Self(value.to_ascii_lowercase()))
        } else {
            Err(NameError::NotTenant { value: value.to_owned() })
        }
    }

    /// The tenant in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An ARM resource id. Azure returns the same id in varying case, so comparison ignores ASCII case.
#[derive(Debug, Clone)]
pub struct ResourceId(String);

impl ResourceId {
    /// Takes an id that lies in a subscription; a trailing slash is dropped.
    pub fn parse(value: &str) -> Result<Self, NameError> {
        let error = || NameError::NotResourceId { value: value.to_owned() };
        let trimmed = value.strip_suffix('/').unwrap_or(value);
        let mut segments = trimmed.strip_prefix('/').ok_or_else(error)?.split('/');
        let head = segments.next().unwrap_or_default();
        let subscription = segments.next().unwrap_or_default();
        let clean = |s: &str| {
            !s.is_empty()
                && s != "."
                && s != ".."
                && !s.bytes().any(|b| b.is_ascii_control() || b"?#% \\".contains(&b))
        };
        let fits = head.eq_ignore_ascii_case("subscriptions") && clean(subscription) && segments.all(clean);
        if fits { Ok(Self(trimmed.to_owned())) } else { Err(error()) }
    }

    /// A subscription as a scope.
    pub fn subscription_scope(subscription: &SubscriptionId) -> Self {
        Self(format!("/subscriptions/{subscription}"))
    }

    /// A resource group as a scope.
    pub fn group(subscription: &SubscriptionId, group: &str) -> Self {
        Self(format!("/subscriptions/{subscription}/resourceGroups/{group}"))
    }

    /// A managed cluster (AKS).
    pub fn managed_cluster(subscription: &SubscriptionId, group: &str, name: &str) -> Self {
        Self(format!(
            "{}/providers/Microsoft.ContainerService/managedClusters/{name}",
            Self::group(subscription, group)
        ))
    }

    /// A user-assigned identity.
    pub fn identity(subscription: &SubscriptionId, group: &str, name: &str) -> Self {
        Self(format!(
            "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
            Self::group(subscription, group)
        ))
    }

    /// A Key Vault.
    pub fn vault(subscription: &SubscriptionId, group: &str, name: &str) -> Self {
        Self(format!("{}/providers/Microsoft.KeyVault/vaults/{name}", Self::group(subscription, group)))
    }

    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The subscription's id.
    pub fn subscription(&self) -> &str {
        self.after("subscriptions").unwrap_or_default()
    }

    /// The resource group, where the id lies in one.
    pub fn resource_group(&self) -> Option<&str> {
        self.after("resourceGroups")
    }

    /// The last segment: the resource's own name.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    fn after(&self, key: &str) -> Option<&str> {
        let mut segments = self.0.split('/');
        segments.find(|segment| segment.eq_ignore_ascii_case(key))?;
        segments.next()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            byte.to_ascii_lowercase().hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_taken_in_any_case_and_only_in_their_usual_form() {
        let id = "A98FA280-e03f-5afa-8d8e-92d0a9c201e8";
        assert_eq!(ClientId::parse(id).unwrap().as_str(), "a98fa280-e03f-5afa-8d8e-92d0a9c201e8");
        for bad in
            ["", "a98fa280e03f5afa8d8e92d0a9c201e8", "{a98fa280-e03f-5afa-8d8e-92d0a9c201e8}", "argocd"]
        {
            assert!(
                matches!(ObjectId::parse(bad), Err(NameError::NotGuid { what: "object id", .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_tenant_is_a_guid_or_a_domain_and_never_a_path() {
        assert_eq!(TenantId::parse("Contoso.onmicrosoft.com").unwrap().as_str(), "contoso.onmicrosoft.com");
        for bad in ["", "..", "a/b", "a?b", "a b"] {
            assert!(TenantId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn resource_ids_compare_without_case() {
        let one =
            ResourceId::parse("/subscriptions/s/resourcegroups/G/providers/Microsoft.KeyVault/vaults/v/")
                .unwrap();
        let two =
            ResourceId::parse("/subscriptions/S/resourceGroups/g/providers/microsoft.keyvault/Vaults/V")
                .unwrap();
        assert_eq!(one, two);
        assert_eq!((one.subscription(), one.resource_group(), one.name()), ("s", Some("G"), "v"));
        for bad in [
            "",
            "subscriptions/s",
            "/subscriptions//x",
            "/tenants/x",
            "/subscriptions/s/../x",
            "/subscriptions/s?x",
        ] {
            assert!(ResourceId::parse(bad).is_err(), "{bad}");
        }
    }
}
