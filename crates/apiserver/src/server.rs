//! One API server: its parts, and the way of a request through them.
//!
//! ```text
//!  request ─▶ place, query ─▶ who (authenticate, impersonate) ─▶ may they (authorize) ─▶ what (catalog) ─▶ verb ─▶ answer
//!                                                                                          │
//!                                                                        store ──▶ controllers settle what follows
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

use crate::access::{self, Access, Peer, User};
use crate::http::body::{self, Body};
use crate::http::negotiate::{self, Encoding, Offer};
use crate::http::protobuf;
use crate::http::query::{Query, decode};
use crate::http::request::Place;
use crate::object::selector::Fields;
use crate::registry::{Catalog, Found};
use crate::status::{Answer, Status};
use crate::store::Store;
use crate::verbs::Call;
use crate::{controllers, discovery, go, verbs};

pub(crate) use crate::builder::Builder;

/// Tells the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// An embedded Kubernetes API server. Cheap to clone; all clones are the same server.
#[derive(Clone)]
pub struct ApiServer(pub(crate) Arc<Server>);

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ApiServer").field(&self.0.name).finish()
    }
}

/// The parts of a server.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) access: Access,
    pub(crate) clock: Clock,
    pub(crate) random: Mutex<StdRng>,
    pub(crate) controllers: controllers::Controllers,
    pub(crate) version: String,
}

/// A body may have this many bytes.
const MAX_BODY: usize = 3 * 1024 * 1024;

impl ApiServer {
    /// Begins to describe a server.
    pub fn builder(name: impl Into<String>) -> Builder {
        Builder::new(name.into())
    }

    /// The name that the server was given.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The issuer of the server's ServiceAccount tokens.
    pub fn issuer(&self) -> &str {
        self.0.access.tokens.issuer()
    }

    /// The keys by which the server's ServiceAccount tokens can be checked, as a JSON Web Key Set. Makes the signing key
    /// where there is none yet.
    pub fn json_web_keys(&self) -> serde_json::Value {
        self.0.access.tokens.key_set()
    }

    /// The private key that signs ServiceAccount tokens, as PKCS#8 PEM: for a real API server that shall issue tokens of the same
    /// issuer. Makes the key where there is none yet. The caller answers for where it goes.
    ///
    /// # Errors
    /// No key could be made; the reason.
    pub fn signing_key_pem(&self) -> Result<String, String> {
        self.0.access.tokens.private_key()
    }

    /// Replaces the key that signs ServiceAccount tokens by a new one: tokens signed before are refused from now on.
    pub fn rotate_signing_key(&self) {
        self.0.access.tokens.rotate();
    }

    /// Answers one request. `peer` says who is at the other end of the connection.
    pub async fn handle(&self, request: Request<Bytes>, peer: &Peer) -> Response<Body> {
        let (parts, request_body) = request.into_parts();
        let mut warnings = Vec::new();
        let answer = answer(&self.0, &parts, &request_body, peer, &mut warnings).await;
        let mut response = match answer {
            Ok(response) => response,
            Err(status) if status.code == 404 && status.reason.is_none() => discovery::not_found(),
            Err(status) => refusal(&status, &parts.headers),
        };
        let audit = parts.headers.get("audit-id").cloned();
        let audit = audit.or_else(|| HeaderValue::from_str(&self.0.uid()).ok());
        let headers = response.headers_mut();
        if let Some(audit) = audit {
            headers.insert("audit-id", audit);
        }
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
        for warning in warnings {
            if let Ok(value) = HeaderValue::from_str(&warning_text(&warning)) {
                headers.append("warning", value);
            }
        }
        response
    }
}

