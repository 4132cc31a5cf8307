//! The one body type that every server of the world answers with.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};

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

fn with_type(status: StatusCode, content_type: &'static str, content: String) -> Answer {
    let mut answer = Response::new(full(content));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}
