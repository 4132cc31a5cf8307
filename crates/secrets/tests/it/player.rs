//! Plays one recorded case: steps in order, in a namespace and with a vault of its own.

use super::compare::{difference, filled, recorded_form, text_fits};
use super::tenant::{TENANT, Tenant};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gangplank_azuresim::{
    ApplicationIds, CertificateSeed, FaultRule, KeySeed, Plane, SecretSeed, VaultContents,
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::Instant;

/// How long what came is waited for; the recordings waited half as long, on an idle machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long something that did not come is waited for.
const CERTAINTY: Duration = Duration::from_secs(4);

/// Where cases are played: an API server that the operator works on, and an Azure that trusts its tokens.
pub(crate) trait Stage {
    fn tenant(&self) -> &Tenant;

    /// One request to the API server, as somebody who may do everything: status and JSON.
    async fn ask_for(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        content_type: &str,
        accept: &str,
    ) -> (u16, Value);

    /// The same, JSON in and out.
    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.ask_for(method, path, body, "application/json", "application/json").await
    }
}

pub(crate) struct Playing<'a, S> {
    world: &'a S,
    namespace: String,
    vault: String,
    application: ApplicationIds,
    contents: Value,
    remembered: HashMap<(String, String), Value>,
}

fn text<'v>(step: &'v Value, member: &str) -> &'v str {
    step[member].as_str().unwrap_or_default()
}

/// Plays a case; the error is the first difference.
pub(crate) async fn play<S: Stage>(world: &S, case: &Value, number: usize) -> Result<(), String> {
    let namespace = format!("eso-{number}");
    let vault = format!("vault-{number}");
    let application = world.tenant().vault(&vault);
    let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    world.ask("POST", "/api/v1/namespaces", Some(&manifest)).await;
    world.tenant().trust(application, &namespace, "eso-sa");
    let mut playing =
        Playing { world, namespace, vault, application, contents: json!({}), remembered: HashMap::new() };
    for (index, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
        let step = filled(step, &playing.namespace, &playing.vault);
        playing.step(&step).await.map_err(|difference| {
            let what = step.get("do").or(step.get("saw")).and_then(Value::as_str).unwrap_or_default();
            format!("step {index} ({what} {}): {difference}", text(&step, "name"))
        })?;
    }
    Ok(())
}

