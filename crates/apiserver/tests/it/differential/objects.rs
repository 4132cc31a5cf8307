//! Random objects of many kinds: mostly right, sometimes spoilt in one place.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

/// A kind that sequences use.
pub struct Kind {
    pub kind: &'static str,
    pub api_version: &'static str,
    /// Where its objects live, with `${ns}`.
    pub path: &'static str,
    pub status: bool,
    pub scale: bool,
    body: fn(&mut StdRng) -> Value,
}

const fn kind(
    kind: &'static str,
    api_version: &'static str,
    path: &'static str,
    body: fn(&mut StdRng) -> Value,
) -> Kind {
    Kind { kind, api_version, path, status: false, scale: false, body }
}

/// The kinds. Nothing here has a controller that would write at a time of its own.
pub const KINDS: &[Kind] = &[
    kind("ConfigMap", "v1", "/api/v1/namespaces/${ns}/configmaps", config_map),
    kind("Secret", "v1", "/api/v1/namespaces/${ns}/secrets", secret),
    Kind {
        status: true,
        scale: true,
        ..kind(
            "Widget",
            "differential.example.com/v1",
            "/apis/differential.example.com/v1/namespaces/${ns}/widgets",
            widget,
        )
    },
    Kind {
        status: true,
        scale: true,
        ..kind("StatefulSet", "apps/v1", "/apis/apps/v1/namespaces/${ns}/statefulsets", stateful_set)
    },
    Kind {
        status: true,
        ..kind("DaemonSet", "apps/v1", "/apis/apps/v1/namespaces/${ns}/daemonsets", daemon_set)
    },
    kind("Lease", "coordination.k8s.io/v1", "/apis/coordination.k8s.io/v1/namespaces/${ns}/leases", lease),
    kind(
        "Role",
        "rbac.authorization.k8s.io/v1",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/roles",
        role,
    ),
    kind(
        "RoleBinding",
        "rbac.authorization.k8s.io/v1",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings",
        role_binding,
    ),
    Kind { status: true, ..kind("Service", "v1", "/api/v1/namespaces/${ns}/services", service) },
    kind("ServiceAccount", "v1", "/api/v1/namespaces/${ns}/serviceaccounts", service_account),
    kind(
        "NetworkPolicy",
        "networking.k8s.io/v1",
        "/apis/networking.k8s.io/v1/namespaces/${ns}/networkpolicies",
        network_policy,
    ),
    Kind {
        status: true,
        ..kind(
            "PodDisruptionBudget",
            "policy/v1",
            "/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets",
            disruption_budget,
        )
    },
    Kind {
        status: true,
        ..kind("CronJob", "batch/v1", "/apis/batch/v1/namespaces/${ns}/cronjobs", cron_job)
    },
];

/// A text of a few.
pub fn one<'a>(random: &mut StdRng, of: &[&'a str]) -> &'a str {
    of.choose(random).copied().unwrap_or_default()
}

/// Whether something with a chance of one in `of` happens.
pub fn rarely(random: &mut StdRng, of: u32) -> bool {
    random.random_ratio(1, of)
}

/// A map of a few texts.
fn texts(random: &mut StdRng) -> Value {
    let mut map = json!({});
    for _ in 0..random.random_range(0..4) {
        map[one(random, &["a", "b", "c", "x.example/y"])] = one(random, &["1", "2", "", "three"]).into();
    }
    map
}

impl Kind {
    /// An object of this kind.
    pub fn object(&self, random: &mut StdRng, name: &str) -> Value {
        let mut object = (self.body)(random);
        object["apiVersion"] = self.api_version.into();
        object["kind"] = self.kind.into();
        object["metadata"] = json!({"name": name});
        if rarely(random, 3) {
            object["metadata"]["labels"] = texts(random);
        }
        if rarely(random, 6) {
            object["metadata"]["annotations"] = texts(random);
        }
        if rarely(random, 12) {
            object["metadata"]["finalizers"] = json!([one(random, &["x.example/a", "x.example/b"])]);
        }
        object
    }

