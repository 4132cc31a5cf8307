//! What Azure makes of a cluster's properties: what it refuses, what it adds, what the backend is told.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{ArmError, Cluster};
use crate::{
    arm::{
        path::{Kind, group_of, name_of, subscription_of},
        store::Store,
    },
    cloud::Azure,
    ports::{AadProfile, ClusterSpec},
};

/// The version of a cluster that asks for none.
pub(super) const DEFAULT_VERSION: &str = "1.33.1";

/// A value among properties, by its path.
pub(super) fn at<'a>(properties: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut keys = path.split('/');
    let first = properties.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

/// A truth value among properties; a missing one is false.
pub(super) fn flag(properties: &Map<String, Value>, path: &str) -> bool {
    at(properties, path).and_then(Value::as_bool).unwrap_or(false)
}

/// Refuses what AKS refuses before it starts to work.
pub(super) fn check(properties: &Map<String, Value>, old: Option<&Cluster>) -> Result<(), ArmError> {
    let at = |path| at(properties, path);
    let flag = |path| flag(properties, path);
    let bad = |message: &str| Err(ArmError::BadRequest(message.to_owned()));
    let pools = at("agentPoolProfiles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if pools.is_empty() || pools.iter().any(|pool| pool.get("name").and_then(Value::as_str).is_none()) {
        return bad("agentPoolProfiles must have at least one element, and each a name");
    }
    let version = at("kubernetesVersion").and_then(Value::as_str).unwrap_or_default();
    if !version.chars().all(|letter| letter.is_ascii_digit() || letter == '.') {
        return bad("kubernetesVersion must be numbers, as 1.33 or 1.33.1");
    }
    let tenant = at("aadProfile/tenantID").and_then(Value::as_str).unwrap_or_default();
    if !tenant.is_empty() && Uuid::try_parse(tenant).is_err() {
        return bad("aadProfile.tenantID must be a GUID");
    }
    let prefix = at("dnsPrefix").or(at("fqdnSubdomain")).and_then(Value::as_str).unwrap_or_default();
    let legal = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if prefix.is_empty()
        || prefix.len() > 54
        || !legal(prefix)
        || prefix.starts_with('-')
        || prefix.ends_with('-')
    {
        return bad("dnsPrefix must be 1 to 54 letters, digits or hyphens, no hyphen at either end");
    }
    let aad = at("aadProfile").is_some_and(|profile| !profile.is_null());
    if flag("disableLocalAccounts") && !aad {
        return bad("disableLocalAccounts needs Entra integration (aadProfile)");
    }
    if flag("securityProfile/workloadIdentity/enabled") && !flag("oidcIssuerProfile/enabled") {
        return bad("securityProfile.workloadIdentity needs the OIDC issuer (oidcIssuerProfile.enabled)");
    }
    if at("enableRBAC") == Some(&json!(false)) && aad {
        return bad("Entra integration needs Kubernetes RBAC (enableRBAC)");
    }
    let Some(old) = old else { return Ok(()) };
    if at("dnsPrefix")
        .and_then(Value::as_str)
        .is_some_and(|it| old.text("dnsPrefix").is_some_and(|was| was != it))
    {
        return Err(ArmError::PropertyChangeNotAllowed("properties.dnsPrefix"));
    }
    if old.flag("oidcIssuerProfile/enabled") && !flag("oidcIssuerProfile/enabled") {
        return bad("the OIDC issuer can't be disabled once it is enabled");
    }
    let private = "apiServerAccessProfile/enablePrivateCluster";
    if old.flag(private) != flag(private) {
        return Err(ArmError::PropertyChangeNotAllowed(
            "properties.apiServerAccessProfile.enablePrivateCluster",
        ));
    }
    Ok(())
}

/// The tier of a cluster that asks for none.
pub(super) fn default_sku() -> Map<String, Value> {
    [("name".to_owned(), json!("Base")), ("tier".to_owned(), json!("Free"))].into_iter().collect()
}

