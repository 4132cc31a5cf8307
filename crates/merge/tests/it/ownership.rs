//! Who owns what after every recorded write.
//!
//! The transcripts show objects before and after each write. What lies between (defaults, validation) is not this crate's;
//! but given both, the managed fields and the conflicts must come out as recorded.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use gangplank_merge::apply::{self, FieldSet, Versions, Write};
use gangplank_merge::schema::{Node, Schema, builtin};
use serde_json::Value;

use crate::corpus::{Step, Transcript, transcripts};

/// The schemas of a kind's versions; converting changes nothing but the version.
#[derive(Default)]
struct Kinds {
    schemas: BTreeMap<(String, String), Schema>,
    /// Versions of custom resources without a status of its own.
    plain: BTreeSet<String>,
}

struct OneKind<'a> {
    kinds: &'a Kinds,
    kind: &'a str,
}

impl Kinds {
    fn learn(&mut self, definition: &Value) {
        let text =
            |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
        for version in definition.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten() {
            let api_version = format!("{}/{}", text("/spec/group"), version["name"].as_str().unwrap_or(""));
            let schema = Schema::of_custom_resource(&version["schema"]["openAPIV3Schema"]);
            match version.pointer("/subresources/status") {
                Some(_) => self.plain.remove(&api_version),
                None => self.plain.insert(api_version.clone()),
            };
            self.schemas.insert((api_version, text("/spec/names/kind")), schema);
        }
    }
}

impl Versions for OneKind<'_> {
    fn schema(&self, api_version: &str) -> Option<&Schema> {
        self.kinds.schemas.get(&(api_version.to_owned(), self.kind.to_owned()))
    }

    fn convert<'v>(&self, object: &'v Value, api_version: &str) -> Option<Cow<'v, Value>> {
        let schema = self.schema(api_version)?;
        let mut object = object.clone();
        object["apiVersion"] = Value::from(api_version);
        prune(schema.root(), &mut object);
        Some(Cow::Owned(object))
    }
}

/// Drops what a version does not declare.
fn prune(node: Node<'_>, object: &mut Value) {
    if let (Some(map), Some(members)) = (&node.ty().map, object.as_object_mut()) {
        members.retain(|key, _| node.under(map, key).is_some());
        members.iter_mut().for_each(|(key, value)| prune(node.under(map, key).expect("kept"), value));
    }
}

/// What a write did, as recorded: the object's managed fields, or the message.
fn recorded(step: &Step) -> Value {
    match step.status {
        200 | 201 => step.body.pointer("/metadata/managedFields").cloned().unwrap_or(Value::Null),
        _ => step.body["message"].clone(),
    }
}

/// The fields a door can't change.
fn reset(kind: &str, plain: bool, subresource: &str) -> FieldSet {
    match (subresource, kind) {
        ("", _) if plain => FieldSet::default(),
        ("", "ConfigMap" | "Secret") => FieldSet::default(),
        ("", _) => FieldSet::of_fields(&[&["status"]]),
        ("status", "Deployment") => FieldSet::of_fields(&[&["spec"], &["metadata", "labels"]]),
        ("status", _) => FieldSet::of_fields(&[&["spec"]]),
        _ => FieldSet::default(),
    }
}

/// A path below a group without its version: all versions show the same objects.
fn unversioned(path: &str) -> String {
    let parts = path.split('/').enumerate();
    parts
        .filter(|(at, _)| *at != 3 || !path.starts_with("/apis/"))
        .map(|(_, part)| part)
        .collect::<Vec<_>>()
        .join("/")
}

struct Replay {
    kinds: Kinds,
    stored: BTreeMap<String, Value>,
    checked: usize,
    failures: Vec<String>,
}

impl Replay {
    fn play(&mut self, transcript: &Transcript) {
        self.stored.clear();
        for (index, step) in transcript.steps.iter().enumerate() {
            let path = unversioned(step.text("/path").trim_end_matches("/status"));
            let subresource = if step.text("/path").ends_with("/status") { "status" } else { "" };
            let method = step.text("/method");
            let name = step.body.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("").to_owned();
            let key = if method == "POST" { format!("{path}/{name}") } else { path };
            if let Some((got, expect)) = self.check(step, method, &key, subresource) {
                self.checked += 1;
                if got != expect {
                    self.failures.push(format!(
                        "{}/{} step {}:\n  expect {expect}\n  got    {got}",
                        transcript.area,
                        transcript.name,
                        index + 1
                    ));
                }
            }
            self.follow(step, method, key);
        }
    }

    /// Keeps what the server holds now.
    fn follow(&mut self, step: &Step, method: &str, key: String) {
        for definition in [&step.request["body"], &step.body] {
            if step.status < 300 && definition["kind"] == "CustomResourceDefinition" {
                self.kinds.learn(definition);
            }
        }
        let dry = step.request.pointer("/query/dryRun").is_some();
        let whole = step.request["pick"].is_null() && step.body.pointer("/metadata/uid").is_some();
        match method {
            "DELETE" if !dry => drop(self.stored.remove(&key)),
            "POST" | "PUT" | "PATCH" | "GET" if step.status < 300 && !dry && whole => {
                self.stored.insert(key, step.body.clone());
            }
            _ => {}
        }
    }

