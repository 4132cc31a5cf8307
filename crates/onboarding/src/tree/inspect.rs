//! What is wrong with a rendered cluster: judged on the objects that come out, so that it holds whichever way they were written.

use serde_json::Value;

use crate::fleet::{ARGOCD_SERVICE_ACCOUNTS, Fleet};
use crate::names::ClusterName;

/// The version of External Secrets' API that today's operators serve.
const EXTERNAL_SECRETS_V1: &str = "external-secrets.io/v1";
/// The pod label that makes the workload identity webhook act.
const USE_LABEL: &str = "azure.workload.identity/use";
/// Where webhooks before 1.6 mounted the token; newer ones do not.
const OLD_TOKEN_PATH: &str = "/var/run/secrets/azure/tokens/azure-identity-token";

/// Something wrong with a rendered object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Which value of the object, as a JSON pointer.
    pub pointer: String,
    /// What is wrong with it.
    pub cause: String,
    /// What to do.
    pub mend: String,
}

/// Judges the ExternalSecret that an overlay rendered for `cluster`.
pub fn external_secret(cluster: &ClusterName, fleet: &Fleet, object: &Value) -> Vec<Defect> {
    let mut findings = Defects::default();
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();

    for (pointer, leftover) in leftovers(object) {
        findings.add(
            &pointer,
            format!("the leftover `{leftover}` remains at {pointer} after rendering"),
            "replace it: the overlay's patch sets names and keys, the base sets ids",
        );
    }
    let version = text("/apiVersion");
    if version != EXTERNAL_SECRETS_V1 {
        findings.add(
            "/apiVersion",
            format!("the ExternalSecret is of `{version}`, which the operator's CRDs do not serve any more"),
            format!("write `apiVersion: {EXTERNAL_SECRETS_V1}`; the fields that the seed uses are the same"),
        );
    }
    let expected = [
        ("/metadata/name", cluster.external_secret(), "the name of the ExternalSecret"),
        ("/spec/target/name", cluster.secret(), "the name of the Secret"),
        (
            "/spec/target/template/data/name",
            cluster.as_str().to_owned(),
            "the name under which Argo CD knows the cluster",
        ),
        ("/spec/secretStoreRef/name", fleet.store.name.clone(), "the store"),
        ("/spec/secretStoreRef/kind", fleet.store.kind.as_str().to_owned(), "the kind of the store"),
    ];
    for (pointer, wanted, what) in expected {
        let found = text(pointer);
        if found != wanted && !is_leftover(found) {
            findings.add(
                pointer,
                format!("{what} is `{found}`, but the fleet and the cluster's name make it `{wanted}` (at {pointer})"),
                format!("set {pointer} to `{wanted}`"),
            );
        }
    }
    let label = "/spec/target/template/metadata/labels/argocd.argoproj.io~1secret-type";
    if text(label) != "cluster" {
        findings.add(
            label,
            format!(
                "the Secret's label `argocd.argoproj.io/secret-type` is `{}`, so Argo CD finds no cluster",
                text(label)
            ),
            "set it to `cluster` in the base",
        );
    }
    keys(cluster, object, &mut findings);
    findings.all
}

