//! HTTP on an open stream: HTTP/1.1 or h2, whichever the client speaks.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::{self, Answer};

/// How long a connection may take to send the head of a request, idle time between requests included.
pub(crate) const HEAD_LIMIT: Duration = Duration::from_secs(120);

/// The head of an HTTP/1.1 request may have this many bytes.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// A client certificate chain, leaf first. Possession of the leaf's key is proven; whether it is trusted is the server's
/// business.
pub(crate) type ClientChain = [CertificateDer<'static>];

/// A server of the world, reached within this process.
pub(crate) trait Server: Send + Sync + 'static {
    /// Takes a connection: what is known of its client is judged once and not with every request.
    fn connect(&self, client: &ClientChain) -> Arc<dyn Handler>;
}

/// Answers the requests of one connection.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request. Errors are answers too.
    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, Answer>;
}

/// What an answer carries that is none: the connection ends (HTTP/1.1), or the stream is reset (h2).
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection is cut")]
pub(crate) struct Cut;

impl Cut {
    /// An answer that is none.
    pub(crate) fn answer() -> Answer {
        let mut answer = Answer::new(body::full(""));
        answer.extensions_mut().insert(Cut);
        answer
    }
}

/// Serves every request of one stream until it closes. Failures of the transport end it silently: the client knows.
pub(crate) async fn serve<S>(stream: S, handler: Arc<dyn Handler>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handler.answer(request);
        async move {
            let answer = answer.await;
            match answer.extensions().get::<Cut>() {
                Some(cut) => Err(*cut),
                None => Ok(answer),
            }
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT).max_buf_size(HEAD_BYTES);
    // client-go opens one h2 connection to a cluster and runs every watch through it.
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1_000);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
