//! The world's side of the door.

use std::sync::Arc;

use futures::future::BoxFuture;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{Order, ROOT, Refusal};
use crate::error::WorldError;
use crate::faults::Fault;
use crate::wire::body::{self, Answer};
use crate::world::Ground;

/// A request may have this many bytes.
const REQUEST: usize = 64 * 1024;

/// Opens to whoever has the key.
pub(crate) struct Doorkeeper {
    pub(crate) key: SecretString,
    pub(crate) ground: Arc<Ground>,
    pub(crate) orders: watch::Sender<Option<Order>>,
}

impl Doorkeeper {
    /// Answers a request whose path begins with [`ROOT`].
    pub(crate) fn answer(self: &Arc<Self>, request: Request<Incoming>) -> BoxFuture<'static, Answer> {
        let keeper = self.clone();
        Box::pin(async move {
            if !keeper.knows(&request) {
                let text = "only the owner of this sandbox may do that: the key is in its folder";
                return refusal(StatusCode::UNAUTHORIZED, text.to_owned(), None);
            }
            match body::collect(request, REQUEST).await {
                Ok(request) => keeper.obey(&request).await,
                Err(refusal) => refusal,
            }
        })
    }

    fn knows(&self, request: &Request<Incoming>) -> bool {
        let shown = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        // Hashes are compared, so that the time it takes tells nothing of the key.
        Sha256::digest(shown) == Sha256::digest(self.key.expose_secret())
    }

    async fn obey(&self, request: &Request<bytes::Bytes>) -> Answer {
        let path: Vec<&str> = request.uri().path().trim_start_matches(ROOT).split('/').collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET, ["faults"]) => done(&self.ground.book.entries()),
            (&Method::POST, ["faults"]) => match serde_json::from_slice::<Fault>(request.body()) {
                Ok(fault) => outcome(self.ground.add_fault(fault).await),
                Err(error) => refusal(StatusCode::BAD_REQUEST, error.to_string(), None),
            },
            (&Method::DELETE, ["faults"]) => outcome(self.ground.clear_faults(None).await),
            (&Method::DELETE, ["faults", id]) => match id.parse() {
                Ok(id) => outcome(self.ground.clear_faults(Some(id)).await),
                Err(_) => refusal(StatusCode::BAD_REQUEST, format!("`{id}` is no fault's number"), None),
            },
            (&Method::POST, ["reset"]) => self.order(Order::Reset),
            (&Method::POST, ["stop"]) => self.order(Order::Stop),
            _ => refusal(StatusCode::NOT_FOUND, "the sandbox knows no such request".to_owned(), None),
        }
    }

    fn order(&self, order: Order) -> Answer {
        self.orders.send_replace(Some(order));
        done(&serde_json::json!({}))
    }
}

fn outcome<T: Serialize>(outcome: Result<T, WorldError>) -> Answer {
    match outcome {
        Ok(value) => done(&value),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            refusal(StatusCode::CONFLICT, error.to_string(), cause)
        }
    }
}

fn done(value: &impl Serialize) -> Answer {
    answer(StatusCode::OK, value)
}

fn refusal(status: StatusCode, error: String, cause: Option<String>) -> Answer {
    answer(status, &Refusal { error, cause })
}

fn answer(status: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_value(value) {
        Ok(value) => body::json(status, &value),
        Err(error) => body::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
