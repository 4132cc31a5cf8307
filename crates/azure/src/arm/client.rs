//! One request to Resource Manager, pages, and long-running operations.

use super::Arm;
use super::error::{ArmError, refused};
use crate::backoff::{is_passing, retry_after, spread};
use crate::encode;
use crate::transport::header as text;
use crate::vault::bearer;
use bytes::Bytes;
pub(super) use http::Method;
use http::{Request, Response, StatusCode, Uri, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// A link that goes round is cut off here.
const MOST_PAGES: usize = 10_000;

/// Nothing that gangplank starts takes longer; a certificate rotation takes up to 30 minutes.
const LONGEST_OPERATION: Duration = Duration::from_secs(45 * 60);

/// Between two looks at an operation, where Azure names no time.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Arm {
    /// The URL of a path below the cloud's endpoint. `query` beyond the version is encoded here.
    pub(super) fn url(&self, path: &str, api_version: &str, query: &[(&str, &str)]) -> String {
        let mut fields = vec![("api-version", api_version)];
        fields.extend_from_slice(query);
        format!("{}{path}?{}", self.cloud.resource_manager, encode::form(&fields))
    }

    /// A GET whose answer is read.
    pub(super) async fn get<T: DeserializeOwned>(&self, object: &str, url: &str) -> Result<T, ArmError> {
        let response = self.request(Method::GET, object, url, None).await?;
        read(object, &response)
    }

    /// A list with all of its pages.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        object: &str,
        url: &str,
    ) -> Result<Vec<T>, ArmError> {
        #[derive(Deserialize)]
        struct Page<T> {
            #[serde(default = "Vec::new")]
            value: Vec<T>,
            #[serde(rename = "nextLink")]
            next_link: Option<String>,
        }
        let mut found = Vec::new();
        let mut next = Some(url.to_owned());
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { return Ok(found) };
            let page: Page<T> = self.get(object, &url).await?;
            found.extend(page.value);
            next = page.next_link.filter(|link| !link.is_empty());
            if let Some(link) = next.as_deref() {
                self.require_own_host(object, link)?;
            }
        }
        Err(ArmError::Malformed { object: object.to_owned(), what: "its list of pages has no end" })
    }

    /// A write, followed to the end of its operation. Gives the first answer's body.
    pub(super) async fn write(
        &self,
        method: Method,
        object: &str,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Response<Bytes>, ArmError> {
        let response = self.request(method, object, url, body).await?;
        if matches!(response.status(), StatusCode::CREATED | StatusCode::ACCEPTED) {
            self.finish(object, &response).await?;
        }
        Ok(response)
    }

    /// Sends a request until it is answered with success, a refusal, or the retries are used up.
    pub(super) async fn request(
        &self,
        method: Method,
        object: &str,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Response<Bytes>, ArmError> {
        let mut retry = 0;
        let mut logged_in_anew = false;
        loop {
            let scope = self.cloud.resource_manager_scope();
            let token = self.tokens.get(&self.cloud.authority, &self.credential, &scope).await;
            let token = token
                .map_err(|source| ArmError::Login { object: object.to_owned(), source: Box::new(source) })?;
            let unusable =
                || ArmError::Malformed { object: object.to_owned(), what: "its address can't be asked" };
            let mut request = Request::builder()
                .method(method.clone())
                .uri(url)
                .header(header::AUTHORIZATION, bearer(&token).ok_or_else(unusable)?)
                .header(header::ACCEPT, "application/json")
                .header("x-ms-client-request-id", uuid::Uuid::new_v4().to_string());
            if body.is_some() {
                request = request.header(header::CONTENT_TYPE, "application/json");
            }
            let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
            let request = request.body(body).map_err(|_| unusable())?;
            let (error, wished) = match self.transport.send(request).await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED && !logged_in_anew => {
                    logged_in_anew = true;
                    self.tokens.forget(&token);
                    continue;
                }
                Ok(response) => {
                    let wished = retry_after(&response, self.tokens.clock().now());
                    (refused(object, &response, wished), wished)
                }
                Err(source) => (ArmError::Transport { object: object.to_owned(), source }, None),
            };
            match self.retry.pause(retry, wished, spread()).filter(|_| error.is_passing()) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
            retry += 1;
        }
    }

    /// Polls an operation to its end.
    async fn finish(&self, object: &str, started: &Response<Bytes>) -> Result<(), ArmError> {
        #[derive(Deserialize)]
        struct Operation {
            status: String,
            error: Option<Detail>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Detail {
            code: String,
            message: String,
        }
        let asynchronous = text(started, "azure-asyncoperation");
        let location = text(started, "location").filter(|_| started.status() == StatusCode::ACCEPTED);
        let Some(url) = asynchronous.or(location) else { return Ok(()) };
        self.require_own_host(object, url)?;
        let end = Instant::now() + LONGEST_OPERATION;
        let mut pause = retry_after(started, self.tokens.clock().now());
        while Instant::now() < end {
            tokio::time::sleep(pause.unwrap_or(LOOK_AGAIN).min(Duration::from_secs(60))).await;
            let response = self.request(Method::GET, object, url, None).await?;
            pause = retry_after(&response, self.tokens.clock().now());
            if asynchronous.is_none() {
                if response.status() != StatusCode::ACCEPTED {
                    return Ok(());
                }
                continue;
            }
            let operation: Operation = read(object, &response)?;
            match operation.status.as_str() {
                "Succeeded" => return Ok(()),
                "Failed" | "Canceled" => {
                    let Detail { code, message } = operation.error.unwrap_or_default();
                    return Err(ArmError::OperationFailed {
                        object: object.to_owned(),
                        status: operation.status,
                        code,
                        message,
                    });
                }
                _ => {}
            }
        }
        Err(ArmError::OperationUnfinished { object: object.to_owned() })
    }

    /// Links come from answers; a bearer token follows them only where it already went.
    fn require_own_host(&self, object: &str, link: &str) -> Result<(), ArmError> {
        let origin = |url: &str| -> Option<(String, String)> {
            let uri: Uri = url.parse().ok()?;
            let authority = uri.authority()?.as_str().to_ascii_lowercase();
            let authority = authority.strip_suffix(":443").unwrap_or(&authority).to_owned();
            Some((uri.scheme_str()?.to_owned(), authority))
        };
        match origin(link) {
            Some(theirs) if Some(&theirs) == origin(&self.cloud.resource_manager).as_ref() => Ok(()),
            _ => Err(ArmError::ForeignLink {
                object: object.to_owned(),
                link: link.chars().take(200).collect(),
            }),
        }
    }
}

/// Reads an answer's JSON.
pub(super) fn read<T: DeserializeOwned>(object: &str, response: &Response<Bytes>) -> Result<T, ArmError> {
    serde_json::from_slice(response.body())
        .map_err(|_| ArmError::Malformed { object: object.to_owned(), what: "it lacks what it always has" })
}

/// Whether an answer's status says "later".
pub(super) fn passes(status: StatusCode) -> bool {
    is_passing(status)
}
