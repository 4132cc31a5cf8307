//! What kubectl and client-go ask first: which groups, versions and resources there are, how the server is, who issues its
//! tokens.

mod groups;
mod health;
mod openapi;

pub(crate) use groups::version_rank;

use std::sync::Arc;

use ::http::{HeaderValue, Method, Response, header};
use serde_json::{Value, json};

use crate::http::body::{self, Body};
use crate::http::negotiate::{Form, Offer, Shape};
use crate::http::query::Query;
use crate::http::request::Place;
use crate::server::{Server, accept};
use crate::status::{Answer, Status};

/// What unknown paths are answered with, as text.
pub(crate) const NOT_FOUND: &str = "404 page not found\n";

fn text(code: u16, content: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(body::whole(content));
    *response.status_mut() =
        ::http::StatusCode::from_u16(code).unwrap_or(::http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The answer for paths that nobody serves.
pub(crate) fn not_found() -> Response<Body> {
    text(404, NOT_FOUND)
}

fn json_response(value: &Value) -> Response<Body> {
    crate::verbs::written(200, &Form::PLAIN, value)
}

/// Answers a path that is no resource.
pub(crate) fn answer(
    server: &Arc<Server>,
    parts: &::http::request::Parts,
    query: &Query,
    place: &Place,
    form_of: impl Fn(Offer) -> Answer<Form>,
) -> Answer<Response<Body>> {
    if place.path.starts_with("//") {
        return Ok(not_found());
    }
    let path = place.path.trim_matches('/');
    let pieces: Vec<&str> = path.split('/').collect();
    match pieces.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => return Ok(health::answer(path, query)),
        _ if parts.method != Method::GET => {
            return if known(server, &pieces) { Err(Status::method_not_allowed()) } else { unknown(&pieces) };
        }
        _ => {}
    }
    let write = |form: &Form, value: &Value| crate::verbs::written(200, form, value);
    match pieces.as_slice() {
        ["api"] => {
            let form = form_of(Offer::DiscoveryRoot)?;
            if form.shape == Shape::Discovery {
                return Ok(aggregated(parts, &groups::aggregated(server, true)));
            }
            Ok(write(&form, &groups::legacy_versions()))
        }
        ["apis"] => {
            let form = form_of(Offer::DiscoveryRoot)?;
            if form.shape == Shape::Discovery {
                return Ok(aggregated(parts, &groups::aggregated(server, false)));
            }
            Ok(write(&form, &groups::group_list(server)))
        }
        ["api", version] => match groups::resource_list(server, "", version) {
            Some(list) => Ok(write(&form_of(Offer::Plain)?, &list)),
            None => Err(Status::no_resource()),
        },
        ["apis", group] => match groups::group(server, group) {
            Some(value) => Ok(write(&form_of(Offer::Plain)?, &value)),
            None => Ok(not_found()),
        },
        ["apis", group, version] => match groups::resource_list(server, group, version) {
            Some(list) => Ok(write(&form_of(Offer::Plain)?, &list)),
            None => unknown(&pieces),
        },
        ["version"] => Ok(json_response(&health::version(server))),
        ["openapi", "v2"] => openapi::v2(server, parts),
        ["openapi", "v3"] => Ok(openapi::v3_index(server)),
        ["openapi", "v3", rest @ ..] => openapi::v3(server, parts, query, &rest.join("/")),
        [".well-known", "openid-configuration"] => Ok(health::issuer(server)),
        ["openid", "v1", "jwks"] => health::keys(server, accept(&parts.headers)),
        [""] => Ok(json_response(&json!({"paths": groups::paths(server)}))),
        _ => unknown(&pieces),
    }
}

fn known(server: &Server, pieces: &[&str]) -> bool {
    match pieces {
        ["api" | "apis" | "version"] | ["api", "v1"] => true,
        ["apis", group] => server.catalog.has_group(group),
        ["apis", group, version] => groups::resource_list(server, group, version).is_some(),
        _ => false,
    }
}

/// Below the core group and known ones an unknown path is told as a Status, elsewhere as text.
fn unknown(pieces: &[&str]) -> Answer<Response<Body>> {
    let below_known = match pieces {
        ["api", ..] => true,
        ["apis", group, _, ..] => crate::registry::BUILT_IN.iter().any(|resource| resource.group == *group),
        _ => false,
    };
    if below_known { Err(Status::no_resource()) } else { Ok(not_found()) }
}

/// Aggregated discovery, with a tag by which a client learns that nothing has changed.
fn aggregated(parts: &::http::request::Parts, value: &Value) -> Response<Body> {
    let content = value.to_string();
    tagged(
        parts,
        content.into_bytes(),
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        Some("public"),
    )
}

/// A response with an ETag; 304 where the client has it already.
fn tagged(
    parts: &::http::request::Parts,
    content: Vec<u8>,
    kind: &'static str,
    cache: Option<&'static str>,
) -> Response<Body> {
    use sha2::{Digest as _, Sha512};
    let tag = format!("\"{}\"", hex::encode_upper(Sha512::digest(&content)));
    let has = parts.headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = has.is_some_and(|has| has == tag);
    let mut response = Response::new(body::whole(if same { Vec::new() } else { content }));
    if same {
        *response.status_mut() = ::http::StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if !same {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    if let Some(cache) = cache {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    }
    response
}