    /// A part of an object, to be merged into one.
    pub fn part(&self, random: &mut StdRng) -> Value {
        let object = self.object(random, "a");
        let mut part = json!({});
        for (member, value) in object.as_object().into_iter().flatten() {
            let kept = !matches!(member.as_str(), "apiVersion" | "kind" | "metadata") && rarely(random, 2);
            if kept {
                part[member] = if rarely(random, 8) { Value::Null } else { value.clone() };
            }
        }
        if rarely(random, 3) {
            part["metadata"] = json!({"labels": texts(random)});
        }
        part
    }
}

/// Spoils one place of a value: another type, null, an unknown member.
pub fn spoil(random: &mut StdRng, value: &mut Value) {
    let mut at = value;
    for _ in 0..random.random_range(1..5) {
        let next = match &*at {
            Value::Object(members) if !members.is_empty() => {
                let keys: Vec<String> = members.keys().cloned().collect();
                keys.choose(random).cloned()
            }
            _ => None,
        };
        match next {
            Some(key) => at = &mut at[key.as_str()],
            None => break,
        }
    }
    let bad =
        [json!(null), json!(7), json!(-1), json!("text"), json!(true), json!([]), json!({}), json!(1.5)];
    match at {
        Value::Object(members) if rarely(random, 2) => {
            members.insert("unknown".to_owned(), 1.into());
        }
        other => *other = bad.choose(random).cloned().unwrap_or_default(),
    }
}

fn config_map(random: &mut StdRng) -> Value {
    let mut object = json!({"data": texts(random)});
    if rarely(random, 15) {
        object["immutable"] = random.random::<bool>().into();
    }
    if rarely(random, 8) {
        object["binaryData"] = json!({"bin": "AAECAw=="});
    }
    object
}

fn secret(random: &mut StdRng) -> Value {
    let mut object = json!({"data": {"k": one(random, &["YQ==", "Yg==", ""])}});
    if rarely(random, 4) {
        object["stringData"] = texts(random);
    }
    if rarely(random, 6) {
        object["type"] = one(random, &["Opaque", "x/y", "kubernetes.io/tls"]).into();
    }
    object
}

fn widget(random: &mut StdRng) -> Value {
    let mut spec = json!({"size": random.random_range(0..6)});
    if rarely(random, 2) {
        spec["replicas"] = random.random_range(0..4).into();
    }
    if rarely(random, 3) {
        spec["mode"] = one(random, &["fast", "slow", "odd"]).into();
    }
    if rarely(random, 3) {
        spec["port"] = if rarely(random, 2) { json!(80) } else { json!("http") };
    }
    if rarely(random, 3) {
        let tags: Vec<&str> = (0..random.random_range(0..3)).map(|_| one(random, &["p", "q", "r"])).collect();
        spec["tags"] = json!(tags);
    }
    if rarely(random, 3) {
        let rules = (0..random.random_range(0..3)).map(|_| {
            let mut rule = json!({"name": one(random, &["m", "n", "o"])});
            if rarely(random, 2) {
                rule["weight"] = random.random_range(0..3).into();
            }
            rule
        });
        spec["rules"] = rules.collect();
    }
    if rarely(random, 4) {
        spec["nested"] = json!({});
    }
    if rarely(random, 5) {
        spec["free"] = json!({"deep": {"x": [1, 2]}, "y": 1.0});
    }
    json!({"spec": spec})
}

fn template(random: &mut StdRng) -> Value {
    let mut container = json!({"name": "main", "image": one(random, &["i:1", "i:2", "i"])});
    if rarely(random, 3) {
        container["env"] = json!([{"name": one(random, &["A", "B"]), "value": one(random, &["1", "2"])}]);
    }
    if rarely(random, 4) {
        container["ports"] = json!([{"containerPort": random.random_range(80..83)}]);
    }
    if rarely(random, 4) {
        container["args"] = json!([one(random, &["x", "y"])]);
    }
    if rarely(random, 5) {
        container["resources"] = json!({"requests": {"cpu": one(random, &["1", "500m", "0.5"])}});
    }
    let mut spec = json!({"containers": [container]});
    if rarely(random, 6) {
        spec["containers"].as_array_mut().unwrap().push(json!({"name": "side", "image": "s"}));
    }
    if rarely(random, 6) {
        spec["nodeSelector"] = texts(random);
    }
    if rarely(random, 6) {
        spec["volumes"] = json!([{"name": "v", "emptyDir": {}}]);
    }
    json!({"metadata": {"labels": {"app": "web"}}, "spec": spec})
}