impl<S: Stage> Playing<'_, S> {
    async fn step(&mut self, step: &Value) -> Result<(), String> {
        match text(step, "do") {
            "vault" => self.fill(&step["contents"]),
            "apply" => return self.apply(step).await,
            "patch" => {
                let path = self.path(text(step, "kind"), text(step, "name"));
                let patch = &step["patch"];
                let answer = self
                    .world
                    .ask_for("PATCH", &path, Some(patch), "application/merge-patch+json", "application/json")
                    .await;
                return status(step, &answer);
            }
            "delete" => {
                let path = self.path(text(step, "kind"), text(step, "name"));
                return status(step, &self.world.ask("DELETE", &path, None).await);
            }
            "pause" => {
                tokio::time::sleep(Duration::from_secs_f64(step["seconds"].as_f64().unwrap_or_default()))
                    .await;
            }
            "remember" => {
                let object = self.read(text(step, "kind"), text(step, "name")).await;
                self.remembered
                    .insert((text(step, "kind").to_owned(), text(step, "name").to_owned()), object);
            }
            "wait" => return self.wait(step).await,
            _ => return self.saw_in_time(step).await,
        }
        Ok(())
    }

    /// What was seen is a state that lasts: a slow machine may need longer to come to it.
    async fn saw_in_time(&self, step: &Value) -> Result<(), String> {
        let end = Instant::now() + CERTAINTY;
        loop {
            match self.saw(step).await {
                Err(_) if Instant::now() < end => tokio::time::sleep(Duration::from_millis(100)).await,
                outcome => return outcome,
            }
        }
    }

    fn path(&self, kind: &str, name: &str) -> String {
        let (namespace, name) = name.split_once('/').unwrap_or((&self.namespace, name));
        let plural = format!("{}s", kind.to_ascii_lowercase());
        match kind {
            "Namespace" => format!("/api/v1/namespaces/{name}"),
            "Secret" | "ConfigMap" | "ServiceAccount" => {
                format!("/api/v1/namespaces/{namespace}/{plural}/{name}")
            }
            "ClusterSecretStore" | "ClusterExternalSecret" => {
                format!("/apis/external-secrets.io/v1/{plural}/{name}")
            }
            "Fake" => {
                format!("/apis/generators.external-secrets.io/v1alpha1/namespaces/{namespace}/fakes/{name}")
            }
            _ => format!("/apis/external-secrets.io/v1/namespaces/{namespace}/{plural}/{name}"),
        }
    }

    /// An object as it is there, or null.
    async fn read(&self, kind: &str, name: &str) -> Value {
        match self.world.ask("GET", &self.path(kind, name), None).await {
            (200, object) => object,
            _ => Value::Null,
        }
    }

    async fn apply(&self, step: &Value) -> Result<(), String> {
        let mut object = step["object"].clone();
        self.identify(&mut object, "");
        let kind = text(&object, "kind").to_owned();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or(&self.namespace).to_owned();
        let name = text(&object["metadata"], "name").to_owned();
        if kind == "ServiceAccount" {
            self.world.tenant().trust(self.application, &namespace, &name);
        }
        if kind == "Secret" {
            for value in object["stringData"].as_object().into_iter().flat_map(|data| data.values()) {
                let secret = SecretString::from(value.as_str().unwrap_or_default());
                self.world.tenant().cloud.add_client_secret(self.application, secret, Timestamp::MAX);
            }
        }
        self.own(&mut object).await;
        let path = if kind.starts_with("Cluster") || kind == "Namespace" {
            self.path(&kind, &name)
        } else {
            self.path(&kind, &format!("{namespace}/{name}"))
        };
        let present = self.world.ask("GET", &path, None).await;
        let answer = if present.0 == 200 {
            object["metadata"]["resourceVersion"] = present.1["metadata"]["resourceVersion"].clone();
            // A client that replaces an object keeps what it does not know; ours is the recorder's, which kept finalizers.
            object["metadata"]["finalizers"] = present.1["metadata"]["finalizers"].clone();
            self.world.ask("PUT", &path, Some(&object)).await
        } else {
            let collection =
                path.rsplit_once('/').map(|(collection, _)| collection.to_owned()).unwrap_or_default();
            self.world.ask("POST", &collection, Some(&object)).await
        };
        status(step, &answer)
    }

    /// Puts real ids where a recording has `<uid>`.
    fn identify(&self, value: &mut Value, key: &str) {
        match value {
            Value::String(text) if text == "<uid>" => {
                let tenant = key.to_ascii_lowercase().contains("tenant");
                *text = if tenant { TENANT.to_string() } else { self.application.app_id.to_string() };
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.identify(item, key)),
            Value::Object(members) => members.iter_mut().for_each(|(key, value)| self.identify(value, key)),
            _ => {}
        }
    }

    /// Owner references of recordings have no uid: it is the owner's.
    async fn own(&self, object: &mut Value) {
        let Some(owners) = object["metadata"]["ownerReferences"].as_array().cloned() else { return };
        for (index, owner) in owners.iter().enumerate() {
            let found = self.read(text(owner, "kind"), text(owner, "name")).await;
            let uid = found["metadata"]["uid"].as_str().unwrap_or("00000000-0000-0000-0000-000000000000");
            object["metadata"]["ownerReferences"][index]["uid"] = json!(uid);
        }
    }

    fn fill(&mut self, contents: &Value) {
        for part in ["secrets", "certificates", "keys", "deleted"] {
            if !contents[part].is_null() {
                self.contents[part] = contents[part].clone();
            }
        }
        let tags = |value: &Value| -> BTreeMap<String, String> {
            serde_json::from_value(value["tags"].clone()).unwrap_or_default()
        };
        let entries = |part: &str| self.contents[part].as_object().cloned().unwrap_or_default();
        let version = |value: &Value| value["version"].as_str().map(str::to_owned);
        let secret = |value: &Value| SecretSeed {
            version: version(value),
            enabled: value["enabled"].as_bool().unwrap_or(true),
            content_type: value["contentType"].as_str().map(str::to_owned),
            tags: Some(tags(value)).filter(|tags| !tags.is_empty()),
            expires: value["exp"].as_i64().or(value["attributes"]["exp"].as_i64()),
            not_before: value["nbf"].as_i64().or(value["attributes"]["nbf"].as_i64()),
            ..SecretSeed::new(text(value, "value"))
        };
        let versions = |value: &Value| value.as_array().into_iter().flatten().map(secret).collect();
        let filled = self.world.tenant().cloud.set_vault_contents(
            &self.vault,
            VaultContents {
                secrets: entries("secrets")
                    .iter()
                    .map(|(name, value)| (name.clone(), versions(value)))
                    .collect(),
                certificates: entries("certificates")
                    .iter()
                    .map(|(name, value)| {
                        let der = BASE64_STANDARD.decode(text(value, "cer")).unwrap_or_default();
                        (name.clone(), CertificateSeed { version: version(value), der, tags: tags(value) })
                    })
                    .collect(),
                keys: entries("keys")
                    .iter()
                    .map(|(name, value)| {
                        let jwk = value.get("jwk").or(value.get("key")).unwrap_or(value).clone();
                        (name.clone(), KeySeed { version: version(value), jwk, tags: tags(value) })
                    })
                    .collect(),
                deleted: match &self.contents["deleted"] {
                    Value::Object(names) => names.keys().cloned().collect(),
                    Value::Array(names) => {
                        names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                    }
                    _ => Vec::new(),
                },
            },
        );
        assert!(filled, "vault {} is there", self.vault);
        self.break_things(contents);
    }

    /// Sets this case's faults and leaves those of other cases.
    fn break_things(&self, contents: &Value) {
        let client = self.application.app_id.to_string();
        let vault = Plane::Vault(self.vault.clone());
        let rule = |plane: Plane, fault: &Value, name: &str| {
            let status =
                fault["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
            FaultRule {
                name: name.to_owned(),
                retry_after: match &fault["retryAfter"] {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                },
                times: fault["times"]
                    .as_u64()
                    .filter(|times| *times > 0)
                    .and_then(|times| u32::try_from(times).ok()),
                ..FaultRule::new(plane, status, text(fault, "body"))
            }
        };
        let _guard = self.world.tenant().faults.lock().unwrap();
        let mut faults = self.world.tenant().cloud.faults();
        faults.rules.retain(|rule| rule.plane != vault && rule.name != client);
        if let fault @ Value::Object(_) = &contents["fault"] {
            faults.rules.push(rule(vault, fault, text(fault, "name")));
        }
        if let fault @ Value::Object(_) = &contents["entra_fault"] {
            faults.rules.push(rule(Plane::Entra, fault, &client));
        }
        self.world.tenant().cloud.set_faults(faults);
    }

    async fn wait(&self, step: &Value) -> Result<(), String> {
        let came = step["came"].as_bool().unwrap_or(true);
        let end = Instant::now() + if came { PATIENCE } else { CERTAINTY };
        loop {
            let object = self.read(text(step, "kind"), text(step, "name")).await;
            let holds = self.holds(step, &object);
            if holds && came {
                return Ok(());
            }
            if holds {
                return Err("came, which it did not when it was recorded".to_owned());
            }
            if Instant::now() >= end {
                let status = &object["status"];
                return if came { Err(format!("did not come: {step}, status {status}")) } else { Ok(()) };
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn holds(&self, step: &Value, object: &Value) -> bool {
        let ready = object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|condition| condition["type"] == "Ready")
            .cloned()
            .unwrap_or_default();
        let member = |name: &str, of: &Value| match step[name].as_str() {
            Some(expect) => of.as_str().is_some_and(|found| text_fits(expect, found)),
            None => true,
        };
        let key = (text(step, "kind").to_owned(), text(step, "name").to_owned());
        let refreshed = match step.get("refreshed") {
            Some(_) => {
                let before = self.remembered.get(&key).map(|object| &object["status"]["refreshTime"]);
                before != Some(&object["status"]["refreshTime"])
            }
            None => true,
        };
        let pointed = match step["pointer"].as_str() {
            Some(pointer) => {
                let found = object.pointer(pointer).cloned().unwrap_or_default();
                difference(&step["value"], &found, "").is_none()
            }
            None => true,
        };
        let data = step["data"].as_object().into_iter().flatten().all(|(key, expect)| {
            let object = recorded_form(object.clone());
            object["data"].get(key).unwrap_or(&Value::Null) == expect
        });
        let gone = match step["gone"].as_bool() {
            Some(gone) => object.is_null() == gone,
            None => !object.is_null(),
        };
        gone && refreshed
            && pointed
            && data
            && member("ready", &ready["status"])
            && member("reason", &ready["reason"])
            && member("message", &ready["message"])
    }

    async fn saw(&self, step: &Value) -> Result<(), String> {
        let (of, name) = (text(step, "of"), text(step, "name"));
        match text(step, "saw") {
            "Conditions" => {
                let object = self.read(of, name).await;
                let mut conditions = object["status"]["conditions"].clone();
                for condition in conditions.as_array_mut().into_iter().flatten() {
                    condition.as_object_mut().unwrap().remove("lastTransitionTime");
                }
                differs(&step["conditions"], &conditions)
            }
            "Events" => self.events(step).await,
            "change" => {
                let object = self.read(of, name).await;
                let before = &self.remembered[&(of.to_owned(), name.to_owned())];
                let changed = |pointer: &str| object.pointer(pointer) != before.pointer(pointer);
                let found = [
                    ("written", changed("/metadata/resourceVersion")),
                    ("recreated", changed("/metadata/uid")),
                    ("refreshed", changed("/status/refreshTime")),
                ];
                let wrong = found
                    .iter()
                    .find(|(what, found)| step[*what].as_bool().is_some_and(|expect| expect != *found));
                wrong.map_or(Ok(()), |(what, found)| Err(format!("{what}: found {found}")))
            }
            "Table" => self.table(step).await,
            kind => {
                let found = self.read(kind, name).await;
                differs(&step["object"], &recorded_form(found))
            }
        }
    }

    /// Those listed must come; others may.
    async fn events(&self, step: &Value) -> Result<(), String> {
        let namespace = step["namespace"].as_str().unwrap_or(&self.namespace);
        let (_, list) = self.world.ask("GET", &format!("/api/v1/namespaces/{namespace}/events"), None).await;
        let is_about = |event: &&Value| {
            event["involvedObject"]["kind"] == step["of"] && event["involvedObject"]["name"] == step["name"]
        };
        let events = list["items"].as_array().into_iter().flatten().filter(is_about);
        let found: Vec<[&str; 3]> =
            events.map(|event| ["type", "reason", "message"].map(|member| text(event, member))).collect();
        let fits = |expect: &Value, found: &[&str; 3]| {
            (0..3).all(|part| text_fits(expect[part].as_str().unwrap_or_default(), found[part]))
        };
        let missing = step["events"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|expect| !found.iter().any(|found| fits(expect, found)));
        missing.map_or(Ok(()), |missing| Err(format!("event {missing} did not come; came {found:?}")))
    }

    async fn table(&self, step: &Value) -> Result<(), String> {
        let path = format!("/apis/external-secrets.io/v1/namespaces/{}/{}", self.namespace, text(step, "of"));
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
        let (_, table) = self.world.ask_for("GET", &path, None, "application/json", accept).await;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let columns: Value =
            list(&table["columnDefinitions"]).iter().map(|column| column["name"].clone()).collect();
        let rows: Value = list(&table["rows"]).iter().map(|row| row["cells"].clone()).collect();
        differs(&json!([step["columns"], step["rows"]]), &json!([columns, rows]))
    }
}

fn differs(expect: &Value, found: &Value) -> Result<(), String> {
    difference(expect, found, "").map_or(Ok(()), Err)
}

/// The answer's status, and its message where one was recorded.
fn status(step: &Value, answer: &(u16, Value)) -> Result<(), String> {
    if step["status"].as_u64().is_some_and(|expect| expect != u64::from(answer.0)) {
        return Err(format!("status {}, {}", answer.0, answer.1["message"]));
    }
    match step["message"].as_str() {
        Some(message) if !text_fits(message, text(&answer.1, "message")) => {
            Err(format!("message: recorded {message:?}, found {}", answer.1["message"]))
        }
        _ => Ok(()),
    }
}
