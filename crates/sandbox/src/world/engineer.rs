//! The platform engineer: a ServiceAccount of the hub, whose token Entra takes for the engineer's identity.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gangplank_apiserver::{CertificateUser, Peer};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::files;
use crate::aks::Cluster;

/// The namespace and name of the engineer's ServiceAccount.
const NAMESPACE: &str = "gangplank-system";
const NAME: &str = "platform-engineer";

/// The audience by which Entra takes tokens of others.
pub(super) const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The token is good for an hour and made anew at half of it.
const LIFETIME_SECONDS: u64 = 3_600;
const RENEWAL: Duration = Duration::from_secs(LIFETIME_SECONDS / 2);

/// The subject of the engineer's tokens.
pub(super) fn subject() -> String {
    format!("system:serviceaccount:{NAMESPACE}:{NAME}")
}

/// Makes the engineer's ServiceAccount on the hub.
pub(super) async fn create(hub: &Cluster) -> Result<(), String> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    post(hub, "/api/v1/namespaces", &namespace).await?;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}});
    post(hub, &format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts"), &account).await?;
    Ok(())
}

/// A fresh token, as the hub's TokenRequest gives it.
pub(super) async fn token(hub: &Cluster) -> Result<SecretString, String> {
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": [AUDIENCE], "expirationSeconds": LIFETIME_SECONDS},
    });
    let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{NAME}/token");
    let answer = post(hub, &path, &request).await?;
    let token = answer.pointer("/status/token").and_then(Value::as_str);
    token.map(SecretString::from).ok_or_else(|| "the answer to the TokenRequest has no token".to_owned())
}

/// Writes a fresh token to its file.
pub(super) async fn write_token(hub: &Cluster, file: &Path) -> Result<(), String> {
    let token = token(hub).await?;
    files::write_private(file, token.expose_secret().as_bytes()).map_err(|error| error.to_string())
}

/// Keeps the token in its file fresh, for ever.
pub(super) async fn keep_fresh(hub: Arc<Cluster>, file: PathBuf) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        if let Err(reason) = write_token(&hub, &file).await {
            tracing::warn!(%reason, "the platform engineer's token could not be renewed");
        }
    }
}

async fn post(hub: &Cluster, path: &str, body: &Value) -> Result<Value, String> {
    let administrator = Peer {
        address: None,
        certificate: Some(CertificateUser {
            common_name: "masterclient".to_owned(),
            organizations: vec!["system:masters".to_owned()],
        }),
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_string()))
        .map_err(|error| error.to_string())?;
    let (parts, content) = hub.api().handle(request, &administrator).await.into_parts();
    let Ok(content) = content.collect().await;
    let content = content.to_bytes();
    if !matches!(parts.status, StatusCode::OK | StatusCode::CREATED) {
        return Err(format!("POST {path}: {}: {}", parts.status, String::from_utf8_lossy(&content)));
    }
    serde_json::from_slice(&content).map_err(|error| format!("POST {path}: {error}"))
}
