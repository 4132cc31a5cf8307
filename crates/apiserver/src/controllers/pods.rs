//! Pods without nodes: what admission adds to them, and the mode in which they pretend to run.

use std::sync::Arc;

use serde_json::{Value, json};

use super::limits;
use crate::object::time;
use crate::server::Server;
use crate::status::{Answer, Status};
use crate::store::{Change, Event};
use crate::verbs::system_write;

/// The containers of a Pod, first those that prepare it.
pub(super) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"].into_iter().flat_map(|member| pod["spec"][member].as_array()).flatten()
}

/// Gives a new Pod what it has everywhere: a ServiceAccount, a priority, tolerations, the namespace's default limits; and
/// lets the webhooks change it.
pub(super) fn admit(server: &Server, namespace: &str, pod: &mut Value) -> Answer<()> {
    let named = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default().to_owned();
    let name = if named.is_empty() { "default".to_owned() } else { named };
    if server.controllers.runs {
        run_as(server, namespace, pod, &name);
    }
    limits::default(server, namespace, pod);
    prioritize(server, pod)?;
    tolerate(pod);
    let account =
        server.store.get("/serviceaccounts", &format!("{namespace}/{name}")).map(|object| object.value());
    for mutator in &server.controllers.mutators {
        mutator.mutate(pod, account.as_ref(), namespace).map_err(|why| refused(pod, &why))?;
    }
    Ok(())
}

/// Where a Pod's containers find the token of their ServiceAccount.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Gives a Pod its ServiceAccount, with a token where neither of the two says that there is to be none. Where Pods only
/// wait, nobody runs as anything: admission of ServiceAccounts is off there.
fn run_as(server: &Server, namespace: &str, pod: &mut Value, name: &str) {
    let spec = &mut pod["spec"];
    spec["serviceAccountName"] = name.into();
    spec["serviceAccount"] = name.into();
    let account = server.store.get("/serviceaccounts", &format!("{namespace}/{name}"));
    let account = account.map_or(Value::Null, |object| object.value());
    let wanted = [&spec["automountServiceAccountToken"], &account["automountServiceAccountToken"]];
    if wanted.iter().find_map(|wanted| wanted.as_bool()) == Some(false) {
        return;
    }
    let volume = format!("kube-api-access-{}", server.suffix(5));
    let mount = json!({"name": volume, "readOnly": true, "mountPath": TOKEN_PATH});
    let mut mounted = false;
    for member in ["initContainers", "containers"] {
        for container in spec[member].as_array_mut().into_iter().flatten() {
            let mut mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
            if mounts.iter().all(|mount| mount["mountPath"] != TOKEN_PATH) {
                mounts.push(mount.clone());
                container["volumeMounts"] = mounts.into();
                mounted = true;
            }
        }
    }
    if mounted {
        let sources = json!([
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [
                {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
            ]}},
        ]);
        let mut volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
        volumes.push(json!({"name": volume, "projected": {"sources": sources, "defaultMode": 420}}));
        spec["volumes"] = volumes.into();
    }
}

fn refused(pod: &Value, why: &str) -> Box<Status> {
    Status::forbidden("", "pods", pod["metadata"]["name"].as_str().unwrap_or_default(), why)
}

/// Resolves the name of a priority class, or takes the one that is everybody's.
fn prioritize(server: &Server, pod: &mut Value) -> Answer<()> {
    let name = pod["spec"]["priorityClassName"].as_str().unwrap_or_default().to_owned();
    let classes = "scheduling.k8s.io/priorityclasses";
    let class = if name.is_empty() {
        let all = server.store.list(classes, "");
        let all = all.iter().map(|object| object.value()).filter(|class| class["globalDefault"] == true);
        all.min_by_key(|class| class["value"].as_i64().unwrap_or_default())
    } else {
        Some(match (name.as_str(), server.store.get(classes, &name)) {
            (_, Some(class)) => class.value(),
            ("system-cluster-critical", None) => json!({"value": 2_000_000_000}),
            ("system-node-critical", None) => json!({"value": 2_000_001_000}),
            _ => return Err(refused(pod, &format!("no PriorityClass with name {name} was found"))),
        })
    };
    let class = class.unwrap_or(Value::Null);
    if name.is_empty() && class["metadata"]["name"].is_string() {
        pod["spec"]["priorityClassName"] = class["metadata"]["name"].clone();
    }
    pod["spec"]["priority"] = class["value"].as_i64().unwrap_or_default().into();
    if pod["spec"]["preemptionPolicy"].is_null() {
        let policy = class["preemptionPolicy"].as_str().unwrap_or("PreemptLowerPriority");
        pod["spec"]["preemptionPolicy"] = policy.into();
    }
    Ok(())
}

/// How long a Pod stays on a node that is lost, where it does not say so itself.
fn tolerate(pod: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerations = pod["spec"]["tolerations"].as_array();
        let known = tolerations.into_iter().flatten().any(|toleration| {
            let covers = |member: &str, word: &str| {
                toleration[member].as_str().is_none_or(|text| text.is_empty() || text == word)
            };
            covers("key", key) && covers("effect", "NoExecute")
        });
        if known {
            continue;
        }
        let wanted =
            json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        match pod["spec"]["tolerations"].as_array_mut() {
            Some(list) => list.push(wanted),
            None => pod["spec"]["tolerations"] = json!([wanted]),
        }
    }
}

/// A Pod that is on no node goes at once; one on a node takes its time.
pub(super) fn grace_period(pod: &Value, asked: Option<i64>) -> i64 {
    let on_node = !pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if !on_node || ended {
        return 0;
    }
    asked.or_else(|| pod["spec"]["terminationGracePeriodSeconds"].as_i64()).unwrap_or(30).max(0)
}

/// In the mode that runs Pods, a new one is Running and Ready.
pub(super) fn look(server: &Arc<Server>, event: &Event) {
    if !server.controllers.runs || event.change != Change::Added {
        return;
    }
    let Some(system) = super::system(server, "", "pods") else { return };
    let now = time::write(server.now());
    system_write(system, &event.object.key, |old| {
        let mut new = old?.clone();
        let containers = new["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let statuses: Vec<Value> = containers
            .iter()
            .map(|container| {
                json!({
                    "name": container["name"],
                    "image": container["image"],
                    "imageID": "",
                    "ready": true,
                    "started": true,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": now}},
                })
            })
            .collect();
        let conditions: Vec<Value> =
            ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
                .iter()
                .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": now}))
                .collect();
        new["status"]["phase"] = "Running".into();
        new["status"]["startTime"] = now.as_str().into();
        new["status"]["conditions"] = conditions.into();
        new["status"]["containerStatuses"] = statuses.into();
        Some(new)
    });
}
