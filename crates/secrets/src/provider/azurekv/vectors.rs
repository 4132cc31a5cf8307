//! The vectors of External Secrets' own tests, as far as they are about Key Vault.

use super::KeyVault;
use crate::api::external_secret::{Find, FindName, RemoteRef};
use crate::controller::Context;
use crate::options::Options;
use crate::ports::{
    AzureVaults, Identity, Ports, Refusal, VaultAccess, VaultFailure, VaultFailureKind, VaultItem,
    VaultObject,
};
use crate::provider::{Provider, ProviderError};
use crate::value::{SecretData, SecretValue};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

/// A vault that answers as a vector says.
struct Answers {
    object: Option<VaultObject>,
    listed: Vec<VaultItem>,
}

impl Answers {
    fn object(&self) -> Result<VaultObject, VaultFailure> {
        self.object.clone().ok_or_else(|| VaultFailure {
            kind: VaultFailureKind::Refused(Box::new(Refusal { status: 404, ..Refusal::default() })),
            text: String::new(),
            retry_after: None,
        })
    }
}

impl AzureVaults for Answers {
    fn login<'a>(&'a self, _: &'a VaultAccess, _: bool) -> BoxFuture<'a, Result<(), VaultFailure>> {
        async { Ok(()) }.boxed()
    }
    fn secret<'a>(
        &'a self,
        _: &'a VaultAccess,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>> {
        async { self.object() }.boxed()
    }
    fn certificate<'a>(
        &'a self,
        _: &'a VaultAccess,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>> {
        async { self.object() }.boxed()
    }
    fn key<'a>(
        &'a self,
        _: &'a VaultAccess,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<VaultObject, VaultFailure>> {
        async { self.object() }.boxed()
    }
    fn list<'a>(&'a self, _: &'a VaultAccess) -> BoxFuture<'a, Result<Vec<VaultItem>, VaultFailure>> {
        async { Ok(self.listed.clone()) }.boxed()
    }
}

fn vault(answers: Answers) -> KeyVault {
    let nobody = tower::service_fn(|_: http::Request<kube::client::Body>| async {
        Ok::<_, Infallible>(http::Response::new(kube::client::Body::empty()))
    });
    let ports = Ports { vaults: Arc::new(answers) };
    KeyVault {
        context: Context::new(kube::Client::new(nobody, "default"), ports, Options::default()),
        key: String::new(),
        access: VaultAccess {
            url: "https://v.vault.azure.net".to_owned(),
            authority: String::new(),
            audience: String::new(),
            identity: Identity::Managed { client_id: None },
        },
        sdk: false,
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    gangplank_yaml::decode_base64(value.as_str()?)
}

/// The object that a vector's vault holds. Where nothing is to be found, it holds none.
fn object(case: &Value) -> Option<VaultObject> {
    if case["expect_error"] == "Secret does not exist" {
        return None;
    }
    let vault = &case["vault"];
    let value = bytes(&vault["value_b64"]).or_else(|| bytes(&vault["cer_b64"]));
    let value = value
        .unwrap_or_else(|| if vault["jwk"].is_null() { Vec::new() } else { vault["jwk"].to_string().into() });
    let time = |name: &str| vault["attributes"][name].as_str().and_then(|time| time.parse().ok());
    Some(VaultObject {
        value: value.into(),
        tags: serde_json::from_value(vault["tags"].clone()).unwrap_or_default(),
        created: time("created"),
        updated: time("updated"),
        expires: time("expires"),
        not_before: time("notBefore").or(time("not_before")),
    })
}

/// What was asserted against what came, on one scale.
fn outcome<T>(case: &Value, came: Result<T, ProviderError>, expected: Option<T>) -> Result<(), String>
where
    T: PartialEq + std::fmt::Debug,
{
    let name = &case["name"];
    match (case["expect_error"].as_str(), came) {
        (Some(text), Err(error)) if error.text().contains(text) => Ok(()),
        (None, Ok(came)) if expected.as_ref().is_none_or(|expected| *expected == came) => Ok(()),
        (error, came) => Err(format!("{name}: asserted {error:?} {expected:?}, came {came:?}")),
    }
}

fn data(value: &Value) -> Option<SecretData> {
    let members = value.as_object()?;
    members.iter().map(|(key, value)| Some((key.clone(), SecretValue::from(bytes(value)?)))).collect()
}

async fn play(section: &str, case: &Value) -> Result<(), String> {
    let reference: RemoteRef = serde_json::from_value(case["remote_ref"].clone()).unwrap_or_default();
    match section {
        "azure_get" => {
            let vault = vault(Answers { object: object(case), listed: Vec::new() });
            let expected = bytes(&case["expected_b64"]).map(SecretValue::from);
            outcome(case, vault.get(&reference).await, expected)
        }
        "azure_get_map" => {
            let vault = vault(Answers { object: object(case), listed: Vec::new() });
            outcome(case, vault.get_map(&reference).await, data(&case["expected_b64"]))
        }
        _ => {
            let listed = case["listed"].as_array().into_iter().flatten().map(|item| VaultItem {
                name: item["name"].as_str().unwrap_or_default().to_owned(),
                enabled: item["enabled"].as_bool().unwrap_or(true),
                tags: serde_json::from_value(item["tags"].clone()).unwrap_or_default(),
            });
            let holds = json!({"vault": {"value_b64": case["secret_value_b64"]}});
            let vault = vault(Answers { object: object(&holds), listed: listed.collect() });
            let regexp = case["find"]["name_regexp"].as_str().map(str::to_owned);
            let tags: BTreeMap<String, String> =
                serde_json::from_value(case["find"]["tags"].clone()).unwrap_or_default();
            let find = Find { name: regexp.map(|regexp| FindName { regexp }), tags, ..Find::default() };
            outcome(case, vault.find(&find).await, data(&case["expected_b64"]))
        }
    }
}

#[tokio::test]
async fn external_secrets_vectors_azure() {
    let folder = match std::env::var_os("GANGPLANK_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    };
    let Ok(text) = std::fs::read(folder.join("external-secrets/vectors.json")) else {
        println!("skipped: no corpus (set GANGPLANK_CORPUS)");
        return;
    };
    let vectors: Value = serde_json::from_slice(&text).unwrap();
    let mut differences = Vec::new();
    for section in ["azure_get", "azure_get_map", "azure_find"] {
        let cases = vectors[section].as_array().unwrap();
        let mut equal = 0;
        for case in cases {
            match play(section, case).await {
                Ok(()) => equal += 1,
                Err(difference) => differences.push(format!("{section}: {difference}")),
            }
        }
        println!("{section}: {equal} of {}", cases.len());
    }
    assert_eq!(differences, Vec::<String>::new());
}
