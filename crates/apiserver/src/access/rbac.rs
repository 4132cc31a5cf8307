//! Roles and bindings, evaluated.
//!
//! Roles and bindings are read from the store for each decision; what they say is kept with the object, so that a decision
//! parses nothing, and what all servers begin with is parsed once for the process.

use std::sync::Arc;

use super::rules::{Binding, Rule};
use super::{Attributes, Decision, User};
use crate::server::Server;
use crate::status::quote;
use crate::store::Object;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Visits the rules that a user has: those of the cluster, then those of a namespace. Stops when `visit` says so.
/// Returns what was wrong with bindings: roles that are not there.
pub(crate) fn visit_rules(
    server: &Server,
    user: &User,
    namespace: &str,
    mut visit: impl FnMut(&Rule) -> bool,
) -> Vec<String> {
    let mut missing = Vec::new();
    let mut each = |object: &Arc<Object>, namespace: &str| {
        let binding = object.memo(|object| Binding::of(&object.value()));
        if !binding.is_for(user, namespace) {
            return false;
        }
        match role(server, &binding.kind, namespace, &binding.role) {
            Some(rules) => rules.iter().any(&mut visit),
            None => {
                let kind = binding.kind.to_lowercase();
                missing.push(format!("{kind}.{GROUP} {} not found", quote(&binding.role)));
                false
            }
        }
    };
    for object in server.store.list("rbac.authorization.k8s.io/clusterrolebindings", "") {
        if each(&object, "") {
            return Vec::new();
        }
    }
    if !namespace.is_empty() {
        for object in server.store.list("rbac.authorization.k8s.io/rolebindings", &format!("{namespace}/")) {
            if each(&object, namespace) {
                return Vec::new();
            }
        }
    }
    missing
}

/// The rules of a role.
pub(crate) fn role(server: &Server, kind: &str, namespace: &str, name: &str) -> Option<Arc<Vec<Rule>>> {
    let object = match kind {
        "ClusterRole" => server.store.get("rbac.authorization.k8s.io/clusterroles", name),
        _ => server.store.get("rbac.authorization.k8s.io/roles", &format!("{namespace}/{name}")),
    }?;
    Some(object.memo(|object| Rule::all_of(&object.value())))
}

/// What RBAC says of an act.
pub(super) fn authorize(server: &Server, user: &User, act: &Attributes<'_>) -> Decision {
    let mut allowed = false;
    let missing = visit_rules(server, user, act.namespace, |rule| {
        allowed = rule.allows(act);
        allowed
    });
    if allowed {
        return Decision::Allow("RBAC: allowed".to_owned());
    }
    match missing.as_slice() {
        [] => Decision::NoOpinion(String::new()),
        [one] => Decision::NoOpinion(format!("RBAC: {one}")),
        many => Decision::NoOpinion(format!("RBAC: [{}]", many.join(", "))),
    }
}