/// Which vault secret feeds which value: patches by list index swap CA and URL without an error.
fn keys(cluster: &ClusterName, object: &Value, findings: &mut Defects) {
    let entries =
        object.pointer("/spec/data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (secret_key, wanted) in [("caCert", cluster.ca_secret()), ("serverUrl", cluster.url_secret())] {
        let index = entries.iter().position(|entry| entry["secretKey"] == secret_key);
        let entry = index.map(|index| &entries[index]);
        let key = entry
            .and_then(|entry| entry.pointer("/remoteRef/key"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        let name = key.strip_prefix("secret/").unwrap_or(key);
        // Key Vault knows no case.
        if !name.eq_ignore_ascii_case(wanted.as_str()) && !is_leftover(key) {
            findings.add(
                &format!("/spec/data/{}/remoteRef/key", index.unwrap_or_default()),
                format!(
                    "`{secret_key}` comes from the vault secret `{key}`, and should come from `{wanted}`"
                ),
                format!("set the remoteRef.key of `{secret_key}` to `secret/{wanted}`"),
            );
        }
    }
}

/// Judges the application by which Argo CD manages itself.
pub fn self_application(fleet: &Fleet, object: &Value) -> Vec<Defect> {
    let mut findings = Defects::default();
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let url = text("/spec/source/repoURL");
    let inside = url.strip_prefix(fleet.repository.url.trim_end_matches(".git")).unwrap_or_default();
    if !inside.trim_end_matches(".git").trim_matches('/').is_empty() {
        findings.add(
            "/spec/source/repoURL",
            format!("the repoURL `{url}` of the application goes on with a path inside of the repository: it can't be cloned"),
            format!("set repoURL to `{}`; the path belongs into spec.source.path", fleet.repository.url),
        );
    }
    for (pointer, leftover) in leftovers(object) {
        let cause = format!("the leftover `{leftover}` remains at {pointer}");
        findings.add(&pointer, cause, "replace it by its value");
    }
    findings.all
}

/// Judges any other object of the tree.
pub fn object(fleet: &Fleet, object: &Value) -> Vec<Defect> {
    let mut findings = Defects::default();
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    for (pointer, leftover) in leftovers(object) {
        let cause = format!("the leftover `{leftover}` remains at {pointer} after rendering");
        findings.add(&pointer, cause, "replace it by its value");
    }
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    let version = text("/apiVersion");
    if version == "external-secrets.io/v1beta1" {
        findings.add(
            "/apiVersion",
            format!("the {kind} `{name}` is of `{version}`, which the operator's CRDs do not serve any more"),
            format!("write `apiVersion: {EXTERNAL_SECRETS_V1}`"),
        );
    }
    let namespace = text("/metadata/namespace");
    if kind == "SecretStore" && name == fleet.store.name && namespace != fleet.hub.namespace {
        findings.add(
            "/metadata/namespace",
            format!(
                "the SecretStore `{name}` stands in `{namespace}`: ExternalSecrets of `{}` can't use it",
                fleet.hub.namespace
            ),
            format!(
                "move it to `{}`, or make it a ClusterSecretStore with serviceAccountRef.namespace",
                fleet.hub.namespace
            ),
        );
    }
    if ARGOCD_SERVICE_ACCOUNTS.contains(&name) && matches!(kind, "Deployment" | "StatefulSet") {
        let labels = "/spec/template/metadata/labels";
        let label = object.pointer(labels).and_then(|labels| labels.get(USE_LABEL)).and_then(Value::as_str);
        if label != Some("true") {
            findings.add(
                labels,
                format!("the pod template of the {kind} `{name}` lacks the label `{USE_LABEL}`: its pods get no token for Entra"),
                format!("set the label `{USE_LABEL}: \"true\"` under spec.template.metadata.labels; as an annotation it does nothing"),
            );
        }
    }
    let config = "/spec/target/template/data/config";
    if text(config).contains(OLD_TOKEN_PATH) {
        findings.add(
            config,
            format!(
                "the cluster Secret sets AZURE_FEDERATED_TOKEN_FILE to `{OLD_TOKEN_PATH}`, which workload identity webhooks from 1.6 on do \
                 not mount: every login then ends in exit code 20"
            ),
            "leave AZURE_FEDERATED_TOKEN_FILE out: the webhook sets the right path in the pods",
        );
    }
    findings.all
}

#[derive(Default)]
struct Defects {
    all: Vec<Defect>,
}

impl Defects {
    fn add(&mut self, pointer: &str, cause: String, mend: impl Into<String>) {
        self.all.push(Defect { pointer: pointer.to_owned(), cause, mend: mend.into() });
    }
}

/// Placeholders that are still there, with where they stand: `<TO_OVERLAY>`, `<YOUR_TENANT_ID>`, …
pub fn leftovers(object: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    search(object, &mut String::new(), &mut found);
    found
}

fn search(value: &Value, pointer: &mut String, found: &mut Vec<(String, String)>) {
    let length = pointer.len();
    match value {
        Value::String(text) => {
            found.extend(placeholders(text).map(|leftover| (pointer.clone(), leftover.to_owned())))
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                search(item, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                search(member, pointer, found);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

fn is_leftover(text: &str) -> bool {
    placeholders(text).next().is_some()
}

/// `<LIKE_THIS>`: capitals, digits and a few signs between angle brackets. Lower case is left alone, it is HTML and the like.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('<').filter_map(|(start, _)| {
        let inner = &text[start + 1..];
        let end = inner.find('>')?;
        let word = &inner[..end];
        let fits = word.len() >= 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '/' | '.'));
        fits.then(|| &text[start..start + end + 2])
    })
}
