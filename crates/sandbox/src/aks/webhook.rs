//! The workload identity webhook: what azure-workload-identity does to a pod at its creation.
//!
//! A pure function from the pod and its ServiceAccount's annotations to the changed pod. It acts on pods with the
//! **label** `azure.workload.identity/use: "true"` and adds a projected token for Entra and the variables by which the
//! Azure SDKs find it. Never does it overwrite a variable that is set: a token path hard-coded in a manifest stays,
//! and is wrong with another version of the webhook.

use gangplank_apiserver::PodMutator;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

const LABEL: &str = "azure.workload.identity/use";
const CLIENT_ID: &str = "azure.workload.identity/client-id";
const TENANT_ID: &str = "azure.workload.identity/tenant-id";
const EXPIRATION: &str = "azure.workload.identity/service-account-token-expiration";
const SKIP_CONTAINERS: &str = "azure.workload.identity/skip-containers";
const PROXY_SIDECAR: &str = "azure.workload.identity/inject-proxy-sidecar";

/// The audience of the projected token.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The lifetimes that the webhook grants, in seconds.
const LIFETIMES: std::ops::RangeInclusive<u64> = 3_600..=86_400;

/// Which webhook a cluster runs: they differ in where the token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebhookVersion {
    /// 1.5.1 and before: `/var/run/secrets/azure/tokens/azure-identity-token`.
    UpTo1_5,
    /// 1.6.0 and later: `/var/run/secrets/azure/wi/token/azure-identity-token`.
    #[default]
    From1_6,
}

impl WebhookVersion {
    /// Where the token of a pod is.
    pub fn token_file(self) -> &'static str {
        match self {
            WebhookVersion::UpTo1_5 => "/var/run/secrets/azure/tokens/azure-identity-token",
            WebhookVersion::From1_6 => "/var/run/secrets/azure/wi/token/azure-identity-token",
        }
    }

    fn mount_path(self) -> &'static str {
        match self {
            WebhookVersion::UpTo1_5 => "/var/run/secrets/azure/tokens",
            WebhookVersion::From1_6 => "/var/run/secrets/azure/wi",
        }
    }

    fn path_in_volume(self) -> &'static str {
        match self {
            WebhookVersion::UpTo1_5 => "azure-identity-token",
            WebhookVersion::From1_6 => "token/azure-identity-token",
        }
    }

    fn volume_name(self, pod_name: &str) -> String {
        match self {
            WebhookVersion::UpTo1_5 => "azure-identity-token".to_owned(),
            WebhookVersion::From1_6 => {
                let digest: String =
                    Sha256::digest(pod_name).iter().map(|byte| format!("{byte:02x}")).collect();
                let mut name = format!("azure-workload-identity-reserved-{digest}");
                // A volume's name is a DNS label.
                name.truncate(63);
                name
            }
        }
    }
}

/// The webhook as a cluster has it configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) version: WebhookVersion,
    /// The tenant of pods whose ServiceAccount names none.
    pub(crate) tenant_id: String,
    /// Entra's address, with its final slash.
    pub(crate) authority_host: String,
}

impl Webhook {
    /// Whether the webhook is called for this pod at all.
    fn concerns(pod: &Value) -> bool {
        pod.pointer("/metadata/labels").and_then(|labels| labels.get(LABEL)).and_then(Value::as_str)
            == Some("true")
    }