    /// The managed fields or the message, ours and the recorded ones; none where the step shows neither.
    fn check(&self, step: &Step, method: &str, key: &str, subresource: &str) -> Option<(Value, Value)> {
        let body = &step.request["body"];
        let content_type = step.text("/headers/Content-Type");
        let applies = content_type.contains("apply-patch");
        let expect = recorded(step);
        // A body that is text, or a part of an answer, or a subresource of another kind shows too little.
        let shown = ["pick", "show"].iter().any(|name| !step.request[*name].is_null());
        if !matches!(method, "POST" | "PUT" | "PATCH") || shown || body.is_string() {
            return None;
        }
        let kind = if step.status < 300 { step.body["kind"].as_str()? } else { body["kind"].as_str()? };
        let api_version =
            if step.status < 300 { &step.body["apiVersion"] } else { &body["apiVersion"] }.as_str()?;
        let versions = OneKind { kinds: &self.kinds, kind };
        versions.schema(api_version)?;
        let user_agent = match step.text("/headers/User-Agent").split('/').next() {
            Some("") | None => "recorder",
            Some(agent) => agent,
        };
        let manager =
            Some(step.text("/query/fieldManager")).filter(|name| !name.is_empty()).unwrap_or(user_agent);
        let reset = reset(kind, self.kinds.plain.contains(api_version), subresource);
        let write = Write {
            manager,
            api_version,
            kind,
            subresource,
            now: "<time>",
            versions: &versions,
            reset: &reset,
        };
        let stored = self.stored.get(key);
        if applies {
            let force = !matches!(step.text("/query/force"), "" | "0" | "false");
            // A stored object may have come in another version than this request's.
            let live = stored.map(|stored| versions.convert(stored, api_version).expect("a served version"));
            let got = match apply::apply(live.as_deref(), body, force, &write) {
                Ok(object) if step.status < 300 => {
                    object.pointer("/metadata/managedFields").cloned().unwrap_or(Value::Null)
                }
                // Refused for what other parts check.
                Ok(_) => return None,
                // Whether there is such a subresource at all is asked before.
                Err(_) if step.status == 404 => return None,
                Err(error) => Value::from(error.to_string()),
            };
            return Some((got, expect));
        }
        if step.status >= 300
            || (step.status == 200 && stored.is_none())
            || step.body.pointer("/metadata/uid").is_none()
        {
            return None;
        }
        let mut after = step.body.clone();
        let metadata = after.get_mut("metadata")?.as_object_mut()?;
        metadata.remove("managedFields");
        if let Some(given) = body.pointer("/metadata/managedFields") {
            metadata.insert("managedFields".to_owned(), given.clone());
        }
        // What the server sets after it has noted the writer.
        let late = matches!(kind, "Job" | "Namespace" | "Service") && step.status == 201;
        // A list that is stored as null was no null when its writer was noted.
        let late = late || step.body["rules"].is_null() && body["rules"].is_array();
        if late || body.to_string().contains("\"/metadata/managedFields") {
            return None;
        }
        let before = stored.filter(|_| step.status != 201);
        let before = before.map(|before| versions.convert(before, api_version).expect("a served version"));
        let object = apply::update(before.as_deref(), after, &write);
        let got = object.pointer("/metadata/managedFields").cloned().unwrap_or(Value::Null);
        Some((got, expect))
    }
}

#[test]
fn managed_fields_come_out_as_recorded() {
    let mut kinds = Kinds::default();
    for api_version in ["v1", "apps/v1", "batch/v1", "coordination.k8s.io/v1", "rbac.authorization.k8s.io/v1"]
    {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        for kind in [
            "ConfigMap",
            "Secret",
            "Service",
            "ServiceAccount",
            "Pod",
            "Namespace",
            "Event",
            "StatefulSet",
            "Deployment",
            "ReplicaSet",
            "DaemonSet",
            "Job",
            "CronJob",
            "Lease",
            "Role",
            "RoleBinding",
            "ClusterRole",
            "ClusterRoleBinding",
        ] {
            if let Some(schema) = builtin().kind(group, version, kind) {
                kinds.schemas.insert((api_version.to_owned(), kind.to_owned()), schema);
            }
        }
    }
    let mut replay = Replay { kinds, stored: BTreeMap::new(), checked: 0, failures: Vec::new() };
    for transcript in transcripts() {
        replay.play(&transcript);
    }
    println!("{} of {} writes as recorded", replay.checked - replay.failures.len(), replay.checked);
    assert!(replay.failures.is_empty(), "{}", replay.failures.join("\n"));
}
