//! Smart HTTP (gitprotocol-http): routes, authentication, and the pipes to and from the child.

use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::access::Readers;
use super::repository::Repository;
use super::{GitError, GitServer};
use crate::wire::body::{self, Answer, Body};
use crate::wire::listen;
use crate::wire::serve::{self, Handler};

/// A gzipped request (a list of commits that the client has) may have this many bytes, before and after.
const ZIPPED: usize = 8 * 1024 * 1024;
const UNZIPPED: u64 = 64 * 1024 * 1024;

/// A push may bring this many bytes.
const PUSH: usize = 1024 * 1024 * 1024;

/// A client may pause this long within a request.
const PAUSE: Duration = Duration::from_secs(60);

/// Serves the repositories on an open port until `stop`.
pub(super) async fn run(
    server: Arc<GitServer>,
    listener: TcpListener,
    tracker: TaskTracker,
    stop: CancellationToken,
) {
    let handler: Arc<dyn Handler> = Arc::new(Smart(server));
    listen::accept(listener, tracker, stop, move |stream, place| {
        let work = serve::serve(stream, handler.clone());
        async move {
            work.await;
            drop(place);
        }
    })
    .await;
}

/// The server behind an `Arc`, since a request outlives the call that starts it.
struct Smart(Arc<GitServer>);

impl Handler for Smart {
    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, Answer> {
        let server = self.0.clone();
        Box::pin(async move { answer(server, request).await })
    }
}

/// The two services of a Git repository.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    UploadPack,
    ReceivePack,
}

impl Service {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "git-upload-pack" => Some(Service::UploadPack),
            "git-receive-pack" => Some(Service::ReceivePack),
            _ => None,
        }
    }

    /// The subcommand of git.
    fn command(self) -> &'static str {
        match self {
            Service::UploadPack => "upload-pack",
            Service::ReceivePack => "receive-pack",
        }
    }
}

/// What a request wants of a repository.
#[derive(Clone, Copy)]
enum Wanted {
    Advertisement(Service),
    Call(Service),
}

async fn answer(server: Arc<GitServer>, request: Request<Incoming>) -> Answer {
    let Some((name, wanted)) = route(&request) else {
        return body::text(StatusCode::NOT_FOUND, "no such page: a repository's address is /NAME.git");
    };
    let Some(repository) = server.repository(name) else {
        return body::text(StatusCode::NOT_FOUND, &format!("the sandbox has no repository `{name}`"));
    };
    let service = match wanted {
        Wanted::Advertisement(service) | Wanted::Call(service) => service,
    };
    let open = service == Service::UploadPack && repository.readers() == Readers::Everybody;
    if !open && !repository.credentials().shown_in(request.headers()) {
        return unauthorized(name);
    }
    let outcome = match wanted {
        Wanted::Advertisement(service) => advertise(&server, repository, service, request.headers()).await,
        Wanted::Call(service) => call(&server, repository, service, request).await,
    };
    outcome.unwrap_or_else(|error| {
        tracing::warn!(repository = repository.name(), %error, "a git request failed");
        body::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    })
}

/// Takes `/NAME.git/info/refs?service=S` and `/NAME.git/S` apart.
fn route<B>(request: &Request<B>) -> Option<(&str, Wanted)> {
    let (name, rest) = request.uri().path().strip_prefix('/')?.split_once('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    match (request.method(), rest) {
        (&Method::GET, "info/refs") => {
            let query = request.uri().query()?;
            let service = query.split('&').find_map(|pair| pair.strip_prefix("service="))?;
            Some((name, Wanted::Advertisement(Service::parse(service)?)))
        }
        (&Method::POST, service) => Some((name, Wanted::Call(Service::parse(service)?))),
        _ => None,
    }
}

fn unauthorized(name: &str) -> Answer {
    let mut answer = body::text(
        StatusCode::UNAUTHORIZED,
        &format!("`{name}` needs the user name and password that `gangplank sandbox env` tells"),
    );
    let challenge = HeaderValue::from_static("Basic realm=\"gangplank sandbox\", charset=\"UTF-8\"");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    answer
}

async fn advertise(
    server: &GitServer,
    repository: &Repository,
    service: Service,
    headers: &HeaderMap,
) -> Result<Answer, GitError> {
    let mut child = spawn(server, repository, service, headers, &["--advertise-refs"], Stdio::piped())?;
    drop(child.stdin.take());
    let output = child.wait_with_output().await.map_err(|source| failed(service, source))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(GitError::Failed { act: service.command().to_owned(), message });
    }
    let mut content = Vec::new();
    // Protocol 2 begins at once; the older ones say the service first, in a pkt-line of its own.
    if !asks_for_version_2(headers) {
        let line = format!("# service=git-{}\n", service.command());
        content.extend_from_slice(format!("{:04x}{line}0000", line.len() + 4).as_bytes());
    }
    content.extend_from_slice(&output.stdout);
    Ok(pack_answer(service, "advertisement", body::full(content)))
}

fn asks_for_version_2(headers: &HeaderMap) -> bool {
    protocol(headers).is_some_and(|text| text.split(':').any(|each| each == "version=2"))
}

/// The `Git-Protocol` header, where it holds nothing but what an environment variable may be trusted with.
fn protocol(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("git-protocol")?.to_str().ok()?;
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"=:._-".contains(&b)).then_some(text)
}