/// The cluster with everything that Azure adds. What was added before stays.
pub(super) fn complete(
    azure: &Azure,
    id: &str,
    location: &str,
    mut properties: Map<String, Value>,
    old: Option<&Cluster>,
) -> Cluster {
    let key = id.to_ascii_lowercase();
    let keep = |name: &str| old.and_then(|old| old.text(name)).map(str::to_owned);
    let set = |properties: &mut Map<String, Value>, name: &str, default: &dyn Fn() -> String| {
        let written = properties.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if !written {
            properties.insert(name.to_owned(), json!(keep(name).unwrap_or_else(default)));
        }
    };
    set(&mut properties, "kubernetesVersion", &|| DEFAULT_VERSION.to_owned());
    let version = properties.get("kubernetesVersion").and_then(Value::as_str).unwrap_or(DEFAULT_VERSION);
    // `1.33` is an alias of its newest patch.
    let current = if version.matches('.').count() < 2 { format!("{version}.1") } else { version.to_owned() };
    properties.insert("currentKubernetesVersion".into(), json!(current));
    set(&mut properties, "nodeResourceGroup", &|| {
        let whole = format!("MC_{}_{}_{location}", group_of(id).unwrap_or_default(), name_of(id));
        whole.chars().take(80).collect()
    });
    set(&mut properties, "resourceUID", &|| azure.ids.next("cluster", &key).simple().to_string());
    properties.entry("enableRBAC").or_insert(json!(true));
    properties.entry("disableLocalAccounts").or_insert(json!(false));
    complete_names(azure, &key, location, &mut properties, old);
    if let Some(aad) = properties.get_mut("aadProfile").and_then(Value::as_object_mut) {
        let written = aad.get("tenantID").and_then(Value::as_str).is_some_and(|tenant| !tenant.is_empty());
        if !written {
            aad.insert("tenantID".into(), json!(azure.tenant_id.to_string()));
        }
    } else {
        properties.remove("aadProfile");
    }
    if let Some(profile) = properties.get_mut("oidcIssuerProfile").and_then(Value::as_object_mut)
        && profile.get("enabled") == Some(&json!(true))
    {
        let issuer = old.and_then(|old| old.text("oidcIssuerProfile/issuerURL")).map(str::to_owned);
        let issuer = issuer.unwrap_or_else(|| {
            let unique = azure.ids.next("issuer", &key);
            format!("https://{location}.{}/{}/{unique}/", azure.environment.issuer_suffix, azure.tenant_id)
        });
        profile.insert("issuerURL".into(), json!(issuer));
    }
    let kubelet_identity = old.map_or_else(|| azure.ids.next("kubelet", &key), |old| old.kubelet_identity);
    Cluster {
        properties,
        identity: None,
        sku: Map::new(),
        facts: old.and_then(|old| old.facts.clone()),
        running: old.is_none_or(|old| old.running),
        busy: None,
        failure: None,
        system_identity: None,
        kubelet_identity,
    }
}

/// The API server's names: a public one, for private clusters a private one and the public one only if asked for.
fn complete_names(
    azure: &Azure,
    key: &str,
    location: &str,
    properties: &mut Map<String, Value>,
    old: Option<&Cluster>,
) {
    let access = properties.get("apiServerAccessProfile");
    let asked =
        |name: &str| access.and_then(|access| access.get(name)).and_then(Value::as_bool).unwrap_or(false);
    let (private, also_public) = (asked("enablePrivateCluster"), asked("enablePrivateClusterPublicFQDN"));
    let prefix = properties.get("dnsPrefix").or(properties.get("fqdnSubdomain")).and_then(Value::as_str);
    let prefix = prefix.unwrap_or_default().to_ascii_lowercase();
    let suffix = &azure.environment.cluster_suffix;
    let unique = old.map_or_else(
        || azure.ids.next("fqdn", key),
        |old| old.text("resourceUID").and_then(|uid| Uuid::try_parse(uid).ok()).unwrap_or_default(),
    );
    let hash: String = unique.simple().to_string().chars().take(8).collect();
    let mut set = |name: &str, wanted: bool, value: String| {
        let kept = old.and_then(|old| old.text(name)).map(str::to_owned);
        if wanted {
            properties.insert(name.to_owned(), json!(kept.unwrap_or(value)));
        } else {
            properties.remove(name);
        }
    };
    set("fqdn", !private || also_public, format!("{prefix}-{hash}.hcp.{location}.{suffix}"));
    set(
        "azurePortalFQDN",
        !private || also_public,
        format!("{prefix}-{hash}.portal.hcp.{location}.{suffix}"),
    );
    let zone = Uuid::new_v5(&unique, b"private dns zone");
    set("privateFQDN", private, format!("{prefix}-{hash}.{zone}.privatelink.{location}.{suffix}"));
}

