//! An API server on the wire: a connection's requests, with what is known of its client.

use futures::future::BoxFuture;
use gangplank_apiserver::{ApiServer, Peer};
use http::{Request, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;

use crate::wire::body::{self, Answer};
use crate::wire::serve::Handler;

/// A request may have a little more than the 3 MiB that an API server takes, so that it can refuse it itself.
const REQUEST: usize = 4 * 1024 * 1024;

/// A connection to an API server.
pub(crate) struct Connection {
    pub(crate) api: ApiServer,
    pub(crate) peer: Peer,
    /// It shows a certificate that the server doesn't trust.
    pub(crate) distrusted: bool,
}

impl Handler for Connection {
    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, Answer> {
        // A bearer token is tried next, as kube-apiserver does; without one the bad certificate is what counts.
        if self.distrusted && !request.headers().contains_key(header::AUTHORIZATION) {
            return Box::pin(std::future::ready(unauthorized()));
        }
        let (api, peer) = (self.api.clone(), self.peer.clone());
        Box::pin(async move {
            match body::collect(request, REQUEST).await {
                Ok(request) => api.handle(request, &peer).await,
                Err(refusal) => refusal,
            }
        })
    }
}

fn unauthorized() -> Answer {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
    });
    body::json(StatusCode::UNAUTHORIZED, &status)
}
