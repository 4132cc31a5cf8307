//! Spoils the Azure side of a world after it was applied: the breaks of [`Place::Azure`].
//!
//! It acts as the platform engineer and finds what to spoil as anybody would, by what it is for (the subject of a
//! credential, the role of an assignment): it doesn't know who laid it down, nor how they named it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gangplank_azuresim::{Cloud, Faults};
use gangplank_pki::{Authority, Lifetime};
use http::Method;
use serde_json::{Value, json};

use super::facts::{ClusterFacts, Facts};
use crate::azure::caller::Caller;
use crate::breaks::{Break, Place};
use crate::seed::Seed;

const IDENTITIES: &str = "2024-11-30";
const ASSIGNMENTS: &str = "2022-04-01";
const CLUSTERS: &str = "2025-03-01";

/// "Azure Kubernetes Service RBAC Cluster Admin".
const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
/// "Key Vault Secrets User".
const SECRETS_USER: &str = "4633458b-17de-408a-b874-0445c86b69e6";

const SERVER: &str = ":argocd-server";
const CONTROLLER: &str = ":argocd-application-controller";

/// How long a role spreads in a world where that is the defect. On Azure it may take ten minutes.
const SPREADING: std::time::Duration = std::time::Duration::from_secs(600);

/// The tools for spoiling a world.
pub(super) struct Spoiler<'a> {
    pub(super) caller: Caller,
    pub(super) cloud: &'a Cloud,
    pub(super) facts: &'a Facts,
    pub(super) seed: Seed,
}