async fn call(
    server: &Arc<GitServer>,
    repository: &Repository,
    service: Service,
    request: Request<Incoming>,
) -> Result<Answer, GitError> {
    let before = match service {
        Service::UploadPack => Vec::new(),
        Service::ReceivePack => repository.refs(&server.git).await?,
    };
    let (parts, incoming) = request.into_parts();
    let zipped = parts.headers.get(header::CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let input = if zipped {
        match unzip(incoming).await {
            Ok(bytes) => Input::Whole(bytes),
            Err(message) => return Ok(body::text(StatusCode::BAD_REQUEST, message)),
        }
    } else {
        Input::Stream(incoming)
    };
    // Nobody reads a fetch's standard error (what matters comes in the answer), so it must not fill a pipe.
    let errors = if service == Service::UploadPack { Stdio::null() } else { Stdio::piped() };
    let mut child = spawn(server, repository, service, &parts.headers, &[], errors)?;
    let stdin = child.stdin.take();
    match service {
        // A fetch's answer is as large as the repository: it is passed on as it comes.
        Service::UploadPack => {
            let feed = async move {
                if let Some(stdin) = stdin {
                    input.feed(stdin).await;
                }
            };
            Ok(pack_answer(service, "result", stream_out(child, feed)))
        }
        // A push's answer is a few lines, and must not be given before the change is told.
        Service::ReceivePack => {
            let feed = async {
                if let Some(stdin) = stdin {
                    input.feed(stdin).await;
                }
            };
            let ((), output) = tokio::join!(feed, child.wait_with_output());
            let output = output.map_err(|source| failed(service, source))?;
            server.announce(repository, &before).await?;
            Ok(pack_answer(service, "result", body::full(output.stdout)))
        }
    }
}

fn spawn(
    server: &GitServer,
    repository: &Repository,
    service: Service,
    headers: &HeaderMap,
    more: &[&str],
    errors: Stdio,
) -> Result<Child, GitError> {
    let directory = repository.path().to_string_lossy();
    let mut arguments = vec![service.command(), "--stateless-rpc"];
    arguments.extend_from_slice(more);
    arguments.push(&directory);
    let mut command = server.git.command(&arguments);
    command.env_remove("GIT_PROTOCOL");
    if let Some(protocol) = protocol(headers) {
        command.env("GIT_PROTOCOL", protocol);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
    command.spawn().map_err(|source| failed(service, source))
}

fn failed(service: Service, source: std::io::Error) -> GitError {
    GitError::Io { act: format!("run git {}", service.command()), source }
}

/// What a client sends to the child.
enum Input {
    Whole(Bytes),
    Stream(Incoming),
}

impl Input {
    /// Writes it and closes the pipe. A child or a client that stops early is seen by the exchange that it ends.
    async fn feed(self, mut stdin: ChildStdin) {
        match self {
            Input::Whole(bytes) => {
                let _ = stdin.write_all(&bytes).await;
            }
            Input::Stream(incoming) => {
                let mut incoming = Box::pin(Limited::new(incoming, PUSH).into_data_stream());
                while let Ok(Some(Ok(bytes))) = tokio::time::timeout(PAUSE, incoming.next()).await {
                    if stdin.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
            }
        }
    }
}

async fn unzip(incoming: Incoming) -> Result<Bytes, &'static str> {
    let collect = Limited::new(incoming, ZIPPED).collect();
    let Ok(Ok(zipped)) = tokio::time::timeout(PAUSE, collect).await else {
        return Err("the gzipped request is too long or did not come to its end");
    };
    let zipped = zipped.to_bytes();
    let mut content = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(&zipped[..]).take(UNZIPPED + 1);
    match reader.read_to_end(&mut content) {
        Ok(length) if length as u64 <= UNZIPPED => Ok(content.into()),
        Ok(_) => Err("the gzipped request is too long"),
        Err(_) => Err("the request says gzip and is none"),
    }
}

/// A body that reads the child's output while `feed` writes its input; the child dies with the body.
fn stream_out(mut child: Child, feed: impl Future<Output = ()> + Send + 'static) -> Body {
    let stdout = child.stdout.take();
    // Both pipes must move at once, or each side may wait for the other for ever.
    let feeding = AbortOnDropHandle::new(tokio::spawn(feed));
    let read = stream::unfold((child, stdout, feeding), |(child, stdout, feeding)| async move {
        let mut stdout = stdout?;
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        match stdout.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some((Ok(Frame::data(buffer.freeze())), (child, Some(stdout), feeding))),
        }
    });
    StreamBody::new(read).boxed_unsync()
}

/// `application/x-git-SERVICE-KIND`, never cached.
fn pack_answer(service: Service, kind: &str, content: Body) -> Answer {
    let mut answer = Response::new(content);
    let headers = answer.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&format!("application/x-git-{}-{kind}", service.command())) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, max-age=0, must-revalidate"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Method, uri: &str, expected: Option<(&str, &str)>) {
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let found = route(&request).map(|(name, wanted)| match wanted {
            Wanted::Advertisement(service) => (name, format!("advertise {}", service.command())),
            Wanted::Call(service) => (name, service.command().to_owned()),
        });
        let found = found.as_ref().map(|(name, wanted)| (*name, wanted.as_str()));
        assert_eq!(found, expected, "{uri}");
    }

    #[test]
    fn only_the_paths_of_smart_http_lead_anywhere() {
        let advertise = |service| Some(("platform", service));
        check(
            Method::GET,
            "/platform.git/info/refs?service=git-upload-pack",
            advertise("advertise upload-pack"),
        );
        check(
            Method::GET,
            "/platform/info/refs?service=git-receive-pack",
            advertise("advertise receive-pack"),
        );
        check(Method::POST, "/platform.git/git-upload-pack", Some(("platform", "upload-pack")));
        check(Method::GET, "/platform.git/info/refs", None);
        check(Method::GET, "/platform.git/info/refs?service=git-shell", None);
        check(Method::GET, "/platform.git/HEAD", None);
        check(Method::GET, "/platform.git/git-upload-pack", None);
        check(Method::POST, "/../etc/git-upload-pack", None);
        check(Method::POST, "/", None);
    }
}
