//! A caller of Azure within the process: the same requests as over the wire, without the wire.
//!
//! A world that stands is broken through it, so that whatever Azure refuses is refused here too.

use std::time::Duration;

use bytes::Bytes;
use gangplank_azuresim::Cloud;
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uuid::Uuid;

/// The versions of the interfaces that are asked for.
const VAULT_VERSION: &str = "7.4";

/// How long a long-running operation is waited for, and between two looks at it.
const OPERATION_LIMIT: Duration = Duration::from_secs(60);
const OPERATION_PAUSE: Duration = Duration::from_millis(20);

/// Somebody with tokens for Resource Manager and Key Vault.
pub(crate) struct Caller {
    cloud: Cloud,
    management: SecretString,
    vault: SecretString,
}

/// An answer of Azure's.
struct Reply {
    headers: HeaderMap,
    body: Bytes,
}

/// Who logs in, and with what.
pub(crate) struct Login<'a> {
    pub(crate) tenant_id: &'a str,
    pub(crate) client_id: &'a str,
    /// A token of an issuer that the identity trusts.
    pub(crate) assertion: &'a SecretString,
}

impl Caller {
    /// Logs in for both services.
    pub(crate) async fn login(cloud: &Cloud, login: &Login<'_>) -> Result<Self, String> {
        Ok(Caller {
            management: token(cloud, login, "https://management.azure.com/.default").await?,
            vault: token(cloud, login, "https://vault.azure.net/.default").await?,
            cloud: cloud.clone(),
        })
    }

    /// Somebody whom the cloud vouches for: nothing that is wrong with Entra keeps them out.
    pub(crate) fn vouched_for(cloud: &Cloud, object_id: Uuid) -> Result<Self, String> {
        let token = |resource| {
            let token = cloud.token_for(object_id, resource);
            token.ok_or_else(|| format!("the directory has no principal {object_id}"))
        };
        Ok(Caller {
            management: token("https://management.azure.com")?,
            vault: token("https://vault.azure.net")?,
            cloud: cloud.clone(),
        })
    }

    /// Calls Resource Manager on a resource id and waits until a long-running operation ends; gives the last answer.
    pub(crate) async fn manage(
        &self,
        method: Method,
        id: &str,
        api_version: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let uri = format!("https://management.azure.com{id}?api-version={api_version}");
        let reply = send(&self.cloud, method, &uri, Some(&self.management), body).await?;
        let answer = json(&reply.body);
        if let Some(operation) = location(&reply.headers) {
            self.wait(&operation).await?;
        }
        Ok(answer)
    }

    async fn wait(&self, operation: &str) -> Result<(), String> {
        let look = async {
            loop {
                let reply = send(&self.cloud, Method::GET, operation, Some(&self.management), None).await?;
                let answer = json(&reply.body);
                match answer.get("status").and_then(Value::as_str) {
                    Some("InProgress") => tokio::time::sleep(OPERATION_PAUSE).await,
                    Some("Failed" | "Canceled") => return Err(answer.to_string()),
                    _ => return Ok(()),
                }
            }
        };
        let late = || format!("the operation {operation} did not end within {OPERATION_LIMIT:?}");
        tokio::time::timeout(OPERATION_LIMIT, look).await.map_err(|_| late())?
    }

    /// Calls a vault; `path` begins with a slash.
    pub(crate) async fn vault(
        &self,
        method: Method,
        vault: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let uri = format!("https://{vault}.vault.azure.net{path}?api-version={VAULT_VERSION}");
        let reply = send(&self.cloud, method, &uri, Some(&self.vault), body).await?;
        Ok(json(&reply.body))
    }
}

fn location(headers: &HeaderMap) -> Option<String> {
    headers.get("azure-asyncoperation")?.to_str().ok().map(str::to_owned)
}

fn json(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

async fn token(cloud: &Cloud, login: &Login<'_>, scope: &str) -> Result<SecretString, String> {
    let form = format!(
        "grant_type=client_credentials&client_id={}&scope={scope}&client_assertion={}\
         &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        login.client_id,
        login.assertion.expose_secret()
    );
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", login.tenant_id))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .map_err(|error| error.to_string())?;
    let reply = exchange(cloud, request).await?;
    let token = json(&reply.body).get("access_token").and_then(Value::as_str).map(SecretString::from);
    token.ok_or_else(|| "the token answer has no access_token".to_owned())
}

async fn send(
    cloud: &Cloud,
    method: Method,
    uri: &str,
    bearer: Option<&SecretString>,
    body: Option<&Value>,
) -> Result<Reply, String> {
    let mut request =
        Request::builder().method(method).uri(uri).header(header::CONTENT_TYPE, "application/json");
    if let Some(bearer) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", bearer.expose_secret()));
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    exchange(cloud, request.body(Bytes::from(body)).map_err(|error| error.to_string())?).await
}

/// Sends a request; the error is what Azure said.
async fn exchange(cloud: &Cloud, request: Request<Bytes>) -> Result<Reply, String> {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let (parts, body) = cloud.handle(request).await.into_parts();
    let Ok(body) = body.collect().await;
    let body = body.to_bytes();
    if parts.status.is_client_error() || parts.status.is_server_error() {
        return Err(format!("{asked}: {}: {}", parts.status, String::from_utf8_lossy(&body)));
    }
    Ok(Reply { headers: parts.headers, body })
}
