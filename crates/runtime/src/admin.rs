//! The admin server: `/metrics`, `/healthz`, `/readyz`, and a truth to tell there.
//!
//! Each part of the process registers a [`Component`] and reports for itself. `/readyz` is 200 only when all of them
//! are ready; `/healthz` is 200 as long as none has died for good (a restart would help).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::TcpListener;

use crate::{Metrics, Shutdown};

/// How long a client may take to send its request's head: an idle or slow connection must not be kept for ever.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// What the components of the process say about themselves; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health {
    states: Arc<Mutex<BTreeMap<String, State>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Waiting(String),
    Dead(String),
}

/// One component's own voice in [`Health`].
#[derive(Clone, Debug)]
pub struct Component {
    name: String,
    health: Health,
}

impl Health {
    /// Creates one without components, which is ready.
    pub fn new() -> Health {
        Health::default()
    }

    /// Registers a component, which is not ready until it says so.
    pub fn component(&self, name: &str) -> Component {
        let component = Component { name: name.to_owned(), health: self.clone() };
        component.waiting("starting");
        component
    }

    /// Whether all components are ready.
    pub fn is_ready(&self) -> bool {
        self.lock().values().all(|state| *state == State::Ready)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns one line a component, and whether `good` held for all.
    fn report(&self, good: impl Fn(&State) -> bool) -> (bool, String) {
        let states = self.lock();
        let mut all = true;
        let mut text = String::new();
        for (name, state) in states.iter() {
            let fine = good(state);
            all &= fine;
            let line = match state {
                State::Ready => format!("[+] {name}: ready\n"),
                State::Waiting(why) if fine => format!("[+] {name}: alive, {why}\n"),
                State::Waiting(why) | State::Dead(why) => format!("[-] {name}: {why}\n"),
            };
            text.push_str(&line);
        }
        text.push_str(if all { "ok\n" } else { "not ok\n" });
        (all, text)
    }
}

impl Component {
    /// Says that the component does its work.
    pub fn ready(&self) {
        self.set(State::Ready);
    }

    /// Says what the component waits for.
    pub fn waiting(&self, reason: &str) {
        self.set(State::Waiting(reason.to_owned()));
    }

    /// Says that the component has ended and won't recover by itself.
    pub fn dead(&self, reason: &str) {
        self.set(State::Dead(reason.to_owned()));
    }

    fn set(&self, state: State) {
        self.health.lock().insert(self.name.clone(), state);
    }
}

/// Why there is no admin server.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The address can't be listened on.
    #[error(
        "failed to listen on {address} for metrics and health: choose another address, or stop what listens there"
    )]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The admin server, listening but not yet serving.
pub struct Admin {
    listener: TcpListener,
    health: Health,
    metrics: Metrics,
}

impl Admin {
    /// Listens on `address`; port 0 chooses a free one.
    pub async fn bind(address: SocketAddr, health: Health, metrics: Metrics) -> Result<Admin, AdminError> {
        let listener =
            TcpListener::bind(address).await.map_err(|source| AdminError::Bind { address, source })?;
        Ok(Admin { listener, health, metrics })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the shutdown begins.
    pub async fn serve(self, shutdown: Shutdown) {
        loop {
            let stream = tokio::select! {
                () = shutdown.triggered() => return,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Out of file handles, say: give others the time to close theirs.
                        tracing::warn!(%error, "admin connection not accepted");
                        if !shutdown.sleep(Duration::from_millis(100)).await { return }
                        continue;
                    }
                },
            };
            let (health, metrics) = (self.health.clone(), self.metrics.clone());
            let token = shutdown.token();
            shutdown.spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let response = answer(request.method(), request.uri().path(), &health, &metrics);
                    async move { Ok::<_, Infallible>(response) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .serve_connection(TokioIo::new(stream), service);
                tokio::select! {
                    () = token.cancelled() => {}
                    _ = connection => {}
                }
            });
        }
    }
}

fn answer(method: &Method, path: &str, health: &Health, metrics: &Metrics) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let verdict = |(good, text): (bool, String)| {
        (if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, TEXT, text)
    };
    let (status, content_type, text) = if method != Method::GET && method != Method::HEAD {
        (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".to_owned())
    } else {
        match path {
            "/metrics" => (StatusCode::OK, OPEN_METRICS, metrics.encode()),
            "/healthz" | "/livez" => verdict(health.report(|state| !matches!(state, State::Dead(_)))),
            "/readyz" => verdict(health.report(|state| *state == State::Ready)),
            _ => (StatusCode::NOT_FOUND, TEXT, "/metrics, /healthz, /readyz\n".to_owned()),
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(health: &Health, path: &str, status: u16) {
        let response = answer(&Method::GET, path, health, &Metrics::new());
        assert_eq!(response.status().as_u16(), status, "{path}");
    }

    #[test]
    fn ready_only_when_every_component_is() {
        let health = Health::new();
        check(&health, "/readyz", 200);
        let (secrets, clusters) = (health.component("secrets"), health.component("clusters"));
        secrets.ready();
        check(&health, "/readyz", 503);
        check(&health, "/healthz", 200);
        clusters.ready();
        check(&health, "/readyz", 200);
        clusters.dead("its watch ended");
        check(&health, "/readyz", 503);
        check(&health, "/healthz", 503);
        assert_eq!(
            health.report(|state| *state == State::Ready).1,
            "[-] clusters: its watch ended\n[+] secrets: ready\nnot ok\n"
        );
    }

    #[test]
    fn answers_only_what_it_knows() {
        let health = Health::new();
        check(&health, "/metrics", 200);
        check(&health, "/", 404);
        assert_eq!(answer(&Method::POST, "/healthz", &health, &Metrics::new()).status(), 405);
    }
}