/// A warning as a header: code, no agent, quoted text.
fn warning_text(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("299 - \"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Server {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// A new random uid.
    pub(crate) fn uid(&self) -> String {
        let mut bytes = [0_u8; 16];
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// A random ending for a generated name.
    pub(crate) fn suffix(&self, length: usize) -> String {
        // Without vowels and look-alikes, so that no words come up.
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        (0..length).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
    }
}

async fn answer(
    server: &Arc<Server>,
    parts: &http::request::Parts,
    request_body: &Bytes,
    peer: &Peer,
    warnings: &mut Vec<String>,
) -> Answer<Response<Body>> {
    let query = Query::read(parts.uri.query());
    if let Some(timeout) = query.get("timeout").filter(|timeout| !timeout.is_empty()) {
        go::parse_duration(timeout).map_err(|why| {
            Status::bad_request(format!("invalid timeout specified in the request URL - {why}"))
        })?;
    }
    let path = decode(parts.uri.path(), false).unwrap_or_else(|| parts.uri.path().to_owned());
    let selected =
        query.get("fieldSelector").and_then(|text| Fields::parse(text).ok()?.name().map(str::to_owned));
    let place = Place::read(
        &parts.method,
        &path,
        query.flag("watch") || query.get("watch") == Some(""),
        selected.as_deref(),
    );
    let user = access::authenticate(server, &parts.headers, peer, warnings)?;
    let user = access::impersonate(server, &parts.headers, user, &place)?;
    access::authorize(server, &user, &place)?;
    let form_of = |offer| {
        negotiate::choose(
            accept(&parts.headers),
            offer,
            query.get("pretty").is_some_and(|p| p == "1" || p == "true"),
        )
    };
    if path.starts_with("//") {
        return Ok(discovery::not_found());
    }
    if !place.resource_request {
        return discovery::answer(server, parts, &query, &place, form_of);
    }
    let resource = match server.catalog.find(&place.group, &place.version, &place.resource) {
        Found::Resource(resource) => resource,
        Found::NoResource if place.group.is_empty() || is_built_in(&place.group) => {
            return Err(Status::no_resource());
        }
        Found::NoGroupVersion if place.group.is_empty() || is_built_in(&place.group) => {
            return Err(Status::no_resource());
        }
        Found::NoResource | Found::NoGroupVersion => return Ok(discovery::not_found()),
    };
    if request_body.len() > MAX_BODY && !matches!(parts.method, http::Method::GET | http::Method::HEAD) {
        return Err(Status::too_large(MAX_BODY));
    }
    let call = Call {
        server,
        method: &parts.method,
        place: &place,
        query: &query,
        headers: &parts.headers,
        body: request_body,
        user: &user,
        resource,
        warnings: Mutex::new(Vec::new()),
    };
    let outcome = verbs::dispatch(&call).await;
    warnings.append(&mut call.warnings.into_inner().unwrap_or_else(PoisonError::into_inner));
    outcome
}

fn is_built_in(group: &str) -> bool {
    crate::registry::BUILT_IN.iter().any(|resource| resource.group == group)
}

pub(crate) fn accept(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok())
}

/// An error as a response, in the encoding that the client asked for.
fn refusal(status: &Status, headers: &HeaderMap) -> Response<Body> {
    let form = negotiate::choose(accept(headers), Offer::Object, false);
    let yaml = form.as_ref().is_ok_and(|form| form.encoding == Encoding::Yaml);
    let value = status.to_value();
    let binary = form.is_err() && accept(headers).is_some_and(|text| text.starts_with(protobuf::MEDIA_TYPE));
    let (kind, bytes) = if binary {
        (protobuf::MEDIA_TYPE, protobuf::refusal(status))
    } else if yaml {
        ("application/yaml", crate::verbs::yaml(&value))
    } else {
        ("application/json", crate::object::ordered::bytes(&value))
    };
    let mut response = Response::new(body::whole(bytes));
    *response.status_mut() =
        http::StatusCode::from_u16(status.code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(seconds) = status.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Whether a user may do something, for the parts that ask on their own (escalation, review).
pub(crate) fn allowed(server: &Server, user: &User, attributes: &access::Attributes<'_>) -> bool {
    server.access.decide(server, user, attributes).allowed()
}