    /// Changes a pod as it is created; `annotations` are its ServiceAccount's.
    ///
    /// # Errors
    /// Why the pod is refused.
    fn inject(&self, pod: &mut Value, annotations: &Map<String, Value>) -> Result<(), String> {
        let of_pod =
            pod.pointer("/metadata/annotations").and_then(Value::as_object).cloned().unwrap_or_default();
        if text(&of_pod, PROXY_SIDECAR) == Some("true") {
            return Err(format!("annotation {PROXY_SIDECAR}: this cluster's webhook has no proxy sidecar"));
        }
        let expiration = expiration(&of_pod, annotations)?;
        let skipped: Vec<String> = text(&of_pod, SKIP_CONTAINERS)
            .unwrap_or_default()
            .split(';')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        let pod_name = ["/metadata/name", "/metadata/generateName"]
            .into_iter()
            .find_map(|pointer| pod.pointer(pointer).and_then(Value::as_str).filter(|name| !name.is_empty()))
            .unwrap_or_default();
        let volume = self.version.volume_name(pod_name);
        let tenant = text(annotations, TENANT_ID).unwrap_or(&self.tenant_id);
        let variables = [
            ("AZURE_CLIENT_ID", text(annotations, CLIENT_ID).unwrap_or_default()),
            ("AZURE_TENANT_ID", tenant),
            ("AZURE_FEDERATED_TOKEN_FILE", self.version.token_file()),
            ("AZURE_AUTHORITY_HOST", &self.authority_host),
        ];
        let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else {
            return Err("the pod has no spec".to_owned());
        };
        for list in ["initContainers", "containers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                let Some(container) = container.as_object_mut() else { continue };
                if text(container, "name").is_some_and(|name| skipped.iter().any(|each| each == name)) {
                    continue;
                }
                for (name, value) in variables {
                    set_variable(container, name, value);
                }
                mount(container, &volume, self.version.mount_path());
            }
        }
        add_volume(spec, &volume, self.version.path_in_volume(), expiration);
        Ok(())
    }
}

impl PodMutator for Webhook {
    fn mutate(
        &self,
        pod: &mut Value,
        service_account: Option<&Value>,
        _namespace: &str,
    ) -> Result<(), String> {
        if !Webhook::concerns(pod) {
            return Ok(());
        }
        let annotations = service_account.and_then(|account| account.pointer("/metadata/annotations"));
        let none = Map::new();
        self.inject(pod, annotations.and_then(Value::as_object).unwrap_or(&none))
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key).and_then(Value::as_str)
}

/// The pod's annotation wins over its ServiceAccount's.
fn expiration(of_pod: &Map<String, Value>, of_account: &Map<String, Value>) -> Result<u64, String> {
    let Some(asked) = text(of_pod, EXPIRATION).or_else(|| text(of_account, EXPIRATION)) else {
        return Ok(*LIFETIMES.start());
    };
    asked.parse().ok().filter(|seconds| LIFETIMES.contains(seconds)).ok_or_else(|| {
        format!(
            "annotation {EXPIRATION}: `{asked}` is no lifetime between {} and {} seconds",
            LIFETIMES.start(),
            LIFETIMES.end()
        )
    })
}

/// The list `key` of an object, made where it is absent or null.
fn list<'a>(map: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Vec<Value>> {
    let value = map.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = json!([]);
    }
    value.as_array_mut()
}

fn set_variable(container: &mut Map<String, Value>, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let Some(variables) = list(container, "env") else { return };
    match variables.iter_mut().find(|each| each.get("name").and_then(Value::as_str) == Some(name)) {
        None => variables.push(json!({"name": name, "value": value})),
        Some(present) => {
            let empty = present.get("value").and_then(Value::as_str).unwrap_or_default().is_empty();
            if empty && present.get("valueFrom").is_none() {
                *present = json!({"name": name, "value": value});
            }
        }
    }
}

fn mount(container: &mut Map<String, Value>, volume: &str, path: &str) {
    let Some(mounts) = list(container, "volumeMounts") else { return };
    if mounts.iter().all(|each| each.get("mountPath").and_then(Value::as_str) != Some(path)) {
        mounts.push(json!({"name": volume, "readOnly": true, "mountPath": path}));
    }
}

fn add_volume(spec: &mut Map<String, Value>, name: &str, path: &str, expiration: u64) {
    let Some(volumes) = list(spec, "volumes") else { return };
    if volumes.iter().all(|each| each.get("name").and_then(Value::as_str) != Some(name)) {
        let token = json!({"audience": AUDIENCE, "expirationSeconds": expiration, "path": path});
        let sources = json!([{"serviceAccountToken": token}]);
        volumes.push(json!({"name": name, "projected": {"sources": sources, "defaultMode": 420}}));
    }
}

#[cfg(test)]
mod tests;
