//! The one body type that every server of the world answers with.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::body::Incoming;

/// An answer's body: whole or streamed (a watch, a pack file). A stream that fails just ends.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// An answer.
pub(crate) type Answer = Response<Body>;

/// A body that is known as a whole.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// A plain-text answer; a line feed is added, as a person may read it in a terminal.
pub(crate) fn text(status: StatusCode, message: &str) -> Answer {
    with_type(status, "text/plain; charset=utf-8", format!("{message}\n"))
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    with_type(status, "application/json", value.to_string())
}

/// JSON that is written already.
pub(crate) fn json_text(content: Bytes) -> Answer {
    with_type(StatusCode::OK, "application/json", content)
}

fn with_type(status: StatusCode, content_type: &'static str, content: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(full(content));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}

/// How long a client may take to send the body of a request.
const PAUSE: Duration = Duration::from_secs(60);

/// Reads a request's body as a whole, up to `limit` bytes; otherwise gives the refusal.
pub(crate) async fn collect(request: Request<Incoming>, limit: usize) -> Result<Request<Bytes>, Answer> {
    let (parts, incoming) = request.into_parts();
    match tokio::time::timeout(PAUSE, Limited::new(incoming, limit).collect()).await {
        Ok(Ok(body)) => Ok(Request::from_parts(parts, body.to_bytes())),
        Ok(Err(_)) => Err(text(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("the request's body has more than {limit} bytes, or broke off"),
        )),
        Err(_) => Err(text(StatusCode::REQUEST_TIMEOUT, "the request's body did not come to its end")),
    }
}
