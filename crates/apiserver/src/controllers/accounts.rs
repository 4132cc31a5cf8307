//! What every namespace has: a ServiceAccount `default`, and the certificate of the authority as a ConfigMap.

use std::sync::Arc;

use serde_json::json;

use super::system;
use crate::server::Server;
use crate::store::Key;
use crate::verbs::system_write;

const ROOT_CA: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints \
    such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of \
    Kubernetes clusters.";

/// Makes what is missing in a namespace that is not about to go.
pub(super) fn provide(server: &Arc<Server>, namespace: &str) {
    let Some(object) = server.store.get("/namespaces", namespace) else { return };
    if object.terminating {
        return;
    }
    let key = Key::new(namespace, "default");
    if server.store.get("/serviceaccounts", key.text()).is_none()
        && let Some(system) = system(server, "", "serviceaccounts")
    {
        system_write(system, &key, |old| old.is_none().then(|| json!({"metadata": {}})));
    }
    let Some(certificate) = &server.controllers.certificate_authority else { return };
    let key = Key::new(namespace, ROOT_CA);
    let Some(system) = system(server, "", "configmaps") else { return };
    system_write(system, &key, |old| {
        let wanted = json!({ "ca.crt": certificate });
        match old {
            Some(old) if old["data"] == wanted => None,
            Some(old) => {
                let mut new = old.clone();
                new["data"] = wanted;
                Some(new)
            }
            None => Some(json!({
                "metadata": {"annotations": {"kubernetes.io/description": DESCRIPTION}},
                "data": wanted,
            })),
        }
    });
}
