//! The intercepting proxy: HTTP CONNECT on one loopback port.
//!
//! It answers `200` for a name of the world, ends TLS itself and hands the stream over within the process. Any other
//! name gets `403` with the name in the body, so that a person sees what tried to leave the machine. A few things of the
//! world are plain HTTP (the metadata service, the world's own door); those requests are handed over, too.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Method, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::{self, Answer};
use super::listen::{self, Place};
use super::names;
use super::serve::{self, Server};

/// How long a client may take for its CONNECT request, and again for its TLS handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(15);

/// A server as the proxy reaches it: its certificate and who answers.
#[derive(Clone)]
pub(crate) struct Site {
    /// Ends TLS under a name.
    pub(crate) tls: Arc<ServerConfig>,
    /// Answers the requests.
    pub(crate) server: Arc<dyn Server>,
    /// Connections last until then: a server that stops cuts them.
    pub(crate) end: CancellationToken,
}

/// What stands behind a name.
pub(crate) enum Found {
    /// A server.
    Site(Site),
    /// The name is the world's, but nobody answers there.
    Down(Outage),
}

/// Why nobody answers under a name of the world. The answers are those of a proxy that tried to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// The name does not resolve.
    NoSuchHost,
    /// The connection is refused: nothing listens.
    Refused,
    /// Packets get lost.
    Lost,
}

impl Outage {
    fn answer(self, host: &str) -> Answer {
        let (status, reason) = match self {
            Outage::NoSuchHost => (StatusCode::BAD_GATEWAY, "no such host"),
            Outage::Refused => (StatusCode::BAD_GATEWAY, "connection refused"),
            Outage::Lost => (StatusCode::GATEWAY_TIMEOUT, "i/o timeout"),
        };
        body::text(status, &format!("cannot connect to {host}:443: {reason}"))
    }
}

/// Tells who answers under a name.
pub(crate) trait Directory: Send + Sync + 'static {
    /// Looks a name up (lower case, no port); none for a name that is not of this world.
    fn find(&self, host: &str) -> Option<Found>;

    /// Answers a request in plain HTTP, if it is for something of this world; otherwise gives it back.
    fn plain(&self, request: Request<Incoming>)
    -> Result<BoxFuture<'static, Answer>, Box<Request<Incoming>>>;
}

/// Accepts connections until `stop`; every task it starts is `tracker`'s.
pub(crate) async fn run(
    listener: TcpListener,
    directory: Arc<dyn Directory>,
    tracker: TaskTracker,
    stop: CancellationToken,
) {
    listen::accept(listener, tracker.clone(), stop.clone(), move |stream, place| {
        connection(stream, directory.clone(), tracker.clone(), stop.clone(), place)
    })
    .await;
}

async fn connection(
    stream: TcpStream,
    directory: Arc<dyn Directory>,
    tracker: TaskTracker,
    stop: CancellationToken,
    place: Place,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer: BoxFuture<'static, Answer> = match *request.method() {
            Method::CONNECT => {
                let answer = connect(request, &directory, &tracker, &stop, &place);
                Box::pin(std::future::ready(answer))
            }
            _ => directory
                .plain(request)
                .unwrap_or_else(|request| Box::pin(std::future::ready(not_connect(&request)))),
        };
        async move { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    let outcome = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_LIMIT)
        .max_buf_size(serve::HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = outcome {
        tracing::debug!(%error, "a client of the proxy went away");
    }
}

fn connect(
    request: Request<Incoming>,
    directory: &Arc<dyn Directory>,
    tracker: &TaskTracker,
    stop: &CancellationToken,
    place: &Place,
) -> Answer {
    let Some(authority) = request.uri().authority() else {
        return body::text(StatusCode::BAD_REQUEST, "CONNECT needs a target of the form NAME:443");
    };
    let host = names::normalize(authority.host());
    let site = match (authority.port_u16(), directory.find(&host)) {
        (Some(443), Some(Found::Site(site))) => site,
        (Some(443), Some(Found::Down(outage))) => return outage.answer(&host),
        _ => return refused(authority.as_str()),
    };
    // The tunnel outlives the request and goes on holding the connection's place.
    let (stop, end, place) = (stop.clone(), site.end.clone(), place.clone());
    tracker.spawn(async move {
        let _place = place;
        let work = async {
            if let Ok(stream) = hyper::upgrade::on(request).await {
                tunnel(TokioIo::new(stream), &host, site).await;
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = end.cancelled() => {}, () = work => {} }
    });
    // No length: on the answer to CONNECT it would be an error (RFC 9110, 9.3.6), and hyper adds none.
    Answer::new(body::full(""))
}

fn refused(target: &str) -> Answer {
    body::text(
        StatusCode::FORBIDDEN,
        &format!(
            "gangplank sandbox refuses {target}: it answers for Azure and its own clusters on port 443 only, and lets \
             nothing leave this machine"
        ),
    )
}

fn not_connect(request: &Request<Incoming>) -> Answer {
    let target = request.uri().authority().map_or_else(
        || format!("{} {}", request.method(), request.uri().path()),
        |authority| format!("plain HTTP to {authority}"),
    );
    let mut answer = body::text(
        StatusCode::METHOD_NOT_ALLOWED,
        &format!(
            "gangplank sandbox refuses {target}: this port is a proxy for HTTPS, it takes CONNECT alone"
        ),
    );
    answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("CONNECT"));
    answer
}

/// Ends TLS on a tunnel and serves what comes through it.
///
/// The certificate is that of the server connected to, whatever name the greeting asks for: so does a machine that has
/// one certificate only, and a wrong `tls-server-name` fails as it would there.
async fn tunnel<S>(stream: S, host: &str, site: Site)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = TlsAcceptor::from(site.tls).accept(stream);
    let stream = match tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(host, %error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!(host, "a TLS handshake did not come to its end"),
    };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let chain: Vec<_> = certificates.iter().map(|each| each.clone().into_owned()).collect();
    let handler = site.server.connect(&chain);
    serve::serve(stream, handler).await;
}
