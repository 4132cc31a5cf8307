//! The Kubernetes versions that clusters can have, and what a cluster can be upgraded to.

use http::Method;
use serde_json::{Value, json};

use super::{Answer, action, existing, not_allowed, ok, profile};
use crate::arm::{path::Kind, request::Request};

/// Minor versions, oldest first, with their newest patch.
const VERSIONS: [(&str, &str); 4] =
    [("1.32", "1.32.5"), ("1.33", profile::DEFAULT_VERSION), ("1.34", "1.34.1"), ("1.35", "1.35.0")];

/// The patch versions newer than `current`, up to the next minor version: none can be skipped.
fn upgrades_of(current: &str) -> Vec<&'static str> {
    let number =
        |version: &str| -> Vec<u32> { version.split('.').filter_map(|it| it.parse().ok()).collect() };
    let current = number(current);
    let minor = |version: &[u32]| version.get(1).copied().unwrap_or_default();
    VERSIONS
        .iter()
        .map(|(_, patch)| *patch)
        .filter(|patch| number(patch) > current && minor(&number(patch)) <= minor(&current) + 1)
        .collect()
}

/// `GET /subscriptions/{id}/providers/Microsoft.ContainerService/locations/{location}/kubernetesVersions`.
pub(in crate::arm) fn list(request: &Request<'_>, subscription: &str) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, "kubernetesVersions");
    }
    let scope = format!("/subscriptions/{subscription}");
    request.authorize("Microsoft.ContainerService/locations/kubernetesVersions/read", &scope)?;
    let values = VERSIONS.iter().map(|(minor, patch)| {
        json!({
            "version": minor,
            "isDefault": *patch == profile::DEFAULT_VERSION,
            "isPreview": null,
            "capabilities": {"supportPlan": ["KubernetesOfficial", "AKSLongTermSupport"]},
            "patchVersions": {*patch: {"upgrades": upgrades_of(patch)}},
        })
    });
    ok(&json!({"values": values.collect::<Vec<_>>()}))
}

/// `GET …/managedClusters/{name}/upgradeProfiles/default`.
pub(super) fn upgrades(request: &Request<'_>, id: &str) -> Answer {
    request.authorize(&action("upgradeProfiles/read"), id)?;
    let store = request.azure.arm.store(request.azure);
    let (resource, cluster) = existing(&store, id)?;
    let current = cluster.text("currentKubernetesVersion").unwrap_or_default();
    let upgrades: Vec<Value> =
        upgrades_of(current).into_iter().map(|version| json!({"kubernetesVersion": version})).collect();
    let profile = |name: Option<&Value>| json!({"name": name, "kubernetesVersion": current, "osType": "Linux", "upgrades": upgrades});
    let pools: Vec<Value> = profile::pools(cluster).map(|pool| profile(pool.get("name"))).collect();
    ok(&json!({
        "id": format!("{}/upgradeProfiles/default", resource.id),
        "name": "default",
        "type": format!("{}/upgradeProfiles", Kind::Cluster.type_name()),
        "properties": {"controlPlaneProfile": profile(None), "agentPoolProfiles": pools},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minor_version_is_skipped() {
        for (current, expect) in [
            ("1.31.4", vec!["1.32.5"]),
            ("1.32.1", vec!["1.32.5", "1.33.1"]),
            ("1.33.1", vec!["1.34.1"]),
            ("1.35.0", vec![]),
        ] {
            assert_eq!(upgrades_of(current), expect, "{current}");
        }
    }
}
