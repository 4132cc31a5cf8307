//! The OpenAPI documents, by which kubectl explains, validates and merges.

use std::sync::Arc;

use ::http::Response;
use serde_json::json;

use super::{not_found, text};
use crate::http::body::Body;
use crate::http::query::Query;
use crate::server::Server;
use crate::status::Answer;

/// `/openapi/v2`.
pub(super) fn v2(server: &Arc<Server>, parts: &::http::request::Parts) -> Answer<Response<Body>> {
    let _ = (server, parts);
    Ok(not_found())
}

/// `/openapi/v3`.
pub(super) fn v3_index(server: &Arc<Server>) -> Response<Body> {
    let _ = server;
    text(200, json!({"paths": {}}).to_string())
}

/// One document.
pub(super) fn v3(
    server: &Arc<Server>,
    parts: &::http::request::Parts,
    query: &Query,
    name: &str,
) -> Answer<Response<Body>> {
    let _ = (server, parts, query, name);
    Ok(not_found())
}
