//! How the server is, which version it claims, and the documents of its token issuer.

use ::http::{HeaderValue, Response, header};
use serde_json::{Value, json};

use super::{NOT_FOUND, text};
use crate::http::body::{self, Body};
use crate::http::query::Query;
use crate::server::Server;
use crate::status::{Answer, Status};

const CHECKS: [&str; 3] = ["ping", "log", "etcd"];
const READY_CHECKS: [&str; 2] = ["informer-sync", "shutdown"];

/// Answers `/healthz`, `/livez`, `/readyz` and single checks below them.
pub(super) fn answer(path: &str, query: &Query) -> Response<Body> {
    let (kind, check) = path.split_once('/').unwrap_or((path, ""));
    let mut checks = CHECKS.to_vec();
    if kind == "readyz" {
        checks.extend(READY_CHECKS);
    }
    if !check.is_empty() {
        return if checks.contains(&check) { text(200, "ok") } else { text(404, NOT_FOUND) };
    }
    let excluded: Vec<&str> = query.all("exclude").collect();
    if query.get("verbose").is_none() {
        return text(200, "ok");
    }
    let mut out = String::new();
    for check in &checks {
        let word = if excluded.contains(check) { "excluded: ok" } else { "ok" };
        out.push_str(&format!("[+]{check} {word}\n"));
    }
    let unknown: Vec<String> =
        excluded.iter().filter(|name| !checks.contains(name)).map(|name| format!("\"{name}\"")).collect();
    if !unknown.is_empty() {
        out.push_str(&format!(
            "warn: some health checks cannot be excluded: no matches for {}\n",
            unknown.join(",")
        ));
    }
    out.push_str(&format!("{kind} check passed\n"));
    text(200, out)
}

/// `/version`.
pub(super) fn version(server: &Server) -> Value {
    let version = &server.version;
    let mut parts = version.trim_start_matches('v').split('.');
    json!({
        "major": parts.next().unwrap_or_default(),
        "minor": parts.next().unwrap_or_default(),
        "emulationMajor": version.trim_start_matches('v').split('.').next(),
        "emulationMinor": version.split('.').nth(1),
        "gitVersion": version,
        "gitCommit": "gangplank",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": "linux/amd64",
    })
}

fn public(kind: &'static str, content: &Value) -> Response<Body> {
    let mut response = Response::new(body::whole(content.to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

/// The issuer's discovery document.
pub(super) fn issuer(server: &Server) -> Response<Body> {
    let issuer = server.access.tokens.issuer();
    let document = json!({
        "issuer": issuer,
        "jwks_uri": format!("{}/openid/v1/jwks", issuer.trim_end_matches('/')),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    public("application/json", &document)
}

/// The issuer's keys.
pub(super) fn keys(server: &Server, accept: Option<&str>) -> Answer<Response<Body>> {
    let kinds =
        accept.unwrap_or("*/*").split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    if !kinds
        .into_iter()
        .any(|kind| matches!(kind, "*/*" | "application/*" | "application/jwk-set+json" | ""))
    {
        let message = "406: Not Acceptable\n\nAvailable representations: application/jwk-set+json".to_owned();
        return Err(Status::other(406, "NotAcceptable", message, Some(json!({}))));
    }
    Ok(public("application/jwk-set+json", &server.access.tokens.key_set()))
}
