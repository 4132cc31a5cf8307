//! A server as the faults of the wire leave it: late, slow, wrong or gone.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream;
use http::{Request, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::{Book, What};
use crate::wire::body::{self, Answer, Body};
use crate::wire::serve::{ClientChain, Cut, Handler, Server};

/// A slow body comes in so many pieces a second.
const PIECES: u32 = 10;

/// A server whose requests meet their fates first.
pub(crate) struct Faulty {
    pub(crate) host: Arc<str>,
    pub(crate) book: Arc<Book>,
    pub(crate) server: Arc<dyn Server>,
}

impl Server for Faulty {
    fn connect(&self, client: &ClientChain) -> Arc<dyn Handler> {
        let handler = self.server.connect(client);
        Arc::new(Connection { host: self.host.clone(), book: self.book.clone(), handler })
    }
}

struct Connection {
    host: Arc<str>,
    book: Arc<Book>,
    handler: Arc<dyn Handler>,
}

impl Handler for Connection {
    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, Answer> {
        let fate = self.book.fate(&self.host, request.uri().path(), request.method());
        if fate.is_empty() {
            return self.handler.answer(request);
        }
        let (host, handler) = (self.host.clone(), self.handler.clone());
        Box::pin(async move {
            let mut slow = None;
            for what in fate {
                match what {
                    What::Delay(delay) => tokio::time::sleep(delay).await,
                    What::Answer { status, body, retry_after } => {
                        let answer = match body {
                            Some(text) => as_given(status, text),
                            None => in_own_words(&host, status, "the sandbox was told to fail"),
                        };
                        return with_retry_after(answer, retry_after);
                    }
                    What::Throttle { retry_after } => {
                        let status = StatusCode::TOO_MANY_REQUESTS;
                        let answer = in_own_words(&host, status, "too many requests were received");
                        // Key Vault says nothing of when to come back, unless it is told to.
                        let usual = (!is_vault(&host)).then(|| "1".to_owned());
                        return with_retry_after(answer, retry_after.or(usual));
                    }
                    What::Cut => return Cut::answer(),
                    What::Slow { bytes_per_second } => slow = Some(bytes_per_second),
                }
            }
            let answer = handler.answer(request).await;
            match slow {
                Some(rate) => answer.map(|body| slowed(body, rate)),
                None => answer,
            }
        })
    }
}

fn is_vault(host: &str) -> bool {
    host.ends_with(".vault.azure.net")
}

/// A body as the fault gives it; JSON where it is JSON.
fn as_given(status: StatusCode, text: String) -> Answer {
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => body::json(status, &value),
        Err(_) => body::text(status, &text),
    }
}

fn with_retry_after(mut answer: Answer, seconds: Option<String>) -> Answer {
    if let Some(value) = seconds.and_then(|seconds| seconds.parse().ok()) {
        answer.headers_mut().insert(header::RETRY_AFTER, value);
    }
    answer
}

/// An error as the service of this name words it: each client reads the form of its own.
fn in_own_words(host: &str, status: StatusCode, message: &str) -> Answer {
    let throttled = status == StatusCode::TOO_MANY_REQUESTS;
    let document = if host.ends_with(".azmk8s.io") {
        let reason = if throttled { "TooManyRequests" } else { "InternalError" };
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": status.as_u16(),
        })
    } else if host.starts_with("login.") {
        // Entra's words for a service that is busy.
        json!({
            "error": "temporarily_unavailable", "error_codes": [90033],
            "error_description": format!("AADSTS90033: A transient error has occurred: {message}."),
        })
    } else {
        let code = match (throttled, is_vault(host)) {
            (true, true) => "Throttled",
            (true, false) => "TooManyRequests",
            (false, _) if status == StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
            (false, _) if status.is_server_error() => "InternalServerError",
            (false, _) => "BadRequest",
        };
        json!({"error": {"code": code, "message": format!("The request failed: {message}.")}})
    };
    body::json(status, &document)
}

/// A body that comes at so many bytes a second; an endless one (a watch) goes on endlessly.
fn slowed(body: Body, bytes_per_second: u32) -> Body {
    let most = usize::try_from((bytes_per_second / PIECES).max(1)).unwrap_or(usize::MAX);
    let frames = stream::unfold((body, Bytes::new()), move |(mut body, mut rest)| async move {
        while rest.is_empty() {
            let Ok(frame) = body.frame().await?;
            match frame.into_data() {
                Ok(data) => rest = data,
                Err(frame) => return Some((Ok::<_, Infallible>(frame), (body, rest))),
            }
        }
        let piece = rest.split_to(rest.len().min(most));
        // The pause is what these bytes take at this rate, so that it is right for rates below ten, too.
        let share = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        tokio::time::sleep(Duration::from_secs(1) * share / bytes_per_second).await;
        Some((Ok(Frame::data(piece)), (body, rest)))
    });
    StreamBody::new(frames).boxed_unsync()
}
