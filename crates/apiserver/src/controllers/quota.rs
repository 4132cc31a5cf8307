//! ResourceQuotas: what would be too much for a namespace is refused.
//!
//! What counts is the `status` of a quota, as in the real server: `status.hard` limits, `status.used` has been used.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pods::containers;
use crate::object::quantity;
use crate::registry::Resource;
use crate::server::Server;
use crate::status::{Answer, Status, qualified};

/// How much of a resource an object takes; `None` where the resource is none of its.
fn takes(resource: &Resource, value: &Value, name: &str) -> Option<String> {
    if let Some(counted) = name.strip_prefix("count/") {
        return (counted == qualified(&resource.group, &resource.plural)).then(|| "1".to_owned());
    }
    if !resource.group.is_empty() {
        return None;
    }
    if name == &*resource.plural {
        return Some("1".to_owned());
    }
    match &*resource.plural {
        "services" => match (name, value["spec"]["type"].as_str()) {
            ("services.nodeports", Some("NodePort" | "LoadBalancer")) => {
                Some(value["spec"]["ports"].as_array().map_or(0, Vec::len).to_string())
            }
            ("services.loadbalancers", Some("LoadBalancer")) => Some("1".to_owned()),
            _ => None,
        },
        "persistentvolumeclaims" if name == "requests.storage" => {
            value["spec"]["resources"]["requests"]["storage"].as_str().map(str::to_owned)
        }
        "pods" => {
            let (kind, amount) = computed(name)?;
            let given = containers(value).filter_map(|c| c["resources"][kind][amount].as_str());
            Some(quantity::sum(given))
        }
        _ => None,
    }
}

/// Which amounts of containers a resource of a quota adds up.
fn computed(name: &str) -> Option<(&'static str, &str)> {
    match name {
        "cpu" | "memory" | "ephemeral-storage" => Some(("requests", name)),
        _ => {
            let (kind, amount) = name.split_once('.')?;
            let kind = match kind {
                "requests" => "requests",
                "limits" => "limits",
                _ => return None,
            };
            (amount != "storage").then_some((kind, amount))
        }
    }
}

fn text(map: &BTreeMap<&str, String>) -> String {
    map.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
}

/// Refuses a new object that does not fit into what the quotas of its namespace leave.
pub(super) fn check(server: &Server, resource: &Resource, namespace: &str, value: &Value) -> Answer<()> {
    let object = value["metadata"]["name"].as_str().unwrap_or_default();
    let refuse = |why: &str| Err(Status::forbidden(&resource.group, &resource.plural, object, why));
    for quota in server.store.list("/resourcequotas", &format!("{namespace}/")) {
        let quota = quota.value();
        let name = quota["metadata"]["name"].as_str().unwrap_or_default();
        // Scopes choose among Pods by what only a running one shows; such a quota counts none here.
        let scoped = ["scopes", "scopeSelector"].iter().any(|scope| !quota["spec"][scope].is_null());
        let hard = quota["status"]["hard"].as_object();
        let wanted: Vec<(&str, &str, String)> = hard
            .into_iter()
            .flatten()
            .filter(|_| !scoped)
            .filter_map(|(name, most)| Some((name.as_str(), most.as_str()?, takes(resource, value, name)?)))
            .collect();
        if resource.is("", "pods") {
            let missing: Vec<String> = wanted
                .iter()
                .filter_map(|(name, ..)| {
                    let (kind, amount) = computed(name)?;
                    let lacking: Vec<&str> = containers(value)
                        .filter(|c| c["resources"][kind].get(amount).is_none())
                        .filter_map(|c| c["name"].as_str())
                        .collect();
                    (!lacking.is_empty()).then(|| format!("{name} for: {}", lacking.join(",")))
                })
                .collect();
            if !missing.is_empty() {
                return refuse(&format!("failed quota: {name}: must specify {}", missing.join("; ")));
            }
        }
        let (mut requested, mut used, mut limited) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (name, most, amount) in wanted {
            let before = quota["status"]["used"][name].as_str().unwrap_or("0");
            let of = |text: &str| quantity::parse(text).unwrap_or_default();
            if of(&amount) > 0 && of(before) + of(&amount) > of(most) {
                requested.insert(name, amount);
                used.insert(name, before.to_owned());
                limited.insert(name, most.to_owned());
            }
        }
        if !requested.is_empty() {
            return refuse(&format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                text(&requested),
                text(&used),
                text(&limited)
            ));
        }
    }
    Ok(())
}
