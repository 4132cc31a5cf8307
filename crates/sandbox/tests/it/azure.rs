//! What tests do to Azure, over the wire and as the platform engineer.

use gangplank_sandbox::World;
use http::Method;
use serde_json::{Value, json};

use crate::client::{Client, Reply};

/// "Azure Kubernetes Service RBAC Cluster Admin".
pub(crate) const CLUSTER_ADMIN: &str = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
/// "Key Vault Secrets User".
pub(crate) const SECRETS_USER: &str = "4633458b-17de-408a-b874-0445c86b69e6";

/// A user-assigned identity.
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) object_id: String,
}

/// Calls Resource Manager and expects a success.
pub(crate) async fn manage(client: &Client, method: Method, id: &str, version: &str, body: &Value) -> Value {
    let url = format!("https://management.azure.com{id}?api-version={version}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = client.send(method, &url, body).await.expect("an answer of Resource Manager");
    assert!(reply.status.is_success(), "{url}: {} {}", reply.status, reply.text());
    reply.json()
}

/// Makes an identity beside the hub.
pub(crate) async fn make_identity(world: &World, client: &Client, name: &str) -> Identity {
    let facts = world.facts();
    let group = format!("/subscriptions/{}/resourceGroups/{}", facts.subscription_id, facts.resource_group);
    let id = format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}");
    let made = manage(client, Method::PUT, &id, "2024-11-30", &json!({"location": facts.location})).await;
    let text = |name: &str| made["properties"][name].as_str().expect("an id").to_owned();
    Identity { id, client_id: text("clientId"), object_id: text("principalId") }
}

/// Lets a ServiceAccount of the hub log in as an identity.
pub(crate) async fn add_credential(
    world: &World,
    client: &Client,
    identity: &str,
    name: &str,
    subject: &str,
) {
    let credential = json!({"properties": {
        "issuer": world.facts().hub.issuer_url,
        "subject": subject,
        "audiences": ["api://AzureADTokenExchange"],
    }});
    let id = format!("{identity}/federatedIdentityCredentials/{name}");
    manage(client, Method::PUT, &id, "2024-11-30", &credential).await;
}

/// Assigns a role to an object id.
pub(crate) async fn assign(world: &World, client: &Client, scope: &str, role: &str, object_id: &str) {
    let subscription = &world.facts().subscription_id;
    let definition =
        format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}");
    let assignment = json!({"properties": {
        "roleDefinitionId": definition, "principalId": object_id, "principalType": "ServicePrincipal",
    }});
    // One assignment of a role at a scope is all that a test makes: the role's id serves as its name.
    let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{role}");
    manage(client, Method::PUT, &id, "2022-04-01", &assignment).await;
}

/// Reads or writes a secret.
pub(crate) async fn secret(world: &World, client: &Client, name: &str, value: Option<&str>) -> Reply {
    let url = format!("{}/secrets/{name}?api-version=7.4", world.facts().vault.url);
    let reply = match value {
        None => client.send(Method::GET, &url, "").await,
        Some(value) => client.send(Method::PUT, &url, json!({"value": value}).to_string()).await,
    };
    reply.expect("an answer of the vault")
}
