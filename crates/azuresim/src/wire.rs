//! Requests taken apart once, answers put together in one way.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde::{Serialize, de::DeserializeOwned};

/// Where a request comes from, for the firewall of a vault. Whoever owns the socket puts it among the request's
/// extensions; without it the caller is on loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// A request, with its path and query decoded. No `Debug`: it carries tokens and secrets.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) host: String,
    /// The path as sent, without its query.
    pub(crate) path: String,
    /// Decoded segments without empty ones: `/secrets/a/` is `["secrets", "a"]`.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) client: IpAddr,
}

impl Call {
    pub(crate) fn parse(request: Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let host = parts
            .uri
            .authority()
            .map(|authority| authority.as_str().to_owned())
            .or_else(|| {
                parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned)
            })
            .unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let segments = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let query = parse_form(parts.uri.query().unwrap_or_default().as_bytes());
        let client =
            parts.extensions.get::<ClientAddress>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |it| it.0);
        Call { method: parts.method, host, path, segments, query, headers: parts.headers, body, client }
    }

    /// A query parameter by its name, in any letter case (`$filter`, `api-version`).
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bearer token, if one is presented.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    /// The body as JSON of a known shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// The fields of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        parse_form(&self.body)
    }

    /// Whether a segment of the path or the form's client id is `name` in any letter case.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.segments.iter().any(|segment| segment.eq_ignore_ascii_case(name))
            || (self.method == Method::POST
                && self
                    .form()
                    .iter()
                    .any(|(key, value)| key == "client_id" && value.eq_ignore_ascii_case(name)))
    }
}

fn parse_form(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

/// An answer before it is bytes. No `Debug`: it may carry tokens and secrets.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// No body and no content type: what clients insist on for 202 and 204.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Reply { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::typed(status, "application/json; charset=utf-8", body.into()),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Self::empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// A body given as text, of which it is not known what it is.
    pub(crate) fn raw(status: StatusCode, body: String) -> Self {
        let json = serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok();
        let content_type = if json { "application/json; charset=utf-8" } else { "text/html" };
        Self::typed(status, content_type, body.into())
    }

    fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Reply { status, headers, body }
    }

    /// Adds a header; a value that no header can hold is left out.
    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// An error's text as an answer shows it: a capital letter first, a full stop last.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// Encodes one value for a query.
pub(crate) fn encode(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
