//! The core group.

use super::row::{Row, SCALE, STATUS, Subresource};
use crate::kinds::{config, event, namespace, pod, quota, service, service_account, simple};
use crate::table::{columns, rare_columns};

const CREATE: &[&str] = &["create"];
const UPDATE: &[&str] = &["update"];
const GET: &[&str] = &["get"];
const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];

const fn sub(
    name: &'static str,
    kind: Option<(&'static str, &'static str, &'static str)>,
    verbs: &'static [&'static str],
) -> Subresource {
    Subresource { name, kind, verbs }
}

const FINALIZE: Subresource = sub("finalize", None, UPDATE);
const TOKEN: Subresource = sub("token", Some(("authentication.k8s.io", "v1", "TokenRequest")), CREATE);
const EVICTION: Subresource = sub("eviction", Some(("policy", "v1", "Eviction")), CREATE);
const BINDING: Subresource = sub("binding", Some(("", "v1", "Binding")), CREATE);
const LOG: Subresource = sub("log", None, GET);
const ATTACH: Subresource = sub("attach", Some(("", "v1", "PodAttachOptions")), &["create", "get"]);
const EXEC: Subresource = sub("exec", Some(("", "v1", "PodExecOptions")), &["create", "get"]);
const PORT_FORWARD: Subresource =
    sub("portforward", Some(("", "v1", "PodPortForwardOptions")), &["create", "get"]);
const POD_PROXY: Subresource = sub("proxy", Some(("", "v1", "PodProxyOptions")), PROXY);
const EPHEMERAL: Subresource = sub("ephemeralcontainers", None, &["get", "patch", "update"]);
const RESIZE: Subresource = sub("resize", None, &["get", "patch", "update"]);
const NODE_PROXY: Subresource = sub("proxy", Some(("", "v1", "NodeProxyOptions")), PROXY);
const SERVICE_PROXY: Subresource = sub("proxy", Some(("", "v1", "ServiceProxyOptions")), PROXY);

const POD: &[Subresource] =
    &[ATTACH, BINDING, EPHEMERAL, EVICTION, EXEC, LOG, PORT_FORWARD, POD_PROXY, RESIZE, STATUS];

const fn core(kind: &'static str, plural: &'static str) -> Row {
    Row::new("", "v1", kind, plural)
}

pub(super) const ROWS: &[Row] = &[
    core("Binding", "bindings").verbs(CREATE),
    core("ComponentStatus", "componentstatuses").cluster().short(&["cs"]).verbs(&["get", "list"]),
    core("ConfigMap", "configmaps").short(&["cm"]).strategy(&config::CONFIG_MAP).columns(columns::CONFIG_MAP),
    core("Endpoints", "endpoints").short(&["ep"]).strategy(&simple::ENDPOINTS).columns(columns::ENDPOINTS),
    core("Event", "events").short(&["ev"]).strategy(&event::CORE).columns(columns::EVENT),
    core("LimitRange", "limitranges").short(&["limits"]).strategy(&quota::LIMIT_RANGE),
    core("Namespace", "namespaces")
        .cluster()
        .short(&["ns"])
        .verbs(&["create", "delete", "get", "list", "patch", "update", "watch"])
        .subresources(&[FINALIZE, STATUS])
        .strategy(&namespace::NAMESPACE)
        .columns(columns::NAMESPACE),
    core("Node", "nodes")
        .cluster()
        .short(&["no"])
        .subresources(&[NODE_PROXY, STATUS])
        .strategy(&simple::NODE)
        .columns(columns::NODE),
    core("PersistentVolumeClaim", "persistentvolumeclaims")
        .short(&["pvc"])
        .subresources(&[STATUS])
        .strategy(&simple::VOLUME_CLAIM)
        .columns(rare_columns::VOLUME_CLAIM),
    core("PersistentVolume", "persistentvolumes")
        .cluster()
        .short(&["pv"])
        .subresources(&[STATUS])
        .strategy(&simple::VOLUME)
        .columns(rare_columns::VOLUME),
    core("Pod", "pods")
        .short(&["po"])
        .categories(&["all"])
        .subresources(POD)
        .strategy(&pod::POD)
        .columns(columns::POD),
    core("PodTemplate", "podtemplates").strategy(&simple::POD_TEMPLATE).columns(rare_columns::POD_TEMPLATE),
    core("ReplicationController", "replicationcontrollers")
        .short(&["rc"])
        .categories(&["all"])
        .subresources(&[SCALE, STATUS])
        .strategy(&simple::REPLICATION_CONTROLLER)
        .columns(rare_columns::REPLICATION_CONTROLLER),
    core("ResourceQuota", "resourcequotas")
        .short(&["quota"])
        .subresources(&[STATUS])
        .strategy(&quota::RESOURCE_QUOTA)
        .columns(rare_columns::RESOURCE_QUOTA),
    core("Secret", "secrets").strategy(&config::SECRET).columns(columns::SECRET),
    core("ServiceAccount", "serviceaccounts")
        .short(&["sa"])
        .subresources(&[TOKEN])
        .strategy(&service_account::SERVICE_ACCOUNT)
        .columns(columns::SERVICE_ACCOUNT),
    core("Service", "services")
        .short(&["svc"])
        .categories(&["all"])
        .subresources(&[SERVICE_PROXY, STATUS])
        .strategy(&service::SERVICE)
        .columns(columns::SERVICE),
];