impl Spoiler<'_> {
    /// Applies one break.
    pub(super) async fn apply(&self, what: Break) -> Result<(), String> {
        match what {
            Break::ClusterStopped => self
                .manage(Method::POST, &format!("{}/stop", self.cluster()?.id), CLUSTERS, None)
                .await
                .map(drop),
            Break::SecretMissing => {
                self.vault(Method::DELETE, &self.ca_secret()?, None).await?;
                let deleted = self.ca_secret()?.replacen("/secrets/", "/deletedsecrets/", 1);
                self.vault(Method::DELETE, &deleted, None).await.map(drop)
            }
            Break::SecretDeleted => self.vault(Method::DELETE, &self.ca_secret()?, None).await.map(drop),
            Break::SecretDisabled => self.disable_secret().await,
            Break::CaOfOlderCluster => {
                let now = self.cloud.now().as_second();
                let mut rng = self.seed.rng("the authority of an older cluster");
                let older = Authority::generate("ca", Lifetime::days(now - 86_400, 365), &mut rng)
                    .map_err(|error| error.to_string())?;
                self.set_ca(BASE64.encode(older.certificate_pem())).await
            }
            Break::CaEncodedTwice => {
                let secret = self.vault(Method::GET, &self.ca_secret()?, None).await?;
                self.set_ca(BASE64.encode(text(&secret, "value"))).await
            }
            Break::SubjectWrongCase => {
                let mut credential = self.credential(CONTROLLER).await?;
                let subject = credential["properties"]["subject"].as_str().unwrap_or_default();
                credential["properties"]["subject"] =
                    subject.replace("serviceaccount", "serviceAccount").into();
                self.put_credential(&credential).await
            }
            Break::IssuerWithoutSlash => {
                let credential = self.credential(CONTROLLER).await?;
                let (identity, _) = split_id(&credential)?;
                for mut credential in self.credentials_of(identity).await? {
                    let issuer = credential["properties"]["issuer"].as_str().unwrap_or_default();
                    credential["properties"]["issuer"] = issuer.trim_end_matches('/').into();
                    self.put_credential(&credential).await?;
                }
                Ok(())
            }
            Break::ServerWithoutCredential => {
                let credential = self.credential(SERVER).await?;
                self.manage(Method::DELETE, text(&credential, "id"), IDENTITIES, None).await.map(drop)
            }
            Break::ClientIdForObjectId => self.assign_to_client_id().await,
            Break::NoRoleOnVault => {
                for assignment in self.assignments(&self.facts.vault.id, SECRETS_USER).await? {
                    self.manage(Method::DELETE, text(&assignment, "id"), ASSIGNMENTS, None).await?;
                }
                Ok(())
            }
            Break::RolePropagating => {
                let assignments = self.assignments(&self.facts.vault.id, SECRETS_USER).await?;
                for assignment in &assignments {
                    self.manage(Method::DELETE, text(assignment, "id"), ASSIGNMENTS, None).await?;
                }
                let before = self.cloud.faults();
                self.cloud.set_faults(Faults { role_propagation: SPREADING, ..before.clone() });
                let outcome = self.put_assignments(&assignments).await;
                self.cloud.set_faults(before);
                outcome
            }
            Break::ClusterWithoutEntra
            | Break::ClusterWithoutAzureRbac
            | Break::TlsNameMismatch
            | Break::ApiServerUnreachable
            | Break::StoreInOtherNamespace
            | Break::OldApiVersion
            | Break::LeftoverPlaceholder
            | Break::OverlayNotListed
            | Break::PathInRepoUrl
            | Break::TemplateError
            | Break::PodWithoutLabel
            | Break::OldTokenPath => {
                debug_assert_ne!(what.place(), Place::Azure);
                Err(format!("`{what}` is no break of the Azure side"))
            }
        }
    }

    /// The cluster that is spoiled: the first one.
    fn cluster(&self) -> Result<&ClusterFacts, String> {
        self.facts.clusters.first().ok_or_else(|| "the world has no cluster to spoil".to_owned())
    }

    fn ca_secret(&self) -> Result<String, String> {
        Ok(format!("/secrets/{}-ca-cert", self.cluster()?.name))
    }

    async fn set_ca(&self, value: String) -> Result<(), String> {
        self.vault(Method::PUT, &self.ca_secret()?, Some(&json!({"value": value}))).await.map(drop)
    }

    async fn disable_secret(&self) -> Result<(), String> {
        let secret = self.vault(Method::GET, &self.ca_secret()?, None).await?;
        let version = text(&secret, "id").rsplit('/').next().unwrap_or_default();
        let path = format!("{}/{version}", self.ca_secret()?);
        self.vault(Method::PATCH, &path, Some(&json!({"attributes": {"enabled": false}}))).await.map(drop)
    }

    async fn assign_to_client_id(&self) -> Result<(), String> {
        let credential = self.credential(CONTROLLER).await?;
        let (identity, _) = split_id(&credential)?;
        let identity = self.manage(Method::GET, identity, IDENTITIES, None).await?;
        let client_id = identity["properties"]["clientId"].as_str().unwrap_or_default();
        let object_id = identity["properties"]["principalId"].as_str().unwrap_or_default();
        for mut assignment in self.assignments(&self.cluster()?.id, CLUSTER_ADMIN).await? {
            if assignment["properties"]["principalId"] != object_id {
                continue;
            }
            self.manage(Method::DELETE, text(&assignment, "id"), ASSIGNMENTS, None).await?;
            assignment["properties"]["principalId"] = client_id.into();
            self.put_assignments(&[assignment]).await?;
        }
        Ok(())
    }

    async fn put_assignments(&self, assignments: &[Value]) -> Result<(), String> {
        for assignment in assignments {
            let properties = &assignment["properties"];
            // The type is stated: without it the wrong principal would be refused at once, as a typist's luck.
            let body = json!({"properties": {
                "roleDefinitionId": properties["roleDefinitionId"],
                "principalId": properties["principalId"],
                "principalType": "ServicePrincipal",
            }});
            self.manage(Method::PUT, text(assignment, "id"), ASSIGNMENTS, Some(&body)).await?;
        }
        Ok(())
    }

    /// The assignments of a role at exactly this scope.
    async fn assignments(&self, scope: &str, role: &str) -> Result<Vec<Value>, String> {
        let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments");
        let listed = self.manage(Method::GET, &id, ASSIGNMENTS, None).await?;
        let wanted = |each: &Value| {
            let properties = &each["properties"];
            text(properties, "scope").eq_ignore_ascii_case(scope)
                && text(properties, "roleDefinitionId").to_ascii_lowercase().ends_with(role)
        };
        Ok(items(listed).into_iter().filter(wanted).collect())
    }

    /// The first federated credential of the hub whose subject ends so.
    async fn credential(&self, subject: &str) -> Result<Value, String> {
        let id = format!(
            "/subscriptions/{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities",
            self.facts.subscription_id
        );
        let identities = self.manage(Method::GET, &id, IDENTITIES, None).await?;
        for identity in items(identities) {
            let credentials = self.credentials_of(text(&identity, "id")).await?;
            let wanted = |each: &Value| text(&each["properties"], "subject").ends_with(subject);
            if let Some(found) = credentials.into_iter().find(wanted) {
                return Ok(found);
            }
        }
        Err(format!(
            "no federated credential has a subject that ends in `{subject}`: was the Azure side applied?"
        ))
    }

    async fn credentials_of(&self, identity: &str) -> Result<Vec<Value>, String> {
        let id = format!("{identity}/federatedIdentityCredentials");
        Ok(items(self.manage(Method::GET, &id, IDENTITIES, None).await?))
    }

    async fn put_credential(&self, credential: &Value) -> Result<(), String> {
        let properties = &credential["properties"];
        let body = json!({"properties": {
            "issuer": properties["issuer"],
            "subject": properties["subject"],
            "audiences": properties["audiences"],
        }});
        self.manage(Method::PUT, text(credential, "id"), IDENTITIES, Some(&body)).await.map(drop)
    }

    async fn manage(
        &self,
        method: Method,
        id: &str,
        version: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        self.caller.manage(method, id, version, body).await
    }

    async fn vault(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        self.caller.vault(method, &self.facts.vault.name, path, body).await
    }
}

/// The identity's id and the credential's name in the id of a federated credential.
fn split_id(credential: &Value) -> Result<(&str, &str), String> {
    let id = text(credential, "id");
    id.rsplit_once("/federatedIdentityCredentials/")
        .ok_or_else(|| format!("`{id}` is no federated credential's id"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn items(mut list: Value) -> Vec<Value> {
    match list.get_mut("value").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}