fn stateful_set(random: &mut StdRng) -> Value {
    json!({"spec": {
        "replicas": random.random_range(0..3),
        "serviceName": "web",
        "selector": {"matchLabels": {"app": "web"}},
        "template": template(random),
    }})
}

fn daemon_set(random: &mut StdRng) -> Value {
    let mut object =
        json!({"spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template(random)}});
    if rarely(random, 4) {
        object["spec"]["updateStrategy"] = json!({"type": one(random, &["OnDelete", "RollingUpdate"])});
    }
    object
}

fn lease(random: &mut StdRng) -> Value {
    json!({"spec": {
        "holderIdentity": one(random, &["me", "you"]),
        "leaseDurationSeconds": random.random_range(1..30),
        "renewTime": "2020-01-02T03:04:05.000006Z",
    }})
}

fn role(random: &mut StdRng) -> Value {
    let verbs = [one(random, &["get", "list"]), one(random, &["watch", "create"])];
    json!({"rules": [{"apiGroups": [""], "resources": [one(random, &["pods", "secrets"])], "verbs": verbs}]})
}

fn role_binding(random: &mut StdRng) -> Value {
    json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": one(random, &["r", "s"])},
        "subjects": [{"kind": one(random, &["User", "Group", "ServiceAccount"]), "name": "somebody"}],
    })
}

fn service(random: &mut StdRng) -> Value {
    let mut spec = json!({"clusterIP": "None", "selector": {"app": one(random, &["a", "b"])}});
    let ports = (0..random.random_range(1..3)).map(|index| {
        json!({"name": format!("p{index}"), "port": 80 + index, "protocol": one(random, &["TCP", "UDP"])})
    });
    spec["ports"] = ports.collect();
    json!({"spec": spec})
}

fn service_account(random: &mut StdRng) -> Value {
    json!({"imagePullSecrets": [{"name": one(random, &["x", "y"])}]})
}

fn network_policy(random: &mut StdRng) -> Value {
    json!({"spec": {
        "podSelector": {"matchLabels": {"app": one(random, &["a", "b"])}},
        "ingress": [{"ports": [{"port": random.random_range(80..83)}]}],
    }})
}

fn disruption_budget(random: &mut StdRng) -> Value {
    json!({"spec": {
        "minAvailable": if rarely(random, 2) { json!(1) } else { json!("50%") },
        "selector": {"matchLabels": {"app": "web"}},
    }})
}

fn cron_job(random: &mut StdRng) -> Value {
    let mut pod = template(random)["spec"].clone();
    pod["restartPolicy"] = one(random, &["Never", "OnFailure"]).into();
    json!({"spec": {
        "schedule": one(random, &["* * * * *", "*/5 * * * *", "0 3 * * 1"]),
        "suspend": random.random::<bool>(),
        "jobTemplate": {"spec": {"template": {"spec": pod}}},
    }})
}

/// The definition of the widgets.
pub fn definition() -> Value {
    let text = json!({"type": "string"});
    let schema = json!({"type": "object", "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 0, "maximum": 5},
                "replicas": {"type": "integer", "default": 1},
                "mode": {"type": "string", "enum": ["fast", "slow"], "default": "slow"},
                "port": {"x-kubernetes-int-or-string": true},
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
                "rules": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "required": ["name"], "properties": {
                        "name": text,
                        "weight": {"type": "integer", "default": 1},
                    }},
                },
                "nested": {"type": "object", "properties": {"on": {"type": "boolean", "default": true}}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            },
            "x-kubernetes-validations": [
                {"rule": "self.size != 3 || self.mode == 'fast'", "message": "three must be fast"},
            ],
        },
        "status": {"type": "object", "properties": {
            "replicas": {"type": "integer"},
            "selector": text,
            "conditions": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": {"type": "object", "required": ["type"], "properties": {"type": text, "status": text}},
            },
        }},
    }});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.differential.example.com"},
        "spec": {
            "group": "differential.example.com",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}, "scale": {
                    "specReplicasPath": ".spec.replicas",
                    "statusReplicasPath": ".status.replicas",
                    "labelSelectorPath": ".status.selector",
                }},
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {"name": "Mode", "type": "string", "jsonPath": ".spec.mode"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
            }],
        },
    })
}
