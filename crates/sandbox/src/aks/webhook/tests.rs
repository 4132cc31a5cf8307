use serde_json::{Value, json};

use super::{Webhook, WebhookVersion};

const OLD: WebhookVersion = WebhookVersion::UpTo1_5;
const NEW: WebhookVersion = WebhookVersion::From1_6;

/// Runs the webhook over a pod of one container `server`; gives the spec, or why it was refused.
fn mutate(version: WebhookVersion, pod: Value, annotations: Value) -> Result<Value, String> {
    let webhook = Webhook {
        version,
        tenant_id: "tenant-of-webhook".to_owned(),
        authority_host: "https://login.microsoftonline.com/".to_owned(),
    };
    let mut pod = pod;
    webhook.inject(&mut pod, annotations.as_object().unwrap())?;
    Ok(pod["spec"].take())
}

fn pod(annotations: Value, env: Value) -> Value {
    json!({
        "metadata": {"name": "argocd-server-0", "labels": {"azure.workload.identity/use": "true"}, "annotations": annotations},
        "spec": {"containers": [{"name": "server", "env": env}]},
    })
}

#[track_caller]
fn check(spec: Result<Value, String>, expected: Value) {
    assert_eq!(spec, Ok(expected));
}

#[test]
fn the_new_webhook_mounts_at_wi() {
    // printf argocd-server-0 | sha256sum, cut so that the name has 63 letters
    let volume = "azure-workload-identity-reserved-97aa9ac4e93442155252a3a4ca5ae5";
    let spec = mutate(NEW, pod(json!({}), json!([])), json!({"azure.workload.identity/client-id": "client"}));
    check(
        spec,
        json!({
            "containers": [{
                "name": "server",
                "env": [
                    {"name": "AZURE_CLIENT_ID", "value": "client"},
                    {"name": "AZURE_TENANT_ID", "value": "tenant-of-webhook"},
                    {"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/var/run/secrets/azure/wi/token/azure-identity-token"},
                    {"name": "AZURE_AUTHORITY_HOST", "value": "https://login.microsoftonline.com/"},
                ],
                "volumeMounts": [{"name": volume, "readOnly": true, "mountPath": "/var/run/secrets/azure/wi"}],
            }],
            "volumes": [{"name": volume, "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {
                "audience": "api://AzureADTokenExchange", "expirationSeconds": 3600, "path": "token/azure-identity-token",
            }}]}}],
        }),
    );
}

#[test]
fn the_old_webhook_mounts_at_tokens_and_keeps_what_is_set() {
    let env = json!([{"name": "AZURE_TENANT_ID", "value": "mine"}, {"name": "AZURE_CLIENT_ID", "value": ""}]);
    let spec = mutate(
        OLD,
        pod(json!({"azure.workload.identity/service-account-token-expiration": "7200"}), env),
        json!({
            "azure.workload.identity/client-id": "client",
            "azure.workload.identity/tenant-id": "other",
            "azure.workload.identity/service-account-token-expiration": "4000",
        }),
    );
    check(
        spec,
        json!({
            "containers": [{
                "name": "server",
                "env": [
                    {"name": "AZURE_TENANT_ID", "value": "mine"},
                    {"name": "AZURE_CLIENT_ID", "value": "client"},
                    {"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/var/run/secrets/azure/tokens/azure-identity-token"},
                    {"name": "AZURE_AUTHORITY_HOST", "value": "https://login.microsoftonline.com/"},
                ],
                "volumeMounts": [
                    {"name": "azure-identity-token", "readOnly": true, "mountPath": "/var/run/secrets/azure/tokens"},
                ],
            }],
            "volumes": [{"name": "azure-identity-token", "projected": {"defaultMode": 420, "sources": [{
                "serviceAccountToken": {
                    "audience": "api://AzureADTokenExchange", "expirationSeconds": 7200, "path": "azure-identity-token",
                },
            }]}}],
        }),
    );
}

#[test]
fn init_containers_are_served_and_skipped_ones_left_alone() {
    let mut pod = pod(json!({"azure.workload.identity/skip-containers": "side; other"}), json!([]));
    pod["spec"]["initContainers"] = json!([{"name": "init"}]);
    pod["spec"]["containers"] = json!([{"name": "side"}, {"name": "server"}]);
    let spec = mutate(OLD, pod, json!({})).unwrap();
    let served = |pointer: &str| spec.pointer(pointer).is_some();
    assert_eq!(
        [served("/initContainers/0/env"), served("/containers/0/env"), served("/containers/1/env")],
        [true, false, true]
    );
}

#[test]
fn a_second_pass_changes_nothing() {
    let once = mutate(NEW, pod(json!({}), json!([])), json!({})).unwrap();
    let mut again = pod(json!({}), json!([]));
    again["spec"] = once.clone();
    check(mutate(NEW, again, json!({})), once);
}

#[test]
fn a_lifetime_out_of_range_refuses_the_pod() {
    for lifetime in ["3599", "86401", "an hour", "-1", ""] {
        let annotations = json!({"azure.workload.identity/service-account-token-expiration": lifetime});
        let refusal = mutate(NEW, pod(annotations, json!([])), json!({})).unwrap_err();
        assert!(refusal.contains("3600 and 86400"), "{refusal}");
    }
}

#[test]
fn only_the_label_counts() {
    let label = |value: Value| json!({"metadata": {"labels": {"azure.workload.identity/use": value}}});
    assert!(Webhook::concerns(&label(json!("true"))));
    assert!(!Webhook::concerns(&label(json!("false"))));
    assert!(!Webhook::concerns(&label(json!(true))));
    assert!(!Webhook::concerns(
        &json!({"metadata": {"annotations": {"azure.workload.identity/use": "true"}}})
    ));
}
