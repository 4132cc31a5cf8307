use serde_json::{Value, json};

use super::*;
use HealthStatus::{Degraded, Healthy, Missing, Progressing, Suspended, Unknown};

#[track_caller]
fn check(api_version: &str, kind: &str, rest: Value, expect: Option<HealthStatus>) {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}});
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    assert_eq!(health(&object).map(|health| health.status), expect, "{object}");
}

#[test]
fn workloads() {
    let done = json!({"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1});
    check("apps/v1", "Deployment", json!({"status": done}), Some(Healthy));
    check("apps/v1", "Deployment", json!({}), Some(Progressing));
    check("apps/v1", "Deployment", json!({"spec": {"paused": true}}), Some(Suspended));
    check("apps/v1", "Deployment", json!({"metadata": {"generation": 2}, "status": done}), Some(Progressing));
    let stuck = json!({"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]});
    check("apps/v1", "Deployment", json!({"status": stuck}), Some(Degraded));
    check(
        "apps/v1",
        "StatefulSet",
        json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "readyReplicas": 1, "updateRevision": "a", "currentRevision": "a"}}),
        Some(Healthy),
    );
    check("apps/v1", "StatefulSet", json!({}), Some(Progressing));
    check("apps/v1", "DaemonSet", json!({"status": {"desiredNumberScheduled": 1}}), Some(Progressing));
    check(
        "batch/v1",
        "Job",
        json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
        Some(Healthy),
    );
    check(
        "batch/v1",
        "Job",
        json!({"status": {"conditions": [{"type": "Failed", "status": "True"}]}}),
        Some(Degraded),
    );
    check("batch/v1", "Job", json!({}), Some(Progressing));
    check("v1", "Pod", json!({"status": {"phase": "Succeeded"}}), Some(Healthy));
    let backoff = json!({"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
    check("v1", "Pod", json!({"status": backoff}), Some(Degraded));
}

#[test]
fn others() {
    check("v1", "ConfigMap", json!({}), None);
    check("v1", "Secret", json!({}), None);
    check("v1", "Service", json!({"spec": {"type": "LoadBalancer"}}), Some(Progressing));
    check("v1", "Service", json!({}), Some(Healthy));
    check("networking.k8s.io/v1", "Ingress", json!({}), Some(Progressing));
    let ready = |status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
    check("external-secrets.io/v1", "ExternalSecret", ready("True"), Some(Healthy));
    check("external-secrets.io/v1", "ExternalSecret", ready("False"), Some(Degraded));
    check("external-secrets.io/v1", "ClusterSecretStore", json!({}), Some(Progressing));
    check(
        "argoproj.io/v1alpha1",
        "Application",
        json!({"status": {"health": {"status": "Degraded"}}}),
        Some(Degraded),
    );
    let deleting = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    check("v1", "ConfigMap", deleting, Some(Progressing));
    check("v1", "Pod", json!({"metadata": {"annotations": {IGNORE_HEALTH: "true"}}}), None);
}

#[test]
fn a_whole_is_as_bad_as_its_worst_part() {
    for (parts, expect) in [
        (vec![], Healthy),
        (vec![Healthy, Suspended], Suspended),
        (vec![Healthy, Missing], Healthy),
        (vec![Missing, Missing], Missing),
        (vec![Progressing, Degraded], Degraded),
        (vec![Degraded, Unknown], Unknown),
    ] {
        assert_eq!(worst(parts.clone()), expect, "{parts:?}");
    }
}
