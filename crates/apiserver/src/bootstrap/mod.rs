//! What is there before anybody has asked for anything: namespaces, roles, bindings, the `kubernetes` Service.
//!
//! Roles and bindings are the same in every server: they are made once for the process and shared. So they have the same
//! uids everywhere, and the time of the process's first server.

use std::sync::{Arc, LazyLock, OnceLock};

use serde_json::{Value, json};

use crate::controllers::built_in;
use crate::object::time;
use crate::registry::order_of;
use crate::server::Server;
use crate::store::{CollectionName, Expect, Key, Object};

const RBAC: &str = "rbac.authorization.k8s.io";
/// Roles by name, each with its rules; bindings by role, with the groups that have it.
const ROLES: &str = include_str!("roles.json");
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

struct Shared {
    objects: Vec<(CollectionName, Arc<Object>)>,
}

static CREATED: OnceLock<String> = OnceLock::new();

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(ROLES).unwrap_or_default();
    let created = CREATED.get().cloned().unwrap_or_default();
    let mut objects = Vec::new();
    let mut revision = 1;
    let mut add = |plural: &str, name: &str, mut value: Value, labels: Value| {
        revision += 1;
        let collection: CollectionName = format!("{RBAC}/{plural}").into();
        let uid =
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("{plural}/{name}").as_bytes()).to_string();
        value["metadata"] = json!({
            "name": name,
            "uid": uid,
            "creationTimestamp": created,
            "labels": labels,
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        });
        let order = built_in(RBAC, plural).and_then(|resource| order_of(resource));
        let object = Object::new(Key::new("", name), revision, &mut value, order);
        objects.push((collection, Arc::new(object)));
    };
    let defaults = || json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    let aggregated = |name: &str| -> Value {
        let to = format!("aggregate-to-{name}");
        let source = format!("rbac.authorization.k8s.io/{to}");
        json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {source: "true"}}]}})
    };
    for (name, rules) in document["roles"].as_object().into_iter().flatten() {
        let mut labels = defaults();
        for target in ["admin", "edit", "view"] {
            if name == &format!("system:aggregate-to-{target}") {
                labels[format!("rbac.authorization.k8s.io/aggregate-to-{target}")] = "true".into();
            }
        }
        add("clusterroles", name, json!({"rules": rules}), labels);
    }
    // The three roles for people hold what the aggregated ones below them hold.
    let of = |name: &str| {
        document["roles"][format!("system:aggregate-to-{name}")].as_array().cloned().unwrap_or_default()
    };
    for (name, parts) in
        [("admin", vec!["admin", "edit", "view"]), ("edit", vec!["edit", "view"]), ("view", vec!["view"])]
    {
        let mut value = aggregated(name);
        value["rules"] = parts.into_iter().flat_map(of).collect();
        let mut labels = defaults();
        match name {
            "edit" => labels["rbac.authorization.k8s.io/aggregate-to-admin"] = "true".into(),
            "view" => labels["rbac.authorization.k8s.io/aggregate-to-edit"] = "true".into(),
            _ => {}
        }
        add("clusterroles", name, value, labels);
    }
    for (role, groups) in document["bindings"].as_object().into_iter().flatten() {
        let groups = groups.as_array().into_iter().flatten();
        let subjects: Vec<Value> =
            groups.map(|group| json!({"kind": "Group", "apiGroup": RBAC, "name": group})).collect();
        let reference = json!({"apiGroup": RBAC, "kind": "ClusterRole", "name": role});
        add("clusterrolebindings", role, json!({"subjects": subjects, "roleRef": reference}), defaults());
    }
    Shared { objects }
});

/// Puts the first objects into a server's store.
pub(crate) fn begin(server: &Arc<Server>) {
    CREATED.get_or_init(|| time::write(server.now()));
    for (collection, object) in &SHARED.objects {
        server.store.seed(collection, object.clone());
    }
    let put = |group: &str, plural: &str, namespace: &str, name: &str, mut value: Value| {
        let Some(resource) = built_in(group, plural) else { return };
        value["metadata"]["name"] = name.into();
        if !namespace.is_empty() {
            value["metadata"]["namespace"] = namespace.into();
        }
        value["metadata"]["uid"] = server.uid().into();
        value["metadata"]["creationTimestamp"] = time::write(server.now()).into();
        // A journal is opened later; nothing can refuse these.
        let _ = server.store.put(
            &resource.collection,
            &Key::new(namespace, name),
            &mut value,
            Expect::Absent,
            order_of(resource),
        );
    };
    for name in NAMESPACES {
        let labels = json!({"kubernetes.io/metadata.name": name});
        let value = json!({
            "metadata": {"labels": labels},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        });
        put("", "namespaces", "", name, value);
    }
    let labels = json!({"component": "apiserver", "provider": "kubernetes"});
    let service = json!({
        "metadata": {"labels": labels},
        "spec": {
            "clusterIP": "10.0.0.1",
            "clusterIPs": ["10.0.0.1"],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    });
    put("", "services", "default", "kubernetes", service);
    for (name, value, description) in [
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
        (
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
    ] {
        let class = json!({
            "metadata": {"generation": 1},
            "value": value,
            "description": description,
            "preemptionPolicy": "PreemptLowerPriority",
        });
        put("scheduling.k8s.io", "priorityclasses", "", name, class);
    }
}
