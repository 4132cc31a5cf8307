//! Where Pods pretend to run, others pretend as well that somebody took care of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{MANAGER, now};
use crate::server::Server;
use crate::store::Key;
use crate::verbs::system_status;

/// The kinds that pretend.
pub(super) const KINDS: [(&str, &str); 4] =
    [("apps", "daemonsets"), ("batch", "jobs"), ("", "persistentvolumeclaims"), ("", "services")];

/// The address at which a load balancer would be, in a network for documentation.
const BALANCER: &str = "192.0.2.1";

pub(super) fn look(server: &Arc<Server>, group: &str, plural: &str, key: &Key) {
    let Some(system) = super::super::system(server, group, plural) else { return };
    let now = now(server);
    system_status(system, key, MANAGER, |old| {
        let mut new = old.clone();
        match plural {
            // There are no nodes, so none is wanted.
            "daemonsets" => new["status"]["observedGeneration"] = old["metadata"]["generation"].clone(),
            "jobs" => job(&mut new, &now),
            "persistentvolumeclaims" => {
                new["status"] = json!({
                    "phase": "Bound",
                    "accessModes": old["spec"]["accessModes"],
                    "capacity": old["spec"]["resources"]["requests"],
                });
            }
            _ => {
                if old["spec"]["type"] == "LoadBalancer" {
                    new["status"]["loadBalancer"] = json!({"ingress": [{"ip": BALANCER, "ipMode": "VIP"}]});
                }
            }
        }
        new
    });
}

/// A Job has done its work at once.
fn job(job: &mut Value, now: &str) {
    let done = job["status"]["completionTime"].is_string();
    if done || job["spec"]["suspend"] == true {
        return;
    }
    let condition = |kind: &str| {
        json!({
            "type": kind,
            "status": "True",
            "lastProbeTime": now,
            "lastTransitionTime": now,
            "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
        })
    };
    job["status"] = json!({
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
        "startTime": now,
        "completionTime": now,
        "succeeded": job["spec"]["completions"].as_i64().unwrap_or(1),
        "terminating": 0,
        "ready": 0,
        "uncountedTerminatedPods": {},
    });
}
