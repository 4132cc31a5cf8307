//! The seam to everything remote: a tower service from an HTTP request to an HTTP response, bodies in memory.
//!
//! Azure's answers that matter here are small (a vault's value is at most 25 KiB, a page a few hundred), so bodies are
//! whole [`Bytes`]; the network transport refuses larger ones.

use bytes::Bytes;
use http::{Request, Response};
use std::fmt;
use std::sync::Arc;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

/// No HTTP answer came: name resolution, connection, TLS, time-out, or an answer that was cut off or too large.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no answer from {host}")]
pub struct TransportError {
    /// The host that was asked.
    pub host: String,
    /// What stood in the way.
    #[source]
    pub source: Arc<dyn std::error::Error + Send + Sync>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A cheap-to-clone handle on one HTTP client, shared by all clients of this crate.
#[derive(Clone)]
pub struct Transport(BoxCloneSyncService<Request<Bytes>, Response<Bytes>, BoxError>);

impl Transport {
    /// Wraps a service: the network's, the sandbox's, or a test's.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
    {
        Self(BoxCloneSyncService::new(service.map_err(Into::into)))
    }

    /// Sends one request. Any HTTP status is an answer, not an error.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        self.0
            .clone()
            .oneshot(request)
            .await
            .map_err(|source| TransportError { host, source: Arc::from(source) })
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// A value of a response's header, where it is text.
pub(crate) fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// A refusal as it came, for those who quote it word by word. Refusals hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The service's code, empty where the body names none.
    pub code: String,
    /// The service's text, empty where the body has none.
    pub message: String,
    /// The body, at most 4 KiB of it.
    pub body: String,
}

impl Answer {
    pub(crate) fn new(response: &Response<Bytes>, code: &str, message: &str) -> Self {
        let shown = &response.body()[..response.body().len().min(4 << 10)];
        Self {
            status: response.status().as_u16(),
            code: code.to_owned(),
            message: message.to_owned(),
            body: String::from_utf8_lossy(shown).into_owned(),
        }
    }
}
