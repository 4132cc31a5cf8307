//! Recorded exchanges of real clients, played again: the cloud must answer each request as the client needed it.
//!
//! Ids differ from world to world, so those of a recorded answer are replaced by ours in all later requests.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use gangplank_azuresim::{NewCredential, rbac::role_id};
use jiff::Timestamp;
use serde_json::Value;

use crate::world::{AUDIENCE, Answer, ISSUER, World};

/// The client of the recordings.
const CLIENT: &str = "22222222-2222-2222-2222-222222222222";
const SUBJECT: &str = "repo:contoso/platform:ref:refs/heads/main";

fn corpus() -> Result<PathBuf, String> {
    let folder = std::env::var_os("GANGPLANK_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from)
        .join("azure");
    let missing =
        || format!("there are no recorded exchanges at {} (set GANGPLANK_CORPUS)", folder.display());
    if folder.is_dir() { Ok(folder) } else { Err(missing()) }
}

/// A world in which the recordings' client may do everything, and what its recorded values are here.
struct Replay {
    world: World,
    client: String,
    renamed: BTreeMap<String, String>,
    played: usize,
    differing: Vec<String>,
}

impl Replay {
    fn new() -> Self {
        let world = World::new();
        let application = world.cloud.create_application("recorded client");
        let credential = NewCredential {
            name: "ci".into(),
            issuer: ISSUER.into(),
            subject: SUBJECT.into(),
            audience: AUDIENCE.into(),
        };
        world.cloud.add_application_credential(application, credential);
        world.cloud.add_client_secret(application, "secret".to_owned().into(), Timestamp::MAX);
        for role in ["Owner", "Key Vault Administrator"] {
            world
                .cloud
                .assign_role("/", application.object_id, role_id(role).expect("a role"))
                .expect("assigned");
        }
        let client = application.app_id.to_string();
        let renamed = [(CLIENT.to_owned(), client.clone())].into();
        Replay { world, client, renamed, played: 0, differing: Vec::new() }
    }

    fn ours(&self, text: &str) -> String {
        self.renamed.iter().fold(text.to_owned(), |text, (recorded, ours)| text.replace(recorded, ours))
    }

    async fn play(&mut self, file: &Path) {
        for line in std::fs::read_to_string(file).expect("a recording").lines() {
            let exchange: Value = serde_json::from_str(line).expect("JSON");
            let host = exchange.pointer("/request/host").and_then(Value::as_str).unwrap_or_default();
            // A line that opens a command has no request; az also asks hosts that are no part of a cloud.
            if self.world.cloud.answers_for(host) {
                self.exchange(&exchange["request"], &exchange["response"]).await;
            }
        }
    }

    async fn exchange(&mut self, request: &Value, recorded: &Value) {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let (method, host, path) = (text("method"), text("host"), text("path"));
        let query = request["query"].as_object().into_iter().flatten();
        let query = query.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let url = self.ours(&format!("https://{host}{path}?{query}"));
        let mut headers = Vec::new();
        let bearer = match request["authorized"].as_bool() {
            Some(true) => format!("Bearer {}", self.token(host).await),
            _ => String::new(),
        };
        if !bearer.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        let body = match &request["body"] {
            Value::Null => String::new(),
            Value::String(form) => self.form(form),
            body => self.ours(&body.to_string()),
        };
        let answer = self.world.raw(method, &url, &headers, body).await;
        self.played += 1;
        // The stand-in had no Graph; ours has.
        if host != "graph.microsoft.com" {
            self.compare(&format!("{method} {host}{path}"), recorded, &answer);
        }
        self.rename(&recorded["body"], &answer.body);
    }

    async fn token(&self, host: &str) -> String {
        let resource = if host.contains(".vault.") { "vault.azure.net" } else { host };
        let client = self.client.parse().expect("a GUID");
        self.world.secret_login(client, "secret", &format!("https://{resource}/.default")).await
    }

    /// A recorded login, with an assertion that our Entra can believe.
    fn form(&self, form: &str) -> String {
        let assertion = self.world.assertion(SUBJECT);
        let fields = form_urlencoded::parse(form.as_bytes()).map(|(name, value)| match &*name {
            "client_assertion" => (name, assertion.as_str().into()),
            "client_id" => (name, self.client.as_str().into()),
            _ => (name, value),
        });
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    fn compare(&mut self, what: &str, recorded: &Value, answer: &Answer) {
        let mut differ = |reason: String| self.differing.push(format!("{what}: {reason}"));
        if recorded["status"] != answer.status {
            differ(format!("status {} instead of {}: {}", answer.status, recorded["status"], answer.text));
            return;
        }
        for (name, value) in recorded["headers"].as_object().into_iter().flatten() {
            match answer.header(name) {
                None => differ(format!("no header {name}")),
                Some(ours) if name == "WWW-Authenticate" && Some(ours) != value.as_str() => {
                    differ(format!("{name}: {ours}"));
                }
                Some(_) => {}
            }
        }
        if recorded["body"].is_null() != answer.text.is_empty() {
            differ(format!("body {}", answer.text));
        }
        if recorded["body"].is_null() && answer.header("content-type").is_some() {
            differ("a content type without a body".to_owned());
        }
        let mut missing = Vec::new();
        shape(&recorded["body"], &answer.body, String::new(), &mut missing);
        // The stand-in took every resource for a cluster; an assignment's provisioning state is its invention, too.
        missing.retain(|pointer| {
            !what.contains("/roleAssignments")
                || pointer.contains("/principal")
                || !pointer.contains("/properties/")
        });
        // Identities and credentials have no provisioning state on Azure.
        missing.retain(|pointer| {
            !what.contains("userAssignedIdentities") || !pointer.ends_with("provisioningState")
        });
        // Lists of secrets carry no version, lists of mixed resources no properties: `id` and `name` serve.
        missing.retain(|pointer| !what.ends_with("/resources") || !pointer.contains("/properties"));
        if !missing.is_empty() {
            differ(format!("without {}", missing.join(", ")));
        }
    }

    /// Notes what a recorded id, address or time is called here.
    fn rename(&mut self, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                for (name, value) in recorded {
                    self.rename(value, ours.get(name).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(recorded), Value::Array(ours)) if recorded.len() == ours.len() => {
                for (recorded, ours) in recorded.iter().zip(ours) {
                    self.rename(recorded, ours);
                }
            }
            (Value::String(recorded), Value::String(ours)) if recorded != ours => {
                let is_guid = uuid::Uuid::try_parse(recorded).is_ok();
                if is_guid || recorded.starts_with("https://westeurope.oic") {
                    self.renamed.entry(recorded.clone()).or_insert_with(|| ours.clone());
                }
            }
            _ => {}
        }
    }
}

/// The members of `recorded` that `ours` has not, or has in another JSON type.
fn shape(recorded: &Value, ours: &Value, at: String, missing: &mut Vec<String>) {
    let same_type = match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            for (name, value) in recorded {
                shape(value, ours.get(name).unwrap_or(&Value::Null), format!("{at}/{name}"), missing);
            }
            true
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if let (Some(recorded), Some(ours)) = (recorded.first(), ours.first()) {
                shape(recorded, ours, format!("{at}/0"), missing);
            }
            true
        }
        (Value::Null, _) => true,
        (recorded, ours) => std::mem::discriminant(recorded) == std::mem::discriminant(ours),
    };
    if !same_type {
        missing.push(at);
    }
}

async fn play(files: &[&str]) -> Result<usize, String> {
    let folder = corpus()?;
    let mut replay = Replay::new();
    for file in files {
        replay.play(&folder.join(file)).await;
    }
    assert!(replay.played > 0 && replay.differing.is_empty(), "{}", replay.differing.join("\n"));
    Ok(replay.played)
}

#[tokio::test]
async fn terraform_applies_plans_and_destroys() {
    match play(&["terraform-apply.jsonl", "terraform-plan.jsonl", "terraform-destroy.jsonl"]).await {
        Ok(played) => println!("{played} exchanges played"),
        Err(reason) => println!("skipped: {reason}"),
    }
}

#[tokio::test]
async fn the_commands_of_az() {
    match play(&["az.jsonl"]).await {
        Ok(played) => println!("{played} exchanges played"),
        Err(reason) => println!("skipped: {reason}"),
    }
}