/// The object ids of the cluster's identities, and the profile that shows the kubelet's.
pub(super) fn complete_identity(
    azure: &Azure,
    store: &Store,
    id: &str,
    cluster: &mut Cluster,
    old: Option<&Cluster>,
) {
    let assigned =
        cluster.identity.as_mut().and_then(|it| it.get_mut("userAssignedIdentities")?.as_object_mut());
    for (assigned, ids) in assigned.into_iter().flatten() {
        if let Some(identity) = store.get(assigned).and_then(|resource| resource.identity()) {
            let (client, principal) = (identity.client_id.to_string(), identity.principal_id.to_string());
            *ids = json!({"clientId": client, "principalId": principal});
        }
    }
    let kind = cluster.identity.as_ref().and_then(|it| it.get("type")?.as_str()).unwrap_or_default();
    if kind.to_ascii_lowercase().contains("systemassigned") {
        let known = old.and_then(|old| old.system_identity);
        let key = id.to_ascii_lowercase();
        cluster.system_identity = Some(known.unwrap_or_else(|| azure.ids.next("system", &key)));
    }
    let resource = format!(
        "/subscriptions/{}/resourceGroups/{}/providers/{}/{}-agentpool",
        subscription_of(id).unwrap_or_default(),
        cluster.text("nodeResourceGroup").unwrap_or_default(),
        Kind::Identity.type_name(),
        name_of(id),
    );
    let kubelet = json!({"kubeletidentity": {
        "resourceId": resource,
        "clientId": Uuid::new_v5(&cluster.kubelet_identity, b"client").to_string(),
        "objectId": cluster.kubelet_identity.to_string(),
    }});
    cluster.properties.entry("identityProfile").or_insert(kubelet);
}

/// What the backend must run.
pub(super) fn spec(id: &str, location: &str, cluster: &Cluster) -> ClusterSpec {
    let own = |name: &str| cluster.text(name).unwrap_or_default().to_owned();
    let aad = cluster.properties.get("aadProfile").map(|aad| AadProfile {
        azure_rbac: cluster.flag("aadProfile/enableAzureRBAC"),
        admin_group_object_ids: aad["adminGroupObjectIDs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        tenant_id: own("aadProfile/tenantID"),
    });
    let private_fqdn = cluster.text("privateFQDN").map(str::to_owned);
    ClusterSpec {
        id: id.to_owned(),
        name: name_of(id).to_owned(),
        location: location.to_owned(),
        kubernetes_version: own("currentKubernetesVersion"),
        fqdn: cluster.text("fqdn").or(private_fqdn.as_deref()).unwrap_or_default().to_owned(),
        private_fqdn,
        issuer_url: cluster.text("oidcIssuerProfile/issuerURL").map(str::to_owned),
        aad,
        disable_local_accounts: cluster.flag("disableLocalAccounts"),
    }
}

pub(super) fn pools(cluster: &Cluster) -> impl Iterator<Item = &Value> {
    cluster.properties.get("agentPoolProfiles").and_then(Value::as_array).into_iter().flatten()
}

/// A node pool with what Azure adds.
pub(super) fn pool_document(cluster: &Cluster, pool: &Value) -> Value {
    let mut pool = pool.clone();
    let version = cluster.text("currentKubernetesVersion").unwrap_or_default();
    if pool["orchestratorVersion"].as_str().is_none_or(str::is_empty) {
        pool["orchestratorVersion"] = json!(version);
    }
    pool["currentOrchestratorVersion"] = json!(version);
    pool["provisioningState"] = json!("Succeeded");
    pool["powerState"] = json!({"code": if cluster.running { "Running" } else { "Stopped" }});
    pool
}

/// The node pools as resources of their own.
pub(super) fn agent_pools(id: &str, cluster: &Cluster) -> Vec<Value> {
    pools(cluster).map(|pool| agent_pool(id, cluster, pool)).collect()
}

/// One node pool as a resource of its own.
pub(super) fn agent_pool(id: &str, cluster: &Cluster, pool: &Value) -> Value {
    let mut properties = pool_document(cluster, pool);
    let name = properties.as_object_mut().and_then(|it| it.remove("name")).unwrap_or_default();
    json!({
        "id": format!("{id}/agentPools/{}", name.as_str().unwrap_or_default()),
        "name": name,
        "type": format!("{}/agentPools", Kind::Cluster.type_name()),
        "properties": properties,
    })
}
