//! What the data plane knows of a vault as a resource, and the checks that need no state: network and access policies.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{error::VaultError, operation::Permission};

/// A vault's settings, as its resource last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) location: String,
    pub(crate) rbac: bool,
    pub(crate) purge_protection: bool,
    pub(crate) retention_days: i64,
    network: Network,
    access_policies: Vec<AccessPolicy>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Network {
    Open,
    /// Only these ranges.
    Selected(Vec<(Ipv4Addr, u8)>),
    /// Only private links, of which there are none here.
    Private,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct AccessPolicy {
    object_id: Uuid,
    /// `secrets/get`, `keys/list`, …, in lower case.
    permissions: Vec<String>,
}

impl Settings {
    /// Reads the properties of the resource, which have been checked before.
    pub(crate) fn read(id: &str, location: &str, properties: &Map<String, Value>) -> Self {
        let flag = |name: &str| properties.get(name).and_then(Value::as_bool).unwrap_or(false);
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_ascii_lowercase();
        let acls = properties.get("networkAcls").cloned().unwrap_or_default();
        let public = properties.get("publicNetworkAccess").and_then(Value::as_str).unwrap_or("Enabled");
        let network = if public.eq_ignore_ascii_case("Disabled") {
            Network::Private
        } else if text(&acls, "defaultAction") == "deny" {
            let rules = acls["ipRules"].as_array().into_iter().flatten();
            Network::Selected(rules.filter_map(|rule| range(rule["value"].as_str()?)).collect())
        } else {
            Network::Open
        };
        let policies = properties.get("accessPolicies").and_then(Value::as_array).into_iter().flatten();
        let access_policies = policies.filter_map(|policy| {
            let object_id = Uuid::try_parse(policy["objectId"].as_str()?).ok()?;
            let permissions = policy["permissions"].as_object()?.iter().flat_map(|(area, verbs)| {
                let verbs = verbs.as_array().into_iter().flatten().filter_map(Value::as_str);
                verbs.map(move |verb| format!("{area}/{verb}").to_ascii_lowercase())
            });
            Some(AccessPolicy { object_id, permissions: permissions.collect() })
        });
        Settings {
            name: id.rsplit('/').next().unwrap_or(id).to_owned(),
            id: id.to_owned(),
            location: location.to_owned(),
            rbac: flag("enableRbacAuthorization"),
            purge_protection: flag("enablePurgeProtection"),
            retention_days: properties.get("softDeleteRetentionInDays").and_then(Value::as_i64).unwrap_or(90),
            network,
            access_policies: access_policies.collect(),
        }
    }

    /// `recoveryLevel` of everything in the vault.
    pub(super) fn recovery_level(&self) -> &'static str {
        match (self.retention_days, self.purge_protection) {
            (90, false) => "Recoverable+Purgeable",
            (90, true) => "Recoverable",
            (_, false) => "CustomizedRecoverable+Purgeable",
            (_, true) => "CustomizedRecoverable",
        }
    }

    /// The vault's firewall.
    pub(super) fn check_network(&self, client: IpAddr) -> Result<(), VaultError> {
        match &self.network {
            Network::Open => Ok(()),
            Network::Private => Err(VaultError::ForbiddenByConnection),
            Network::Selected(ranges) => {
                let allowed = match client.to_canonical() {
                    IpAddr::V4(client) => ranges.iter().any(|(base, bits)| covers(*base, *bits, client)),
                    IpAddr::V6(_) => false,
                };
                allowed.then_some(()).ok_or_else(|| VaultError::ForbiddenByFirewall(client.to_string()))
            }
        }
    }

    /// Whether an access policy of any of `principals` gives the permission.
    pub(super) fn policy_allows(&self, principals: &[Uuid], permission: Permission) -> bool {
        let wanted = format!("{}/{}", permission.area, permission.policy);
        let all = format!("{}/all", permission.area);
        let own = self.access_policies.iter().filter(|policy| principals.contains(&policy.object_id));
        own.flat_map(|policy| &policy.permissions).any(|it| *it == wanted || *it == all)
    }
}

/// `203.0.113.7` or `203.0.113.0/24`.
fn range(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (base, bits) = text.split_once('/').unwrap_or((text, "32"));
    let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
    Some((base.parse().ok()?, bits))
}

fn covers(base: Ipv4Addr, bits: u8, client: Ipv4Addr) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
    base.to_bits() & mask == client.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_their_addresses() {
        for (rule, client, expect) in [
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.8", false),
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("0.0.0.0/0", "8.8.8.8", true),
        ] {
            let (base, bits) = range(rule).expect("a range");
            assert_eq!(covers(base, bits, client.parse().expect("an address")), expect, "{rule} {client}");
        }
        assert_eq!(range("203.0.113.0/33"), None);
        assert_eq!(range("here"), None);
    }
}
